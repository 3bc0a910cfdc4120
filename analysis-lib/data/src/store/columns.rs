//! Windows and periods as payloads of a [stream](super::stream).
//!
//! Windows are u32 counts of windows, of senders and of new members; the new
//! members' ids (u64 each), which continue the list of members; then the
//! columns end (above the frame's least end, which comes first as i64), declared
//! length, online members (and one more, 0 where they aren't known), message volume, senders in the window, and, over all
//! senders, the sender's index in the list of members and the messages sent. A
//! column is a u8 width and then that many bytes for each value: the fewest that
//! hold its largest value, of 4 or 8 for ends and of 0 (all are zero), 1, 2 or 4
//! for the others. That is a quarter of the columns in memory, and widening them
//! again costs next to nothing.
//!
//! Where documents say more, a u32 count of channels and their ids follow, and then for
//! each of the lists member count, joined, left and messages by channel two columns or
//! three: its length in each window (and one more, 0 where the document says none), and
//! its entries. Channels are places in that list, with messages in a column of their own.
//!
//! What was sent in a period, or in a part of one, is the period's first instant as i64,
//! and each member's id and messages as u64 each. Parts of one add up. Where it is sent
//! so, the windows come without it, in order, and each once.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::ops::Range;

use super::stream::{Broken, Kind, Parts, Reader, put_text, write_end, write_frame, write_header};
use crate::{LeftOut, Lists, MemberId, Sent, Source, Windows, WindowsBuilder};

/// Windows a frame when a whole activity is written, and senders: those of many
/// windows would make a frame too long to be read.
const FRAME: usize = 1 << 14;
const SENDERS: u32 = 1 << 22;

/// Ends that a stream may hold: years 1970 to 9999, where calendars end. Which
/// ends a document may have is narrower, and not decided here.
const ENDS: Range<i64> = 0..253_402_300_800_000;

/// Appends the payload of an `S` frame.
pub fn put_source(out: &mut Vec<u8>, source: &Source) {
    let (kind, texts) = match source {
        Source::Sample => (0, vec![]),
        Source::File(name) => (1, vec![name]),
        Source::MongoDb {
            database,
            collection,
        } => (2, vec![database, collection]),
    };
    out.push(kind);
    texts.into_iter().for_each(|text| put_text(out, text));
}

/// Appends the payload of a `K` frame.
pub fn put_left_out(out: &mut Vec<u8>, left_out: &LeftOut) {
    put_text(out, &left_out.document);
    put_text(out, &left_out.reason);
    if let Some(end) = left_out.end {
        out.extend_from_slice(&end.to_le_bytes());
    }
}

/// Appends the payload of a `W` frame: these of the windows, and the members
/// that no frame before has named.
pub fn put_windows(
    out: &mut Vec<u8>,
    windows: &Windows,
    range: Range<usize>,
    new_members: &[MemberId],
) {
    let first_sender = &windows.first_sender[range.start..=range.end];
    let senders = first_sender[0] as usize..first_sender[range.len()] as usize;
    let ends = &windows.ends[range.clone()];
    let least = ends.iter().copied().min().unwrap_or(0);
    for count in [range.len(), senders.len(), new_members.len()] {
        out.extend_from_slice(&(count as u32).to_le_bytes());
    }
    for id in new_members {
        out.extend_from_slice(&id.get().to_le_bytes());
    }
    out.extend_from_slice(&least.to_le_bytes());
    let pairs = first_sender.windows(2);
    let counts = pairs.map(|pair| u64::from(pair[1] - pair[0]));
    let above = ends.iter().map(|&end| (end - least) as u64);
    put_column(out, above, 4);
    let put = |out: &mut _, column: &[u32]| {
        put_column(out, column.iter().map(|&value| value.into()), 0);
    };
    put(out, &windows.declared[range.clone()]);
    let online = windows.online[range.clone()].iter();
    let online = online.map(|online| online.map_or(0, |n| u64::from(n) + 1));
    put_column(out, online, 0);
    put(out, &windows.volume[range.clone()]);
    put_column(out, counts, 0);
    put(out, &windows.sender[senders.clone()]);
    put(out, &windows.sent[senders]);
    let (joined, left) = (&windows.joined, &windows.left);
    let (counts, channels) = (&windows.member_count, &windows.by_channel);
    if counts.is_empty() && joined.is_empty() && left.is_empty() && channels.is_empty() {
        return;
    }
    out.extend_from_slice(&(windows.channels.len() as u32).to_le_bytes());
    for id in &windows.channels {
        out.extend_from_slice(&id.get().to_le_bytes());
    }
    put_lists(out, counts, range.clone(), &[|&count| count.into()]);
    put_lists(out, joined, range.clone(), &[|id| id.get()]);
    put_lists(out, left, range.clone(), &[|id| id.get()]);
    put_lists(out, channels, range, &[|of| of.0.into(), |of| of.1.into()]);
}

