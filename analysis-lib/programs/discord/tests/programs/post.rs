//! The program `post` against a stand-in of Discord's webhooks.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::Folder;
use crate::webhook::{Fault, ID, Server, TOKEN, parsed};

struct Run {
    ok: bool,
    said: String,
}

/// A picture of one pixel.
fn png() -> Vec<u8> {
    let hex = "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c636800000082008177cd72b60000000049454e44ae426082";
    (0..hex.len() / 2)
        .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
        .collect()
}

fn command(server: &str, folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_post"));
    command
        .env(
            "DISCORD_WEBHOOK",
            format!("https://discord.com/api/webhooks/{ID}/{TOKEN}"),
        )
        .env("DISCORD_PROXY", server)
        .env("ACTIVITY_SNAPSHOT", folder.join("snapshot"))
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// Posts this; ends the program after so long, if it is said how long.
fn run(mut command: Command, says: &str, picture: &[u8], killed: Option<Duration>) -> Run {
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let head = json!({"title": "Messages", "says": says, "table": null, "bytes": picture.len()});
    let _ = writeln!(stdin, "{head}").and_then(|()| stdin.write_all(picture));
    if let Some(after) = killed {
        std::thread::sleep(after);
        let _ = child.kill();
    }
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        !said.contains("s3cr3t") && !said.contains("panicked"),
        "{said}"
    );
    Run {
        ok: output.status.success(),
        said,
    }
}

fn post(server: &Server, folder: &Folder) -> Run {
    run(
        command(&server.address, &folder.0),
        "Ann wrote most.",
        &png(),
        None,
    )
}

#[test]
fn a_picture_arrives_with_its_sentence_and_mentions_nobody() {
    let (server, folder) = (Server::start([]), Folder::new());
    let says = "@everyone <@1> and **É🎉** wrote most.";
    let done = run(command(&server.address, &folder.0), says, &png(), None);
    assert!(done.ok, "{}", done.said);
    assert_eq!(done.said, "Posted \"Messages\".\n");
    let taken = server.taken();
    assert_eq!(taken.len(), 1);
    let path = format!("POST /api/v10/webhooks/{ID}/{TOKEN}?wait=true HTTP/1.1");
    assert_eq!(taken[0].request, path);
    let form = parsed(&taken[0]);
    assert_eq!(form["names"], json!(["payload_json", "files[0]"]));
    assert_eq!(
        (&form["file"], &form["type"], &form["size"], &form["format"]),
        (
            &json!("figure.png"),
            &json!("image/png"),
            &json!([1, 1]),
            &json!("PNG")
        )
    );
    let payload = &form["payload"];
    assert_eq!(payload["allowed_mentions"], json!({"parse": []}));
    assert_eq!(
        payload["content"],
        "@\u{200b}everyone <\u{200b}@\u{200b}1\\> and \\*\\*É🎉\\*\\* wrote most."
    );
    assert_eq!(
        payload["attachments"],
        json!([{"id": 0, "filename": "figure.png", "description": format!("Messages: {says}")}])
    );
    // The webhook keeps its own name and picture.
    assert_eq!(payload.as_object().unwrap().len(), 3);
}

#[test]
fn long_texts_are_cut_to_what_discord_takes() {
    let (server, folder) = (Server::start([]), Folder::new());
    let done = run(
        command(&server.address, &folder.0),
        &"📈 words ".repeat(600),
        &png(),
        None,
    );
    assert!(done.ok, "{}", done.said);
    let payload = parsed(&server.taken()[0])["payload"].clone();
    let length = |text: &Value| text.as_str().unwrap().encode_utf16().count();
    assert!((1900..=2000).contains(&length(&payload["content"])));
    assert!((950..=1024).contains(&length(&payload["attachments"][0]["description"])));
}

#[test]
fn a_picture_that_discord_would_not_take_is_not_sent() {
    let (server, folder) = (Server::start([]), Folder::new());
    let picture = vec![7; (10 << 20) + 1];
    let done = run(command(&server.address, &folder.0), "x", &picture, None);
    assert!(
        !done.ok && done.said.contains("Discord takes 10485760"),
        "{}",
        done.said
    );
    assert!(server.taken().is_empty());
}

