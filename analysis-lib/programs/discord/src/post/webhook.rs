//! One channel's webhook: an address that is a password, and what Discord answers.
//!
//! Reference: <https://discord.com/developers/docs/resources/webhook>

use std::path::Path;
use std::time::Duration;

use activity_data::settings::Settings;
use activity_data::store::stream::checksum;
use activity_data::{Error, Result};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, USER_AGENT};
use hyper::http::response::Parts;
use hyper::{Method, Request};
use serde_json::{Value, json};

use super::content::{Picture, Post};
use super::text::{CONTENT, DESCRIPTION, shorten};
use crate::http::{self, Client, reason, wait};
use crate::program::AGENT;

/// An answer is there within so long: a picture is some 100 kB.
const SILENCE: Duration = Duration::from_secs(60);
/// So often a request is repeated that certainly did nothing, after 1, 2, 4, … seconds.
const REPEATS: u32 = 4;
/// So often, and in all so long, it waits as Discord asks.
const WAITS: u32 = 8;
const LONGEST_WAIT: Duration = Duration::from_secs(600);

const UNKNOWN_MESSAGE: u64 = 10_008;
const UNKNOWN_WEBHOOK: u64 = 10_015;
const WRONG_TOKEN: u64 = 50_027;
const TOO_LARGE: u64 = 40_005;

const COPY_IT: &str =
    "copy it again: the channel's settings > Integrations > Webhooks > Copy Webhook URL";

/// What a message holds, as both of Discord's requests take it.
pub(super) struct Message {
    form: Bytes,
    /// What stands between the form's parts.
    boundary: String,
}

impl Message {
    pub(super) fn new(post: &Post) -> Self {
        let picture = post.picture.as_ref();
        let described = picture.map(|Picture { file, description, .. }| {
            json!({ "id": 0, "filename": file, "description": shorten(description, DESCRIPTION) })
        });
        let payload = json!({
            "content": shorten(&post.content, CONTENT),
            // Whatever the text holds: by default a webhook mentions.
            "allowed_mentions": { "parse": [] },
            // These alone: in a message that is edited, files would add up.
            "attachments": described.as_slice(),
        })
        .to_string();
        let head = "name=\"payload_json\"\r\nContent-Type: application/json";
        let mut parts = vec![(head.to_owned(), payload.as_bytes())];
        if let Some(Picture { file, bytes, .. }) = picture {
            let head = format!("name=\"files[0]\"; filename=\"{file}\"\r\nContent-Type: image/png");
            parts.push((head, bytes));
        }
        // What is sent doesn't hold its own checksum.
        let sum = parts.iter().fold(0, |sum, (_, bytes)| checksum(sum, bytes));
        let boundary = format!("part-of-the-post-{sum:016x}");
        let mut form = Vec::new();
        for (head, bytes) in parts {
            let head = format!("--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n");
            form.extend([head.as_bytes(), bytes, b"\r\n"].concat());
        }
        form.extend(format!("--{boundary}--\r\n").as_bytes());
        Self {
            form: form.into(),
            boundary,
        }
    }
}

/// Why a message isn't there.
pub(super) enum Failure {
    /// Certainly not: and what to do.
    Refused(String),
    /// The message to be edited is gone.
    Gone,
    /// It may have arrived.
    Unclear(String),
    /// Discord or the network has trouble; nothing was done.
    Trouble(String),
    /// Discord asks to wait, by so many seconds where it says how long.
    Limit(Option<Duration>),
}

impl Failure {
    pub(super) fn told(self, name: &str, then: &str, noted: &Path) -> Error {
        Error::new(match self {
            Self::Refused(why) | Self::Trouble(why) => format!("{name} is not posted: {why}"),
            Self::Gone => format!("{name} is not posted: its message is gone"),
            Self::Limit(_) => format!(
                "{name} is not posted: Discord limits this webhook's posts; try again in a quarter of an hour, and see what else posts by it"
            ),
            Self::Unclear(why) => format!(
                "whether {name} was posted isn't known: {why}{then}. Look into the channel; if it isn't there, remove {}, and run this again",
                noted.display()
            ),
        })
    }
}

