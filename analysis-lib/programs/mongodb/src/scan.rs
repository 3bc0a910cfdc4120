//! Reading a collection once, whatever the network does meanwhile.
//!
//! The first try reads in the collection's own order, which is what a server
//! does fastest. When that breaks off, the rest is read in the order of `_id`
//! from the last document on, if the documents so far were all those up to it;
//! else everything is read anew in the order of `_id`. There it can always go
//! on, since that order stays as it is.
//!
//! Windows with the same time stay in the order they come in. Their order may
//! differ after an interruption; nothing else does.
//!
//! `min` rather than a `$gt` filter says where to begin: a filter compares only
//! values of the same type, and would end at the last ObjectId.

use std::time::{Duration, Instant};

use mongodb::bson::{Bson, Document, doc};
use mongodb::options::Hint;

use super::ask::{PAUSE, projection};
use super::connect::Connection;
use super::decode::{Decoder, OutputClosed, next};
use super::failure::{self, Failure};
use super::marker::{self, Known, Marker};
use crate::bson::Columns;
use activity_data::Error;
use activity_data::source::document;
use activity_data::store::columns::put_source;
use activity_data::store::stream::Kind;
use activity_data::text::grouped;
use activity_data::{Merging, Period, Zone};

/// Documents asked for at a time: about a megabyte, which the caches of both
/// sides hold, and which a slow line brings within the timeout.
const BATCH: u32 = 2_000;

/// Tries that bring nothing new before it is an error.
const TRIES: u32 = 5;

/// What to read.
pub(crate) struct Wanted {
    pub(crate) since: Option<i64>,
    pub(crate) until: Option<i64>,
    pub(crate) every: Option<Period>,
    pub(crate) timezone: Zone,
    /// A marker in hexadecimal.
    pub(crate) resume: Option<String>,
}

impl Wanted {
    fn filter(&self) -> Document {
        let date = |time| Bson::from(mongodb::bson::DateTime::from_millis(time));
        let limits = [("$gte", self.since), ("$lt", self.until)];
        let limits = limits
            .into_iter()
            .filter_map(|(limit, time)| Some((limit.to_owned(), date(time?))));
        match Document::from_iter(limits) {
            all if all.is_empty() => all,
            limits => doc! { document::TIME: limits },
        }
    }
}

