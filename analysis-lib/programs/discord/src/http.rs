//! What programs that ask Discord by HTTP have in common.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// A client, which answers come from as they are.
pub type Client = legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Says who asks, in the form that Discord wants.
pub const AGENT: &str = concat!(
    "DiscordBot (server-activity-analysis, ",
    env!("CARGO_PKG_VERSION"),
    ")"
);

/// Keeps up to so many connections open for the next request.
pub fn client(kept: usize) -> Client {
    let connector = HttpsConnectorBuilder::new()
        .with_webpki_roots()
        .https_or_http()
        .enable_http1()
        .build();
    let mut client = legacy::Client::builder(TokioExecutor::new());
    client.pool_max_idle_per_host(kept).build(connector)
}

/// Where Discord's programming interface is. For tests, `DISCORD_PROXY` names the
/// host and port of an HTTP server in its place.
pub fn base() -> String {
    let server = std::env::var("DISCORD_PROXY").unwrap_or_default();
    match server.as_str() {
        "" => "https://discord.com/api/v10".to_owned(),
        server => format!("http://{server}/api/v10"),
    }
}

/// The innermost cause: the layers above it only say that a request failed.
pub fn reason(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string().chars().take(120).collect()
}
