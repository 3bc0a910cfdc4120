//! Windows merged into hours or days by MongoDB itself.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use mongodb::bson::{Bson, Document, doc};
use mongodb::raw_batch_cursor::RawBatch;

use super::connect::Connection;
use super::decode::{Decoder, documents};
use super::failure::{self, Failure};
use crate::calendar::{DAY, HOUR, Offsets};
use crate::periods::{Sums, Unit};
use crate::source::bson::{Columns, Value};
use crate::source::document;

/// The key of the row that holds a period's own sums: no member's id.
const PERIOD: &str = "-";

/// Documents left out whose reasons are looked up at a time.
const EXPLAINED: usize = 1_000;

/// What a pass over the collection brought.
#[derive(Default)]
pub(crate) struct Merged {
    pub(crate) periods: Vec<(i64, Sums)>,
    pub(crate) columns: Columns,
    /// Documents left out: `{ _id: … }`.
    unusable: Vec<Document>,
    /// Whether others left out can't be asked for: they have no `_id`, or one
    /// whose text isn't UTF-8.
    nameless: bool,
}

/// The pipeline: one row a period and one for each of its members, in the order
/// of periods, and one for each document that can't be used.
pub(crate) fn pipeline(filter: Document, offsets: &Offsets, unit: Unit) -> Vec<Document> {
    let time = &format!("${}", document::TIME);
    let milliseconds = doc! { "$toLong": time };
    let offset = offset_at(&offsets.changes);
    // Never negative from 1970 on with a day more, whatever the offset.
    let local = doc! { "$add": [milliseconds.clone(), offset, DAY] };
    let key = match unit {
        Unit::Hour => doc! { "$subtract": [milliseconds, { "$mod": [local, HOUR] }] },
        Unit::Day => doc! { "$toLong": { "$subtract": [
            { "$floor": { "$divide": [{ "$subtract": [local.clone(), { "$mod": [local, DAY] }] }, DAY] } },
            1_i64,
        ] } },
    };
    let members = doc! { "$concatArrays": [
        [{ "k": PERIOD, "v": 0 }],
        { "$objectToArray": format!("${}", document::QUANTITIES) },
    ] };
    let own =
        |value: Bson, other: Bson| doc! { "$cond": [{ "$eq": ["$q.k", PERIOD] }, value, other] };
    let online = format!("${}", document::ONLINE);
    vec![
        doc! { "$match": filter },
        doc! { "$project": {
            "ok": usable(),
            document::TIME: 1, document::ONLINE: 1, document::VOLUME: 1, document::QUANTITIES: 1,
        } },
        doc! { "$project": {
            "p": { "$cond": ["$ok", key, Bson::Null] },
            "d": { "$cond": ["$ok", "$$REMOVE", "$_id"] },
            "o": &online,
            "v": format!("${}", document::VOLUME),
            "q": { "$cond": ["$ok", members, [{ "k": PERIOD, "v": 0 }]] },
        } },
        doc! { "$unwind": "$q" },
        doc! { "$group": {
            "_id": { "p": "$p", "m": "$q.k", "d": "$d" },
            "n": { "$sum": 1 },
            "o": { "$sum": own("$o".into(), 0.into()) },
            "x": { "$max": "$o" },
            "s": { "$sum": { "$toLong": { "$cond": [
                { "$eq": ["$p", Bson::Null] }, 0, own("$v".into(), "$q.v".into()),
            ] } } },
        } },
        doc! { "$sort": { "_id.p": 1 } },
    ]
}

/// The offset at the window's end, found in as many steps as the list can be halved.
fn offset_at(changes: &[(i64, i64)]) -> Bson {
    match changes {
        [] => Bson::Int64(0),
        [(_, offset)] => Bson::Int64(*offset),
        _ => {
            let (before, after) = changes.split_at(changes.len() / 2);
            let from = mongodb::bson::DateTime::from_millis(after[0].0);
            let time = format!("${}", document::TIME);
            doc! { "$cond": [{ "$lt": [time, from] }, offset_at(before), offset_at(after)] }.into()
        }
    }
}

