//! The connection string, also as people write it for other drivers.
//!
//! The driver takes fewer options than PyMongo or Compass, and its messages name
//! Cargo's features or show what may be a password. So it is given only options
//! that it takes, and each of them is tried alone before.

use std::time::Duration;

use mongodb::error::ErrorKind;
use mongodb::options::{
    ClientOptions, Compressor, ConnectionString, ReadPreference, SelectionCriteria, ServerAddress,
    Tls,
};

use activity_data::{Error, Result};

/// Options that change how the servers are reached or read.
const USED: &str = "appname authmechanism authmechanismproperties authsource connecttimeoutms \
    directconnection loadbalanced maxstalenessseconds readconcernlevel readpreference \
    readpreferencetags replicaset srvmaxhosts srvservicename ssl tls tlsallowinvalidcertificates \
    tlscafile tlscertificatekeyfile tlscertificatekeyfilepassword tlsinsecure";

/// Options for writing, for pools and for Python's types: they change nothing
/// for a program that reads once.
const WITHOUT_MEANING: &str = "compressors connect datetime_conversion document_class fsync \
    heartbeatfrequencyms j journal localthresholdms maxconnecting maxidletimems maxpoolsize \
    minpoolsize retryreads retrywrites servermonitoringmode serverselectiontimeoutms \
    sockettimeoutms timeoutms tz_aware unicode_decode_error_handler uuidrepresentation w \
    waitqueuetimeoutms wtimeoutms zlibcompressionlevel";

/// Of the options that are used, those without which the same server is read
/// still: a value that can't be used is left away.
const DISPENSABLE: &str = "appname connecttimeoutms maxstalenessseconds readconcernlevel \
    readpreference readpreferencetags";

fn is_in(list: &str, name: &str) -> bool {
    list.split_whitespace().any(|known| known == name)
}

/// How this program can sign in.
const MECHANISMS: &str = "SCRAM-SHA-1 SCRAM-SHA-256 PLAIN MONGODB-X509";

/// A connection string, taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Parts<'a> {
    scheme: &'a str,
    /// User and password, as they are written.
    user: &'a str,
    hosts: String,
    database: &'a str,
    /// Names in small letters, and values as they are written.
    options: Vec<(String, String)>,
    /// Options that have no effect here, but had one elsewhere.
    ignored: Vec<String>,
}

fn invalid(reason: &str) -> Error {
    Error::new(format!(
        "MONGOKEY is not a valid connection string: {reason}; it looks like mongodb://USER:PASSWORD@HOST:27017/DATABASE"
    ))
}

/// The driver's options for this connection string. Prints which of the string's
/// own have no effect.
///
/// # Errors
///
/// The string can't be used, or the servers that it stands for can't be looked
/// up within the timeout. The message shows neither the user nor the password.
pub(crate) async fn options(uri: &str, timeout: Duration) -> Result<ClientOptions> {
    let parts = Parts::of(uri.trim())?;
    if !parts.ignored.is_empty() {
        let names = parts.ignored.join(", ");
        eprintln!("Note: of MONGOKEY's options, these have no effect here: {names}");
    }
    let host = &parts.hosts;
    let parsed =
        tokio::time::timeout(timeout, ClientOptions::parse(parts.join(&parts.options))).await;
    let mut options = match parsed {
        Ok(Ok(options)) => options,
        Ok(Err(error)) => {
            return Err(match *error.kind {
                ErrorKind::DnsResolve { .. } if parts.scheme == "mongodb+srv" => {
                    Error::new(format!(
                        "{host} of MONGOKEY (mongodb+srv) can't be found in the DNS; check its spelling and your network, or use a mongodb:// string with the servers' names"
                    ))
                }
                _ => parts.why_refused(),
            });
        }
        Err(_) => {
            return Err(Error::new(format!(
                "the servers behind {host} could not be looked up within {} s; check your network, or set MONGODB_TIMEOUT higher",
                timeout.as_secs_f64()
            )));
        }
    };
    if let Some(Tls::Enabled(tls)) = &options.tls {
        let files = [&tls.ca_file_path, &tls.cert_key_file_path];
        for path in files.into_iter().flatten() {
            std::fs::File::open(path).map_err(|e| {
                let path = path.display();
                Error::new(format!(
                    "{path}, which MONGOKEY names for TLS, can't be read: {e}"
                ))
            })?;
        }
    }
    options
        .app_name
        .get_or_insert("server-activity-analysis".to_owned());
    // Zero stands for no limit.
    let limit = options.connect_timeout.filter(|limit| !limit.is_zero());
    options.connect_timeout = Some(limit.unwrap_or(timeout).min(timeout));
    options.server_selection_timeout = Some(timeout);
    // Without a primary, for as long as an election takes, the others serve.
    options
        .selection_criteria
        .get_or_insert(SelectionCriteria::ReadPreference(
            ReadPreference::PrimaryPreferred { options: None },
        ));
    // Within one machine, compressing takes longer than copying.
    if !options.hosts.iter().all(is_local) {
        options.compressors = Some(vec![Compressor::Zstd { level: None }]);
    }
    Ok(options)
}

