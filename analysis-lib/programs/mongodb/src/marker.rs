//! Where a pull ended, so that the next can go on there.

use mongodb::bson::raw::RawElement;
use mongodb::bson::{Binary, Bson, Document, RawDocument, doc, spec::BinarySubtype};

use activity_data::store::stream::checksum;

/// A document that can be recognised later.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Known {
    pub(crate) id: Bson,
    /// Of all the document's bytes.
    pub(crate) hash: u64,
}

impl Known {
    /// `None`: the driver can't send this `_id` back, for a text in it isn't
    /// UTF-8.
    pub(crate) fn new(id: &RawElement, document: &RawDocument) -> Option<Self> {
        Some(Self {
            id: id.clone().try_into().ok()?,
            hash: hash(document),
        })
    }
}

/// By which a document is recognised.
pub(crate) fn hash(document: &RawDocument) -> u64 {
    checksum(0, document.as_bytes())
}

/// How many documents with the highest `_id`s a marker has.
pub(crate) const HIGHEST: usize = 16;

/// What a marker holds may change with its version.
const VERSION: i32 = 3;

/// The longest marker, in bytes. It is passed on in hexadecimal, and Linux
/// takes variables of up to 128 KB.
const LONGEST: usize = 60_000;

/// What a snapshot must fit: the collection, how many documents were read, those
/// with the highest `_id`s, and those that were left out, which may have been
/// mended since.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Marker {
    /// The collection's UUID: one that was dropped and made again has another.
    pub(crate) collection: Vec<u8>,
    pub(crate) documents: u64,
    pub(crate) highest: Vec<Known>,
    pub(crate) left_out: Vec<Known>,
}

impl Marker {
    /// `None`: too much was left out, or `_id`s are too long, to go on from here.
    pub(crate) fn to_bytes(&self) -> Option<Vec<u8>> {
        let binary = |bytes| Binary {
            subtype: BinarySubtype::Generic,
            bytes,
        };
        let known = || self.highest.iter().chain(&self.left_out);
        let marker = doc! {
            "version": VERSION,
            "collection": binary(self.collection.clone()),
            "documents": i64::try_from(self.documents).ok()?,
            "highest": self.highest.len() as i64,
            "ids": known().map(|known| &known.id).collect::<Vec<_>>(),
            "hashes": binary(known().flat_map(|known| known.hash.to_le_bytes()).collect()),
        };
        marker.to_vec().ok().filter(|bytes| bytes.len() <= LONGEST)
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
        let mut marker = Document::from_reader(bytes).ok()?;
        if marker.get_i32("version").ok() != Some(VERSION) {
            return None;
        }
        let hashes = marker.get_binary_generic("hashes").ok()?.chunks_exact(8);
        let hashes: Vec<u64> = hashes
            .filter_map(|bytes| Some(u64::from_le_bytes(bytes.try_into().ok()?)))
            .collect();
        let Some(Bson::Array(ids)) = marker.remove("ids") else {
            return None;
        };
        let count = usize::try_from(marker.get_i64("highest").ok()?).ok()?;
        if count == 0 || count > ids.len() || ids.len() != hashes.len() {
            return None;
        }
        let known = ids.into_iter().zip(hashes);
        let mut highest: Vec<Known> = known.map(|(id, hash)| Known { id, hash }).collect();
        Some(Self {
            collection: marker.get_binary_generic("collection").ok()?.clone(),
            documents: marker.get_i64("documents").ok()?.try_into().ok()?,
            left_out: highest.split_off(count),
            highest,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marker(left_out: usize) -> Marker {
        let known = |byte| Known {
            id: Bson::ObjectId([byte; 12].into()),
            hash: u64::MAX - u64::from(byte),
        };
        Marker {
            collection: vec![1; 16],
            documents: 9,
            highest: vec![known(1), known(2)],
            left_out: vec![known(3); left_out],
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
        let version = bytes
            .windows(8)
            .position(|name| name == b"version\0")
            .unwrap()
            + 8;
        bytes[version] = 2;
        assert_eq!(Marker::from_bytes(&bytes), None);
        // Version 2 was a list of bytes that began with its number.
        assert_eq!(
            Marker::from_bytes(&[&[2, 16, 0, 0, 0], &[1; 16][..]].concat()),
            None
        );
    }
}
