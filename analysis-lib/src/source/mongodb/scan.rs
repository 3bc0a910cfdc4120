//! Reading a collection once, whatever the network does meanwhile.
//!
//! The first try reads in the collection's own order, which is what a server
//! does fastest. When that breaks off, the rest is read in the order of `_id`
//! from the last document on, if the documents so far were all those up to it;
//! else everything is read anew in the order of `_id`. There it can always go
//! on, since that order stays as it is.
//!
//! Windows with the same time stay in the order they come in, so that theirs may
//! be another after such a break; everything else is as if there had been none.
//!
//! `min` rather than a `$gt` filter says where: a filter compares only values
//! of the same type, and would end at the last ObjectId.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::Hint;

use super::connect::{Connection, Store};
use super::decode::{Decoder, Gone, State};
use super::failure::{self, Failure};
use super::marker::{Id, Last, Marker};
use super::merged;
use crate::Error;
use crate::calendar::Offsets;
use crate::format::Kind;
use crate::periods::Unit;
use crate::source::document;

/// Documents asked for at a time: about a megabyte, which the caches of both
/// sides hold, and which a slow line brings within the timeout.
const BATCH: u32 = 2_000;

/// Tries that bring nothing new before it is an error.
const TRIES: u32 = 5;

/// How often a person hears that MongoDB still merges.
const MERGING: Duration = Duration::from_secs(2);

/// What to read.
pub(crate) struct Wanted {
    pub(crate) since: Option<i64>,
    pub(crate) until: Option<i64>,
    pub(crate) every: Option<Unit>,
    pub(crate) timezone: chrono_tz::Tz,
    /// A marker in hexadecimal.
    pub(crate) resume: Option<String>,
}

/// Why a try ended early.
enum Stop {
    Failure(Failure),
    /// What the snapshot says about the collection isn't so.
    Unfit(&'static str),
    Gone,
}

impl From<Gone> for Stop {
    fn from(_: Gone) -> Self {
        Self::Gone
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
    Fit(Vec<Last>),
    /// In the order of `_id`, after this document or from the first.
    ById(Option<Last>),
    /// Where the collection's own order broke off, if that is a place in the
    /// order of `_id` too.
    BrokenOff,
}

/// How a scan goes.
struct Progress {
    /// When the server last sent something, or was seen to work.
    at: Instant,
    /// Documents read; of other tries, too, unless they were void.
    best: u64,
    /// The most documents read in any try, for the message.
    furthest: u64,
    /// Tries since something new came.
    tries: u32,
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
        base: 0,
    };
    match scan.run(wanted).await {
        Ok(()) => Ok(()),
        Err(Stop::Gone) => Err(Error::new("nobody reads what was pulled")),
        Err(Stop::Unfit(reason)) => Err(Error::new(reason)),
        Err(Stop::Failure(failure)) => Err(failure.into_error(connection)),
    }
}

impl Wanted {
    fn filter(&self) -> Document {
        let mut span = doc! {};
        if let Some(since) = self.since {
            span.insert("$gte", date(since));
        }
        if let Some(until) = self.until {
            span.insert("$lt", date(until));
        }
        if span.is_empty() {
            doc! {}
        } else {
            doc! { document::TIME: span }
        }
    }
}

fn date(time: i64) -> Bson {
    mongodb::bson::DateTime::from_millis(time).into()
}

struct Scan<'a> {
    connection: &'a Connection,
    filter: Document,
    decoder: Decoder,
    /// How many documents there are, as the server counts them.
    total: u64,
    begin: Instant,
    reported: Instant,
    /// How many documents were there before this pull.
    base: u64,
}

