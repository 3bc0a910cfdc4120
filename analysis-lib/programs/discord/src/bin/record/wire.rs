//! A connection to the gateway: text in both directions, compressed or not.

use std::io::Write;

use flate2::write::ZlibDecoder;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_websockets::{MaybeTlsStream, Message, WebSocketStream};

use super::network::PATIENCE;

/// The end of each message in a compressed stream.
const FLUSHED: [u8; 4] = [0, 0, 0xff, 0xff];

/// Why a connection is over: the code with which Discord closed it, if it did.
pub(crate) type Closed = Option<u16>;

pub(crate) struct Wire {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// One compressed stream is the whole connection's; holds what of it was read.
    text: ZlibDecoder<Vec<u8>>,
}

impl Wire {
    pub(crate) fn new(socket: WebSocketStream<MaybeTlsStream<TcpStream>>) -> Self {
        Self {
            socket,
            text: ZlibDecoder::new(Vec::new()),
        }
    }

    /// The next message. Nothing is lost where this isn't waited for to the end.
    pub(crate) async fn next(&mut self) -> Result<String, Closed> {
        loop {
            let message = self.socket.next().await.and_then(Result::ok).ok_or(None)?;
            if let Some((code, _)) = message.as_close() {
                return Err(Some(code.into()));
            }
            if let Some(text) = message.as_text() {
                return Ok(text.to_owned());
            }
            if message.is_binary() {
                self.text
                    .write_all(message.as_payload())
                    .map_err(|_| None)?;
                if message.as_payload().ends_with(&FLUSHED) {
                    self.text.flush().map_err(|_| None)?;
                    let text = std::mem::take(self.text.get_mut());
                    return String::from_utf8(text).map_err(|_| None);
                }
            }
        }
    }

    pub(crate) async fn send(&mut self, what: &Value) -> Result<(), Closed> {
        let message = Message::text(what.to_string());
        let sent = timeout(PATIENCE, self.socket.send(message)).await;
        sent.map_err(|_| None)?.map_err(|_| None)
    }
}
