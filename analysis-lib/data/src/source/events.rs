//! What happened when, as the owner of the server wrote it into `events.csv`.

use std::fs;
use std::io::ErrorKind;

use crate::settings::Settings;
use crate::text::{clean, is_blank};
use crate::{Error, Event, LeftOut, Origin, Result, Source, Zone, report};

/// The file, in the folder that the notebooks are in.
const FILE: &str = "events.csv";
const NO_LABEL: &str = "no label in UTF-8 after the date and a comma; write 2026-03-01,Movie night";
/// As many characters of a label are kept.
const LABEL: usize = 60;

/// The origin of what isn't the sample: the settings say its server and zone, and
/// `events.csv` what happened. Prints which of that file's lines can't be used.
///
/// # Errors
///
/// `TIMEZONE` can't be used, or the file is there and can't be read.
pub fn origin(settings: &Settings, source: Source) -> Result<Origin> {
    let timezone = settings.timezone()?;
    let (events, left_out) = match fs::read(FILE) {
        Ok(bytes) => read(&bytes, &timezone),
        Err(e) if e.kind() == ErrorKind::NotFound => Default::default(),
        Err(e) => return Err(Error::new(format!("{FILE} can't be read: {e}"))),
    };
    report::not_used(&left_out, "line", " of events.csv", "");
    Ok(Origin {
        source,
        server: settings.get("SERVER_NAME").unwrap_or("Iraq BTW".to_owned()),
        timezone,
        events,
    })
}

/// The events in order of time, and the lines that are none.
fn read(bytes: &[u8], zone: &Zone) -> (Vec<Event>, Vec<LeftOut>) {
    let (mut events, mut left_out) = (Vec::new(), Vec::new());
    // Editors on Windows begin UTF-8 with a byte-order mark.
    let text = String::from_utf8_lossy(bytes);
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    for (number, line) in (1..).zip(lines) {
        let is_heading = number == 1 && line.to_lowercase().starts_with("date");
        if line.is_empty() || line.starts_with('#') || is_heading {
            continue;
        }
        match event(line, zone) {
            Ok(event) => events.push(event),
            Err(why) => left_out.push(LeftOut {
                document: format!("line {number}"),
                reason: why.to_string(),
                end: None,
            }),
        }
    }
    events.sort_by_key(|event: &Event| event.time);
    (events, left_out)
}

/// The event of a line: a time, a comma and a label, each between quotes perhaps.
/// Spreadsheets of some countries write a semicolon or a tab in the comma's place.
fn event(line: &str, zone: &Zone) -> Result<Event> {
    let (time, label) = line.split_once([',', ';', '\t']).unwrap_or((line, ""));
    let unquoted = |field: &str, most: usize| {
        let inner = field.trim().strip_prefix('"');
        let inner = inner.and_then(|inner| inner.strip_suffix('"'));
        clean(&inner.unwrap_or(field).replace("\"\"", "\""), most)
    };
    let (time, label) = (zone.read(&unquoted(time, 30))?, unquoted(label, LABEL));
    match is_blank(&label) || label.contains('\u{fffd}') {
        true => Err(Error::new(NO_LABEL)),
        false => Ok(Event { time, label }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin(text: &str) -> (Vec<(i64, String)>, Vec<String>) {
        let zone = Zone::named("Europe/Berlin", None).unwrap();
        let (events, left_out) = read(text.as_bytes(), &zone);
        let events = events.into_iter().map(|event| (event.time, event.label));
        let left_out = left_out.into_iter();
        let left_out = left_out.map(|one| format!("{}: {}", one.document, one.reason));
        (events.collect(), left_out.collect())
    }

    #[test]
    fn dates_and_times_are_those_of_local_clocks_and_in_order() {
        let text = "\u{feff}date,label\r\n2026-07-02 20:00,Summer, at last\r\n# a note\r\n\r\n2026-03-01;\"The \"\"big\"\" one\"\r\n2026-03-01T12:00:00Z\tNoon\n";
        let (events, left_out) = berlin(text);
        let utc = |text: &str| {
            let time = chrono::DateTime::parse_from_rfc3339(text).unwrap();
            time.timestamp_millis()
        };
        assert_eq!(
            events,
            [
                (utc("2026-02-28T23:00:00Z"), "The \"big\" one".to_owned()),
                (utc("2026-03-01T12:00:00Z"), "Noon".to_owned()),
                (utc("2026-07-02T18:00:00Z"), "Summer, at last".to_owned()),
            ]
        );
        assert!(left_out.is_empty(), "{left_out:?}");
    }

    #[test]
    fn a_bad_line_is_named_with_how_to_write_it_and_the_others_are_used() {
        let (events, left_out) =
            berlin("3/1/2026,Spring\n2026-03-02,Good\n2026-03-03\n2026-02-30,Never\n");
        assert_eq!(events.len(), 1);
        let how = "is not a time; write 2026-03-01, 2026-03-01 14:30 or 2026-03-01T14:30:00Z";
        assert_eq!(
            left_out,
            [
                format!("line 1: \"3/1/2026\" {how}"),
                "line 3: no label in UTF-8 after the date and a comma; write 2026-03-01,Movie night".to_owned(),
                format!("line 4: \"2026-02-30\" {how}"),
            ]
        );
    }

    #[test]
    fn a_label_is_made_harmless() {
        let (events, left_out) = berlin("2026-03-01,a\u{202e}b\u{0}c\n2026-03-01,\u{200b}\n");
        assert_eq!((&*events[0].1, left_out.len()), ("abc", 1));
    }
}
