//! From the settings to a collection that is there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use mongodb::bson::{Bson, Document, RawDocument, RawDocumentBuf, doc};
use mongodb::event::{EventHandler, sdam::SdamEvent};
use mongodb::options::{ClientOptions, Tls};
use mongodb::{Client, Collection, Database};

use super::ask::{compared, documents, patiently, projection};
use super::failure::{Failure, Servers, one_line, within};
use super::uri;
use activity_data::Error;
use activity_data::Source;
use activity_data::settings::Settings;

/// How long a server that refuses connections is given to start.
const PATIENCE: Duration = Duration::from_secs(2);

/// A collection.
pub struct Connection {
    /// The configured collection.
    pub collection: Collection<RawDocumentBuf>,
    /// The UUID of a collection with an index on `_id`. `None`: a view or a time
    /// series, in which no place can be named; or it wasn't asked for.
    pub uuid: Option<Vec<u8>>,
    /// `MONGODB_TIMEOUT`.
    pub timeout: Duration,
    /// The collection's database.
    pub database: Database,
    client: Client,
    servers: Servers,
    monitors: Monitors,
}

/// A connection as the settings say. No server was asked. The name is that of the
/// database, where the settings or the connection string have one.
async fn begin(settings: &Settings) -> Result<(Connection, Option<String>), Error> {
    let timeout = settings.timeout()?;
    let uri = uri(settings)?;
    // The driver's timeout is shorter than ours, so its reason arrives first.
    let options = uri::options(&uri, timeout.mul_f64(0.85)).await?;
    let hosts: Vec<String> = options.hosts.iter().map(ToString::to_string).collect();
    let servers = Servers {
        hosts: one_line(&hosts.join(", ")),
        timeout,
        uses_tls: matches!(options.tls, Some(Tls::Enabled(_))),
        is_load_balanced: options.load_balanced == Some(true),
    };
    let monitors = Monitors {
        hosts,
        heard: Heard::default(),
    };
    let client = monitors
        .client(options)
        .map_err(|failure| Error::new(failure.sentence(&servers, "the collection")))?;
    let name = |setting| Some(settings.get(setting)?.trim().to_owned());
    let named =
        name("MONGODB_DATABASE").or_else(|| Some(client.default_database()?.name().to_owned()));
    let collection = name("MONGODB_COLLECTION");
    let database = client.database(named.as_deref().unwrap_or("unnamed"));
    let connection = Connection {
        collection: database.collection(collection.as_deref().unwrap_or("activitydata")),
        uuid: None,
        timeout,
        database,
        client,
        servers,
        monitors,
    };
    Ok((connection, named))
}

fn uri(settings: &Settings) -> Result<String, Error> {
    settings
        .get("MONGOKEY")
        .ok_or_else(|| Error::new("MONGOKEY is not set: it is the connection string, mongodb://…"))
}

/// Connects, finds the collection, and learns what it is.
pub async fn connect(settings: &Settings) -> Result<Connection, Error> {
    let begin_time = Instant::now();
    let (mut connection, named) = begin(settings).await?;
    let left = connection.timeout.mul_f64(0.95);
    let left = left.saturating_sub(begin_time.elapsed());
    let found = tokio::select! {
        found = connection.find(named.as_deref()) => found,
        () = connection.monitors.hopeless(begin_time) => Err(Failure::Selection),
        () = tokio::time::sleep(left) => Err(Failure::Silent),
    };
    match found {
        Ok((database, uuid)) => {
            connection.collection = database.collection(connection.collection.name());
            connection.database = database;
            connection.uuid = uuid;
            Ok(connection)
        }
        Err(failure) => {
            let failure = connection.explained(failure);
            let name = match named {
                Some(_) => connection.name(),
                None => connection.collection.name().to_owned(),
            };
            Err(Error::new(failure.sentence(&connection.servers, &name)))
        }
    }
}

/// The collection to write into, which need not be there yet. No server is asked
/// for it.
///
/// # Errors
///
/// Those of the settings; and the servers behind the connection string can't be
/// looked up.
pub async fn to_write(settings: &Settings) -> Result<Connection, Error> {
    let (connection, named) = begin(settings).await?;
    named.map(|_| connection).ok_or_else(unnamed)
}

/// That the settings say where to write; the connection string. No server is
/// looked up.
pub fn check(settings: &Settings) -> Result<String, Error> {
    settings.timeout()?;
    let uri = uri(settings)?;
    let own = uri::database(&uri)?;
    match settings.get("MONGODB_DATABASE").or(own).as_deref() {
        None | Some("admin" | "local" | "config") => Err(unnamed()),
        Some(_) => Ok(uri),
    }
}