/// The database that the connection string names.
///
/// # Errors
///
/// The string can't be used. The message shows neither the user nor the password.
pub(crate) fn database(uri: &str) -> Result<Option<String>> {
    let parts = Parts::of(uri.trim())?;
    match ConnectionString::parse(parts.join(&parts.options)) {
        Ok(string) => Ok(string.default_database),
        Err(_) => Err(parts.why_refused()),
    }
}

impl<'a> Parts<'a> {
    fn of(uri: &'a str) -> Result<Self> {
        let (scheme, rest) = uri
            .split_once("://")
            .filter(|(scheme, _)| matches!(*scheme, "mongodb" | "mongodb+srv"))
            .ok_or_else(|| {
                Error::new(
                    "MONGOKEY is not a connection string: it must begin with mongodb:// or mongodb+srv://",
                )
            })?;
        let (before, options) = rest.split_once('?').unwrap_or((rest, ""));
        // An option's value may have an `@`. Where no part of it looks like an
        // option, the `?` belongs to a password.
        let in_password = !before.contains('@')
            && options
                .split_once('@')
                .is_some_and(|(password, _)| !password.contains('='));
        let all = (rest, "");
        let (before, options) = if in_password { all } else { (before, options) };
        let (user, after) = before.rsplit_once('@').unwrap_or(("", before));
        if user.contains(['<', '>']) {
            return Err(Error::new(
                "MONGOKEY still has a placeholder between < and > before the @; write the user's name and password there, without < and >",
            ));
        }
        if user.matches(':').count() > 1
            || user.contains(['/', '?', '#', '[', ']', '@'])
            || !percent_encoded(user)
        {
            return Err(Error::new(
                "the user name or the password in MONGOKEY has a character that must be percent-encoded: one of : / ? # [ ] @ %, for example %40 for @",
            ));
        }
        let (hosts, database) = after.split_once('/').unwrap_or((after, ""));
        let hosts: Vec<&str> = hosts.split(',').map(str::trim).collect();
        // Without its `@`, a password looks like a port or a part of the host. The
        // driver would show it, and so would our messages, which name hosts.
        if !hosts.iter().all(|host| is_host(host)) {
            return Err(Error::new(
                "MONGOKEY is not a valid connection string: a host has a % or a port that is not a number from 1 to 65535; is the @ between password and host missing, or written as %40?",
            ));
        }
        let mut parts = Self {
            scheme,
            user,
            hosts: hosts.join(","),
            database,
            options: Vec::new(),
            ignored: Vec::new(),
        };
        parts.take_options(options)?;
        Ok(parts)
    }

    /// Sorts out the options. Of one that is there twice, the last counts.
    fn take_options(&mut self, options: &'a str) -> Result<()> {
        let between = if options.contains('&') { '&' } else { ';' };
        for option in options.split(between).filter(|option| !option.is_empty()) {
            let Some((name, value)) = option.split_once('=') else {
                return Err(invalid("an option after the ? is not name=value"));
            };
            let lower = name.trim().to_lowercase();
            let mut value = value.trim().to_owned();
            if lower == "authmechanism" {
                value.make_ascii_uppercase();
                if value == "DEFAULT" {
                    continue;
                }
                if !is_in(MECHANISMS, &value) {
                    return Err(Error::new(format!(
                        "the authMechanism in MONGOKEY is none that this program can sign in with; it knows {}",
                        MECHANISMS.replace(' ', ", ")
                    )));
                }
            }
            let is_used =
                is_in(USED, &lower) && (!is_in(DISPENSABLE, &lower) || is_taken(&lower, &value));
            if is_used {
                if lower != "readpreferencetags" {
                    self.options.retain(|(known, _)| *known != lower);
                }
                self.options.push((lower, value));
            } else if !is_in(WITHOUT_MEANING, &lower)
                && name.chars().all(|letter| letter.is_alphanumeric())
            {
                self.ignored.push(name.to_owned());
            }
        }
        let has = |name: &str, value: &str| {
            let mut options = self.options.iter();
            options.any(|(known, own)| known == name && (own == value || value.is_empty()))
        };
        if has("authmechanism", "MONGODB-X509") && !has("tlscertificatekeyfile", "") {
            return Err(invalid(
                "authMechanism=MONGODB-X509 signs in with a certificate; add tls=true and tlsCertificateKeyFile=/path/to/client.pem",
            ));
        }
        Ok(())
    }

