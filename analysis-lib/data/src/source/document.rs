//! What a document must look like, whatever it is written in.
//!
//! The bot's documents reach us as BSON and as the JSON of `mongoexport`. Both
//! readers turn a field into a [`Field`], and the rules here decide.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};

use crate::text::shorten;
use crate::{ChannelId, MemberId};

/// The window's end.
pub const TIME: &str = "time";
/// The window's begin, where a document says it.
pub const SINCE: &str = "since";
/// Members online at that moment, where that is known.
pub const ONLINE: &str = "online-members";
/// Messages in the window.
pub const VOLUME: &str = "messages-sent";
/// Member id → messages in the window.
pub const QUANTITIES: &str = "quantities";
/// Human members of the server at the window's end. This and what follows may be
/// missing.
pub const MEMBERS: &str = "members";
/// Ids of those who joined in the window, in order, once for each time.
pub const JOINED: &str = "joined";
/// Ids of those who left, likewise.
pub const LEFT: &str = "left";
/// Channel id → messages in the window.
pub const CHANNELS: &str = "channels";

/// A field's value, as far as the rules tell values apart.
#[derive(Clone, Debug, PartialEq)]
pub enum Field<'a> {
    /// The document hasn't got it.
    Missing,
    /// A whole number, whatever type holds it.
    Integer(i64),
    /// A number that may have a fraction.
    Double(f64),
    /// Milliseconds since the epoch (UTC).
    Date(i64),
    /// A text, which may say a date.
    Text(&'a str),
    /// It has it, and says nothing there.
    Null,
    /// Anything else, by the value itself or the name of its type.
    Other(Cow<'a, str>),
}

/// The first time we take: 1 January 2015, when Discord's ids begin. Discord itself
/// began in May of that year.
pub const EARLIEST: i64 = 1_420_070_400_000;

/// When Discord gave an id, in milliseconds since the epoch (UTC): its first 42 bits.
pub fn time_of(id: u64) -> i64 {
    (id >> 22).cast_signed() + EARLIEST
}

/// The last time we take: a day after now, for clocks that run ahead.
pub fn latest() -> i64 {
    Utc::now().timestamp_millis() + 86_400_000
}

/// The longest window that a document may declare, in milliseconds: 49 days,
/// the whole days that 32 bits hold.
pub const LONGEST: i64 = 49 * 86_400_000;

/// A count, from 0 to 4,294,967,295: int32, int64 or a whole double.
///
/// The name may be a stranger's: a key of `quantities`, of any length.
pub fn count(name: &str, field: Field) -> Result<u32, String> {
    let why = match field {
        Field::Integer(value) => match u32::try_from(value) {
            Ok(count) => return Ok(count),
            Err(_) if value < 0 => format!("is negative ({value})"),
            Err(_) => format!("is too large ({value})"),
        },
        Field::Double(value) if value.fract() != 0.0 => {
            format!("is not a whole number ({})", short(value))
        }
        Field::Double(value) if value < 0.0 => format!("is negative ({})", short(value)),
        Field::Double(value) if value > u32::MAX.into() => {
            format!("is too large ({})", short(value))
        }
        Field::Double(value) => return Ok(value as u32),
        Field::Missing => "is missing".to_owned(),
        Field::Date(_) => "is a date, not a number".to_owned(),
        Field::Text(text) => format!("is not a number ({:?})", shorten(text)),
        Field::Null => "is not a number (null)".to_owned(),
        Field::Other(kind) => format!("is not a number ({kind})"),
    };
    Err(format!("{} {why}", shorten(name)))
}

/// A count that may be missing or null, which is not known.
pub fn known(name: &str, field: Field) -> Result<Option<u32>, String> {
    match field {
        Field::Missing | Field::Null => Ok(None),
        field => count(name, field).map(Some),
    }
}

/// A number in few digits: the smallest and largest doubles have hundreds.
fn short(value: f64) -> String {
    let digits = format!("{value}");
    if digits.len() > 20 {
        format!("{value:e}")
    } else {
        digits
    }
}

/// A decimal number as text, such as `7`, `7.0` or `7E+0`.
pub fn decimal(text: &str) -> Option<Field<'static>> {
    match text.parse() {
        Ok(integer) => Some(Field::Integer(integer)),
        Err(_) => text.parse().ok().map(Field::Double),
    }
}

