//! The thread that turns batches into columns while the next batch is read.

use std::collections::VecDeque;
use std::io::{self, BufWriter, StdoutLock, Write};

use futures_util::StreamExt;
use mongodb::bson::raw::RawBsonRef;
use mongodb::bson::{Bson, RawDocument};
use mongodb::raw_batch_cursor::{RawBatch, RawBatchCursor};
use tokio::sync::{mpsc, oneshot};

use super::marker::{self, Highest, Known};
use crate::bson::Columns;
use activity_data::store::columns::{put_extent, put_left_out, put_period, put_windows};
use activity_data::store::stream::{Kind, write_end, write_frame, write_header};
use activity_data::{LeftOut, Merging};

/// What the thread does next.
type Work = Box<dyn FnOnce(&mut Thread) -> io::Result<()> + Send>;

/// The reader's end of the thread.
pub(crate) struct Decoder {
    work: mpsc::Sender<Work>,
}

/// Nothing reads our standard output any more, and the thread has ended.
#[derive(Debug)]
pub(crate) struct OutputClosed;

impl Decoder {
    pub(crate) fn start() -> Self {
        // One batch waits, one is decoded, one is being read: enough for both
        // sides never to wait in turn, and little memory.
        let (work, mut todo) = mpsc::channel::<Work>(1);
        std::thread::spawn(move || {
            let mut thread = Thread::new();
            let mut run = || {
                write_header(&mut thread.out)?;
                while let Some(work) = todo.blocking_recv() {
                    work(&mut thread)?;
                }
                io::Result::Ok(())
            };
            // An error ends the thread, and with it all waiting for its answers.
            let _ = run();
        });
        Self { work }
    }

    /// Hands over documents. `sorted`: they come in the order of `_id`.
    pub(crate) async fn batch(&self, batch: RawBatch, sorted: bool) -> Result<(), OutputClosed> {
        let work: Work = Box::new(move |thread| thread.batch(&batch, sorted));
        self.work.send(work).await.map_err(|_| OutputClosed)
    }

    /// Lets the thread do this after everything before, and waits for the answer.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Thread) -> io::Result<T> + Send + 'static,
    ) -> Result<T, OutputClosed> {
        let (answer, answered) = oneshot::channel();
        let work: Work = Box::new(move |thread| {
            let _ = answer.send(question(thread)?);
            Ok(())
        });
        self.work.send(work).await.map_err(|_| OutputClosed)?;
        answered.await.map_err(|_| OutputClosed)
    }

    pub(crate) async fn state(&self) -> Result<State, OutputClosed> {
        self.ask(|thread| Ok(thread.state.clone())).await
    }
}

/// What the thread has read since the beginning, or since it began anew.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// Documents, usable or not, without those that were expected.
    pub(crate) documents: u64,
    pub(crate) bytes: u64,
    pub(crate) highest: Highest,
    /// Whether all documents that were expected have come.
    pub(crate) is_as_expected: bool,
    /// Whether another came in their place: nothing is read from there on.
    pub(crate) is_unexpected: bool,
    /// Whether a reply could not be read as a list of documents.
    pub(crate) is_broken: bool,
}

pub(crate) struct Thread {
    out: BufWriter<StdoutLock<'static>>,
    columns: Columns,
    state: State,
    /// Documents that were left out, and can be asked for again.
    left_out: Vec<Known>,
    /// What follows begins with these documents, which were read before.
    expected: VecDeque<Known>,
    /// What follows may begin with the document that has this `_id`, which was
    /// read before.
    known: Option<Bson>,
    /// How many windows or periods, and how many documents left out, were written.
    written: (usize, usize),
    /// How many members have been named.
    written_members: usize,
    payload: Vec<u8>,
    /// Where windows are handed over merged.
    merging: Option<Merging>,
    /// Whether a window came too late for that: nothing is merged from there on.
    is_late: bool,
}

impl Thread {
    fn new() -> Self {
        Self {
            out: BufWriter::with_capacity(1 << 16, io::stdout().lock()),
            columns: Columns::new(),
            state: State::default(),
            left_out: Vec::new(),
            expected: VecDeque::new(),
            known: None,
            written: (0, 0),
            written_members: 0,
            payload: Vec::new(),
            merging: None,
            is_late: false,
        }
    }

    pub(crate) fn expect(&mut self, documents: Vec<Known>) -> io::Result<()> {
        self.expected = documents.into();
        self.state.is_as_expected = false;
        self.state.is_unexpected = false;
        self.state.highest.documents = self.expected.clone();
        self.known = None;
        Ok(())
    }

    pub(crate) fn may_begin_with(&mut self, id: Bson) -> io::Result<()> {
        self.known = Some(id);
        Ok(())
    }

    /// Makes void what was read so far.
    pub(crate) fn begin_anew(&mut self) -> io::Result<()> {
        self.columns = Columns::new();
        self.state = State::default();
        self.left_out.clear();
        self.expected.clear();
        self.known = None;
        self.written = (0, 0);
        self.written_members = 0;
        self.merging = self.merging.take().map(Merging::anew);
        self.is_late = false;
        self.frame(Kind::Anew, &[])
    }