/// Appends the lists of these windows, and each part of their entries as a column.
fn put_lists<T: Clone + Default>(
    out: &mut Vec<u8>,
    lists: &Lists<T>,
    range: Range<usize>,
    parts: &[fn(&T) -> u64],
) {
    let length = |window| lists.get(window).map_or(0, |list| list.len() as u64 + 1);
    put_column(out, range.clone().map(length), 0);
    let entries = range.filter_map(|window| lists.get(window)).flatten();
    for part in parts {
        put_column(out, entries.clone().map(part), 0);
    }
}

/// Appends a column: its width, of `least` bytes at least, and its values.
fn put_column(out: &mut Vec<u8>, values: impl Iterator<Item = u64> + Clone, least: u8) {
    fn put<const WIDTH: usize>(out: &mut Vec<u8>, values: impl Iterator<Item = u64>) {
        out.push(WIDTH as u8);
        for value in values {
            out.extend_from_slice(&value.to_le_bytes()[..WIDTH]);
        }
    }
    match (values.clone().max().unwrap_or(0), least) {
        (0x1_0000_0000.., _) => put::<8>(out, values),
        (0x1_0000.., _) | (_, 4) => put::<4>(out, values),
        (0x100.., _) => put::<2>(out, values),
        (1.., _) => put::<1>(out, values),
        (0, _) => put::<0>(out, values),
    }
}

/// Appends the payload of a `P` frame.
pub fn put_sent(out: &mut Vec<u8>, begin: i64, sent: &BTreeMap<MemberId, u64>) {
    out.extend_from_slice(&begin.to_le_bytes());
    for number in sent.iter().flat_map(|(id, &sent)| [id.get(), sent]) {
        out.extend_from_slice(&number.to_le_bytes());
    }
}

