//! Discord's gateway: sessions are begun and resumed, and what comes from it goes
//! to the recorder.
//!
//! Reference: <https://discord.com/developers/docs/events/gateway>

use std::convert::Infallible;
use std::time::Duration;

use activity_data::text::counted;
use activity_discord::program::{moment, say};
use chrono::Utc;
use serde_json::json;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::event::{self, Event};
use super::network::{Answer, Network, PATIENCE, no_gateway, silence};
use super::pace::Pace;
use super::window::Recorder;
use super::wire::{Closed, Wire};
use super::write::Queue;

const ADDRESS: &str = "wss://gateway.discord.gg";
/// What Discord shall tell of: servers, their members, who of them is online, and the
/// messages there.
const INTENTS: u32 = 1 | 1 << 1 | 1 << 8 | 1 << 9;
/// With fewer sessions left the recorder waits until Discord gives new ones: the
/// last are for a person who starts it anew, and for the bot's other programs.
const FEW: u64 = 50;
/// Discord lists a server's members to a bot once in this time.
const LIST_PAUSE: Duration = Duration::from_secs(30);
/// A server comes a moment after the session's begin. Later, a person is told.
const SERVER_COMES: Duration = Duration::from_secs(60);
/// A connection that is up for this long works again.
const STEADY: Duration = Duration::from_secs(10);

/// A session that is closed, and has to wait for so many milliseconds, isn't
/// resumed any more.
const OLD: i64 = 20_000;

/// What a session is resumed by.
struct Session {
    id: String,
    /// Where Discord wants it to be resumed.
    url: Option<String>,
    /// The number of its last event.
    number: u64,
}

/// Why a connection is over, or there is none. The text is a part of a sentence.
enum End {
    Over(String),
    Closed(Closed),
    /// Discord asks for another connection.
    Reconnect,
    /// No waiting mends it: a sentence.
    Final(String),
}

impl From<Closed> for End {
    fn from(closed: Closed) -> Self {
        Self::Closed(closed)
    }
}

pub(crate) struct Gateway {
    network: Network,
    /// As it is sent to Discord.
    token: String,
    /// Another gateway than Discord's, and another HTTP server, for tests.
    url: Option<String>,
    http: Option<String>,
    server: u64,
    recorder: Recorder,
    session: Option<Session>,
    pace: Pace,
    begin: Instant,
    /// When to ask for the list of members, and when that was done last.
    list_at: Option<Instant>,
    listed: Option<Instant>,
    /// Until when the server has to come, and when the connection works again.
    server_by: Option<Instant>,
    steady_at: Option<Instant>,
    /// Whether it was said that an event can't be read.
    is_unread: bool,
}

impl Gateway {
    pub(crate) fn new(network: Network, token: &str, server: u64, recorder: Recorder) -> Self {
        Self {
            network,
            token: format!("Bot {token}"),
            url: std::env::var("DISCORD_GATEWAY").ok(),
            http: std::env::var("DISCORD_PROXY").ok(),
            server,
            recorder,
            session: None,
            pace: Pace::default(),
            begin: Instant::now(),
            list_at: None,
            listed: None,
            server_by: None,
            steady_at: None,
            is_unread: false,
        }
    }

    /// Listens until `stop`, and hands windows over as they are finished.
    ///
    /// # Errors
    ///
    /// Discord refuses in a way that no waiting mends: a sentence.
    pub(crate) async fn listen(
        mut self,
        queue: &Queue,
        stop: impl Future<Output = ()>,
    ) -> Result<(), String> {
        let ended = tokio::select! {
            biased;
            () = stop => Ok(()),
            why = self.connect(queue) => Err(why),
        };
        self.recorder.end();
        self.hand_over(queue);
        ended
    }

    /// Listens on one connection after the other. Ends where no waiting helps:
    /// with a sentence.
    async fn connect(&mut self, queue: &Queue) -> String {
        loop {
            let Err(end) = self.hear_one(queue).await;
            let is_reconnect = matches!(end, End::Reconnect);
            let is_closed = matches!(end, End::Closed(Some(_)));
            let why = match end {
                End::Over(why) => why,
                End::Reconnect => "it asks for one connection after the other".to_owned(),
                End::Closed(None) => "it ends the connection without a word".to_owned(),
                End::Closed(Some(code @ (4004 | 4010..=4014))) => return refused(code),
                End::Closed(Some(code)) => {
                    // Discord wants a new session after these.
                    if matches!(code, 4003 | 4007 | 4009) {
                        self.session = None;
                    }
                    format!("it closes the connection (code {code})")
                }
                End::Final(why) => return why,
            };
            let is_refusal = self.session.is_none() || !self.recorder.is_live();
            let (now, chance) = (self.now(), fastrand::f64());
            let next = if is_refusal && !is_reconnect {
                self.pace.refused(now, chance)
            } else {
                self.pace.lost(now, chance)
            };
            self.session.take_if(|_| is_closed && next.wait >= OLD);
            self.recorder.lost();
            self.steady_at = None;
            // Without a session nothing can be resumed.
            if self.session.is_none() {
                self.server_by = None;
                self.recorder.end();
            }
            self.hand_over(queue);
            if next.is_told {
                let wait = counted(next.wait as usize / 1_000, "second");
                say(&format!(
                    "nothing is heard from Discord: {why}. It is tried again in {wait}, then less and less often, and in the end every ten minutes"
                ));
            }
            sleep(Duration::from_millis(next.wait.unsigned_abs())).await;
        }
    }

