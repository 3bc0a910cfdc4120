//! Files written by `mongoexport`: one document a line, relaxed or canonical.

use std::collections::HashMap;
use std::io::BufRead;

use chrono::DateTime;
use serde_json::Value;

use super::document::{self, Field};
use crate::activity::{Skipped, Windows};

/// Reads documents, one a line; empty lines don't count. A line that can't be
/// used is left out and named by its number.
pub(crate) fn read(mut lines: impl BufRead) -> std::io::Result<(Windows, Vec<Skipped>)> {
    let mut reader = Reader {
        windows: Windows::new(),
        index: HashMap::new(),
    };
    let mut skipped = Vec::new();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if lines.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        // A file from Windows may begin with a byte-order mark.
        let text = line
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(&line)
            .trim_ascii();
        if text.is_empty() {
            continue;
        }
        if let Err(reason) = reader.line(text) {
            skipped.push(Skipped {
                document: format!("line {number}"),
                reason,
            });
        }
    }
    Ok((reader.windows, skipped))
}

struct Reader {
    windows: Windows,
    index: HashMap<u64, u32>,
}

impl Reader {
    /// Takes the document, or nothing of it.
    fn line(&mut self, text: &[u8]) -> Result<(), String> {
        let document: Value = serde_json::from_slice(text).map_err(|e| {
            if e.is_eof() {
                "the line ends in the middle of a document; was the file cut off?".to_owned()
            } else if text.starts_with(b"[") {
                "the line is a JSON array; export without --jsonArray".to_owned()
            } else {
                format!("not JSON ({e})")
            }
        })?;
        if !document.is_object() {
            return Err("not a document; export with mongoexport, without --jsonArray".to_owned());
        }
        let field = |name| document.get(name).map_or(Field::Missing, field);
        let time = document::time(field(document::TIME))?;
        let online = document::count(document::ONLINE, field(document::ONLINE))?;
        let volume = document::count(document::VOLUME, field(document::VOLUME))?;
        let quantities = match document.get(document::QUANTITIES) {
            Some(Value::Object(members)) => members,
            Some(_) => return Err(format!("{} is not a sub-document", document::QUANTITIES)),
            None => return Err(format!("{} is missing", document::QUANTITIES)),
        };
        let sent: Vec<(u64, u32)> = quantities
            .iter()
            .map(|(key, value)| {
                Ok((
                    document::member(key)?,
                    document::count(key, self::field(value))?,
                ))
            })
            .collect::<Result<_, String>>()?;
        self.windows.times.push(time);
        self.windows.online.push(online);
        self.windows.volume.push(volume);
        for (id, sent) in sent.into_iter().filter(|&(_, sent)| sent > 0) {
            let next = self.windows.members.len() as u32;
            let member = *self.index.entry(id).or_insert(next);
            if member == next {
                self.windows.members.push(id);
            }
            self.windows.sender.push(member);
            self.windows.sent.push(sent);
        }
        self.windows.starts.push(self.windows.sender.len() as u32);
        Ok(())
    }
}

/// Extended JSON v2: `7`, `7.0`, `{"$numberInt": "7"}`, `{"$numberLong": "7"}`,
/// `{"$numberDouble": "7.0"}`, `{"$date": "2020-09-04T21:00:00Z"}`, `{"$date":
/// {"$numberLong": "1599253200000"}}`, and v1's `{"$date": 1599253200000}`.
///
/// <https://github.com/mongodb/specifications/blob/master/source/extended-json/extended-json.md>
fn field(value: &Value) -> Field<'_> {
    match value {
        Value::Number(number) => match number.as_i64() {
            Some(integer) => Field::Integer(integer),
            None => number
                .as_f64()
                .map_or(Field::Other("number"), Field::Double),
        },
        Value::Object(wrapper) if wrapper.len() == 1 => {
            let (kind, inner) = wrapper.iter().next().expect("it has one entry");
            let text = inner.as_str();
            let parsed = match kind.as_str() {
                "$numberInt" | "$numberLong" => {
                    text.and_then(|text| text.parse().ok()).map(Field::Integer)
                }
                "$numberDouble" => text.and_then(|text| text.parse().ok()).map(Field::Double),
                "$date" => date(inner).map(Field::Date),
                _ => None,
            };
            parsed.unwrap_or(Field::Other("object"))
        }
        Value::Null => Field::Other("null"),
        Value::Bool(_) => Field::Other("boolean"),
        Value::String(_) => Field::Other("string"),
        Value::Array(_) => Field::Other("array"),
        Value::Object(_) => Field::Other("object"),
    }
}