#[test]
fn the_same_picture_is_not_posted_twice_within_an_hour() {
    let (server, folder) = (Server::start([]), Folder::new());
    assert!(post(&server, &folder).ok);
    let again = post(&server, &folder);
    assert!(
        again.ok
            && again
                .said
                .starts_with("Not posted again: \"Messages\" was posted at "),
        "{}",
        again.said
    );
    assert_eq!(server.taken().len(), 1);
    // Another one is.
    assert!(
        run(
            command(&server.address, &folder.0),
            "Ben wrote most.",
            &png(),
            None
        )
        .ok
    );
    assert_eq!(server.taken().len(), 2);
    // And the same, an hour later.
    let ledger = ledger(&folder);
    let text = std::fs::read_to_string(&ledger).unwrap();
    let mut posts: Vec<Value> = serde_json::from_str(&text).unwrap();
    for post in &mut posts {
        post["begun"] = json!("2026-01-01T00:00:00Z");
    }
    std::fs::write(&ledger, json!(posts).to_string()).unwrap();
    assert!(post(&server, &folder).ok);
    assert_eq!(server.taken().len(), 3);
    #[cfg(unix)]
    {
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&ledger.metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
}

/// The file in which the program notes what it posted.
fn ledger(folder: &Folder) -> PathBuf {
    let files = folder
        .0
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut own = files.filter(|path| path.to_string_lossy().ends_with(".posts.json"));
    own.next().expect("what was posted is noted")
}

#[test]
fn what_may_have_arrived_is_not_sent_again_and_the_next_run_says_so() {
    for fault in [
        Fault::BreakAfterBody,
        Fault::TakeAndAnswer(504),
        Fault::BreakBeforeBody,
    ] {
        let (server, folder) = (Server::start([fault.clone()]), Folder::new());
        let first = post(&server, &folder);
        assert!(
            !first.ok
                && first
                    .said
                    .contains("whether \"Messages\" was posted isn't known"),
            "{fault:?}: {}",
            first.said
        );
        let taken = server.taken().len();
        let again = post(&server, &folder);
        assert!(
            again.ok && again.said.contains("Discord gave no clear answer"),
            "{}",
            again.said
        );
        assert_eq!(server.taken().len(), taken, "{fault:?}");
        // As it says.
        std::fs::remove_file(ledger(&folder)).unwrap();
        assert!(post(&server, &folder).ok);
        assert_eq!(server.taken().len(), taken + 1);
    }
}

#[test]
fn what_certainly_did_nothing_is_repeated() {
    let limited =
        json!({"message": "You are being rate limited.", "retry_after": 0.2, "global": false});
    let faults = [
        Fault::Answer(429, limited.to_string()),
        Fault::Answer(500, String::new()),
        Fault::Answer(502, "<html>".to_owned()),
    ];
    let (server, folder) = (Server::start(faults), Folder::new());
    let done = post(&server, &folder);
    assert!(
        done.ok && done.said.contains("Discord asks to wait 0.2 s"),
        "{}",
        done.said
    );
    assert_eq!(
        (
            server.taken().len(),
            server.channel.lock().unwrap().requests
        ),
        (1, 4)
    );
}

#[test]
fn a_webhook_that_is_gone_ends_it_with_the_remedy() {
    for (status, code) in [(404, 10015), (401, 50027)] {
        let body = json!({"message": "Unknown Webhook", "code": code}).to_string();
        let (server, folder) = (Server::start([Fault::Answer(status, body)]), Folder::new());
        let done = post(&server, &folder);
        assert!(
            !done.ok && done.said.contains("Copy Webhook URL"),
            "{}",
            done.said
        );
        assert_eq!(server.channel.lock().unwrap().requests, 1);
        // It was certainly not posted, and is when the address is right.
        assert!(post(&server, &folder).ok);
    }
}

#[test]
fn a_webhook_that_is_missing_or_wrong_is_said_without_its_password() {
    let folder = Folder::new();
    for (webhook, says) in [
        ("", "DISCORD_WEBHOOK is not set"),
        (
            "https://discord.com/api/webhooks/s3cr3t",
            "is no webhook's address",
        ),
        (
            "https://discord.com/api/webhooks/1/s3cr3t é",
            "is no webhook's address",
        ),
    ] {
        let mut command = command("127.0.0.1:1", &folder.0);
        command.env("DISCORD_WEBHOOK", webhook);
        let done = run(command, "x", &png(), None);
        assert!(!done.ok && done.said.contains(says), "{}", done.said);
    }
    let nobody = run(command("127.0.0.1:1", &folder.0), "x", &png(), None);
    assert!(
        !nobody.ok && nobody.said.contains("Discord can't be reached"),
        "{}",
        nobody.said
    );
}

/// Numbers from a seed, by SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % bound
    }
}

/// Runs are killed and answers fail at random, run after run.
#[test]
fn nothing_is_posted_twice_or_lost_without_a_word() {
    let seeds = Arc::new(Mutex::new(0..200_u64));
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let seeds = seeds.clone();
            std::thread::spawn(move || {
                let next = || seeds.lock().unwrap().next();
                while let Some(seed) = next() {
                    schedule(seed);
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
}

fn schedule(seed: u64) {
    let mut random = Random(seed);
    let limited = json!({"retry_after": 0.05}).to_string();
    let faults: Vec<Fault> = (0..random.below(4))
        .map(|_| match random.below(6) {
            0 => Fault::BreakBeforeBody,
            1 => Fault::BreakAfterBody,
            2 => Fault::TakeAndAnswer(504),
            3 => Fault::Answer(404, json!({"code": 10015}).to_string()),
            _ => Fault::Answer(429, limited.clone()),
        })
        .collect();
    let (server, folder) = (Server::start(faults.clone()), Folder::new());
    let mut said = Vec::new();
    for _ in 0..4 {
        let killed = (random.below(2) == 0).then(|| Duration::from_millis(random.below(20)));
        let done = run(
            command(&server.address, &folder.0),
            "Ann wrote most.",
            &png(),
            killed,
        );
        said.push(done.said);
    }
    let last = post(&server, &folder);
    let taken = server.taken().len();
    assert!(
        taken <= 1,
        "seed {seed}, {faults:?}: posted {taken} times: {said:?}"
    );
    // Else it isn't known, or the webhook was refused: that is said.
    let told = match last.said.contains("Posted \"") || last.said.contains("was posted at") {
        true => taken == 1,
        false => ["no clear answer", "not posted:", "isn't known"]
            .iter()
            .any(|word| last.said.contains(word)),
    };
    assert!(
        told,
        "seed {seed}, {faults:?}: {taken} posted, and it says {}",
        last.said
    );
}
