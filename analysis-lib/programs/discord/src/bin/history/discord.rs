//! What is asked of Discord, within the limits that it sets.
//!
//! Errors are made from an answer's status and error code alone: its text could hold
//! anything, the token included.
//!
//! Reference: <https://discord.com/developers/docs/topics/rate-limits>

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use activity_discord::http::{self, AGENT, Client, reason};
use activity_discord::say::say;
use http_body_util::{BodyExt, Full};
use hyper::header::{AUTHORIZATION, HeaderMap, RETRY_AFTER, USER_AGENT};
use hyper::{Request, StatusCode};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Error as _};
use serde_json::Value;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// From one request to the next. Discord takes 50 a second of a bot, and the same bot
/// may record.
const STEP: Duration = Duration::from_millis(22);
/// Discord shuts an address out after 10,000 answers of 401, 403 and 429 in ten
/// minutes. After so many, no more is asked until they are ten minutes old.
const MOST_REFUSALS: usize = 1_000;
const REFUSALS: Duration = Duration::from_secs(600);
/// A longer wait isn't waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);
/// An answer is there within this time.
const SILENCE: Duration = Duration::from_secs(30);
/// So often a request is repeated that failed by no fault of ours, after 1, 2, 4, …
/// seconds, up to a minute: ten minutes in all.
const REPEATS: u32 = 14;

/// An id, which Discord writes as a text.
#[derive(Clone, Copy)]
pub(crate) struct Id(pub(crate) u64);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map(Self).map_err(D::Error::custom)
    }
}

/// Why there is no answer to use.
pub(crate) enum Failure {
    /// Discord doesn't give this to the bot, or hasn't got it: 403 or 404.
    Refused(u16),
    /// Nothing more can be asked: the message.
    Stop(String),
}

/// Why a request has to be sent again.
enum Again {
    /// Discord or the network has trouble, which may be over in a moment.
    Trouble(String),
    /// A limit was hit: to wait for so long.
    Limit(Duration),
}

pub(crate) struct Discord {
    client: Client,
    token: String,
    limits: Mutex<Limits>,
}

struct Limits {
    /// The next request may be sent then.
    next: Instant,
    /// When Discord refused, in the last ten minutes.
    refusals: VecDeque<Instant>,
    requests: usize,
    /// When it was said last that Discord or the network has trouble.
    told: Option<Instant>,
}

impl Discord {
    pub(crate) fn new(token: &str) -> Self {
        Self {
            client: http::client(64),
            token: format!("Bot {}", token.trim_start_matches("Bot ")),
            limits: Mutex::new(Limits {
                next: Instant::now(),
                refusals: VecDeque::new(),
                requests: 0,
                told: None,
            }),
        }
    }

    /// How many requests were sent.
    pub(crate) fn requests(&self) -> usize {
        self.limits().requests
    }