impl Parts<'_> {
    /// Appends a column of `count` values.
    fn column<T>(&mut self, count: usize, to: &mut Vec<T>, from: impl Fn(u64) -> T) -> Option<()> {
        fn read<const WIDTH: usize>(bytes: &[u8]) -> impl Iterator<Item = u64> {
            let (values, _) = bytes.as_chunks::<WIDTH>();
            values.iter().map(|value| {
                let mut whole = [0; 8];
                whole[..WIDTH].copy_from_slice(value);
                u64::from_le_bytes(whole)
            })
        }
        let width = self.u8()?;
        let bytes = self.bytes(count.checked_mul(width.into())?)?;
        match width {
            0 => to.extend((0..count).map(|_| from(0))),
            1 => to.extend(read::<1>(bytes).map(from)),
            2 => to.extend(read::<2>(bytes).map(from)),
            4 => to.extend(read::<4>(bytes).map(from)),
            8 => to.extend(read::<8>(bytes).map(from)),
            _ => return None,
        }
        Some(())
    }

    fn values<T>(&mut self, count: usize, from: impl Fn(u64) -> T) -> Option<Vec<T>> {
        let mut values = Vec::new();
        self.column(count, &mut values, from)?;
        Some(values)
    }

    fn source(&mut self) -> Option<Source> {
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

    fn sent(&mut self, all: &mut Sent) -> Option<()> {
        let own = all.entry(self.i64()?).or_default();
        while !self.0.is_empty() {
            let (id, sent) = (self.u64()?.into(), self.u64()?);
            *own.entry(id).or_default() += sent;
        }
        Some(())
    }

    fn left_out(&mut self) -> Option<LeftOut> {
        Some(LeftOut {
            document: self.text()?,
            reason: self.text()?,
            end: self.i64(),
        })
    }

    /// Appends a `W` frame's windows. `members` are the reader's indices of the writer's
    /// members, which differ where what is read continues what was there before.
    fn windows(
        &mut self,
        version: u32,
        to: &mut WindowsBuilder,
        members: &mut Vec<u32>,
    ) -> Option<()> {
        let count = self.u32()? as usize;
        let senders = self.u32()? as usize;
        let new = self.u32()? as usize;
        for id in self.bytes(new.checked_mul(8)?)?.chunks_exact(8) {
            members.push(to.member(u64::from_le_bytes(id.try_into().ok()?).into()));
        }
        let least = self.i64()?;
        let number = |value| value as u32;
        to.columns(|to| {
            let (first, first_sender) = (to.len(), to.sender.len());
            u32::try_from(first_sender + senders).ok()?;
            self.column(count, &mut to.ends, |end| least.wrapping_add(end as i64))?;
            if !to.ends[first..].iter().all(|end| ENDS.contains(end)) {
                return None;
            }
            match version {
                1 => to.declared.resize(to.ends.len(), 0),
                _ => self.column(count, &mut to.declared, number)?,
            }
            self.column(count, &mut to.online, |value| match version {
                1..=3 => Some(number(value)),
                _ => value.checked_sub(1).map(number),
            })?;
            self.column(count, &mut to.volume, number)?;
            self.column(count, &mut to.first_sender, number)?;
            let mut end = first_sender as u32;
            for start in &mut to.first_sender[first + 1..] {
                end = end.checked_add(*start)?;
                *start = end;
            }
            if end as usize != first_sender + senders {
                return None;
            }
            self.column(senders, &mut to.sender, number)?;
            self.column(senders, &mut to.sent, number)?;
            let senders = &mut to.sender[first_sender..];
            let most = senders.iter().max().map_or(0, |&most| most as usize + 1);
            if most > members.len() {
                return None;
            }
            if !members.iter().copied().eq(0..members.len() as u32) {
                for sender in senders {
                    *sender = members[*sender as usize];
                }
            }
            Some(())
        })?;
        if self.0.is_empty() {
            return Some(());
        }
        let channels = (0..self.u32()?).map(|_| Some(to.channel(self.u64()?.into())));
        let channels: Vec<u32> = channels.collect::<Option<_>>()?;
        let first = to.windows().len() - count;
        to.columns(|to| {
            self.lists(first, count, &mut to.member_count, |parts, entries| {
                parts.values(entries, number)
            })?;
            for lists in [&mut to.joined, &mut to.left] {
                self.lists(first, count, lists, |parts, entries| {
                    parts.values(entries, MemberId::from)
                })?;
            }
            self.lists(first, count, &mut to.by_channel, |parts, entries| {
                let places = parts.values(entries, |place| place as usize)?;
                let sent = parts.values(entries, number)?;
                let pairs = places.iter().zip(&sent);
                let pair = |(&place, &sent)| Some((*channels.get(place)?, sent));
                pairs.map(pair).collect()
            })?;
            self.0.is_empty().then_some(())
        })
    }

    /// Appends the lists of `count` windows from `first` on.
    fn lists<T: Clone + Default>(
        &mut self,
        first: usize,
        count: usize,
        to: &mut Lists<T>,
        entries: impl FnOnce(&mut Self, usize) -> Option<Vec<T>>,
    ) -> Option<()> {
        let lengths = self.values(count, |length| length)?;
        let all = lengths.iter().map(|length| length.saturating_sub(1));
        let all: u64 = all.sum();
        let mut entries = entries(self, all.try_into().ok()?)?.into_iter();
        for (window, length) in (first..).zip(lengths) {
            let length = length.checked_sub(1);
            let list = length.map(|length| entries.by_ref().take(length as usize));
            to.push(window, list).ok()?;
        }
        Some(())
    }
}

