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
const LONGEST: u32 = 4_000_000;

const BROKEN: &str = "its pickle is broken";

/// The items of the dict, as JSON has them: keys are text, values are text, null,
/// or objects of these; what can't be a name is `false`. Their text takes no more
/// than `room` bytes: a text may be there once, and be the name of all.
pub(super) fn read(pickle: &[u8], mut room: usize) -> Result<Vec<(String, Value)>, &'static str> {
    let mut machine = Machine {
        rest: pickle,
        ..Machine::default()
    };
    for instructions in 0.. {
        match machine.take(1)?[0] {
            b'.' => break,
            _ if instructions == LONGEST => {
                return Err("it holds more than half a million members");
            }
            code => machine.follow(code)?,
        }
    }
    if !machine.rest.is_empty() {
        return Err("something follows its pickle");
    }
    let dict = match machine.stack.last() {
        Some(&Thing::Dict(index)) => Some(&machine.dicts[index]),
        _ => None,
    };
    let is_dict = |dict: &&Dict| !dict.is_object || !dict.items.is_empty();
    let dict = dict.filter(is_dict).ok_or("it is not a dict")?;
    let items = machine.items(dict, 2, &mut room);
    items.ok_or("its names take more than 32 MB")
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
    fn follow(&mut self, code: u8) -> Result<(), &'static str> {
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
        let mut taken = self.stack.drain(height.ok_or(BROKEN)?..);
        let items: Vec<_> = std::iter::from_fn(|| Some((taken.next()?, taken.next()?))).collect();
        drop(taken);
        let number = || match code {
            b'I' | b'L' | b'g' | b'p' => decimal(operand),
            0x8a | 0x8b | b'J' if operand.last() >= Some(&0x80) => None,
            _ => number(operand),
        };
        let top = self.stack.last();
        let thing = match code {
            // Protocol, frame; what is dropped or put into a list.
            0x80 | 0x90 | 0x95 | 0x98 | b'0' | b'1' | b'a' | b'b' | b'e' => None,
            b'(' => {
                self.marks.push(self.stack.len());
                None
            }
            b's' | b'u' => {
                let Some(&Thing::Dict(index)) = top else {
                    return Err(BROKEN);
                };
                self.dicts[index].items.extend(items);
                None
            }
            0x94 | b'p' | b'q' | b'r' => {
                let next = (code == 0x94).then_some(self.memo.len() as u64);
                let place = next.or_else(number).ok_or(BROKEN)?;
                self.memo.insert(place, top.ok_or(BROKEN)?.clone());
                None
            }
            b'g' | b'h' | b'j' => {
                let kept = number().and_then(|place| self.memo.get(&place));
                Some(kept.ok_or(BROKEN)?.clone())
            }
            b'2' => Some(top.ok_or(BROKEN)?.clone()),
            b'}' | b'd' => Some(self.dict(items, false)),
            0x81 | 0x92 | b'R' | b'i' | b'o' => Some(self.dict(Vec::new(), true)),
            b'N' => Some(Thing::None),
            0x8a | 0x8b | b'I' | b'J' | b'K' | b'L' | b'M' => {
                Some(number().map_or(Thing::Other, Thing::Number))
            }
            b'V' => Some(Thing::Text(unicode(operand).into())),
            b'S' => Some(Thing::Text(quoted(operand).ok_or(BROKEN)?.into())),
            0x8c | 0x8d | 0x8e | 0x96 | b'B' | b'C' | b'T' | b'U' | b'X' => {
                Some(Thing::Text(text::lossy(operand).into()))
            }
            // Fractions, truth, lists, tuples, sets, classes, and what comes from
            // elsewhere.
            0x82..=0x89 | 0x8f | 0x91 | 0x93 | 0x97 => Some(Thing::Other),
            b')' | b'F' | b'G' | b'P' | b'Q' | b']' | b'c' | b'l' | b't' => Some(Thing::Other),
            _ => return Err(BROKEN),
        };
        self.stack.extend(thing);
        Ok(())
    }

    fn take(&mut self, bytes: usize) -> Result<&'a [u8], &'static str> {
        let taken = self.rest.split_off(..bytes);
        taken.ok_or("its pickle is cut short")
    }

    /// What has its length before it, in so many bytes.
    fn counted(&mut self, bytes: usize) -> Result<&'a [u8], &'static str> {
        let length = number(self.take(bytes)?).and_then(|length| length.try_into().ok());
        self.take(length.unwrap_or(usize::MAX))
    }

    fn line(&mut self) -> Result<&'a [u8], &'static str> {
        let end = self.rest.iter().position(|&byte| byte == b'\n');
        let line = self.take(end.unwrap_or(usize::MAX))?;
        self.take(1)?;
        Ok(line)
    }

    fn dict(&mut self, items: Vec<(Thing, Thing)>, is_object: bool) -> Thing {
        self.dicts.push(Dict { items, is_object });
        Thing::Dict(self.dicts.len() - 1)
    }

    /// A dict's items as JSON has them, with dicts down to this depth; `None` without
    /// room.
    fn items<T: FromIterator<(String, Value)>>(
        &self,
        dict: &Dict,
        depth: u32,
        room: &mut usize,
    ) -> Option<T> {
        let items = dict.items.iter().map(|(key, value)| {
            *room = room.checked_sub(1)?;
            let key = match key {
                Thing::Number(id) => id.to_string(),
                Thing::Text(id) => text::shorten(id),
                _ => "an object".to_owned(),
            };
            let value = match value {
                Thing::None => Value::Null,
                Thing::Text(text) => {
                    *room = room.checked_sub(text.len())?;
                    Value::from(&**text)
                }
                Thing::Dict(index) if depth > 1 => {
                    Value::Object(self.items(&self.dicts[*index], depth - 1, room)?)
                }
                _ => Value::Bool(false),
            };
            Some((key, value))
        });
        items.collect()
    }
}

