//! Documents as MongoDB sends them: BSON in bytes, read without building
//! anything but the columns.
//!
//! Nothing is believed: every length is checked against what is there, so that
//! a broken document is left out like any other bad one.
//!
//! Reference: <https://bsonspec.org/spec.html>

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::document::{self, Field};
use crate::activity::{Skipped, Windows};

const TIME: &[u8] = document::TIME.as_bytes();
const ONLINE: &[u8] = document::ONLINE.as_bytes();
const VOLUME: &[u8] = document::VOLUME.as_bytes();
const QUANTITIES: &[u8] = document::QUANTITIES.as_bytes();

/// Member ids are numbers already spread by time: one multiplication mixes them
/// well enough, and there are some twenty in every window.
#[derive(Default)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, _: &[u8]) {
        unreachable!("only u64 is hashed");
    }
    fn write_u64(&mut self, id: u64) {
        let mixed = id.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

/// Columns of the documents read since they were last taken out.
#[derive(Default)]
pub(crate) struct Columns {
    /// `members` holds only those that were not seen before; senders are
    /// indices into the list of all.
    pub(crate) windows: Windows,
    pub(crate) skipped: Vec<Skipped>,
    index: HashMap<u64, u32, BuildHasherDefault<IdHasher>>,
}

impl Columns {
    pub(crate) fn new() -> Self {
        Self {
            windows: Windows::new(),
            ..Self::default()
        }
    }

    /// Empties the columns; members keep their index.
    pub(crate) fn clear(&mut self) {
        let windows = &mut self.windows;
        windows.times.clear();
        windows.online.clear();
        windows.volume.clear();
        windows.members.clear();
        windows.starts.truncate(1);
        windows.sender.clear();
        windows.sent.clear();
        self.skipped.clear();
    }

    /// Takes the document or, when something is wrong with it, nothing of it
    /// but its name and the reason. `number` is its place among all, for a
    /// document too broken to have an `_id`. Gives back the `_id`.
    pub(crate) fn document<'a>(&mut self, bytes: &'a [u8], number: usize) -> Option<Value<'a>> {
        let senders = self.windows.sender.len();
        let members = self.windows.members.len();
        let mut id = None;
        if let Err(reason) = self.read(bytes, &mut id) {
            self.windows.sender.truncate(senders);
            self.windows.sent.truncate(senders);
            for member in self.windows.members.drain(members..) {
                self.index.remove(&member);
            }
            self.skipped.push(Skipped {
                document: id.map_or_else(|| format!("document {number}"), |id| id.show()),
                reason,
            });
        }
        id
    }

    fn read<'a>(&mut self, bytes: &'a [u8], id: &mut Option<Value<'a>>) -> Result<(), String> {
        let mut time = Field::Missing;
        let mut online = Field::Missing;
        let mut volume = Field::Missing;
        let mut quantities = None;
        let mut seen = 0_u8;
        // The first of several fields with the same name counts, as it does for
        // MongoDB itself.
        let mut first = |bit: u8| {
            let new = seen & bit == 0;
            seen |= bit;
            new
        };
        let mut elements = Elements::new(bytes).ok_or_else(broken)?;
        while let Some(element) = elements.next() {
            let (name, value) = element.ok_or_else(broken)?;
            match name {
                b"_id" if first(1) => *id = Some(value),
                TIME if first(2) => time = value.field(),
                ONLINE if first(4) => online = value.field(),
                VOLUME if first(8) => volume = value.field(),
                QUANTITIES if first(16) => quantities = Some(value),
                _ => (),
            }
        }
        let time = document::time(time, document::latest())?;
        let online = document::count(document::ONLINE, online)?;
        let volume = document::count(document::VOLUME, volume)?;
        match quantities {
            Some(Value { kind: 0x03, bytes }) => self.senders(bytes)?,
            Some(_) => return Err(format!("{} is not a sub-document", document::QUANTITIES)),
            None => return Err(format!("{} is missing", document::QUANTITIES)),
        }
        let end = u32::try_from(self.windows.sender.len()).map_err(|_| "too many senders")?;
        self.windows.times.push(time);
        self.windows.online.push(online);
        self.windows.volume.push(volume);
        self.windows.starts.push(end);
        Ok(())
    }

    fn senders(&mut self, bytes: &[u8]) -> Result<(), String> {
        let mut elements = Elements::new(bytes).ok_or_else(broken)?;
        while let Some(element) = elements.next() {
            let (key, value) = element.ok_or_else(broken)?;
            let id = match decimal(key) {
                Some(id) => id,
                None => document::member(&String::from_utf8_lossy(key))?,
            };
            let sent = match value.field() {
                Field::Integer(sent @ 0..=0xffff_ffff) => sent as u32,
                field => document::count(&String::from_utf8_lossy(key), field)?,
            };
            if sent > 0 {
                let next = self.index.len() as u32;
                let member = *self.index.entry(id).or_insert(next);
                if member == next {
                    self.windows.members.push(id);
                }
                self.windows.sender.push(member);
                self.windows.sent.push(sent);
            }
        }
        Ok(())
    }
}