/// Why reading ended early.
enum Stop {
    Failure(Failure),
    /// The failure, after so many documents of about so many.
    After(Failure, u64, u64),
    /// The collection has no document.
    Empty,
    /// The collection has changed in another way than a snapshot can follow.
    Stale(&'static str),
    OutputClosed,
}

impl From<OutputClosed> for Stop {
    fn from(_: OutputClosed) -> Self {
        Self::OutputClosed
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// How the next try begins.
enum Start {
    /// From the beginning, in the collection's own order.
    Natural,
    /// In the order of `_id`, from these documents on, which must be there.
    With(Vec<Known>),
    /// In the order of `_id`, after this one or from the first.
    After(Option<Bson>),
    /// Where the collection's own order broke off, if that is a place in the
    /// order of `_id` too.
    BrokenOff,
}

/// How the tries go.
struct Tries {
    /// When the server last sent something, or was seen to work.
    answered: Instant,
    /// The most documents read since reading began anew.
    best: u64,
    /// Tries since something new came.
    in_vain: u32,
    /// Documents asked for at a time.
    batch: u32,
}

/// Reads the collection, and writes it to standard output.
pub(crate) async fn pull(connection: &Connection, wanted: Wanted) -> Result<(), Error> {
    let mut scan = Scan {
        connection,
        filter: wanted.filter(),
        decoder: Decoder::start(),
        total: 0,
        begin: Instant::now(),
        reported: Instant::now(),
        before: 0,
    };
    let stop = match scan.run(wanted).await {
        Ok(()) => return Ok(()),
        Err(stop) => stop,
    };
    Err(Error::new(match stop {
        Stop::Failure(failure) => connection.sentence(&failure),
        Stop::After(failure, done, total) => format!(
            "the pull broke off after {done} of about {total} windows, and nothing of it is used: {}",
            connection.sentence(&failure)
        ),
        Stop::Empty => connection.is_empty().await,
        Stop::Stale(reason) => reason.to_owned(),
        Stop::OutputClosed => "the notebook's process has ended".to_owned(),
    }))
}

struct Scan<'a> {
    connection: &'a Connection,
    filter: Document,
    decoder: Decoder,
    /// How many documents there are, as the server counts them.
    total: u64,
    begin: Instant,
    reported: Instant,
    /// How many documents were read by the pull that this one goes on from.
    before: u64,
}

impl Scan<'_> {
    async fn run(&mut self, wanted: Wanted) -> Result<(), Stop> {
        let mut source = Vec::new();
        put_source(&mut source, &self.connection.source());
        self.decoder
            .ask(move |thread| {
                thread.frame(Kind::Source, &source)?;
                thread.flush()
            })
            .await?;
        self.total = self.connection.estimated_count().await?;
        if let Some(period) = wanted.every {
            return self.merge(&wanted.timezone, period).await;
        }
        if let Some(marker) = &wanted.resume {
            let marker = Marker::from_hex(marker).filter(|_| self.filter.is_empty());
            match self.go_on_from(marker).await {
                Ok(left_out) => return self.end(left_out).await,
                Err(Stop::Stale(reason)) => {
                    eprintln!("Pulling everything anew: {reason}.");
                    self.decoder.ask(|thread| thread.begin_anew()).await?;
                    self.before = 0;
                }
                Err(stop) => return Err(stop),
            }
        }
        self.read(Start::Natural).await?;
        self.end(Vec::new()).await
    }

    /// Reads the windows and hands them over merged.
    async fn merge(&mut self, zone: &Zone, period: Period) -> Result<(), Stop> {
        for waits in [false, true] {
            let merging = Merging::new(zone, period, waits);
            self.decoder.ask(|thread| thread.merge(merging)).await?;
            self.read(Start::Natural).await?;
            if !self.decoder.ask(|thread| thread.is_merged()).await? {
                eprintln!(
                    "Windows don't come in order of time; reading them once more, to merge them all at the end."
                );
                self.decoder.ask(|thread| thread.begin_anew()).await?;
                continue;
            }
            break;
        }
        self.end(Vec::new()).await
    }

    /// Reads what came after the marker, and checks that it fits. Gives back
    /// the documents that were left out before.
    async fn go_on_from(&mut self, marker: Option<Marker>) -> Result<Vec<Known>, Stop> {
        let Some(marker) = marker else {
            return Err(Stop::Stale(
                "the snapshot was written by another version of this program",
            ));
        };
        if self.connection.uuid.as_ref() != Some(&marker.collection) {
            return Err(Stop::Stale(
                "the collection is not the one that was pulled before",
            ));
        }
        let last = marker.highest[marker.highest.len() - 1].id.clone();
        self.before = marker.documents;
        self.read(Start::With(marker.highest)).await?;
        let state = self.decoder.state().await?;
        if !state.is_as_expected {
            return Err(Stop::Stale("its last documents have changed"));
        }
        // The server's own count costs nothing but isn't always right, and the
        // bot may have written since: then we count ourselves.
        if self.total != marker.documents + state.documents {
            let patience = self.connection.timeout;
            let counted = self.connection.count_up_to(&last, doc! {}, patience);
            match counted.await {
                Ok(count) if count == marker.documents => (),
                Ok(_) => {
                    return Err(Stop::Stale(
                        "documents before the last one have been deleted or added",
                    ));
                }
                Err(_) => {
                    return Err(Stop::Stale(
                        "the documents before the last one can't be counted",
                    ));
                }
            }
        }
        match self.mended(&marker.left_out).await {
            Ok(false) => Ok(marker.left_out),
            Ok(true) => Err(Stop::Stale("a document that was left out has changed")),
            Err(_) => Err(Stop::Stale(
                "the documents left out can't be asked for again",
            )),
        }
    }