    /// Hands windows over merged from now on.
    pub(crate) fn merge(&mut self, merging: Merging) -> io::Result<()> {
        self.merging = Some(merging);
        self.is_late = false;
        Ok(())
    }

    /// Merges the last windows, and says whether all are merged.
    pub(crate) fn is_merged(&mut self) -> io::Result<bool> {
        self.settle(true)?;
        if let Some(extent) = self.merging.as_ref().and_then(Merging::extent) {
            let mut payload = Vec::new();
            put_extent(&mut payload, &extent);
            self.frame(Kind::Extent, &payload)?;
        }
        Ok(!self.is_late)
    }

    /// Writes the periods that are certain.
    fn settle(&mut self, is_end: bool) -> io::Result<()> {
        let Some(merging) = self.merging.as_mut().filter(|_| !self.is_late) else {
            return Ok(());
        };
        let settled = self
            .columns
            .windows
            .columns(|windows| merging.settle(windows, is_end).ok());
        self.is_late = settled.is_none();
        for (begin, sums) in merging.take() {
            self.payload.clear();
            put_period(&mut self.payload, begin, &sums);
            self.written.0 += 1;
            write_frame(&mut self.out, Kind::Period, &self.payload)?;
        }
        Ok(())
    }

    pub(crate) fn take_left_out(&mut self) -> Vec<Known> {
        std::mem::take(&mut self.left_out)
    }

    pub(crate) fn frame(&mut self, kind: Kind, payload: &[u8]) -> io::Result<()> {
        if kind == Kind::LeftOut {
            self.written.1 += 1;
        }
        write_frame(&mut self.out, kind, payload)
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    pub(crate) fn end(&mut self) -> io::Result<()> {
        write_end(&mut self.out, self.written.0, self.written.1)
    }

    fn batch(&mut self, batch: &RawBatch, sorted: bool) -> io::Result<()> {
        self.state.bytes += batch.as_raw_document().as_bytes().len() as u64;
        self.state.is_broken |=
            documents(batch, |document| self.document(document, sorted)).is_none();
        self.write()
    }

    fn document(&mut self, document: &RawDocument, sorted: bool) {
        if self.state.is_unexpected {
            return;
        }
        if let Some(expected) = self.expected.pop_front() {
            self.state.is_unexpected = expected.hash != marker::hash(document);
            self.state.is_as_expected = self.expected.is_empty() && !self.state.is_unexpected;
            return;
        }
        if let Some(known) = self.known.take()
            && let Ok(Some(id)) = document.get("_id")
            && Bson::try_from(id).is_ok_and(|id| id == known)
        {
            return;
        }
        self.state.documents += 1;
        let left_out = self.columns.left_out.len();
        let id = self.columns.document(document, self.state.documents);
        let known = id.and_then(|id| Known::new(&id, document));
        if self.columns.left_out.len() > left_out {
            self.left_out.extend(known.clone());
        }
        self.state.highest.push(known, sorted);
    }

    fn write(&mut self) -> io::Result<()> {
        let windows = self.columns.windows.windows();
        let count = windows.len();
        if let Some(merging) = &mut self.merging {
            let ends = self.columns.left_out.iter().filter_map(|one| one.end);
            ends.for_each(|end| merging.leave_out(end));
            self.settle(false)?;
        } else if count > 0 {
            self.written.0 += count;
            self.payload.clear();
            let new_members = &windows.members[self.written_members..];
            put_windows(&mut self.payload, windows, 0..count, new_members);
            self.written_members = windows.members.len();
            write_frame(&mut self.out, Kind::Windows, &self.payload)?;
        }
        let left_out = std::mem::take(&mut self.columns.left_out);
        if self.merging.is_none() || self.is_late {
            self.columns.windows.clear();
        }
        self.write_skipped(&left_out)
    }

    /// Writes which documents were left out.
    pub(crate) fn write_skipped(&mut self, left_out: &[LeftOut]) -> io::Result<()> {
        for left_out in left_out {
            let mut payload = Vec::new();
            put_left_out(&mut payload, left_out);
            self.frame(Kind::LeftOut, &payload)?;
        }
        Ok(())
    }
}

/// The next batch.
pub(crate) async fn next(cursor: &mut RawBatchCursor) -> mongodb::error::Result<Option<RawBatch>> {
    cursor.next().await.transpose()
}

/// Hands over the documents of a reply to `find`, `aggregate` or `getMore`.
/// `None`: the reply isn't a list of documents.
pub(crate) fn documents(batch: &RawBatch, mut take: impl FnMut(&RawDocument)) -> Option<()> {
    for element in batch.doc_slices().ok()?.iter_elements() {
        match element.ok()?.value() {
            Ok(RawBsonRef::Document(document)) => take(document),
            _ => return None,
        }
    }
    Some(())
}
