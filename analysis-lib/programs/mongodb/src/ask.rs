//! Questions to the server besides reading the whole collection.

use std::time::Duration;

use mongodb::bson::{Bson, Document, RawDocument, doc};

use super::connect::Connection;
use super::decode::{documents, next};
use super::failure::{Failure, within};
use activity_data::source::document;

/// A pause between tries.
pub(crate) const PAUSE: Duration = Duration::from_millis(200);

/// The fields that are used.
pub(crate) fn projection() -> Document {
    doc! {
        "_id": 1,
        document::TIME: 1,
        document::SINCE: 1,
        document::ONLINE: 1,
        document::VOLUME: 1,
        document::QUANTITIES: 1,
    }
}

impl Connection {
    /// About how many documents there are.
    pub(crate) async fn estimated_count(&self) -> Result<u64, Failure> {
        let count = self.collection.estimated_document_count();
        within(self.timeout, count.into_future()).await
    }

    /// How many documents that the filter takes have an `_id` up to this one.
    pub(crate) async fn count_up_to(
        &self,
        id: &Bson,
        mut filter: Document,
        patience: Duration,
    ) -> Result<u64, Failure> {
        match id {
            Bson::ObjectId(_) => filter.insert("_id", doc! { "$lte": id }),
            // A filter compares only values of the same type; an expression
            // compares all, but without the index.
            _ => filter.insert("$expr", doc! { "$lte": ["$_id", { "$literal": id }] }),
        };
        let count = self.collection.count_documents(filter);
        within(patience, count.into_future()).await
    }

    /// Hands over the documents with these `_id`s.
    pub(crate) async fn fetch(
        &self,
        ids: &[&Bson],
        mut take: impl FnMut(&RawDocument),
    ) -> Result<(), Failure> {
        // A reply of this many documents comes within the timeout.
        for ids in ids.chunks(1_000) {
            let find = self
                .collection
                .find(doc! { "_id": { "$in": ids } })
                .projection(projection());
            let mut cursor = within(self.timeout, find.batch()).await?;
            while let Some(batch) = within(self.timeout, next(&mut cursor)).await? {
                documents(&batch, &mut take).ok_or(Failure::Unreadable)?;
            }
        }
        Ok(())
    }
}
