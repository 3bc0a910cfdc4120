//! Names of members and channels from Discord, asked for by the program `names`.

use std::io::{BufRead, BufReader};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::file::{Files, entry};
use super::privacy::Privacy;
use super::{Entry, Names, channel_ids};
use crate::program::Program;
use crate::{Activity, Error, MemberId, Result};
use activity_data::settings::Settings;

/// What was learned is written down at least this often, in case that the
/// notebook is stopped.
const SAVE: Duration = Duration::from_secs(5);

/// Asks Discord for the members and channels of this data that have no fresh name,
/// keeps the answers in `names.json` beside the notebook, and gives the names as
/// [`Names::load`] does.
///
/// A name is fresh for seven days. It is the nickname in the server, else the
/// global name, else the user name. A member who has left keeps the last name
/// known, and has the user's name otherwise; one whom Discord doesn't know is
/// shown as `unknown …1234`. Members who are hidden are not asked for.
///
/// Needs `DISCORD_TOKEN` and `DISCORD_GUILD_ID`; the token is handed on in the
/// environment of a program of its own, which is built the first time. The
/// sample has its own names, and nobody is asked.
///
/// ```no_run
/// use analysis_lib::{plot, pull, refresh_names};
///
/// let activity = pull()?;
/// let names = refresh_names(&activity)?;
/// plot::messages_by_member(&activity, &names).save("members.png")?;
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`Names::load`], but for a `NAMES_FILE` of JSON that isn't there:
/// it is made. `DISCORD_TOKEN` or `DISCORD_GUILD_ID` is missing or refused;
/// Discord can't be reached, or answers with what can't be used; the file can't
/// be written. What Discord said before it came to that is kept.
pub fn refresh_names(activity: &Activity) -> Result<Names> {
    let settings = Settings::load()?;
    let privacy = Privacy::from_settings(&settings)?;
    if activity.origin().is_sample() {
        println!("The sample's members are made up: there is nobody to ask Discord about.");
        return Ok(Names::of(activity, None, privacy));
    }
    let mut files = Files::read(&settings, true)?;
    let now = Utc::now();
    let members = activity.members().iter().map(|&id| (id, ""));
    let channels = channel_ids(activity).map(|id| (id, " channel"));
    let due: Vec<(MemberId, &str)> = members
        .chain(channels)
        .filter(|&(id, _)| !privacy.hidden.contains(&id) && !files.is_fresh(id, now))
        .collect();
    if due.is_empty() {
        println!("Discord was asked about every member within the last 7 days.");
    } else {
        ask(&settings, &due, now, &mut files)?;
    }
    Ok(Names::of(activity, Some(&files), privacy))
}

/// Asks about the members and channels that are due, and keeps the answers.
fn ask(
    settings: &Settings,
    due: &[(MemberId, &str)],
    now: DateTime<Utc>,
    files: &mut Files,
) -> Result<()> {
    let token = settings.discord_token("Discord tells names to a bot only")?;
    let guild = settings.discord_server()?.to_string();
    let known = files.merged();
    let environment = [("DISCORD_TOKEN", token), ("DISCORD_GUILD_ID", guild)];
    let (mut program, answers) = Program::start("names", &environment)?;
    let line = |&(id, what): &(MemberId, &str)| match known.get(&id) {
        Some(entry) if what.is_empty() && entry.visible_name().is_some() => format!("{id} known\n"),
        _ => format!("{id}{what}\n"),
    };
    let lines: String = due.iter().map(line).collect();
    program.send((lines + "\n").as_bytes());

    let mut kept = 0;
    let mut saved = Instant::now();
    let lines = BufReader::new(answers).lines();
    let lines = lines.map_while(std::result::Result::ok);
    for (id, said) in lines.filter_map(|line| answer(&line)) {
        kept += usize::from(said.name.is_some());
        files.keep(id, said, now);
        if saved.elapsed() > SAVE {
            files.save()?;
            saved = Instant::now();
        }
    }
    // Saved before anything is said about the end, good or bad.
    let end = program.finish();
    files.save()?;
    end.map_err(|e| {
        Error::new(match kept {
            0 => format!("{e}\nThe names known before stay as they are."),
            _ => format!("{e}\nThe {kept} names that Discord gave until then are kept."),
        })
    })
}

/// A line of the program: the id, and what Discord says of the user or the channel.
fn answer(line: &str) -> Option<(MemberId, Entry)> {
    let json: Value = serde_json::from_str(line).ok()?;
    let id = MemberId::parse(json["id"].as_str()?)?;
    Some((id, entry(json)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_program_is_a_name_or_the_lack_of_one() {
        let mut dice = Entry::named("Dice".to_owned());
        dice.bot = true;
        let line = r#"{"bot":true,"global_name":"Dice","id":"7","nick":null,"username":"dice"}"#;
        assert_eq!(answer(line), Some((MemberId::from(7), dice)));
        let line = r#"{"id":"7","username":null}"#;
        assert_eq!(answer(line), Some((MemberId::from(7), Entry::default())));
        assert_eq!(answer("Ann"), None);
    }
}