    /// The string that the driver gets, with these options.
    fn join<'b>(&self, options: impl IntoIterator<Item = &'b (String, String)>) -> String {
        let options = options.into_iter();
        let options = options.map(|(name, value)| format!("{name}={value}"));
        let options: Vec<String> = options.collect();
        let at = if self.user.is_empty() { "" } else { "@" };
        format!(
            "{}://{}{at}{}/{}?{}",
            self.scheme,
            self.user,
            self.hosts,
            self.database,
            options.join("&")
        )
    }

    /// Why the driver doesn't take the string.
    fn why_refused(&self) -> Error {
        if ConnectionString::parse(self.join([])).is_err() {
            return invalid(
                "a host or the name of the database has a character that can't be there, or mongodb+srv has more than one host or a port",
            );
        }
        let mut options = self.options.iter();
        let (name, why) = match options.find(|(name, value)| !is_taken(name, value)) {
            Some((name, _)) if name == "tlscertificatekeyfilepassword" => (
                "tlsCertificateKeyFilePassword",
                "can't be used here: write the key into a file without a password (openssl pkey -in key.pem -out plain.pem)",
            ),
            Some((name, _)) => (&**name, "has a value that can't be used"),
            None => {
                let without = |one: &&(String, String)| {
                    self.join(self.options.iter().filter(|option| *option != *one))
                };
                let is_odd = |one: &&_| ConnectionString::parse(without(one)).is_ok();
                let odd = self.options.iter().find(is_odd);
                let name = odd.map_or("", |(name, _)| name);
                (name, "doesn't go with the rest of it")
            }
        };
        invalid(&format!("its option {name} {why}"))
    }
}

/// Whether the driver takes this option where nothing else is wrong.
fn is_taken(name: &str, value: &str) -> bool {
    let (scheme, others) = match name {
        "maxstalenessseconds" | "readpreferencetags" => ("mongodb", "readpreference=nearest&"),
        "srvmaxhosts" | "srvservicename" => ("mongodb+srv", ""),
        _ => ("mongodb", ""),
    };
    ConnectionString::parse(format!("{scheme}://u@a.b.c/?{others}{name}={value}")).is_ok()
}

