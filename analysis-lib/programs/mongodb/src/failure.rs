//! What the driver reports, as sentences that say what to do.
//!
//! The driver's own messages are dumps, and may hold parts of the connection
//! string: none is shown as it is.

use std::io::ErrorKind as Io;
use std::time::Duration;

use mongodb::error::{Error as DriverError, ErrorKind};

/// Why an operation failed.
#[derive(Clone, Debug)]
pub enum Failure {
    /// The server sent nothing within the timeout.
    Silent,
    /// The connection broke off.
    Broken(Io),
    /// No program accepts connections at that address.
    Refused,
    /// The host's name doesn't resolve.
    Name,
    /// The server's certificate isn't trusted, for this reason.
    Certificate(String),
    /// The server's certificate is for another host.
    CertificateName,
    /// The server doesn't speak TLS as expected.
    Tls,
    /// A file that the connection string names for TLS can't be used.
    TlsFile(String),
    /// No server of the right kind.
    Selection,
    /// Wrong user name or password.
    Authentication,
    /// The user may not do this.
    Unauthorized,
    /// The server is too old, or not what the connection string takes it for.
    Incompatible,
    /// The server refuses the command, in its own words.
    #[allow(missing_docs)] // The server's own code and words.
    Command { code: i32, message: String },
    /// A document that can't be used has no `_id` to ask for its reason by, or
    /// an `_id` whose text isn't UTF-8.
    Nameless,
    /// Windows that MongoDB can't give to hours or days as we do, for this reason.
    Unmergeable(&'static str),
    /// A reply that isn't one of MongoDB's.
    Unreadable,
    /// Anything else.
    Unknown,
}

/// Errors of the server after which another server, or the same one again, can
/// answer: it steps down, shuts down, or has lost the cursor.
const PASSING: [i32; 18] = [
    6, 7, 43, 50, 63, 89, 91, 134, 150, 175, 189, 237, 262, 9001, 10107, 11600, 11602, 13435,
];

impl From<DriverError> for Failure {
    fn from(error: DriverError) -> Self {
        match *error.kind {
            ErrorKind::Io(io) => from_io(&io),
            ErrorKind::ConnectionPoolCleared { .. } => Self::Broken(Io::ConnectionReset),
            ErrorKind::Authentication { .. } => Self::Authentication,
            ErrorKind::ServerSelection { .. } => Self::Selection,
            ErrorKind::DnsResolve { .. } => Self::Name,
            ErrorKind::InvalidTlsConfig { message, .. } => Self::TlsFile(one_line(&message)),
            ErrorKind::Command(command) => match command.code {
                18 => Self::Authentication,
                13 | 8000 => Self::Unauthorized,
                code => Self::Command {
                    code,
                    message: one_line(&command.message),
                },
            },
            ErrorKind::IncompatibleServer { .. } => Self::Incompatible,
            ErrorKind::InvalidResponse { .. } | ErrorKind::Bson(_) => Self::Unreadable,
            _ => Self::Unknown,
        }
    }
}

fn from_io(error: &std::io::Error) -> Failure {
    // Neither kind of error has a type that we can see: only its text tells.
    let text = error.to_string();
    if let Some(reason) = text.strip_prefix("invalid peer certificate: ") {
        if reason.contains("not valid for name") {
            return Failure::CertificateName;
        }
        let reason = if reason.contains("expired") {
            "it has expired"
        } else {
            reason.split([' ', '(', '{']).next().unwrap_or(reason)
        };
        return Failure::Certificate(reason.to_owned());
    }
    match error.kind() {
        Io::ConnectionRefused => Failure::Refused,
        Io::TimedOut => Failure::Silent,
        Io::InvalidData => Failure::Tls,
        _ if text.starts_with("failed to lookup address") => Failure::Name,
        kind => Failure::Broken(kind),
    }
}

/// A text of the server's or the driver's, of one line and not too long: a line
/// of our output that begins with `EVCXR_BEGIN_CONTENT` would be the kernel's.
pub fn one_line(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|letter: char| letter.is_control() || letter.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ").chars().take(300).collect()
}

/// What sentences say about the servers, without secrets.
#[derive(Clone, Debug, Default)]
pub struct Servers {
    /// As they stand in the connection string.
    pub hosts: String,
    /// How long they may be silent.
    pub timeout: Duration,
    /// Whether the connection is encrypted.
    pub uses_tls: bool,
    /// Whether a load balancer stands before the servers.
    pub is_load_balanced: bool,
}

impl Failure {
    /// Whether another try may go better.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Broken(_) | Self::Refused | Self::Silent | Self::Selection => true,
            Self::Command { code, .. } => PASSING.contains(code),
            _ => false,
        }
    }

    /// Whether waiting for a server with this failure is in vain.
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Refused | Self::Name | Self::Certificate(_) | Self::CertificateName | Self::Tls
        )
    }

    /// In a few words.
    pub fn short(&self) -> String {
        match self {
            Self::Silent => "the server says nothing".to_owned(),
            Self::Broken(kind) => kind.to_string(),
            Self::Refused => "connection refused".to_owned(),
            Self::Selection => "no server is ready".to_owned(),
            Self::Command { message, .. } => message.clone(),
            Self::Nameless => "a document that can't be used can't be named".to_owned(),
            Self::Unmergeable(reason) => (*reason).to_owned(),
            _ => "the server fails".to_owned(),
        }
    }

    /// One sentence or two. `name` is the collection's.
    pub fn sentence(&self, servers: &Servers, name: &str) -> String {
        let hosts = &servers.hosts;
        let seconds = servers.timeout.as_secs_f64();
        match self {
            Self::Silent => format!(
                "{hosts} didn't answer within {seconds} s; check the address in MONGOKEY, firewalls, and (for Atlas) whether your address is allowed there, or set MONGODB_TIMEOUT higher"
            ),
            Self::Broken(kind) if servers.uses_tls => format!(
                "the connection to {hosts} broke off ({kind}); if the server has no TLS, take tls=true out of MONGOKEY"
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
            Self::CertificateName => format!(
                "the certificate of {hosts} is for another name; write the host in MONGOKEY as the certificate names it"
            ),
            Self::Certificate(reason) => format!(
                "the certificate of {hosts} is not trusted ({reason}); if its authority is your own, add tlsCAFile=/path/to/ca.pem to MONGOKEY"
            ),
            Self::Tls => format!(
                "{hosts} doesn't speak TLS as expected; if the server has no TLS, take tls=true out of MONGOKEY"
            ),
            Self::TlsFile(reason) => {
                format!("a file that MONGOKEY names for TLS can't be used: {reason}")
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
            Self::Incompatible if servers.is_load_balanced => format!(
                "{hosts} is no load balancer of MongoDB's; take loadBalanced=true out of MONGOKEY"
            ),
            Self::Incompatible => {
                format!("{hosts} is too old for this program, which needs MongoDB 4.2 or later")
            }
            Self::Command { code, message } => {
                format!("MongoDB refuses to read {name}: {message} (code {code})")
            }
            Self::Nameless | Self::Unmergeable(_) => {
                format!("the windows of {name} can't be merged: {}", self.short())
            }
            Self::Unreadable => {
                format!("the reply of {hosts} can't be read; is it a MongoDB server?")
            }
            Self::Unknown => {
                format!("MongoDB's driver failed on {hosts} for a reason it doesn't name")
            }
        }
    }
}

/// Waits for the driver, but not longer than this.
pub async fn within<T>(
    timeout: Duration,
    operation: impl Future<Output = mongodb::error::Result<T>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(timeout, operation).await {
        Ok(result) => result.map_err(Failure::from),
        Err(_) => Err(Failure::Silent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_refused_in_words() {
        let servers = Servers::default();
        for (text, words) in [
            ("UnknownIssuer", "is not trusted (UnknownIssuer)"),
            (
                "certificate expired: verification time 7",
                "is not trusted (it has expired)",
            ),
            (
                "certificate not valid for name \"a\"; it is only",
                "is for another name",
            ),
            (
                "Other(OtherError(UnsupportedCertVersion))",
                "is not trusted (Other)",
            ),
        ] {
            let error = std::io::Error::other(format!("invalid peer certificate: {text}"));
            let sentence = from_io(&error).sentence(&servers, "db.activitydata");
            assert!(sentence.contains(words), "{sentence}");
        }
    }

    #[test]
    fn a_text_of_the_servers_is_one_line() {
        assert_eq!(
            one_line("a\r\n EVCXR_BEGIN_CONTENT\u{85}b "),
            "a EVCXR_BEGIN_CONTENT b"
        );
        assert_eq!(one_line(&"long ".repeat(1_000)).len(), 300);
    }
}
