//! A WebSocket server that stands in for Discord's gateway, as Discord documents
//! it: hello, identify, ready, guild create, dispatches, heartbeats, reconnect,
//! resume, invalid session, close codes, the list of members, and compression.
//!
//! Reference: https://discord.com/developers/docs/events/gateway

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chrono::DateTime;
use flate2::{Compress, Compression, FlushCompress};
use futures_sink::Sink;
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_websockets::{CloseCode, Message, ServerBuilder, WebSocketStream};

pub(crate) const TOKEN: &str = "MTIz.secret-of-the-bot.token";
pub(crate) const SERVER: u64 = 900_000_000_000_000_001;
/// The invitation names it.
pub(crate) const APPLICATION: u64 = 800_000_000_000_000_001;
const EPOCH: i64 = 1_420_070_400_000;
/// What the recorder asks for: guilds, members, presences and messages, without
/// their content.
const INTENTS: u64 = 1 | 1 << 1 | 1 << 8 | 1 << 9;

pub(crate) fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_millis() as i64
}

/// What goes to the connection's task.
pub(crate) enum Out {
    Text(String),
    Close(u16),
    /// Ends the connection without a word.
    Cut,
    /// Sends so many messages as fast as they are taken.
    Feed(u64),
}

/// How the stand-in refuses a session that is begun or resumed.
#[derive(Clone, Copy)]
pub(crate) enum Refusal {
    Invalid,
    Close(u16),
    /// Begins it, and closes then.
    CloseLater(u16),
}

/// What the stand-in knows, and how it behaves.
pub(crate) struct State {
    /// Members by id, and whether each is a bot.
    pub(crate) members: BTreeMap<u64, bool>,
    pub(crate) online: BTreeSet<u64>,
    pub(crate) is_in_server: bool,
    /// Whether the bot may see members and presences.
    pub(crate) is_intended: bool,
    /// Whether the server is there.
    pub(crate) is_available: bool,
    pub(crate) compresses: bool,
    /// Ends each connection at once.
    pub(crate) drops: bool,
    /// How sessions are refused, if they are.
    pub(crate) refusal: Option<Refusal>,
    /// When a connection was taken, dropped or not.
    pub(crate) taken: Vec<Instant>,
    /// From one heartbeat to the next, in milliseconds.
    pub(crate) interval: u64,
    /// Answers the first request for the list of members with this wait.
    pub(crate) limits_list: Option<f64>,
    pub(crate) identifies: u32,
    pub(crate) resumes: u32,
    pub(crate) lists: Vec<Instant>,
    /// Human members' messages: when and whose.
    pub(crate) sent: Vec<(i64, u64)>,
    /// When and in which channels, be it in a thread.
    pub(crate) channels: Vec<(i64, u64)>,
    /// Threads and their channels.
    pub(crate) threads: BTreeMap<u64, u64>,
    /// When humans joined and left.
    pub(crate) joined: Vec<(i64, u64)>,
    pub(crate) left: Vec<(i64, u64)>,
    /// How many humans were online, and members, from when on.
    pub(crate) were_online: Vec<(i64, u32)>,
    pub(crate) were_members: Vec<(i64, u32)>,
    /// Where sessions are resumed.
    pub(crate) url: String,
    pub(crate) session: Option<u32>,
    pub(crate) sessions: u32,
    /// The session's dispatches, by their sequence less one.
    pub(crate) log: Vec<String>,
    pub(crate) sequence: u64,
    pub(crate) connections: u32,
    /// Connections up to this one say and hear nothing more.
    pub(crate) dead: u32,
    /// The newest connection.
    pub(crate) wire: Option<UnboundedSender<Out>>,
    pub(crate) snowflakes: u64,
}

impl Default for State {
    fn default() -> Self {
        Self {
            members: BTreeMap::new(),
            online: BTreeSet::new(),
            is_in_server: true,
            is_intended: true,
            is_available: true,
            compresses: true,
            drops: false,
            refusal: None,
            taken: Vec::new(),
            // Long enough that a busy machine answers in it.
            interval: 1_000,
            limits_list: None,
            identifies: 0,
            resumes: 0,
            lists: Vec::new(),
            sent: Vec::new(),
            channels: Vec::new(),
            threads: BTreeMap::from([(70, 6)]),
            joined: Vec::new(),
            left: Vec::new(),
            were_online: Vec::new(),
            were_members: Vec::new(),
            url: String::new(),
            session: None,
            sessions: 0,
            log: Vec::new(),
            sequence: 0,
            connections: 0,
            dead: 0,
            wire: None,
            snowflakes: 0,
        }
    }
}

