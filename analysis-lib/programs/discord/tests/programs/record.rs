//! The program `record` between a stand-in of Discord's gateway and a MongoDB or a
//! file.

mod refusals;

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use analysis_lib::{Activity, aggregate};
use chrono::DateTime;
use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use serde_json::{Value, json};

use crate::gateway::{APPLICATION, Gateway, SERVER, State, TOKEN, now};
use crate::support::{Folder, Mongod, free_port, signal};

/// The status of what only a person can mend.
const NOT_AGAIN: i32 = 78;

/// The program as a process, with a folder for its file and its words.
struct Recorder {
    child: Child,
    said: PathBuf,
}

struct Setup<'a> {
    mongodb: String,
    gateway: &'a Gateway,
    folder: &'a Folder,
    token: &'a str,
    server: String,
    seconds: u32,
}

impl<'a> Setup<'a> {
    fn new(mongodb: String, gateway: &'a Gateway, folder: &'a Folder) -> Self {
        Self {
            mongodb,
            gateway,
            folder,
            token: TOKEN,
            server: SERVER.to_string(),
            seconds: 2,
        }
    }

    fn command(&self) -> Command {
        self.set(Command::new(env!("CARGO_BIN_EXE_record")))
    }

    fn set(&self, mut command: Command) -> Command {
        for name in [
            "MONGODB_DATABASE",
            "MONGODB_COLLECTION",
            "ACTIVITY_FILE",
            "RECORD_MINUTES",
            "DISCORD_PROXY",
            "HTTPS_PROXY",
            "https_proxy",
        ] {
            command.env_remove(name);
        }
        command
            .current_dir(&self.folder.0)
            .env("MONGOKEY", &self.mongodb)
            .env("MONGODB_TIMEOUT", "1")
            .env("DISCORD_TOKEN", self.token)
            .env("DISCORD_GUILD_ID", &self.server)
            .env("DISCORD_GATEWAY", &self.gateway.url)
            .env("RECORD_SECONDS", self.seconds.to_string())
            .env("ACTIVITY_SNAPSHOT", self.folder.join("last.activity"))
            .stdin(Stdio::null());
        command
    }

    fn start(&self) -> Recorder {
        Recorder::start(self.command(), self.folder)
    }

    /// The same where no file can grow, as on a disk that is full. What it says
    /// is written by a `cat` that may.
    fn command_on_a_full_disk(&self) -> Command {
        const SCRIPT: &str = r#"mkfifo words; cat <words &
trap '' XFSZ; ulimit -S -f 0; exec "$@" >words 2>&1"#;
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "sh", env!("CARGO_BIN_EXE_record")]);
        self.set(command)
    }

    /// Starts it and waits until it hears the server.
    fn listening(&self) -> Recorder {
        self.listening_with(self.command())
    }

    fn listening_with(&self, command: Command) -> Recorder {
        let before = self.gateway.state().identifies;
        let recorder = Recorder::start(command, self.folder);
        wait("it identifies", || self.gateway.state().identifies > before);
        settle(self.gateway);
        recorder
    }
}

impl Recorder {
    fn start(mut command: Command, folder: &Folder) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let said = folder.join(&format!("said-{number}"));
        let file = std::fs::File::create(&said).unwrap();
        command.stdout(file.try_clone().unwrap()).stderr(file);
        Self {
            child: command.spawn().unwrap(),
            said,
        }
    }

    fn said(&self) -> String {
        let said = std::fs::read_to_string(&self.said).unwrap();
        for secret in [TOKEN, "secret", "Secret", "panicked", "hunter2"] {
            assert!(!said.contains(secret), "{secret}: {said}");
        }
        said
    }

    fn wait_for(&self, words: &str) {
        wait(words, || self.said().contains(words));
    }

    /// Waits for its end: the status and what it said.
    fn end(mut self) -> (Option<i32>, String) {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status.code(), self.said());
            }
            assert!(begin.elapsed() < Duration::from_secs(40), "{}", self.said());
            pause(20);
        }
    }

    /// Ends it as systemd does.
    fn terminate(self) -> String {
        signal("TERM", self.child.id());
        let (status, said) = self.end();
        assert_eq!(status, Some(0), "{said}");
        said
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn pause(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}

fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(40), "never: {what}");
        pause(10);
    }
}

/// Until the recorder has a connection, and has heard what was sent.
fn settle(gateway: &Gateway) {
    wait("it is connected", || gateway.state().is_connected());
    pause(400);
}

/// A document.
#[derive(Clone, Debug, PartialEq)]
struct Window {
    since: i64,
    time: i64,
    online: u32,
    sent: u32,
    quantities: BTreeMap<u64, u32>,
    members: Option<u32>,
    joined: Vec<u64>,
    left: Vec<u64>,
    channels: BTreeMap<u64, u32>,
}

fn in_runtime<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(future)
}

/// The database that a connection string of [`key`] names.
async fn collection(mongod: &Mongod) -> mongodb::Collection<Document> {
    let client = mongodb::Client::with_uri_str(mongod.uri()).await.unwrap();
    client.database("discord").collection("activitydata")
}

fn key(port: u16) -> String {
    format!("{}discord", crate::support::uri(port))
}

