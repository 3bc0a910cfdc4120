//! Where a pull ended, so that the next can go on there.

use std::collections::VecDeque;

use mongodb::bson::{Document, RawDocument};

use crate::format::{Parts, checksum};
use crate::source::bson::Value;

/// How many of the last documents a marker remembers.
const TAIL: usize = 16;

/// A document's `_id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Id {
    /// An ObjectId: what documents have unless someone chose otherwise.
    Object([u8; 12]),
    /// Any other type, with its bytes in BSON.
    Other(u8, Box<[u8]>),
}

impl Id {
    pub(crate) fn of(value: Value) -> Self {
        match value.object_id() {
            Some(bytes) => Self::Object(bytes),
            None => Self::Other(value.kind, value.bytes.into()),
        }
    }

    fn parts(&self) -> (u8, &[u8]) {
        match self {
            Self::Object(bytes) => (0x07, bytes),
            Self::Other(kind, bytes) => (*kind, bytes),
        }
    }

    /// `{ _id: … }`. `None`: the driver can't send this one back, for its text
    /// isn't UTF-8.
    pub(crate) fn document(&self) -> Option<Document> {
        let (kind, bytes) = self.parts();
        let mut document = vec![0; 4];
        document.push(kind);
        document.extend_from_slice(b"_id\0");
        document.extend_from_slice(bytes);
        document.push(0);
        let length = document.len() as i32;
        document[..4].copy_from_slice(&length.to_le_bytes());
        Document::try_from(RawDocument::from_bytes(&document).ok()?).ok()
    }
}

/// One of the last documents, by the order of `_id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Last {
    pub(crate) id: Id,
    /// Of the document's bytes.
    pub(crate) hash: u64,
}

impl Last {
    pub(crate) fn new(id: Id, document: &[u8]) -> Self {
        Self {
            id,
            hash: checksum(0, document),
        }
    }
}

/// The last documents by the order of `_id`, of those that were read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tail {
    pub(crate) last: VecDeque<Last>,
    /// Whether documents came in any order but that of `_id`.
    pub(crate) disorder: bool,
    /// Whether an `_id` is missing, or can't be put in order here.
    pub(crate) unknown: bool,
}

impl From<&Vec<Last>> for Tail {
    fn from(last: &Vec<Last>) -> Self {
        Self {
            last: last.iter().cloned().collect(),
            ..Self::default()
        }
    }
}

impl Tail {
    /// Adds a document. `ordered`: the server sends in the order of `_id`, so
    /// that we need not know it.
    pub(crate) fn push(&mut self, id: Option<Value>, document: &[u8], ordered: bool) {
        let Some(id) = id.map(Id::of) else {
            self.unknown = true;
            return;
        };
        let at = match (&id, self.last.back()) {
            (_, None) => 0,
            (_, Some(_)) if ordered => self.last.len(),
            (
                Id::Object(new),
                Some(Last {
                    id: Id::Object(last),
                    ..
                }),
            ) => {
                if new > last {
                    self.last.len()
                } else {
                    self.disorder = true;
                    self.last
                        .partition_point(|last| matches!(&last.id, Id::Object(last) if last < new))
                }
            }
            _ => {
                self.unknown = true;
                return;
            }
        };
        self.unknown |= !ordered && !matches!(id, Id::Object(_));
        let full = self.last.len() == TAIL;
        if full && at == 0 {
            return;
        }
        let last = Last::new(id, document);
        if at == self.last.len() {
            self.last.push_back(last);
        } else {
            self.last.insert(at, last);
        }
        if full {
            self.last.pop_front();
        }
    }
}

/// The first byte of a marker: what it holds may change.
const VERSION: u8 = 2;

/// The longest marker, in bytes. It is passed on in hexadecimal, and Linux
/// takes variables of up to 128 KB.
const LONGEST: usize = 60_000;

/// What a snapshot must fit: the collection, how many documents were read, the
/// last of them, and those that were left out, which may be mended since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marker {
    /// The collection's UUID: one that was dropped and made again has another.
    pub(crate) collection: Vec<u8>,
    pub(crate) documents: u64,
    pub(crate) last: Vec<Last>,
    pub(crate) left_out: Vec<Last>,
}

impl Marker {
    /// `None`: too much was left out, or `_id`s are too long, to go on from here.
    pub(crate) fn to_bytes(&self) -> Option<Vec<u8>> {
        fn put(out: &mut Vec<u8>, bytes: &[u8]) {
            out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
            out.extend_from_slice(bytes);
        }
        let mut out = vec![VERSION];
        put(&mut out, &self.collection);
        out.extend_from_slice(&self.documents.to_le_bytes());
        out.extend_from_slice(&(self.last.len() as u32).to_le_bytes());
        for document in self.last.iter().chain(&self.left_out) {
            let (kind, bytes) = document.id.parts();
            out.push(kind);
            put(&mut out, bytes);
            out.extend_from_slice(&document.hash.to_le_bytes());
            if out.len() > LONGEST {
                return None;
            }
        }
        Some(out)
    }

    pub(crate) fn from_hex(hex: &str) -> Option<Self> {
        let bytes: Option<Vec<u8>> = hex
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        Self::from_bytes(&bytes?)
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut parts = Parts(bytes);
        if parts.u8()? != VERSION {
            return None;
        }
        let length = parts.u32()? as usize;
        let collection = parts.bytes(length)?.to_vec();
        let documents = parts.u64()?;
        let count = parts.u32()? as usize;
        let mut last = Vec::new();
        while !parts.0.is_empty() {
            let kind = parts.u8()?;
            let length = parts.u32()? as usize;
            let bytes = parts.bytes(length)?;
            last.push(Last {
                id: Id::of(Value { kind, bytes }),
                hash: parts.u64()?,
            });
        }
        if count == 0 || count > last.len() {
            return None;
        }
        let left_out = last.split_off(count);
        Some(Self {
            collection,
            documents,
            last,
            left_out,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marker(left_out: usize) -> Marker {
        let last = |byte| Last::new(Id::Object([byte; 12]), b"document");
        Marker {
            collection: vec![1; 16],
            documents: 9,
            last: vec![last(1), last(2)],
            left_out: vec![last(3); left_out],
        }
    }

    #[test]
    fn a_marker_comes_back_as_it_was() {
        for left_out in [0, 2, 2_000] {
            let marker = marker(left_out);
            let bytes = marker.to_bytes().unwrap();
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            assert!(hex.len() < 128 << 10);
            assert_eq!(Marker::from_hex(&hex), Some(marker));
            assert_eq!(Marker::from_bytes(&bytes[..bytes.len() - 1]), None);
        }
        assert_eq!(marker(10_000).to_bytes(), None);
    }

    #[test]
    fn the_marker_of_another_version_is_not_believed() {
        let mut bytes = marker(1).to_bytes().unwrap();
        bytes[0] = 1;
        assert_eq!(Marker::from_bytes(&bytes), None);
        // Version 1 had no number, and began with the length of a UUID.
        assert_eq!(Marker::from_bytes(&bytes[1..]), None);
    }
}
