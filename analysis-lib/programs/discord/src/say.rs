//! Words for whoever watches a program.

use std::io::Write;

use chrono::DateTime;

/// Says something on a line of its own. Nobody may be listening any more.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A time, given in milliseconds since the epoch, by UTC.
pub fn moment(time: i64) -> String {
    DateTime::from_timestamp_millis(time).map_or_else(
        || format!("{time} ms"),
        |time| time.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}
