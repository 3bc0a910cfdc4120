//! From the settings to a collection that is there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mongodb::bson::{RawDocument, RawDocumentBuf, doc};
use mongodb::event::{EventHandler, sdam::SdamEvent};
use mongodb::options::{ClientOptions, ReadPreference, SelectionCriteria, Tls};
use mongodb::{Client, Collection, Database};

use super::decode::{documents, next};
use super::failure::{Failure, Servers, one_line};
use super::uri;
use activity_data::Error;
use activity_data::Source;
use activity_data::settings::Settings;

/// How long a server that refuses connections is given to start.
const PATIENCE: Duration = Duration::from_secs(2);

/// A collection that is there.
pub struct Connection {
    /// The configured collection.
    pub collection: Collection<RawDocumentBuf>,
    /// The UUID of a collection with an index on `_id`. `None`: a view or a time
    /// series, in which no place can be named.
    pub uuid: Option<Vec<u8>>,
    /// `MONGODB_TIMEOUT`.
    pub timeout: Duration,
    /// Whether every question goes to the primary if there is one.
    pub asks_primary: bool,
    /// The driver's client.
    pub client: Client,
    /// The collection's database.
    pub database: Database,
    servers: Servers,
    heartbeats: Heartbeats,
}

/// What each host's monitor said last: `None` when the host answered.
type Heartbeats = Arc<Mutex<HashMap<String, Option<Failure>>>>;

/// Why the collection isn't found.
enum NotFound {
    Failure(Failure),
    /// What is there instead, as a sentence.
    Other(String),
}