/// What is in the collection, in order of time.
fn windows(mongod: &Mongod) -> Vec<Window> {
    let documents: Vec<Document> = in_runtime(async {
        let find = collection(mongod).await;
        let found = find.find(doc! {}).sort(doc! {"time": 1}).await.unwrap();
        found.try_collect().await.unwrap()
    });
    let window = |document: Document| {
        let date = |name| document.get_datetime(name).unwrap().timestamp_millis();
        let count = |name| document.get_i32(name).map(i32::cast_unsigned);
        let counts = |name| {
            let counts = document.get_document(name).unwrap().iter();
            let counts = counts.map(|(id, sent)| (id, sent.as_i32().unwrap()));
            counts
                .map(|(id, sent)| (id.parse().unwrap(), sent.cast_unsigned()))
                .collect()
        };
        let ids = |name| {
            let ids = document.get_array(name).unwrap().iter();
            ids.map(|id| id.as_str().unwrap().parse().unwrap())
                .collect()
        };
        Window {
            since: date("since"),
            time: date("time"),
            online: count("online-members").unwrap(),
            sent: count("messages-sent").unwrap(),
            quantities: counts("quantities"),
            members: count("members").ok(),
            joined: ids("joined"),
            left: ids("left"),
            channels: counts("channels"),
        }
    };
    documents.into_iter().map(window).collect()
}

/// Where windows are without a MongoDB.
fn file(folder: &Folder) -> PathBuf {
    folder.join("activity.jsonl")
}

/// What is in the file, in order of time: whole lines, and nothing after them.
fn lines(folder: &Folder) -> Vec<Window> {
    let text = std::fs::read_to_string(file(folder)).unwrap();
    assert!(text.ends_with('\n'), "{text}");
    let window = |line| {
        let document: Value = serde_json::from_str(line).unwrap();
        let date = |name: &str| {
            let date = document[name]["$date"].as_str().unwrap();
            assert!(date.ends_with('Z'), "{date}");
            let date = DateTime::parse_from_rfc3339(date).unwrap();
            date.timestamp_millis()
        };
        let count = |value: &Value| value.as_u64().map(|count| count as u32);
        let counts = |name: &str| {
            let counts = document[name].as_object().unwrap().iter();
            counts
                .map(|(id, sent)| (id.parse().unwrap(), count(sent).unwrap()))
                .collect()
        };
        let ids = |name: &str| {
            let ids = document[name].as_array().unwrap().iter();
            ids.map(|id| id.as_str().unwrap().parse().unwrap())
                .collect()
        };
        Window {
            since: date("since"),
            time: date("time"),
            online: count(&document["online-members"]).unwrap(),
            sent: count(&document["messages-sent"]).unwrap(),
            quantities: counts("quantities"),
            members: count(&document["members"]),
            joined: ids("joined"),
            left: ids("left"),
            channels: counts("channels"),
        }
    };
    let mut windows: Vec<Window> = text.lines().map(window).collect();
    windows.sort_by_key(|window| window.time);
    windows
}

/// That windows don't overlap, and hold what a perfect observer saw between
/// their begin and their end.
fn check(windows: &[Window], gateway: &Gateway) {
    let state = gateway.state();
    for pair in windows.windows(2) {
        assert!(pair[0].time <= pair[1].since, "{pair:?}");
    }
    for window in windows {
        let within = |all: &[(i64, u64)]| -> Vec<u64> {
            let is_in = |when| (window.since..window.time).contains(when);
            let within = all.iter().filter(|(when, _)| is_in(when));
            within.map(|(_, what)| *what).collect()
        };
        let counted = |all: &[(i64, u64)]| {
            let mut counts = BTreeMap::new();
            for what in within(all) {
                *counts.entry(what).or_default() += 1;
            }
            counts
        };
        let (online, members) = state.present_at(window.time);
        let quantities = counted(&state.sent);
        let seen = Window {
            since: window.since,
            time: window.time,
            online,
            sent: quantities.values().sum(),
            quantities,
            members: Some(members),
            joined: within(&state.joined),
            left: within(&state.left),
            channels: counted(&state.channels),
        };
        assert_eq!(*window, seen, "of {windows:?}");
    }
}

/// When the messages were sent that are in no window.
fn missed(windows: &[Window], gateway: &Gateway) -> Vec<i64> {
    let state = gateway.state();
    let is_in = |time| {
        windows
            .iter()
            .any(|window| (window.since..window.time).contains(&time))
    };
    let times = state.sent.iter().map(|sent| sent.0);
    times.filter(|&time| !is_in(time)).collect()
}

/// People write and come and go for a while, away from ends of windows, which
/// the stand-in's clock and the recorder's see a moment apart.
fn live(gateway: &Gateway, milliseconds: i64) {
    let end = now() + milliseconds;
    let mut number = 0;
    while now() < end {
        number += 1;
        let into = now() % 1_000;
        if (150..850).contains(&into) {
            let mut state = gateway.state();
            state.message(1 + number % 7);
            // A presence has no time but when it is heard.
            let guest = 20 + number % 11;
            if number % 7 == 0 && into < 500 {
                match state.members.contains_key(&guest) {
                    true => state.leave(guest),
                    false => state.join(guest, false),
                }
            }
            if number % 5 == 0 && into < 500 {
                let status = ["online", "idle", "dnd", "offline", "invisible"];
                let status = status[(number / 5) as usize % 5];
                state.presence(1 + number % 6, status);
            }
        }
        pause(20);
    }
}

