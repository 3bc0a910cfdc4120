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

/// What a snapshot must fit: the collection, how many documents were read, and
/// the last of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marker {
    /// The collection's UUID: one that was dropped and made again has another.
    pub(crate) collection: Vec<u8>,
    pub(crate) documents: u64,
    pub(crate) last: Vec<Last>,
}

impl Marker {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        fn put(out: &mut Vec<u8>, bytes: &[u8]) {
            out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
            out.extend_from_slice(bytes);
        }
        let mut out = Vec::new();
        put(&mut out, &self.collection);
        out.extend_from_slice(&self.documents.to_le_bytes());
        for last in &self.last {
            let (kind, bytes) = last.id.parts();
            out.push(kind);
            put(&mut out, bytes);
            out.extend_from_slice(&last.hash.to_le_bytes());
        }
        out
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
        let length = parts.u32()? as usize;
        let collection = parts.bytes(length)?.to_vec();
        let documents = parts.u64()?;
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
        (!last.is_empty()).then_some(Self {
            collection,
            documents,
            last,
        })
    }
}
