//! Windows merged into hours or days by MongoDB itself.

use std::time::Duration;

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

/// Documents left out whose reason is looked up.
const EXPLAINED: usize = 1_000;

/// What a pass over the collection brought.
#[derive(Default)]
pub(crate) struct Merged {
    pub(crate) periods: Vec<(i64, Sums)>,
    pub(crate) columns: Columns,
    /// Documents left out.
    unusable: Vec<Document>,
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

/// Lets MongoDB merge, and gives back what it sent.
pub(crate) async fn merge(
    connection: &Connection,
    pipeline: Vec<Document>,
) -> Result<Merged, Failure> {
    let mut merged = Merged {
        columns: Columns::new(),
        ..Merged::default()
    };
    let aggregate = connection
        .collection
        .aggregate(pipeline)
        .allow_disk_use(true)
        .batch_size(10_000);
    let mut cursor = alive(connection, aggregate.batch()).await?;
    while let Some(batch) = alive(connection, async { cursor.next().await.transpose() }).await? {
        merged
            .rows(&batch)
            .ok_or(Failure::Other("the server's reply can't be read"))?;
    }
    merged.explain(connection).await?;
    Ok(merged)
}

/// Waits as long as the server computes, as long as it answers meanwhile.
async fn alive<T>(
    connection: &Connection,
    operation: impl Future<Output = mongodb::error::Result<T>>,
) -> Result<T, Failure> {
    let timeout = connection.timeout;
    let mut operation = std::pin::pin!(operation);
    loop {
        if let Ok(done) = tokio::time::timeout(timeout / 2, &mut operation).await {
            return done.map_err(Failure::from);
        }
        tokio::select! {
            done = &mut operation => return done.map_err(Failure::from),
            answer = failure::within(timeout / 2, connection.ping()) => answer?,
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
            self.unusable.push(unusable?.document().unwrap_or_default());
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
        for id in self.unusable.iter().take(EXPLAINED) {
            let find = connection.collection.find(id.clone()).limit(1);
            let mut cursor = failure::within(connection.timeout, find.batch()).await?;
            let next = failure::within(connection.timeout, async {
                cursor.next().await.transpose()
            });
            if let Some(batch) = next.await? {
                let mut documents = documents(batch.as_raw_document().as_bytes())
                    .ok_or(Failure::Other("the server's reply can't be read"))?;
                while let Some(Some((_, document))) = documents.next() {
                    self.columns.document(document.bytes, 0);
                }
            }
        }
        let more = self.unusable.len().saturating_sub(EXPLAINED);
        if more > 0 {
            eprintln!("{more} more documents can't be used and are not listed.");
        }
        Ok(())
    }

    /// Writes the periods and the documents left out.
    pub(crate) async fn write(self, decoder: &Decoder) -> Result<(), super::decode::Gone> {
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
        decoder.count(periods, self.columns.skipped.len()).await
    }
}

/// Whether the pipeline itself is at fault, not the way to the server: then the
/// windows are pulled and merged here.
pub(crate) fn is_refused(failure: &Failure) -> bool {
    matches!(failure, Failure::Command { .. }) && !failure.may_pass()
}

/// A pause between tries.
pub(crate) const PAUSE: Duration = Duration::from_millis(200);
