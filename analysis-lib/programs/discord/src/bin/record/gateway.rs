//! Discord's gateway: what comes from it goes to the recorder.
//!
//! Reference: <https://discord.com/developers/docs/events/gateway>

use std::time::Duration;

use chrono::Utc;
use futures_util::StreamExt;
use tokio::time::Instant;
use twilight_gateway::error::ReceiveMessageErrorType;
use twilight_gateway::{Config, ConfigBuilder, Intents, Message, Shard, ShardId, ShardState};
use twilight_model::gateway::payload::outgoing::RequestGuildMembers;
use twilight_model::id::Id;
use twilight_model::id::marker::GuildMarker;

use super::event::{self, Event};
use super::say;
use super::window::Recorder;
use super::write::{Queue, moment};

/// A connection that isn't up says nothing while it waits to be tried again,
/// which is up to 255 s. After this it is begun anew.
const PATIENCE: Duration = Duration::from_secs(600);
/// Discord lists a server's members to a bot once in this time.
const LIST_PAUSE: Duration = Duration::from_secs(30);

pub(crate) struct Gateway {
    shard: Shard,
    server: Id<GuildMarker>,
    recorder: Recorder,
    /// How long a connection that is up may say nothing.
    silence: Duration,
    /// When to ask for the list of members.
    list_at: Option<Instant>,
    listed: Option<Instant>,
    /// Whether it was said that Discord can't be reached, or what can't be read.
    is_away: bool,
    is_unread: bool,
}

impl Gateway {
    /// `url`: of another gateway than Discord's, for tests. Must be called in a
    /// tokio runtime.
    pub(crate) fn new(
        token: String,
        url: Option<String>,
        server: Id<GuildMarker>,
        recorder: Recorder,
    ) -> Self {
        let intents = Intents::GUILDS
            | Intents::GUILD_MEMBERS
            | Intents::GUILD_PRESENCES
            | Intents::GUILD_MESSAGES;
        let mut config = ConfigBuilder::new(token, intents).large_threshold(250);
        if let Some(url) = url {
            config = config.proxy_url(url);
        }
        Self {
            shard: Shard::with_config(ShardId::ONE, config.build()),
            server,
            recorder,
            silence: PATIENCE,
            list_at: None,
            listed: None,
            is_away: false,
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
        let mut stop = std::pin::pin!(stop);
        loop {
            let limit = if self.recorder.is_live() {
                self.silence
            } else {
                PATIENCE
            };
            let list_at = self.list_at.unwrap_or_else(Instant::now);
            let heard = tokio::select! {
                biased;
                () = &mut stop => break,
                () = tokio::time::sleep_until(list_at), if self.list_at.is_some() => {
                    self.list();
                    continue;
                }
                heard = tokio::time::timeout(limit, self.shard.next()) => heard,
            };
            let ended = match heard {
                Ok(Some(Ok(Message::Text(text)))) => self.hear(&text),
                Ok(Some(Ok(Message::Close(frame)))) => {
                    let code = frame.map_or(0, |frame| frame.code);
                    match self.shard.state() {
                        ShardState::FatallyClosed => Err(refused(code)),
                        _ => Ok(()),
                    }
                }
                Ok(Some(Err(error))) => {
                    self.fail(error.kind());
                    Ok(())
                }
                Ok(None) | Err(_) => {
                    self.connect_anew();
                    Ok(())
                }
            };
            if self.shard.state() != ShardState::Active {
                self.recorder.lost();
            }
            // Without a session nothing can be resumed.
            if self.shard.session().is_none() && self.recorder.is_recording() {
                self.recorder.end();
            }
            self.hand_over(queue);
            if ended.is_err() {
                self.recorder.end();
                self.hand_over(queue);
                return ended;
            }
        }
        self.recorder.end();
        self.hand_over(queue);
        Ok(())
    }

    fn hand_over(&mut self, queue: &Queue) {
        for window in self.recorder.finished() {
            queue.push(&window);
        }
        if let Some((from, to)) = self.recorder.gap() {
            say(&format!(
                "nothing was recorded from {} to {}",
                moment(from),
                moment(to)
            ));
        }
    }

    fn hear(&mut self, text: &str) -> Result<(), String> {
        let now = Utc::now().timestamp_millis();
        // A connection that was closed is made anew without a word.
        if self.shard.state() != ShardState::Active {
            self.recorder.lost();
        }
        self.recorder.hear(now);
        let event = match event::read(text, self.server) {
            Ok(event) => event,
            Err(name) => {
                self.unread(&name);
                return Ok(());
            }
        };
        match event {
            Event::Hello(interval) => {
                // A heartbeat may be answered a moment later than it is due.
                self.silence = 2 * Duration::from_millis(interval) + Duration::from_secs(5);
            }
            Event::Ready(Ok(())) => {
                self.is_away = false;
                self.recorder.ready();
            }
            Event::Ready(Err(application)) => {
                return Err(format!(
                    "the bot isn't in the server {}; correct DISCORD_GUILD_ID (Discord: Developer Mode, right-click the server, Copy Server ID), or invite the bot: https://discord.com/oauth2/authorize?client_id={application}&scope=bot&permissions=1024",
                    self.server
                ));
            }
            Event::Resumed => {
                self.is_away = false;
                self.recorder.resumed(now);
            }
            Event::Server {
                bots,
                online,
                whole,
            } => {
                self.recorder
                    .server(now, bots.into_iter(), online.into_iter());
                // The list says who is a bot. A server that is too large isn't
                // sent with it.
                if !whole {
                    let last = self.listed.map(|listed| listed + LIST_PAUSE);
                    self.list_at = Some(last.unwrap_or_else(Instant::now));
                }
            }
            Event::Unavailable => self.recorder.server_gone(),
            Event::Removed => {
                return Err(format!(
                    "the bot was removed from the server {}; invite it again",
                    self.server
                ));
            }
            Event::Members { bots, online } => {
                bots.into_iter().for_each(|id| self.recorder.bot(id));
                let online = online.into_iter();
                online.for_each(|id| self.recorder.presence(id, true));
            }
            Event::Left(id) => self.recorder.presence(id, false),
            Event::Presence(id, online) => self.recorder.presence(id, online),
            Event::Message(sent, author) => self.recorder.message(now, sent, author),
            Event::Limited(seconds) => {
                let wait = Duration::try_from_secs_f64(seconds).unwrap_or(LIST_PAUSE);
                self.list_at = Some(Instant::now() + wait);
            }
            Event::Other => (),
        }
        Ok(())
    }

    fn list(&mut self) {
        self.list_at = None;
        self.listed = Some(Instant::now());
        let all = RequestGuildMembers::builder(self.server)
            .presences(true)
            .query("", None);
        self.shard.command(&all);
    }

    fn fail(&mut self, error: &ReceiveMessageErrorType) {
        match error {
            ReceiveMessageErrorType::Reconnect => {
                if !self.is_away {
                    say("Discord can't be reached; it is tried again and again");
                }
                self.is_away = true;
            }
            ReceiveMessageErrorType::Deserializing { .. } => self.unread("of the connection's own"),
            // Nothing after that can be read.
            _ => self.connect_anew(),
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

    /// Drops the connection, and resumes its session on another.
    fn connect_anew(&mut self) {
        let config: Config = self.shard.config().clone();
        let mut config = ConfigBuilder::from(config);
        if let Some(session) = self.shard.session() {
            config = config.session(session.clone());
            if let Some(url) = self.shard.resume_url() {
                config = config.resume_url(url.to_owned());
            }
        }
        self.shard = Shard::with_config(ShardId::ONE, config.build());
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
