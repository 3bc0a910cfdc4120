//! What programs that ask Discord by HTTP have in common.

use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{HeaderMap, RETRY_AFTER};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// A client, which answers come from as they are.
pub type Client = legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

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

/// How long Discord asks to wait, by an answer's JSON or its header.
pub fn wait(headers: &HeaderMap, body: &Value) -> Option<Duration> {
    let asked = body["retry_after"].as_f64();
    let asked = asked.or_else(|| number(headers, RETRY_AFTER.as_str()));
    asked.and_then(|asked| Duration::try_from_secs_f64(asked).ok())
}

/// The number in a header.
pub fn number(headers: &HeaderMap, name: &str) -> Option<f64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// The innermost cause: the layers above it only say that a request failed.
pub fn reason(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string().chars().take(120).collect()
}