/// The number that up to 19 digits stand for.
fn decimal(key: &[u8]) -> Option<u64> {
    if key.is_empty() || key.len() > 19 {
        return None;
    }
    let mut number = 0;
    for byte in key {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + u64::from(digit);
    }
    Some(number)
}

fn broken() -> String {
    "the document's BSON is broken".to_owned()
}

/// A value: its type and its bytes, as the element has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Value<'a> {
    pub(crate) kind: u8,
    pub(crate) bytes: &'a [u8],
}

impl<'a> Value<'a> {
    fn field(self) -> Field<'static> {
        let word = |bytes: &[u8]| bytes.try_into().map(i64::from_le_bytes);
        match self.kind {
            0x10 => match self.bytes.try_into().map(i32::from_le_bytes) {
                Ok(value) => Field::Integer(value.into()),
                Err(_) => Field::Other("broken"),
            },
            0x12 => word(self.bytes).map_or(Field::Other("broken"), Field::Integer),
            0x09 => word(self.bytes).map_or(Field::Other("broken"), Field::Date),
            0x01 => word(self.bytes).map_or(Field::Other("broken"), |bits| {
                Field::Double(f64::from_bits(bits as u64))
            }),
            kind => Field::Other(type_name(kind)),
        }
    }

    /// A whole number of any type.
    pub(crate) fn integer(self) -> Option<i64> {
        match self.field() {
            Field::Integer(value) => Some(value),
            Field::Double(value) if value.fract() == 0.0 => Some(value as i64),
            _ => None,
        }
    }

    /// A string's bytes.
    pub(crate) fn text(self) -> Option<&'a [u8]> {
        (self.kind == 0x02)
            .then(|| self.bytes.get(4..self.bytes.len() - 1))
            .flatten()
    }

    /// An embedded document's or array's elements.
    pub(crate) fn elements(self) -> Option<Elements<'a>> {
        matches!(self.kind, 0x03 | 0x04)
            .then(|| Elements::new(self.bytes))
            .flatten()
    }

    /// An ObjectId's bytes.
    pub(crate) fn object_id(self) -> Option<[u8; 12]> {
        (self.kind == 0x07)
            .then(|| self.bytes.try_into().ok())
            .flatten()
    }

    /// An `_id` as MongoDB's shell would show it, shortened.
    pub(crate) fn show(self) -> String {
        match (self.kind, self.field()) {
            (0x07, _) => {
                let hex: String = self
                    .bytes
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect();
                format!("ObjectId(\"{hex}\")")
            }
            (0x02, _) => {
                let text = String::from_utf8_lossy(self.bytes.get(4..).unwrap_or_default());
                let shown: String = text.trim_end_matches('\0').chars().take(40).collect();
                format!("_id {shown:?}")
            }
            (_, Field::Integer(number)) => format!("_id {number}"),
            (_, Field::Double(number)) => format!("_id {number}"),
            (_, Field::Date(time)) => format!("_id date {time} ms since 1970"),
            (kind, _) => format!("_id of type {}", type_name(kind)),
        }
    }
}

fn type_name(kind: u8) -> &'static str {
    match kind {
        0x01 => "double",
        0x02 => "string",
        0x03 => "object",
        0x04 => "array",
        0x05 => "binary data",
        0x06 => "undefined",
        0x07 => "ObjectId",
        0x08 => "boolean",
        0x09 => "date",
        0x0a => "null",
        0x0b => "regular expression",
        0x0d | 0x0f => "JavaScript",
        0x0e => "symbol",
        0x10 | 0x12 => "integer",
        0x11 => "timestamp",
        0x13 => "decimal128",
        0x7f => "MaxKey",
        0xff => "MinKey",
        _ => "unknown",
    }
}

/// The elements of a document, as name and value. An inner `None`: the bytes
/// are broken here, and nothing follows.
pub(crate) struct Elements<'a> {
    rest: &'a [u8],
}

impl<'a> Elements<'a> {
    /// `None`: the document's length or end is wrong.
    pub(crate) fn new(bytes: &'a [u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk()?;
        if i32::from_le_bytes(*length) as usize != bytes.len() {
            return None;
        }
        let (&0, rest) = rest.split_last()? else {
            return None;
        };
        Some(Self { rest })
    }

