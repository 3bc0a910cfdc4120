//! Names that Python pickled: a dict from id to name, in any protocol from 0 to
//! 5.
//!
//! A pickle is a program for a stack machine, and Python's own reader lets it
//! call anything. This reader calls nothing: it makes dicts, numbers and text,
//! and takes all else for a thing without a meaning. It doesn't recurse, and its
//! memory stays in proportion to the file.
//!
//! Reference: the instructions as Python's `pickletools` documents them.

use std::collections::HashMap;
use std::rc::Rc;

use serde_json::Value;

use activity_data::text;

/// The most instructions: half a million members take two million. Each may make
/// a thing of a hundred bytes.
const LONGEST: usize = 4_000_000;

/// The items of the dict, as JSON has them: keys are text, values are text, null,
/// or objects of these; what can't be a name is `false`. Their text takes no more
/// than `room` bytes: a text may be there once, and be the name of all.
pub(super) fn read(pickle: &[u8], mut room: usize) -> Result<Vec<(String, Value)>, String> {
    let mut machine = Machine {
        rest: pickle,
        ..Machine::default()
    };
    for _ in 0..LONGEST {
        let code = machine.take(1)?[0];
        if code != b'.' {
            machine.follow(code)?;
            continue;
        }
        if !machine.rest.is_empty() {
            return Err("something follows its pickle".to_owned());
        }
        let dict = match machine.stack.last() {
            Some(&Thing::Dict(index)) => Some(&machine.dicts[index]),
            _ => None,
        };
        let is_dict = |dict: &&Dict| !dict.is_object || !dict.items.is_empty();
        let dict = dict.filter(is_dict).ok_or("it is not a dict")?;
        let items = dict.items.iter().map(|(key, value)| {
            let value = machine.json(value, 2, &mut room);
            let value = value.ok_or("its names take more than 32 MB")?;
            Ok((key.as_key(), value))
        });
        return items.collect();
    }
    Err("it holds more than half a million members".to_owned())
}

#[derive(Clone)]
enum Thing {
    None,
    Number(u64),
    Text(Rc<str>),
    /// Its place in `dicts`.
    Dict(usize),
    Other,
}

impl Thing {
    fn as_key(&self) -> String {
        match self {
            Self::Number(id) => id.to_string(),
            Self::Text(id) => text::shorten(id),
            _ => "an object".to_owned(),
        }
    }
}

struct Dict {
    items: Vec<(Thing, Thing)>,
    /// Whether it is what a class or a call made, which may be no dict at all.
    is_object: bool,
}

#[derive(Default)]
struct Machine<'a> {
    rest: &'a [u8],
    stack: Vec<Thing>,
    /// How high the stack was at each mark.
    marks: Vec<usize>,
    memo: HashMap<u64, Thing>,
    dicts: Vec<Dict>,
}

