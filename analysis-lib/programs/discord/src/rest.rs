//! What is asked of Discord, within the limits that it sets.
//!
//! Errors are made from an answer's status and error code alone: its text could hold
//! anything, the token included.
//!
//! Reference: <https://discord.com/developers/docs/topics/rate-limits>

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::header::{AUTHORIZATION, HeaderMap, USER_AGENT};
use hyper::http::response::Parts;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::http::{self, Client, number, reason, wait};
use crate::program::AGENT;

/// From one request to the next. Discord takes 50 a second of a bot, and the same bot
/// may record.
const STEP: Duration = Duration::from_millis(22);
/// Discord shuts an address out after 10,000 answers of 401, 403 and 429 in ten
/// minutes. After so many, no more is asked until they are ten minutes old.
const MOST_REFUSALS: usize = 1_000;
const REFUSALS: Duration = Duration::from_secs(600);

/// How long a program goes on when something is in its way.
#[derive(Clone, Copy)]
pub struct Patience {
    /// How often a request is repeated that failed by no fault of ours, after 1, 2, 4, …
    /// seconds, up to a minute.
    pub repeats: u32,
    /// How often a request waits because it hit a limit, as when others use the same
    /// token.
    pub waits: u32,
    /// A longer wait isn't waited for.
    pub longest_wait: Duration,
    /// An answer is there within this time.
    pub silence: Duration,
}

/// Why there is no answer to use.
pub enum Failure {
    /// Discord doesn't give this to the bot, or hasn't got it: 403 or 404, and the error
    /// code, whose meaning depends on the question.
    Refused(u16, u64),
    /// Nothing more can be asked: the message.
    Stop(String),
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Stop(message)
    }
}

/// Why a request gave nothing.
enum Lost {
    /// It isn't sent again.
    Failure(Failure),
    /// Discord or the network has trouble, which may be over in a moment: what, and what
    /// to do if it isn't.
    Trouble(String, &'static str),
    /// A limit was hit: to wait for so long.
    Limit(Duration),
}

/// Asks Discord, as a bot.
pub struct Discord {
    client: Client,
    token: String,
    patience: Patience,
    say: fn(&str),
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
    /// With a bot's token. `say` tells a person what is waited for.
    pub fn new(token: &str, patience: Patience, say: fn(&str)) -> Self {
        Self {
            client: http::client(64),
            token: format!("Bot {}", token.trim_start_matches("Bot ")),
            patience,
            say,
            limits: Mutex::new(Limits {
                next: Instant::now(),
                refusals: VecDeque::new(),
                requests: 0,
                told: None,
            }),
        }
    }

    /// How many requests were sent.
    pub fn requests(&self) -> usize {
        self.limits().requests
    }

    fn limits(&self) -> MutexGuard<'_, Limits> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What Discord answers to a path, and when the next request about the same
    /// channel or server may be sent. Discord has a limit for each kind of request
    /// about each channel; as if it had one for each channel, we are on the safe side.
    ///
    /// # Errors
    ///
    /// See [`Failure`].
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<(T, Instant), Failure> {
        self.turn().await;
        self.get_now(path).await
    }

