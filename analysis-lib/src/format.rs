//! The windows' columns as bytes: what the program `pull` writes to its
//! standard output, what [`Activity::save`](crate::Activity::save) writes to a
//! file, and what a snapshot holds.
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
//! | `W` | windows, see below |
//! | `K` | one document that was left out: texts `document` and `reason` |
//! | `A` | begin anew: everything before this frame is void. Empty |
//! | `R` | where a pull can go on: bytes that only the program `pull` reads |
//! | `P` | one period, see [`put_period`] |
//! | `E` | the end: how many windows (or periods), and how many `K`, as u64 each, since the beginning or the last `A` |
//!
//! A text is a u32 length and UTF-8. A stream without its `E` is a part, and
//! never taken for the whole.
//!
//! Windows are u32 counts of windows, of senders and of new members; the new
//! members' ids (u64 each), which continue the list of members; then the
//! columns time (above the frame's least time, which comes first as i64),
//! online members, message volume, senders in the window, and, over all
//! senders, the sender's index in the list of members and the messages sent. A
//! column is a u8 width and then that many bytes for each value: the fewest that
//! hold its largest value, of 4 or 8 for times and of 1, 2 or 4 for the others.
//! That is a quarter of the columns in memory, and widening them again costs
//! next to nothing.
//!
//! No payload is longer than 256 MB.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::ops::Range;

use crate::activity::{Skipped, Windows};
use crate::origin::Source;
use crate::periods::Sums;

pub(crate) const MAGIC: &[u8; 8] = b"ACTIVITY";
pub(crate) const VERSION: u32 = 1;

/// The longest payload that is believed: a damaged length must not become a
/// demand for memory.
const LONGEST: usize = 256 << 20;

/// Windows a frame when a whole activity is written, and senders: those of many
/// windows would be longer than is believed.
const FRAME: usize = 1 << 14;
const SENDERS: u32 = 1 << 22;

/// What a frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Source,
    Windows,
    Skipped,
    Anew,
    Resume,
    Period,
    End,
}

impl Kind {
    fn letter(self) -> u8 {
        match self {
            Self::Source => b'S',
            Self::Windows => b'W',
            Self::Skipped => b'K',
            Self::Anew => b'A',
            Self::Resume => b'R',
            Self::Period => b'P',
            Self::End => b'E',
        }
    }

    fn from_letter(letter: u8) -> Option<Self> {
        let all = [
            Self::Source,
            Self::Windows,
            Self::Skipped,
            Self::Anew,
            Self::Resume,
            Self::Period,
            Self::End,
        ];
        all.into_iter().find(|kind| kind.letter() == letter)
    }
}

