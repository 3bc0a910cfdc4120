//! Reading a collection once, whatever the network does meanwhile.
//!
//! The first try reads in the collection's own order, which is what a server
//! does fastest. When that breaks off, the rest is read in the order of `_id`
//! from the last document on, if the documents so far were all those up to it;
//! else everything is read anew in the order of `_id`. There it can always go
//! on, since that order stays as it is.
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
use super::marker::{Last, Marker};
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

/// What to read.
pub(crate) struct Wanted {
    pub(crate) since: Option<i64>,
    pub(crate) until: Option<i64>,
    pub(crate) every: Option<Unit>,
    pub(crate) timezone: chrono_tz::Tz,
    pub(crate) resume: Option<Marker>,
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
                Ok(()) => return Ok(self.decoder.end().await?),
                Err(Stop::Failure(failure)) if merged::is_refused(&failure) => eprintln!(
                    "MongoDB can't merge these windows ({}); pulling them all to merge them here.",
                    failure.short()
                ),
                Err(stop) => return Err(stop),
            }
        }
        if let Some(marker) = wanted.resume.filter(|_| self.filter.is_empty()) {
            match self.go_on_from(&marker).await {
                Ok(()) => return self.end(marker.documents).await,
                Err(Stop::Unfit(reason)) => {
                    eprintln!("Pulling everything anew: {reason}.");
                    self.decoder.anew().await?;
                    self.base = 0;
                }
                Err(stop) => return Err(stop),
            }
        }
        self.read(Start::Natural).await?;
        self.end(0).await
    }

    /// Lets MongoDB merge the windows; a broken connection begins it anew.
    async fn merge(&self, pipeline: Vec<Document>) -> Result<(), Stop> {
        let mut tries = 0;
        loop {
            match merged::merge(self.connection, pipeline.clone()).await {
                Ok(merged) => return Ok(merged.write(&self.decoder).await?),
                Err(failure @ Failure::Silent) => return Err(failure.into()),
                Err(failure) if tries == TRIES || !failure.may_pass() => return Err(failure.into()),
                Err(_) => tries += 1,
            }
            tokio::time::sleep(merged::PAUSE).await;
        }
    }

    /// Reads what came after the marker, and checks that it fits.
    async fn go_on_from(&mut self, marker: &Marker) -> Result<(), Stop> {
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
        if state.expected > 0 {
            return Err(Stop::Unfit("its last documents have changed"));
        }
        // The server's own count costs nothing but isn't always right, and the
        // bot may have written since: then we count ourselves.
        if self.total != marker.documents + state.documents {
            let last = &marker.last[marker.last.len() - 1];
            if self.count_up_to(last).await? != marker.documents {
                return Err(Stop::Unfit(
                    "documents before the last one have been deleted or added",
                ));
            }
        }
        Ok(())
    }

    async fn end(&mut self, before: u64) -> Result<(), Stop> {
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
            let marker = Marker {
                collection: uuid.clone(),
                documents: before + state.documents,
                last: state.tail.last.into(),
            };
            self.decoder.frame(Kind::Resume, marker.to_bytes()).await?;
        }
        Ok(self.decoder.end().await?)
    }

    /// Reads to the end, with as many tries as bring something new.
    async fn read(&mut self, mut start: Start) -> Result<(), Stop> {
        let mut best = 0;
        let mut tries = 0;
        let mut progress = Instant::now();
        loop {
            let failure = match self.read_once(&start, &mut progress).await {
                Ok(()) => return Ok(()),
                Err(Stop::Failure(failure)) => failure,
                Err(stop) => return Err(stop),
            };
            let state = self.decoder.state().await?;
            if state.documents > best {
                best = state.documents;
                tries = 0;
            }
            tries += 1;
            let timeout = self.connection.timeout;
            if !failure.may_pass() || tries > TRIES || progress.elapsed() >= timeout {
                return Err(failure
                    .after(self.base + state.documents, self.total)
                    .into());
            }
            if tries == 1 {
                eprintln!(
                    "The connection broke off after {} windows ({}); going on …",
                    thousands(self.base + state.documents),
                    failure.short()
                );
            }
            tokio::time::sleep(Duration::from_millis(50 << tries)).await;
            start = match start {
                Start::Fit(last) if state.documents == 0 => Start::Fit(last),
                Start::Fit(_) | Start::ById(_) => Start::ById(state.tail.last.back().cloned()),
                Start::Natural => match self.place_in_order(&state).await {
                    Some(start) => start,
                    None => {
                        self.decoder.anew().await?;
                        match self.connection.store {
                            Store::Collection(_) => Start::ById(None),
                            Store::Other => Start::Natural,
                        }
                    }
                },
            };
        }
    }

    /// Where to go on in the order of `_id`, if what came in the collection's
    /// own order is everything up to there.
    async fn place_in_order(&self, state: &State) -> Option<Start> {
        let last = state.tail.last.back()?;
        let known = matches!(self.connection.store, Store::Collection(_))
            && !state.tail.disorder
            && !state.tail.unknown
            && self.count_up_to(last).await.ok()? == state.documents;
        known.then(|| Start::ById(Some(last.clone())))
    }

    /// One try.
    async fn read_once(&mut self, start: &Start, progress: &mut Instant) -> Result<(), Stop> {
        let mut find = self
            .connection
            .collection
            .find(self.filter.clone())
            .projection(projection())
            .batch_size(BATCH);
        let from = match start {
            Start::Natural => None,
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
        let timeout = self.connection.timeout;
        let mut cursor = failure::within(timeout, find.batch()).await?;
        loop {
            let next = match tokio::time::timeout(timeout, cursor.next()).await {
                Err(_) => return Err(Failure::Silent.into()),
                Ok(None) => return Ok(()),
                Ok(Some(batch)) => batch.map_err(Failure::from)?,
            };
            *progress = Instant::now();
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
    async fn count_up_to(&self, last: &Last) -> Result<u64, Failure> {
        let id = last.id.document().and_then(|mut id| id.remove("_id"));
        let mut filter = self.filter.clone();
        match (&last.id, id) {
            (super::marker::Id::Object(_), Some(id)) => filter.insert("_id", doc! { "$lte": id }),
            // A filter compares only values of the same type; an expression
            // compares all, but without the index.
            (_, id) => filter.insert("$expr", doc! { "$lte": ["$_id", { "$literal": id }] }),
        };
        let collection = &self.connection.collection;
        let timeout = self.connection.timeout;
        failure::within(timeout, async { collection.count_documents(filter).await }).await
    }
}

/// Only what is used.
fn projection() -> Document {
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
