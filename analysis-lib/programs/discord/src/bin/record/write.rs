//! Writes windows into MongoDB, for as long as it takes.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use chrono::DateTime;
use mongodb::bson::{RawDocument, RawDocumentBuf, doc};
use mongodb::error::{ErrorKind, WriteFailure};
use mongodb::options::{CollectionOptions, WriteConcern};
use mongodb::{Collection, IndexModel};
use tokio::sync::Notify;

use super::deliver::{Delivered, Store, deliver};
use super::document::{document, span};
use super::say;
use super::spool::Spool;
use super::window::Window;
use activity_data::Error;
use activity_data::settings::Settings;
use activity_data::source::document::{ONLINE, QUANTITIES, TIME, VOLUME};
use activity_data::text::counted;
use activity_mongodb::connect::{self, Connection};
use activity_mongodb::failure::{Failure, within};

/// From one try to the next while MongoDB is away, at first and at most.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// From one line that all is well to the next.
const HOUR: Duration = Duration::from_secs(3_600);

/// The collection, once its servers could be looked up.
pub(crate) struct MongoDb {
    settings: Settings,
    open: Option<Open>,
}

struct Open {
    connection: Connection,
    collection: Collection<RawDocumentBuf>,
    has_index: bool,
}

impl MongoDb {
    pub(crate) fn new(settings: Settings) -> Self {
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

    /// Makes the collection and its index on `time`, where they aren't there yet.
    ///
    /// # Errors
    ///
    /// The user may not write there, which no waiting mends. `Ok` holds why it
    /// can't be done now.
    pub(crate) async fn prepare(&mut self) -> Result<Option<String>, Error> {
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
    async fn insert(&mut self, document: RawDocumentBuf) -> Result<Option<RawDocumentBuf>, String> {
        /// MongoDB's code for an `_id` that is taken.
        const DUPLICATE: i32 = 11_000;
        let open = self.open().await?;
        let timeout = open.connection.timeout;
        if let Err(failure) = open.index().await
            && failure.may_pass()
        {
            return Err(open.sentence(failure));
        }
        // What else keeps MongoDB from making the index needn't keep it from taking
        // windows.
        let insert = open.collection.insert_one(&document).into_future();
        let is_taken = match tokio::time::timeout(timeout, insert).await {
            Ok(Ok(_)) => return Ok(None),
            Ok(Err(error)) => match &*error.kind {
                ErrorKind::Write(WriteFailure::WriteError(why)) if why.code == DUPLICATE => Ok(()),
                ErrorKind::Write(WriteFailure::WriteError(why)) => Err(Failure::Command {
                    code: why.code,
                    message: "the document is refused".to_owned(),
                }),
                _ => Err(error.into()),
            },
            Err(_) => Err(Failure::Silent),
        };
        let found = match is_taken {
            Ok(()) => {
                let id = document.get("_id").ok().flatten();
                let id = doc! { "_id": id.and_then(|id| id.as_object_id()) };
                within(timeout, open.collection.find_one(id).into_future()).await
            }
            Err(failure) => Err(failure),
        };
        match found {
            Ok(Some(there)) => Ok(Some(there)),
            Ok(None) => Err("a window was deleted from MongoDB meanwhile".to_owned()),
            Err(failure) => Err(open.sentence(failure)),
        }
    }
}

/// What a person hears of the windows.
#[derive(Default)]
struct Report {
    /// Since the last line.
    written: usize,
    /// Whether the window before was another recorder's.
    is_second: bool,
    /// When it was said that another recorder writes, and that all is well.
    second: Option<Instant>,
    well: Option<Instant>,
}

fn is_due(last: Option<Instant>) -> bool {
    last.is_none_or(|last| last.elapsed() >= HOUR)
}

impl Report {
    fn hear(&mut self, document: &RawDocument, delivered: Delivered) {
        let time = moment(span(document).map_or(0, |span| span.1));
        let is_second = delivered == Delivered::Anothers;
        if is_second && !self.is_second && is_due(self.second) {
            self.second = Some(Instant::now());
            say(&format!(
                "another recorder writes this window (until {time}); this one goes on, and writes what the other doesn't"
            ));
        }
        self.is_second = is_second;
        if is_second {
            return;
        }
        self.written += 1;
        if is_due(self.well) {
            self.well = Some(Instant::now());
            let number = |name| {
                let number = document.get(name).ok().flatten()?;
                let number = number.as_i64().or(number.as_i32().map(i64::from))?;
                usize::try_from(number).ok()
            };
            let members = document.get_document(QUANTITIES);
            let members = members.map_or(0, |members| members.iter().count());
            say(&format!(
                "{} written; the last until {time}: {} online, {} by {}",
                counted(self.written, "window"),
                number(ONLINE).unwrap_or(0),
                counted(number(VOLUME).unwrap_or(0), "message"),
                counted(members, "member"),
            ));
            self.written = 0;
        }
    }
}

pub(crate) fn moment(time: i64) -> String {
    DateTime::from_timestamp_millis(time).map_or_else(
        || format!("{time} ms"),
        |time| time.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

/// What hands windows from the gateway's side to MongoDB's.
pub(crate) struct Queue {
    server: u64,
    /// Of whole windows.
    length: i64,
    spool: RefCell<Spool>,
    /// Whether the file can't be written.
    is_memory: Cell<bool>,
    is_over: Cell<bool>,
    wake: Notify,
}

impl Queue {
    pub(crate) fn new(server: u64, length: i64, spool: Spool) -> Self {
        let queue = Self {
            server,
            length,
            spool: RefCell::new(spool),
            is_memory: Cell::new(false),
            is_over: Cell::new(false),
            wake: Notify::new(),
        };
        queue.wake.notify_one();
        queue
    }

    /// Adds a window, which is on the disk when this returns.
    pub(crate) fn push(&self, window: &Window) {
        let document = document(self.server, self.length, window);
        let pushed = self.spool.borrow_mut().push(document);
        if let Err(why) = &pushed
            && !self.is_memory.get()
        {
            say(why);
        }
        self.is_memory.set(pushed.is_err());
        self.wake.notify_one();
    }

    /// No window comes any more.
    pub(crate) fn end(&self) {
        self.is_over.set(true);
        self.wake.notify_one();
    }

    /// Writes windows until no more come, and then tries once more.
    pub(crate) async fn write(&self, mut store: impl Store) {
        let mut report = Report::default();
        let mut pause = PAUSE;
        let mut is_away = false;
        let mut is_last = false;
        while !is_last {
            let waits = self.spool.borrow().len() > 0;
            tokio::select! {
                () = self.wake.notified() => (),
                () = tokio::time::sleep(pause), if waits => (),
            }
            is_last = self.is_over.get();
            let mut told = |document: &RawDocument, delivered| report.hear(document, delivered);
            match deliver(&self.spool, &mut store, &mut told).await {
                Ok(()) => {
                    if is_away {
                        say("MongoDB is back, and has every window that waited");
                    }
                    is_away = false;
                    pause = PAUSE;
                }
                Err(why) => {
                    if !is_away {
                        say(&format!(
                            "{why}. Until then, windows wait in {}",
                            self.path()
                        ));
                    }
                    is_away = true;
                    pause = (2 * pause).min(LONGEST_PAUSE);
                }
            }
        }
        let left = self.spool.borrow().len();
        if left > 0 {
            say(&format!(
                "{} left in {}, for the recorder to write when it runs again",
                counted(left, "window"),
                self.path()
            ));
        }
    }

    pub(crate) fn path(&self) -> String {
        self.spool.borrow().path().display().to_string()
    }
}
