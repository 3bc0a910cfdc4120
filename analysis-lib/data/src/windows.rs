//! Windows in columns, and the one place that makes them.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::ops::Range;

use crate::{ChannelId, Error, MemberId, Result};

/// A document that could not be used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The document: its `_id`, or the line of the file that it stands in.
    pub document: String,
    /// What is wrong with it.
    pub reason: String,
    /// When its window ended, in milliseconds since the epoch (UTC), where it says so
    /// and that can be.
    pub end: Option<i64>,
}

/// The columns. `sender` and `sent` hold window i's members at
/// `first_sender[i]..first_sender[i + 1]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Windows {
    /// End of each window, in milliseconds since the epoch (UTC).
    pub ends: Vec<i64>,
    /// Length of each window as its document says it, in milliseconds; 0 where
    /// the document doesn't.
    pub declared: Vec<u32>,
    /// Members online at the window's end; `None` where that isn't known.
    pub online: Vec<Option<u32>>,
    /// Messages in the window.
    pub volume: Vec<u32>,
    /// Discord ids, in the order they were first seen.
    pub members: Vec<MemberId>,
    /// Where each window's members begin, and the end of the last: one more
    /// entry than there are windows.
    pub first_sender: Vec<u32>,
    /// Index into `members`.
    pub sender: Vec<u32>,
    /// Messages that this member sent in the window.
    pub sent: Vec<u32>,
    /// One entry a window: human members of the server at its end.
    pub member_count: Lists<u32>,
    /// Who joined the server in the window, in order, once for each time.
    pub joined: Lists<MemberId>,
    /// Who left it.
    pub left: Lists<MemberId>,
    /// Channels' ids, in the order they were first seen.
    pub channels: Vec<ChannelId>,
    /// Indices into `channels`, and the messages there.
    pub by_channel: Lists<(u32, u32)>,
}

/// What windows list besides: a list for each of those whose documents say one. It
/// takes no memory where none does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lists<T> {
    /// For each window up to the last that says a list: whether it does, and where its
    /// entries end.
    is_said: Vec<bool>,
    ends: Vec<u32>,
    entries: Vec<T>,
}

impl<T: Clone + Default> Lists<T> {
    /// Whether no window says a list.
    pub fn is_empty(&self) -> bool {
        self.is_said.is_empty()
    }

    /// The list of a window; `None` where its document says none.
    pub fn get(&self, window: usize) -> Option<&[T]> {
        self.is_said.get(window).filter(|&&is_said| is_said)?;
        let begin = window.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.entries[begin as usize..self.ends[window] as usize])
    }

    /// All windows' entries, one after the other.
    pub(crate) fn all(&self) -> &[T] {
        &self.entries
    }

    /// Adds the list of this window, which comes after all that have one, if there is one.
    pub(crate) fn push(
        &mut self,
        window: usize,
        list: Option<impl IntoIterator<Item = T>>,
    ) -> Result<()> {
        if let Some(list) = list {
            self.is_said.resize(window, false);
            self.ends.resize(window, self.entries.len() as u32);
            self.entries.extend(list);
            self.ends.push(end_of(&self.entries)?);
            self.is_said.push(true);
        }
        Ok(())
    }

    /// The lists of these windows, in that order, of each the entries for which this is
    /// true.
    pub(crate) fn select(
        &self,
        windows: impl IntoIterator<Item = usize>,
        is_kept: impl Fn(&T) -> bool,
    ) -> Self {
        let mut kept = Self::default();
        for (place, window) in windows.into_iter().enumerate() {
            let list = self.get(window).map(<[T]>::iter);
            let list = list.map(|list| list.filter(|&entry| is_kept(entry)).cloned());
            kept.push(place, list).expect("there are no more");
        }
        kept
    }
}

/// What a document may say besides: see [`Windows`]. `None`: it doesn't.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extra {
    /// As [`Windows::member_count`].
    pub member_count: Option<u32>,
    /// As [`Windows::joined`].
    pub joined: Option<Vec<MemberId>>,
    /// As [`Windows::left`].
    pub left: Option<Vec<MemberId>>,
    /// As [`Windows::by_channel`].
    pub channels: Option<Vec<(ChannelId, u32)>>,
}