/// Writes everything from the source to the end.
pub fn write_all(
    out: &mut impl Write,
    source: &Source,
    windows: &Windows,
    left_out: &[LeftOut],
    resume: Option<&[u8]>,
) -> std::io::Result<()> {
    write_header(out)?;
    let mut payload = Vec::new();
    put_source(&mut payload, source);
    write_frame(out, Kind::Source, &payload)?;
    if let Some(resume) = resume {
        write_frame(out, Kind::Resume, resume)?;
    }
    let mut new_members: &[MemberId] = &windows.members;
    let mut from = 0;
    while from < windows.len() {
        payload.clear();
        let to = frame_end(&windows.first_sender, from);
        put_windows(&mut payload, windows, from..to, new_members);
        new_members = &[];
        write_frame(out, Kind::Windows, &payload)?;
        from = to;
    }
    for left_out in left_out {
        payload.clear();
        put_left_out(&mut payload, left_out);
        write_frame(out, Kind::LeftOut, &payload)?;
    }
    write_end(out, windows.len(), left_out.len())
}

/// Where the frame ends that begins with this window: one at least is in it.
fn frame_end(first_sender: &[u32], from: usize) -> usize {
    let last = (first_sender.len() - 1).min(from + FRAME);
    let limit = first_sender[from].saturating_add(SENDERS);
    let fitting = first_sender[from + 1..=last].partition_point(|&end| end <= limit);
    from + fitting.max(1)
}

/// What a stream held.
#[derive(Default)]
pub struct Contents {
    /// Where the windows are from, once that was said.
    pub source: Option<Source>,
    /// The windows that can be used.
    pub windows: Windows,
    /// The documents that can't.
    pub left_out: Vec<LeftOut>,
    /// Who sent what by period, where that was merged.
    pub sent: Sent,
    /// Where the next pull can go on.
    pub resume: Option<Vec<u8>>,
    /// Whether what was there before turned out to be void.
    pub anew: bool,
}

/// Reads a whole stream, on top of what `before` holds.
pub fn read_all<R: Read>(
    reader: &mut Reader<R>,
    before: Contents,
    mut on_source: impl FnMut(&Source),
) -> Result<Contents, Broken> {
    let mut contents = before;
    let mut windows = WindowsBuilder::on(std::mem::take(&mut contents.windows));
    let mut members = Vec::new();
    let (mut first, mut first_skipped) = (windows.windows().len(), contents.left_out.len());
    let version = reader.version();
    loop {
        let (kind, mut parts) = reader.next()?;
        let read = match kind {
            Kind::Source => parts.source().map(|source| {
                on_source(&source);
                contents.source = Some(source);
            }),
            Kind::Windows => parts.windows(version, &mut windows, &mut members),
            Kind::LeftOut => parts
                .left_out()
                .map(|left_out| contents.left_out.push(left_out)),
            Kind::Anew => {
                windows = WindowsBuilder::new();
                contents.left_out.clear();
                contents.sent.clear();
                contents.anew = true;
                members.clear();
                (first, first_skipped) = (0, 0);
                Some(())
            }
            Kind::Resume => {
                contents.resume = Some(parts.0.to_vec());
                Some(())
            }
            Kind::Sent => parts.sent(&mut contents.sent),
            Kind::End => {
                contents.windows = windows.finish();
                let counts = parts.u64().zip(parts.u64());
                let taken = (contents.windows.len() - first) as u64;
                let left_out = (contents.left_out.len() - first_skipped) as u64;
                let is_whole = counts == Some((taken, left_out));
                return is_whole.then_some(contents).ok_or(Broken::Damaged);
            }
        };
        read.ok_or(Broken::Damaged)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The third version wrote online members as they are, this one one more.
    #[test]
    fn what_the_third_version_wrote_is_read() {
        let mut builder = WindowsBuilder::new();
        for online in [9, 0] {
            let window = crate::Window {
                end: 1_700_000_000_000,
                online: Some(online),
                ..Default::default()
            };
            builder.window(window).unwrap();
        }
        let mut bytes = Vec::new();
        write_all(&mut bytes, &Source::Sample, builder.windows(), &[], None).unwrap();
        let mut read = |version| {
            bytes[8] = version;
            let mut reader = Reader::new(&bytes[..]).unwrap();
            let contents = read_all(&mut reader, Contents::default(), |_| ()).unwrap();
            contents.windows.online
        };
        assert_eq!(read(4), [Some(9), Some(0)]);
        assert_eq!(read(3), [Some(10), Some(1)]);
    }

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
}