/// The rules of [`document`], as MongoDB computes them.
fn usable() -> Document {
    let count = |value: &str| {
        doc! { "$and": [
            { "$in": [{ "$type": value }, ["int", "long", "double"]] },
            { "$gte": [value, 0] },
            { "$lte": [value, i64::from(u32::MAX)] },
            { "$cond": [{ "$isNumber": value }, { "$eq": [value, { "$trunc": value }] }, false] },
        ] }
    };
    let date = |time: i64| mongodb::bson::DateTime::from_millis(time);
    let time = format!("${}", document::TIME);
    let quantities = format!("${}", document::QUANTITIES);
    let digits = doc! { "$ltrim": { "input": "$$this.k", "chars": "0" } };
    let length = doc! { "$strLenBytes": digits.clone() };
    let member = doc! { "$and": [
        // Not a regular expression: that fails on a key that isn't UTF-8.
        { "$ne": ["$$this.k", ""] },
        { "$eq": [{ "$ltrim": { "input": "$$this.k", "chars": "0123456789" } }, ""] },
        { "$or": [
            { "$lt": [length.clone(), 20] },
            { "$and": [{ "$eq": [length, 20] }, { "$lte": [digits, u64::MAX.to_string()] }] },
        ] },
        count("$$this.v"),
    ] };
    doc! { "$and": [
        { "$eq": [{ "$type": &time }, "date"] },
        { "$gte": [&time, date(document::TIMES.start)] },
        { "$lt": [time, date(document::TIMES.end)] },
        count(&format!("${}", document::ONLINE)),
        count(&format!("${}", document::VOLUME)),
        { "$eq": [{ "$type": &quantities }, "object"] },
        { "$cond": [
            { "$eq": [{ "$type": &quantities }, "object"] },
            { "$allElementsTrue": [{ "$map": { "input": { "$objectToArray": &quantities }, "in": member } }] },
            false,
        ] },
    ] }
}

/// Lets MongoDB merge, and gives back what it sent. `answered`: when the server
/// answered last, whatever it was asked.
pub(crate) async fn merge(
    connection: &Connection,
    pipeline: Vec<Document>,
    answered: &mut Instant,
) -> Result<Merged, Failure> {
    let mut merged = Merged {
        columns: Columns::new(),
        ..Merged::default()
    };
    let comment = comment();
    let aggregate = connection
        .collection
        .aggregate(pipeline)
        .allow_disk_use(true)
        .batch_size(10_000)
        .comment(comment.clone());
    let mut cursor = alive(connection, &comment, answered, aggregate.batch()).await?;
    // The server has sorted everything before it sends the first batch: the
    // others need no work.
    let timeout = connection.timeout;
    while let Some(batch) =
        failure::within(timeout, async { cursor.next().await.transpose() }).await?
    {
        *answered = Instant::now();
        merged.rows(&batch).ok_or(failure::UNREADABLE)?;
    }
    merged.explain(connection).await?;
    *answered = Instant::now();
    Ok(merged)
}

/// What tells an operation from all others at the server.
pub(super) fn comment() -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |now| now.as_nanos());
    format!("activity pull {}-{now:x}", std::process::id())
}

/// Waits as long as the server works on the operation with this comment and
/// answers meanwhile.
pub(super) async fn alive<T>(
    connection: &Connection,
    comment: &str,
    answered: &mut Instant,
    operation: impl Future<Output = mongodb::error::Result<T>>,
) -> Result<T, Failure> {
    let timeout = connection.timeout;
    let mut operation = std::pin::pin!(operation);
    // The server may have ended it and its answer be on the way.
    let mut missed = false;
    loop {
        let works = async {
            tokio::time::sleep(timeout / 2).await;
            connection.works_on(comment).await
        };
        tokio::select! {
            done = &mut operation => return done.map_err(Failure::from),
            works = works => {
                let works = works?;
                *answered = Instant::now();
                if !works && missed {
                    return Err(Failure::Silent);
                }
                missed = !works;
            }
            () = tokio::time::sleep(timeout.saturating_sub(answered.elapsed())) => {
                return Err(Failure::Silent);
            }
        }
    }
}

impl Merged {
    fn rows(&mut self, batch: &RawBatch) -> Option<()> {
        let mut rows = documents(batch.as_raw_document().as_bytes())?;
        while let Some(row) = rows.next() {
            self.row(row?.1)?;
        }
        Some(())
    }