    #[allow(clippy::should_implement_trait)] // It borrows nothing of itself, but is only looped by hand.
    pub(crate) fn next(&mut self) -> Option<Option<(&'a [u8], Value<'a>)>> {
        if self.rest.is_empty() {
            return None;
        }
        let element = self.element();
        if element.is_none() {
            self.rest = &[];
        }
        Some(element)
    }

    fn element(&mut self) -> Option<(&'a [u8], Value<'a>)> {
        let (&kind, rest) = self.rest.split_first()?;
        let end = rest.iter().position(|&byte| byte == 0)?;
        let (name, rest) = (&rest[..end], &rest[end + 1..]);
        let size = size(kind, rest)?;
        let (bytes, rest) = rest.split_at_checked(size)?;
        self.rest = rest;
        Some((name, Value { kind, bytes }))
    }
}

/// How many bytes a value of this type has that begins here.
fn size(kind: u8, bytes: &[u8]) -> Option<usize> {
    let length = || {
        let (length, _) = bytes.split_first_chunk()?;
        usize::try_from(i32::from_le_bytes(*length)).ok()
    };
    let text = |bytes: &[u8]| Some(bytes.iter().position(|&byte| byte == 0)? + 1);
    Some(match kind {
        0x06 | 0x0a | 0x7f | 0xff => 0,
        0x08 => 1,
        0x10 => 4,
        0x01 | 0x09 | 0x11 | 0x12 => 8,
        0x07 => 12,
        0x13 => 16,
        0x02 | 0x0d | 0x0e => length()?.checked_add(4)?,
        0x05 => length()?.checked_add(5)?,
        0x0c => length()?.checked_add(16)?,
        0x03 | 0x04 | 0x0f => length()?,
        0x0b => {
            let pattern = text(bytes)?;
            pattern + text(&bytes[pattern..])?
        }
        _ => return None,
    })
}