    fn limits(&self) -> MutexGuard<'_, Limits> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What Discord answers to a path, and when the next request about the same
    /// channel or server may be sent. Discord has a limit for each kind of request
    /// about each channel; as if it had one for each channel, we are on the safe side.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<(T, Instant), Failure> {
        self.turn().await;
        self.get_now(path).await
    }

    /// The same, by who has the turn.
    pub(crate) async fn get_now<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<(T, Instant), Failure> {
        let mut repeats = 0;
        loop {
            let pause = match self.ask(path).await? {
                Ok(answer) => return Ok(answer),
                Err(Again::Limit(wait)) => wait,
                Err(Again::Trouble(why)) if repeats == REPEATS => {
                    return Err(Failure::Stop(format!(
                        "{why}. What was read is kept: run it again later, and it goes on from there"
                    )));
                }
                Err(Again::Trouble(why)) => {
                    repeats += 1;
                    let told = &mut self.limits().told;
                    if repeats > 2 && told.is_none_or(|told| told.elapsed() > REFUSALS) {
                        *told = Some(Instant::now());
                        say(&format!("{why}. It is asked again for ten minutes"));
                    }
                    Duration::from_secs((1 << (repeats - 1)).min(60))
                }
            };
            sleep(pause).await;
            self.turn().await;
        }
    }

    async fn turn(&self) {
        while let Err(at) = self.try_turn() {
            sleep_until(at).await;
        }
    }

    /// Takes the turn to send a request now.
    ///
    /// # Errors
    ///
    /// When it can be taken at the earliest.
    pub(crate) fn try_turn(&self) -> Result<(), Instant> {
        let mut limits = self.limits();
        let now = Instant::now();
        let is_over = |at: &Instant| *at + REFUSALS <= now;
        while limits.refusals.front().is_some_and(is_over) {
            limits.refusals.pop_front();
        }
        let shut_out = limits
            .refusals
            .front()
            .filter(|_| limits.refusals.len() >= MOST_REFUSALS);
        let next = shut_out.map_or(limits.next, |first| *first + REFUSALS);
        if next > now {
            return Err(next);
        }
        limits.next = now.max(limits.next + STEP);
        limits.requests += 1;
        Ok(())
    }

    /// Sends a request once.
    async fn ask<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<Result<(T, Instant), Again>, Failure> {
        let request = Request::get(http::base() + path)
            .header(USER_AGENT, AGENT)
            .header(AUTHORIZATION, &self.token)
            .body(Full::default())
            .map_err(|error| Failure::Stop(error.to_string()))?;
        let answer = timeout(SILENCE, async {
            let (head, body) = self.client.request(request).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            Ok::<_, Box<dyn std::error::Error>>((head.status, head.headers, body))
        });
        let why = match answer.await {
            Ok(Ok((status, headers, body))) => return self.read(status, &headers, &body),
            Ok(Err(error)) => reason(&*error),
            Err(_) => format!("it says nothing for {} s", SILENCE.as_secs()),
        };
        Ok(Err(Again::Trouble(format!(
            "Discord can't be reached ({why}); check the network"
        ))))
    }

    /// What an answer means.
    fn read<T: DeserializeOwned>(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Result<(T, Instant), Again>, Failure> {
        if status.is_success() {
            let is_used_up = seconds(headers, "x-ratelimit-remaining") == Some(Duration::ZERO);
            let pause = seconds(headers, "x-ratelimit-reset-after").filter(|_| is_used_up);
            let ready = Instant::now() + pause.unwrap_or_default();
            let read = serde_json::from_slice(body).map(|answer| (answer, ready));
            return Ok(read.map_err(|_| Again::Trouble("Discord's answer isn't what it documents; something in between may answer in its place (a proxy, a login page)".to_owned())));
        }
        if matches!(status.as_u16(), 401 | 403 | 429) {
            self.limits().refusals.push_back(Instant::now());
        }
        match status.as_u16() {
            401 => Err(Failure::Stop(
                "Discord doesn't accept DISCORD_TOKEN; copy the bot's token again into .env (Developer Portal > application > Bot > Reset Token)".to_owned(),
            )),
            403 | 404 => Err(Failure::Refused(status.as_u16())),
            429 => {
                let body: Value = serde_json::from_slice(body).unwrap_or_default();
                let wait = body["retry_after"].as_f64();
                let wait = wait.and_then(|wait| Duration::try_from_secs_f64(wait).ok());
                let wait = wait.or(seconds(headers, RETRY_AFTER.as_str()));
                let wait = wait.unwrap_or(Duration::from_secs(60));
                if wait > LONGEST_WAIT {
                    return Err(Failure::Stop(format!(
                        "Discord limits this bot's requests, and asks to wait {} minutes; run it again then, and see whether another program uses the same DISCORD_TOKEN",
                        wait.as_secs().div_ceil(60)
                    )));
                }
                // What isn't Discord's own JSON is from what stands before it, and is
                // about this address.
                if body["global"] == true || body.is_null() {
                    let mut limits = self.limits();
                    limits.next = limits.next.max(Instant::now() + wait);
                }
                if wait >= Duration::from_secs(10) {
                    say(&format!("Discord asks to wait {:.0} s", wait.as_secs_f64()));
                }
                Ok(Err(Again::Limit(wait)))
            }
            status @ 500.. => Ok(Err(Again::Trouble(format!(
                "Discord is in trouble (it answers {status}); see https://discordstatus.com"
            )))),
            status => Err(Failure::Stop(format!(
                "Discord refuses a request (it answers {status}); look for a new version of this project"
            ))),
        }
    }
}

/// The seconds that a header says.
fn seconds(headers: &HeaderMap, name: &str) -> Option<Duration> {
    let seconds = headers.get(name)?.to_str().ok()?.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}
