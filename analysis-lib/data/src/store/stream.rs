//! What is stored and piped: frames of bytes, with a checksum each. The program
//! `pull` writes them to its standard output,
//! [`Activity::save`](crate::Activity::save) to a file, and a snapshot holds them.
//!
//! All numbers are little-endian. A stream is the [`MAGIC`], the [`VERSION`]
//! as u32, and then frames:
//!
//! | bytes | |
//! |---|---|
//! | u8 | the frame's kind, a letter |
//! | u32 | the payload's length |
//! | … | the payload |
//! | u64 | [`checksum`] of the payload, seeded with the kind |
//!
//! | kind | payload |
//! |---|---|
//! | `S` | the source: u8 0 sample, 1 file, 2 MongoDB; then one text (the file's name) or two (database, collection) |
//! | `W` | windows, see [`columns`](super::columns) |
//! | `K` | one document that was left out: texts `document` and `reason`, then, where it is known, its window's end as i64 |
//! | `A` | begin anew: everything before this frame is void. Empty |
//! | `R` | where a pull can go on: bytes that only the program `pull` reads |
//! | `P` | who sent what in one period or a part of it, see [`columns`](super::columns) |
//! | `E` | the end: how many windows, and how many `K`, as u64 each, since the beginning or the last `A` |
//!
//! A text is a u32 length and UTF-8. A stream without its `E` is a part, and
//! never taken for the whole. No payload is longer than 256 MB.
//!
//! Versions 1 to 3 are still read. The first had no declared lengths of windows, the
//! second no ends of documents that were left out, and the third no windows whose online
//! members aren't known.

use std::io::{Read, Write};

/// What a stream begins with.
pub const MAGIC: &[u8; 8] = b"ACTIVITY";
/// The version that is written.
pub const VERSION: u32 = 4;

/// Largest payload read: a corrupt length must not make us allocate.
const LARGEST: usize = 256 << 20;

/// What a frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Where the windows are from.
    Source = b'S',
    /// Windows in columns.
    Windows = b'W',
    /// Documents that were left out.
    LeftOut = b'K',
    /// What came before doesn't count any more.
    Anew = b'A',
    /// Where the next pull can go on.
    Resume = b'R',
    /// Who sent what in a period.
    Sent = b'P',
    /// The stream is whole.
    End = b'E',
}

impl Kind {
    fn from_letter(letter: u8) -> Option<Self> {
        use Kind::{Anew, End, LeftOut, Resume, Sent, Source, Windows};
        [Source, Windows, LeftOut, Anew, Resume, Sent, End]
            .into_iter()
            .find(|&kind| kind as u8 == letter)
    }
}

/// A fast hash of 64 bits against accidents, not against enemies: FNV-1a's
/// steps over words of 8 bytes in four lanes, since byte by byte it would cost
/// as much as reading the file.
pub fn checksum(seed: u64, bytes: &[u8]) -> u64 {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let step = |lane: u64, word: u64| (lane ^ word).wrapping_mul(PRIME).rotate_left(29);
    let mut lanes = [seed, !seed, seed.rotate_left(32), 0xcbf2_9ce4_8422_2325];
    let mut chunks = bytes.chunks_exact(32);
    for chunk in &mut chunks {
        for (lane, word) in lanes.iter_mut().zip(chunk.chunks_exact(8)) {
            *lane = step(*lane, u64::from_le_bytes(word.try_into().expect("8 bytes")));
        }
    }
    let mut hash = bytes.len() as u64;
    for lane in lanes {
        hash = step(hash, lane);
    }
    for &byte in chunks.remainder() {
        hash = step(hash, byte.into());
    }
    hash ^ (hash >> 31)
}

/// Writes the stream's beginning.
pub fn write_header(out: &mut impl Write) -> std::io::Result<()> {
    out.write_all(MAGIC)?;
    out.write_all(&VERSION.to_le_bytes())
}

/// Writes a frame.
pub fn write_frame(out: &mut impl Write, kind: Kind, payload: &[u8]) -> std::io::Result<()> {
    if payload.len() > LARGEST {
        return Err(std::io::Error::other(
            "a frame would be too long to be read",
        ));
    }
    let length = payload.len() as u32;
    let mut head = [kind as u8; 5];
    head[1..].copy_from_slice(&length.to_le_bytes());
    out.write_all(&head)?;
    out.write_all(payload)?;
    out.write_all(&checksum((kind as u8).into(), payload).to_le_bytes())
}

/// Appends a text.
pub fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// Reads a payload's parts one after the other. `None`: the payload is damaged.
pub struct Parts<'a>(pub &'a [u8]);

impl<'a> Parts<'a> {
    /// The next bytes; `None` if there are fewer.
    pub fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    /// The next byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    /// The next number of 32 bits, little-endian.
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// The next number of 64 bits, little-endian.
    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// The next signed number of 64 bits, little-endian.
    pub fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    /// The next text: its length in bytes, then UTF-8.
    pub fn text(&mut self) -> Option<String> {
        let length = self.u32()? as usize;
        String::from_utf8(self.bytes(length)?.to_vec()).ok()
    }
}

/// Why a stream could not be read.
#[derive(Debug)]
pub enum Broken {
    /// The stream ends before its last frame, or can't be read.
    Read(std::io::Error),
    /// The bytes are something else, or another version's stream.
    Unknown,
    /// A frame is not what was written.
    Damaged,
}

/// Reads frames.
pub struct Reader<R> {
    input: R,
    version: u32,
    payload: Vec<u8>,
}

impl<R: Read> Reader<R> {
    /// Reads the stream's beginning.
    pub fn new(mut input: R) -> Result<Self, Broken> {
        let mut header = [0; 12];
        input.read_exact(&mut header).map_err(Broken::Read)?;
        let version = u32::from_le_bytes([header[8], header[9], header[10], header[11]]);
        if &header[..8] != MAGIC || !(1..=VERSION).contains(&version) {
            return Err(Broken::Unknown);
        }
        Ok(Self {
            input,
            version,
            payload: Vec::new(),
        })
    }

    /// The version that the stream was written in.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The next frame.
    #[allow(clippy::should_implement_trait)] // A frame borrows from its reader.
    pub fn next(&mut self) -> Result<(Kind, Parts<'_>), Broken> {
        let mut head = [0; 5];
        self.input.read_exact(&mut head).map_err(Broken::Read)?;
        let kind = Kind::from_letter(head[0]).ok_or(Broken::Damaged)?;
        let length = u32::from_le_bytes([head[1], head[2], head[3], head[4]]) as usize;
        if length > LARGEST {
            return Err(Broken::Damaged);
        }
        self.payload.resize(length, 0);
        self.input
            .read_exact(&mut self.payload)
            .map_err(Broken::Read)?;
        let mut sum = [0; 8];
        self.input.read_exact(&mut sum).map_err(Broken::Read)?;
        if u64::from_le_bytes(sum) != checksum(head[0].into(), &self.payload) {
            return Err(Broken::Damaged);
        }
        Ok((kind, Parts(&self.payload)))
    }
}

/// Writes the end.
pub fn write_end(out: &mut impl Write, taken: usize, left_out: usize) -> std::io::Result<()> {
    let counts = [taken as u64, left_out as u64].map(u64::to_le_bytes);
    write_frame(out, Kind::End, counts.as_flattened())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_that_no_reader_would_believe_is_not_written() {
        let long = vec![0; LARGEST + 1];
        assert!(write_frame(&mut Vec::new(), Kind::Windows, &long).is_err());
    }
}