/// A fast hash of 64 bits against accidents, not against enemies: FNV-1a's
/// steps over words of 8 bytes in four lanes, since byte by byte it would cost
/// as much as reading the file.
pub(crate) fn checksum(seed: u64, bytes: &[u8]) -> u64 {
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
pub(crate) fn write_header(out: &mut impl Write) -> std::io::Result<()> {
    out.write_all(MAGIC)?;
    out.write_all(&VERSION.to_le_bytes())
}

/// Writes a frame.
pub(crate) fn write_frame(out: &mut impl Write, kind: Kind, payload: &[u8]) -> std::io::Result<()> {
    if payload.len() > LONGEST {
        return Err(std::io::Error::other(
            "a frame would be too long to be read",
        ));
    }
    let length = payload.len() as u32;
    let mut head = [kind.letter(); 5];
    head[1..].copy_from_slice(&length.to_le_bytes());
    out.write_all(&head)?;
    out.write_all(payload)?;
    out.write_all(&checksum(kind.letter().into(), payload).to_le_bytes())
}

/// Appends a text.
pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// Appends the payload of an `S` frame.
pub(crate) fn put_source(out: &mut Vec<u8>, source: &Source) {
    match source {
        Source::Sample => out.push(0),
        Source::File(name) => {
            out.push(1);
            put_text(out, name);
        }
        Source::MongoDb {
            database,
            collection,
        } => {
            out.push(2);
            put_text(out, database);
            put_text(out, collection);
        }
    }
}

/// Appends the payload of a `K` frame.
pub(crate) fn put_skipped(out: &mut Vec<u8>, skipped: &Skipped) {
    put_text(out, &skipped.document);
    put_text(out, &skipped.reason);
}

/// Appends the payload of a `W` frame: these of the windows, and the members
/// that no frame before has named.
pub(crate) fn put_windows(
    out: &mut Vec<u8>,
    windows: &Windows,
    range: Range<usize>,
    new_members: &[u64],
) {
    let starts = &windows.starts[range.start..=range.end];
    let senders = starts[0] as usize..starts[range.len()] as usize;
    let times = &windows.times[range.clone()];
    let least = times.iter().copied().min().unwrap_or(0);
    for count in [range.len(), senders.len(), new_members.len()] {
        out.extend_from_slice(&(count as u32).to_le_bytes());
    }
    for id in new_members {
        out.extend_from_slice(&id.to_le_bytes());
    }
    out.extend_from_slice(&least.to_le_bytes());
    let counts: Vec<u32> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let above: Vec<u64> = times.iter().map(|&time| (time - least) as u64).collect();
    put_times(out, &above);
    put_column(out, &windows.online[range.clone()]);
    put_column(out, &windows.volume[range]);
    put_column(out, &counts);
    put_column(out, &windows.sender[senders.clone()]);
    put_column(out, &windows.sent[senders]);
}

fn put_times(out: &mut Vec<u8>, values: &[u64]) {
    match values.iter().copied().max().unwrap_or(0) {
        0..=0xffff_ffff => {
            out.push(4);
            out.extend(
                values
                    .iter()
                    .flat_map(|&value| (value as u32).to_le_bytes()),
            );
        }
        _ => {
            out.push(8);
            out.extend(values.iter().flat_map(|&value| value.to_le_bytes()));
        }
    }
}

fn put_column(out: &mut Vec<u8>, values: &[u32]) {
    match values.iter().copied().max().unwrap_or(0) {
        0..=0xff => {
            out.push(1);
            out.extend(values.iter().map(|&value| value as u8));
        }
        0x100..=0xffff => {
            out.push(2);
            out.extend(
                values
                    .iter()
                    .flat_map(|&value| (value as u16).to_le_bytes()),
            );
        }
        _ => {
            out.push(4);
            out.extend(values.iter().flat_map(|&value| value.to_le_bytes()));
        }
    }
}

/// Appends the payload of a `P` frame: the period's number as i64; windows, sum
/// and maximum of online members, and messages as u64 each; then each member's
/// id and messages as u64 each.
#[cfg(feature = "mongodb")]
pub(crate) fn put_period(out: &mut Vec<u8>, key: i64, sums: &Sums) {
    out.extend_from_slice(&key.to_le_bytes());
    let own = [
        sums.windows,
        sums.online,
        sums.online_max.into(),
        sums.messages,
    ];
    let members = sums.sent.iter().flat_map(|(&id, &sent)| [id, sent]);
    for number in own.into_iter().chain(members) {
        out.extend_from_slice(&number.to_le_bytes());
    }
}

/// Reads a payload's parts one after the other. `None`: it is damaged.
pub(crate) struct Parts<'a>(pub(crate) &'a [u8]);

impl<'a> Parts<'a> {
    pub(crate) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        Some(self.bytes(1)?[0])
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.bytes(4)?.try_into().ok()?))
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.bytes(8)?.try_into().ok()?))
    }

    pub(crate) fn text(&mut self) -> Option<String> {
        let length = self.u32()? as usize;
        String::from_utf8(self.bytes(length)?.to_vec()).ok()
    }

    /// Appends a column of `count` values.
    fn column(&mut self, count: usize, to: &mut Vec<u32>) -> Option<()> {
        let width = self.u8()?;
        let bytes = self.bytes(count.checked_mul(width.into())?)?;
        match width {
            1 => to.extend(bytes.iter().map(|&byte| u32::from(byte))),
            2 => to.extend(
                bytes
                    .chunks_exact(2)
                    .map(|pair| u32::from(u16::from_le_bytes([pair[0], pair[1]]))),
            ),
            4 => to.extend(
                bytes
                    .chunks_exact(4)
                    .map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])),
            ),
            _ => return None,
        }
        Some(())
    }

    /// Appends a column of times, which are given above `least`.
    fn times(&mut self, count: usize, least: i64, to: &mut Vec<i64>) -> Option<()> {
        match self.u8()? {
            4 => {
                let words = self.bytes(count.checked_mul(4)?)?.chunks_exact(4);
                to.extend(words.map(|w| {
                    least.wrapping_add(u32::from_le_bytes([w[0], w[1], w[2], w[3]]).into())
                }));
            }
            8 => {
                let words = self.bytes(count.checked_mul(8)?)?.chunks_exact(8);
                to.extend(words.map(|w| {
                    least.wrapping_add(i64::from_le_bytes(w.try_into().expect("8 bytes")))
                }));
            }
            _ => return None,
        }
        Some(())
    }

    pub(crate) fn source(&mut self) -> Option<Source> {
        Some(match self.u8()? {
            0 => Source::Sample,
            1 => Source::File(self.text()?),
            2 => Source::MongoDb {
                database: self.text()?,
                collection: self.text()?,
            },
            _ => return None,
        })
    }

    fn period(&mut self) -> Option<(i64, Sums)> {
        let key = self.u64()?.cast_signed();
        let mut sums = Sums {
            windows: self.u64()?,
            online: self.u64()?,
            online_max: self.u64()?.try_into().ok()?,
            messages: self.u64()?,
            ..Sums::default()
        };
        while !self.0.is_empty() {
            sums.sent.insert(self.u64()?, self.u64()?);
        }
        (sums.windows > 0).then_some((key, sums))
    }

    pub(crate) fn skipped(&mut self) -> Option<Skipped> {
        Some(Skipped {
            document: self.text()?,
            reason: self.text()?,
        })
    }

    /// Appends a `W` frame's windows.
    pub(crate) fn windows(&mut self, to: &mut Windows, members: &mut Members) -> Option<()> {
        let count = self.u32()? as usize;
        let senders = self.u32()? as usize;
        let new = self.u32()? as usize;
        for id in self.bytes(new.checked_mul(8)?)?.chunks_exact(8) {
            members.add(u64::from_le_bytes(id.try_into().ok()?), to);
        }
        let least = i64::from_le_bytes(self.bytes(8)?.try_into().ok()?);
        let (first, first_sender) = (to.times.len(), to.sender.len());
        u32::try_from(first_sender + senders).ok()?;
        self.times(count, least, &mut to.times)?;
        if !to.times[first..]
            .iter()
            .all(|time| crate::source::document::TIMES.contains(time))
        {
            return None;
        }
        self.column(count, &mut to.online)?;
        self.column(count, &mut to.volume)?;
        self.column(count, &mut to.starts)?;
        let mut end = first_sender as u32;
        for start in &mut to.starts[first + 1..] {
            end = end.checked_add(*start)?;
            *start = end;
        }
        if end as usize != first_sender + senders {
            return None;
        }
        self.column(senders, &mut to.sender)?;
        self.column(senders, &mut to.sent)?;
        members.translate(&mut to.sender[first_sender..])?;
        self.0.is_empty().then_some(())
    }
}