impl<'a> Machine<'a> {
    fn follow(&mut self, code: u8) -> Result<(), String> {
        let operand = match code {
            0x80 | 0x82 | b'K' | b'h' | b'q' => self.take(1)?,
            0x83 | b'M' => self.take(2)?,
            0x84 | b'J' | b'j' | b'r' => self.take(4)?,
            0x95 | b'G' => self.take(8)?,
            0x8a | 0x8c | b'C' | b'U' => self.counted(1)?,
            0x8b | b'B' | b'T' | b'X' => self.counted(4)?,
            0x8d | 0x8e | 0x96 => self.counted(8)?,
            b'F' | b'I' | b'L' | b'P' | b'S' | b'V' | b'g' | b'p' => self.line()?,
            b'c' | b'i' => self.line().and_then(|_| self.line())?,
            _ => &[],
        };
        // What the instruction takes off the stack.
        let height = match code {
            0x90 | 0x91 | b'1' | b'd' | b'e' | b'i' | b'l' | b'o' | b't' | b'u' => self.marks.pop(),
            0x85 | b'0' | b'Q' | b'a' | b'b' => self.stack.len().checked_sub(1),
            0x81 | 0x86 | 0x93 | b'R' | b's' => self.stack.len().checked_sub(2),
            0x87 | 0x92 => self.stack.len().checked_sub(3),
            _ => Some(self.stack.len()),
        };
        let height = height.filter(|&height| height <= self.stack.len());
        let mut taken = self.stack.drain(height.ok_or_else(broken)?..);
        let items = std::iter::from_fn(|| Some((taken.next()?, taken.next()?))).collect();
        drop(taken);
        let thing = match code {
            // Protocol, frame; what is dropped or put into a list.
            0x80 | 0x90 | 0x95 | 0x98 | b'0' | b'1' | b'a' | b'b' | b'e' => return Ok(()),
            b'(' => {
                self.marks.push(self.stack.len());
                return Ok(());
            }
            b's' | b'u' => match self.stack.last() {
                Some(&Thing::Dict(index)) => {
                    self.dicts[index].items.extend::<Vec<_>>(items);
                    return Ok(());
                }
                _ => return Err(broken()),
            },
            0x94 | b'p' | b'q' | b'r' => {
                let place = match code {
                    0x94 => self.memo.len() as u64,
                    _ => place(code, operand)?,
                };
                let top = self.stack.last().ok_or_else(broken)?.clone();
                self.memo.insert(place, top);
                return Ok(());
            }
            b'g' | b'h' | b'j' => self
                .memo
                .get(&place(code, operand)?)
                .ok_or_else(broken)?
                .clone(),
            b'2' => self.stack.last().ok_or_else(broken)?.clone(),
            b'}' | b'd' => self.dict(items, false),
            0x81 | 0x92 | b'R' | b'i' | b'o' => self.dict(Vec::new(), true),
            b'N' => Thing::None,
            b'I' | b'L' => {
                let digits = operand.strip_suffix(b"L").unwrap_or(operand);
                decimal(digits).map_or(Thing::Other, Thing::Number)
            }
            b'K' | b'M' => Thing::Number(number(operand)),
            0x8a | 0x8b | b'J' => integer(operand),
            b'V' => Thing::Text(unicode(operand).into()),
            b'S' => Thing::Text(text::lossy(&unquoted(operand)?).into()),
            0x8c | 0x8d | 0x8e | 0x96 | b'B' | b'C' | b'T' | b'U' | b'X' => {
                Thing::Text(text::lossy(operand).into())
            }
            // Fractions, truth, lists, tuples, sets, classes, and what comes from
            // elsewhere.
            0x82..=0x89 | 0x8f | 0x91 | 0x93 | 0x97 => Thing::Other,
            b')' | b'F' | b'G' | b'P' | b'Q' | b']' | b'c' | b'l' | b't' => Thing::Other,
            _ => return Err(broken()),
        };
        self.stack.push(thing);
        Ok(())
    }

    fn take(&mut self, bytes: u64) -> Result<&'a [u8], String> {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        let (taken, rest) = self
            .rest
            .split_at_checked(bytes)
            .ok_or("its pickle is cut short")?;
        self.rest = rest;
        Ok(taken)
    }

    /// What has its length before it, in so many bytes.
    fn counted(&mut self, bytes: u64) -> Result<&'a [u8], String> {
        let length = number(self.take(bytes)?);
        self.take(length)
    }

    fn line(&mut self) -> Result<&'a [u8], String> {
        let end = self.rest.iter().position(|&byte| byte == b'\n');
        let line = self.take(end.map_or(u64::MAX, |end| end as u64))?;
        self.take(1)?;
        Ok(line)
    }

    fn dict(&mut self, items: Vec<(Thing, Thing)>, is_object: bool) -> Thing {
        self.dicts.push(Dict { items, is_object });
        Thing::Dict(self.dicts.len() - 1)
    }

    /// A thing as JSON, with dicts down to this depth; `None` without room.
    fn json(&self, thing: &Thing, depth: u32, room: &mut usize) -> Option<Value> {
        *room = room.checked_sub(1)?;
        Some(match thing {
            Thing::None => Value::Null,
            Thing::Text(text) => {
                *room = room.checked_sub(text.len())?;
                Value::from(&**text)
            }
            Thing::Dict(index) if depth > 1 => {
                let fields = self.dicts[*index].items.iter();
                let mut field = |(key, value): &(Thing, Thing)| {
                    Some((key.as_key(), self.json(value, depth - 1, room)?))
                };
                Value::Object(fields.map(&mut field).collect::<Option<_>>()?)
            }
            _ => Value::Bool(false),
        })
    }
}

fn broken() -> String {
    "its pickle is broken".to_owned()
}

/// A place in the memo: as a line, or in bytes.
fn place(code: u8, operand: &[u8]) -> Result<u64, String> {
    match code {
        b'g' | b'p' => decimal(operand).ok_or_else(broken),
        _ => Ok(number(operand)),
    }
}

/// At most 8 bytes, the lowest first.
fn number(bytes: &[u8]) -> u64 {
    let bytes = bytes.iter().rev();
    bytes.fold(0, |number, &byte| number << 8 | u64::from(byte))
}

/// The same with a sign, of any length.
fn integer(bytes: &[u8]) -> Thing {
    let (low, high) = bytes.split_at(bytes.len().min(8));
    match bytes.last() {
        Some(0x80..) => Thing::Other,
        _ if high.iter().any(|&byte| byte != 0) => Thing::Other,
        _ => Thing::Number(number(low)),
    }
}

fn decimal(line: &[u8]) -> Option<u64> {
    std::str::from_utf8(line).ok()?.trim_end().parse().ok()
}