#[test]
fn a_simple_day() {
    let mongod = Mongod::start();
    let gateway = Gateway::start(State::with(9));
    let folder = Folder::new();
    let recorder = Setup::new(key(mongod.port), &gateway, &folder).listening();
    {
        // What nobody is to count.
        let mut state = gateway.state();
        state.presence(1, "online");
        state.message_with(1000, &json!({}));
        state.message_with(2, &json!({"webhook_id": "2"}));
        state.message_with(2, &json!({"type": 7}));
        state.message_with(2, &json!({"guild_id": "77"}));
        state.message_with(2, &json!({"guild_id": null}));
        state.join(1001, true);
        state.presence(1001, "online");
        state.join(10, false);
        state.presence(10, "idle");
        state.presence(10, "offline");
        state.join(11, false);
        state.presence(11, "dnd");
        state.leave(11);
        state.leave(1001);
        state.thread(71, 5);
        state.message_in(3, 71);
    }
    live(&gateway, 4_000);
    // Long enough that a heartbeat tells that the last window is over.
    pause(3_300);
    assert!(recorder.said().contains(" written; the last until "));
    let said = recorder.terminate();
    let windows = windows(&mongod);
    check(&windows, &gateway);
    assert_eq!(missed(&windows, &gateway), [0; 0]);
    // Whole windows end on the clock, and each begins where the last ended.
    assert!(windows.len() >= 4, "{windows:?}");
    for pair in windows.windows(2) {
        assert_eq!(pair[0].time % 2_000, 0);
        assert_eq!(pair[0].time, pair[1].since);
    }
    assert!(said.lines().count() <= 3, "a line an hour: {said}");
    // What the project itself makes of it, and the index that it asks by.
    let exported = folder.join("exported.json");
    let date = |time: i64| json!({"$date": {"$numberLong": time.to_string()}});
    let lines = windows.iter().map(|window| {
        json!({
            "time": date(window.time), "since": date(window.since),
            "online-members": window.online, "messages-sent": window.sent,
            "quantities": window.quantities,
        })
        .to_string()
    });
    std::fs::write(&exported, lines.collect::<Vec<_>>().join("\n")).unwrap();
    let pulled = Activity::open(&exported).unwrap();
    assert_eq!(pulled.len(), windows.len());
    assert!(aggregate::gaps(&pulled).is_empty());
    let sent = gateway.state().sent.len() as u64;
    let totals = aggregate::messages_by_member(&pulled);
    assert_eq!(totals.iter().map(|total| total.messages).sum::<u64>(), sent);
    let indexes = in_runtime(async { collection(&mongod).await.list_index_names().await.unwrap() });
    assert!(indexes.contains(&"time_1".to_owned()), "{indexes:?}");
}

/// What Discord still has of what was sent later on.
fn past(state: &State) -> crate::rest::State {
    let mut past = crate::rest::State {
        server: SERVER,
        ..crate::rest::State::default()
    };
    past.add(5, 0, "one");
    past.add(6, 2, "two");
    past.thread(70, 6, None);
    let events = state
        .log
        .iter()
        .map(|text| serde_json::from_str(text).unwrap());
    let messages = events.filter(|event: &Value| event["t"] == "MESSAGE_CREATE");
    for message in messages.map(|event| event["d"].clone()) {
        if message["guild_id"] != json!(SERVER.to_string()) {
            continue;
        }
        let id = |value: &Value| value.as_str().unwrap().parse::<u64>().unwrap();
        let kind = match message["type"].as_u64().unwrap() {
            _ if message["author"]["bot"] == true => crate::rest::Kind::Bot,
            _ if !message["webhook_id"].is_null() => crate::rest::Kind::Webhook,
            kind => crate::rest::Kind::Person(kind as u8),
        };
        let channel = past.channels.get_mut(&id(&message["channel_id"])).unwrap();
        channel.messages.push(crate::rest::Message {
            id: id(&message["id"]),
            author: id(&message["author"]["id"]),
            kind,
        });
    }
    past
}

