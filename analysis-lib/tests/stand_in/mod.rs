//! An HTTP server that stands in for Discord: the endpoints that names come
//! from, their paging, and the headers of rate limits, as Discord documents
//! them.
//!
//! References: https://discord.com/developers/docs/resources/guild#list-guild-members
//! and https://discord.com/developers/docs/topics/rate-limits

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

pub(crate) const TOKEN: &str = "MTIz.secret-of-the-bot.token";
pub(crate) const GUILD: u64 = 900_000_000_000_000_001;

/// Status, headers and body.
pub(crate) type Answer = (u16, Vec<(&'static str, String)>, String);

/// What the stand-in knows, and how it behaves.
pub(crate) struct Discord {
    /// Member objects by user id.
    pub(crate) members: BTreeMap<u64, Value>,
    /// Channels of the server by id.
    pub(crate) channels: BTreeMap<u64, &'static str>,
    /// User objects of those who aren't in the server.
    pub(crate) users: BTreeMap<u64, Value>,
    /// Whether the bot may list members (the Server Members Intent).
    pub(crate) may_list: bool,
    /// Whether the bot is in the server.
    pub(crate) in_server: bool,
    /// Requests of a route in a span of time.
    pub(crate) limit: (u32, Duration),
    /// Answers to give first, whatever is asked.
    pub(crate) first: VecDeque<Answer>,
    /// Answers this to every request after the first `good`: status and body.
    pub(crate) always: Option<(u16, String)>,
    pub(crate) good: usize,
    /// Takes requests and never answers.
    pub(crate) silent: bool,
    /// Sends headers and the half of each body, and falls silent.
    pub(crate) stalls: bool,
    /// All requests: when, and the path.
    pub(crate) requests: Vec<(Instant, String)>,
    /// Requests that came above the limit.
    pub(crate) above_limit: usize,
    /// When each route's span of time began, and the requests in it.
    pub(crate) windows: HashMap<String, (Instant, u32)>,
}

impl Default for Discord {
    fn default() -> Self {
        Self {
            members: BTreeMap::new(),
            channels: BTreeMap::new(),
            users: BTreeMap::new(),
            may_list: true,
            in_server: true,
            limit: (50, Duration::from_secs(1)),
            first: VecDeque::new(),
            always: None,
            good: 0,
            silent: false,
            stalls: false,
            requests: Vec::new(),
            above_limit: 0,
            windows: HashMap::new(),
        }
    }
}

pub(crate) fn user(id: u64, name: &str, global: Option<&str>) -> Value {
    json!({
        "id": id.to_string(), "username": name, "global_name": global,
        "discriminator": "0", "avatar": null, "public_flags": 0,
    })
}

pub(crate) fn member(user: Value, nick: Option<&str>) -> Value {
    json!({
        "user": user, "nick": nick, "avatar": null, "roles": [], "flags": 0,
        "joined_at": "2020-09-04T21:00:00.000000+00:00", "deaf": false, "mute": false,
    })
}

impl Discord {
    /// Adds a member with this user name.
    pub(crate) fn add(&mut self, id: u64, name: &str) {
        self.members.insert(id, member(user(id, name, None), None));
    }

    fn answer(&mut self, path: &str, token: Option<&str>) -> Answer {
        self.requests.push((Instant::now(), path.to_owned()));
        if let Some(first) = self.first.pop_front() {
            return first;
        }
        if let Some((status, body)) = &self.always
            && self.requests.len() > self.good
        {
            return (*status, Vec::new(), body.clone());
        }
        if token != Some(&*format!("Bot {TOKEN}")) {
            return refused(401, 0, "401: Unauthorized");
        }
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let ["api", "v10", route @ ..] = parts.as_slice() else {
            return refused(404, 0, "404: Not Found");
        };
        let bucket = route
            .iter()
            .map(|part| {
                if part.parse::<u64>().is_ok() {
                    "id"
                } else {
                    part
                }
            })
            .collect::<Vec<_>>()
            .join("-");
        let (limit, span) = self.limit;
        let window = self
            .windows
            .entry(bucket.clone())
            .or_insert((Instant::now(), 0));
        if window.0.elapsed() >= span {
            *window = (Instant::now(), 0);
        }
        window.1 += 1;
        let rest = span.saturating_sub(window.0.elapsed()).as_secs_f64();
        let used = window.1;
        let mut headers = vec![
            ("X-RateLimit-Limit", limit.to_string()),
            (
                "X-RateLimit-Remaining",
                limit.saturating_sub(used).to_string(),
            ),
            (
                "X-RateLimit-Reset",
                format!("{:.3}", 1_700_000_000.0 + rest),
            ),
            ("X-RateLimit-Reset-After", format!("{rest:.3}")),
            ("X-RateLimit-Bucket", bucket),
        ];
        if used > limit {
            self.above_limit += 1;
            headers.push(("X-RateLimit-Scope", "user".to_owned()));
            headers.push(("Retry-After", format!("{:.0}", rest.ceil())));
            let body = json!({"message": "You are being rate limited.", "retry_after": rest, "global": false});
            return (429, headers, body.to_string());
        }
        let (status, body) = self.route(route, query);
        (status, headers, body)
    }

    fn route(&self, route: &[&str], query: &str) -> (u16, String) {
        let found = |object: Option<&Value>, code: u64, message: &str| match object {
            Some(object) => (200, object.to_string()),
            None => error(404, code, message),
        };
        let guild = GUILD.to_string();
        match route {
            ["users", id] => {
                let id: u64 = id.parse().unwrap();
                let member = self.members.get(&id).map(|member| &member["user"]);
                found(member.or(self.users.get(&id)), 10_013, "Unknown User")
            }
            ["guilds", id, ..] if *id != guild => error(404, 10_004, "Unknown Guild"),
            ["guilds", ..] if !self.in_server => error(403, 50_001, "Missing Access"),
            ["guilds", _, "channels"] => {
                let channel = |(id, name): (&u64, _)| json!({"id": id.to_string(), "type": 0, "name": name, "topic": "secret"});
                let channels: Vec<Value> = self.channels.iter().map(channel).collect();
                (200, json!(channels).to_string())
            }
            ["guilds", _, "members"] if !self.may_list => error(403, 50_001, "Missing Access"),
            ["guilds", _, "members"] => {
                let number = |name: &str| {
                    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
                    pairs
                        .find(|pair| pair.0 == name)
                        .map(|pair| pair.1.parse::<u64>().unwrap())
                };
                let (limit, after) = (number("limit").unwrap_or(1), number("after").unwrap_or(0));
                assert!(
                    (1..=1000).contains(&limit),
                    "a page is of 1 to 1000 members"
                );
                let members = self.members.range(after + 1..).map(|(_, member)| member);
                let page: Vec<&Value> = members.take(limit as usize).collect();
                (200, json!(page).to_string())
            }
            ["guilds", _, "members", id] => found(
                self.members.get(&id.parse().unwrap()),
                10_007,
                "Unknown Member",
            ),
            _ => error(404, 0, "404: Not Found"),
        }
    }

    /// The paths of all requests, without ids and queries, and their number.
    pub(crate) fn routes(&self) -> BTreeMap<String, usize> {
        let mut routes = BTreeMap::new();
        for (_, path) in &self.requests {
            let path = path.split('?').next().unwrap();
            let parts = path.trim_start_matches("/api/v10/").split('/');
            let route = parts.map(|part| {
                if part.parse::<u64>().is_ok() {
                    "…"
                } else {
                    part
                }
            });
            *routes
                .entry(route.collect::<Vec<_>>().join("/"))
                .or_default() += 1;
        }
        routes
    }
}

fn error(status: u16, code: u64, message: &str) -> (u16, String) {
    (
        status,
        json!({"message": message, "code": code}).to_string(),
    )
}

fn refused(status: u16, code: u64, message: &str) -> Answer {
    let (status, body) = error(status, code, message);
    (status, Vec::new(), body)
}

/// The server, on a port of its own.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) discord: Arc<Mutex<Discord>>,
}

impl Server {
    pub(crate) fn start(discord: Discord) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let discord = Arc::new(Mutex::new(discord));
        let shared = discord.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let discord = shared.clone();
                std::thread::spawn(move || serve(stream, &discord));
            }
        });
        Self { address, discord }
    }
}

/// Answers the requests of one connection until it's closed.
fn serve(mut stream: TcpStream, discord: &Mutex<Discord>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut lines = BufReader::new(stream.try_clone().ok()?)
        .lines()
        .map_while(Result::ok);
    loop {
        let path = lines.next()?.split(' ').nth(1)?.to_owned();
        let mut token = None;
        for line in lines.by_ref().take_while(|line| !line.is_empty()) {
            if let Some((name, value)) = line.split_once(": ")
                && name.eq_ignore_ascii_case("authorization")
            {
                token = Some(value.to_owned());
            }
        }
        let ((status, headers, mut body), stalls) = {
            let mut discord = discord.lock().unwrap();
            if discord.silent {
                drop(discord);
                std::thread::sleep(Duration::from_secs(60));
                return None;
            }
            (discord.answer(&path, token.as_deref()), discord.stalls)
        };
        let mut answer = format!(
            "HTTP/1.1 {status} Answer\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        );
        if stalls {
            body.truncate(body.len() / 2);
        }
        for (name, value) in headers {
            answer += &format!("{name}: {value}\r\n");
        }
        stream
            .write_all(format!("{answer}\r\n{body}").as_bytes())
            .ok()?;
    }
}
