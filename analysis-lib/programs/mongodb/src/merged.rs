//! Windows merged into hours or days by MongoDB itself.
//!
//! A window belongs to the period that its middle lies in, and where its middle
//! lies depends on the window before. So MongoDB merges windows whose middle
//! must lie in the same period as their end, because the period began long
//! before, and sends the few others one by one, with the ends of all. What is
//! sent is checked here by the rule of time itself: the sums are those of a
//! pull of all windows.

use std::collections::BTreeMap;
use std::io;
use std::time::Instant;

use mongodb::bson::raw::RawBsonRef;
use mongodb::bson::{Bson, Document, RawDocument, doc};

use super::ask;
use super::connect::Connection;
use super::decode::{Thread, documents, next};
use super::failure::{Failure, within};
use crate::bson::Columns;
use activity_data::source::document;
use activity_data::store::columns::put_period;
use activity_data::store::stream::Kind;
use activity_data::{DAY_LENGTH, HOUR, HOUR_LENGTH, LeftOut, Period, Sums, Zone};

/// The key of the row that holds a group's own sums: no member's id.
const OWN: &str = "-";

/// What to merge, and into what.
pub(crate) struct Merge {
    pub(crate) filter: Document,
    pub(crate) zone: Zone,
    /// An hour or a day.
    pub(crate) period: Period,
}

/// What MongoDB sent.
#[derive(Default)]
struct Rows {
    groups: BTreeMap<Key, Group>,
    /// The `_id`s of documents that can't be used.
    unusable: Vec<Bson>,
}

/// By what windows are merged: the period of their end, the end itself of those
/// that come one by one, and whether they say when they began.
type Key = (i64, Option<i64>, bool);

/// Windows that MongoDB merged.
#[derive(Default)]
struct Group {
    ends: Vec<i64>,
    /// As long as `ends`, or empty where the documents don't say.
    lengths: Vec<u32>,
    sums: Sums,
}

/// Each period's start, sums, and end of its last window.
type Periods = BTreeMap<i64, (Sums, i64)>;

/// What the collection has.
pub(crate) struct Merged {
    periods: Periods,
    left_out: Vec<LeftOut>,
}

/// Why windows can't be given to periods.
enum Unplaced {
    /// Which of two windows came first isn't known, nor whether both count.
    SameEnd,
    /// Windows that begin so long before their end were merged.
    TooLong(i64),
}

impl Merge {
    fn length(&self) -> i64 {
        if self.period == HOUR {
            HOUR_LENGTH
        } else {
            DAY_LENGTH
        }
    }

    /// The pipeline: one row a group and one for each of its members, and one
    /// for each document that can't be used. A window that ends less than
    /// `reach` milliseconds after its period began has a group of its own.
    fn pipeline(&self, reach: i64) -> Vec<Document> {
        let field = |name: &str| format!("${name}");
        let (time, since) = (field(document::TIME), field(document::SINCE));
        let members = doc! { "$concatArrays": [
            [{ "k": OWN, "v": 0 }],
            { "$objectToArray": field(document::QUANTITIES) },
        ] };
        let says_since = doc! { "$eq": [{ "$type": &since }, "date"] };
        let group = doc! { "$let": {
            "vars": { "end": self.key("$$time".into()), "before": self.key(doc! { "$subtract": ["$$time", reach] }.into()) },
            "in": {
                "p": "$$end",
                "e": { "$cond": [{ "$eq": ["$$end", "$$before"] }, "$$REMOVE", "$$time"] },
                "s": says_since.clone(),
            },
        } };
        let group = doc! { "$let": { "vars": { "time": { "$toLong": &time } }, "in": group } };
        let if_own =
            |value: &str, other: Bson| doc! { "$cond": [{ "$eq": ["$q.k", OWN] }, value, other] };
        vec![
            doc! { "$match": self.filter.clone() },
            doc! { "$project": {
                "ok": usable(),
                document::TIME: 1, document::SINCE: 1, document::ONLINE: 1, document::VOLUME: 1, document::QUANTITIES: 1,
            } },
            doc! { "$project": {
                "g": { "$cond": ["$ok", group, { "d": "$_id" }] },
                "e": { "$cond": ["$ok", &time, "$$REMOVE"] },
                "l": { "$cond": [{ "$and": ["$ok", says_since] }, { "$subtract": [&time, &since] }, "$$REMOVE"] },
                "o": { "$cond": ["$ok", { "$toLong": field(document::ONLINE) }, 0] },
                "v": { "$cond": ["$ok", field(document::VOLUME), 0] },
                "q": { "$cond": ["$ok", members, [{ "k": OWN, "v": 0 }]] },
            } },
            doc! { "$unwind": "$q" },
            doc! { "$group": {
                "_id": { "g": "$g", "m": "$q.k" },
                "e": { "$push": if_own("$e", "$$REMOVE".into()) },
                "l": { "$push": if_own("$l", "$$REMOVE".into()) },
                "o": { "$sum": if_own("$o", 0.into()) },
                "x": { "$max": "$o" },
                "s": { "$sum": { "$toLong": if_own("$v", "$q.v".into()) } },
            } },
        ]
    }

