//! An activity as documents, and as rows of numbers.

use std::io::{Result, Write};

use chrono::SecondsFormat;

use super::document::{LONGEST, ONLINE, QUANTITIES, SINCE, TIME, VOLUME};
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
        let index = window.index;
        let (begin, end) = (activity.begins()[index], activity.ends()[index]);
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
        for (place, (id, sent)) in window.members().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(out, "{comma}\"{id}\":{sent}")?;
        }
        writeln!(out, "}}}}")?;
    }
    Ok(())
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
