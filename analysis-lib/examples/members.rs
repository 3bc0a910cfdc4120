//! The members of a file that `mongoexport` wrote, as the study's last figure
//! shows them, and its channels, with their messages: `members FILE [refresh]`, where `refresh`
//! asks Discord for names first.

use analysis_lib::error::Result;
use analysis_lib::{Activity, Names, aggregate, refresh_names};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let Some(file) = arguments.next() else {
        eprintln!("usage: members FILE [refresh]");
        std::process::exit(2);
    };
    let activity = Activity::open(file)?;
    let names = match arguments.next().as_deref() {
        Some("refresh") => refresh_names(&activity)?,
        _ => Names::load(&activity)?,
    };
    println!();
    let shown = aggregate::shown_members(&activity, &names);
    for member in shown.members {
        println!("{}: {}", member.name, member.messages);
    }
    for channel in aggregate::messages_by_channel(&activity) {
        println!("{}: {}", names.channel(channel.id), channel.messages);
    }
    println!("bots: {} with {}", shown.bots, shown.bot_messages);
    Ok(())
}
