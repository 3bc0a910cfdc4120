//! An HTTP server that stands in for the part of Discord that has a server's past:
//! channels, threads, and messages by pages, with the limits and the refusals that
//! Discord documents.
//!
//! References: https://discord.com/developers/docs/resources/channel and
//! https://discord.com/developers/docs/topics/rate-limits

#![allow(dead_code)] // Each file of tests uses its part.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};

pub(crate) const TOKEN: &str = "MTIz.secret-of-the-bot.token";
const EPOCH: i64 = 1_420_070_400_000;
/// What somebody wrote, which must come out nowhere.
pub(crate) const CONTENT: &str = "hunter2 was written here";

/// The id that Discord gives at this time: the `number`-th of its millisecond.
pub(crate) fn id(time: i64, number: u64) -> u64 {
    (time - EPOCH).cast_unsigned() << 22 | number
}

pub(crate) fn time_of(id: u64) -> i64 {
    (id >> 22).cast_signed() + EPOCH
}

/// What a message is besides one of a person's own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Of a person, and of this type.
    Person(u8),
    Bot,
    Webhook,
    System,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Message {
    pub(crate) id: u64,
    pub(crate) author: u64,
    pub(crate) kind: Kind,
}

impl Message {
    /// Whether it counts: messages and replies of people.
    pub(crate) fn counts(&self) -> bool {
        matches!(self.kind, Kind::Person(0 | 19))
    }
}

/// What the bot may do in a channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Access {
    Full,
    /// It may not view it: 403.
    Hidden,
    /// It may not read its history: messages come as none at all.
    NoHistory,
}

#[derive(Clone, Debug)]
pub(crate) struct Channel {
    pub(crate) kind: u8,
    pub(crate) name: String,
    /// Of a thread, the channel that it is in.
    pub(crate) parent: Option<u64>,
    pub(crate) access: Access,
    /// When a thread was archived.
    pub(crate) archived: Option<i64>,
    /// In the order of ids.
    pub(crate) messages: Vec<Message>,
}

/// The limits that the stand-in sets.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// So many requests of a kind about a channel in so long.
    pub(crate) of_channel: (usize, Duration),
    /// So many requests in a second.
    pub(crate) of_all: usize,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) server: u64,
    pub(crate) channels: BTreeMap<u64, Channel>,
    pub(crate) limits: Option<Limits>,
    /// From a request to its answer.
    pub(crate) latency: Duration,
    /// Statuses with which the next requests for messages are answered.
    pub(crate) faults: VecDeque<u16>,
    /// Channels that are gone (404) or closed (403) after so many pages.
    pub(crate) ends: BTreeMap<u64, (usize, u16)>,
    /// Paths that were asked for, and answers by status.
    pub(crate) asked: Vec<String>,
    pub(crate) answers: BTreeMap<u16, usize>,
    pub(crate) pages: HashMap<u64, usize>,
    pub(crate) buckets: HashMap<String, (Instant, usize)>,
    pub(crate) last_second: VecDeque<Instant>,
}

impl State {
    pub(crate) fn add(&mut self, id: u64, kind: u8, name: &str) -> &mut Channel {
        let channel = Channel {
            kind,
            name: name.to_owned(),
            parent: None,
            access: Access::Full,
            archived: None,
            messages: Vec::new(),
        };
        self.channels.entry(id).or_insert(channel)
    }

    pub(crate) fn thread(&mut self, id: u64, parent: u64, archived: Option<i64>) -> &mut Channel {
        let kind = if self.channels[&parent].kind == 5 {
            10
        } else {
            11
        };
        let thread = self.add(id, kind, "a thread");
        thread.parent = Some(parent);
        thread.archived = archived;
        thread
    }

    /// What a channel's messages are counted under.
    pub(crate) fn counts_as(&self, id: u64) -> u64 {
        self.channels[&id].parent.unwrap_or(id)
    }

    fn access(&self, id: u64) -> Access {
        self.channels[&self.counts_as(id)].access
    }