fn date(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => DateTime::parse_from_rfc3339(text)
            // mongoexport 100.5 and older write the zone without a colon.
            .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
            .ok()
            .map(|time| time.timestamp_millis()),
        _ => match field(value) {
            Field::Integer(time) => Some(time),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RELAXED: &str = r#"{"_id":{"$oid":"5f52a7d0c8a1b2c3d4e5f601"},"time":{"$date":"2020-09-04T21:00:00.123Z"},"online-members":84,"messages-sent":3,"quantities":{"12":2,"34":1}}"#;
    const CANONICAL: &str = r#"{"_id":{"$oid":"5f52a7d0c8a1b2c3d4e5f601"},"time":{"$date":{"$numberLong":"1599253200123"}},"online-members":{"$numberInt":"84"},"messages-sent":{"$numberLong":"3"},"quantities":{"12":{"$numberDouble":"2.0"},"34":{"$numberInt":"1"}}}"#;

    #[test]
    fn relaxed_and_canonical_are_the_same() {
        let (relaxed, none) = read(RELAXED.as_bytes()).unwrap();
        assert_eq!(none, []);
        assert_eq!(relaxed.times, [1_599_253_200_123]);
        assert_eq!(relaxed.volume, [3]);
        assert_eq!(relaxed.members, [12, 34]);
        assert_eq!(relaxed.sent, [2, 1]);
        assert_eq!(relaxed, read(CANONICAL.as_bytes()).unwrap().0);
    }

    #[test]
    fn a_bad_line_is_named_and_the_rest_is_used() {
        let cut = &RELAXED[..RELAXED.len() - 9];
        let text = format!("\n{RELAXED}\nnonsense\n{{}}\n{CANONICAL}\r\n{cut}");
        let (windows, skipped) = read(text.as_bytes()).unwrap();
        assert_eq!(windows.times.len(), 2);
        let lines: Vec<&str> = skipped.iter().map(|s| s.document.as_str()).collect();
        assert_eq!(lines, ["line 3", "line 4", "line 6"]);
        assert!(skipped[2].reason.contains("cut off"), "{skipped:?}");
    }

    #[test]
    fn every_prefix_of_a_file_is_read_without_a_panic() {
        let text = format!("{RELAXED}\n{CANONICAL}\n");
        for end in 0..text.len() {
            let (windows, skipped) = read(&text.as_bytes()[..end]).unwrap();
            let lines = text.as_bytes()[..end]
                .split(|&b| b == b'\n')
                .filter(|l| !l.is_empty());
            assert_eq!(windows.times.len() + skipped.len(), lines.count());
        }
    }

    /// Values that break the rules wherever they stand for a field.
    const REFUSED: [&str; 20] = [
        "null",
        "true",
        "-1",
        "0.5",
        "1e300",
        "-1e-300",
        "1e999",
        "NaN",
        "18446744073709551616",
        "\"7\"",
        "\"\\ud800\"",
        "[]",
        "[[[[[[[[7]]]]]]]]",
        "{\"$numberInt\":\"\"}",
        "{\"$numberInt\":7}",
        "{\"$numberLong\":\"-1\"}",
        "{\"$numberDouble\":\"NaN\"}",
        "{\"$date\":\"2020-13-41T25:61:61Z\"}",
        "{\"$date\":{\"$numberLong\":\"9223372036854775807\"}}",
        "{\"$undefined\":true}",
    ];
    /// Keys that are no member's.
    const NO_IDS: [&str; 5] = ["", "-1", "x", "99999999999999999999", "\\u0000"];

    /// A line, and whether it can be used where that is known.
    fn mangled(random: &mut impl FnMut(usize) -> usize) -> (Vec<u8>, Option<bool>) {
        let time = format!(
            "{{\"$date\":{}}}",
            1_599_253_200_000 + random(1 << 40) as i64
        );
        let ids = [random(9), 100 + random(usize::MAX >> 1)];
        let mut fields = [
            (document::TIME, time),
            (document::ONLINE, random(1000).to_string()),
            (document::VOLUME, format!("{}.0", random(1000))),
            (
                document::QUANTITIES,
                format!(
                    "{{\"{}\":7,\"{}\":{{\"$numberInt\":\"0\"}}}}",
                    ids[0], ids[1]
                ),
            ),
        ];
        let bad = REFUSED[random(REFUSED.len())];
        let one = random(fields.len());
        let kind = random(8);
        match kind {
            1 => fields[one].1 = bad.to_owned(),
            2 => fields[3].1 = format!("{{\"7\":{bad}}}"),
            3 => fields[3].1 = format!("{{\"{}\":7}}", NO_IDS[random(NO_IDS.len())]),
            4 => fields[one].0 = "another",
            5 => fields[one].1 = "[".repeat(1 << random(16)),
            _ => (),
        }
        let fields = fields.map(|(name, value)| format!("\"{name}\":{value}"));
        let mut line = format!("{{{}}}", fields.join(",")).into_bytes();
        match kind {
            6 => line.truncate(1 + random(line.len() - 1)),
            7 => {
                for _ in 0..=random(4) {
                    let at = random(line.len());
                    line[at] = random(256) as u8;
                }
                // Still one line, and not an empty one.
                line.iter_mut()
                    .filter(|byte| **byte == b'\n')
                    .for_each(|byte| *byte = 0);
            }
            _ => (),
        }
        (line, (kind < 7).then_some(kind == 0))
    }

    /// Lines as [`mangled`] makes them, the same in every run.
    fn mangled_lines(count: usize) -> Vec<(Vec<u8>, Option<bool>)> {
        let mut state = 7_u64;
        // Steele, Lea and Flood's SplitMix64.
        let mut random = |below: usize| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((mixed ^ (mixed >> 31)) % below as u64) as usize
        };
        (0..count).map(|_| mangled(&mut random)).collect()
    }

    #[test]
    fn each_of_ten_thousand_mangled_lines_is_taken_or_named() {
        let lines = mangled_lines(10_000);
        let file: Vec<&[u8]> = lines.iter().map(|(line, _)| &**line).collect();
        let (windows, skipped) = read(&*file.join(&b'\n')).unwrap();
        let mut skipped = skipped.iter().peekable();
        let mut times = windows.times.iter();
        for (number, (line, usable)) in (1..).zip(&lines) {
            let text = String::from_utf8_lossy(line);
            let name = format!("line {number}");
            let reported = skipped.next_if(|one| one.document == name);
            if let Some(one) = reported {
                assert!(
                    !one.reason.is_empty() && one.reason.len() < 200,
                    "{}",
                    one.reason
                );
            } else {
                // What is taken is that line's.
                let alone = read(&line[..]).unwrap().0;
                assert_eq!(times.next(), alone.times.first(), "{name}: {text:.200}");
            }
            if let Some(usable) = usable {
                assert_eq!(reported.is_none(), *usable, "{name}: {text:.200}");
            }
        }
        assert_eq!((skipped.next(), times.next()), (None, None));
        assert!(windows.times.len() > 1000, "{}", windows.times.len());
        assert_eq!(windows.starts.len(), windows.times.len() + 1);
        assert_eq!(windows.starts.last(), Some(&(windows.sender.len() as u32)));
        let members = windows.members.len() as u32;
        assert!(windows.sender.iter().all(|&sender| sender < members));
    }

    #[test]
    fn a_file_that_is_cut_off_loses_only_its_last_line() {
        let lines = mangled_lines(200);
        let file: Vec<&[u8]> = lines.iter().map(|(line, _)| &**line).collect();
        let file = file.join(&b'\n');
        let (all, _) = read(&file[..]).unwrap();
        for end in (0..file.len()).step_by(97) {
            let whole = file[..end].iter().filter(|&&byte| byte == b'\n').count();
            let (windows, skipped) = read(&file[..end]).unwrap();
            assert!(all.times.starts_with(&windows.times));
            let begun = usize::from(end > 0 && file[end - 1] != b'\n');
            assert_eq!(windows.times.len() + skipped.len(), whole + begun);
        }
    }
}
