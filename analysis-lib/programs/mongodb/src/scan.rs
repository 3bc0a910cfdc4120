//! Reading a collection once, whatever the network does meanwhile.
//!
//! The first try reads in the collection's own order, which is what a server
//! does fastest: with 525,600 windows, reading by `_id` takes a quarter longer.
//! When that breaks off, the rest is read in the order of `_id` from the last
//! document on, if the documents so far were all those up to it; else everything
//! is read anew in the order of `_id`. There it can always go on, since that
//! order stays as it is.
//!
//! Windows with the same time stay in the order they come in. Their order may
//! differ after an interruption; nothing else does.
//!
//! `min` rather than a `$gt` filter says where to begin: a filter compares only
//! values of the same type, and would end at the last ObjectId. Servers that
//! speak MongoDB's language and know no `min` get a filter that names the types.

use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::Hint;
use mongodb::raw_batch_cursor::{RawBatch, RawBatchCursor};
use tokio::sync::mpsc;

use super::ask::{from_on, projection};
use super::connect::Connection;
use super::failure::{Failure, within};
use super::marker::{self, Known, Marker};
use super::merging::Merging;
use super::output::Output;
use crate::bson::Columns;
use activity_data::Error;
use activity_data::source::document;
use activity_data::store::columns::put_source;
use activity_data::store::stream::Kind;
use activity_data::text::grouped;
use activity_data::{Period, Zone};

/// Documents asked for at a time: about a megabyte, which the caches of both
/// sides hold, and which a slow line brings within the timeout.
const BATCH: u32 = 2_000;

/// Tries that bring nothing new before it is an error.
const TRIES: u32 = 5;

/// A pause between tries.
const PAUSE: Duration = Duration::from_millis(200);

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
    /// The collection has changed in another way than a snapshot can follow.
    Stale(&'static str),
}

impl From<std::io::Error> for Stop {
    fn from(_: std::io::Error) -> Self {
        // Nothing reads our standard output any more.
        Self::Failure(Failure::Told("the notebook's process has ended".to_owned()))
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// How the next try reads.
#[derive(Clone, Copy, PartialEq)]
enum Order {
    /// In the collection's own order, from the beginning.
    Natural,
    /// In the order of `_id`, from where the output is.
    ById,
    /// As `ById`, if what came in the collection's own order is all that lies
    /// before a place in that of `_id`; else anew.
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
    /// Since when the server has only said that it answers later.
    put_off: Option<Instant>,
    /// Whether that was told.
    is_told: bool,
    /// Documents asked for at a time.
    batch: u32,
}

/// Reads the collection, and writes it to standard output.
pub(crate) async fn pull(connection: &Connection, wanted: Wanted) -> Result<(), Error> {
    Scan::run(connection, wanted).await.map_err(|stop| {
        Error::new(match stop {
            Stop::Failure(failure) => connection.sentence(&failure),
            Stop::Stale(reason) => reason.to_owned(),
        })
    })
}

struct Scan<'a> {
    connection: &'a Connection,
    filter: Document,
    output: Output,
    /// Whether the server knows neither `min` nor `hint`.
    knows_no_min: bool,
    /// How many documents there are, as the server counts them.
    total: u64,
    begin: Instant,
    reported: Instant,
    /// How many documents were read by the pull that this one goes on from.
    before: u64,
}

impl Scan<'_> {
    async fn run(connection: &Connection, wanted: Wanted) -> Result<(), Stop> {
        let mut source = Vec::new();
        put_source(&mut source, &connection.source());
        let mut scan = Scan {
            connection,
            filter: wanted.filter(),
            output: Output::begin(&source)?,
            knows_no_min: false,
            total: connection.estimated_count().await?,
            begin: Instant::now(),
            reported: Instant::now(),
            before: 0,
        };
        if let Some(period) = wanted.every {
            return scan.merge(&wanted.timezone, period).await;
        }
        if let Some(marker) = &wanted.resume {
            let marker = Marker::from_hex(marker).filter(|_| scan.filter.is_empty());
            match scan.go_on_from(marker).await {
                Ok(left_out) => return scan.end(left_out).await,
                Err(Stop::Stale(reason)) => {
                    eprintln!("Pulling everything anew: {reason}.");
                    scan.output.begin_anew()?;
                    scan.before = 0;
                }
                Err(stop) => return Err(stop),
            }
        }
        scan.read(Order::Natural).await?;
        scan.end(Vec::new()).await
    }