/// Whether only a host and a port can be meant.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What the driver gets.
    #[track_caller]
    fn joined(uri: &str) -> String {
        let parts = Parts::of(uri).unwrap();
        let joined = parts.join(&parts.options);
        ConnectionString::parse(&joined).unwrap();
        joined
    }

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
            let uri = format!("mongodb://{rest}");
            let parts = Parts::of(&uri).unwrap();
            assert_eq!((parts.user, &*parts.hosts), (user, hosts));
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
            let uri = format!("mongodb://{rest}");
            let error = Parts::of(&uri).unwrap_err().to_string();
            assert!(
                error.contains("%40") && !error.contains("hun"),
                "{rest}: {error}"
            );
        }
    }

    #[test]
    fn options_of_other_drivers_are_left_away() {
        for (options, kept) in [
            (
                "retryWrites=true&w=majority&appName=Cluster0",
                "appname=Cluster0",
            ),
            ("compressors=zlib,snappy&zlibCompressionLevel=6", ""),
            ("uuidRepresentation=standard&tz_aware=true", ""),
            (
                "readPreference=primary&ssl=false",
                "readpreference=primary&ssl=false",
            ),
            ("authSource=a&AuthSource=admin", "authsource=admin"),
            ("tls=true;tlsInsecure=true", "tls=true&tlsinsecure=true"),
            ("authMechanism=DEFAULT&", ""),
            ("authMechanism=scram-sha-256", "authmechanism=SCRAM-SHA-256"),
            (
                "readPreferenceTags=dc:ny&readPreferenceTags=&readPreference=nearest",
                "readpreferencetags=dc:ny&readpreferencetags=&readpreference=nearest",
            ),
        ] {
            let joined = joined(&format!("mongodb://me@host/?{options}"));
            assert_eq!(joined, format!("mongodb://me@host/?{kept}"));
        }
    }

    #[test]
    fn options_that_have_no_effect_are_named() {
        for (options, named) in [
            ("slaveOk=true&tls=true", vec!["slaveOk"]),
            (
                "tlsAllowInvalidHostnames=true&tlsCRLFile=x",
                vec!["tlsAllowInvalidHostnames", "tlsCRLFile"],
            ),
            ("readPreference=fastest", vec!["readPreference"]),
            ("connectTimeoutMS=soon", vec!["connectTimeoutMS"]),
            ("maxStalenessSeconds=-7", vec!["maxStalenessSeconds"]),
            ("proxyHost=hunter2", vec!["proxyHost"]),
            ("w=5&journal=perhaps", vec![]),
            ("pass word=1", vec![]),
        ] {
            let uri = format!("mongodb://host/?{options}");
            let parts = Parts::of(&uri).unwrap();
            assert_eq!(parts.ignored, named);
            ConnectionString::parse(parts.join(&parts.options)).unwrap();
        }
    }

    #[test]
    fn blanks_around_hosts_are_forgiven() {
        for (hosts, kept) in [
            ("a:1, b:2 ,c", "a:1,b:2,c"),
            (" a", "a"),
            ("a ,[::1]:7", "a,[::1]:7"),
        ] {
            assert_eq!(
                joined(&format!("mongodb://{hosts}/db")),
                format!("mongodb://{kept}/db?")
            );
        }
    }

    #[test]
    fn what_cannot_be_forgiven_is_said_in_our_words() {
        for (uri, words) in [
            ("mongodb://h/?tls=maybe", "option tls has a value"),
            ("mongodb://h/?replicaSet", "not name=value"),
            (
                "mongodb://h/?tls=true&ssl=false",
                "option tls doesn't go with",
            ),
            (
                "mongodb://h/?tlsCAFile=ca.pem&tls=false",
                "option tlscafile doesn't go with",
            ),
            (
                "mongodb://h/?tlsCertificateKeyFilePassword=hunter2",
                "openssl pkey",
            ),
            (
                "mongodb://h/?directConnection=yes",
                "option directconnection has a value",
            ),
            (
                "mongodb://u:hunter2@h/?authMechanism=GSSAPI",
                "knows SCRAM-SHA-1, ",
            ),
            (
                "mongodb://u:hunter2@h/?authMechanism=MONGODB-AWS",
                "knows SCRAM-SHA-1, ",
            ),
            (
                "mongodb://u:hunter2@h/?authMechanism=MONGODB-OIDC",
                "knows SCRAM-SHA-1, ",
            ),
            (
                "mongodb://u:hunter2@h/?authMechanism=hunter2",
                "knows SCRAM-SHA-1, ",
            ),
            (
                "mongodb://u@h/?authMechanism=MONGODB-X509",
                "signs in with a certificate",
            ),
            (
                "mongodb://u:hunter2@h/?authMechanism=MONGODB-X509&tlsCertificateKeyFile=c",
                "option authmechanism doesn't go with",
            ),
            (
                "mongodb://h/?authMechanism=PLAIN",
                "option authmechanism has a value",
            ),
            (
                "mongodb://h/?authMechanismProperties=hunter2",
                "option authmechanismproperties has a value",
            ),
            ("mongodb+srv://me:<password>@h/", "placeholder"),
            (
                "mongodb+srv://<db_username>:<db_password>@h/",
                "placeholder",
            ),
            ("mongodb://h/a$b", "the name of the database"),
            ("mongodb+srv://a.b.c,d.e.f/", "more than one host"),
            ("mongodb+srv://a.b.c:7/", "more than one host or a port"),
            ("mongodb://", "a host"),
            ("mongodb://u@h/?authSource=", "option authsource"),
            (
                "mongodb://h/?srvMaxHosts=2",
                "option srvmaxhosts doesn't go with",
            ),
        ] {
            let error = match Parts::of(uri) {
                Ok(parts) => {
                    assert!(
                        ConnectionString::parse(parts.join(&parts.options)).is_err(),
                        "{uri}"
                    );
                    parts.why_refused()
                }
                Err(error) => error,
            };
            let error = error.to_string();
            assert!(error.contains(words), "{uri}: {error}");
            for word in ["feature", "{", "`", "hun"] {
                assert!(!error.contains(word), "{uri}: {error}");
            }
        }
    }
}
