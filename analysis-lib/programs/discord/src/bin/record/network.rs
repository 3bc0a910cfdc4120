//! The way to Discord: names, ports, certificates, a proxy, and what is wrong
//! with them.

use std::io::ErrorKind as Io;
use std::sync::Arc;
use std::time::Duration;

use activity_discord::program::{AGENT, say};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, HOST, RETRY_AFTER, USER_AGENT};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::{ClientConfig, Error as TlsError, RootCertStore};
use tokio_websockets::upgrade::Error as Upgrade;
use tokio_websockets::{ClientBuilder, Connector, Error, Limits, MaybeTlsStream, WebSocketStream};

/// A connection is there within this time, and so is an answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

type Stream = MaybeTlsStream<TcpStream>;

/// What Discord answers when it is asked how many sessions may be begun.
pub(crate) enum Answer {
    /// So many, of so many, and milliseconds until all remain again.
    Remaining(u64, u64, u64),
    /// The token isn't accepted.
    Unauthorized,
    /// Too many requests were sent; none is to be sent for this long.
    TooMany(Duration),
}

pub(crate) struct Network {
    tls: Connector,
    /// The host and port of an HTTP proxy.
    proxy: Option<(String, u16)>,
}

impl Network {
    /// `proxy`: an HTTP proxy's address for connections with TLS.
    ///
    /// # Errors
    ///
    /// TLS can't be set up: a sentence.
    pub(crate) fn new(proxy: Option<&str>) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        // A company's network or a virus scanner that reads along adds its own to
        // the system's. Of those, the ones that can't be read are passed over.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| format!("TLS can't be set up: {e}"))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let used = proxy.and_then(proxy_of);
        if proxy.is_some() && used.is_none() {
            say(
                "HTTPS_PROXY isn't used: it has to be http://HOST:PORT, without a user and a password. Discord is connected to directly",
            );
        }
        Ok(Self {
            tls: Connector::Rustls(TlsConnector::from(Arc::new(config))),
            proxy: used,
        })
    }

    /// Opens a WebSocket.
    ///
    /// # Errors
    ///
    /// Why there is none, as a part of a sentence.
    pub(crate) async fn socket(&self, url: &str) -> Result<WebSocketStream<Stream>, String> {
        let uri: Uri = url
            .parse()
            .map_err(|_| "the address of the gateway is none".to_owned())?;
        let host = uri.host().unwrap_or_default().to_owned();
        let is_tls = uri.scheme_str() == Some("wss");
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let open = async {
            let stream = self.open(&host, port, is_tls).await?;
            let builder = ClientBuilder::from_uri(uri).limits(Limits::unlimited());
            let socket = builder.connect_on(stream).await;
            socket.map_err(|error| why(&error, &host, port))
        };
        match timeout(PATIENCE, open).await {
            Ok(opened) => opened.map(|(socket, _)| socket),
            Err(_) => Err(silence(&host)),
        }
    }

    /// A connection to the first of the host's addresses that takes one.
    async fn open(&self, host: &str, port: u16, is_tls: bool) -> Result<Stream, String> {
        let proxy = self.proxy.as_ref().filter(|_| is_tls);
        let (next, next_port) = proxy.map_or((host, port), |(host, port)| (host, *port));
        let next = next.trim_matches(['[', ']']);
        let addresses = tokio::net::lookup_host((next, next_port)).await;
        let addresses: Vec<_> = addresses
            .map_err(|_| why(&Error::CannotResolveHost, next, next_port))?
            .collect();
        let stream = TcpStream::connect(&*addresses).await;
        let mut stream = stream.map_err(|error| why(&error.into(), next, next_port))?;
        if proxy.is_some() {
            let status = tunnel(&mut stream, host, port).await.unwrap_or_default();
            if status != 200 {
                return Err(format!(
                    "the proxy {next} in HTTPS_PROXY doesn't connect to {host} (its answer has the status {status}); correct HTTPS_PROXY, or ask who runs the proxy"
                ));
            }
        }
        let tls = if is_tls { &self.tls } else { &Connector::Plain };
        let stream = tls.wrap(host, stream).await;
        stream.map_err(|error| why(&error, host, port))
    }

    /// Asks how many sessions may be begun, of Discord or of the HTTP server at
    /// `place`, a host and a port. `None`: there is no answer.
    pub(crate) async fn limit(&self, token: &str, place: Option<&str>) -> Option<Answer> {
        let authority = place.unwrap_or("discord.com");
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (authority, if place.is_some() { 80 } else { 443 }),
        };
        let ask = async {
            let stream = self.open(host, port, place.is_none()).await.ok()?;
            ask(stream, authority, token).await
        };
        timeout(PATIENCE, ask).await.ok()?
    }
}

