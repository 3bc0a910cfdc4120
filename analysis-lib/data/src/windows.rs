//! Windows in columns, and the one place that makes them.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

use crate::MemberId;

/// A document that could not be used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The document: its `_id`, or the line of the file that it stands in.
    pub document: String,
    /// What is wrong with it.
    pub reason: String,
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
    /// Members online at the window's end.
    pub online: Vec<u32>,
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
    pub fn take(&self, indices: impl IntoIterator<Item = usize>) -> Self {
        self.select(indices, |_| true)
    }

    /// The windows with these indices, in that order, and of their members those
    /// whose index in `members` is one to keep.
    pub(crate) fn select(
        &self,
        indices: impl IntoIterator<Item = usize>,
        keeps: impl Fn(u32) -> bool,
    ) -> Self {
        let mut taken = Self {
            members: self.members.clone(),
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
        let twice = self.twice();
        if !twice.is_empty() {
            let is_kept = |i: &usize| twice.binary_search(i).is_err();
            *self = self.take((0..self.len()).filter(is_kept));
        }
        twice.len()
    }

    /// The windows, ascending, that are equal to one before them: a file that
    /// was imported twice gives each document another `_id`, and nothing else.
    fn twice(&self) -> Vec<usize> {
        let mut twice = Vec::new();
        let mut first = 0;
        for i in 1..self.len() {
            if self.ends[i] != self.ends[first] {
                first = i;
            } else if (first..i).any(|before| self.are_equal(before, i)) {
                twice.push(i);
            }
        }
        twice
    }

    fn are_equal(&self, one: usize, other: usize) -> bool {
        let senders = |i| {
            let mut own: Vec<(u32, u32)> = self
                .senders(i)
                .map(|s| (self.sender[s], self.sent[s]))
                .collect();
            own.sort_unstable();
            own
        };
        self.declared[one] == self.declared[other]
            && self.online[one] == self.online[other]
            && self.volume[one] == self.volume[other]
            && self.senders(one).len() == self.senders(other).len()
            && senders(one) == senders(other)
    }
}

/// More members' entries than a column of 32 bits can count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

impl std::fmt::Display for TooMany {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(
            "there are more members in all windows than can be counted; pull a shorter span",
        )
    }
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

/// A window's numbers but for its members.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// As [`Windows::ends`].
    pub end: i64,
    /// As [`Windows::declared`].
    pub declared: u32,
    /// As [`Windows::online`].
    pub online: u32,
    /// As [`Windows::volume`].
    pub volume: u32,
}

/// Makes [`Windows`], one window after the other: first what each member sent,
/// then [`window`](Self::window), or [`discard`](Self::discard) where something
/// turned out to be wrong with the document.
pub struct WindowsBuilder {
    windows: Windows,
    index: HashMap<MemberId, u32, BuildHasherDefault<IdHasher>>,
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
            settled: windows.members.len(),
            windows,
        }
    }

    /// The member's index, new where the id was never seen.
    pub fn member(&mut self, id: MemberId) -> u32 {
        let next = self.windows.members.len() as u32;
        let index = *self.index.entry(id).or_insert(next);
        if index == next {
            self.windows.members.push(id);
        }
        index
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

    /// Ends the window that is being made.
    pub fn window(&mut self, window: Window) -> Result<(), TooMany> {
        let Ok(end) = u32::try_from(self.windows.sender.len()) else {
            self.discard();
            return Err(TooMany);
        };
        self.windows.ends.push(window.end);
        self.windows.declared.push(window.declared);
        self.windows.online.push(window.online);
        self.windows.volume.push(window.volume);
        self.windows.first_sender.push(end);
        self.settled = self.windows.members.len();
        Ok(())
    }

    /// Forgets the window that is being made.
    pub fn discard(&mut self) {
        let before = self.windows.first_sender[self.windows.len()] as usize;
        self.windows.sender.truncate(before);
        self.windows.sent.truncate(before);
        for member in self.windows.members.drain(self.settled..) {
            self.index.remove(&member);
        }
    }

    /// Lets whole columns be appended at once: `append` gets the windows, with
    /// the members that [`member`](Self::member) gave an index. Gives back what
    /// `append` does; where that is `None`, the windows are of no use any more.
    pub fn columns(&mut self, append: impl FnOnce(&mut Windows) -> Option<()>) -> Option<()> {
        let appended = append(&mut self.windows);
        self.settled = self.windows.members.len();
        appended
    }

    /// The windows so far.
    pub fn windows(&self) -> &Windows {
        &self.windows
    }

    /// Drops the windows so far, and keeps the list of members.
    pub fn clear(&mut self) {
        let members = std::mem::take(&mut self.windows.members);
        let windows = &mut self.windows;
        for column in [
            &mut windows.declared,
            &mut windows.online,
            &mut windows.volume,
            &mut windows.sender,
            &mut windows.sent,
        ] {
            column.clear();
        }
        windows.ends.clear();
        windows.first_sender.truncate(1);
        windows.members = members;
    }

    /// All windows.
    pub fn finish(self) -> Windows {
        self.windows
    }
}