/// A document's `_id`, if it has one before its first broken byte.
pub(crate) fn id(document: &[u8]) -> Option<Value<'_>> {
    let mut elements = Elements::new(document)?;
    while let Some(element) = elements.next() {
        if let (b"_id", value) = element? {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An element: its type, its name and its value's bytes.
    fn element(kind: u8, name: &[u8], value: &[u8]) -> Vec<u8> {
        [&[kind], name, b"\0", value].concat()
    }

    fn document(elements: &[Vec<u8>]) -> Vec<u8> {
        let body = elements.concat();
        let length = body.len() as i32 + 5;
        [&length.to_le_bytes(), &*body, b"\0"].concat()
    }

    fn int32(name: &str, value: i32) -> Vec<u8> {
        element(0x10, name.as_bytes(), &value.to_le_bytes())
    }

    /// A window at `time` whose senders these are.
    fn window(time: i64, senders: &[Vec<u8>]) -> Vec<u8> {
        document(&[
            element(0x07, b"_id", &[7; 12]),
            element(0x09, TIME, &time.to_le_bytes()),
            int32(document::ONLINE, 84),
            int32(document::VOLUME, 12),
            element(0x03, QUANTITIES, &document(senders)),
        ])
    }

    #[test]
    fn a_document_that_is_left_out_leaves_no_member_behind() {
        let mut columns = Columns::new();
        columns.document(&window(1, &[int32("11", 1)]), 1);
        columns.clear();
        // Every document of a batch is refused, each after a good sender.
        for number in 2..5 {
            let senders = [int32("22", 5), int32("33", 5), int32("null", 1)];
            columns.document(&window(1, &senders), number);
        }
        assert_eq!(columns.skipped.len(), 3);
        assert!(columns.windows.members.is_empty());
        columns.clear();
        columns.document(&window(1, &[int32("33", 4), int32("11", 6)]), 5);
        assert_eq!(columns.windows.members, [33]);
        // 11 is the first of all members, and 33 the second.
        assert_eq!(columns.windows.sender, [1, 0]);
        assert_eq!(columns.windows.sent, [4, 6]);
    }

    /// SplitMix64, so that every machine makes the same documents.
    struct Random(u64);

    impl Random {
        fn below(&mut self, limit: usize) -> usize {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) % limit as u64) as usize
        }
    }

    /// Any type, and bytes that rarely are what such a type has.
    fn any_value(random: &mut Random) -> (u8, Vec<u8>) {
        let kinds = *b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x7f\x80\xff";
        let kind = kinds[random.below(kinds.len())];
        let words = [
            0,
            1,
            7,
            -1,
            i64::MIN,
            i64::MAX,
            1 << 32,
            253_402_300_800_000,
        ];
        let doubles = [0.0, -0.0, 7.0, 0.5, f64::NAN, f64::INFINITY, 1e300, 5e-324];
        let bytes = match kind {
            0x01 => doubles[random.below(8)].to_le_bytes().to_vec(),
            0x02 => [&3_i32.to_le_bytes()[..], b"\xff\xfe\0"].concat(),
            0x03 | 0x04 => {
                let mut inner = document(&[]);
                for _ in 0..random.below(300) {
                    inner = document(&[element(0x03, b"deep", &inner)]);
                }
                inner
            }
            0x09 | 0x12 => words[random.below(8)].to_le_bytes().to_vec(),
            0x10 => (words[random.below(8)] as i32).to_le_bytes().to_vec(),
            _ => (0..random.below(20))
                .map(|_| random.below(256) as u8)
                .collect(),
        };
        (kind, bytes)
    }

    fn mangled(random: &mut Random) -> Vec<u8> {
        let keys: [&[u8]; 7] = [
            b"12",
            b"",
            b"-1",
            b"\xff\xfe",
            b"me",
            b"99999999999999999999999",
            b"007",
        ];
        let mut senders: Vec<Vec<u8>> = (0..random.below(4))
            .map(|_| int32(&format!("{}", 10_usize.pow(17) + random.below(30)), 3))
            .collect();
        if random.below(3) == 0 {
            let (kind, value) = any_value(random);
            senders.push(element(kind, keys[random.below(7)], &value));
        }
        let mut bytes = window(1_600_000_000_000, &senders);
        if random.below(2) == 0 {
            let mut fields = vec![
                element(0x07, b"_id", &[7; 12]),
                element(0x09, TIME, &1_600_000_000_000_i64.to_le_bytes()),
                int32(document::ONLINE, 84),
                int32(document::VOLUME, 12),
                element(0x03, QUANTITIES, &document(&senders)),
            ];
            let names: [&[u8]; 6] = [b"_id", TIME, ONLINE, VOLUME, QUANTITIES, b"\xffother"];
            for _ in 0..random.below(3) {
                let at = random.below(6);
                let (kind, value) = any_value(random);
                let field = element(kind, names[at], &value);
                match random.below(3) {
                    0 => fields.insert(random.below(fields.len() + 1), field),
                    1 => drop(fields.remove(random.below(fields.len()))),
                    _ => fields[at % 3] = field,
                }
            }
            bytes = document(&fields);
        }
        match random.below(6) {
            0 => bytes.truncate(random.below(bytes.len())),
            1 => bytes.extend([0; 3]),
            2 => {
                for _ in 0..=random.below(4) {
                    let at = random.below(bytes.len());
                    bytes[at] = random.below(256) as u8;
                }
            }
            3 => {
                let at = random.below(bytes.len().saturating_sub(4).max(1));
                let length = [-1, 0, i32::MAX, i32::MIN, 5][random.below(5)];
                for (to, from) in bytes[at..].iter_mut().zip(length.to_le_bytes()) {
                    *to = from;
                }
            }
            _ => (),
        }
        bytes
    }

    #[test]
    fn each_of_many_mangled_documents_is_taken_or_named() {
        const COUNT: usize = 20_000;
        let mut random = Random(1);
        let mut columns = Columns::new();
        let (mut taken, mut left_out, mut members) = (0, 0, 0);
        for number in 1..=COUNT {
            columns.document(&mangled(&mut random), number);
            let windows = &columns.windows;
            let (new_taken, new_left_out) = (windows.times.len(), columns.skipped.len());
            assert_eq!(
                taken + left_out + new_taken + new_left_out,
                number,
                "each is one or the other"
            );
            for skipped in &columns.skipped {
                assert!(!skipped.document.is_empty() && !skipped.reason.is_empty());
            }
            assert_eq!(windows.online.len(), new_taken);
            assert_eq!(windows.volume.len(), new_taken);
            assert_eq!(windows.starts.len(), new_taken + 1);
            assert_eq!(windows.starts[new_taken] as usize, windows.sender.len());
            assert_eq!(windows.sent.len(), windows.sender.len());
            let known = members + windows.members.len();
            assert_eq!(
                columns.index.len(),
                known,
                "nobody is known twice or unseen"
            );
            assert!(
                windows
                    .sender
                    .iter()
                    .all(|&sender| (sender as usize) < known)
            );
            if random.below(20) == 0 {
                (taken, left_out, members) = (taken + new_taken, left_out + new_left_out, known);
                columns.clear();
            }
        }
        taken += columns.windows.times.len();
        left_out += columns.skipped.len();
        assert!(
            taken > COUNT / 10 && left_out > COUNT / 10,
            "{taken} and {left_out}"
        );
    }

    #[test]
    fn every_cut_off_document_is_named() {
        let whole = window(1, &[int32("11", 1), int32("22", 2)]);
        for end in 0..whole.len() {
            let mut columns = Columns::new();
            columns.document(&whole[..end], 9);
            assert_eq!(columns.skipped[0].document, "document 9");
            assert_eq!(columns.skipped[0].reason, broken());
        }
    }
}