/// The host and port of `http://HOST:PORT` or `HOST:PORT`.
fn proxy_of(address: &str) -> Option<(String, u16)> {
    let uri: Uri = address.trim().parse().ok()?;
    let is_http = matches!(uri.scheme_str(), None | Some("http"));
    let has_login = uri.authority()?.as_str().contains('@');
    let place = (uri.host()?.to_owned(), uri.port_u16().unwrap_or(80));
    (is_http && !has_login).then_some(place)
}

/// Asks an HTTP proxy for a connection. Gives the status of its answer, after
/// which the connection is the host's.
async fn tunnel(stream: &mut TcpStream, host: &str, port: u16) -> std::io::Result<u16> {
    let request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") && answer.len() < 16_384 {
        answer.push(stream.read_u8().await?);
    }
    let status = String::from_utf8_lossy(answer.get(9..12).unwrap_or_default());
    Ok(status.parse().unwrap_or_default())
}

async fn ask(stream: Stream, authority: &str, token: &str) -> Option<Answer> {
    let io = TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.ok()?;
    tokio::spawn(connection);
    let request = Request::get("/api/v10/gateway/bot")
        .header(HOST, authority)
        .header(USER_AGENT, AGENT)
        .header(AUTHORIZATION, token)
        .body(Empty::<Bytes>::new());
    let answer = sender.send_request(request.ok()?).await.ok()?;
    match answer.status().as_u16() {
        401 => Some(Answer::Unauthorized),
        429 => {
            let wait = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.parse();
            let wait = Duration::try_from_secs_f64(wait.ok()?).ok()?;
            Some(Answer::TooMany(wait))
        }
        _ => {
            let body = answer.into_body().collect().await.ok()?.to_bytes();
            let gateway: Value = serde_json::from_slice(&body).ok()?;
            let number = |name| gateway["session_start_limit"][name].as_u64();
            Some(Answer::Remaining(
                number("remaining")?,
                number("total")?,
                number("reset_after")?,
            ))
        }
    }
}

pub(crate) fn silence(place: &str) -> String {
    format!(
        "{place} says nothing within {} s; check the network, and whether a firewall lets this machine through",
        PATIENCE.as_secs()
    )
}

pub(crate) fn no_gateway(place: &str, what: &str) -> String {
    format!(
        "what answers at {place} is no gateway of Discord's ({what}); something in between may answer in its place (a proxy, a login page)"
    )
}

/// What an error means, and what to do.
fn why(error: &Error, host: &str, port: u16) -> String {
    let no_gateway = |what: &str| no_gateway(&format!("{host}, port {port},"), what);
    match error {
        Error::CannotResolveHost => {
            format!("the name {host} can't be found; check the network and its name server")
        }
        Error::Io(io) => match (io.get_ref().and_then(|e| e.downcast_ref()), io.kind()) {
            (Some(TlsError::InvalidCertificate(_)), _) => format!(
                "the certificate of {host} isn't trusted; see whether this machine's clock is right, and where a company's network or a virus scanner reads along, add its certificate to the system's, or name its file in SSL_CERT_FILE"
            ),
            (Some(_), _) => no_gateway("it doesn't speak TLS"),
            (None, Io::ConnectionRefused) => format!(
                "{host} takes no connection at port {port}, which is closed; check whether a firewall lets this machine through"
            ),
            (None, Io::UnexpectedEof | Io::ConnectionReset | Io::BrokenPipe) => format!(
                "{host} ends connections at port {port} before they are up; Discord may have an outage (https://discordstatus.com), or something in between lets nothing through"
            ),
            (None, _) => format!("the connection to {host} failed ({io}); check the network"),
        },
        Error::Upgrade(Upgrade::DidNotSwitchProtocols(status)) => {
            no_gateway(&format!("it answers with the status {status}"))
        }
        _ => no_gateway("it begins no WebSocket"),
    }
}