    /// How long to wait, and whether for all, where a limit is hit; else the headers.
    fn limit(&mut self, bucket: &str) -> Result<String, (f64, bool)> {
        let Some(limits) = self.limits else {
            return Ok(String::new());
        };
        let now = Instant::now();
        let second = Duration::from_secs(1);
        while self
            .last_second
            .front()
            .is_some_and(|at| now - *at >= second)
        {
            self.last_second.pop_front();
        }
        if let Some(first) = self
            .last_second
            .front()
            .filter(|_| self.last_second.len() >= limits.of_all)
        {
            return Err(((second - (now - *first)).as_secs_f64(), true));
        }
        self.last_second.push_back(now);
        let (most, span) = limits.of_channel;
        let bucket = self.buckets.entry(bucket.to_owned()).or_insert((now, 0));
        if now - bucket.0 >= span {
            *bucket = (now, 0);
        }
        let reset = (span - (now - bucket.0)).as_secs_f64();
        let reset = (1_000.0 * reset).ceil() / 1_000.0;
        if bucket.1 >= most {
            return Err((reset, false));
        }
        bucket.1 += 1;
        let left = most - bucket.1;
        Ok(format!(
            "X-RateLimit-Limit: {most}\r\nX-RateLimit-Remaining: {left}\r\nX-RateLimit-Reset-After: {reset:.3}\r\nX-RateLimit-Bucket: abcd1234\r\n"
        ))
    }

    fn answer(&mut self, path: &str, query: &BTreeMap<&str, &str>) -> (u16, String, String) {
        let parts: Vec<&str> = path.trim_start_matches("/api/v10/").split('/').collect();
        let number = |text: &str| text.parse::<u64>().unwrap();
        let refuse = |status: u16, code: u32| {
            let body = json!({ "message": "Missing Access", "code": code });
            (status, String::new(), body.to_string())
        };
        let headers = match self.limit(path) {
            Ok(headers) => headers,
            Err((wait, global)) => {
                let scope = if global { "global" } else { "user" };
                let headers = format!(
                    "Retry-After: {}\r\nX-RateLimit-Scope: {scope}\r\n{}",
                    wait.ceil(),
                    if global {
                        "X-RateLimit-Global: true\r\n"
                    } else {
                        ""
                    }
                );
                let body = json!({ "message": "You are being rate limited.", "retry_after": wait, "global": global });
                return (429, headers, body.to_string());
            }
        };
        let body = match parts[..] {
            ["guilds", server, ..] if number(server) != self.server => return refuse(404, 10_004),
            ["guilds", _, "channels"] => {
                let own = self
                    .channels
                    .iter()
                    .filter(|(_, channel)| channel.parent.is_none());
                json!(
                    own.map(|(&id, channel)| listed(id, channel))
                        .collect::<Vec<_>>()
                )
            }
            ["guilds", _, "threads", "active"] => {
                let threads = self.channels.iter().filter(|(id, channel)| {
                    let is_active = channel.parent.is_some() && channel.archived.is_none();
                    is_active && self.access(**id) != Access::Hidden
                });
                let threads: Vec<Value> =
                    threads.map(|(&id, channel)| listed(id, channel)).collect();
                json!({ "threads": threads, "members": [] })
            }
            ["channels", channel, "threads", "archived", "public"] => {
                let channel = number(channel);
                if !self.channels.contains_key(&channel) {
                    return refuse(404, 10_003);
                }
                if self.access(channel) != Access::Full {
                    return refuse(403, 50_001);
                }
                let before = query.get("before").map(|time| {
                    let time = time.replace("%2B", "+");
                    DateTime::parse_from_rfc3339(&time)
                        .unwrap()
                        .timestamp_millis()
                });
                let mut threads: Vec<(i64, u64)> = self
                    .channels
                    .iter()
                    .filter(|(_, thread)| thread.parent == Some(channel))
                    .filter_map(|(&id, thread)| Some((thread.archived?, id)))
                    .filter(|one| before.is_none_or(|before| one.0 < before))
                    .collect();
                threads.sort_unstable_by(|one, other| other.cmp(one));
                let most = number(query["limit"]) as usize;
                let page = threads.iter().take(most);
                let page: Vec<Value> = page
                    .map(|(_, id)| listed(*id, &self.channels[id]))
                    .collect();
                json!({ "threads": page, "members": [], "has_more": threads.len() > most })
            }
            ["channels", channel, "messages"] => {
                let channel = number(channel);
                if let Some(status) = self.faults.pop_front() {
                    let headers = "Retry-After: 1\r\n".to_owned();
                    return (
                        status,
                        headers,
                        "<html>not Discord's words</html>".to_owned(),
                    );
                }
                let pages = self.pages.entry(channel).or_default();
                *pages += 1;
                if let Some((_, status)) = self.ends.get(&channel).filter(|end| *pages > end.0) {
                    return refuse(*status, if *status == 404 { 10_003 } else { 50_001 });
                }
                let messages = match self.access(channel) {
                    Access::Hidden => return refuse(403, 50_001),
                    Access::NoHistory => &[],
                    Access::Full => &*self.channels[&channel].messages,
                };
                let after = number(query["after"]);
                let most = number(query["limit"]) as usize;
                let first = messages.partition_point(|message| message.id <= after);
                let page = &messages[first..messages.len().min(first + most)];
                // The newest first, whichever way one asks.
                let page: Vec<String> =
                    page.iter().rev().map(|one| written(channel, one)).collect();
                return (200, headers, format!("[{}]", page.join(",")));
            }
            _ => return refuse(404, 0),
        };
        (200, headers, body.to_string())
    }
}