    /// Whether any of these has changed, or can be used now though it couldn't
    /// before: one that lay in the future. (That a document was deleted, the
    /// count has shown.)
    async fn mended(&self, left_out: &[Known]) -> Result<bool, Failure> {
        let ids: Vec<&Bson> = left_out.iter().map(|known| &known.id).collect();
        let hashes: std::collections::HashSet<u64> =
            left_out.iter().map(|known| known.hash).collect();
        let mut columns = Columns::new();
        let mut changed = false;
        self.connection
            .fetch(&ids, |document| {
                columns.document(document, 0);
                changed |= !hashes.contains(&marker::hash(document));
            })
            .await?;
        Ok(changed || columns.windows.windows().len() > 0)
    }

    /// Writes the end. `left_out`: what the pull before left out.
    async fn end(&mut self, mut left_out: Vec<Known>) -> Result<(), Stop> {
        let state = self.decoder.state().await?;
        if state.is_broken {
            return Err(Failure::Unreadable.into());
        }
        let documents = self.before + state.documents;
        if documents == 0 && self.filter.is_empty() {
            return Err(Stop::Empty);
        }
        if let Some(collection) = &self.connection.uuid
            && self.filter.is_empty()
            && !state.highest.unknown
        {
            left_out.extend(
                self.decoder
                    .ask(|thread| Ok(thread.take_left_out()))
                    .await?,
            );
            let marker = Marker {
                collection: collection.clone(),
                documents,
                highest: state.highest.documents.into(),
                left_out,
            };
            if let Some(marker) = marker.to_bytes() {
                self.decoder
                    .ask(move |thread| thread.frame(Kind::Resume, &marker))
                    .await?;
            }
        }
        Ok(self.decoder.ask(|thread| thread.end()).await?)
    }

    /// Reads to the end, with as many tries as bring something new.
    async fn read(&mut self, mut start: Start) -> Result<(), Stop> {
        let mut tries = Tries {
            answered: Instant::now(),
            best: 0,
            in_vain: 0,
            batch: BATCH,
        };
        loop {
            let failure = match self.read_once(&mut start, &mut tries).await {
                Ok(()) => return Ok(()),
                Err(Stop::Failure(failure)) => failure,
                Err(stop) => return Err(stop),
            };
            let state = self.decoder.state().await?;
            if state.documents > tries.best {
                tries.best = state.documents;
                tries.in_vain = 0;
            }
            tries.in_vain += 1;
            if !failure.may_pass() || tries.in_vain > TRIES || self.left(&tries).is_zero() {
                let failure = self.connection.explained(failure);
                return Err(match self.before + tries.best {
                    0 => Stop::Failure(failure),
                    done => Stop::After(failure, done, self.total),
                });
            }
            if tries.in_vain == 1 {
                eprintln!(
                    "The connection broke off after {} windows ({}); going on …",
                    thousands(self.before + state.documents),
                    failure.short()
                );
            }
            if matches!(failure, Failure::Silent) {
                // The line may only be slow.
                tries.batch = (tries.batch / 8).max(1);
            }
            tokio::time::sleep(PAUSE).await;
            let last = state.highest.documents.back().map(|known| known.id.clone());
            start = match start {
                Start::With(known) if state.documents == 0 => Start::With(known),
                Start::With(_) => Start::After(last),
                // When nothing has come yet, the place stays where it was.
                Start::After(place) => Start::After(last.or(place)),
                Start::Natural if state.documents == 0 => Start::Natural,
                Start::Natural | Start::BrokenOff => Start::BrokenOff,
            };
        }
    }

    /// How long the server may still say nothing.
    fn left(&self, tries: &Tries) -> Duration {
        let timeout = self.connection.timeout;
        timeout.saturating_sub(tries.answered.elapsed())
    }