/// A whole number, the lowest byte first; `None` of more than 64 bits.
fn number(bytes: &[u8]) -> Option<u64> {
    let (low, high) = bytes.split_at(bytes.len().min(8));
    let low = low.iter().rev();
    let number = low.fold(0, |number, &byte| number << 8 | u64::from(byte));
    high.iter().all(|&byte| byte == 0).then_some(number)
}

fn decimal(line: &[u8]) -> Option<u64> {
    let line = std::str::from_utf8(line).ok()?.trim_end();
    line.strip_suffix('L').unwrap_or(line).parse().ok()
}

/// Text of Python 2, as its `repr` writes the bytes.
fn quoted(line: &[u8]) -> Option<String> {
    let [_, text @ .., _] = line.trim_ascii_end() else {
        return None;
    };
    let bytes: Vec<u8> = unescaped(text).map(|code| code as u8).collect();
    Some(text::lossy(&bytes))
}

/// Text as Python's codec `raw-unicode-escape` writes it.
fn unicode(line: &[u8]) -> String {
    let units = unescaped(line).flat_map(|code| match code.checked_sub(0x10000) {
        Some(above) => [Some(0xd800 + (above >> 10)), Some(0xdc00 + (above & 0x3ff))],
        None => [Some(code), None],
    });
    String::from_utf16_lossy(&units.flatten().map(|unit| unit as u16).collect::<Vec<_>>())
}

/// Bytes, and what Python writes with a backslash: `\xXX`, `\uXXXX`,
/// `\UXXXXXXXX`, `\n` and the like, or a character as it is.
fn unescaped(mut text: &[u8]) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let byte = *text.split_off_first()?;
        let kind = text.first().filter(|_| byte == b'\\');
        let digits = match kind {
            Some(b'x') => 2,
            Some(b'u') => 4,
            Some(b'U') => 8,
            _ => 0,
        };
        let hex = text.get(1..=digits).unwrap_or_default();
        let hex = std::str::from_utf8(hex).ok();
        if let Some(code) = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok()) {
            text = &text[1 + digits..];
            return Some(code);
        }
        text = &text[kind.map_or(0, |_| 1)..];
        Some(match kind {
            Some(b'n') => b'\n'.into(),
            Some(b'r') => b'\r'.into(),
            Some(b't') => b'\t'.into(),
            escaped => (*escaped.unwrap_or(&byte)).into(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(pickle: &[u8]) -> Result<Vec<(String, Value)>, &'static str> {
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