    /// Milliseconds since the recorder's begin.
    fn now(&self) -> i64 {
        i64::try_from(self.begin.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// Makes a connection, and listens until it's over.
    async fn hear_one(&mut self, queue: &Queue) -> Result<Infallible, End> {
        if self.session.is_none() {
            self.wait_for_sessions().await?;
        }
        self.pace.begin(self.now());
        let url = self
            .session
            .as_ref()
            .and_then(|session| session.url.clone());
        let url = url.or(self.url.clone());
        let mut url = url.unwrap_or_else(|| ADDRESS.to_owned());
        url.push_str("/?v=10&encoding=json&compress=zlib-stream");
        let socket = self.network.socket(&url).await.map_err(|why| {
            // The session can be resumed elsewhere too.
            if let Some(session) = &mut self.session {
                session.url = None;
            }
            End::Over(why)
        });
        let mut wire = Wire::new(socket?);
        let greeting = timeout(PATIENCE, wire.next()).await;
        let greeting = greeting.map_err(|_| End::Over(silence("the gateway")))??;
        let (_, Ok(Event::Hello(interval))) = event::read(&greeting, self.server) else {
            let why = no_gateway("the gateway's address", "it doesn't greet as one");
            return Err(End::Over(why));
        };
        let begin = match &self.session {
            Some(Session { id, number, .. }) => json!({
                "op": 6,
                "d": {"token": self.token, "session_id": id, "seq": number},
            }),
            None => json!({
                "op": 2,
                "d": {
                    "token": self.token,
                    "intents": INTENTS,
                    "large_threshold": 250,
                    "properties": {
                        "os": std::env::consts::OS,
                        "browser": env!("CARGO_PKG_NAME"),
                        "device": env!("CARGO_PKG_NAME"),
                    },
                },
            }),
        };
        wire.send(&begin).await?;
        self.hear_all(&mut wire, Duration::from_millis(interval.max(1)), queue)
            .await
    }

    /// Asks how many sessions may be begun, and waits until there are enough.
    async fn wait_for_sessions(&self) -> Result<(), End> {
        // Of another gateway Discord knows nothing.
        if self.url.is_some() && self.http.is_none() {
            return Ok(());
        }
        loop {
            match self.network.limit(&self.token, self.http.as_deref()).await {
                Some(Answer::Unauthorized) => return Err(End::Final(refused(4004))),
                Some(Answer::TooMany(wait)) => {
                    sleep(wait).await;
                    return Err(End::Over("it takes no more requests for now".to_owned()));
                }
                Some(Answer::Remaining(left, total, wait)) if left < FEW => {
                    let wait = wait.max(5_000);
                    let end = Utc::now().timestamp_millis().saturating_add_unsigned(wait);
                    say(&format!(
                        "this bot may begin {left} of {total} sessions until {}; the recorder waits until then, since Discord resets the token of a bot that begins more. See what else uses DISCORD_TOKEN",
                        moment(end)
                    ));
                    sleep(Duration::from_millis(wait)).await;
                }
                // Where there is no answer, the waits alone keep to the limit.
                _ => return Ok(()),
            }
        }
    }

    /// Listens until the connection is over. `interval`: of heartbeats.
    async fn hear_all(
        &mut self,
        wire: &mut Wire,
        interval: Duration,
        queue: &Queue,
    ) -> Result<Infallible, End> {
        // The first comes by chance, as Discord wants it.
        let mut beat_at = Instant::now() + interval.mul_f64(fastrand::f64());
        let mut is_answered = true;
        loop {
            let is_wanted = self.recorder.is_live() && !self.recorder.is_listed();
            let list_at = self.list_at.filter(|_| is_wanted);
            let others = [list_at, self.server_by, self.steady_at];
            let due = others.into_iter().flatten().fold(beat_at, Instant::min);
            let heard = tokio::select! {
                biased;
                () = sleep_until(due) => None,
                heard = wire.next() => Some(heard?),
            };
            if let Some(text) = heard {
                is_answered = true;
                let (number, event) = event::read(&text, self.server);
                match event {
                    Ok(Event::Beat) => beat_at = Instant::now(),
                    Ok(Event::Reconnect) => return Err(End::Reconnect),
                    // Of what happened since the session was over, nothing was told.
                    Ok(Event::Invalid(can_resume)) => {
                        self.session.take_if(|_| !can_resume);
                        return Err(End::Over("it refuses the session".to_owned()));
                    }
                    Ok(event) => self.hear(event)?,
                    Err(name) => self.unread(&name),
                }
                if let (Some(number), Some(session)) = (number, &mut self.session) {
                    session.number = number;
                }
                self.hand_over(queue);
                continue;
            }
            if beat_at <= due {
                if !is_answered {
                    return Err(End::Over("it answers no heartbeat".to_owned()));
                }
                is_answered = false;
                beat_at = Instant::now() + interval;
                let number = self.session.as_ref().map(|session| session.number);
                wire.send(&json!({"op": 1, "d": number})).await?;
            }
            if list_at.is_some_and(|time| time <= due) {
                self.list_at = None;
                self.listed = Some(Instant::now());
                self.recorder.list_anew();
                wire.send(&json!({
                    "op": 8,
                    "d": {"guild_id": self.server.to_string(), "query": "", "limit": 0, "presences": true},
                }))
                .await?;
            }
            if self.server_by.take_if(|time| *time <= due).is_some() {
                say(&format!(
                    "Discord has told nothing of the server {} for {}; it may have an outage (https://discordstatus.com). Recording begins when the server is there",
                    self.server,
                    counted(SERVER_COMES.as_secs() as usize, "second")
                ));
            }
            if self.steady_at.take_if(|time| *time <= due).is_some() && self.pace.recovered() {
                say("Discord is heard again");
            }
        }
    }

    /// A session began or was resumed.
    fn note_session(&mut self) {
        self.pace.session(self.now());
        self.steady_at = Some(Instant::now() + STEADY);
    }

    fn hear(&mut self, event: Event) -> Result<(), End> {
        let now = Utc::now().timestamp_millis();
        self.recorder.hear(now);
        match event {
            Event::Ready {
                session,
                url,
                server,
            } => {
                if let Err(application) = server {
                    return Err(End::Final(format!(
                        "the bot isn't in the server {}; correct DISCORD_GUILD_ID (Discord: Developer Mode, right-click the server, Copy Server ID), or invite the bot: https://discord.com/oauth2/authorize?client_id={application}&scope=bot&permissions=1024",
                        self.server
                    )));
                }
                self.session = Some(Session {
                    id: session,
                    url: Some(url),
                    number: 0,
                });
                self.server_by = Some(Instant::now() + SERVER_COMES);
                self.note_session();
                self.recorder.ready();
            }
            Event::Resumed => {
                self.note_session();
                self.recorder.resumed(now);
                // What was asked for on the lost connection may not come any more.
                self.list();
            }
            Event::Server {
                members,
                whole,
                threads,
            } => {
                self.server_by = None;
                self.recorder.server(now, members, whole, threads);
                self.list();
            }
            Event::Unavailable => self.recorder.server_gone(),
            Event::Removed => {
                return Err(End::Final(format!(
                    "the bot was removed from the server {}; invite it again",
                    self.server
                )));
            }
            Event::Listed(members, parts) => self.recorder.listed(members, parts),
            Event::Joined(id, is_bot, time) => self.recorder.joined(now, time, id, is_bot),
            Event::Left(id, is_bot) => self.recorder.left(id, is_bot),
            Event::Threads(threads) => self.recorder.threads(threads),
            Event::Presence(id, online) => self.recorder.presence(id, online),
            Event::Message(sent, author, channel) => {
                self.recorder.message(now, sent, author, channel);
            }
            Event::Limited(seconds) => {
                let wait = Duration::try_from_secs_f64(seconds).unwrap_or(LIST_PAUSE);
                self.list_at = Some(Instant::now() + wait);
            }
            _ => (),
        }
        Ok(())
    }

    /// Has the members listed, unless all are known: a server that is too large isn't
    /// sent with its members, and only the list says who is a bot.
    fn list(&mut self) {
        if !self.recorder.is_listed() {
            let last = self.listed.map(|listed| listed + LIST_PAUSE);
            self.list_at = Some(last.unwrap_or_else(Instant::now));
        }
    }

    fn hand_over(&mut self, queue: &Queue) {
        for window in self.recorder.finished() {
            queue.push(&window);
        }
        if let Some((begin, end)) = self.recorder.gap() {
            say(&format!(
                "nothing was recorded from {} to {}",
                moment(begin),
                moment(end)
            ));
        }
    }

    fn unread(&mut self, name: &str) {
        if !self.is_unread {
            say(&format!(
                "an event of Discord's isn't as documented, and is left out ({name}); look for a new version of this project"
            ));
        }
        self.is_unread = true;
    }
}

/// What a code means with which Discord closes for good.
fn refused(code: u16) -> String {
    match code {
        4004 => "Discord doesn't accept DISCORD_TOKEN; copy the bot's token again into .env (Developer Portal > application > Bot > Reset Token)".to_owned(),
        4013 | 4014 => "Discord doesn't let this bot see members and presences; turn on Presence Intent and Server Members Intent in the Developer Portal (application > Bot)".to_owned(),
        4010 | 4011 => "this bot is in too many servers for one connection; make a bot of its own for the recorder".to_owned(),
        code => format!("Discord closed the connection for good (code {code}); look for a new version of this project"),
    }
}