#[test]
fn a_window_recorded_live_is_the_same_from_the_past_but_for_what_was_deleted() {
    let mongod = Mongod::start();
    let gateway = Gateway::start(State::with(9));
    gateway.state().thread(70, 6);
    let folder = Folder::new();
    let setup = Setup::new(key(mongod.port), &gateway, &folder);
    let recorder = setup.listening();
    for more in [
        json!({}),
        json!({"webhook_id": "2"}),
        json!({"type": 7}),
        json!({"guild_id": "77"}),
    ] {
        gateway.state().message_with(2, &more);
    }
    gateway.state().message_with(1000, &json!({}));
    live(&gateway, 6_000);
    pause(3_300);
    recorder.terminate();
    let mut recorded = windows(&mongod);
    recorded.retain(|window| window.time - window.since == 2_000);
    assert!(recorded.len() >= 3, "{recorded:?}");
    // Somebody deleted a message since.
    let mut past = past(&gateway.state());
    let window = &mut recorded[1];
    let messages = &mut past.channels.get_mut(&5).unwrap().messages;
    let is_in = |message: &crate::rest::Message| {
        (window.since..window.time).contains(&crate::rest::time_of(message.id)) && message.counts()
    };
    let deleted = messages.remove(messages.iter().position(is_in).unwrap());
    window.sent -= 1;
    for (counts, id) in [
        (&mut window.quantities, deleted.author),
        (&mut window.channels, 5),
    ] {
        *counts.get_mut(&id).unwrap() -= 1;
        counts.retain(|_, count| *count > 0);
    }
    let discord = crate::rest::Server::start(past);
    let read = |set: [(&str, &str); 2]| {
        let mut command = setup.set(Command::new(env!("CARGO_BIN_EXE_history")));
        command.env("DISCORD_PROXY", &discord.address).envs(set);
        let (status, said) = Recorder::start(command, &folder).end();
        assert_eq!(status, Some(0), "{said}");
    };
    pause(2_500);
    let file = folder.join("past.jsonl");
    read([("MONGOKEY", ""), ("ACTIVITY_FILE", file.to_str().unwrap())]);
    read([("MONGODB_COLLECTION", "past"), ("MONGODB_TIMEOUT", "10")]);
    let text = std::fs::read_to_string(&file).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let lines: Vec<Value> = lines.collect();
    let documents: Vec<Document> = in_runtime(async {
        let client = collection(&mongod).await.client().clone();
        let past = client.database("discord").collection("past");
        let found = past.find(doc! {}).sort(doc! {"time": 1}).await.unwrap();
        found.try_collect().await.unwrap()
    });
    // Both stores hold the same, but for what has become the past in between.
    let time = |time: &Value| {
        let time = DateTime::parse_from_rfc3339(time["$date"].as_str().unwrap());
        time.unwrap().timestamp_millis()
    };
    for (document, line) in documents.iter().zip(&lines) {
        assert_eq!(
            document.get_object_id("_id").unwrap().to_hex(),
            line["_id"]["$oid"]
        );
        for name in ["since", "time"] {
            let own = document.get_datetime(name).unwrap().timestamp_millis();
            assert_eq!(own, time(&line[name]));
        }
        assert_eq!(
            document.get_i32("messages-sent").unwrap(),
            line["messages-sent"]
        );
        for name in ["quantities", "channels"] {
            let counts = document.get_document(name).unwrap().iter();
            let counts = counts.map(|(id, sent)| (id.clone(), sent.as_i32().unwrap()));
            assert_eq!(json!(counts.collect::<BTreeMap<_, _>>()), line[name]);
        }
        assert!(document.len() == 6, "{document}");
    }
    assert!(!documents.is_empty());
    for window in &recorded {
        let line = lines
            .iter()
            .find(|line| time(&line["since"]) == window.since)
            .unwrap();
        assert_eq!(line["messages-sent"], window.sent);
        let counts = |counts: &BTreeMap<u64, u32>| json!(counts);
        assert_eq!(line["quantities"], counts(&window.quantities));
        assert_eq!(line["channels"], counts(&window.channels));
        assert!(line.get("online-members").is_none(), "{line}");
    }
}

#[test]
fn compressed_or_not() {
    let mongod = Mongod::start();
    for compresses in [false, true] {
        let gateway = Gateway::start(State {
            compresses,
            ..State::with(9)
        });
        let folder = Folder::new();
        let recorder = Setup::new(key(mongod.port), &gateway, &folder).listening();
        gateway.state().message(1);
        pause(300);
        recorder.terminate();
        let windows = windows(&mongod);
        assert_eq!(missed(&windows, &gateway), [0; 0]);
    }
}