fn unnamed() -> Error {
    Error::new(
        "no database is named to write into, or one of MongoDB's own; name yours with MONGODB_DATABASE, or after the last slash of MONGOKEY",
    )
}

/// What was heard of each server that the driver knows, by its address: `None`
/// when it answered.
type Heard = Arc<Mutex<BTreeMap<String, Option<Failure>>>>;

/// The driver's monitors, one a server. A replica set says itself who its members
/// are, and the driver turns to those.
struct Monitors {
    /// The servers as they stand in the connection string.
    hosts: Vec<String>,
    heard: Heard,
}

impl Monitors {
    fn client(&self, mut options: ClientOptions) -> Result<Client, Failure> {
        let heard = Arc::clone(&self.heard);
        options.sdam_event_handler = Some(EventHandler::callback(move |event| {
            let Ok(mut heard) = heard.lock() else { return };
            let (address, news) = match event {
                SdamEvent::ServerOpening(opening) => {
                    heard.insert(opening.address.to_string(), Some(Failure::Silent));
                    return;
                }
                SdamEvent::ServerClosed(closed) => {
                    heard.remove(&closed.address.to_string());
                    return;
                }
                SdamEvent::ServerHeartbeatFailed(failed) => {
                    (failed.server_address, Some(failed.failure.into()))
                }
                SdamEvent::ServerHeartbeatSucceeded(succeeded) => (succeeded.server_address, None),
                _ => return,
            };
            if let Some(known) = heard.get_mut(&address.to_string()) {
                *known = news;
            }
        }));
        Client::with_options(options).map_err(Failure::from)
    }

    /// Why no server could be selected or none answered, as far as the monitors
    /// know.
    fn explained(&self, failure: Failure) -> Failure {
        let Ok(heard) = self.heard.lock() else {
            return failure;
        };
        // A host that answers its monitor is there: then the failure itself says
        // more than what the others' monitors met with.
        let all: Option<Vec<_>> = heard
            .iter()
            .map(|(host, said)| Some((host, said.as_ref()?)))
            .collect();
        let failures = all.into_iter().flatten();
        match failures.min_by_key(|(_, said)| matches!(said, Failure::Silent)) {
            Some((host, Failure::Name | Failure::Refused)) if !self.hosts.contains(host) => {
                Failure::Member(one_line(host))
            }
            Some((_, failure)) => failure.clone(),
            None => failure,
        }
    }

    /// Ends when every server fails in a way that waiting doesn't mend.
    async fn hopeless(&self, begin: Instant) {
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let Ok(heard) = self.heard.lock() else {
                continue;
            };
            let is_final = if begin.elapsed() > PATIENCE {
                Failure::is_final
            } else {
                Failure::is_final_at_once
            };
            let mut servers = heard.values();
            if !heard.is_empty() && servers.all(|said| said.as_ref().is_some_and(is_final)) {
                return;
            }
        }
    }
}

/// The UUID of a collection as the server lists it; none of a view or a time
/// series.
fn uuid_of(listed: &RawDocument) -> Option<Vec<u8>> {
    if listed.get_str("type").ok()? != "collection" {
        return None;
    }
    let info = listed.get_document("info").ok()?;
    Some(info.get_binary("uuid").ok()?.bytes.to_vec())
}

/// The databases, without MongoDB's own and those that can't be shown.
async fn databases(client: &Client) -> mongodb::error::Result<Vec<String>> {
    let mut names = client.list_database_names().await?;
    names.retain(|name| {
        !matches!(name.as_str(), "admin" | "local" | "config") && one_line(name) == *name
    });
    Ok(names)
}

/// What the database has, or what databases there are.
async fn what_is_there(client: &Client, database: &Database) -> String {
    let name = database.name();
    let mut collections = database.list_collection_names().await.unwrap_or_default();
    collections.retain(|name| !name.starts_with("system."));
    collections.sort();
    let mut counted = Vec::new();
    for name in collections.iter().take(LISTED) {
        let documents = database.collection::<RawDocumentBuf>(name);
        let count = documents.estimated_document_count().await;
        let name = one_line(name);
        counted.push(count.map_or(name.clone(), |count| format!("{name} ({count})")));
    }
    if !counted.is_empty() {
        return format!(
            "{name} has these collections (and documents): {}; set MONGODB_COLLECTION or MONGODB_DATABASE",
            list(&counted, collections.len())
        );
    }
    let databases = databases(client).await.unwrap_or_default();
    if databases.is_empty() {
        return format!("the database {name} has none at all; set MONGODB_DATABASE");
    }
    format!(
        "the database {name} is not there, but {}; set MONGODB_DATABASE",
        list(&databases, databases.len())
    )
}

