//! The thread that turns batches into columns while the next batch is read.

use std::collections::VecDeque;
use std::io::{BufWriter, Write};
use std::sync::Arc;

use mongodb::raw_batch_cursor::RawBatch;
use tokio::sync::{mpsc, oneshot};

use super::marker::{Id, Last, Tail};
use crate::format::{self, Kind};
use crate::source::bson::{Columns, Elements};

/// What the reader asks of the thread.
enum Work {
    /// Documents. `ordered`: they come in the order of `_id`.
    Batch { batch: RawBatch, ordered: bool },
    /// What follows begins with these documents, which are known already; when
    /// it doesn't, nothing that follows counts.
    Expect(Vec<Last>),
    /// What follows may begin with this document, which is known already.
    Skip(Id),
    /// What was read so far is void.
    Anew,
    /// Say how far it got.
    State(oneshot::Sender<State>),
    /// Write this frame.
    Frame(Kind, Vec<u8>),
    /// So many more were taken and left out in frames of their own.
    Count(usize, usize),
    /// That was all.
    End(oneshot::Sender<()>),
}

/// How far the thread got.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// Documents read, usable or not, since the beginning or since it began
    /// anew; without those that were expected.
    pub(crate) documents: u64,
    pub(crate) bytes: u64,
    pub(crate) tail: Tail,
    /// Those that were left out, and have an `_id`.
    pub(crate) left_out: Arc<Vec<Last>>,
    /// How many expected documents haven't come.
    pub(crate) expected: usize,
    /// Another document came than was expected.
    pub(crate) unexpected: bool,
    /// A reply that isn't one.
    pub(crate) broken: bool,
}

/// The reader's end of the thread.
pub(crate) struct Decoder {
    work: mpsc::Sender<Work>,
}

/// The thread has ended: whoever reads our output is gone, and so are we soon.
#[derive(Debug)]
pub(crate) struct Gone;

impl Decoder {
    pub(crate) fn start() -> Self {
        // One batch waits, one is decoded, one is being read: enough for both
        // sides never to wait in turn, and little memory.
        let (work, todo) = mpsc::channel(1);
        std::thread::spawn(move || {
            // Nobody reads any more: the process is about to end.
            let _ = Thread::default().run(todo);
        });
        Self { work }
    }

    async fn send(&self, work: Work) -> Result<(), Gone> {
        self.work.send(work).await.map_err(|_| Gone)
    }

    pub(crate) async fn batch(&self, batch: RawBatch, ordered: bool) -> Result<(), Gone> {
        self.send(Work::Batch { batch, ordered }).await
    }

    pub(crate) async fn expect(&self, last: Vec<Last>) -> Result<(), Gone> {
        self.send(Work::Expect(last)).await
    }

    pub(crate) async fn skip(&self, id: Id) -> Result<(), Gone> {
        self.send(Work::Skip(id)).await
    }

    pub(crate) async fn anew(&self) -> Result<(), Gone> {
        self.send(Work::Anew).await
    }

    pub(crate) async fn frame(&self, kind: Kind, payload: Vec<u8>) -> Result<(), Gone> {
        self.send(Work::Frame(kind, payload)).await
    }

    pub(crate) async fn count(&self, taken: usize, skipped: usize) -> Result<(), Gone> {
        self.send(Work::Count(taken, skipped)).await
    }

    pub(crate) async fn state(&self) -> Result<State, Gone> {
        let (answer, state) = oneshot::channel();
        self.send(Work::State(answer)).await?;
        state.await.map_err(|_| Gone)
    }

    pub(crate) async fn end(&self) -> Result<(), Gone> {
        let (answer, done) = oneshot::channel();
        self.send(Work::End(answer)).await?;
        done.await.map_err(|_| Gone)
    }
}

#[derive(Default)]
struct Thread {
    state: State,
    expected: VecDeque<Last>,
    skip: Option<Id>,
    taken: usize,
    skipped: usize,
    payload: Vec<u8>,
}