/// The window's end, in milliseconds since the epoch (UTC): from 2015 to
/// [`latest`].
pub fn time(field: Field, latest: i64) -> Result<i64, String> {
    match date(TIME, field)? {
        None => Err(format!("{TIME} is missing")),
        Some(time) if time < EARLIEST => Err(format!("{TIME} lies before 2015 ({})", moment(time))),
        Some(time) if time > latest => Err(format!(
            "{TIME} lies more than a day in the future ({})",
            moment(time)
        )),
        Some(time) => Ok(time),
    }
}

/// How long the window that ends at `time` is by its own account, in
/// milliseconds; 0 where the document doesn't say when it began, or says null.
pub fn length(since: Field, time: i64) -> Result<u32, String> {
    let since = match since {
        Field::Null => None,
        since => date(SINCE, since)?,
    };
    let Some(since) = since else {
        return Ok(0);
    };
    match time.checked_sub(since) {
        Some(length @ 1..=LONGEST) => Ok(length as u32),
        Some(..=0) => Err(format!("{SINCE} is not before {TIME} ({})", moment(since))),
        _ => Err(format!(
            "{SINCE} lies more than 49 days before {TIME} ({})",
            moment(since)
        )),
    }
}

/// A date; `None` where there is none.
fn date(name: &str, field: Field) -> Result<Option<i64>, String> {
    match field {
        Field::Date(time) => Ok(Some(time)),
        Field::Missing => Ok(None),
        Field::Integer(value) => Err(format!("{name} is a number, not a date ({value})")),
        Field::Double(value) => Err(format!("{name} is a number, not a date ({})", short(value))),
        Field::Text(text) => match instant(text) {
            Some(time) => Ok(Some(time)),
            None if NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").is_ok() => {
                Err(format!(
                    "{name} has no time zone ({text}); export dates with theirs, as mongoexport does: {text}Z is UTC"
                ))
            }
            None => Err(format!("{name} is not a date ({:?})", shorten(text))),
        },
        Field::Null => Err(format!("{name} is not a date (null)")),
        Field::Other(value) => Err(format!("{name} is not a date ({value})")),
    }
}

/// The instant of a date that says its zone, in milliseconds since the epoch.
pub(super) fn instant(text: &str) -> Option<i64> {
    let read = |format| DateTime::parse_from_str(text, format);
    let time = DateTime::parse_from_rfc3339(text)
        // mongoexport 100.5 and older write the zone without a colon.
        .or_else(|_| read("%Y-%m-%dT%H:%M:%S%.f%z"))
        .or_else(|_| read("%Y-%m-%dT%H:%M%#z"));
    time.ok().map(|time| time.timestamp_millis())
}

fn moment(time: i64) -> String {
    DateTime::from_timestamp_millis(time).map_or_else(
        || format!("{time} ms since 1970"),
        |time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true),
    )
}

/// The member's id that a key of [`QUANTITIES`] is.
pub fn member(key: &str) -> Result<MemberId, String> {
    MemberId::parse(key).ok_or_else(|| {
        let shown = shorten(key);
        format!("{QUANTITIES} has a key that is not a member's id ({shown:?})")
    })
}

/// The channel's id that a key of [`CHANNELS`] is.
pub fn channel(key: &str) -> Result<ChannelId, String> {
    ChannelId::parse(key).ok_or_else(|| {
        let shown = shorten(key);
        format!("{CHANNELS} has a key that is not a channel's id ({shown:?})")
    })
}

/// A member's id in the list [`JOINED`] or [`LEFT`].
pub fn listed(name: &str, field: Field) -> Result<MemberId, String> {
    match field {
        Field::Text(text) => MemberId::parse(text).ok_or_else(|| shorten(text).to_owned()),
        Field::Integer(number) => Err(number.to_string()),
        _ => Err("no text".to_owned()),
    }
    .map_err(|shown| format!("{name} holds what is not a member's id as a text ({shown})"))
}