    /// What tells the period of a time from all others: a time in UTC for hours,
    /// one on clocks for days.
    fn key(&self, time: Bson) -> Bson {
        let offsets = self
            .zone
            .offsets(document::EARLIEST - DAY_LENGTH, document::latest());
        let local = doc! { "$add": ["$$t", offset_at(offsets)] };
        let into = doc! { "$mod": [local.clone(), self.length()] };
        let whole = if self.period == HOUR {
            "$$t".into()
        } else {
            Bson::from(local)
        };
        doc! { "$let": { "vars": { "t": time }, "in": { "$subtract": [whole, into] } } }.into()
    }
}

/// The offset at the time `$$t`, found in as many steps as the list can be
/// halved.
fn offset_at(changes: &[(i64, i64)]) -> Bson {
    match changes {
        [] => Bson::Int64(0),
        [(_, offset)] => Bson::Int64(*offset),
        _ => {
            let (before, after) = changes.split_at(changes.len() / 2);
            doc! { "$cond": [{ "$lt": ["$$t", after[0].0] }, offset_at(before), offset_at(after)] }
                .into()
        }
    }
}

/// The rules of [`document`], as MongoDB computes them.
fn usable() -> Document {
    let count = |value: &str| {
        let is_count = doc! { "$and": [
            { "$gte": [value, 0] },
            { "$lte": [value, i64::from(u32::MAX)] },
            { "$eq": [value, { "$trunc": value }] },
        ] };
        doc! { "$cond": [{ "$isNumber": value }, is_count, false] }
    };
    let date = |time: i64| mongodb::bson::DateTime::from_millis(time);
    let time = format!("${}", document::TIME);
    let since = format!("${}", document::SINCE);
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
        { "$gte": [&time, date(document::EARLIEST)] },
        { "$lte": [&time, date(document::latest())] },
        { "$switch": {
            "branches": [
                { "case": { "$in": [{ "$type": &since }, ["missing", "null"]] }, "then": true },
                { "case": { "$eq": [{ "$type": &since }, "date"] }, "then": { "$and": [
                    { "$lt": [&since, &time] },
                    { "$gte": [&since, { "$subtract": [&time, document::LONGEST] }] },
                ] } },
            ],
            "default": false,
        } },
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

/// Lets MongoDB merge the windows. `answered`: when the server answered last,
/// whatever it was asked.
pub(crate) async fn merge(
    connection: &Connection,
    merge: &Merge,
    answered: &mut Instant,
) -> Result<Merged, Failure> {
    const SAME_END: Failure = Failure::Unmergeable("two windows end at the same moment");
    // Most windows are as long as the newest ones, or else a second pass is due.
    let patience = connection.timeout.saturating_sub(answered.elapsed());
    let newest = tokio::time::timeout(patience, connection.newest_windows());
    let newest = newest.await.map_err(|_| Failure::Silent)??;
    *answered = Instant::now();
    if newest.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err(SAME_END);
    }
    let begins = begins(newest.iter().copied());
    let lengths = newest
        .iter()
        .zip(begins)
        .map(|((end, _), begin)| end - begin);
    let mut reach = lengths.max().unwrap_or(0).min(merge.length() / 2);
    loop {
        let rows = rows(connection, merge.pipeline(reach), answered).await?;
        let periods = match merge.periods(rows.groups.into_values().collect()) {
            Ok(periods) => periods,
            Err(Unplaced::TooLong(longer)) if longer > reach => {
                reach = longer;
                continue;
            }
            Err(Unplaced::SameEnd) => return Err(SAME_END),
            Err(Unplaced::TooLong(_)) => {
                return Err(Failure::Unmergeable("the windows' lengths differ too much"));
            }
        };
        let mut columns = Columns::new();
        let unusable: Vec<&Bson> = rows.unusable.iter().collect();
        let explain = |document: &RawDocument| {
            columns.document(document, 0);
        };
        connection.fetch(&unusable, explain).await?;
        *answered = Instant::now();
        if columns.windows.windows().len() > 0 {
            return Err(Failure::Unmergeable(
                "it takes a document for unusable that isn't",
            ));
        }
        return Ok(Merged {
            periods,
            left_out: columns.left_out,
        });
    }
}

/// Runs the pipeline.
async fn rows(
    connection: &Connection,
    pipeline: Vec<Document>,
    answered: &mut Instant,
) -> Result<Rows, Failure> {
    let mut rows = Rows::default();
    let comment = ask::comment();
    let aggregate = connection
        .collection
        .aggregate(pipeline)
        .allow_disk_use(true)
        .batch_size(10_000)
        .comment(comment.clone());
    let mut cursor = connection
        .patiently(&comment, answered, aggregate.batch())
        .await?;
    // The server has merged everything before it sends the first batch: the
    // others need no work.
    while let Some(batch) = within(connection.timeout, next(&mut cursor)).await? {
        *answered = Instant::now();
        let mut read = Ok(());
        documents(&batch, |row| {
            if read.is_ok() {
                read = rows.take(row);
            }
        })
        .ok_or(Failure::Unreadable)?;
        read?;
    }
    Ok(rows)
}

