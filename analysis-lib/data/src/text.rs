//! Text from outside, made harmless, and told apart by what is seen of it.
//!
//! Names are chosen by strangers. What stands in one is text in a figure and
//! nothing else.

mod unseen;

use std::collections::HashMap;

use crate::MemberId;

use unseen::{is_combining, is_ignorable, is_space, is_unseen, shapes_others};

/// The text on one line, without what could leave its place: what can't be seen
/// is dropped, but for what shapes its neighbours; breaks become spaces, of
/// marks that stack on one letter three are kept, and what follows after `limit`
/// characters is an ellipsis. What XML forbids and Unicode reserves becomes the
/// replacement character.
pub fn clean(text: &str, limit: usize) -> String {
    let mut clean = String::new();
    let mut length = 0;
    let mut marks = 0;
    for c in text.chars() {
        let c = match c {
            _ if is_space(c) => ' ',
            _ if is_ignorable(c) && !shapes_others(c) => continue,
            _ if c as u32 & 0xfffe == 0xfffe || matches!(c, '\u{fdd0}'..='\u{fdef}') => '\u{fffd}',
            _ => c,
        };
        if is_mark(c) {
            marks += 1;
            if marks > 3 {
                continue;
            }
        } else {
            marks = 0;
        }
        if c == ' ' && clean.ends_with(' ') {
            continue;
        }
        if length == limit {
            clean.push('…');
            break;
        }
        clean.push(c);
        length += 1;
    }
    clean.trim().to_owned()
}

/// Whether nothing of the text would be seen.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_unseen)
}

/// Whether a character takes no room of its own: it isn't seen, or stands on the
/// one before it, as an emoji's colour of skin does.
pub fn is_mark(c: char) -> bool {
    is_ignorable(c) || is_combining(c) || matches!(c, '\u{1f3fb}'..='\u{1f3ff}')
}

/// What is seen of a text: equal for texts that look alike, but for letters of
/// different scripts that are drawn the same.
pub fn seen(text: &str) -> String {
    clean(text, usize::MAX).replace(is_ignorable, "")
}

/// Digits of an id that are shown first; more where these aren't enough.
pub const TAIL: usize = 4;

/// The end of an id, which is what differs: its beginning is the day of
/// registration.
pub fn tail(id: MemberId, digits: usize) -> String {
    let id = format!("{id:0>TAIL$}");
    format!("…{}", &id[id.len().saturating_sub(digits)..])
}

/// How many digits of the id each label needs, so that no two look alike.
///
/// `digits` holds what each has from the start, 0 for a name alone; `label`
/// gives the label of an index with so many digits. All labels that look the
/// same get a digit more, until they differ: at the latest with whole ids.
pub fn tell_apart(mut digits: Vec<usize>, label: impl Fn(usize, usize) -> String) -> Vec<usize> {
    let seen = |index: usize, digits: usize| seen(&label(index, digits));
    let mut labels: Vec<String> = (0..)
        .zip(&digits)
        .map(|(index, &digits)| seen(index, digits))
        .collect();
    loop {
        let mut alike: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, label) in labels.iter().enumerate() {
            alike.entry(label).or_default().push(index);
        }
        alike.retain(|_, indices| indices.len() > 1);
        if alike.is_empty() {
            return digits;
        }
        let clashes: Vec<usize> = alike.into_values().flatten().collect();
        for index in clashes {
            digits[index] = TAIL.max(digits[index] + 1);
            labels[index] = seen(index, digits[index]);
        }
    }
}

/// Text that should be UTF-8, with the replacement character for each run of
/// bytes that is none, such as half an emoji.
pub fn lossy(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        let goes_on = chunk.valid().is_empty() && text.ends_with(char::REPLACEMENT_CHARACTER);
        if !chunk.invalid().is_empty() && !goes_on {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    text
}

/// Digits with thousands separators: "1,234,567".
pub fn grouped(digits: &str) -> String {
    let mut grouped = String::new();
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// "1 document", "3,000 documents".
pub fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {what}{plural}", grouped(&count.to_string()))
}

/// As much of a stranger's text as a message should hold.
pub fn shorten(text: &str) -> String {
    text.chars().take(24).collect()
}

/// A field of a CSV file (RFC 4180). A text that a spreadsheet would take for a
/// formula or a number gets an apostrophe before it: a spreadsheet keeps 15
/// digits of a number, and a member's id has 18.
pub fn csv_field(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
    let number = text.starts_with(|c: char| c.is_ascii_digit()) && text.parse::<f64>().is_ok();
    if formula || number {
        format!("\"'{}\"", text.replace('"', "\"\""))
    } else if text.contains(['"', ',', '\n', '\r', ';']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_leave_its_place_is_gone() {
        assert_eq!(clean("a\u{0}\u{1b}[31mb\nc\t\td", 99), "a[31mb c d");
        assert_eq!(clean("\u{202e}evil\u{2066}", 99), "evil");
        assert_eq!(clean("\u{ad}a\u{200b}b\u{3164}\u{e0001}", 99), "ab");
        assert_eq!(clean("a\u{ffff}\u{fdd0}", 99), "a\u{fffd}\u{fffd}");
        assert_eq!(clean(&"x".repeat(10_000), 5), "xxxxx…");
        let stacked = format!("Z{}", "\u{301}".repeat(50));
        assert_eq!(clean(&stacked, 99).chars().count(), 4);
    }

    #[test]
    fn what_shapes_its_neighbours_stays() {
        for whole in [
            "👩\u{200d}👩\u{200d}👧",
            "❤\u{fe0f}",
            "می\u{200c}خواهم",
            "👍🏽",
        ] {
            assert_eq!(clean(whole, 99), whole);
        }
    }

    #[test]
    fn texts_that_look_alike_are_seen_as_one() {
        for alike in [
            "Ann",
            "Ann\u{200b}",
            "A\u{ad}nn",
            "Ann\u{200f}",
            "\u{202e}Ann",
            " Ann\u{a0}",
            "\u{3164}Ann",
            "Ann\u{e0041}",
            "A\u{2060}n\u{fe0f}n\u{0}",
        ] {
            assert_eq!(seen(alike), "Ann", "{alike:?}");
        }
        assert_eq!(seen("A\u{2800}\tB\u{2003} C"), "A B C");
        for other in ["ann", "Ann.", "A nn", "Ann\u{301}"] {
            assert_ne!(seen(other), "Ann");
        }
    }

    #[test]
    fn a_spreadsheet_sees_text() {
        for plain in ["Ann", "3rd", "nan", "1.2.3", "", "’=1"] {
            assert_eq!(csv_field(plain), plain);
        }
        assert_eq!(csv_field("a,\"b\""), "\"a,\"\"b\"\"\"");
        for (text, field) in [
            ("=1+1", "\"'=1+1\""),
            ("@x", "\"'@x\""),
            ("＝1＋1", "\"'＝1＋1\""),
            ("＠x", "\"'＠x\""),
            ("＋\"1\"", "\"'＋\"\"1\"\"\""),
            ("－1", "\"'－1\""),
            ("123456789012345678", "\"'123456789012345678\""),
            ("0042", "\"'0042\""),
            ("1e5", "\"'1e5\""),
        ] {
            assert_eq!(csv_field(text), field);
        }
    }
}