/// That a list or a sub-document is something else.
pub fn not_a(kind: &str, name: &str) -> String {
    format!("{name} is not {kind}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_whole_and_in_range() {
        assert_eq!(count("n", Field::Integer(7)), Ok(7));
        assert_eq!(count("n", Field::Double(7.0)), Ok(7));
        assert_eq!(count("n", Field::Integer(u32::MAX.into())), Ok(u32::MAX));
        for bad in [
            Field::Missing,
            Field::Integer(-1),
            Field::Integer(1 << 32),
            Field::Double(0.5),
            Field::Double(f64::NAN),
            Field::Double(f64::INFINITY),
            Field::Double(1e300),
            Field::Date(7),
            Field::Null,
            Field::Other("string".into()),
        ] {
            assert!(count("n", bad.clone()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn reasons_are_short_and_true() {
        let why = |name: &str, field| count(name, field).unwrap_err();
        assert_eq!(why("n", Field::Double(1e300)), "n is too large (1e300)");
        assert_eq!(why("n", Field::Double(-1e300)), "n is negative (-1e300)");
        assert_eq!(
            why("n", Field::Double(f64::MIN_POSITIVE)),
            "n is not a whole number (2.2250738585072014e-308)"
        );
        assert_eq!(
            why("n", Field::Double(f64::INFINITY)),
            "n is not a whole number (inf)"
        );
        assert_eq!(
            why("n", Field::Double(4_294_967_296.0)),
            "n is too large (4294967296)"
        );
        let long = "0".repeat(1 << 20);
        assert_eq!(
            why(&long, Field::Integer(-1)),
            "000000000000000000000000 is negative (-1)"
        );
    }

    const NOW: i64 = 1_795_608_000_000;

    #[test]
    fn times_lie_between_2015_and_tomorrow() {
        for good in [EARLIEST, NOW - 1, NOW] {
            assert_eq!(time(Field::Date(good), NOW), Ok(good));
        }
        let why = |field| time(field, NOW).unwrap_err();
        assert_eq!(why(Field::Missing), "time is missing");
        assert_eq!(
            why(Field::Date(0)),
            "time lies before 2015 (1970-01-01T00:00:00Z)"
        );
        assert_eq!(
            why(Field::Date(EARLIEST - 1)),
            "time lies before 2015 (2014-12-31T23:59:59.999Z)"
        );
        assert_eq!(
            why(Field::Date(2_147_483_647_000)),
            "time lies more than a day in the future (2038-01-19T03:14:07Z)"
        );
        assert_eq!(
            why(Field::Date(i64::MAX)),
            "time lies more than a day in the future (9223372036854775807 ms since 1970)"
        );
        assert_eq!(why(Field::Integer(7)), "time is a number, not a date (7)");
        assert_eq!(
            why(Field::Double(1e300)),
            "time is a number, not a date (1e300)"
        );
        assert_eq!(
            why(Field::Other("\"soon\"".into())),
            "time is not a date (\"soon\")"
        );
    }

    #[test]
    fn a_window_may_say_when_it_began() {
        assert_eq!(length(Field::Missing, NOW), Ok(0));
        assert_eq!(length(Field::Null, NOW), Ok(0));
        assert_eq!(length(Field::Date(NOW - 600_000), NOW), Ok(600_000));
        assert_eq!(length(Field::Date(NOW - LONGEST), NOW), Ok(LONGEST as u32));
        let why = |field| length(field, NOW).unwrap_err();
        assert_eq!(
            why(Field::Date(NOW)),
            "since is not before time (2026-11-25T12:00:00Z)"
        );
        assert_eq!(
            why(Field::Date(NOW - LONGEST - 1)),
            "since lies more than 49 days before time (2026-10-07T11:59:59.999Z)"
        );
        for bad in [i64::MIN, i64::MAX] {
            assert!(length(Field::Date(bad), NOW).is_err(), "{bad}");
        }
        assert_eq!(
            why(Field::Other("true".into())),
            "since is not a date (true)"
        );
    }

    #[test]
    fn decimals_are_numbers() {
        for whole in [
            "7",
            "7.0",
            "7E+0",
            "0.7e1",
            "7.000000000000000000000000000000000",
        ] {
            assert_eq!(count("n", decimal(whole).unwrap()), Ok(7), "{whole}");
        }
        for bad in ["7.5", "NaN", "Infinity", "-7", "1E+30"] {
            assert!(count("n", decimal(bad).unwrap()).is_err(), "{bad}");
        }
        assert_eq!(decimal("seven"), None);
    }

    #[test]
    fn ids_are_decimal() {
        assert_eq!(
            member("123456789012345678"),
            Ok(123_456_789_012_345_678.into())
        );
        for bad in ["", "+1", "-1", "1.0", "x", "99999999999999999999", "１"] {
            assert!(member(bad).is_err(), "{bad:?}");
        }
    }
}