    /// The same, by who has the turn.
    ///
    /// # Errors
    ///
    /// See [`Failure`].
    pub async fn get_now<T: DeserializeOwned>(&self, path: &str) -> Result<(T, Instant), Failure> {
        let (mut repeats, mut waits) = (0, 0);
        loop {
            let pause = match self.ask(path).await {
                Ok(answer) => return Ok(answer),
                Err(Lost::Failure(failure)) => return Err(failure),
                Err(Lost::Limit(wait)) => {
                    waits += 1;
                    if waits > self.patience.waits || wait > self.patience.longest_wait {
                        return Err(Failure::Stop(format!(
                            "Discord limits this bot's requests, and asks to wait {} s; try again then, and see whether another program uses the same DISCORD_TOKEN",
                            wait.as_secs_f64().ceil()
                        )));
                    }
                    if wait >= Duration::from_secs(1) {
                        (self.say)(&format!("Discord asks to wait {:.1} s", wait.as_secs_f64()));
                    }
                    wait
                }
                Err(Lost::Trouble(what, remedy)) if repeats == self.patience.repeats => {
                    let tries = repeats + 1;
                    return Err(Failure::Stop(format!("{what}, {tries} times; {remedy}")));
                }
                Err(Lost::Trouble(what, _)) => {
                    repeats += 1;
                    let told = &mut self.limits().told;
                    if repeats > 2 && told.is_none_or(|told| told.elapsed() > REFUSALS) {
                        *told = Some(Instant::now());
                        (self.say)(&format!("{what}; it is asked again"));
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
    pub fn try_turn(&self) -> Result<(), Instant> {
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
    async fn ask<T: DeserializeOwned>(&self, path: &str) -> Result<(T, Instant), Lost> {
        let request = Request::get(http::base() + path)
            .header(USER_AGENT, AGENT)
            .header(AUTHORIZATION, &self.token)
            .body(Full::default());
        let request = request
            .map_err(|_| stop("DISCORD_TOKEN holds characters that no token has; copy it again"))?;
        let silence = self.patience.silence;
        let answer = timeout(silence, async {
            let unreachable = |error| format!("Discord can't be reached ({})", reason(&error));
            let answer = self.client.request(request).await.map_err(unreachable)?;
            let (head, body) = answer.into_parts();
            let body = body.collect().await;
            let body = body.map_err(|_| "Discord's answer broke off".to_owned())?;
            Ok((head, body.to_bytes()))
        });
        let silent = |_| {
            let seconds = silence.as_secs();
            Err(format!("Discord didn't answer within {seconds} seconds"))
        };
        let answer = answer.await.unwrap_or_else(silent);
        let (head, body) =
            answer.map_err(|what| Lost::Trouble(what, "check the network and try again"))?;
        if head.status.is_success() {
            let ready = Instant::now() + pause(&head.headers);
            return match serde_json::from_slice(&body) {
                Ok(answer) => Ok((answer, ready)),
                Err(error) if error.is_data() => Err(Lost::Failure(odd())),
                Err(_) => Err(not_json()),
            };
        }
        if matches!(head.status.as_u16(), 401 | 403 | 429) {
            self.limits().refusals.push_back(Instant::now());
        }
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        Err(self.refused(&head, &body))
    }

    /// What an answer means that isn't a success.
    fn refused(&self, head: &Parts, body: &Value) -> Lost {
        match head.status.as_u16() {
            401 => stop(
                "Discord doesn't accept DISCORD_TOKEN; copy the bot's token again into .env (Developer Portal > application > Bot > Reset Token)",
            ),
            status @ (403 | 404) => {
                let code = body["code"].as_u64().unwrap_or(0);
                Lost::Failure(Failure::Refused(status, code))
            }
            429 => {
                let Some(wait) = wait(&head.headers, body) else {
                    return not_json();
                };
                // What isn't Discord's own JSON is from what stands before it, and is
                // about this address.
                if body["global"] == true || body.is_null() {
                    let mut limits = self.limits();
                    limits.next = limits.next.max(Instant::now() + wait);
                }
                Lost::Limit(wait)
            }
            status @ 500.. => Lost::Trouble(
                format!("Discord is in trouble (it answered {status})"),
                "see https://discordstatus.com and try again later",
            ),
            status => stop(&format!(
                "Discord refuses the request (it answered {status}); look for a new version of this project"
            )),
        }
    }
}

fn stop(why: &str) -> Lost {
    Lost::Failure(Failure::Stop(why.to_owned()))
}

fn not_json() -> Lost {
    Lost::Trouble(
        "Discord's answer isn't JSON".to_owned(),
        "something in between may answer in its place (a proxy, a login page), or Discord turns away too many requests; try again later",
    )
}

/// That an answer is another than its documentation says.
pub fn odd() -> Failure {
    Failure::Stop(
        "Discord's answer is not what it documents; look for a new version of this project"
            .to_owned(),
    )
}

/// How long no request of the same kind may be sent, as an answer says.
fn pause(headers: &HeaderMap) -> Duration {
    let is_used_up = number(headers, "x-ratelimit-remaining") == Some(0.0);
    let reset = number(headers, "x-ratelimit-reset-after").filter(|_| is_used_up);
    let reset = reset.and_then(|reset| Duration::try_from_secs_f64(reset).ok());
    reset.unwrap_or_default()
}