fn user(id: u64, is_bot: bool) -> Value {
    let mut user = json!({
        "id": id.to_string(), "username": "Secret Name", "global_name": null,
        "discriminator": "0", "avatar": null, "public_flags": 0,
    });
    if is_bot {
        user["bot"] = json!(true);
    }
    user
}

fn presence(id: u64, status: &str) -> Value {
    json!({
        "user": {"id": id.to_string()}, "status": status, "guild_id": SERVER.to_string(),
        "client_status": {"desktop": status},
        "activities": [{"name": "Secret Game", "type": 0, "created_at": 0, "id": "x"}],
    })
}

fn thread(id: u64, channel: u64) -> Value {
    json!({
        "id": id.to_string(), "guild_id": SERVER.to_string(), "parent_id": channel.to_string(),
        "type": 11, "name": "Secret Thread", "thread_metadata": {"archived": false},
    })
}

impl State {
    /// With members 1 to `humans`, who are offline, and a bot, 1000, which is
    /// online.
    pub(crate) fn with(humans: u64) -> Self {
        let mut state = Self::default();
        state.members.extend((1..=humans).map(|id| (id, false)));
        state.members.insert(1000, true);
        state.online.insert(1000);
        state.were_members.push((0, humans as u32));
        state
    }

    fn send(&self, out: Out) {
        if let Some(wire) = &self.wire {
            let _ = wire.send(out);
        }
    }