/// From the writer's list of members to the reader's: they differ when what is
/// read continues what was there before.
#[derive(Default)]
pub(crate) struct Members {
    /// The reader's index of the writer's members.
    index: Vec<u32>,
    /// Whether each index is itself.
    same: bool,
    known: std::collections::HashMap<u64, u32>,
}

impl Members {
    /// For a writer that begins its list now.
    pub(crate) fn new(windows: &Windows) -> Self {
        Self {
            index: Vec::new(),
            same: windows.members.is_empty(),
            known: (0..)
                .zip(&windows.members)
                .map(|(index, &id)| (id, index))
                .collect(),
        }
    }

    fn add(&mut self, id: u64, to: &mut Windows) {
        let next = to.members.len() as u32;
        let index = *self.known.entry(id).or_insert(next);
        if index == next {
            to.members.push(id);
        }
        self.same &= index as usize == self.index.len();
        self.index.push(index);
    }

    fn translate(&self, senders: &mut [u32]) -> Option<()> {
        if senders
            .iter()
            .copied()
            .max()
            .is_some_and(|max| max as usize >= self.index.len())
        {
            return None;
        }
        if !self.same {
            for sender in senders {
                *sender = self.index[*sender as usize];
            }
        }
        Some(())
    }
}

/// Why a stream could not be read.
#[derive(Debug)]
pub(crate) enum Broken {
    /// It ends before its end, or can't be read.
    Read(std::io::Error),
    /// It isn't one, or another version's.
    Unknown,
    /// A frame is not what was written.
    Damaged,
}

/// Reads frames.
pub(crate) struct Reader<R> {
    input: R,
    payload: Vec<u8>,
}

impl<R: Read> Reader<R> {
    /// Reads the stream's beginning.
    pub(crate) fn new(mut input: R) -> Result<Self, Broken> {
        let mut header = [0; 12];
        input.read_exact(&mut header).map_err(Broken::Read)?;
        if &header[..8] != MAGIC || header[8..] != VERSION.to_le_bytes() {
            return Err(Broken::Unknown);
        }
        Ok(Self {
            input,
            payload: Vec::new(),
        })
    }

