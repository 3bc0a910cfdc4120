//! An activity as documents, and as rows of numbers.

use std::io::{Result, Write};

use chrono::SecondsFormat;

use super::document::{
    CHANNELS, JOINED, LEFT, LONGEST, MEMBERS, ONLINE, QUANTITIES, SINCE, TIME, VOLUME,
};
use crate::Activity;
use crate::rows::{Row, Value};

/// One document a line, as `mongoexport` writes them: `mongoimport` takes them, and
/// each says when its window began.
pub(super) fn documents(activity: &Activity, out: &mut impl Write) -> Result<()> {
    let date = |time: i64| {
        let time = activity.origin().local(time).to_utc();
        let time = time.to_rfc3339_opts(SecondsFormat::Millis, true);
        format!("{{\"$date\":\"{time}\"}}")
    };
    for window in activity {
        let (begin, end) = (
            activity.begins()[window.index],
            activity.ends()[window.index],
        );
        write!(out, "{{\"{TIME}\":{}", date(end))?;
        // A window without a length, or of more than can be declared, can't say it.
        if (1..=LONGEST).contains(&(end - begin)) {
            write!(out, ",\"{SINCE}\":{}", date(begin))?;
        }
        let online = window.online().map_or("null".to_owned(), |n| n.to_string());
        let volume = window.messages();
        write!(
            out,
            ",\"{ONLINE}\":{online},\"{VOLUME}\":{volume},\"{QUANTITIES}\":{{"
        )?;
        let count = |id: u64, sent: u32| format!("\"{id}\":{sent}");
        let counts = window.members().map(|(id, sent)| count(id.get(), sent));
        write!(out, "{}}}", joined(counts))?;
        if let Some(count) = window.member_count() {
            write!(out, ",\"{MEMBERS}\":{count}")?;
        }
        for (name, ids) in [(JOINED, window.joined()), (LEFT, window.left())] {
            if let Some(ids) = ids {
                let ids = joined(ids.iter().map(|id| format!("\"{id}\"")));
                write!(out, ",\"{name}\":[{ids}]")?;
            }
        }
        if let Some(channels) = window.channels() {
            let counts = channels.map(|(id, sent)| count(id.get(), sent));
            write!(out, ",\"{CHANNELS}\":{{{}}}", joined(counts))?;
        }
        writeln!(out, "}}")?;
    }
    Ok(())
}

/// Entries with commas between them.
fn joined(entries: impl Iterator<Item = String>) -> String {
    entries.collect::<Vec<_>>().join(",")
}

/// A row a window, as the table of windows.
pub(super) fn rows(activity: &Activity, out: &mut impl Write) -> Result<()> {
    for window in activity {
        let csv = |(name, value): (&str, Value)| value.csv(name, activity.origin());
        let (names, fields): (Vec<String>, Vec<String>) =
            window.fields().into_iter().map(csv).unzip();
        if window.index == 0 {
            writeln!(out, "{}", names.join(","))?;
        }
        writeln!(out, "{}", fields.join(","))?;
    }
    Ok(())
}