/// Names listed in a message.
const LISTED: usize = 8;

fn list(names: &[String], all: usize) -> String {
    let shown = &names[..names.len().min(LISTED)];
    let more = match all - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    shown.join(", ") + &more
}

impl Connection {
    /// Finds the database and the collection, and gives the collection's UUID if
    /// `_id` has an index there.
    async fn find(&self, named: Option<&str>) -> Result<(Database, Option<Vec<u8>>), Failure> {
        // Somewhat less than is left, so that this reason arrives first.
        let patience = self.timeout.mul_f64(0.9);
        let database = match named {
            Some(_) => self.database.clone(),
            None => {
                let names = patiently(patience, || databases(&self.client)).await?;
                let Some(first) = names.first() else {
                    return Err(Failure::Told(
                        "the server has no database yet besides its own; name the bot's with MONGODB_DATABASE once it has written there".to_owned(),
                    ));
                };
                self.client.database(first)
            }
        };
        let collection = self.collection.name();
        // As raw documents: what the driver makes of them takes long to compile.
        let list = || {
            let filter = doc! { "name": collection };
            database.list_collections().filter(filter).batch()
        };
        let mut found = patiently(patience, list).await?;
        let mut uuid = None;
        while let Some(batch) = found.try_next().await? {
            documents(&batch, |found| uuid = Some(uuid_of(found))).ok_or(Failure::Unreadable)?;
        }
        if let Some(uuid) = uuid {
            return Ok((database, uuid));
        }
        let name = database.name();
        let there = what_is_there(&self.client, &database).await;
        Err(Failure::Told(format!(
            "MongoDB has no collection {name}.{collection}; {there}"
        )))
    }

    /// What is read, for titles.
    pub fn source(&self) -> Source {
        Source::MongoDb {
            database: self.database.name().to_owned(),
            collection: self.collection.name().to_owned(),
        }
    }

    /// The failure, or what the servers' monitors say about it.
    pub fn explained(&self, failure: Failure) -> Failure {
        match failure {
            Failure::Selection | Failure::Silent => self.monitors.explained(failure),
            failure => failure,
        }
    }

    /// The failure as a sentence.
    pub fn sentence(&self, failure: &Failure) -> String {
        failure.sentence(&self.servers, &self.name())
    }

    /// Database and collection.
    pub fn name(&self) -> String {
        format!("{}.{}", self.database.name(), self.collection.name())
    }

    /// That the collection has no document, and what the database has instead.
    pub async fn is_empty(&self) -> String {
        let there = what_is_there(&self.client, &self.database);
        let there = tokio::time::timeout(self.timeout / 2, there)
            .await
            .unwrap_or_else(|_| "the bot has written nothing yet".to_owned());
        format!("{} has no documents; {there}", self.name())
    }

    /// About how many documents there are.
    pub(crate) async fn estimated_count(&self) -> Result<u64, Failure> {
        let count = || self.collection.estimated_document_count().into_future();
        patiently(self.timeout, count).await
    }

    /// How many documents that the filter takes have an `_id` up to this one.
    pub(crate) async fn count_up_to(
        &self,
        id: &Bson,
        mut filter: Document,
        patience: Duration,
    ) -> Result<u64, Failure> {
        filter.extend(compared(id, "$lte"));
        let count = || self.collection.count_documents(filter.clone());
        patiently(patience, || count().into_future()).await
    }

    /// Hands over the documents with these `_id`s.
    pub(crate) async fn fetch(
        &self,
        ids: &[&Bson],
        mut take: impl FnMut(&RawDocument),
    ) -> Result<(), Failure> {
        // A reply of this many documents comes within the timeout.
        for ids in ids.chunks(1_000) {
            let find = || {
                let find = self.collection.find(doc! { "_id": { "$in": ids } });
                find.projection(projection()).batch()
            };
            let mut cursor = patiently(self.timeout, find).await?;
            while let Some(batch) = within(self.timeout, cursor.try_next()).await? {
                documents(&batch, &mut take).ok_or(Failure::Unreadable)?;
            }
        }
        Ok(())
    }
}
