//! How long `history` takes, how often it asks and how much memory it needs, on a
//! server with 200 channels and threads and a million messages, with Discord's limits:
//! `cargo bench -p activity-discord --bench history`. It takes five minutes; with
//! `MESSAGES=5000000`, five times as long.

#[path = "../tests/rest/mod.rs"]
mod rest;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use activity_data::source::sample::Random;
use rest::{Kind, Limits, Message, Server, State, TOKEN, id};

const DAY: i64 = 86_400_000;
const CHANNELS: u64 = 200;

fn main() {
    let messages = std::env::var("MESSAGES");
    let messages = messages.map_or(1_000_000, |count| count.parse().unwrap());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let end = now.as_millis() as i64 / DAY * DAY;
    let begin = end - 2 * 365 * DAY;
    let mut random = Random(1);
    let mut state = State {
        server: id(begin - 1, 0),
        // As it is seen: five a channel in five seconds; and as it is documented, fifty
        // a second in all.
        limits: Some(Limits {
            of_channel: (5, Duration::from_secs(5)),
            of_all: 50,
        }),
        latency: Duration::from_millis(80),
        ..State::default()
    };
    let channels: Vec<u64> = (0..CHANNELS).map(|number| id(begin, number)).collect();
    for (number, &channel) in channels.iter().enumerate() {
        match number % 4 {
            // Each second thread is archived.
            3 => state.thread(
                channel,
                channels[number - 3],
                (number % 8 == 3).then_some(end),
            ),
            _ => state.add(channel, 0, &format!("channel-{number}")),
        };
    }
    // The busiest has 29,000 of a million; some 2,000 members write.
    for number in 0..messages {
        let time =
            begin + 1 + ((end - begin - 1) as u128 * number as u128 / messages as u128) as i64;
        let place = (random.below(CHANNELS).pow(2) / CHANNELS).min(CHANNELS - 1);
        let channel = channels[(if random.below(3) == 0 {
            place
        } else {
            random.below(CHANNELS)
        }) as usize];
        let message = Message {
            id: id(time, number % 4_096),
            author: 1 + random.below(2_000) * random.below(2_000) / 2_000,
            kind: if random.below(12) == 0 {
                Kind::Bot
            } else {
                Kind::Person(0)
            },
        };
        state
            .channels
            .get_mut(&channel)
            .unwrap()
            .messages
            .push(message);
    }
    let busiest = state
        .channels
        .values()
        .map(|channel| channel.messages.len())
        .max();
    let folder = std::env::temp_dir().join(format!("history-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let discord = Server::start(state);
    let began = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_history"))
        .current_dir(&folder)
        .env("DISCORD_TOKEN", TOKEN)
        .env("DISCORD_GUILD_ID", discord.state().server.to_string())
        .env("DISCORD_PROXY", &discord.address)
        .env("ACTIVITY_FILE", folder.join("activity.jsonl"))
        .env("ACTIVITY_SNAPSHOT", folder.join("last.activity"))
        .env_remove("MONGOKEY")
        .env_remove("HISTORY_SINCE")
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let mut peak = 0;
    let status = loop {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        peak = peak.max(kilobytes.unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let took = began.elapsed().as_secs_f64();
    let state = discord.state();
    let size = std::fs::metadata(folder.join("activity.jsonl")).map_or(0, |data| data.len());
    println!(
        "{messages} messages in {CHANNELS} channels and threads, {busiest:?} in the busiest: {status}"
    );
    println!(
        "time {took:.0} s, requests {}, answers {:?}, memory {} MB at most, {} MB written",
        state.asked.len(),
        state.answers,
        peak / 1_024,
        size >> 20
    );
    let _ = std::fs::remove_dir_all(&folder);
}
