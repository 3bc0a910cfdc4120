//! From the settings to a collection that is there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use mongodb::bson::{RawDocumentBuf, doc};
use mongodb::error::ErrorKind;
use mongodb::event::{EventHandler, sdam::SdamEvent};
use mongodb::options::{
    ClientOptions, Compressor, ReadPreference, SelectionCriteria, ServerAddress,
};
use mongodb::results::CollectionType;
use mongodb::{Client, Collection, Database};

use super::failure::Failure;
use crate::Error;
use crate::origin::Source;
use crate::settings::Settings;

/// How long a server that refuses connections is given to start.
const PATIENCE: Duration = Duration::from_secs(2);

/// A collection that is there.
pub(crate) struct Connection {
    pub(crate) collection: Collection<RawDocumentBuf>,
    pub(crate) store: Store,
    pub(crate) timeout: Duration,
    /// Where it is, without secrets.
    pub(crate) hosts: String,
    client: Client,
    database: Database,
    heartbeats: Heartbeats,
    /// Whether whatever is asked goes to the primary if there is one.
    primary: bool,
}

/// What keeps the documents.
pub(crate) enum Store {
    /// A collection with this UUID, which has an index on `_id`.
    Collection(Vec<u8>),
    /// A view or a time series: no place in it can be named.
    Other,
}

/// What each host's monitor said last: `None` when the host answered.
type Heartbeats = Arc<Mutex<HashMap<String, Option<Failure>>>>;

