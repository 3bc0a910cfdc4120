//! The collection that windows are written into.

use bson::{RawDocumentBuf, doc};
use mongodb::error::ErrorKind;
use mongodb::options::{CollectionOptions, WriteConcern};
use mongodb::{Collection, IndexModel};

use super::document::{Span, span};
use super::place::{Answer, Inserted, Store, There};
use activity_data::Error;
use activity_data::settings::Settings;
use activity_data::source::document::{SINCE, TIME};
use activity_mongodb::connect::{self, Connection};
use activity_mongodb::failure::{Failure, within};

/// The collection, once its servers could be looked up.
pub struct MongoDb {
    settings: Settings,
    open: Option<Open>,
}

struct Open {
    connection: Connection,
    collection: Collection<RawDocumentBuf>,
    has_index: bool,
}

impl MongoDb {
    /// No server is looked up yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            open: None,
        }
    }

    async fn open(&mut self) -> Result<&mut Open, String> {
        if self.open.is_none() {
            let connection = connect::to_write(&self.settings);
            let connection = connection.await.map_err(|error| error.to_string())?;
            // A window is taken out of our file only when it's in MongoDB's.
            let concern = WriteConcern::builder().journal(true).build();
            let options = CollectionOptions::builder().write_concern(concern).build();
            let name = connection.collection.name();
            self.open = Some(Open {
                collection: connection.database.collection_with_options(name, options),
                connection,
                has_index: false,
            });
        }
        self.open.as_mut().ok_or_else(String::new)
    }
}

impl Open {
    async fn index(&mut self) -> Result<(), Failure> {
        if !self.has_index {
            let index = IndexModel::builder().keys(doc! { TIME: 1 }).build();
            let made = self.collection.create_index(index).into_future();
            within(self.connection.timeout, made).await?;
            self.has_index = true;
        }
        Ok(())
    }

    async fn insert(&self, documents: &[RawDocumentBuf]) -> Result<Vec<Option<There>>, Failure> {
        /// MongoDB's code for an `_id` that is taken.
        const DUPLICATE: i32 = 11_000;
        let timeout = self.connection.timeout;
        let insert = self.collection.insert_many(documents).ordered(false);
        let inserted = tokio::time::timeout(timeout, insert.into_future()).await;
        let mut found = vec![None; documents.len()];
        let Err(error) = inserted.map_err(|_| Failure::Silent)? else {
            return Ok(found);
        };
        let ErrorKind::InsertMany(refused) = &*error.kind else {
            return Err(error.into());
        };
        for refused in refused.write_errors.iter().flatten() {
            if refused.code != DUPLICATE {
                return Err(Failure::Command {
                    code: refused.code,
                    message: "the document is refused".to_owned(),
                });
            }
            let own = &documents[refused.index];
            let id = doc! { "_id": own.get_object_id("_id").ok() };
            let there = within(timeout, self.collection.find_one(id).into_future()).await?;
            let there = there.ok_or_else(|| {
                Failure::Told("a window was deleted from MongoDB meanwhile".to_owned())
            })?;
            found[refused.index] = Some(There {
                is_same: there == *own,
                span: span(&there),
            });
        }
        match &refused.write_concern_error {
            Some(_) => Err(error.into()),
            None => Ok(found),
        }
    }

    async fn spans(&self) -> Result<Vec<Span>, Failure> {
        let timeout = self.connection.timeout;
        let find = self.collection.find(doc! {});
        let find = find.projection(doc! { "_id": 0, SINCE: 1, TIME: 1 });
        let mut found = within(timeout, find.into_future()).await?;
        let mut spans = Vec::new();
        while within(timeout, found.advance()).await? {
            spans.extend(span(found.current()));
        }
        spans.sort_unstable_by_key(|&(since, time)| (time, since));
        Ok(spans)
    }

    fn sentence(&self, failure: Failure) -> String {
        let name = self.connection.name();
        match self.connection.explained(failure) {
            Failure::Unauthorized => format!(
                "the user in MONGOKEY may not write into {name}; give it the role `readWrite` there"
            ),
            Failure::Command { code, message } => {
                format!("MongoDB refuses to write into {name}: {message} (code {code})")
            }
            failure => self.connection.sentence(&failure),
        }
    }
}

impl Store for MongoDb {
    fn name(&self) -> String {
        "MongoDB".to_owned()
    }

    fn prepare(&mut self) -> Answer<'_, Result<Option<String>, Error>> {
        Box::pin(async {
            let open = match self.open().await {
                Ok(open) => open,
                Err(why) => return Ok(Some(why)),
            };
            match open.index().await {
                Ok(()) => Ok(None),
                Err(failure @ (Failure::Authentication | Failure::Unauthorized)) => {
                    Err(Error::new(open.sentence(failure)))
                }
                Err(failure) => Ok(Some(open.sentence(failure))),
            }
        })
    }

    fn insert<'a>(&'a mut self, documents: &'a [RawDocumentBuf]) -> Answer<'a, Inserted> {
        Box::pin(async {
            let open = self.open().await?;
            if let Err(failure) = open.index().await
                && failure.may_pass()
            {
                return Err(open.sentence(failure));
            }
            // What else keeps MongoDB from making the index needn't keep it from taking
            // windows.
            let inserted = open.insert(documents).await;
            inserted.map_err(|failure| open.sentence(failure))
        })
    }

    fn spans(&mut self) -> Answer<'_, Result<Vec<Span>, String>> {
        Box::pin(async {
            let open = self.open().await?;
            let spans = open.spans().await;
            spans.map_err(|failure| open.sentence(failure))
        })
    }
}