/// `DISCORD_WEBHOOK`. Has no `Debug`: its address is a password.
pub struct Webhook {
    pub(super) id: u64,
    token: String,
    thread: Option<u64>,
    client: Client,
}

impl Webhook {
    /// # Errors
    ///
    /// `DISCORD_WEBHOOK` is missing, or no webhook's address. It is never repeated.
    pub fn from_settings(settings: &Settings) -> Result<Self> {
        let address = settings.discord_webhook()?;
        let (id, token, thread) = parts(address.trim()).ok_or_else(|| {
            Error::new(format!(
                "DISCORD_WEBHOOK is no webhook's address, which begins with https://discord.com/api/webhooks/; {COPY_IT}"
            ))
        })?;
        Ok(Self {
            id,
            token,
            thread,
            // A connection of its own for each request: one that was closed meanwhile
            // would leave open whether the request arrived.
            client: http::client(0),
        })
    }

    /// Posts, and gives the message's id; 0 where Discord has the message, and its
    /// answer can't be read.
    pub(super) async fn post(&self, message: &Message) -> std::result::Result<u64, Failure> {
        self.send(Method::POST, "?wait=true&", message).await
    }

    /// Changes a message. Done twice, it is as done once.
    pub(super) async fn edit(
        &self,
        id: u64,
        message: &Message,
    ) -> std::result::Result<(), Failure> {
        if id == 0 {
            return Err(Failure::Gone);
        }
        let path = format!("/messages/{id}?");
        self.send(Method::PATCH, &path, message).await.map(|_| ())
    }