    /// The next frame.
    pub(crate) fn next(&mut self) -> Result<(Kind, Parts<'_>), Broken> {
        let mut head = [0; 5];
        self.input.read_exact(&mut head).map_err(Broken::Read)?;
        let kind = Kind::from_letter(head[0]).ok_or(Broken::Damaged)?;
        let length = u32::from_le_bytes([head[1], head[2], head[3], head[4]]) as usize;
        if length > LONGEST {
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

/// Writes everything from the source to the end.
pub(crate) fn write_all(
    out: &mut impl Write,
    source: &Source,
    windows: &Windows,
    skipped: &[Skipped],
    resume: Option<&[u8]>,
) -> std::io::Result<()> {
    write_header(out)?;
    let mut payload = Vec::new();
    put_source(&mut payload, source);
    write_frame(out, Kind::Source, &payload)?;
    if let Some(resume) = resume {
        write_frame(out, Kind::Resume, resume)?;
    }
    let mut new_members: &[u64] = &windows.members;
    let mut from = 0;
    while from < windows.times.len() {
        payload.clear();
        let to = frame_end(&windows.starts, from);
        put_windows(&mut payload, windows, from..to, new_members);
        new_members = &[];
        write_frame(out, Kind::Windows, &payload)?;
        from = to;
    }
    for skipped in skipped {
        payload.clear();
        put_skipped(&mut payload, skipped);
        write_frame(out, Kind::Skipped, &payload)?;
    }
    write_end(out, windows.times.len(), skipped.len())
}

/// Where the frame ends that begins with this window: one at least is in it.
fn frame_end(starts: &[u32], from: usize) -> usize {
    let last = (starts.len() - 1).min(from + FRAME);
    let limit = starts[from].saturating_add(SENDERS);
    let fitting = starts[from + 1..=last].partition_point(|&end| end <= limit);
    from + fitting.max(1)
}

/// Writes the end.
pub(crate) fn write_end(out: &mut impl Write, taken: usize, skipped: usize) -> std::io::Result<()> {
    let mut payload = (taken as u64).to_le_bytes().to_vec();
    payload.extend_from_slice(&(skipped as u64).to_le_bytes());
    write_frame(out, Kind::End, &payload)?;
    out.flush()
}

/// What a stream of windows held.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub(crate) source: Option<Source>,
    pub(crate) windows: Windows,
    pub(crate) skipped: Vec<Skipped>,
    /// By the period's number.
    pub(crate) periods: BTreeMap<i64, Sums>,
    pub(crate) resume: Option<Vec<u8>>,
    /// Whether what was there before turned out to be void.
    pub(crate) anew: bool,
}

/// Reads a whole stream of windows, on top of what `before` holds.
pub(crate) fn read_all<R: Read>(
    reader: &mut Reader<R>,
    before: Contents,
    mut on_source: impl FnMut(&Source),
) -> Result<Contents, Broken> {
    let mut contents = before;
    if contents.windows.starts.is_empty() {
        contents.windows = Windows::new();
    }
    let mut members = Members::new(&contents.windows);
    let (mut first, mut first_skipped) = (contents.windows.times.len(), contents.skipped.len());
    loop {
        let (kind, mut parts) = reader.next()?;
        let read = match kind {
            Kind::Source => parts.source().map(|source| {
                on_source(&source);
                contents.source = Some(source);
            }),
            Kind::Windows => parts.windows(&mut contents.windows, &mut members),
            Kind::Skipped => parts
                .skipped()
                .map(|skipped| contents.skipped.push(skipped)),
            Kind::Anew => {
                contents.windows = Windows::new();
                contents.skipped.clear();
                contents.anew = true;
                members = Members::new(&contents.windows);
                (first, first_skipped) = (0, 0);
                Some(())
            }
            Kind::Resume => {
                contents.resume = Some(parts.0.to_vec());
                Some(())
            }
            Kind::Period => parts.period().map(|(key, sums)| {
                contents.periods.insert(key, sums);
            }),
            Kind::End => {
                let counts = parts.u64().zip(parts.u64());
                let taken = (contents.windows.times.len() - first + contents.periods.len()) as u64;
                let skipped = (contents.skipped.len() - first_skipped) as u64;
                return if counts == Some((taken, skipped)) {
                    Ok(contents)
                } else {
                    Err(Broken::Damaged)
                };
            }
        };
        read.ok_or(Broken::Damaged)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_shorter_where_windows_have_many_senders() {
        let few: Vec<u32> = (0..=40_000).collect();
        assert_eq!(frame_end(&few, 0), FRAME);
        assert_eq!(frame_end(&few, 39_999), 40_000);
        let many: Vec<u32> = (0..=300).map(|window| window * 10_000_000).collect();
        assert_eq!(frame_end(&many, 0), 1);
        assert_eq!(frame_end(&many, 299), 300);
        let some: Vec<u32> = (0..=1_000).map(|window| window * 1_000_000).collect();
        assert_eq!(frame_end(&some, 3), 7);
    }

    #[test]
    fn a_frame_that_no_reader_would_believe_is_not_written() {
        let long = vec![0; LONGEST + 1];
        assert!(write_frame(&mut Vec::new(), Kind::Windows, &long).is_err());
    }
}