impl Default for Windows {
    /// No windows.
    fn default() -> Self {
        Self {
            ends: Vec::new(),
            declared: Vec::new(),
            online: Vec::new(),
            volume: Vec::new(),
            members: Vec::new(),
            first_sender: vec![0],
            sender: Vec::new(),
            sent: Vec::new(),
            member_count: Lists::default(),
            joined: Lists::default(),
            left: Lists::default(),
            channels: Vec::new(),
            by_channel: Lists::default(),
        }
    }
}

impl Windows {
    /// The number of windows.
    #[allow(clippy::len_without_is_empty)] // Who asks wants the number.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Where a window's members stand in `sender` and `sent`.
    pub fn senders(&self, index: usize) -> Range<usize> {
        self.first_sender[index] as usize..self.first_sender[index + 1] as usize
    }

    /// The windows with these indices, in that order. Members keep their index.
    pub fn take(&self, indices: impl IntoIterator<Item = usize, IntoIter: Clone>) -> Self {
        self.select(indices, |_| true)
    }

    /// The windows with these indices, in that order, and of their members those
    /// whose index in `members` is one to keep.
    pub(crate) fn select(
        &self,
        indices: impl IntoIterator<Item = usize, IntoIter: Clone>,
        keeps: impl Fn(u32) -> bool,
    ) -> Self {
        let indices = indices.into_iter();
        let mut taken = Self {
            members: self.members.clone(),
            channels: self.channels.clone(),
            member_count: self.member_count.select(indices.clone(), |_| true),
            joined: self.joined.select(indices.clone(), |_| true),
            left: self.left.select(indices.clone(), |_| true),
            by_channel: self.by_channel.select(indices.clone(), |_| true),
            ..Self::default()
        };
        for i in indices {
            taken.ends.push(self.ends[i]);
            taken.declared.push(self.declared[i]);
            taken.online.push(self.online[i]);
            taken.volume.push(self.volume[i]);
            for sender in self.senders(i).filter(|&s| keeps(self.sender[s])) {
                taken.sender.push(self.sender[sender]);
                taken.sent.push(self.sent[sender]);
            }
            taken.first_sender.push(taken.sender.len() as u32);
        }
        taken
    }

    /// Puts the windows in order of their ends, and takes each document once.
    /// Windows that end together keep the order they came in. Gives the number
    /// of windows that were left out because an equal one is there.
    pub fn put_in_order(&mut self) -> usize {
        if !self.ends.is_sorted() {
            let mut order: Vec<usize> = (0..self.len()).collect();
            order.sort_by_key(|&i| self.ends[i]);
            *self = self.take(order);
        }
        // A file that was imported twice gives each document another `_id`, and nothing
        // else.
        let mut first = 0;
        let is_there = |&i: &usize| {
            if self.ends[i] != self.ends[first] {
                first = i;
            }
            (first..i).any(|before| self.are_equal(before, i))
        };
        let twice: Vec<usize> = (1..self.len()).filter(is_there).collect();
        if !twice.is_empty() {
            let is_kept = |i: &usize| twice.binary_search(i).is_err();
            *self = self.take((0..self.len()).filter(is_kept));
        }
        twice.len()
    }

    fn are_equal(&self, one: usize, other: usize) -> bool {
        let row = |i: usize| {
            let senders = self.senders(i).map(|s| (self.sender[s], self.sent[s]));
            let mut senders: Vec<(u32, u32)> = senders.collect();
            senders.sort_unstable();
            let numbers = (self.declared[i], self.online[i], self.volume[i]);
            let people = (
                self.member_count.get(i),
                self.joined.get(i),
                self.left.get(i),
            );
            (numbers, senders, people, self.by_channel.get(i))
        };
        row(one) == row(other)
    }
}

/// Where these entries end, unless there are more than a column of 32 bits can count.
fn end_of<T>(entries: &[T]) -> Result<u32> {
    let why = "there are more members in all windows than can be counted; pull a shorter span";
    u32::try_from(entries.len()).map_err(|_| Error::new(why))
}

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

/// Where ids stand in the list of those that were seen.
type Index<Id> = HashMap<Id, u32, BuildHasherDefault<IdHasher>>;

/// An id's place in that list, at its end where the id was never seen.
fn place<Id: Copy + Eq + Hash>(index: &mut Index<Id>, seen: &mut Vec<Id>, id: Id) -> u32 {
    *index.entry(id).or_insert_with(|| {
        seen.push(id);
        seen.len() as u32 - 1
    })
}

