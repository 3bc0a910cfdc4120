//! What was read, as columns on standard output.

use std::collections::VecDeque;
use std::io::{self, BufWriter, Stdout, Write};

use mongodb::bson::{Bson, RawDocument};
use mongodb::raw_batch_cursor::RawBatch;

use super::ask::documents;
use super::marker::{self, HIGHEST, Known};
use super::merging::Merging;
use crate::bson::Columns;
use activity_data::store::columns::{put_left_out, put_sent, put_windows};
use activity_data::store::stream::{Kind, write_end, write_frame, write_header};

/// What was read since the beginning, or since reading began anew.
pub(crate) struct Output {
    out: BufWriter<Stdout>,
    columns: Columns,
    /// Documents, usable or not, without those that were expected.
    pub(crate) documents: u64,
    /// Bytes of the server's replies.
    pub(crate) bytes: u64,
    /// Whether a reply could not be read as a list of documents.
    pub(crate) is_broken: bool,
    /// The documents with the highest `_id`s, in that order.
    pub(crate) highest: VecDeque<Known>,
    /// Whether documents came in another order than that of `_id`.
    pub(crate) disorder: bool,
    /// Whether an `_id` is missing, or can't be put in order here.
    pub(crate) unknown: bool,
    /// Documents that were left out, and can be asked for again.
    pub(crate) left_out: Vec<Known>,
    /// What comes next must be these documents, which the pull before read.
    pub(crate) expected: VecDeque<Known>,
    /// Whether another came in their place: nothing is taken from there on.
    pub(crate) is_unexpected: bool,
    /// What comes next may begin with the document of this `_id`, which was read.
    pub(crate) known: Option<Bson>,
    /// How many windows, and how many documents left out, were written.
    written: (usize, usize),
    /// How many members have been named.
    written_members: usize,
    /// Where windows are handed over merged.
    merging: Option<Merging>,
    /// Whether a window came too late for that: nothing is merged from there on.
    is_late: bool,
}

impl Output {
    fn empty(merging: Option<Merging>) -> Self {
        Self {
            out: BufWriter::with_capacity(1 << 16, io::stdout()),
            columns: Columns::new(),
            documents: 0,
            bytes: 0,
            is_broken: false,
            highest: VecDeque::new(),
            disorder: false,
            unknown: false,
            left_out: Vec::new(),
            expected: VecDeque::new(),
            is_unexpected: false,
            known: None,
            written: (0, 0),
            written_members: 0,
            merging,
            is_late: false,
        }
    }

    /// Begins the stream with its source.
    pub(crate) fn begin(source: &[u8]) -> io::Result<Self> {
        let mut output = Self::empty(None);
        write_header(&mut output.out)?;
        output.frame(Kind::Source, source)?;
        output.out.flush()?;
        Ok(output)
    }

    /// Makes void what was read so far.
    pub(crate) fn begin_anew(&mut self) -> io::Result<()> {
        self.frame(Kind::Anew, &[])?;
        self.out.flush()?;
        *self = Self::empty(self.merging.take().map(Merging::anew));
        Ok(())
    }

    /// Hands windows over merged from now on.
    pub(crate) fn merge(&mut self, merging: Merging) {
        self.merging = Some(merging);
    }

    /// Goes on from a pull that ended with these documents.
    pub(crate) fn expect(&mut self, documents: Vec<Known>) {
        self.highest = documents.into();
        self.expected = self.highest.clone();
    }

    pub(crate) fn frame(&mut self, kind: Kind, payload: &[u8]) -> io::Result<()> {
        write_frame(&mut self.out, kind, payload)
    }

    pub(crate) fn end(&mut self) -> io::Result<()> {
        write_end(&mut self.out, self.written.0, self.written.1)
    }

    /// Takes documents, and writes what is certain. `sorted`: they come in the
    /// order of `_id`.
    pub(crate) fn batch(&mut self, batch: &RawBatch, sorted: bool) -> io::Result<()> {
        self.bytes += batch.as_raw_document().as_bytes().len() as u64;
        let taken = documents(batch, |document| self.document(document, sorted));
        self.is_broken |= taken.is_none();
        self.write()
    }

