//! Reads names that Python pickled: a dict from id to name, in any protocol
//! from 0 to 5. Writes them as JSON.
//!
//! A pickle is a program for a stack machine, and Python's own reader lets it
//! call anything. Here every instruction is looked at before one is followed:
//! only those that build one flat dict of numbers and text may be there, so
//! nothing is executed, and memory stays in proportion to the file.
//!
//! Standard input: the pickle's length (8 bytes, little-endian) and the pickle.
//! The program starts when it has both, and ends when input ends before that.

use std::fmt;
use std::io::{Read, Write};
use std::process::ExitCode;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

/// As in the library, which sends no more.
const LARGEST: u64 = 32 << 20;
/// Ids and names together. Each takes a hundred bytes, though one byte of the
/// file may make it.
const VALUES: usize = 1_000_000;

fn main() -> ExitCode {
    let mut pickle = Vec::new();
    let mut length = [0; 8];
    let mut input = std::io::stdin().lock();
    let all_read = input.read_exact(&mut length).and_then(|()| {
        let length = u64::from_le_bytes(length).min(LARGEST);
        input.take(length).read_to_end(&mut pickle)
    });
    let written = match all_read.map_err(|e| e.to_string()) {
        Ok(_) => names(&pickle).and_then(|names| {
            let json = Value::Object(names).to_string();
            let mut output = std::io::stdout().lock();
            output.write_all(json.as_bytes()).map_err(|e| e.to_string())
        }),
        Err(e) => Err(e),
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: not names: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Id → name, or null where Python had `None`.
fn names(pickle: &[u8]) -> Result<Map<String, Value>, String> {
    check(pickle)?;
    let options = serde_pickle::DeOptions::new().decode_strings();
    let names: Names = serde_pickle::from_slice(pickle, options).map_err(|e| {
        // What it says may quote the file, at any length and with any text.
        let why = e.to_string().replace(char::is_control, "?");
        let why: String = why.chars().take(120).collect();
        format!("its pickle is broken ({why})")
    })?;
    Ok(names.0)
}

/// Whether the pickle does nothing but build one dict of numbers and text.
///
/// Reference: the instructions as Python's `pickletools` documents them.
fn check(pickle: &[u8]) -> Result<(), String> {
    let truncated = || "its pickle is cut short".to_owned();
    let mut rest = pickle;
    let mut values = 0;
    let mut dicts = 0;
    let mut marks = 0;
    // Whether the last instruction made text or a dict. What the memo holds
    // already would be copied each time it's put there again.
    let mut new = false;
    loop {
        let (&code, after) = rest.split_first().ok_or_else(truncated)?;
        rest = after;
        let operand = match code {
            b'.' => break,
            // Protocol and frame.
            0x80 => 1,
            0x95 => 8,
            // A mark, up to which the dict's items reach; Python sets none
            // inside another in a flat dict.
            b'(' => {
                marks += 1;
                0
            }
            b'}' | b'd' | b'u' | b's' => {
                dicts += usize::from(matches!(code, b'}' | b'd'));
                marks -= i32::from(matches!(code, b'd' | b'u'));
                0
            }
            // Text and numbers as lines, None.
            b'V' | b'S' => line(rest).ok_or_else(truncated)?,
            b'I' | b'L' => {
                let length = line(rest).ok_or_else(truncated)?;
                // Reading a decimal number takes the square of its length.
                if length > 32 {
                    return Err("it holds a number that is not a member's id".to_owned());
                }
                length
            }
            b'N' => 0,
            // Numbers.
            b'K' => 1,
            b'M' => 2,
            b'J' => 4,
            0x8a => counted(rest, 1).ok_or_else(truncated)?,
            // Text.
            b'U' | 0x8c => counted(rest, 1).ok_or_else(truncated)?,
            b'T' | b'X' => counted(rest, 4).ok_or_else(truncated)?,
            0x8d => counted(rest, 8).ok_or_else(truncated)?,
            // Into the memo.
            b'p' | b'q' | b'r' | 0x94 => {
                if !new {
                    return Err("its pickle is not one that Python writes for a dict".to_owned());
                }
                match code {
                    b'p' => line(rest).ok_or_else(truncated)?,
                    b'q' => 1,
                    b'r' => 4,
                    _ => 0,
                }
            }
            // Out of the memo.
            b'g' => line(rest).ok_or_else(truncated)?,
            b'h' => 1,
            b'j' => 4,
            _ => {
                return Err(format!(
                    "its pickle does more than hold names (instruction {:?})",
                    char::from(code)
                ));
            }
        };
        values += usize::from(b"VSILNKMJUTXghj\x8a\x8c\x8d".contains(&code));
        if values > VALUES {
            return Err("it holds more than half a million members".to_owned());
        }
        new = b"}dVSUTX\x8c\x8d".contains(&code);
        rest = rest.get(operand..).ok_or_else(truncated)?;
        if dicts > 1 || !(0..=1).contains(&marks) {
            return Err("its pickle holds more than one flat dict".to_owned());
        }
    }
    if !rest.is_empty() {
        return Err("something follows its pickle".to_owned());
    }
    Ok(())
}

/// The length of a line, with its end.
fn line(rest: &[u8]) -> Option<usize> {
    Some(rest.iter().position(|&byte| byte == b'\n')? + 1)
}

/// The length of something that begins with its length in `bytes` bytes.
fn counted(rest: &[u8], bytes: usize) -> Option<usize> {
    let mut length = [0; 8];
    length[..bytes].copy_from_slice(rest.get(..bytes)?);
    usize::try_from(u64::from_le_bytes(length))
        .ok()?
        .checked_add(bytes)
}

/// The dict, its text no longer than the largest file: names that refer to
/// one text again and again could be.
struct Names(Map<String, Value>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(NamesVisitor)
    }
}

struct NamesVisitor;

impl<'de> Visitor<'de> for NamesVisitor {
    type Value = Names;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a dict from id to name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Names, A::Error> {
        let mut names = Map::new();
        let mut bytes = 0;
        while let Some(id) = items.next_key_seed(Text::Id)? {
            let name = items.next_value_seed(Text::Name)?;
            bytes += name.as_ref().map_or(0, String::len) as u64;
            if bytes > LARGEST {
                return Err(de::Error::custom("names of more than 32 MB"));
            }
            let id = id.ok_or_else(|| de::Error::custom("an id that is None"))?;
            names.insert(id, name.map_or(Value::Null, Value::String));
        }
        Ok(Names(names))
    }
}

/// A name or an id; `None` for Python's `None`.
#[derive(Clone, Copy)]
enum Text {
    Name,
    /// A number, or its digits as text.
    Id,
}

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Option<String>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Text {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "a name",
            Self::Id => "an id",
        })
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Option<String>, E> {
        match self {
            Self::Id if number >= 0 => Ok(Some(number.to_string())),
            _ => Err(E::invalid_type(de::Unexpected::Signed(number), &self)),
        }
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Option<String>, E> {
        match self {
            // No id of 64 bits is longer; a long one could be repeated without
            // end.
            Self::Id if text.len() > 20 => Err(E::custom("text that is no id")),
            _ => Ok(Some(text)),
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Option<String>, E> {
        self.visit_string(text.to_owned())
    }

    fn visit_unit<E: de::Error>(self) -> Result<Option<String>, E> {
        Ok(None)
    }
}
