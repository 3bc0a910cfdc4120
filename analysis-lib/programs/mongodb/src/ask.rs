//! Questions to the server besides reading the whole collection.

use std::time::{Duration, Instant};

use mongodb::bson::{Bson, Document, RawDocument, doc};
use mongodb::error::ErrorKind;

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

/// What tells an operation from all others at the server.
pub(crate) fn comment() -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |now| now.as_nanos());
    format!("activity pull {}-{now:x}", std::process::id())
}

impl Connection {
    /// About how many documents there are.
    pub(crate) async fn estimated_count(&self) -> Result<u64, Failure> {
        let count = self.collection.estimated_document_count();
        within(self.timeout, count.into_future()).await
    }

    /// When the windows that were stored last ended, and how long they are where
    /// they say so; in order of time. None of a view, which would be sorted first.
    pub(crate) async fn newest_windows(&self) -> Result<Vec<(i64, u32)>, Failure> {
        let mut windows = Vec::new();
        if self.uuid.is_none() {
            return Ok(windows);
        }
        let find = self
            .collection
            .find(doc! {})
            .sort(doc! { "_id": -1 })
            .limit(1_000)
            .batch_size(1_000)
            .projection(doc! { "_id": 0, document::TIME: 1, document::SINCE: 1 });
        let mut cursor = within(self.timeout, find.batch()).await?;
        while let Some(batch) = within(self.timeout, next(&mut cursor)).await? {
            let take = |window: &RawDocument| {
                let date = |name| Some(window.get_datetime(name).ok()?.timestamp_millis());
                if let Some(end) = date(document::TIME) {
                    let length = date(document::SINCE).and_then(|since| end.checked_sub(since));
                    let length = length.and_then(|length| length.try_into().ok());
                    windows.push((end, length.unwrap_or(0)));
                }
            };
            documents(&batch, take).ok_or(Failure::Unreadable)?;
        }
        windows.sort_unstable();
        Ok(windows)
    }

    /// How many documents that the filter takes have an `_id` up to this one.
    pub(crate) async fn count_up_to(
        &self,
        id: &Bson,
        mut filter: Document,
        answered: &mut Instant,
    ) -> Result<u64, Failure> {
        match id {
            Bson::ObjectId(_) => filter.insert("_id", doc! { "$lte": id }),
            // A filter compares only values of the same type; an expression
            // compares all, but without the index.
            _ => filter.insert("$expr", doc! { "$lte": ["$_id", { "$literal": id }] }),
        };
        let comment = comment();
        let count = self
            .collection
            .count_documents(filter)
            .comment(comment.clone());
        self.patiently(&comment, answered, count.into_future())
            .await
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

    /// Waits as long as the server works on the operation with this comment and
    /// answers other questions meanwhile. `answered`: when it answered last.
    pub(crate) async fn patiently<T>(
        &self,
        comment: &str,
        answered: &mut Instant,
        operation: impl Future<Output = mongodb::error::Result<T>>,
    ) -> Result<T, Failure> {
        let mut operation = std::pin::pin!(operation);
        // The operation may have ended, with its answer on the way.
        let mut missed = false;
        loop {
            let works = async {
                tokio::time::sleep(self.timeout / 2).await;
                self.works_on(comment).await
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
                () = tokio::time::sleep(self.timeout.saturating_sub(answered.elapsed())) => {
                    return Err(Failure::Silent);
                }
            }
        }
    }

    /// Whether the server still works on the operation with this comment. We
    /// assume that it does where several servers may be at work on it, or where
    /// the user may not ask.
    ///
    /// That the server answers doesn't say so: the connection that the operation
    /// went over may be dead while another one isn't.
    async fn works_on(&self, comment: &str) -> mongodb::error::Result<bool> {
        let server = self.database.run_command(doc! { "hello": 1 }).await?;
        let sharded = server.contains_key("msg");
        if sharded || !self.asks_primary || !server.get_bool("isWritablePrimary").unwrap_or(false) {
            return Ok(true);
        }
        let admin = self.client.database("admin");
        let operations = admin.aggregate([
            doc! { "$currentOp": {} },
            doc! { "$match": { "command.comment": comment } },
            doc! { "$limit": 1 },
        ]);
        match operations.batch().await {
            Ok(mut found) => {
                let mut works = false;
                while let Some(batch) = next(&mut found).await? {
                    let read = documents(&batch, |_| works = true);
                    // What can't be read says nothing against it.
                    works |= read.is_none();
                }
                Ok(works)
            }
            Err(error) if matches!(*error.kind, ErrorKind::Command(_)) => Ok(true),
            Err(error) => Err(error),
        }
    }
}