/// The database goes away and comes back, of which no message may be missing. In
/// between the recorder says these words.
fn is_away_and_back(command: impl Fn(&Setup<'_>) -> Command, words: &str) {
    let mut mongod = Mongod::start();
    let port = mongod.port;
    let gateway = Gateway::start(State::with(9));
    let folder = Folder::new();
    let setup = Setup::new(key(port), &gateway, &folder);
    let recorder = setup.listening_with(command(&setup));
    live(&gateway, 1_500);
    mongod.kill();
    live(&gateway, 4_000);
    recorder.wait_for(words);
    mongod.restart_on(port);
    recorder.wait_for("MongoDB is back");
    live(&gateway, 500);
    pause(300);
    recorder.terminate();
    let windows = windows(&mongod);
    check(&windows, &gateway);
    assert_eq!(missed(&windows, &gateway), [0; 0]);
    assert!(!waiting(&folder));
}

#[test]
fn windows_wait_while_the_database_is_away() {
    is_away_and_back(|setup| setup.command(), "Until then, windows wait in ");
}

#[test]
fn a_full_disk_is_said_and_windows_wait_in_memory() {
    is_away_and_back(
        |setup| setup.command_on_a_full_disk(),
        "windows that nobody has taken yet are kept in memory alone; make room there",
    );
}

/// Whether windows wait in the folder.
fn waiting(folder: &Folder) -> bool {
    let mut files = folder.0.read_dir().unwrap().flatten();
    files.any(|file| file.file_name().to_string_lossy().ends_with(".bson"))
}

#[test]
fn a_database_that_is_never_there_leaves_windows_for_the_next_recorder() {
    let gateway = Gateway::start(State::with(9));
    let folder = Folder::new();
    let port = free_port();
    let setup = Setup::new(key(port), &gateway, &folder);
    let recorder = setup.listening();
    live(&gateway, 2_500);
    pause(300);
    let said = recorder.terminate();
    assert!(said.contains("left in "), "{said}");
    assert!(waiting(&folder));
    let recorder = setup.listening();
    live(&gateway, 5_000);
    recorder.kill();
    let mut mongod = Mongod::start();
    mongod.restart_on(port);
    let recorder = setup.listening();
    wait("nothing waits", || !waiting(&folder));
    recorder.terminate();
    let windows = windows(&mongod);
    check(&windows, &gateway);
    // What the recorder that was killed had not finished.
    let sent = gateway.state().sent.len();
    let missed = missed(&windows, &gateway).len();
    assert!(missed > 0 && missed < sent / 2, "{missed} of {sent}");
}

#[test]
fn a_kill_loses_the_running_window_and_the_next_says_so() {
    let mongod = Mongod::start();
    let gateway = Gateway::start(State::with(9));
    let folder = Folder::new();
    let setup = Setup::new(key(mongod.port), &gateway, &folder);
    let mut kills = Vec::new();
    for milliseconds in [4_300, 2_500] {
        let recorder = setup.listening();
        live(&gateway, milliseconds);
        kills.push(now());
        recorder.kill();
        live(&gateway, 300);
    }
    let recorder = setup.listening();
    live(&gateway, 1_000);
    pause(300);
    recorder.terminate();
    let windows = windows(&mongod);
    check(&windows, &gateway);
    for time in missed(&windows, &gateway) {
        // The running window, and the one before where it ended just then.
        let is_lost = kills.iter().any(|&kill| {
            let next = windows.iter().find(|window| window.since > kill).unwrap();
            (kill - 3_500..next.since).contains(&time)
        });
        assert!(
            is_lost,
            "{time} is missing from {windows:?}, killed at {kills:?}"
        );
    }
}

/// A setup that writes into the folder's file.
fn to_file<'a>(gateway: &'a Gateway, folder: &'a Folder) -> Setup<'a> {
    Setup::new(String::new(), gateway, folder)
}

#[test]
fn without_a_mongodb_windows_are_lines_of_a_file_whenever_the_recorder_is_killed() {
    let gateway = Gateway::start(State::with(9));
    let folder = Folder::new();
    let setup = to_file(&gateway, &folder);
    let mut kills = Vec::new();
    for milliseconds in [2_650, 3_200, 2_030, 4_700] {
        let recorder = setup.listening();
        live(&gateway, milliseconds);
        kills.push(now());
        recorder.kill();
        // As if it had been killed in the middle of a line.
        let torn = "{\"_id\":{\"$oid\":\"0123\"},\"time\":{\"$da";
        let cut = OpenOptions::new().append(true).open(file(&folder));
        let cut = cut.unwrap().write_all(&torn.as_bytes()[..kills.len() * 8]);
        cut.unwrap();
    }
    let recorder = setup.listening();
    live(&gateway, 2_000);
    pause(300);
    let said = recorder.terminate();
    assert!(said.contains(" written; the last until "), "{said}");
    assert!(!waiting(&folder));
    let windows = lines(&folder);
    check(&windows, &gateway);
    for time in missed(&windows, &gateway) {
        let is_lost = kills.iter().any(|&kill| {
            let next = windows.iter().find(|window| window.since > kill).unwrap();
            (kill - 3_500..next.since).contains(&time)
        });
        assert!(is_lost, "{time}, killed at {kills:?}");
    }
    // What the project makes of it, and what MongoDB's own reader does.
    let opened = Activity::open(file(&folder)).unwrap();
    assert_eq!(opened.len(), windows.len());
    let sent: u32 = windows.iter().map(|window| window.sent).sum();
    let totals = aggregate::messages_by_member(&opened);
    let counted: u64 = totals.iter().map(|total| total.messages).sum();
    assert_eq!(counted, u64::from(sent));
    let python = std::env::var_os("REFERENCE_PYTHON").expect("run `make test`");
    let read = Command::new(python)
        .args(["-c", AS_PYMONGO])
        .arg(file(&folder))
        .output();
    let read = read.unwrap();
    let errors = String::from_utf8_lossy(&read.stderr);
    assert!(read.status.success(), "{errors}");
    let text = std::fs::read_to_string(file(&folder)).unwrap();
    assert_eq!(String::from_utf8_lossy(&read.stdout), text);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = file(&folder).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

/// Reads documents as PyMongo does, through BSON, and writes them as it does.
const AS_PYMONGO: &str = r#"
import json, sys
import bson
from bson import json_util
for line in open(sys.argv[1]):
    document = bson.decode(bson.encode(json_util.loads(line)))
    assert type(document["_id"]) is bson.ObjectId and type(document["time"]).__name__ == "datetime"
    text = json_util.dumps(document, json_options=json_util.RELAXED_JSON_OPTIONS, separators=(",", ":"))
    print(text)
"#;

#[test]
fn of_two_recorders_on_one_file_one_writes_each_window() {
    let gateway = Gateway::start(State::with(9));
    let other = Gateway::start(State::with(9));
    let folder = Folder::new();
    let first = to_file(&gateway, &folder).listening();
    let second = to_file(&other, &folder).listening();
    // Both hear the same, and one of them ends before the other.
    let hear = |milliseconds| {
        let end = now() + milliseconds;
        while now() < end {
            gateway.state().message(1);
            other.state().message(1);
            pause(50);
        }
    };
    hear(5_000);
    let said = first.said() + &second.said();
    first.kill();
    hear(4_500);
    pause(300);
    let said = said + &second.terminate();
    assert!(
        said.contains("another recorder writes this window"),
        "{said}"
    );
    let windows = lines(&folder);
    for pair in windows.windows(2) {
        assert!(pair[0].time <= pair[1].since, "{windows:?}");
    }
    // What the first one hadn't written is the other's.
    assert!(windows.len() >= 4, "{windows:?}");
    assert_eq!(missed(&windows, &other), [0; 0]);
}

#[test]
fn a_full_disk_is_said_and_the_file_has_every_window_later() {
    let gateway = Gateway::start(State::with(9));
    let folder = Folder::new();
    let setup = to_file(&gateway, &folder);
    let recorder = setup.listening_with(setup.command_on_a_full_disk());
    live(&gateway, 5_000);
    recorder.wait_for("activity.jsonl can't be written (File too large");
    recorder.wait_for("windows that nobody has taken yet are kept in memory alone");
    assert_eq!(std::fs::read(file(&folder)).unwrap(), b"");
    let room = Command::new("prlimit")
        .arg(format!("--pid={}", recorder.child.id()))
        .arg("--fsize=unlimited")
        .status();
    assert!(room.unwrap().success());
    recorder.wait_for("activity.jsonl is back, and has every window that waited");
    live(&gateway, 500);
    pause(300);
    recorder.terminate();
    let windows = lines(&folder);
    check(&windows, &gateway);
    assert_eq!(missed(&windows, &gateway), [0; 0]);
    assert!(!waiting(&folder));
}

#[test]
fn a_signal_writes_the_running_window() {
    let mongod = Mongod::start();
    let gateway = Gateway::start(State::with(9));
    let folder = Folder::new();
    let setup = Setup {
        seconds: 3_600,
        ..Setup::new(key(mongod.port), &gateway, &folder)
    };
    for name in ["TERM", "INT"] {
        let recorder = setup.listening();
        live(&gateway, 700);
        pause(300);
        signal(name, recorder.child.id());
        assert_eq!(recorder.end().0, Some(0));
    }
    // Both are parts of the same hour, unless one began just now.
    let windows = windows(&mongod);
    assert!(windows.len() >= 2, "{windows:?}");
    check(&windows, &gateway);
    assert_eq!(missed(&windows, &gateway), [0; 0]);
}

#[test]
fn of_two_recorders_one_writes_each_window() {
    let mongod = Mongod::start();
    let gateway = Gateway::start(State::with(9));
    let other = Gateway::start(State::with(9));
    let folder = Folder::new();
    let first = Setup::new(key(mongod.port), &gateway, &folder).listening();
    let second = Setup::new(key(mongod.port), &other, &folder).listening();
    // Both hear the same.
    let end = now() + 6_000;
    while now() < end {
        gateway.state().message(1);
        other.state().message(1);
        pause(50);
    }
    pause(300);
    let said = first.said() + &second.said();
    assert!(
        said.contains("another recorder writes this window"),
        "{said}"
    );
    first.kill();
    second.kill();
    let windows = windows(&mongod);
    assert!(windows.len() >= 2);
    for pair in windows.windows(2) {
        assert!(pair[0].time <= pair[1].since, "{windows:?}");
    }
}

#[test]
fn a_lost_connection_is_resumed_without_a_trace() {
    let mongod = Mongod::start();
    let gateway = Gateway::start(State::with(9));
    let folder = Folder::new();
    let recorder = Setup::new(key(mongod.port), &gateway, &folder).listening();
    let lose: [fn(&mut State); 4] = [
        |state| state.cut(),
        |state| state.reconnect(),
        |state| state.close(4_000),
        |state| {
            state.drops = true;
            state.cut();
        },
    ];
    for (number, lose) in lose.into_iter().enumerate() {
        live(&gateway, 600);
        lose(&mut gateway.state());
        // Messages go on, and are told later.
        for _ in 0..40 {
            gateway.state().message(1);
            pause(30);
        }
        gateway.state().drops = false;
        wait("it resumes", || gateway.state().resumes as usize > number);
        settle(&gateway);
    }
    let said = recorder.terminate();
    assert!(!said.contains("nothing was recorded"), "{said}");
    assert_eq!(gateway.state().identifies, 1);
    let windows = windows(&mongod);
    assert_eq!(missed(&windows, &gateway), [0; 0]);
    check(&windows, &gateway);
    for pair in windows.windows(2) {
        assert_eq!(pair[0].time, pair[1].since);
    }
}

#[test]
fn a_connection_that_says_nothing_is_lost() {
    let mongod = Mongod::start();
    let gateway = Gateway::start(State::with(9));
    let folder = Folder::new();
    let recorder = Setup::new(key(mongod.port), &gateway, &folder).listening();
    live(&gateway, 500);
    gateway.state().silence();
    for _ in 0..20 {
        gateway.state().message(1);
        pause(100);
    }
    wait("it resumes", || gateway.state().resumes > 0);
    settle(&gateway);
    recorder.terminate();
    let windows = windows(&mongod);
    check(&windows, &gateway);
    assert_eq!(missed(&windows, &gateway), [0; 0]);
}

#[test]
fn a_session_that_is_over_leaves_a_gap() {
    let mongod = Mongod::start();
    let gateway = Gateway::start(State::with(9));
    let folder = Folder::new();
    let recorder = Setup::new(key(mongod.port), &gateway, &folder).listening();
    let lose: [fn(&mut State); 2] = [
        |state| {
            state.forget();
            state.cut();
        },
        |state| state.invalidate(),
    ];
    for (number, lose) in lose.into_iter().enumerate() {
        live(&gateway, 600);
        pause(300);
        lose(&mut gateway.state());
        // What was told before may still be on its way, and the window ends with it.
        pause(300);
        loop {
            let mut state = gateway.state();
            if state.identifies as usize > number + 1 {
                break;
            }
            state.sent.push((now(), 1));
            drop(state);
            pause(30);
        }
        settle(&gateway);
    }
    // The server itself may be away.
    gateway.state().set_available(false);
    pause(700);
    gateway.state().set_available(true);
    settle(&gateway);
    live(&gateway, 500);
    pause(300);
    let said = recorder.terminate();
    assert_eq!(
        said.matches("nothing was recorded from ").count(),
        3,
        "{said}"
    );
    let windows = windows(&mongod);
    check(&windows, &gateway);
    let gaps = windows
        .windows(2)
        .filter(|pair| pair[0].time < pair[1].since);
    assert_eq!(gaps.count(), 3, "{windows:?}");
    assert!(!missed(&windows, &gateway).is_empty());
}

#[test]
fn what_waiting_does_not_mend_is_said_and_ends_it() {
    let mongod = Mongod::start();
    let with = |state: State| Gateway::start(state);
    let plain = with(State::with(9));
    let unseeing = with(State {
        is_intended: false,
        ..State::with(9)
    });
    let elsewhere = with(State {
        is_in_server: false,
        ..State::with(9)
    });
    let folder = Folder::new();
    let taken = Folder::new();
    std::fs::create_dir(file(&taken)).unwrap();
    let uri = key(mongod.port);
    let setup = |gateway| Setup::new(uri.clone(), gateway, &folder);
    let invitation = format!("client_id={APPLICATION}");
    let cases = [
        (
            Setup {
                token: "another.secret",
                ..setup(&plain)
            },
            "doesn't accept DISCORD_TOKEN",
        ),
        (
            Setup {
                token: "",
                ..setup(&plain)
            },
            "DISCORD_TOKEN is not set",
        ),
        (
            Setup {
                token: "ü",
                ..setup(&plain)
            },
            "DISCORD_TOKEN holds characters",
        ),
        (
            Setup {
                server: String::new(),
                ..setup(&plain)
            },
            "DISCORD_GUILD_ID is not set",
        ),
        (
            Setup {
                server: "0".to_owned(),
                ..setup(&plain)
            },
            "is not a server's id",
        ),
        (
            setup(&unseeing),
            "turn on Presence Intent and Server Members Intent",
        ),
        (setup(&elsewhere), &*invitation),
        (
            Setup {
                mongodb: String::new(),
                folder: &taken,
                ..setup(&plain)
            },
            "activity.jsonl can't be written",
        ),
        (
            Setup {
                mongodb: "mongodb://u:hunter2@h:x/".to_owned(),
                ..setup(&plain)
            },
            "MONGOKEY is not",
        ),
        (
            Setup {
                mongodb: mongod.uri(),
                ..setup(&plain)
            },
            "no database is named",
        ),
        (
            Setup {
                mongodb: format!("{}admin", mongod.uri()),
                ..setup(&plain)
            },
            "no database is named",
        ),
    ];
    let running: Vec<_> = cases
        .iter()
        .map(|(setup, words)| (setup.start(), *words))
        .collect();
    for (recorder, words) in running {
        let (status, said) = recorder.end();
        assert_eq!(status, Some(NOT_AGAIN), "{words}: {said}");
        let message = said.lines().last().unwrap();
        assert!(
            message.starts_with("error: ") && message.contains(words),
            "{words}: {said}"
        );
    }
    let mut command = setup(&plain).command();
    command
        .env_remove("RECORD_SECONDS")
        .env("RECORD_MINUTES", "1441");
    let (status, said) = Recorder::start(command, &folder).end();
    assert_eq!(status, Some(NOT_AGAIN));
    assert!(
        said.contains("RECORD_MINUTES=1441 is not a whole number"),
        "{said}"
    );
}

#[test]
fn a_user_who_may_not_write_is_told_at_once() {
    let mut mongod = Mongod::start();
    in_runtime(async {
        let collection = collection(&mongod).await;
        let admin = collection.client().database("admin");
        for (name, role) in [("reader", "read"), ("writer", "readWrite")] {
            let roles = [doc! {"role": role, "db": "discord"}];
            let user = doc! {"createUser": name, "pwd": "hunter2", "roles": &roles[..]};
            admin.run_command(user).await.unwrap();
        }
    });
    mongod.restart(&["--auth"]);
    let gateway = Gateway::start(State::with(9));
    let folder = Folder::new();
    let setup = |user: &str| {
        let uri = format!(
            "mongodb://{user}@127.0.0.1:{}/discord?authSource=admin",
            mongod.port
        );
        Setup::new(uri, &gateway, &folder)
    };
    for (user, words) in [
        ("reader:hunter2", "may not write into discord.activitydata"),
        ("writer:hunter3", "refuses the user name or the password"),
    ] {
        let (status, said) = setup(user).start().end();
        assert_eq!(status, Some(NOT_AGAIN), "{said}");
        assert!(said.contains(words), "{said}");
    }
    let recorder = setup("writer:hunter2").listening();
    gateway.state().message(1);
    pause(300);
    let said = recorder.terminate();
    assert!(!said.contains("left in"), "{said}");
}

#[test]
fn of_a_large_server_members_are_listed() {
    let mongod = Mongod::start();
    let gateway = Gateway::start(State {
        limits_list: Some(0.3),
        ..State::with(5_000)
    });
    {
        let mut state = gateway.state();
        // Bots that come online later, of whom nothing was said.
        state.members.extend((2_000..2_010).map(|id| (id, true)));
        state.online.extend(1..=300);
    }
    let folder = Folder::new();
    let recorder = Setup::new(key(mongod.port), &gateway, &folder).listening();
    wait("it asks again", || gateway.state().lists.len() == 2);
    {
        let state = gateway.state();
        let pause = state.lists[1] - state.lists[0];
        // Under the limit of once in 30 s.
        assert!(pause >= Duration::from_millis(290), "{pause:?}");
    }
    settle(&gateway);
    for id in 2_000..2_010 {
        gateway.state().presence(id, "online");
    }
    gateway.state().presence(4_000, "online");
    pause(300);
    recorder.terminate();
    let last = windows(&mongod).pop().unwrap();
    // Of 5,000 ids eleven are bots.
    assert_eq!((last.online, last.members), (301, Some(4_989)));
}

/// Faults at random, one after the other, between a gateway and a database of
/// their own. Gives how many messages there were, and how many were missed.
fn schedule(seed: u64) -> (usize, usize) {
    let mut mongod = Mongod::start();
    let port = mongod.port;
    let gateway = Gateway::start(State::with(9));
    let folder = Folder::new();
    let setup = Setup::new(key(port), &gateway, &folder);
    let mut recorder = setup.listening();
    // From where to where something may be missed.
    let mut allowed = vec![(0, now())];
    let mut random = seed;
    for _ in 0..3 {
        live(&gateway, 1_500);
        pause(300);
        let fault = now();
        // Knuth's generator; its high bits are good.
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        match (random >> 33) % 6 {
            0 => {
                let before = gateway.state().resumes;
                gateway.state().cut();
                live(&gateway, 1_000);
                wait("it resumes", || gateway.state().resumes > before);
                settle(&gateway);
            }
            1 => {
                let before = gateway.state().identifies;
                gateway.state().forget();
                gateway.state().cut();
                wait("it identifies", || gateway.state().identifies > before);
                settle(&gateway);
                allowed.push((fault - 500, now()));
            }
            2 => {
                recorder.kill();
                recorder = setup.listening();
                allowed.push((fault - 3_500, now()));
            }
            3 => {
                recorder.terminate();
                recorder = setup.listening();
                allowed.push((fault - 500, now()));
            }
            4 => {
                mongod.kill();
                live(&gateway, 2_000);
                mongod.restart_on(port);
            }
            _ => {
                // Both at once: what waits is left to the next recorder.
                mongod.kill();
                live(&gateway, 3_000);
                recorder.kill();
                allowed.push((now() - 3_500, 0));
                recorder = setup.listening();
                allowed.last_mut().unwrap().1 = now();
                mongod.restart_on(port);
            }
        }
    }
    wait("nothing waits", || !waiting(&folder));
    pause(300);
    recorder.terminate();
    let windows = windows(&mongod);
    check(&windows, &gateway);
    let missed = missed(&windows, &gateway);
    for time in &missed {
        let had_to = allowed.iter().any(|(from, to)| (from..=to).contains(&time));
        assert!(
            had_to,
            "{time} is missing from {windows:?}, allowed: {allowed:?}"
        );
    }
    (gateway.state().sent.len(), missed.len())
}

#[test]
fn random_schedules_leave_what_a_perfect_observer_saw() {
    std::thread::scope(|scope| {
        let seeds = 1..=4;
        let running: Vec<_> = seeds
            .map(|seed| scope.spawn(move || schedule(seed)))
            .collect();
        for schedule in running {
            let (sent, missed) = schedule.join().unwrap();
            println!("{sent} messages, of which {missed} had to be missed");
        }
    });
}

/// In a day at 100 messages a second there are as many; the test feeds a part of
/// them as fast as they are taken, and memory must have stopped growing.
const FED: u64 = 300_000;

#[test]
fn memory_does_not_grow_with_messages() {
    let mongod = Mongod::start();
    let gateway = Gateway::start(State {
        interval: 41_250,
        ..State::with(50_000)
    });
    gateway.state().online.extend(1..=10_000);
    let folder = Folder::new();
    let fed = std::env::var("RECORD_FED").map_or(FED, |fed| fed.parse().unwrap());
    let setup = Setup {
        // As many messages a window as at 100 a second.
        seconds: 3,
        ..Setup::new(key(mongod.port), &gateway, &folder)
    };
    let recorder = setup.listening();
    wait("it asks for the list", || gateway.state().lists.len() == 1);
    let sent = |windows: &[Window]| {
        windows
            .iter()
            .map(|window| u64::from(window.sent))
            .sum::<u64>()
    };
    let begin = Instant::now();
    gateway.state().feed(fed);
    // An event after the last: the stand-in has sent everything.
    gateway.state().presence(1, "offline");
    wait_long("everything is written", || {
        pause(500);
        gateway.state().message_with(1000, &json!({}));
        sent(&windows(&mongod)) == fed
    });
    let status = std::fs::read_to_string(format!("/proc/{}/status", recorder.child.id())).unwrap();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", recorder.child.id())).unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    println!(
        "{fed} messages in {:.1} s: peak {} MB, {} + {} ticks of processor time",
        begin.elapsed().as_secs_f64(),
        peak / 1024,
        fields[11],
        fields[12]
    );
    assert!(peak < 100 * 1024, "{peak} kB");
    recorder.terminate();
}

fn wait_long(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(
            begin.elapsed() < Duration::from_secs(1_800),
            "never: {what}"
        );
    }
}
