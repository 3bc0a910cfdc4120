//! What a document must look like, whatever it is written in.
//!
//! The bot's documents reach us as BSON and as the JSON of `mongoexport`. Both
//! readers turn a field into a [`Field`], and the rules here decide.

/// The window's end.
pub(crate) const TIME: &str = "time";
/// Members online at that moment.
pub(crate) const ONLINE: &str = "online-members";
/// Messages in the window.
pub(crate) const VOLUME: &str = "messages-sent";
/// Member id → messages in the window.
pub(crate) const QUANTITIES: &str = "quantities";

/// A field's value, as far as the rules tell values apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Field<'a> {
    Missing,
    Integer(i64),
    Double(f64),
    /// Milliseconds since the epoch (UTC).
    Date(i64),
    /// Anything else, by the name of its type.
    Other(&'a str),
}

/// The first and last time we take: years 1970 to 9999, in milliseconds. What
/// lies outside was never a bot's clock, and calendars end there.
pub(crate) const TIMES: std::ops::Range<i64> = 0..253_402_300_800_000;

/// A count, from 0 to 4,294,967,295: int32, int64 or a whole double.
///
/// The name may be a stranger's: a key of `quantities`, of any length.
pub(crate) fn count(name: &str, field: Field) -> Result<u32, String> {
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
        Field::Other(kind) => format!("is not a number ({kind})"),
    };
    Err(format!("{} {why}", shorten(name)))
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

/// As much of a stranger's text as a message should hold.
pub(crate) fn shorten(text: &str) -> String {
    text.chars().take(24).collect()
}

/// The window's end, in milliseconds since the epoch (UTC).
pub(crate) fn time(field: Field) -> Result<i64, String> {
    match field {
        Field::Date(time) if TIMES.contains(&time) => Ok(time),
        Field::Date(time) => Err(format!(
            "{TIME} lies outside the years 1970 to 9999 ({time} ms since 1970)"
        )),
        Field::Missing => Err(format!("{TIME} is missing")),
        Field::Integer(_) | Field::Double(_) => Err(format!("{TIME} is a number, not a date")),
        Field::Other(kind) => Err(format!("{TIME} is not a date ({kind})")),
    }
}

/// A Discord id: a decimal number of up to 64 bits.
pub(crate) fn id(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// The member's id that a key of [`QUANTITIES`] is.
pub(crate) fn member(key: &str) -> Result<u64, String> {
    id(key).ok_or_else(|| {
        let shown = shorten(key);
        format!("{QUANTITIES} has a key that is not a member's id ({shown:?})")
    })
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
            Field::Other("string"),
        ] {
            assert!(count("n", bad).is_err(), "{bad:?}");
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

    #[test]
    fn times_lie_in_calendars() {
        assert_eq!(time(Field::Date(0)), Ok(0));
        for bad in [
            Field::Missing,
            Field::Date(-1),
            Field::Date(i64::MAX),
            Field::Integer(0),
            Field::Other("string"),
        ] {
            assert!(time(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn ids_are_decimal() {
        assert_eq!(member("123456789012345678"), Ok(123_456_789_012_345_678));
        for bad in ["", "+1", "-1", "1.0", "x", "99999999999999999999", "１"] {
            assert!(member(bad).is_err(), "{bad:?}");
        }
    }
}