    fn document(&mut self, document: &RawDocument, sorted: bool) {
        if self.is_unexpected {
            return;
        }
        if let Some(expected) = self.expected.pop_front() {
            self.is_unexpected = expected.hash != marker::hash(document);
            return;
        }
        if let Some(known) = self.known.take()
            && let Ok(Some(id)) = document.get("_id")
            && Bson::try_from(id).is_ok_and(|id| id == known)
        {
            return;
        }
        self.documents += 1;
        let left_out = self.columns.left_out.len();
        let id = self.columns.document(document, self.documents);
        let Some(known) = id.and_then(|id| Known::new(&id, document)) else {
            self.unknown = true;
            return;
        };
        if self.columns.left_out.len() > left_out {
            self.left_out.push(known.clone());
        }
        self.put_in_order(known, sorted);
    }

    /// Keeps the document if its `_id` is among the highest. Where the server
    /// sends documents in the order of `_id` we need not know that order.
    fn put_in_order(&mut self, document: Known, sorted: bool) {
        let place = match document.id {
            _ if sorted => self.highest.len(),
            Bson::ObjectId(new) => self
                .highest
                .partition_point(|known| matches!(known.id, Bson::ObjectId(id) if id < new)),
            _ => {
                self.unknown = true;
                return;
            }
        };
        self.disorder |= place < self.highest.len();
        self.highest.insert(place, document);
        if self.highest.len() > HIGHEST {
            self.highest.pop_front();
        }
    }

    fn write(&mut self) -> io::Result<()> {
        let mut payload = Vec::new();
        if let Some(merging) = &mut self.merging {
            let ends = self.columns.left_out.iter().filter_map(|one| one.end);
            ends.for_each(|end| merging.leave_out(end));
        }
        self.settle(false)?;
        let windows = self.columns.windows.windows();
        if self.merging.is_none() && windows.len() > 0 {
            let new_members = &windows.members[self.written_members..];
            put_windows(&mut payload, windows, 0..windows.len(), new_members);
            self.written.0 += windows.len();
            self.written_members = windows.members.len();
            write_frame(&mut self.out, Kind::Windows, &payload)?;
        }
        if self.merging.is_none() || self.is_late {
            self.columns.windows.clear();
        }
        for left_out in std::mem::take(&mut self.columns.left_out) {
            payload.clear();
            put_left_out(&mut payload, &left_out);
            self.written.1 += 1;
            self.frame(Kind::LeftOut, &payload)?;
        }
        Ok(())
    }

    /// Merges the last windows, and says whether all are merged.
    pub(crate) fn is_merged(&mut self) -> io::Result<bool> {
        self.settle(true)?;
        Ok(!self.is_late)
    }

    /// Where windows are merged, writes those that are certain.
    fn settle(&mut self, is_end: bool) -> io::Result<()> {
        let Some(merging) = self.merging.as_mut().filter(|_| !self.is_late) else {
            return Ok(());
        };
        let windows = &mut self.columns.windows;
        let settled = windows.columns(|windows| merging.settle(windows, is_end));
        let Some((windows, sent)) = settled else {
            self.is_late = true;
            return Ok(());
        };
        let mut payload = Vec::new();
        put_windows(&mut payload, &windows, 0..windows.len(), &[]);
        self.written.0 += windows.len();
        write_frame(&mut self.out, Kind::Windows, &payload)?;
        for (begin, sent) in sent {
            payload.clear();
            put_sent(&mut payload, begin, &sent);
            write_frame(&mut self.out, Kind::Sent, &payload)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_ids_are_kept_in_order() {
        let known = |number: u8| Known {
            id: Bson::ObjectId([number; 12].into()),
            hash: 0,
        };
        let mut output = Output::empty(None);
        for number in (2..=40).step_by(2) {
            output.put_in_order(known(number), false);
        }
        assert!(!output.disorder);
        for number in [3, 35] {
            output.put_in_order(known(number), false);
        }
        assert!(output.disorder && !output.unknown);
        let mut expected: Vec<u8> = (12..=40).step_by(2).chain([35]).collect();
        expected.sort_unstable();
        assert!(
            output
                .highest
                .into_iter()
                .eq(expected.into_iter().map(known))
        );
    }
}