    /// Sends an event of the session, at once or when it is resumed.
    pub(crate) fn dispatch(&mut self, name: &str, data: &Value) {
        if self.session.is_none() {
            return;
        }
        self.sequence += 1;
        let sequence = self.sequence;
        let text = format!(r#"{{"t":"{name}","s":{sequence},"op":0,"d":{data}}}"#);
        self.log.push(text.clone());
        self.send(Out::Text(text));
    }

    fn snowflake(&mut self, time: i64) -> u64 {
        self.snowflakes += 1;
        ((time - EPOCH) as u64) << 22 | self.snowflakes & 0x3f_ffff
    }

    /// A message of this member, with more or other fields.
    pub(crate) fn message_with(&mut self, author: u64, more: &Value) -> i64 {
        let time = now();
        let id = self.snowflake(time);
        let is_bot = self.members.get(&author) == Some(&true);
        let mut message = json!({
            "id": id.to_string(), "guild_id": SERVER.to_string(), "channel_id": "5",
            "author": user(author, is_bot), "content": "Secret words \" {\"op\":1,\"t\":\"READY\"}",
            "type": 0, "timestamp": "2026-01-01T00:00:00Z", "tts": false, "embeds": [],
            "mentions": [], "attachments": [], "member": {"nick": "Secret Nick", "roles": []},
        });
        for (name, value) in more.as_object().unwrap() {
            message[name] = value.clone();
        }
        self.dispatch("MESSAGE_CREATE", &message);
        time
    }

    /// A message that counts, in one of two channels or in a thread.
    pub(crate) fn message(&mut self, author: u64) {
        self.message_in(author, [5, 6, 70][author as usize % 3]);
    }

    pub(crate) fn message_in(&mut self, author: u64, channel: u64) {
        let time = self.message_with(author, &json!({"channel_id": channel.to_string()}));
        self.sent.push((time, author));
        let channel = self.threads.get(&channel).copied().unwrap_or(channel);
        self.channels.push((time, channel));
    }

    /// A thread is begun.
    pub(crate) fn thread(&mut self, id: u64, channel: u64) {
        self.threads.insert(id, channel);
        self.dispatch("THREAD_CREATE", &thread(id, channel));
    }

    pub(crate) fn presence(&mut self, id: u64, status: &str) {
        if matches!(status, "online" | "idle" | "dnd") {
            self.online.insert(id);
        } else {
            self.online.remove(&id);
        }
        self.note();
        self.dispatch("PRESENCE_UPDATE", &presence(id, status));
    }

    pub(crate) fn join(&mut self, id: u64, is_bot: bool) {
        let time = now();
        self.members.insert(id, is_bot);
        if !is_bot {
            self.joined.push((time, id));
        }
        self.note();
        let joined_at = DateTime::from_timestamp_millis(time).unwrap().to_rfc3339();
        let member = json!({
            "guild_id": SERVER.to_string(), "user": user(id, is_bot), "roles": [],
            "nick": "Secret Nick", "joined_at": joined_at,
        });
        self.dispatch("GUILD_MEMBER_ADD", &member);
    }

    pub(crate) fn leave(&mut self, id: u64) {
        let is_bot = self.members.remove(&id) == Some(true);
        self.online.remove(&id);
        if !is_bot {
            self.left.push((now(), id));
        }
        self.note();
        let member = json!({"guild_id": SERVER.to_string(), "user": user(id, is_bot)});
        self.dispatch("GUILD_MEMBER_REMOVE", &member);
    }

    fn note(&mut self) {
        let is_human = |id| self.members.get(id) != Some(&true);
        let humans = self.online.iter().filter(|id| is_human(id)).count();
        self.were_online.push((now(), humans as u32));
        let humans = self.members.values().filter(|&&is_bot| !is_bot).count();
        self.were_members.push((now(), humans as u32));
    }

    /// Humans online at this time, and members.
    pub(crate) fn present_at(&self, time: i64) -> (u32, u32) {
        let at = |noted: &[(i64, u32)]| {
            let before = noted.iter().rev().find(|noted| noted.0 < time);
            before.map_or(0, |noted| noted.1)
        };
        (at(&self.were_online), at(&self.were_members))
    }

    /// The server is away for Discord too, or back.
    pub(crate) fn set_available(&mut self, is_available: bool) {
        self.is_available = is_available;
        if is_available {
            let guild = self.guild();
            self.dispatch("GUILD_CREATE", &guild);
        } else {
            let gone = json!({"id": SERVER.to_string(), "unavailable": true});
            self.dispatch("GUILD_DELETE", &gone);
        }
    }

    /// Lists every member, or those online where they are many.
    fn guild(&self) -> Value {
        let is_large = self.members.len() > 250;
        let members = self.members.iter();
        let listed = members.filter(|(id, _)| !is_large || self.online.contains(id));
        json!({
            "id": SERVER.to_string(), "name": "Secret Server", "unavailable": false,
            "large": is_large, "member_count": self.members.len(),
            "members": listed.map(|(&id, &bot)| json!({"user": user(id, bot), "roles": [], "nick": null})).collect::<Vec<_>>(),
            "presences": self.online.iter().map(|&id| presence(id, "idle")).collect::<Vec<_>>(),
            "channels": [], "voice_states": [],
            "threads": self.threads.iter().map(|(&id, &channel)| thread(id, channel)).collect::<Vec<_>>(),
        })
    }

    /// Whether a connection has a session.
    pub(crate) fn is_connected(&self) -> bool {
        self.session.is_some() && self.wire.as_ref().is_some_and(|wire| !wire.is_closed())
    }

    /// Ends the connection without a word.
    pub(crate) fn cut(&mut self) {
        self.send(Out::Cut);
        self.wire = None;
    }

    /// Nothing goes over the connection any more, and nobody is told.
    pub(crate) fn silence(&mut self) {
        self.dead = self.connections;
        self.wire = None;
    }

    pub(crate) fn close(&mut self, code: u16) {
        self.send(Out::Close(code));
        self.wire = None;
    }

    /// Asks the client to connect anew.
    pub(crate) fn reconnect(&self) {
        self.send(Out::Text(
            r#"{"t":null,"s":null,"op":7,"d":null}"#.to_owned(),
        ));
    }

    /// Forgets the session, and says so.
    pub(crate) fn invalidate(&mut self) {
        self.session = None;
        self.send(Out::Text(
            r#"{"t":null,"s":null,"op":9,"d":false}"#.to_owned(),
        ));
    }

    /// Forgets the session, and says so when it shall be resumed.
    pub(crate) fn forget(&mut self) {
        self.session = None;
    }

    /// Sends so many messages as fast as they are taken.
    pub(crate) fn feed(&self, messages: u64) {
        self.send(Out::Feed(messages));
    }

    fn hear(&mut self, text: &str) {
        let heard: Value = serde_json::from_str(text).unwrap();
        let data = &heard["d"];
        match heard["op"].as_u64().unwrap() {
            1 => self.send(Out::Text(
                r#"{"t":null,"s":null,"op":11,"d":null}"#.to_owned(),
            )),
            2 => self.identify(data),
            6 => self.resume(data),
            8 => self.list(data),
            op => panic!("the client sends op {op}"),
        }
    }

    fn identify(&mut self, data: &Value) {
        self.identifies += 1;
        if data["token"] != format!("Bot {TOKEN}") {
            return self.close(4004);
        }
        assert_eq!(data["intents"], INTENTS);
        if !self.is_intended {
            return self.close(4014);
        }
        if self.is_refused() {
            return;
        }
        self.sessions += 1;
        self.session = Some(self.sessions);
        self.sequence = 0;
        self.log.clear();
        let guilds = if self.is_in_server {
            json!([{"id": SERVER.to_string(), "unavailable": true}])
        } else {
            json!([{"id": "77", "unavailable": true}])
        };
        let ready = json!({
            "v": 10, "session_id": self.sessions.to_string(), "guilds": guilds,
            "resume_gateway_url": self.url, "user": user(1000, true),
            "application": {"id": APPLICATION.to_string(), "flags": 0},
        });
        self.dispatch("READY", &ready);
        if self.is_in_server && self.is_available {
            let guild = self.guild();
            self.dispatch("GUILD_CREATE", &guild);
        }
        if let Some(Refusal::CloseLater(code)) = self.refusal {
            self.close(code);
        }
    }

    fn is_refused(&mut self) -> bool {
        match self.refusal {
            Some(Refusal::Invalid) => self.invalidate(),
            Some(Refusal::Close(code)) => self.close(code),
            _ => return false,
        }
        true
    }

    fn resume(&mut self, data: &Value) {
        self.resumes += 1;
        assert_eq!(data["token"], format!("Bot {TOKEN}"));
        if self.is_refused() {
            return;
        }
        let session = self.session.map(|session| session.to_string());
        if session.as_deref() != data["session_id"].as_str() {
            return self.invalidate();
        }
        let from = data["seq"].as_u64().unwrap() as usize;
        for text in &self.log[from..] {
            self.send(Out::Text(text.clone()));
        }
        self.dispatch("RESUMED", &json!({"_trace": []}));
        if let Some(Refusal::CloseLater(code)) = self.refusal {
            self.close(code);
        }
    }

    fn list(&mut self, data: &Value) {
        assert_eq!(data["guild_id"], SERVER.to_string());
        assert_eq!((&data["query"], &data["limit"]), (&json!(""), &json!(0)));
        self.lists.push(Instant::now());
        if let Some(wait) = self.limits_list.take() {
            let limited =
                json!({"opcode": 8, "retry_after": wait, "meta": {"guild_id": SERVER.to_string()}});
            return self.dispatch("RATE_LIMITED", &limited);
        }
        let members: Vec<(u64, bool)> = self.members.iter().map(|(&id, &bot)| (id, bot)).collect();
        let count = members.len().div_ceil(1000);
        for (index, page) in members.chunks(1000).enumerate() {
            let online = page.iter().filter(|(id, _)| self.online.contains(id));
            let chunk = json!({
                "guild_id": SERVER.to_string(), "chunk_index": index, "chunk_count": count,
                "members": page.iter().map(|&(id, bot)| json!({"user": user(id, bot), "roles": []})).collect::<Vec<_>>(),
                "presences": online.map(|&(id, _)| presence(id, "dnd")).collect::<Vec<_>>(),
            });
            self.dispatch("GUILD_MEMBERS_CHUNK", &chunk);
        }
    }
}

/// The stand-in, on a port of its own. It ends with the process.
pub(crate) struct Gateway {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

impl Gateway {
    pub(crate) fn start(mut state: State) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        state.url.clone_from(&url);
        let state = Arc::new(Mutex::new(state));
        let shared = state.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    let mut state = shared.lock().unwrap();
                    state.taken.push(Instant::now());
                    if !state.drops {
                        tokio::spawn(serve(stream, shared.clone()));
                    }
                }
            });
        });
        Self { url, state }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