impl Scan<'_> {
    async fn run(&mut self, wanted: Wanted) -> Result<(), Stop> {
        let mut source = Vec::new();
        crate::format::put_source(&mut source, &self.connection.source());
        self.decoder.frame(Kind::Source, source).await?;
        self.total = self.count_all().await?;
        if let Some(unit) = wanted.every {
            let pipeline =
                merged::pipeline(self.filter.clone(), &Offsets::of(wanted.timezone), unit);
            match self.merge(pipeline).await {
                Ok(0) if self.total == 0 && self.filter.is_empty() => {
                    return Err(Failure::Empty(self.connection.what_is_there().await).into());
                }
                Ok(_) => return Ok(self.decoder.end().await?),
                Err(Stop::Failure(failure)) if merged::is_refused(&failure) => eprintln!(
                    "MongoDB can't merge these windows ({}); pulling them all to merge them here.",
                    failure.short()
                ),
                Err(stop) => return Err(stop),
            }
        }
        if let Some(marker) = &wanted.resume {
            let marker = Marker::from_hex(marker).filter(|_| self.filter.is_empty());
            match self.go_on_from(marker.as_ref()).await {
                Ok(left_out) => return self.end(self.base, left_out).await,
                Err(Stop::Unfit(reason)) => {
                    eprintln!("Pulling everything anew: {reason}.");
                    self.decoder.anew().await?;
                    self.base = 0;
                }
                Err(stop) => return Err(stop),
            }
        }
        self.read(Start::Natural).await?;
        self.end(0, Vec::new()).await
    }

    /// Lets MongoDB merge the windows, and gives back how many periods and
    /// documents left out there are. A broken connection begins it anew.
    async fn merge(&self, pipeline: Vec<Document>) -> Result<usize, Stop> {
        let merging = self.merge_with_tries(pipeline);
        let mut merging = std::pin::pin!(merging);
        loop {
            tokio::select! {
                done = &mut merging => return done,
                () = tokio::time::sleep(MERGING) => eprintln!(
                    "MongoDB is merging the windows, {:.0} s so far",
                    self.begin.elapsed().as_secs_f64(),
                ),
            }
        }
    }

    async fn merge_with_tries(&self, pipeline: Vec<Document>) -> Result<usize, Stop> {
        let mut tries = 0;
        let mut lost = false;
        let mut answered = Instant::now();
        loop {
            let merging = merged::merge(self.connection, pipeline.clone(), &mut answered);
            let failure = match merging.await {
                Ok(merged) => return Ok(merged.write(&self.decoder).await?),
                Err(failure) => failure,
            };
            tries += 1;
            // A server that answers but not this may have lost it, once.
            let again = !matches!(failure, Failure::Silent) || !lost;
            lost |= matches!(failure, Failure::Silent);
            if !failure.may_pass()
                || !again
                || tries > TRIES
                || answered.elapsed() >= self.connection.timeout
            {
                return Err(self.connection.explained(failure).into());
            }
            tokio::time::sleep(merged::PAUSE).await;
        }
    }

    /// Reads what came after the marker, and checks that it fits. Gives back
    /// the documents that were left out before.
    async fn go_on_from(&mut self, marker: Option<&Marker>) -> Result<Vec<Last>, Stop> {
        let Some(marker) = marker else {
            return Err(Stop::Unfit(
                "the snapshot was written by another version of this program",
            ));
        };
        if !matches!(&self.connection.store, Store::Collection(uuid) if *uuid == marker.collection)
        {
            return Err(Stop::Unfit(
                "the collection is not the one that was pulled before",
            ));
        }
        if marker.last.iter().any(|last| last.id.document().is_none()) {
            return Err(Stop::Unfit("the last pull left no place to go on from"));
        }
        self.base = marker.documents;
        self.read(Start::Fit(marker.last.clone())).await?;
        let state = self.decoder.state().await?;
        if state.expected > 0 || state.unexpected {
            return Err(Stop::Unfit("its last documents have changed"));
        }
        // The server's own count costs nothing but isn't always right, and the
        // bot may have written since: then we count ourselves.
        if self.total != marker.documents + state.documents {
            let last = &marker.last[marker.last.len() - 1];
            if self.count_patiently(last).await? != marker.documents {
                return Err(Stop::Unfit(
                    "documents before the last one have been deleted or added",
                ));
            }
        }
        match self.mended(&marker.left_out).await {
            Ok(false) => (),
            Ok(true) => return Err(Stop::Unfit("a document that was left out has changed")),
            Err(_) => {
                return Err(Stop::Unfit(
                    "the documents left out can't be asked for again",
                ));
            }
        }
        Ok(marker.left_out.clone())
    }

    /// Counts, with a second try. What can't be counted is pulled anew, but not
    /// from a server that has gone.
    async fn count_patiently(&self, last: &Last) -> Result<u64, Stop> {
        let mut answered = Instant::now();
        for _ in 0..2 {
            let failure = match self.count_up_to(last, &mut answered).await {
                Ok(count) => return Ok(count),
                Err(failure) => failure,
            };
            if !failure.may_pass() {
                break;
            }
            if answered.elapsed() >= self.connection.timeout {
                return Err(self.connection.explained(failure).into());
            }
            tokio::time::sleep(merged::PAUSE).await;
        }
        Err(Stop::Unfit(
            "the documents before the last one can't be counted",
        ))
    }

    /// Whether any of these is no longer what it was. One that was deleted is
    /// none: the count has shown that.
    async fn mended(&self, left_out: &[Last]) -> Result<bool, Failure> {
        let ids: Vec<Document> = left_out
            .iter()
            .filter_map(|one| one.id.document())
            .collect();
        let mut mended = false;
        for ids in ids.chunks(BATCH as usize) {
            merged::fetch(self.connection, ids, |document| {
                let id = crate::source::bson::id(document).map(Id::of);
                let now = id.map(|id| Last::new(id, document));
                mended |= !now.is_some_and(|now| left_out.contains(&now));
            })
            .await?;
        }
        Ok(mended)
    }

    /// `before`: documents that weren't read again; `left_out` are some of them.
    async fn end(&mut self, before: u64, mut left_out: Vec<Last>) -> Result<(), Stop> {
        let state = self.decoder.state().await?;
        if state.broken {
            return Err(failure::UNREADABLE.into());
        }
        if state.documents + before == 0 && self.filter.is_empty() {
            return Err(Failure::Empty(self.connection.what_is_there().await).into());
        }
        if let (Store::Collection(uuid), false) = (&self.connection.store, state.tail.unknown)
            && self.filter.is_empty()
        {
            left_out.extend_from_slice(&state.left_out);
            let marker = Marker {
                collection: uuid.clone(),
                documents: before + state.documents,
                last: state.tail.last.into(),
                left_out,
            };
            if let Some(marker) = marker.to_bytes() {
                self.decoder.frame(Kind::Resume, marker).await?;
            }
        }
        Ok(self.decoder.end().await?)
    }

    /// Reads to the end, with as many tries as bring something new.
    async fn read(&mut self, mut start: Start) -> Result<(), Stop> {
        let mut progress = Progress {
            at: Instant::now(),
            best: 0,
            furthest: 0,
            tries: 0,
            batch: BATCH,
        };
        loop {
            let failure = match self.read_once(&mut start, &mut progress).await {
                Ok(()) => return Ok(()),
                Err(Stop::Failure(failure)) => failure,
                Err(stop) => return Err(stop),
            };
            let state = self.decoder.state().await?;
            if state.documents > progress.best {
                progress.best = state.documents;
                progress.tries = 0;
            }
            progress.furthest = progress.furthest.max(state.documents);
            progress.tries += 1;
            let tries = progress.tries;
            if !failure.may_pass() || tries > TRIES || self.left(&progress).is_zero() {
                return Err(self
                    .connection
                    .explained(failure)
                    .after(self.base + progress.furthest, self.total)
                    .into());
            }
            if tries == 1 {
                eprintln!(
                    "The connection broke off after {} windows ({}); going on …",
                    thousands(self.base + state.documents),
                    failure.short()
                );
            }
            if matches!(failure, Failure::Silent) {
                // The line may only be slow.
                progress.batch = (progress.batch / 8).max(1);
            }
            let pause = Duration::from_millis(50 << tries);
            tokio::time::sleep(pause.min(self.left(&progress))).await;
            start = match start {
                Start::Fit(last) if state.documents == 0 => Start::Fit(last),
                Start::Fit(_) => Start::ById(state.tail.last.back().cloned()),
                // Nothing may have come yet: then it stays where it was.
                Start::ById(from) => Start::ById(state.tail.last.back().cloned().or(from)),
                Start::Natural if state.documents == 0 => Start::Natural,
                Start::Natural | Start::BrokenOff => Start::BrokenOff,
            };
        }
    }

    /// How long the server may still say nothing.
    fn left(&self, progress: &Progress) -> Duration {
        let timeout = self.connection.timeout;
        timeout.saturating_sub(progress.at.elapsed())
    }

    /// How long to wait for a batch. A try with smaller batches must fit into
    /// the timeout too; but a server that searches for a span is left to it.
    fn patience(&self, progress: &Progress) -> Duration {
        let left = self.left(progress);
        if self.filter.is_empty() && progress.batch == BATCH {
            left.min(self.connection.timeout / 2)
        } else {
            left
        }
    }

    /// Where to go on once the collection's own order broke off: in the order of
    /// `_id` after what is there, if that is everything up to there, or anew.
    async fn place_in_order(&mut self, progress: &mut Progress) -> Result<Start, Stop> {
        let state = self.decoder.state().await?;
        let in_order = matches!(self.connection.store, Store::Collection(_))
            && !state.tail.disorder
            && !state.tail.unknown;
        if let (true, Some(last)) = (in_order, state.tail.last.back()) {
            match self.count_up_to(last, &mut progress.at).await {
                Ok(count) if count == state.documents => {
                    return Ok(Start::ById(Some(last.clone())));
                }
                // What was read stays, for as long as there is hope.
                Err(failure) if failure.may_pass() => return Err(failure.into()),
                _ => (),
            }
        }
        self.decoder.anew().await?;
        Ok(match self.connection.store {
            Store::Collection(_) => {
                // From here on every document is a step forward.
                progress.best = 0;
                Start::ById(None)
            }
            Store::Other => Start::Natural,
        })
    }

    /// One try.
    async fn read_once(&mut self, start: &mut Start, progress: &mut Progress) -> Result<(), Stop> {
        if matches!(start, Start::BrokenOff) {
            *start = self.place_in_order(progress).await?;
        }
        let mut find = self
            .connection
            .collection
            .find(self.filter.clone())
            .projection(projection())
            .batch_size(progress.batch);
        let from = match &*start {
            Start::Natural | Start::BrokenOff => None,
            Start::Fit(known) => {
                self.decoder.expect(known.clone()).await?;
                known.first()
            }
            Start::ById(known) => {
                if let Some(known) = known {
                    self.decoder.skip(known.id.clone()).await?;
                }
                known.as_ref()
            }
        };
        let ordered = !matches!(start, Start::Natural);
        if ordered {
            find = find
                .sort(doc! { "_id": 1 })
                .hint(Hint::Keys(doc! { "_id": 1 }));
        }
        if let Some(from) = from.and_then(|last| last.id.document()) {
            find = find.min(from);
        }
        let mut fit = !matches!(start, Start::Fit(_));
        let mut cursor = failure::within(self.patience(progress), find.batch()).await?;
        loop {
            let patience = self.patience(progress);
            let next = match tokio::time::timeout(patience, cursor.next()).await {
                Err(_) => return Err(Failure::Silent.into()),
                Ok(None) => return Ok(()),
                Ok(Some(batch)) => batch.map_err(Failure::from)?,
            };
            progress.at = Instant::now();
            self.decoder.batch(next, ordered).await?;
            if !fit {
                fit = true;
                if self.decoder.state().await?.unexpected {
                    return Err(Stop::Unfit("its last documents have changed"));
                }
            }
            if self.reported.elapsed() >= Duration::from_secs(1) {
                self.reported = Instant::now();
                self.report(&self.decoder.state().await?);
            }
        }
    }

    fn report(&self, state: &State) {
        let seconds = self.begin.elapsed().as_secs_f64();
        let left = self.total.saturating_sub(self.base + state.documents) as f64;
        let rate = state.documents as f64 / seconds;
        let left = if rate > 0.0 && left > 0.0 {
            format!(", about {} s left", (left / rate).ceil())
        } else {
            String::new()
        };
        eprintln!(
            "{} of {} windows, {:.0} MB{left}",
            thousands(self.base + state.documents),
            thousands(self.total.max(self.base + state.documents)),
            state.bytes as f64 / 1e6,
        );
    }

    async fn count_all(&self) -> Result<u64, Failure> {
        let collection = &self.connection.collection;
        let timeout = self.connection.timeout;
        failure::within(timeout, async {
            collection.estimated_document_count().await
        })
        .await
    }

    /// How many documents have an `_id` up to this one.
    async fn count_up_to(&self, last: &Last, answered: &mut Instant) -> Result<u64, Failure> {
        let id = last.id.document().and_then(|mut id| id.remove("_id"));
        let mut filter = self.filter.clone();
        match (&last.id, id) {
            (Id::Object(_), Some(id)) => filter.insert("_id", doc! { "$lte": id }),
            // A filter compares only values of the same type; an expression
            // compares all, but without the index.
            (_, id) => filter.insert("$expr", doc! { "$lte": ["$_id", { "$literal": id }] }),
        };
        let comment = merged::comment();
        let collection = &self.connection.collection;
        let count = collection.count_documents(filter).comment(comment.clone());
        merged::alive(self.connection, &comment, answered, count.into_future()).await
    }
}

/// Only what is used.
pub(super) fn projection() -> Document {
    doc! {
        "_id": 1,
        document::TIME: 1,
        document::ONLINE: 1,
        document::VOLUME: 1,
        document::QUANTITIES: 1,
    }
}

/// 525600 → 525,600.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
