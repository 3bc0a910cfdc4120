//! What the driver reports, as sentences that say what to do.
//!
//! The driver's own messages are dumps, and may hold parts of the connection
//! string: none is shown as it is.

use std::io::ErrorKind as Io;
use std::time::Duration;

use mongodb::error::{Error as DriverError, ErrorKind};

use super::connect::Connection;
use crate::Error;

/// Why an operation failed.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// Nothing came within the timeout.
    Silent,
    /// The connection broke off.
    Broken(Io),
    /// Nobody accepts connections there.
    Refused,
    /// The host's name doesn't resolve.
    Name,
    /// The server's certificate isn't trusted, for this reason.
    Certificate(String),
    /// TLS fails otherwise.
    Tls(String),
    /// No server of the right kind.
    Selection,
    /// Wrong user name or password.
    Authentication,
    /// The user may not do this.
    Unauthorized,
    /// The server says no.
    Command { code: i32, message: String },
    /// There is no document; this is what is there.
    Empty(String),
    /// A document that can't be used has no `_id` to ask for its reason by, or
    /// one whose text isn't UTF-8.
    Nameless,
    /// Anything else.
    Other(&'static str),
    /// One of these, after so many windows of so many.
    After(Box<Failure>, u64, u64),
}

/// Errors of the server after which another, or the same again, can answer:
/// it steps down, shuts down, or has lost the cursor.
const PASSING: [i32; 18] = [
    6, 7, 43, 50, 63, 89, 91, 134, 150, 175, 189, 237, 262, 9001, 10107, 11600, 11602, 13435,
];

/// A reply that is none.
pub(crate) const UNREADABLE: Failure =
    Failure::Other("the server's reply can't be read; is it a MongoDB server?");

impl From<DriverError> for Failure {
    fn from(error: DriverError) -> Self {
        match *error.kind {
            ErrorKind::Io(io) => from_io(&io),
            ErrorKind::ConnectionPoolCleared { .. } => Self::Broken(Io::ConnectionReset),
            ErrorKind::Authentication { .. } => Self::Authentication,
            ErrorKind::ServerSelection { .. } => Self::Selection,
            ErrorKind::DnsResolve { .. } => Self::Name,
            ErrorKind::InvalidTlsConfig { message, .. } => Self::Tls(message),
            ErrorKind::Command(command) => match command.code {
                18 => Self::Authentication,
                13 | 8000 => Self::Unauthorized,
                code => Self::Command {
                    code,
                    message: command.message,
                },
            },
            ErrorKind::IncompatibleServer { .. } => {
                Self::Other("the server is too old for this program: it needs MongoDB 4.2 or later")
            }
            ErrorKind::InvalidResponse { .. } | ErrorKind::Bson(_) => UNREADABLE,
            _ => Self::Other("MongoDB's driver failed for a reason it doesn't name"),
        }
    }
}

fn from_io(error: &std::io::Error) -> Failure {
    let text = error.to_string();
    if let Some(reason) = text.strip_prefix("invalid peer certificate: ") {
        let reason = reason.split([' ', '(', '{']).next().unwrap_or(reason);
        return Failure::Certificate(reason.to_owned());
    }
    match error.kind() {
        Io::ConnectionRefused => Failure::Refused,
        Io::TimedOut => Failure::Silent,
        Io::InvalidData => Failure::Tls("the server doesn't speak TLS as expected".to_owned()),
        _ if text.starts_with("failed to lookup address") => Failure::Name,
        kind => Failure::Broken(kind),
    }
}

impl Failure {
    /// Whether another try may go better.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Broken(_) | Self::Refused | Self::Silent | Self::Selection => true,
            Self::Command { code, .. } => PASSING.contains(code),
            _ => false,
        }
    }

    /// Whether waiting for a server with this failure is in vain.
    pub(crate) fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Refused | Self::Name | Self::Certificate(_) | Self::Tls(_)
        )
    }

    pub(crate) fn after(self, done: u64, total: u64) -> Self {
        if done == 0 {
            self
        } else {
            Self::After(Box::new(self), done, total)
        }
    }

    /// In a few words.
    pub(crate) fn short(&self) -> String {
        match self {
            Self::Silent => "the server says nothing".to_owned(),
            Self::Broken(kind) => kind.to_string(),
            Self::Refused => "connection refused".to_owned(),
            Self::Selection => "no server is ready".to_owned(),
            Self::Command { message, .. } => message.clone(),
            Self::Nameless => "a document that can't be used can't be named".to_owned(),
            _ => "the server fails".to_owned(),
        }
    }

    pub(crate) fn into_error(self, connection: &Connection) -> Error {
        Error::new(self.sentence(&connection.hosts, connection.timeout, &connection.name()))
    }

    /// One sentence or two. `hosts` and `name` are without secrets.
    pub(crate) fn sentence(&self, hosts: &str, timeout: Duration, name: &str) -> String {
        let seconds = timeout.as_secs_f64();
        match self {
            Self::Silent => format!(
                "{hosts} didn't answer within {seconds} s; check the address in MONGOKEY, firewalls, and (for Atlas) whether your address is allowed there, or set MONGODB_TIMEOUT higher"
            ),
            Self::Broken(kind) => format!(
                "the connection to {hosts} broke off ({kind}); if the server wants TLS, add tls=true to MONGOKEY"
            ),
            Self::Refused => format!(
                "no server answers at {hosts} (connection refused); is MongoDB running, and are the host and port in MONGOKEY right?"
            ),
            Self::Name => format!(
                "the host of MONGOKEY can't be found ({hosts}); check its spelling and your network"
            ),
            Self::Certificate(reason) => format!(
                "the certificate of {hosts} is not trusted ({reason}); if its authority is your own, add tlsCAFile=/path/to/ca.pem to MONGOKEY"
            ),
            Self::Tls(reason) => {
                format!("TLS with {hosts} fails: {reason}; check the tls options in MONGOKEY")
            }
            Self::Selection => format!(
                "{hosts} has no member that can be read within {seconds} s; check that the replica set has a primary, and its name in MONGOKEY"
            ),
            Self::Authentication => format!(
                "{hosts} refuses the user name or the password in MONGOKEY; check both, and authSource (the database that the user was made in)"
            ),
            Self::Unauthorized => format!(
                "the user in MONGOKEY may not read {name} on {hosts}; give it the role `read` there, or name another with MONGODB_DATABASE and MONGODB_COLLECTION"
            ),
            Self::Command { code, message } => {
                format!("MongoDB refuses to read {name}: {message} (code {code})")
            }
            Self::Empty(there) => format!("{name} has no documents; {there}"),
            Self::Nameless => {
                format!("a document of {name} that can't be used has no _id that can be asked for")
            }
            Self::Other(reason) => (*reason).to_owned(),
            Self::After(failure, done, total) => format!(
                "the pull broke off after {done} of about {total} windows, and nothing of it is used: {}",
                failure.sentence(hosts, timeout, name)
            ),
        }
    }
}

/// Waits for the driver, but not longer than this.
pub(crate) async fn within<T>(
    timeout: Duration,
    operation: impl Future<Output = mongodb::error::Result<T>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(timeout, operation).await {
        Ok(result) => result.map_err(Failure::from),
        Err(_) => Err(Failure::Silent),
    }
}
