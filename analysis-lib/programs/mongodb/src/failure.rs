//! What the driver reports, as sentences that say what to do.
//!
//! The driver's own messages are dumps, and may hold parts of the connection
//! string: none is shown as it is.

use std::io::ErrorKind as Io;
use std::time::Duration;

use mongodb::error::{Error as DriverError, ErrorKind};
use rustls::{AlertDescription, CertificateError};

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
    /// What answers doesn't speak TLS.
    Tls,
    /// The server ended the TLS handshake with this alert.
    Alert(AlertDescription),
    /// A file that the connection string names for TLS can't be used.
    TlsFile(String),
    /// No server of the right kind.
    Selection,
    /// Wrong user name or password.
    Authentication,
    /// The user may not do this.
    Unauthorized,
    /// A replica set has this member, which isn't in the connection string and
    /// can't be found or reached from here.
    Member(String),
    /// The server is too old: the newest protocol that it speaks.
    TooOld(i32),
    /// The server is not what the connection string takes it for.
    Incompatible,
    /// The server refuses the command, in its own words.
    #[allow(missing_docs)] // The server's own code and words.
    Command { code: i32, message: String },
    /// The server takes no more questions now, and says when to ask again.
    Later(Duration),
    /// A reply that isn't one of MongoDB's.
    Unreadable,
    /// Something of our own, as a sentence.
    Told(String),
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
            // The driver tells a server's age by its words alone.
            ErrorKind::ServerSelection { message, .. } => {
                number_after(&message, "reports wire version ")
                    .map_or(Self::Selection, Self::TooOld)
            }
            ErrorKind::DnsResolve { .. } => Self::Name,
            ErrorKind::InvalidTlsConfig { message, .. } => Self::TlsFile(one_line(&message)),
            ErrorKind::Command(command) => match command.code {
                18 => Self::Authentication,
                13 | 8000 => Self::Unauthorized,
                16_500 => Self::Later(pause(&command.message)),
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

/// How long Cosmos DB wants to be left alone: `Error=16500, RetryAfterMs=34, …`.
fn pause(message: &str) -> Duration {
    Duration::from_millis(number_after(message, "RetryAfterMs=").unwrap_or(1_000))
}

fn number_after<T: std::str::FromStr>(text: &str, words: &str) -> Option<T> {
    let after = text.split_once(words)?.1;
    let mut digits = after.split(|letter: char| !letter.is_ascii_digit());
    digits.next()?.parse().ok()
}

fn from_io(error: &std::io::Error) -> Failure {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref());
    match tls {
        Some(rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        )) => return Failure::CertificateName,
        Some(rustls::Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        )) => return Failure::Certificate("it has expired".to_owned()),
        Some(rustls::Error::InvalidCertificate(reason)) => {
            let reason = format!("{reason:?}");
            let word = reason.split([' ', '(', '{']).next().unwrap_or_default();
            return Failure::Certificate(word.to_owned());
        }
        Some(rustls::Error::AlertReceived(alert)) => return Failure::Alert(*alert),
        Some(rustls::Error::PeerIncompatible(_)) => {
            return Failure::Alert(AlertDescription::ProtocolVersion);
        }
        Some(rustls::Error::InvalidMessage(_)) => return Failure::Tls,
        _ => (),
    }
    match error.kind() {
        Io::ConnectionRefused => Failure::Refused,
        Io::TimedOut => Failure::Silent,
        // That error has no type that we can see: only its text tells.
        _ if error.to_string().starts_with("failed to lookup address") => Failure::Name,
        kind => Failure::Broken(kind),
    }
}