/// The bytes of a text of Python 2, as its `repr` writes them.
fn unquoted(line: &[u8]) -> Result<Vec<u8>, String> {
    let line = line.trim_ascii_end();
    let text = line
        .get(1..line.len().saturating_sub(1))
        .ok_or_else(broken)?;
    Ok(unescaped(text).iter().map(|&code| code as u8).collect())
}

/// Text as Python's codec `raw-unicode-escape` writes it.
fn unicode(line: &[u8]) -> String {
    let unit = |code: u32| match code.checked_sub(0x10000) {
        Some(above) => [Some(0xd800 + (above >> 10)), Some(0xdc00 + (above & 0x3ff))],
        None => [Some(code), None],
    };
    let units = unescaped(line).into_iter().flat_map(unit).flatten();
    String::from_utf16_lossy(&units.map(|unit| unit as u16).collect::<Vec<_>>())
}

/// Bytes, and what Python writes with a backslash: `\xXX`, `\uXXXX`,
/// `\UXXXXXXXX`, `\n` and the like, or a character as it is.
fn unescaped(mut text: &[u8]) -> Vec<u32> {
    let mut codes = Vec::new();
    while let [first, after @ ..] = text {
        let kind = after.first().filter(|_| *first == b'\\');
        let end = match kind {
            Some(b'x') => 3,
            Some(b'u') => 5,
            Some(b'U') => 9,
            _ => 0,
        };
        let digits = after
            .get(1..end)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let (code, length) = match (code, kind) {
            (Some(code), _) => (code, 1 + end),
            (None, Some(b'n')) => (b'\n'.into(), 2),
            (None, Some(b'r')) => (b'\r'.into(), 2),
            (None, Some(b't')) => (b'\t'.into(), 2),
            (None, Some(&escaped)) => (escaped.into(), 2),
            (None, None) => ((*first).into(), 1),
        };
        codes.push(code);
        text = &text[length..];
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(pickle: &[u8]) -> Result<Vec<(String, Value)>, String> {
        read(pickle, 1000)
    }

    #[test]
    fn text_of_any_time_of_python_is_read() {
        for (code, text) in [
            (&b"S'J\\xc3\\xb6rg'\n"[..], "Jörg"),
            (b"S'J\\xf6rg'\n", "J\u{fffd}rg"),
            (b"S\"it's \\\\ \\n\"\n", "it's \\ \n"),
            (b"U\x05J\xc3\xb6rg", "Jörg"),
            (b"U\x04J\xf6rg", "J\u{fffd}rg"),
            (b"X\x07\0\0\0Ann \xed\xa0\xbd", "Ann \u{fffd}"),
            (
                b"V\\u00e9\\U0001f389\\ud83c\\udf89\\ud83c\xe9\n",
                "é🎉🎉\u{fffd}é",
            ),
            (b"V\\u005cu0041\n", "\\u0041"),
            (b"C\x03Ann", "Ann"),
        ] {
            let pickle = [b"(dK\x07", code, b"s."].concat();
            assert_eq!(names(&pickle).unwrap(), [("7".to_owned(), text.into())]);
        }
    }

    #[test]
    fn what_is_no_name_is_false_and_what_is_no_id_says_so() {
        let pickle =
            b"}(K\x07]K\x08G\0\0\0\0\0\0\0\0K\x09\x88\x85K\x0aNcos\nsystem\n(S'x'\ntRS'y'\nu.";
        let items = names(pickle).unwrap();
        let keys: Vec<&str> = items.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["7", "8", "9", "10", "an object"]);
        let values: Vec<Value> = items.into_iter().map(|(_, value)| value).collect();
        let no = Value::Bool(false);
        assert_eq!(
            values,
            [no.clone(), no.clone(), no, Value::Null, "y".into()]
        );
    }

    #[test]
    fn a_dict_of_users_is_one_of_objects() {
        let items = names(b"}K\x07}(U\x08usernameU\x03annU\x04nickNK\x01Nus.").unwrap();
        let user = serde_json::json!({"username": "ann", "nick": null, "1": null});
        assert_eq!(items, [("7".to_owned(), user)]);
        // A dict that holds itself has an end.
        assert!(names(b"}q\0K\x07h\0s.").is_ok());
    }

    #[test]
    fn what_is_not_a_dict_is_said() {
        for pickle in [&b"N."[..], b"].", b"cos\nsystem\n(S'x'\ntR.", b"(I1\n."] {
            assert_eq!(names(pickle).unwrap_err(), "it is not a dict");
        }
        for pickle in [
            &b"Ns."[..],
            b"u.",
            b"}K\x07s.",
            b"h\0.",
            b"0.",
            b"\xff.",
            b"q\0.",
        ] {
            assert_eq!(names(pickle).unwrap_err(), "its pickle is broken");
        }
    }
}