    /// How long to wait for a batch. A try with smaller batches must fit into
    /// the timeout too; but a server that searches for times is left to it.
    fn patience(&self, tries: &Tries) -> Duration {
        let may_be_smaller = self.filter.is_empty() && tries.batch == BATCH;
        let most = self.connection.timeout / if may_be_smaller { 2 } else { 1 };
        self.left(tries).min(most)
    }

    /// Where to go on once the collection's own order broke off: in the order of
    /// `_id` after what is there, if that is everything up to there, or anew.
    async fn place_in_order(&mut self, tries: &mut Tries) -> Result<Start, Stop> {
        let state = self.decoder.state().await?;
        let has_order = self.connection.uuid.is_some();
        let in_order = has_order && !state.highest.disorder && !state.highest.unknown;
        if let (true, Some(last)) = (in_order, state.highest.documents.back()) {
            match self
                .connection
                .count_up_to(&last.id, self.filter.clone(), self.left(tries))
                .await
            {
                Ok(count) if count == state.documents => {
                    return Ok(Start::After(Some(last.id.clone())));
                }
                // What was read stays, for as long as there is hope.
                Err(failure) if failure.may_pass() => return Err(failure.into()),
                _ => (),
            }
        }
        self.decoder.ask(|thread| thread.begin_anew()).await?;
        if !has_order {
            return Ok(Start::Natural);
        }
        // From here on every document is a step forward.
        tries.best = 0;
        Ok(Start::After(None))
    }

    /// One try.
    async fn read_once(&mut self, start: &mut Start, tries: &mut Tries) -> Result<(), Stop> {
        if matches!(start, Start::BrokenOff) {
            *start = self.place_in_order(tries).await?;
        }
        let mut find = self
            .connection
            .collection
            .find(self.filter.clone())
            .projection(projection())
            .batch_size(tries.batch);
        let sorted = !matches!(start, Start::Natural);
        if sorted {
            let by_id = doc! { "_id": 1 };
            find = find.sort(by_id.clone()).hint(Hint::Keys(by_id));
        }
        let mut is_first = matches!(start, Start::With(_));
        match start {
            Start::Natural | Start::BrokenOff | Start::After(None) => (),
            Start::After(Some(id)) => {
                find = find.min(doc! { "_id": &*id });
                let id = id.clone();
                self.decoder.ask(|thread| thread.may_begin_with(id)).await?;
            }
            Start::With(known) => {
                find = find.min(doc! { "_id": &known[0].id });
                let known = known.clone();
                self.decoder.ask(|thread| thread.expect(known)).await?;
            }
        }
        let mut cursor = failure::within(self.patience(tries), find.batch()).await?;
        loop {
            let batch = failure::within(self.patience(tries), next(&mut cursor)).await?;
            let Some(batch) = batch else {
                return Ok(());
            };
            tries.answered = Instant::now();
            self.decoder.batch(batch, sorted).await?;
            if is_first && self.decoder.state().await?.is_unexpected {
                return Err(Stop::Stale("its last documents have changed"));
            }
            is_first = false;
            if self.reported.elapsed() >= Duration::from_secs(1) {
                self.reported = Instant::now();
                self.report().await?;
            }
        }
    }

    /// Says how far the pull is.
    async fn report(&self) -> Result<(), Stop> {
        let state = self.decoder.state().await?;
        let done = self.before + state.documents;
        let seconds = self.begin.elapsed().as_secs_f64();
        let rate = state.documents as f64 / seconds;
        let left = self.total.saturating_sub(done) as f64;
        let left = if rate > 0.0 && left > 0.0 {
            format!(", about {} s left", (left / rate).ceil())
        } else {
            String::new()
        };
        eprintln!(
            "{} of {} windows, {:.0} MB{left}",
            thousands(done),
            thousands(self.total.max(done)),
            state.bytes as f64 / 1e6,
        );
        Ok(())
    }
}

/// 525600 → 525,600.
fn thousands(number: u64) -> String {
    grouped(&number.to_string())
}