    fn row(&mut self, row: Value) -> Option<()> {
        let (mut key, mut member, mut unusable) = (None, None, None);
        let (mut n, mut o, mut x, mut s) = (0, 0, 0, 0);
        let mut elements = row.elements()?;
        while let Some(element) = elements.next() {
            let (name, value) = element?;
            match name {
                b"_id" => {
                    let mut elements = value.elements()?;
                    while let Some(element) = elements.next() {
                        match element? {
                            (b"p", value) => key = value.integer(),
                            (b"m", value) => member = value.text(),
                            (b"d", value) => unusable = Some(super::marker::Id::of(value)),
                            _ => (),
                        }
                    }
                }
                b"n" => n = value.integer()?,
                b"o" => o = value.integer().unwrap_or(0),
                b"x" => x = value.integer().unwrap_or(0),
                b"s" => s = value.integer()?,
                _ => (),
            }
        }
        let Some(key) = key else {
            match unusable.and_then(|id| id.document()) {
                Some(id) => self.unusable.push(id),
                None => self.nameless = true,
            }
            return Some(());
        };
        if self.periods.last().is_none_or(|(last, _)| *last != key) {
            self.periods.push((key, Sums::default()));
        }
        let sums = &mut self.periods.last_mut()?.1;
        let member = member?;
        if member == PERIOD.as_bytes() {
            sums.windows = n as u64;
            sums.online = o as u64;
            sums.online_max = x as u32;
            sums.messages = s as u64;
        } else if s > 0 {
            let id = document::member(&String::from_utf8_lossy(member)).ok()?;
            *sums.sent.entry(id).or_default() += s as u64;
        }
        Some(())
    }

    /// Fetches the documents that can't be used, for their reasons.
    async fn explain(&mut self, connection: &Connection) -> Result<(), Failure> {
        if self.nameless {
            return Err(Failure::Nameless);
        }
        for ids in self.unusable.chunks(EXPLAINED) {
            let columns = &mut self.columns;
            fetch(connection, ids, |document| {
                columns.document(document, 0);
            })
            .await?;
        }
        Ok(())
    }

    /// Writes the periods and the documents left out, and gives back how many
    /// both are.
    pub(crate) async fn write(self, decoder: &Decoder) -> Result<usize, super::decode::Gone> {
        let periods = self.periods.len();
        for (key, sums) in self.periods {
            let mut payload = Vec::new();
            crate::format::put_period(&mut payload, key, &sums);
            decoder.frame(crate::format::Kind::Period, payload).await?;
        }
        for skipped in &self.columns.skipped {
            let mut payload = Vec::new();
            crate::format::put_skipped(&mut payload, skipped);
            decoder.frame(crate::format::Kind::Skipped, payload).await?;
        }
        let skipped = self.columns.skipped.len();
        decoder.count(periods, skipped).await?;
        Ok(periods + skipped)
    }
}

/// Hands over the documents with these `_id`s.
pub(super) async fn fetch(
    connection: &Connection,
    ids: &[Document],
    mut take: impl FnMut(&[u8]),
) -> Result<(), Failure> {
    let ids: Vec<&Bson> = ids.iter().filter_map(|id| id.get("_id")).collect();
    let find = connection
        .collection
        .find(doc! { "_id": { "$in": ids } })
        .projection(super::scan::projection());
    let mut cursor = failure::within(connection.timeout, find.batch()).await?;
    loop {
        let next = async { cursor.next().await.transpose() };
        let Some(batch) = failure::within(connection.timeout, next).await? else {
            return Ok(());
        };
        let mut documents =
            documents(batch.as_raw_document().as_bytes()).ok_or(failure::UNREADABLE)?;
        while let Some(document) = documents.next() {
            take(document.ok_or(failure::UNREADABLE)?.1.bytes);
        }
    }
}

/// Whether the pipeline or the documents are at fault, not the way to the
/// server: then the windows are pulled and merged here.
pub(crate) fn is_refused(failure: &Failure) -> bool {
    match failure {
        Failure::Command { .. } => !failure.may_pass(),
        Failure::Nameless => true,
        _ => false,
    }
}

/// A pause between tries.
pub(crate) const PAUSE: Duration = Duration::from_millis(200);