/// A connection, compressed or not.
struct Wire {
    socket: WebSocketStream<TcpStream>,
    deflate: Option<Compress>,
}

impl Wire {
    fn message(&mut self, text: &str) -> Message {
        let Some(deflate) = &mut self.deflate else {
            return Message::text(text.to_owned());
        };
        // One stream for the whole connection, flushed after each message.
        let mut bytes = Vec::with_capacity(text.len() + 1024);
        let begin = deflate.total_in();
        loop {
            let done = (deflate.total_in() - begin) as usize;
            bytes.reserve(text.len() + 1024);
            deflate
                .compress_vec(&text.as_bytes()[done..], &mut bytes, FlushCompress::Sync)
                .unwrap();
            if (deflate.total_in() - begin) as usize == text.len() && bytes.len() < bytes.capacity()
            {
                return Message::binary(bytes);
            }
        }
    }

    /// Takes a message, and may send it later.
    async fn feed(&mut self, message: Message) -> Option<()> {
        let mut socket = Pin::new(&mut self.socket);
        poll_fn(|context| socket.as_mut().poll_ready(context))
            .await
            .ok()?;
        socket.start_send(message).ok()
    }

    async fn flush(&mut self) -> Option<()> {
        let mut socket = Pin::new(&mut self.socket);
        poll_fn(|context| socket.as_mut().poll_flush(context))
            .await
            .ok()
    }