    /// Sends a request, again where it did nothing, or where that doesn't matter.
    async fn send(
        &self,
        method: Method,
        path: &str,
        message: &Message,
    ) -> std::result::Result<u64, Failure> {
        let (mut repeats, mut waits, mut waited) = (0, 0, Duration::ZERO);
        loop {
            let failure = match self.send_once(&method, path, message).await {
                Ok(id) => return Ok(id),
                Err(failure) => failure,
            };
            let pause = match failure {
                Failure::Limit(asked) => {
                    let wait = asked.unwrap_or(Duration::from_secs(1 << waits));
                    waits += 1;
                    waited += wait;
                    if waits > WAITS || waited > LONGEST_WAIT {
                        return Err(failure);
                    }
                    eprintln!("Discord asks to wait {:.1} s", wait.as_secs_f64());
                    wait
                }
                Failure::Trouble(_) | Failure::Unclear(_)
                    if repeats < REPEATS
                        && (method == Method::PATCH || matches!(failure, Failure::Trouble(_))) =>
                {
                    repeats += 1;
                    Duration::from_secs(1 << (repeats - 1))
                }
                _ => return Err(failure),
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Sends a request once. No error repeats the address.
    async fn send_once(
        &self,
        method: &Method,
        path: &str,
        message: &Message,
    ) -> std::result::Result<u64, Failure> {
        let thread = self.thread.map(|thread| format!("thread_id={thread}"));
        let (base, id, token) = (http::base(), self.id, &self.token);
        let thread = thread.unwrap_or_default();
        let address = format!("{base}/webhooks/{id}/{token}{path}{thread}");
        let kind = format!("multipart/form-data; boundary={}", message.boundary);
        let request = Request::builder()
            .method(method)
            .uri(address.trim_end_matches(['?', '&']))
            .header(USER_AGENT, AGENT)
            .header(CONTENT_TYPE, kind)
            .body(Full::new(message.form.clone()))
            .expect("an address has no other letters");
        let answer = tokio::time::timeout(SILENCE, self.client.request(request)).await;
        let answer = answer.map_err(|_| {
            let seconds = SILENCE.as_secs();
            Failure::Unclear(format!("Discord didn't answer within {seconds} s"))
        })?;
        let answer = answer.map_err(|error| {
            let why = reason(&error);
            match error.is_connect() {
                true => Failure::Trouble(format!(
                    "Discord can't be reached ({why}); check the network and try again"
                )),
                false => Failure::Unclear(format!("the connection broke off ({why})")),
            }
        })?;
        let (head, body) = answer.into_parts();
        let body = tokio::time::timeout(SILENCE, body.collect()).await;
        let body = body.ok().and_then(std::result::Result::ok);
        let body = body.map(|body| body.to_bytes()).unwrap_or_default();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        if head.status.is_success() {
            // Discord has it: what its answer says besides is only which message it is.
            let id = body["id"].as_str().and_then(|id| id.parse().ok());
            return Ok(id.unwrap_or(0));
        }
        Err(refused(&head, &body))
    }
}

/// The id, the password and the thread of a webhook's address.
fn parts(address: &str) -> Option<(u64, String, Option<u64>)> {
    let (_, rest) = address.strip_prefix("https://")?.split_once("/webhooks/")?;
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (id, token) = path.trim_end_matches('/').split_once('/')?;
    let id = id.parse().ok().filter(|&id| id > 0)?;
    let is_taken = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    if token.is_empty() || !token.chars().all(is_taken) {
        return None;
    }
    let mut options = query.split('&');
    let thread = options.find_map(|option| option.strip_prefix("thread_id="));
    let thread = thread.map(|id| id.parse().ok().filter(|&id| id > 0));
    // One that is no id is no address's.
    (thread != Some(None)).then(|| (id, token.to_owned(), thread.flatten()))
}

/// What an answer means that isn't a success.
fn refused(head: &Parts, body: &Value) -> Failure {
    match (head.status.as_u16(), body["code"].as_u64()) {
        (429, _) => Failure::Limit(wait(&head.headers, body)),
        (404, Some(UNKNOWN_MESSAGE)) => Failure::Gone,
        (_, Some(UNKNOWN_WEBHOOK | WRONG_TOKEN)) | (401 | 403 | 404, _) => {
            Failure::Refused(format!(
                "Discord doesn't know the webhook of DISCORD_WEBHOOK: it was removed, or a part of its address is missing; {COPY_IT}"
            ))
        }
        (413, _) | (_, Some(TOO_LARGE)) => Failure::Refused(
            "Discord finds the picture too large; save it as .png and make it smaller".to_owned(),
        ),
        (status @ (500 | 502 | 503), _) => Failure::Trouble(format!(
            "Discord is in trouble (it answered {status}, {} times); see https://discordstatus.com and try again later",
            REPEATS + 1
        )),
        (status @ 500.., _) => Failure::Unclear(format!("Discord answered {status}")),
        (status, code) => {
            let code = code.map_or(String::new(), |code| format!(", error {code}"));
            Failure::Refused(format!(
                "Discord refuses it (it answered {status}{code}); look for a new version of this project"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhooks_address_is_read_in_every_form_that_discord_gives_it() {
        let token = "aB3_-x";
        for host in [
            "discord.com/api",
            "ptb.discord.com/api",
            "discordapp.com/api/v10",
        ] {
            let address = format!("https://{host}/webhooks/123/{token}");
            assert_eq!(parts(&address), Some((123, token.to_owned(), None)));
        }
        let in_thread = format!("https://discord.com/api/webhooks/123/{token}/?thread_id=7");
        assert_eq!(parts(&in_thread), Some((123, token.to_owned(), Some(7))));
        for wrong in [
            "",
            "123",
            "https://discord.com/api/webhooks/123",
            "https://discord.com/api/webhooks/x/y",
            "https://discord.com/api/webhooks/123/a b",
            "https://discord.com/api/webhooks/123/a/slack",
            "http://discord.com/api/webhooks/123/a",
            "https://discord.com/api/webhooks/1/a?thread_id=x",
        ] {
            assert_eq!(parts(wrong), None, "{wrong}");
        }
    }
}