    /// Reads the windows and hands them over merged.
    async fn merge(&mut self, zone: &Zone, period: Period) -> Result<(), Stop> {
        self.output.merge(Merging::new(zone, period, false));
        self.read(Order::Natural).await?;
        if !self.output.is_merged()? {
            eprintln!(
                "Windows don't come in order of time; reading them once more, to merge them all at the end."
            );
            self.output.begin_anew()?;
            self.output.merge(Merging::new(zone, period, true));
            self.read(Order::Natural).await?;
            self.output.is_merged()?;
        }
        self.end(Vec::new()).await
    }

    /// Reads what came after the marker, and checks that it fits. Gives back
    /// the documents that were left out before.
    async fn go_on_from(&mut self, marker: Option<Marker>) -> Result<Vec<Known>, Stop> {
        let stale = |reason| Err(Stop::Stale(reason));
        let Some(marker) = marker else {
            return stale("the snapshot was written by another version of this program");
        };
        if self.connection.uuid.as_ref() != Some(&marker.collection) {
            return stale("the collection is not the one that was pulled before");
        }
        let last = marker.highest[marker.highest.len() - 1].id.clone();
        self.before = marker.documents;
        self.output.expect(marker.highest);
        self.read(Order::ById).await?;
        if self.output.is_unexpected || !self.output.expected.is_empty() {
            return stale("its last documents have changed");
        }
        // The server's own count costs nothing but isn't always right, and the
        // bot may have written since: then we count ourselves.
        if self.total != marker.documents + self.output.documents {
            let patience = self.connection.timeout;
            let counted = self.connection.count_up_to(&last, doc! {}, patience);
            let Ok(count) = counted.await else {
                return stale("the documents before the last one can't be counted");
            };
            if count != marker.documents {
                return stale("documents before the last one have been deleted or added");
            }
        }
        match self.mended(&marker.left_out).await {
            Ok(false) => Ok(marker.left_out),
            Ok(true) => stale("a document that was left out has changed"),
            Err(_) => stale("the documents left out can't be asked for again"),
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
        let output = &mut self.output;
        if output.is_broken {
            return Err(Failure::Unreadable.into());
        }
        let documents = self.before + output.documents;
        if documents == 0 && self.filter.is_empty() {
            return Err(Failure::Told(self.connection.is_empty().await).into());
        }
        if let Some(collection) = &self.connection.uuid
            && self.filter.is_empty()
            && !output.unknown
        {
            left_out.append(&mut output.left_out);
            let marker = Marker {
                collection: collection.clone(),
                documents,
                highest: std::mem::take(&mut output.highest).into(),
                left_out,
            };
            if let Some(marker) = marker.to_bytes() {
                output.frame(Kind::Resume, &marker)?;
            }
        }
        Ok(output.end()?)
    }

    /// Reads to the end, with as many tries as bring something new.
    async fn read(&mut self, mut order: Order) -> Result<(), Stop> {
        let mut tries = Tries {
            answered: Instant::now(),
            best: 0,
            in_vain: 0,
            put_off: None,
            is_told: false,
            batch: BATCH,
        };
        loop {
            let failure = match self.read_once(&mut order, &mut tries).await {
                Ok(()) => return Ok(()),
                Err(Stop::Failure(failure)) if !matches!(failure, Failure::Told(_)) => failure,
                Err(stop) => return Err(stop),
            };
            if order == Order::ById && !self.knows_no_min && failure.is_refusal() {
                self.knows_no_min = true;
                continue;
            }
            let documents = self.output.documents;
            if documents > tries.best {
                tries.best = documents;
                tries.in_vain = 0;
                tries.put_off = None;
            }
            tries.in_vain += 1;
            if !self.is_hopeful(&failure, &mut tries) {
                let failure = self.connection.explained(failure);
                return Err(match self.before + tries.best {
                    0 => failure,
                    done => Failure::Told(format!(
                        "the pull broke off after {done} of about {} windows, and nothing of it is used: {}",
                        self.total,
                        self.connection.sentence(&failure)
                    )),
                }
                .into());
            }
            let put_off = tries.put_off.is_some();
            if tries.in_vain == 1 && !(put_off && tries.is_told) {
                tries.is_told |= put_off;
                eprintln!(
                    "Reading broke off after {} windows ({}); going on …",
                    thousands(self.before + documents),
                    failure.short()
                );
            }
            if matches!(failure, Failure::Silent) {
                // The line may only be slow.
                tries.batch = (tries.batch / 8).max(1);
            }
            if let Failure::Later(pause) = failure {
                tokio::time::sleep(pause).await;
                // It said when, and that time isn't silence.
                tries.answered = Instant::now();
            } else {
                tokio::time::sleep(PAUSE).await;
            }
            if order == Order::Natural && documents > 0 {
                order = Order::BrokenOff;
            }
        }
    }

    /// Whether another try makes sense.
    fn is_hopeful(&self, failure: &Failure, tries: &mut Tries) -> bool {
        if matches!(failure, Failure::Later(_)) {
            let since = tries.put_off.get_or_insert_with(Instant::now);
            return since.elapsed() < self.connection.timeout;
        }
        failure.may_pass() && tries.in_vain <= TRIES && !self.left(tries).is_zero()
    }

    /// How long the server may still say nothing.
    fn left(&self, tries: &Tries) -> Duration {
        let timeout = self.connection.timeout;
        timeout.saturating_sub(tries.answered.elapsed())
    }

    /// How long to wait for a batch. A try with smaller batches must fit into
    /// the timeout too. A pull of a span gets all of it: smaller batches don't
    /// shorten the server's search for times.
    fn patience(&self, tries: &Tries) -> Duration {
        let may_be_smaller = self.filter.is_empty() && tries.batch == BATCH;
        self.connection.timeout / if may_be_smaller { 2 } else { 1 }
    }

    /// Whether to go on in the order of `_id` after what came in the collection's
    /// own order, or anew.
    async fn order_after_break(&mut self, tries: &mut Tries) -> Result<Order, Stop> {
        let output = &self.output;
        let has_order = self.connection.uuid.is_some();
        let in_order = has_order && !output.disorder && !output.unknown;
        if let (true, Some(last)) = (in_order, output.highest.back()) {
            let patience = self.left(tries);
            let filter = self.filter.clone();
            let counted = self.connection.count_up_to(&last.id, filter, patience);
            match counted.await {
                Ok(count) if count == output.documents => return Ok(Order::ById),
                // What was read stays, for as long as there is hope.
                Err(failure) if failure.may_pass() => return Err(failure.into()),
                _ => (),
            }
        }
        self.output.begin_anew()?;
        if !has_order {
            return Ok(Order::Natural);
        }
        // From here on every document is a step forward.
        tries.best = 0;
        Ok(Order::ById)
    }

    /// One try.
    async fn read_once(&mut self, order: &mut Order, tries: &mut Tries) -> Result<(), Stop> {
        if *order == Order::BrokenOff {
            *order = self.order_after_break(tries).await?;
        }
        let by_id = *order == Order::ById;
        let mut filter = self.filter.clone();
        let mut place = None;
        if by_id {
            // What is still expected comes first, or may come once more.
            let output = &mut self.output;
            let last = output.highest.back();
            place = output.expected.front().or(last).map(|it| it.id.clone());
            output.known = place.clone().filter(|_| output.expected.is_empty());
            if self.knows_no_min {
                filter.extend(place.take().iter().flat_map(from_on));
            }
        }
        let mut find = self.connection.collection.find(filter);
        find = find.projection(projection()).batch_size(tries.batch);
        if by_id {
            find = find.sort(doc! { "_id": 1 });
        }
        if by_id && !self.knows_no_min {
            find = find.hint(Hint::Keys(doc! { "_id": 1 }));
        }
        if let Some(id) = place {
            find = find.min(doc! { "_id": id });
        }
        let patience = self.patience(tries);
        let cursor = within(patience.min(self.left(tries)), find.batch()).await?;
        let mut batches = ahead(cursor, patience);
        while let Some(batch) = batches.recv().await {
            tries.answered = Instant::now();
            self.output.batch(&batch?, by_id)?;
            if self.output.is_unexpected {
                return Err(Stop::Stale("its last documents have changed"));
            }
            if self.reported.elapsed() >= Duration::from_secs(1) {
                self.reported = Instant::now();
                self.report();
            }
        }
        Ok(())
    }

    /// Says how far the pull is.
    fn report(&self) {
        let output = &self.output;
        let done = self.before + output.documents;
        let seconds = self.begin.elapsed().as_secs_f64();
        let rate = output.documents as f64 / seconds;
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
            output.bytes as f64 / 1e6,
        );
    }
}

/// Reads on beside its receiver, which makes columns of the batch before. One
/// batch is read, one waits, one is taken: enough for both sides never to wait in
/// turn, and little memory.
fn ahead(
    mut cursor: RawBatchCursor,
    patience: Duration,
) -> mpsc::Receiver<Result<RawBatch, Failure>> {
    let (batches, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        while let Some(batch) = within(patience, cursor.try_next()).await.transpose() {
            let has_ended = batch.is_err();
            if batches.send(batch).await.is_err() || has_ended {
                break;
            }
        }
    });
    receiver
}

/// 525600 → 525,600.
fn thousands(number: u64) -> String {
    grouped(&number.to_string())
}
