//! Questions to the server besides reading the whole collection.

use std::time::{Duration, Instant};

use mongodb::bson::raw::RawBsonRef;
use mongodb::bson::{Bson, Document, RawDocument, doc};
use mongodb::raw_batch_cursor::RawBatch;

use super::failure::{Failure, within};
use crate::bson::FIELDS;

/// The fields that are used.
pub(crate) fn projection() -> Document {
    let fields = FIELDS.map(|name| (name.to_owned(), Bson::from(1)));
    fields.into_iter().collect()
}

/// That a document's `_id` compares so with this one. An operator of a filter
/// compares only values of the same type, an expression all, but without the
/// index.
pub(crate) fn compared(id: &Bson, operator: &str) -> Document {
    match id {
        Bson::ObjectId(_) => doc! { "_id": { operator: id } },
        _ => doc! { "$expr": { operator: ["$_id", { "$literal": id }] } },
    }
}

/// That a document's `_id` is this one, or follows it in MongoDB's order.
pub(crate) fn from_on(id: &Bson) -> Document {
    let mut ways = vec![compared(id, "$gte")];
    if matches!(id, Bson::ObjectId(_)) {
        let higher = ["bool", "date", "timestamp", "regex", "maxKey"];
        ways.extend(higher.map(|kind| doc! { "_id": { "$type": kind } }));
    }
    doc! { "$or": ways }
}

/// Asks, and as often as the server wants to be asked later asks again, within
/// the timeout.
pub(crate) async fn patiently<T, A: Future<Output = mongodb::error::Result<T>>>(
    timeout: Duration,
    mut ask: impl FnMut() -> A,
) -> Result<T, Failure> {
    let begin = Instant::now();
    loop {
        let left = timeout.saturating_sub(begin.elapsed());
        match within(left, ask()).await {
            Err(Failure::Later(wait)) if wait < left => tokio::time::sleep(wait).await,
            answer => return answer,
        }
    }
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