impl Rows {
    /// Takes a row of the last stage.
    fn take(&mut self, row: &RawDocument) -> Result<(), Failure> {
        let key = row.get_document("_id").map_err(unreadable)?;
        let group = key.get_document("g").map_err(unreadable)?;
        let Ok(period) = group.get_i64("p") else {
            // A text in the `_id` that isn't UTF-8 can't be sent back.
            let id = group.get("d").ok().flatten();
            let id = id.and_then(|id| Bson::try_from(id).ok());
            self.unusable.push(id.ok_or(Failure::Nameless)?);
            return Ok(());
        };
        let says_since = group.get_bool("s").map_err(unreadable)?;
        let key_of_group = (period, group.get_i64("e").ok(), says_since);
        let group = self.groups.entry(key_of_group).or_default();
        let number = |name| match row.get(name) {
            Ok(Some(RawBsonRef::Int32(number))) => Ok(number as u64),
            Ok(Some(RawBsonRef::Int64(number))) => Ok(number as u64),
            _ => Err(Failure::Unreadable),
        };
        let member = key.get_str("m").map_err(unreadable)?;
        let sent = number("s")?;
        if member != OWN {
            if sent > 0 {
                let id = document::member(member).map_err(unreadable)?;
                *group.sums.sent.entry(id).or_default() += sent;
            }
            return Ok(());
        }
        for end in row.get_array("e").map_err(unreadable)? {
            let end = end.ok().and_then(RawBsonRef::as_datetime);
            group
                .ends
                .push(end.ok_or(Failure::Unreadable)?.timestamp_millis());
        }
        for length in row.get_array("l").map_err(unreadable)? {
            let length = length.ok().and_then(RawBsonRef::as_i64);
            group
                .lengths
                .push(length.ok_or(Failure::Unreadable)? as u32);
        }
        group.sums.windows = group.ends.len() as u64;
        group.sums.online = number("o")?;
        group.sums.online_max = number("x")? as u32;
        group.sums.messages = sent;
        Ok(())
    }
}

fn unreadable<E>(_: E) -> Failure {
    Failure::Unreadable
}

impl Merge {
    /// Gives each group to the period that its windows' middles lie in.
    fn periods(&self, groups: Vec<Group>) -> Result<Periods, Unplaced> {
        let mut windows: Vec<(i64, u32, usize)> = Vec::new();
        for (place, group) in groups.iter().enumerate() {
            let lengths = group.lengths.iter().copied().chain(std::iter::repeat(0));
            windows.extend(
                group
                    .ends
                    .iter()
                    .zip(lengths)
                    .map(|(&end, length)| (end, length, place)),
            );
        }
        windows.sort_unstable();
        if windows.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(Unplaced::SameEnd);
        }
        let mut starts = vec![None; groups.len()];
        let mut agree = true;
        let mut longest = 0;
        let begins = begins(windows.iter().map(|&(end, length, _)| (end, length)));
        for (&(end, _, place), begin) in windows.iter().zip(begins) {
            let start = self.zone.begin(self.period, begin.midpoint(end));
            agree &= *starts[place].get_or_insert(start) == start;
            longest = longest.max(end - begin);
        }
        if !agree {
            return Err(Unplaced::TooLong(longest));
        }
        let mut periods = BTreeMap::new();
        for (start, group) in starts.into_iter().zip(groups) {
            if let Some(start) = start {
                let last = group.ends.iter().copied().max().unwrap_or(0);
                let (sums, end): &mut (Sums, i64) = periods.entry(start).or_default();
                sums.add(group.sums);
                *end = last.max(*end);
            }
        }
        Ok(periods)
    }
}

/// When windows with these ends and lengths began.
fn begins(windows: impl Iterator<Item = (i64, u32)>) -> Vec<i64> {
    let (ends, declared): (Vec<i64>, Vec<u32>) = windows.unzip();
    activity_data::begins(&ends, &declared)
}

impl Merged {
    /// How many periods and documents left out there are.
    pub(crate) fn len(&self) -> usize {
        self.periods.len() + self.left_out.len()
    }

    /// Writes the periods and the documents left out.
    pub(crate) fn write(self, thread: &mut Thread) -> io::Result<()> {
        for (start, (sums, last)) in self.periods {
            let mut payload = Vec::new();
            put_period(&mut payload, start, &sums, last);
            thread.frame(Kind::Period, &payload)?;
        }
        thread.write_skipped(&self.left_out)
    }
}

/// Whether the pipeline or the documents are at fault, not the way to the
/// server: then the windows are pulled and merged here.
pub(crate) fn is_refused(failure: &Failure) -> bool {
    match failure {
        Failure::Command { .. } => !failure.may_pass(),
        Failure::Nameless | Failure::Unmergeable(_) => true,
        _ => false,
    }
}