/// Connects, finds the collection, and learns what it is.
pub(crate) async fn connect(settings: &Settings) -> Result<Connection, Error> {
    let timeout = settings.timeout()?;
    let uri = settings.get("MONGOKEY").ok_or_else(|| {
        Error::new("MONGOKEY is not set: it is the connection string, mongodb://…")
    })?;
    let begin = Instant::now();
    // The driver shall give its reason before we lose our patience.
    let inner = timeout.mul_f64(0.85);
    let (options, hosts) = options(uri.trim(), inner, timeout).await?;
    let heartbeats = Heartbeats::default();
    let primary = matches!(
        options.selection_criteria,
        Some(SelectionCriteria::ReadPreference(
            ReadPreference::Primary | ReadPreference::PrimaryPreferred { .. }
        ))
    );
    let client = client(options, &heartbeats)?;
    let wanted = settings
        .get("MONGODB_DATABASE")
        .map(|name| name.trim().to_owned())
        .or_else(|| Some(client.default_database()?.name().to_owned()));
    let collection = settings
        .get("MONGODB_COLLECTION")
        .map_or("activitydata".to_owned(), |name| name.trim().to_owned());
    let found = tokio::select! {
        found = find(&client, wanted.as_deref(), &collection) => found,
        failure = hopeless(&heartbeats, &hosts, begin) => Err(failure.into()),
        () = tokio::time::sleep(timeout.mul_f64(0.95).saturating_sub(begin.elapsed())) => Err(Failure::Silent.into()),
    };
    let hosts = hosts.join(", ");
    match found {
        Ok((database, store)) => Ok(Connection {
            collection: database.collection(&collection),
            store,
            timeout,
            hosts,
            client,
            database,
            heartbeats,
            primary,
        }),
        Err(Lost::Sentence(sentence)) => Err(Error::new(sentence)),
        Err(Lost::Failure(failure)) => {
            let failure = explained(failure, &heartbeats);
            let name = wanted.map_or(collection.clone(), |name| format!("{name}.{collection}"));
            Err(Error::new(failure.sentence(&hosts, timeout, &name)))
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

/// Why the collection isn't found.
enum Lost {
    Failure(Failure),
    Sentence(String),
}

impl From<Failure> for Lost {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<mongodb::error::Error> for Lost {
    fn from(error: mongodb::error::Error) -> Self {
        Self::Failure(error.into())
    }
}

/// The driver's options, and the hosts for messages.
async fn options(
    uri: &str,
    inner: Duration,
    timeout: Duration,
) -> Result<(ClientOptions, Vec<String>), Error> {
    let Some((scheme, rest)) = uri.split_once("://") else {
        return Err(Error::new(
            "MONGOKEY is not a connection string: it must begin with mongodb:// or mongodb+srv://",
        ));
    };
    if !matches!(scheme, "mongodb" | "mongodb+srv") {
        return Err(Error::new(
            "MONGOKEY is not a connection string: it must begin with mongodb:// or mongodb+srv://",
        ));
    }
    let (user, host) = user_and_hosts(rest)?;
    let parsed = tokio::time::timeout(inner, ClientOptions::parse(uri)).await;
    let mut options = match parsed {
        Ok(Ok(options)) => options,
        Ok(Err(error)) => return Err(unusable(&error, scheme, host, uri, user)),
        Err(_) => {
            return Err(Error::new(format!(
                "the servers behind {host} could not be looked up within {} s; check your network, or set MONGODB_TIMEOUT higher",
                timeout.as_secs_f64()
            )));
        }
    };
    let hosts: Vec<String> = options.hosts.iter().map(ToString::to_string).collect();
    options
        .app_name
        .get_or_insert("server-activity-analysis".to_owned());
    options.connect_timeout = Some(options.connect_timeout.unwrap_or(inner).min(inner));
    options.server_selection_timeout = Some(inner);
    // Without a primary, for as long as an election takes, the others serve.
    options
        .selection_criteria
        .get_or_insert(SelectionCriteria::ReadPreference(
            ReadPreference::PrimaryPreferred { options: None },
        ));
    // Within one machine, compressing takes longer than copying.
    if !options.hosts.iter().all(is_local) {
        options
            .compressors
            .get_or_insert(vec![Compressor::Zstd { level: None }]);
    }
    Ok((options, hosts))
}

/// What stands before the `@`, and the hosts.
fn user_and_hosts(rest: &str) -> Result<(&str, &str), Error> {
    let (before, options) = rest.split_once('?').unwrap_or((rest, ""));
    // An option's value may have an `@`. Where none of it looks like an option,
    // the `?` belongs to a password.
    let in_password = !before.contains('@')
        && options
            .split_once('@')
            .is_some_and(|(password, _)| !password.contains('='));
    let before = if in_password { rest } else { before };
    let (user, after) = before.rsplit_once('@').unwrap_or(("", before));
    if user.matches(':').count() > 1
        || user.contains(['/', '?', '#', '[', ']', '@'])
        || !percent_encoded(user)
    {
        return Err(Error::new(
            "the user name or the password in MONGOKEY has a character that must be percent-encoded: one of : / ? # [ ] @ %, for example %40 for @",
        ));
    }
    let hosts = after.split(['/', '?']).next().unwrap_or(after);
    // Without its `@`, a password looks like a port or a part of the host. The
    // driver would show it, and so would our messages, which name hosts.
    if !hosts.split(',').all(is_host) {
        return Err(Error::new(
            "MONGOKEY is not a valid connection string: a host has a % or a port that is not a number from 1 to 65535; is the @ between password and host missing, or written as %40?",
        ));
    }
    Ok((user, hosts))
}

/// Whether nothing of it but a host and a port can be meant.
fn is_host(host: &str) -> bool {
    // A socket's path stands in percent-encoding.
    if host.ends_with(".sock") {
        return true;
    }
    let after = host.rsplit_once(']').map_or(host, |(_, after)| after);
    let port = after.split_once(':').map(|(_, port)| port);
    !host.contains('%') && port.is_none_or(|port| port.parse().is_ok_and(|port: u16| port > 0))
}

fn is_local(address: &ServerAddress) -> bool {
    match address {
        ServerAddress::Tcp { host, .. } => {
            host == "localhost"
                || host
                    .trim_matches(['[', ']'])
                    .parse()
                    .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
        }
        _ => true,
    }
}

fn percent_encoded(text: &str) -> bool {
    text.split('%')
        .skip(1)
        .all(|part| part.len() >= 2 && part.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit))
}

/// Why the driver doesn't take the connection string.
fn unusable(
    error: &mongodb::error::Error,
    scheme: &str,
    host: &str,
    uri: &str,
    user: &str,
) -> Error {
    let reason = match &*error.kind {
        ErrorKind::DnsResolve { .. } if scheme == "mongodb+srv" => {
            return Error::new(format!(
                "{host} of MONGOKEY (mongodb+srv) can't be found in the DNS; check its spelling and your network, or use a mongodb:// string with the servers' names"
            ));
        }
        ErrorKind::InvalidArgument { message, .. } => message.as_str(),
        _ => "",
    };
    // The driver's words help when an option is wrong, and are shown only when
    // they can't hold what nobody shall see: what stands for a host may be a
    // password, and so may what it "got".
    let secret = reason.starts_with("invalid server address")
        || reason.contains("got ")
        || user
            .split(':')
            .any(|part| !part.is_empty() && reason.contains(part));
    if reason.is_empty() || secret || reason.contains(uri) {
        Error::new(
            "MONGOKEY is not a valid connection string; it looks like mongodb://USER:PASSWORD@HOST:27017/DATABASE",
        )
    } else {
        let reason = reason.trim_end_matches('.');
        Error::new(format!(
            "MONGOKEY is not a valid connection string: {reason}; it looks like mongodb://USER:PASSWORD@HOST:27017/DATABASE"
        ))
    }
}

fn client(mut options: ClientOptions, heartbeats: &Heartbeats) -> Result<Client, Error> {
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
    Client::with_options(options).map_err(|error| {
        let failure = Failure::from(error);
        Error::new(failure.sentence("the server", Duration::ZERO, "the collection"))
    })
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
            .all(|failure| matches!(failure, Failure::Certificate(_)));
        if all
            && (now || begin.elapsed() > PATIENCE)
            && let Some(failure) = failures.next()
        {
            return failure.clone();
        }
    }
}

/// Finds the database and the collection.
async fn find(
    client: &Client,
    wanted: Option<&str>,
    collection: &str,
) -> Result<(Database, Store), Lost> {
    let database = match wanted {
        Some(name) => client.database(name),
        None => {
            let names = databases(client).await?;
            let Some(first) = names.first() else {
                return Err(Lost::Sentence(
                    "the server has no database yet besides its own; name the bot's with MONGODB_DATABASE once it has written there".to_owned(),
                ));
            };
            client.database(first)
        }
    };
    let filter = doc! { "name": collection };
    let mut found = database.list_collections().filter(filter).await?;
    if let Some(found) = found.try_next().await? {
        let store = match (found.collection_type, found.info.uuid) {
            (CollectionType::Collection, Some(uuid)) => Store::Collection(uuid.bytes),
            _ => Store::Other,
        };
        return Ok((database, store));
    }
    let name = database.name();
    let there = what_is_there(client, &database).await;
    Err(Lost::Sentence(format!(
        "MongoDB has no collection {name}.{collection}; {there}"
    )))
}

/// The databases, without MongoDB's own.
async fn databases(client: &Client) -> mongodb::error::Result<Vec<String>> {
    let mut names = client.list_database_names().await?;
    names.retain(|name| !matches!(name.as_str(), "admin" | "local" | "config"));
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
        counted.push(count.map_or(name.clone(), |count| format!("{name} ({count})")));
    }
    if counted.is_empty() {
        let databases = databases(client).await.unwrap_or_default();
        if databases.is_empty() {
            format!("the database {name} has none at all; set MONGODB_DATABASE")
        } else {
            format!(
                "the database {name} is not there, but {}; set MONGODB_DATABASE",
                list(&databases)
            )
        }
    } else {
        format!(
            "{name} has these collections (and documents): {}; set MONGODB_COLLECTION or MONGODB_DATABASE",
            list_more(&counted, collections.len())
        )
    }
}

/// Names listed in a message.
const LISTED: usize = 8;

fn list(names: &[String]) -> String {
    list_more(&names[..names.len().min(LISTED)], names.len())
}

fn list_more(shown: &[String], all: usize) -> String {
    let mut text = shown.join(", ");
    if all > shown.len() {
        text.push_str(&format!(" and {} more", all - shown.len()));
    }
    text
}

impl Connection {
    /// What is read, for titles.
    pub(crate) fn source(&self) -> Source {
        Source::MongoDb {
            database: self.database.name().to_owned(),
            collection: self.collection.name().to_owned(),
        }
    }

    /// The failure, or what the servers' monitors say about it.
    pub(crate) fn explained(&self, failure: Failure) -> Failure {
        explained(failure, &self.heartbeats)
    }

    /// Whether the server still works on the operation with this comment. It is
    /// believed to where it can't be told: several servers may be at work on it,
    /// or the user may not ask.
    ///
    /// The server's answer alone doesn't say so: the connection that the
    /// operation went over may be dead while another one isn't.
    pub(crate) async fn works_on(&self, comment: &str) -> mongodb::error::Result<bool> {
        let server = self.database.run_command(doc! { "hello": 1 }).await?;
        let sharded = server.contains_key("msg");
        if sharded || !self.primary || !server.get_bool("isWritablePrimary").unwrap_or(false) {
            return Ok(true);
        }
        let admin = self.client.database("admin");
        let operations = admin.aggregate([
            doc! { "$currentOp": {} },
            doc! { "$match": { "command.comment": comment } },
            doc! { "$limit": 1 },
        ]);
        match operations.await {
            Ok(mut found) => Ok(found.try_next().await?.is_some()),
            Err(error) if matches!(*error.kind, ErrorKind::Command(_)) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Database and collection.
    pub(crate) fn name(&self) -> String {
        format!("{}.{}", self.database.name(), self.collection.name())
    }

    /// What the database has instead of documents in this collection.
    pub(crate) async fn what_is_there(&self) -> String {
        let there = what_is_there(&self.client, &self.database);
        tokio::time::timeout(self.timeout / 2, there)
            .await
            .unwrap_or_else(|_| "the bot has written nothing yet".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_at_sign_in_an_option_is_no_part_of_the_user() {
        for (rest, user, hosts) in [
            ("host/?tlsCAFile=/home/me@work/ca.pem", "", "host"),
            ("me:x%40y@a:1,b:2/db?appName=a@b", "me:x%40y", "a:1,b:2"),
            ("[::1]:27017/", "", "[::1]:27017"),
            ("[::1]", "", "[::1]"),
            (
                "me@%2Ftmp%2Fmongodb-27017.sock/db",
                "me",
                "%2Ftmp%2Fmongodb-27017.sock",
            ),
        ] {
            assert_eq!(user_and_hosts(rest), Ok((user, hosts)));
        }
    }

    #[test]
    fn a_password_that_is_not_recognised_is_not_shown() {
        for rest in [
            "me:hunter2%40cluster0.example.net/",
            "me:hunter2",
            "me:hunter2/db",
            "hunter2%40cluster0.example.net",
            "me:hun?ter2@host/",
            "me:hunter2?@host/",
            "me:hunter2?x=1@host/",
            "a:1,me:hunter2/",
            "[::1]:hunter2/",
        ] {
            let error = user_and_hosts(rest).unwrap_err().to_string();
            assert!(
                error.contains("%40") && !error.contains("hun"),
                "{rest}: {error}"
            );
        }
    }
}