impl Thread {
    fn run(&mut self, mut todo: mpsc::Receiver<Work>) -> std::io::Result<()> {
        let mut columns = Columns::new();
        let mut out = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
        format::write_header(&mut out)?;
        while let Some(work) = todo.blocking_recv() {
            match work {
                Work::Batch { batch, ordered } => {
                    self.batch(batch.as_raw_document().as_bytes(), ordered, &mut columns);
                    self.write(&mut columns, &mut out)?;
                }
                Work::Expect(last) => {
                    self.state.tail = Tail::from(&last);
                    self.state.unexpected = false;
                    self.expected = last.into();
                    self.skip = None;
                }
                Work::Skip(id) => self.skip = Some(id),
                Work::Anew => {
                    columns = Columns::new();
                    self.state = State::default();
                    self.expected.clear();
                    self.skip = None;
                    (self.taken, self.skipped) = (0, 0);
                    format::write_frame(&mut out, Kind::Anew, &[])?;
                }
                Work::State(answer) => {
                    self.state.expected = self.expected.len();
                    let _ = answer.send(self.state.clone());
                }
                Work::Frame(kind, payload) => {
                    format::write_frame(&mut out, kind, &payload)?;
                    if kind == Kind::Source {
                        out.flush()?;
                    }
                }
                Work::Count(taken, skipped) => {
                    self.taken += taken;
                    self.skipped += skipped;
                }
                Work::End(answer) => {
                    format::write_end(&mut out, self.taken, self.skipped)?;
                    let _ = answer.send(());
                }
            }
        }
        Ok(())
    }

    fn batch(&mut self, reply: &[u8], ordered: bool, columns: &mut Columns) {
        self.state.bytes += reply.len() as u64;
        let Some(mut documents) = documents(reply) else {
            self.state.broken = true;
            return;
        };
        while let Some(document) = documents.next() {
            let Some((_, document)) = document.filter(|(_, value)| value.kind == 0x03) else {
                self.state.broken = true;
                return;
            };
            if self.state.unexpected {
                return;
            }
            if let Some(expected) = self.expected.pop_front() {
                let id = crate::source::bson::id(document.bytes).map(Id::of);
                let last = id.map(|id| Last::new(id, document.bytes));
                self.state.unexpected = last.as_ref() != Some(&expected);
                continue;
            }
            if let Some(known) = self.skip.take() {
                let id = crate::source::bson::id(document.bytes).map(Id::of);
                if id == Some(known) {
                    continue;
                }
            }
            self.state.documents += 1;
            let skipped = columns.skipped.len();
            let id = columns.document(document.bytes, self.state.documents as usize);
            self.state.tail.push(id, document.bytes, ordered);
            if let (Some(id), true) = (id, columns.skipped.len() > skipped) {
                let left_out = Last::new(Id::of(id), document.bytes);
                Arc::make_mut(&mut self.state.left_out).push(left_out);
            }
        }
    }

    fn write(&mut self, columns: &mut Columns, out: &mut impl Write) -> std::io::Result<()> {
        let windows = &columns.windows;
        if !windows.times.is_empty() {
            self.taken += windows.times.len();
            self.payload.clear();
            format::put_windows(
                &mut self.payload,
                windows,
                0..windows.times.len(),
                &windows.members,
            );
            format::write_frame(out, Kind::Windows, &self.payload)?;
        }
        for skipped in &columns.skipped {
            self.skipped += 1;
            self.payload.clear();
            format::put_skipped(&mut self.payload, skipped);
            format::write_frame(out, Kind::Skipped, &self.payload)?;
        }
        columns.clear();
        Ok(())
    }
}

/// The documents of a reply to `find` or `getMore`.
pub(crate) fn documents(reply: &[u8]) -> Option<Elements<'_>> {
    let mut elements = Elements::new(reply)?;
    while let Some(element) = elements.next() {
        if let (b"cursor", cursor) = element? {
            let mut elements = cursor.elements()?;
            while let Some(element) = elements.next() {
                if let (b"firstBatch" | b"nextBatch", batch) = element? {
                    return batch.elements();
                }
            }
        }
    }
    None
}