fn listed(id: u64, channel: &Channel) -> Value {
    let mut listed = json!({
        "id": id.to_string(), "type": channel.kind, "name": channel.name, "guild_id": "1",
        "parent_id": channel.parent.map(|parent| parent.to_string()),
        "last_message_id": channel.messages.last().map(|message| message.id.to_string()),
        "permission_overwrites": [],
    });
    if channel.parent.is_some() {
        let time = channel.archived.unwrap_or(time_of(id));
        let time = DateTime::from_timestamp_millis(time).unwrap();
        listed["thread_metadata"] = json!({
            "archived": channel.archived.is_some(), "locked": false, "auto_archive_duration": 60,
            "archive_timestamp": time.to_rfc3339_opts(SecondsFormat::Micros, false),
        });
    }
    listed
}

/// A message as Discord writes it.
fn written(channel: u64, message: &Message) -> String {
    let Message { id, author, kind } = *message;
    let time = DateTime::from_timestamp_millis(time_of(id)).unwrap();
    let time = time.to_rfc3339_opts(SecondsFormat::Micros, false);
    let more = match kind {
        Kind::Bot => r#","bot":true"#,
        Kind::System => r#","system":true"#,
        _ => "",
    };
    let webhook = match kind {
        Kind::Webhook => format!(r#","webhook_id":"{author}""#),
        _ => String::new(),
    };
    let kind = match kind {
        Kind::Person(kind) => kind,
        _ => 0,
    };
    format!(
        r#"{{"type":{kind},"channel_id":"{channel}","content":"{CONTENT}","attachments":[],"embeds":[{{"type":"rich","title":"{CONTENT}","fields":[]}}],"timestamp":"{time}","edited_timestamp":null,"flags":0,"components":[],"id":"{id}","author":{{"id":"{author}","username":"somebody","avatar":"6f1b9e3c8a7d4f2e5b0c1d9a8e7f6b5c","discriminator":"0","public_flags":0,"flags":0,"banner":null,"accent_color":null,"global_name":"{CONTENT}","avatar_decoration_data":null,"collectibles":null,"banner_color":null,"clan":null,"primary_guild":null{more}}},"mentions":[],"mention_roles":[],"mention_everyone":false,"pinned":false,"tts":false{webhook}}}"#
    )
}

pub(crate) struct Server {
    pub(crate) address: String,
    state: Arc<Mutex<State>>,
}

impl Server {
    pub(crate) fn start(state: State) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = Arc::new(Mutex::new(state));
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = shared.clone();
                std::thread::spawn(move || while serve(&stream, &shared).is_some() {});
            }
        });
        Self { address, state }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

/// Answers one request. `None`: the connection is over.
fn serve(mut stream: &TcpStream, state: &Mutex<State>) -> Option<()> {
    let mut head = Vec::new();
    let mut input = BufReader::with_capacity(4_096, stream);
    loop {
        let mut line = String::new();
        if input.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_owned());
    }
    let has = |text: &str| head.iter().any(|line| line.eq_ignore_ascii_case(text));
    let target = head[0].strip_prefix("GET ")?.strip_suffix(" HTTP/1.1")?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query = query
        .split('&')
        .filter_map(|part| part.split_once('='))
        .collect();
    let (latency, (status, headers, body)) = {
        let mut state = state.lock().unwrap();
        state.asked.push(target.to_owned());
        let agent = head
            .iter()
            .any(|line| line.to_lowercase().starts_with("user-agent: discordbot ("));
        let answer = if !has(&format!("authorization: Bot {TOKEN}")) {
            (
                401,
                String::new(),
                json!({ "message": "401: Unauthorized", "code": 0 }).to_string(),
            )
        } else if !agent {
            (403, String::new(), "no user agent of a bot's".to_owned())
        } else {
            state.answer(path, &query)
        };
        *state.answers.entry(answer.0).or_default() += 1;
        (state.latency, answer)
    };
    std::thread::sleep(latency);
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nContent-Type: application/json\r\n{headers}\r\n"
    );
    stream.write_all((head + &body).as_bytes()).ok()
}