    async fn send(&mut self, text: &str) -> Option<()> {
        let message = self.message(text);
        self.feed(message).await?;
        self.flush().await
    }

    /// Messages of 50,000 members in turn, as fast as they are taken.
    async fn flood(&mut self, state: &Mutex<State>, count: u64) -> Option<()> {
        let mut sequence = state.lock().unwrap().sequence;
        for number in 0..count {
            sequence += 1;
            let id = ((now() - EPOCH) as u64) << 22 | number & 0x3f_ffff;
            let author = number * 7_919 % 50_000 + 1;
            let text = format!(
                r#"{{"t":"MESSAGE_CREATE","s":{sequence},"op":0,"d":{{"type":0,"tts":false,"timestamp":"2026-11-25T10:00:00.000000+00:00","pinned":false,"nonce":"1","mentions":[],"mention_roles":[],"mention_everyone":false,"member":{{"roles":["5","6"],"nick":null,"mute":false,"joined_at":"2020-09-04T21:00:00.000000+00:00","deaf":false,"avatar":null}},"id":"{id}","flags":0,"embeds":[],"edited_timestamp":null,"content":"Secret words of some length, as people write them.","components":[],"channel_id":"5","author":{{"username":"Secret","public_flags":0,"id":"{author}","global_name":null,"discriminator":"0","avatar":"a_0123456789abcdef"}},"attachments":[],"guild_id":"{SERVER}"}}}}"#
            );
            let message = self.message(&text);
            self.feed(message).await?;
            // What comes meanwhile are heartbeats.
            if number % 1_000 == 0 {
                self.flush().await?;
                let soon = Duration::ZERO;
                while let Ok(heard) = tokio::time::timeout(soon, self.socket.next()).await {
                    heard?.ok()?;
                    self.send(r#"{"t":null,"s":null,"op":11,"d":null}"#).await?;
                }
            }
        }
        state.lock().unwrap().sequence = sequence;
        self.flush().await
    }
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) -> Option<()> {
    stream.set_nodelay(true).unwrap();
    let (request, socket) = ServerBuilder::new().accept(stream).await.ok()?;
    let wants = request.uri().query()?.contains("compress=zlib-stream");
    let (sender, mut out) = unbounded_channel();
    let (interval, compresses, number) = {
        let mut state = state.lock().unwrap();
        state.connections += 1;
        // Held here too: a connection that is silenced has no sender.
        state.wire = Some(sender.clone());
        (state.interval, wants && state.compresses, state.connections)
    };
    let mut wire = Wire {
        socket,
        deflate: compresses.then(|| Compress::new(Compression::fast(), true)),
    };
    // As long as Discord's, which is shorter when it is compressed.
    let trace = r#"["[\"gateway-prd-us-east1-b-0000\",{\"micros\":0.0000000000000000}]"]"#;
    let hello = format!(
        r#"{{"t":null,"s":null,"op":10,"d":{{"heartbeat_interval":{interval},"_trace":{trace}}}}}"#
    );
    wire.send(&hello).await?;
    run(&mut wire, &mut out, &state, number).await
}

async fn run(
    wire: &mut Wire,
    out: &mut UnboundedReceiver<Out>,
    state: &Mutex<State>,
    number: u32,
) -> Option<()> {
    loop {
        if state.lock().unwrap().dead >= number {
            std::future::pending::<()>().await;
        }
        tokio::select! {
            biased;
            heard = wire.socket.next() => {
                let heard = heard?.ok()?;
                state.lock().unwrap().hear(heard.as_text()?);
            }
            out = out.recv() => match out? {
                Out::Text(text) => wire.send(&text).await?,
                Out::Feed(count) => wire.flood(state, count).await?,
                Out::Cut => return None,
                Out::Close(code) => {
                    let close = Message::close(CloseCode::try_from(code).ok(), "");
                    wire.feed(close).await?;
                    wire.flush().await?;
                    // The client answers it.
                    wire.socket.next().await;
                    return None;
                }
            }
        }
    }
}
