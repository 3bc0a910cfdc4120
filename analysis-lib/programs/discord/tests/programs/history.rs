//! The program `history` against a stand-in of Discord that has a server's past.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use activity_data::source::sample::Random;
use chrono::DateTime;
use serde_json::{Value, json};

use crate::rest::{Access, CONTENT, Kind, Limits, Message, Server, State, TOKEN, id, time_of};
use crate::support::Folder;

const MINUTE: i64 = 60_000;
const TEN: i64 = 10 * MINUTE;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// 2023-11-14 22:10 UTC, on the clock.
const BEGIN: i64 = 1_700_000_400_000 - TEN / 2 - TEN / 2;

/// The program's folder, with the file that it writes into.
struct Setup {
    folder: Folder,
    server: u64,
    address: String,
    more: Vec<(&'static str, String)>,
}

/// What the program did and said.
struct Run {
    ok: bool,
    said: String,
}

impl Setup {
    fn new(discord: &Server) -> Self {
        Self {
            folder: Folder::new(),
            server: discord.state().server,
            address: discord.address.clone(),
            more: Vec::new(),
        }
    }

    fn file(&self) -> PathBuf {
        self.folder.join("activity.jsonl")
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_history"));
        for name in [
            "MONGOKEY",
            "MONGODB_DATABASE",
            "MONGODB_COLLECTION",
            "RECORD_MINUTES",
            "HISTORY_SINCE",
            "TIMEZONE",
        ] {
            command.env_remove(name);
        }
        command
            .current_dir(&self.folder.0)
            .env("DISCORD_TOKEN", TOKEN)
            .env("DISCORD_GUILD_ID", self.server.to_string())
            .env("DISCORD_PROXY", &self.address)
            .env("ACTIVITY_FILE", self.file())
            .env("ACTIVITY_SNAPSHOT", self.folder.join("last.activity"))
            .envs(self.more.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    fn run(&self) -> Run {
        let output = self.command().output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        for secret in ["secret", "panicked", CONTENT] {
            assert!(!said.contains(secret), "{secret}: {said}");
        }
        Run {
            ok: output.status.success(),
            said,
        }
    }

    /// Runs it, and gives what it said.
    fn succeeds(&self) -> String {
        let run = self.run();
        assert!(run.ok, "{}", run.said);
        run.said
    }

    fn fails(&self) -> String {
        let run = self.run();
        assert!(!run.ok, "{}", run.said);
        run.said
    }

    /// Something is recorded from then until now and later, so that all runs want the
    /// same.
    fn recorded_from(&self, begin: i64) {
        let mut documents = Vec::new();
        let mut since = begin;
        // The first is short: the time before it is a gap if it is a hundredth of it.
        let mut time = begin + TEN;
        while since < now() + HOUR {
            documents.push(json!({
                "_id": {"$oid": format!("ff{:022}", documents.len())}, "time": date(time), "since": date(since),
                "online-members": 1, "messages-sent": 0, "quantities": {},
            }));
            since = time;
            time = (since + 40 * DAY).min(now() + 2 * HOUR);
        }
        self.records(&documents);
    }

    fn records(&self, documents: &[Value]) {
        let mut text = std::fs::read_to_string(self.file()).unwrap_or_default();
        for document in documents {
            text += &format!("{document}\n");
        }
        std::fs::write(self.file(), text).unwrap();
    }

    fn lines(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.file()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// What `history` wrote, in order of time.
    fn windows(&self) -> Vec<Window> {
        let documents = self
            .lines()
            .into_iter()
            .map(|line| serde_json::from_str(&line).unwrap());
        let written = documents.filter(|document: &Value| document["online-members"].is_null());
        let mut windows: Vec<Window> = written.map(|document| window(&document)).collect();
        windows.sort_by_key(|window| window.time);
        windows
    }
}

fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap().as_millis() as i64
}

fn date(time: i64) -> Value {
    let time = DateTime::from_timestamp_millis(time).unwrap();
    json!({"$date": time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)})
}

#[derive(Clone, Debug, PartialEq)]
struct Window {
    since: i64,
    time: i64,
    quantities: BTreeMap<u64, u32>,
    channels: BTreeMap<u64, u32>,
}

fn window(document: &Value) -> Window {
    let time = |name: &str| {
        let text = document[name]["$date"].as_str().unwrap();
        DateTime::parse_from_rfc3339(text)
            .unwrap()
            .timestamp_millis()
    };
    let counts = |name: &str| -> BTreeMap<u64, u32> {
        let counts = document[name].as_object().unwrap().iter();
        counts
            .map(|(id, sent)| (id.parse().unwrap(), sent.as_u64().unwrap() as u32))
            .collect()
    };
    for unknown in ["members", "joined", "left"] {
        assert!(document.get(unknown).is_none(), "{document}");
    }
    let window = Window {
        since: time("since"),
        time: time("time"),
        quantities: counts("quantities"),
        channels: counts("channels"),
    };
    let sent: u32 = window.quantities.values().sum();
    assert_eq!(document["messages-sent"], sent);
    assert_eq!(window.channels.values().sum::<u32>(), sent);
    window
}

/// What was sent in these channels between these times.
fn truth(state: &State, since: i64, time: i64) -> Window {
    let (mut quantities, mut channels) = (BTreeMap::new(), BTreeMap::new());
    for (&channel, own) in &state.channels {
        let counts_as = state.counts_as(channel);
        if state.channels[&counts_as].access != Access::Full {
            continue;
        }
        let first = own
            .messages
            .partition_point(|message| time_of(message.id) < since);
        let within = own.messages[first..]
            .iter()
            .take_while(|message| time_of(message.id) < time);
        for message in within.filter(|message| message.counts()) {
            *quantities.entry(message.author).or_default() += 1;
            *channels.entry(counts_as).or_default() += 1;
        }
    }
    Window {
        since,
        time,
        quantities,
        channels,
    }
}

/// A server with channels and threads of every kind, in which people, bots and webhooks
/// write from `BEGIN` on for so long.
fn world(seed: u64, span: i64, messages: u64) -> State {
    let mut random = Random(seed);
    let mut state = State {
        server: id(BEGIN - 3 * DAY - 7, 1),
        ..State::default()
    };
    let mut number = 1;
    let mut next = |time: i64| {
        number += 1;
        id(time, number % 4_096)
    };
    let mut places = Vec::new();
    for (kind, name) in [
        (0, "general"),
        (5, "news"),
        (2, "voice"),
        (13, "stage"),
        (15, "forum"),
        (16, "media"),
        (4, "category"),
        (0, "hidden"),
        (0, "unhistoric"),
        (2, "deaf"),
    ] {
        let channel = next(BEGIN - DAY);
        let added = state.add(channel, kind, name);
        added.access = match name {
            "hidden" => Access::Hidden,
            "unhistoric" | "deaf" => Access::NoHistory,
            _ => Access::Full,
        };
        if !matches!(kind, 4 | 15 | 16) {
            places.push((channel, BEGIN, BEGIN + span));
        }
        let threads = match name {
            "general" | "forum" => 120,
            "news" | "media" => 3,
            _ => 0,
        };
        for thread in 0..threads {
            let begin = BEGIN + random.below(span as u64) as i64;
            let end = (begin + 1 + random.below(DAY as u64) as i64).min(BEGIN + span);
            let own = next(begin);
            state.thread(own, channel, (thread % 8 > 0).then_some(end));
            // A forum's first message has its thread's id.
            places.push((own, if kind == 15 { begin } else { begin + 1 }, end));
        }
    }
    let mut sent: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
    for &(place, begin, _) in places.iter().filter(|place| place.0 > id(BEGIN, 0)) {
        if state.channels[&state.counts_as(place)].kind == 15 && begin == time_of(place) {
            sent.insert(place, (place, 7));
        }
    }
    while (sent.len() as u64) < messages {
        // Half of all in the first two.
        let few = if random.below(2) == 0 {
            2
        } else {
            places.len()
        };
        let (place, begin, end) = places[random.index(few)];
        let time = begin + random.below((end - begin).max(1) as u64) as i64;
        sent.insert(next(time), (place, 100 + random.below(40)));
    }
    for (message, (place, author)) in sent {
        let kind = match random.below(20) {
            0 => Kind::Bot,
            1 => Kind::Webhook,
            2 => Kind::System,
            3 => Kind::Person([7, 18, 20, 21, 6][random.index(5)]),
            4..8 => Kind::Person(19),
            _ => Kind::Person(0),
        };
        let messages = &mut state.channels.get_mut(&place).unwrap().messages;
        messages.push(Message {
            id: message,
            author,
            kind,
        });
    }
    state
}

/// When the first message that counts was sent.
fn first(state: &State) -> i64 {
    let readable = state
        .channels
        .iter()
        .filter(|(id, _)| state.channels[&state.counts_as(**id)].access == Access::Full);
    let counted =
        readable.flat_map(|(_, channel)| channel.messages.iter().filter(|one| one.counts()));
    counted.map(|message| time_of(message.id)).min().unwrap()
}

/// That these windows follow one another from the first message to `end`, and hold what
/// was sent.
fn check(windows: &[Window], state: &State, end: i64) {
    assert_eq!(windows[0].since, first(state).div_euclid(TEN) * TEN);
    assert_eq!(windows.last().unwrap().time, end);
    for pair in windows.windows(2) {
        assert_eq!(pair[0].time, pair[1].since);
    }
    for window in windows {
        assert_eq!(window.time - window.since, TEN);
        assert_eq!(*window, truth(state, window.since, window.time));
    }
}

#[test]
fn the_past_of_all_channels_is_written_as_it_was() {
    let end = BEGIN + 3 * DAY;
    let discord = Server::start(world(1, 3 * DAY, 4_000));
    let setup = Setup::new(&discord);
    setup.recorded_from(end);
    let said = setup.succeeds();
    check(&setup.windows(), &discord.state(), end);
    assert!(
        said.contains("2 channels (#hidden, #unhistoric) may not be read by this bot"),
        "{said}"
    );
    assert!(
        said.contains("1 channel (#deaf) gave no message, though there was one"),
        "{said}"
    );
    for line in setup.lines() {
        assert!(
            !line.contains(CONTENT) && !line.contains("somebody"),
            "{line}"
        );
    }
    let asked = discord.state().asked.len();
    let pages = |part: &str| {
        let state = discord.state();
        state
            .asked
            .iter()
            .filter(|path| path.contains(part))
            .count()
    };
    // More than a hundred threads of two channels were archived.
    assert_eq!(pages("&before="), 2);
    // What nobody wrote in before the first message is asked for again, and nothing else.
    let lines = setup.lines();
    let again = setup.succeeds();
    assert!(again.contains("0 windows written"), "{again}");
    assert_eq!(setup.lines(), lines);
    assert!(discord.state().asked.len() < 2 * asked);
}

#[test]
fn killed_ten_times_it_writes_the_same_documents_to_the_byte() {
    let end = BEGIN + 2 * DAY;
    let discord = |latency| {
        let mut state = world(2, 2 * DAY, 6_000);
        state.latency = Duration::from_millis(latency);
        Server::start(state)
    };
    let (quick, slow) = (discord(0), discord(40));
    let (once, killed) = (Setup::new(&quick), Setup::new(&slow));
    // What is there reaches past now, and now is another moment for each of both.
    once.recorded_from(end);
    std::fs::copy(once.file(), killed.file()).unwrap();
    once.succeeds();
    let mut random = Random(now() as u64);
    for kill in 0..10 {
        let until = slow.state().asked.len() + 15 + random.below(30) as usize;
        let mut child = killed.command().stderr(Stdio::null()).spawn().unwrap();
        while slow.state().asked.len() < until {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "done after {kill} kills");
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    // What is kept in between is ids and counts.
    for file in killed.folder.0.read_dir().unwrap().flatten() {
        let text = std::fs::read_to_string(file.path()).unwrap();
        assert!(
            !text.contains(CONTENT) && !text.contains("somebody"),
            "{text}"
        );
    }
    let said = killed.succeeds();
    assert!(
        said.contains("it goes on where the last run ended"),
        "{said}"
    );
    assert_eq!(killed.lines(), once.lines());
    check(&killed.windows(), &slow.state(), end);
}

#[test]
fn gaps_are_mended_and_what_is_there_stays_as_it_is() {
    let discord = Server::start(world(3, DAY, 3_000));
    let mut setup = Setup::new(&discord);
    setup
        .more
        .push(("HISTORY_SINCE", "2023-11-14T22:30:00Z".to_owned()));
    let document = |number: u32, since: Option<i64>, time: i64| {
        let mut document = json!({
            "_id": {"$oid": format!("ee{number:022}")}, "time": date(time),
            "online-members": 3, "messages-sent": 0, "quantities": {},
        });
        if let Some(since) = since {
            document["since"] = date(since);
        }
        document
    };
    // A recorder that was stopped within a window and started again in the same, and
    // then three hours later.
    let cut = BEGIN + 2 * HOUR;
    let mut there = vec![
        document(1, Some(cut - TEN), cut),
        document(2, Some(cut), cut + 2 * MINUTE),
        document(3, Some(cut + 4 * MINUTE), cut + TEN),
        document(4, Some(cut + 3 * HOUR + MINUTE), cut + 3 * HOUR + TEN),
    ];
    // Another bot, which says only when its windows end, misses an hour.
    let other = cut + 6 * HOUR + 3 * MINUTE;
    let ends = (0..30)
        .filter(|number| !(12..18).contains(number))
        .map(|number| other + number * TEN);
    there.extend(
        (5..)
            .zip(ends.clone())
            .map(|(number, end)| document(number, None, end)),
    );
    setup.records(&there);
    let last = other + 29 * TEN;
    setup.recorded_from(last);
    let before = setup.lines();
    setup.succeeds();
    assert_eq!(setup.lines()[..before.len()], before);
    let windows = setup.windows();
    for window in &windows {
        assert_eq!(*window, truth(&discord.state(), window.since, window.time));
    }
    let spans: Vec<(i64, i64)> = windows
        .iter()
        .map(|window| (window.since, window.time))
        .collect();
    let clock = |begin: i64, end: i64| {
        let mut spans = Vec::new();
        let mut since = begin;
        while since < end {
            let time = ((since.div_euclid(TEN) + 1) * TEN).min(end);
            spans.push((since, time));
            since = time;
        }
        spans
    };
    let missing = [
        clock(BEGIN + 20 * MINUTE, cut - TEN),
        clock(cut + 2 * MINUTE, cut + 4 * MINUTE),
        clock(cut + TEN, cut + 3 * HOUR + MINUTE),
        clock(cut + 3 * HOUR + TEN, other - TEN),
        clock(other + 11 * TEN, other + 17 * TEN),
    ];
    assert_eq!(spans, missing.concat());
    // No channel is asked for messages from a time on that is recorded.
    for path in &discord.state().asked {
        if let Some((_, after)) = path.split_once("&after=") {
            let time = time_of(after.parse::<u64>().unwrap() + 1);
            assert!(
                spans.iter().any(|span| (span.0..span.1).contains(&time)),
                "{path}"
            );
        }
    }
    // What is mended is whole: nothing more is asked for.
    let asked = discord.state().asked.len();
    let said = setup.succeeds();
    assert!(said.contains("nothing is missing"), "{said}");
    assert_eq!(discord.state().asked.len(), asked);
}

#[test]
fn what_a_recorder_has_waiting_is_not_written_by_another() {
    let end = BEGIN + 6 * HOUR;
    let discord = Server::start(world(4, 6 * HOUR, 500));
    let setup = Setup::new(&discord);
    setup.recorded_from(end);
    setup.succeeds();
    let (whole, all) = (setup.windows(), setup.lines());
    let waiting = setup
        .folder
        .0
        .read_dir()
        .unwrap()
        .flatten()
        .map(|file| file.path());
    let waiting = waiting
        .into_iter()
        .find(|path| path.extension().is_some_and(|it| it == "history"));
    let waiting = waiting.unwrap().with_extension("bson");
    // As the recorder writes it: an hour of the third.
    let (since, time) = (BEGIN + 2 * HOUR, BEGIN + 3 * HOUR);
    let document = bson::doc! {
        "_id": bson::oid::ObjectId::new(), "time": bson::DateTime::from_millis(time),
        "since": bson::DateTime::from_millis(since), "online-members": 1,
        "messages-sent": 0, "quantities": {},
    };
    std::fs::write(&waiting, document.to_vec().unwrap()).unwrap();
    std::fs::write(waiting.with_extension("bson.lock"), "").unwrap();
    std::fs::write(setup.file(), "").unwrap();
    setup.recorded_from(end);
    setup.succeeds();
    let windows = setup.windows();
    assert_eq!(windows.len(), whole.len() - 6);
    let kept = whole
        .iter()
        .filter(|window| !(since..time).contains(&window.since));
    assert_eq!(windows, kept.cloned().collect::<Vec<_>>());
    assert!(all.len() > setup.lines().len());
}

#[test]
fn limits_are_kept_and_waits_are_as_long_as_discord_asks() {
    let end = BEGIN + DAY;
    let mut state = world(5, DAY, 3_000);
    state.limits = Some(Limits {
        of_channel: (2, Duration::from_secs(1)),
        // A machine that is busy may hand some of fifty in a second on together.
        of_all: 100,
    });
    let discord = Server::start(state);
    let setup = Setup::new(&discord);
    setup.recorded_from(end);
    setup.succeeds();
    check(&setup.windows(), &discord.state(), end);
    assert_eq!(discord.state().answers.get(&429), None);
    // A second program uses the same token: requests are refused, and repeated.
    let mut state = world(5, DAY, 3_000);
    state.limits = Some(Limits {
        of_channel: (2, Duration::from_millis(1_500)),
        of_all: 20,
    });
    state.faults.extend([429, 502, 500]);
    let discord = Server::start(state);
    let again = Setup {
        address: discord.address.clone(),
        folder: Folder::new(),
        ..setup
    };
    again.recorded_from(end);
    again.succeeds();
    check(&again.windows(), &discord.state(), end);
    let refused = discord.state().answers[&429];
    assert!((1..200).contains(&refused), "{refused}");
}

#[test]
fn a_channel_that_is_deleted_or_closed_meanwhile_is_said() {
    let end = BEGIN + DAY;
    let mut state = world(6, DAY, 5_000);
    let ids: Vec<u64> = state
        .channels
        .keys()
        .copied()
        .filter(|id| state.channels[id].messages.len() > 300)
        .collect();
    state.ends.extend([(ids[0], (2, 404)), (ids[1], (1, 403))]);
    let names: Vec<String> = ids
        .iter()
        .map(|id| state.channels[id].name.clone())
        .collect();
    let kept = |state: &State, id: u64, pages: usize| {
        let messages = state.channels[&id].messages.iter().take(100 * pages);
        messages.copied().collect::<Vec<_>>()
    };
    let (deleted, closed) = (kept(&state, ids[0], 2), kept(&state, ids[1], 1));
    let discord = Server::start(state);
    let setup = Setup::new(&discord);
    setup.recorded_from(end);
    let said = setup.succeeds();
    let mut state = discord.state();
    state.channels.get_mut(&ids[0]).unwrap().messages = deleted;
    state.channels.get_mut(&ids[1]).unwrap().messages = closed;
    check(&setup.windows(), &state, end);
    assert!(
        said.contains(&format!(
            "#{} was deleted; what was read of it counts",
            names[0]
        )),
        "{said}"
    );
    assert!(
        said.contains(&format!(
            "#{} is closed to this bot; what was read of it counts",
            names[1]
        )),
        "{said}"
    );
}

#[test]
fn what_only_a_person_can_mend_is_said() {
    let discord = Server::start(world(7, HOUR, 100));
    let elsewhere = Server::start(world(8, HOUR, 100));
    elsewhere.state().server += 1;
    let unseeing = Server::start(world(9, HOUR, 100));
    for channel in unseeing.state().channels.values_mut() {
        if matches!(channel.kind, 2 | 13) {
            channel.kind = 0;
        }
        channel.access = Access::Hidden;
    }
    let with = |discord: &Server, name: &'static str, value: &str| {
        let mut setup = Setup::new(discord);
        setup.more.push((name, value.to_owned()));
        setup
    };
    let mut elsewhere = Setup::new(&elsewhere);
    elsewhere.server -= 1;
    for (setup, words) in [
        (
            with(&discord, "DISCORD_TOKEN", "another.secret"),
            "doesn't accept DISCORD_TOKEN",
        ),
        (
            with(&discord, "DISCORD_TOKEN", ""),
            "DISCORD_TOKEN is not set",
        ),
        (
            with(&discord, "HISTORY_SINCE", "yesterday"),
            "HISTORY_SINCE: \"yesterday\" is not a time",
        ),
        (with(&discord, "ACTIVITY_FILE", "/"), "ACTIVITY_FILE"),
        (elsewhere, "correct DISCORD_GUILD_ID"),
        (
            Setup::new(&unseeing),
            "there is no channel that this bot may read",
        ),
    ] {
        let said = setup.fails();
        assert!(
            said.lines().last().unwrap().starts_with("error: "),
            "{said}"
        );
        assert!(said.contains(words), "{words}: {said}");
        assert!(setup.windows().is_empty());
    }
    // It is asked once, not by all channels at once.
    assert_eq!(discord.state().answers[&401], 1);
}