/// A text of the server's or the driver's, of one line and not too long: a line
/// of our output that begins with `EVCXR_BEGIN_CONTENT` would be the kernel's.
pub fn one_line(text: &str) -> String {
    let words = text.split(|letter: char| letter.is_control() || letter.is_whitespace());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
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
            Self::Broken(_) | Self::Refused | Self::Silent => true,
            Self::Selection | Self::Later(_) => true,
            Self::Command { code, .. } => PASSING.contains(code),
            _ => false,
        }
    }

    /// Whether the server doesn't take the question as it is asked.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Self::Command { .. }) && !self.may_pass()
    }

    /// Whether waiting for a server with this failure is in vain.
    pub fn is_final(&self) -> bool {
        self.is_final_at_once() || matches!(self, Self::Refused | Self::Name | Self::Tls)
    }

    /// Whether it is known at once that waiting is in vain: a server was there.
    pub(crate) fn is_final_at_once(&self) -> bool {
        matches!(
            self,
            Self::Certificate(_) | Self::CertificateName | Self::Alert(_)
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
            Self::Later(_) => "the server takes no more questions for now".to_owned(),
            Self::Told(sentence) => sentence.clone(),
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
                "{hosts} doesn't speak TLS; if the server has none, take tls=true out of MONGOKEY"
            ),
            Self::Alert(alert) => alerted(*alert, hosts),
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
                format!("{hosts} can't be asked by this program, which needs MongoDB 4.4 or later")
            }
            Self::TooOld(protocol) => format!(
                "{hosts} is MongoDB {}, which is too old: this program needs 4.4 or later; update the server, or open what mongoexport writes there with Activity::open",
                match protocol {
                    8 => "4.2",
                    7 => "4.0",
                    6 => "3.6",
                    _ => "3.4 or older",
                }
            ),
            Self::Member(member) => format!(
                "{hosts} belongs to a replica set with the member {member}, a name or port that can't be reached from here; add directConnection=true to MONGOKEY to read from {hosts} alone, or let {member} be found here"
            ),
            Self::Command { code, message } => {
                format!("MongoDB refuses to read {name}: {message} (code {code})")
            }
            Self::Later(_) => format!(
                "{hosts} let no request through for {seconds} s, since there were more than its throughput allows; raise the throughput (RU/s) of {name} in Azure, or pull when others ask less"
            ),
            Self::Unreadable => {
                format!("the reply of {hosts} can't be read; is it a MongoDB server?")
            }
            Self::Told(sentence) => sentence.clone(),
            Self::Unknown => {
                format!("MongoDB's driver failed on {hosts} for a reason it doesn't name")
            }
        }
    }
}

/// What a server means that ends the TLS handshake with this alert.
fn alerted(alert: AlertDescription, hosts: &str) -> String {
    use AlertDescription as Alert;
    match alert {
        Alert::InternalError => format!(
            "{hosts} ended the TLS handshake, as Atlas does where an address isn't on its access list; add yours in Atlas under Network Access (if it isn't Atlas, the server's log says why)"
        ),
        Alert::ProtocolVersion | Alert::HandshakeFailure | Alert::InsufficientSecurity => format!(
            "{hosts} and this program know no version of TLS or cipher that both use; the server needs TLS 1.2 or 1.3"
        ),
        Alert::NoCertificate
        | Alert::BadCertificate
        | Alert::UnsupportedCertificate
        | Alert::CertificateRevoked
        | Alert::CertificateExpired
        | Alert::CertificateUnknown
        | Alert::UnknownCA
        | Alert::AccessDenied
        | Alert::CertificateRequired => format!(
            "{hosts} wants a client's certificate that it trusts; name a valid one with tlsCertificateKeyFile=/path/to/client.pem in MONGOKEY"
        ),
        Alert::UnrecognisedName => format!(
            "{hosts} has no certificate for that name; write the host in MONGOKEY as its certificate names it"
        ),
        other => format!(
            "{hosts} ended the TLS handshake (alert {}); the server's log says why",
            u8::from(other)
        ),
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

    fn sentence(error: rustls::Error) -> String {
        let error = std::io::Error::new(Io::InvalidData, error);
        from_io(&error).sentence(&Servers::default(), "db.activitydata")
    }

    #[test]
    fn a_certificate_is_refused_in_words() {
        for (reason, words) in [
            (
                CertificateError::UnknownIssuer,
                "is not trusted (UnknownIssuer)",
            ),
            (CertificateError::Expired, "is not trusted (it has expired)"),
            (CertificateError::NotValidForName, "is for another name"),
        ] {
            let sentence = sentence(rustls::Error::InvalidCertificate(reason));
            assert!(sentence.contains(words), "{sentence}");
        }
    }

    #[test]
    fn each_alert_has_its_own_remedy() {
        for (alert, words) in [
            (80, "Network Access"),
            (70, "TLS 1.2 or 1.3"),
            (40, "TLS 1.2 or 1.3"),
            (48, "tlsCertificateKeyFile="),
            (116, "tlsCertificateKeyFile="),
            (112, "has no certificate for that name"),
            (51, "alert 51"),
        ] {
            let sentence = sentence(rustls::Error::AlertReceived(alert.into()));
            assert!(sentence.contains(words), "{sentence}");
            assert!(!sentence.contains("speak TLS"), "{sentence}");
        }
    }

    #[test]
    fn the_server_says_when_to_ask_again() {
        for (message, milliseconds) in [
            ("Error=16500, RetryAfterMs=34, Details='…'", 34),
            ("Error=16500, RetryAfterMs=34", 34),
            ("Request rate is large", 1_000),
        ] {
            assert_eq!(pause(message), Duration::from_millis(milliseconds));
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