/// A window's numbers but for its members.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// As [`Windows::ends`].
    pub end: i64,
    /// As [`Windows::declared`].
    pub declared: u32,
    /// As [`Windows::online`].
    pub online: Option<u32>,
    /// As [`Windows::volume`].
    pub volume: u32,
}

/// Makes [`Windows`], one window after the other: first what each member sent,
/// then [`window`](Self::window), or [`discard`](Self::discard) where something
/// turned out to be wrong with the document.
pub struct WindowsBuilder {
    windows: Windows,
    index: Index<MemberId>,
    channels: Index<ChannelId>,
    /// What the window that is being made says besides.
    extra: Extra,
    /// How many of `members` the finished windows have named.
    settled: usize,
}

impl WindowsBuilder {
    /// No window yet.
    #[allow(clippy::new_without_default)] // It is made, not a value.
    pub fn new() -> Self {
        Self::on(Windows::default())
    }

    /// Goes on where these windows end.
    pub fn on(windows: Windows) -> Self {
        Self {
            index: windows.members.iter().copied().zip(0..).collect(),
            channels: windows.channels.iter().copied().zip(0..).collect(),
            extra: Extra::default(),
            settled: windows.members.len(),
            windows,
        }
    }

    /// The member's index, new where the id was never seen.
    pub fn member(&mut self, id: MemberId) -> u32 {
        place(&mut self.index, &mut self.windows.members, id)
    }

    /// What a member sent in the window that is being made. A member who sent
    /// nothing isn't kept.
    pub fn sent(&mut self, id: MemberId, messages: u32) {
        if messages > 0 {
            let member = self.member(id);
            self.windows.sender.push(member);
            self.windows.sent.push(messages);
        }
    }

    /// The channel's index, new where the id was never seen.
    pub(crate) fn channel(&mut self, id: ChannelId) -> u32 {
        place(&mut self.channels, &mut self.windows.channels, id)
    }

    /// What the window that is being made says besides.
    pub fn extra(&mut self, extra: Extra) {
        self.extra = extra;
    }

    /// Ends the window that is being made.
    ///
    /// # Errors
    ///
    /// All windows together have more entries than can be counted.
    pub fn window(&mut self, window: Window) -> Result<()> {
        let end = end_of(&self.windows.sender).inspect_err(|_| self.discard())?;
        let extra = std::mem::take(&mut self.extra);
        let channels = extra.channels.map(|channels| {
            let indexed = channels.into_iter();
            let indexed = indexed.map(|(id, sent)| (self.channel(id), sent));
            indexed.collect::<Vec<_>>()
        });
        let place = self.windows.len();
        let windows = &mut self.windows;
        windows
            .member_count
            .push(place, extra.member_count.map(|count| [count]))?;
        windows.joined.push(place, extra.joined)?;
        windows.left.push(place, extra.left)?;
        windows.by_channel.push(place, channels)?;
        windows.ends.push(window.end);
        windows.declared.push(window.declared);
        windows.online.push(window.online);
        windows.volume.push(window.volume);
        windows.first_sender.push(end);
        self.settled = windows.members.len();
        Ok(())
    }

    /// Forgets the window that is being made.
    pub fn discard(&mut self) {
        self.extra = Extra::default();
        let before = self.windows.first_sender[self.windows.len()] as usize;
        self.windows.sender.truncate(before);
        self.windows.sent.truncate(before);
        for member in self.windows.members.drain(self.settled..) {
            self.index.remove(&member);
        }
    }

    /// Lets whole columns be changed at once: `change` gets the windows, with
    /// the members that [`member`](Self::member) gave an index. Gives back what
    /// `change` does.
    pub fn columns<T>(&mut self, change: impl FnOnce(&mut Windows) -> T) -> T {
        let changed = change(&mut self.windows);
        self.settled = self.windows.members.len();
        changed
    }

    /// The windows so far.
    pub fn windows(&self) -> &Windows {
        &self.windows
    }

    /// Drops the windows so far, and keeps the lists of members and of channels.
    pub fn clear(&mut self) {
        self.windows = self.windows.take([]);
    }

    /// All windows.
    pub fn finish(self) -> Windows {
        self.windows
    }
}