impl From<Failure> for NotFound {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<mongodb::error::Error> for NotFound {
    fn from(error: mongodb::error::Error) -> Self {
        Self::Failure(error.into())
    }
}

/// A client, as the settings say. Nothing was asked yet.
struct Begun {
    client: Client,
    hosts: Vec<String>,
    timeout: Duration,
    asks_primary: bool,
    /// The database that is named, in the settings or the connection string.
    database: Option<String>,
    collection: String,
    servers: Servers,
    heartbeats: Heartbeats,
}

async fn begin(settings: &Settings) -> Result<Begun, Error> {
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
    let asks_primary = matches!(
        options.selection_criteria,
        Some(SelectionCriteria::ReadPreference(
            ReadPreference::Primary | ReadPreference::PrimaryPreferred { .. }
        ))
    );
    let heartbeats = Heartbeats::default();
    let client = client(options, &heartbeats)
        .map_err(|failure| Error::new(failure.sentence(&servers, "the collection")))?;
    let database = settings
        .get("MONGODB_DATABASE")
        .map(|name| name.trim().to_owned())
        .or_else(|| Some(client.default_database()?.name().to_owned()));
    let collection = settings
        .get("MONGODB_COLLECTION")
        .map_or("activitydata".to_owned(), |name| name.trim().to_owned());
    Ok(Begun {
        client,
        hosts,
        timeout,
        asks_primary,
        database,
        collection,
        servers,
        heartbeats,
    })
}

fn uri(settings: &Settings) -> Result<String, Error> {
    settings
        .get("MONGOKEY")
        .ok_or_else(|| Error::new("MONGOKEY is not set: it is the connection string, mongodb://…"))
}

/// Connects, finds the collection, and learns what it is.
pub async fn connect(settings: &Settings) -> Result<Connection, Error> {
    let start = Instant::now();
    let begun = begin(settings).await?;
    let left = begun.timeout.mul_f64(0.95).saturating_sub(start.elapsed());
    let found = tokio::select! {
        found = find(&begun.client, begun.database.as_deref(), &begun.collection) => found,
        failure = hopeless(&begun.heartbeats, &begun.hosts, start) => Err(failure.into()),
        () = tokio::time::sleep(left) => Err(Failure::Silent.into()),
    };
    match found {
        Ok((database, uuid)) => Ok(begun.connection(database, uuid)),
        Err(NotFound::Other(sentence)) => Err(Error::new(sentence)),
        Err(NotFound::Failure(failure)) => {
            let failure = explained(failure, &begun.heartbeats);
            let collection = begun.collection;
            let name = begun
                .database
                .map_or(collection.clone(), |name| format!("{name}.{collection}"));
            Err(Error::new(failure.sentence(&begun.servers, &name)))
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
    let begun = begin(settings).await?;
    let name = begun.database.as_deref().ok_or_else(unnamed)?;
    let database = begun.client.database(name);
    Ok(begun.connection(database, None))
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

impl Begun {
    fn connection(self, database: Database, uuid: Option<Vec<u8>>) -> Connection {
        Connection {
            collection: database.collection(&self.collection),
            uuid,
            timeout: self.timeout,
            asks_primary: self.asks_primary,
            client: self.client,
            database,
            servers: self.servers,
            heartbeats: self.heartbeats,
        }
    }
}

/// Why no server could be selected or none answered, as far as the monitors
/// know.
fn explained(failure: Failure, heartbeats: &Heartbeats) -> Failure {
    if !matches!(failure, Failure::Selection | Failure::Silent) {
        return failure;
    }
    let Ok(heard) = heartbeats.lock() else {
        return failure;
    };
    if heard.is_empty() {
        return Failure::Silent;
    }
    // A host that answers its monitor is there: then the failure itself says
    // more than what the others' monitors met with.
    let failures: Option<Vec<&Failure>> = heard.values().map(Option::as_ref).collect();
    match failures {
        Some(failures) => failures[0].clone(),
        None => failure,
    }
}

fn client(mut options: ClientOptions, heartbeats: &Heartbeats) -> Result<Client, Failure> {
    let heard = Arc::clone(heartbeats);
    options.sdam_event_handler = Some(EventHandler::callback(move |event| {
        let Ok(mut heard) = heard.lock() else { return };
        match event {
            SdamEvent::ServerHeartbeatFailed(failed) => {
                heard.insert(
                    failed.server_address.to_string(),
                    Some(failed.failure.into()),
                );
            }
            SdamEvent::ServerHeartbeatSucceeded(succeeded) => {
                heard.insert(succeeded.server_address.to_string(), None);
            }
            _ => (),
        }
    }));
    Client::with_options(options).map_err(Failure::from)
}

/// Ends when every host fails in a way that waiting doesn't mend.
async fn hopeless(heartbeats: &Heartbeats, hosts: &[String], begin: Instant) -> Failure {
    loop {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let Ok(heard) = heartbeats.lock() else {
            continue;
        };
        let all = hosts
            .iter()
            .all(|host| matches!(heard.get(host), Some(Some(failure)) if failure.is_final()));
        let mut failures = heard.values().flatten();
        let now = failures
            .clone()
            .all(|failure| matches!(failure, Failure::Certificate(_) | Failure::CertificateName));
        if all
            && (now || begin.elapsed() > PATIENCE)
            && let Some(failure) = failures.next()
        {
            return failure.clone();
        }
    }
}

/// Finds the database and the collection, and gives the collection's UUID if
/// `_id` has an index there.
async fn find(
    client: &Client,
    wanted: Option<&str>,
    collection: &str,
) -> Result<(Database, Option<Vec<u8>>), NotFound> {
    let database = match wanted {
        Some(name) => client.database(name),
        None => {
            let names = databases(client).await?;
            let Some(first) = names.first() else {
                return Err(NotFound::Other(
                    "the server has no database yet besides its own; name the bot's with MONGODB_DATABASE once it has written there".to_owned(),
                ));
            };
            client.database(first)
        }
    };
    let filter = doc! { "name": collection };
    // As raw documents: what the driver makes of them takes long to compile.
    let mut found = database.list_collections().filter(filter).batch().await?;
    let mut uuid = None;
    while let Some(batch) = next(&mut found).await? {
        documents(&batch, |found| uuid = Some(uuid_of(found))).ok_or(Failure::Unreadable)?;
    }
    if let Some(uuid) = uuid {
        return Ok((database, uuid));
    }
    let name = database.name();
    let there = what_is_there(client, &database).await;
    Err(NotFound::Other(format!(
        "MongoDB has no collection {name}.{collection}; {there}"
    )))
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
    let mut text = shown.join(", ");
    if all > shown.len() {
        text.push_str(&format!(" and {} more", all - shown.len()));
    }
    text
}

impl Connection {
    /// What is read, for titles.
    pub fn source(&self) -> Source {
        Source::MongoDb {
            database: self.database.name().to_owned(),
            collection: self.collection.name().to_owned(),
        }
    }

    /// The failure, or what the servers' monitors say about it.
    pub fn explained(&self, failure: Failure) -> Failure {
        explained(failure, &self.heartbeats)
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
}
