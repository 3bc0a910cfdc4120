//! Posts a figure and a table of a file that `mongoexport` wrote, as cells do:
//! `post FILE`.

use analysis_lib::error::Result;
use analysis_lib::{Activity, Names, WEEK, plot, table};

fn main() -> Result<()> {
    let Some(file) = std::env::args().nth(1) else {
        eprintln!("usage: post FILE");
        std::process::exit(2);
    };
    let activity = Activity::open(file)?;
    let names = Names::load(&activity)?;
    plot::messages_by_member(&activity, &names).post()?;
    table::top_members(&activity, &names, WEEK).post()
}
