//! `make post` from a MongoDB to a stand-in of Discord's webhooks.

use std::process::Command;

use mongodb::bson::{DateTime, Document, doc};
use serde_json::json;

use crate::support::{Folder, Mongod};
use crate::webhook::{Fault, ID, Server, TOKEN, parsed};

const HOUR: i64 = 3_600_000;
/// 5 October 2026, 00:00 UTC: a Monday.
const BEGIN: i64 = 1_791_158_400_000;

/// Hours of two members, from Monday on: three messages in each, and as `messages` says
/// in others.
fn hours(hours: impl Iterator<Item = i64>, messages: impl Fn(i64) -> i32) -> Vec<Document> {
    let document = |hour: i64| {
        let sent = messages(hour);
        doc! {
            "time": DateTime::from_millis(BEGIN + (hour + 1) * HOUR),
            "since": DateTime::from_millis(BEGIN + hour * HOUR),
            "online-members": 20,
            "messages-sent": sent,
            "quantities": { "11": sent - 1, "12": 1 },
        }
    };
    hours.map(document).collect()
}

fn fill(mongod: &Mongod, documents: Vec<Document>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let client = mongodb::Client::with_uri_str(mongod.uri()).await.unwrap();
        let collection = client.database("discord").collection("activitydata");
        collection.drop().await.unwrap();
        collection.insert_many(documents).await.unwrap();
    });
}

/// Runs it with these settings; gives whether it went well, and what it said.
fn post(
    mongod: &Mongod,
    server: &Server,
    folder: &Folder,
    settings: &[(&str, &str)],
) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_post-period"))
        .current_dir(&folder.0)
        .env("MONGOKEY", mongod.uri())
        .env("MONGODB_DATABASE", "discord")
        .env("TIMEZONE", "UTC")
        .env("SERVER_NAME", "Our *Server*")
        .env(
            "DISCORD_WEBHOOK",
            format!("https://discord.com/api/webhooks/{ID}/{TOKEN}"),
        )
        .env("DISCORD_PROXY", &server.address)
        .env("ACTIVITY_SNAPSHOT", folder.join("last.activity"))
        .envs(settings.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(
        !said.contains(TOKEN) && !said.contains("panicked"),
        "{said}"
    );
    (output.status.success(), said)
}

fn content(server: &Server, index: usize) -> String {
    let form = parsed(&server.taken()[index]);
    assert_eq!(form["size"], json!([1200, 675]), "{form}");
    form["payload"]["content"].as_str().unwrap().to_owned()
}

#[test]
fn the_last_week_is_posted_once_with_what_was_unusual() {
    let (mongod, server, folder) = (Mongod::start(), Server::start([]), Folder::new());
    // Four weeks and a day. In the fourth, Wednesday from 20 to 22 was a raid.
    let raid = 3 * 168 + 2 * 24 + 20;
    fill(
        &mongod,
        hours(0..4 * 168 + 24, |hour| {
            if (raid..raid + 2).contains(&hour) {
                400
            } else {
                6 + (hour % 5) as i32
            }
        }),
    );
    let (ok, said) = post(&mongod, &server, &folder, &[]);
    assert!(ok, "{said}");
    assert!(
        said.ends_with("Posted the week from 2026-10-26.\n"),
        "{said}"
    );
    let text = content(&server, 0);
    assert!(text.starts_with("**Our \\*Server\\*, week from "), "{text}");
    assert!(
        text.contains("the week before over the same 168 hours"),
        "{text}"
    );
    assert!(
        text.contains(
            "The most unusual: on Wednesday 28 October at 20:00, for 2 hours, 800 messages where"
        ),
        "{text}"
    );
    let form = parsed(&server.taken()[0]);
    assert_eq!(form["file"], "week-2026-10-26.png");
    let description = form["payload"]["attachments"][0]["description"]
        .as_str()
        .unwrap();
    assert!(
        description.starts_with("Our *Server*, week from "),
        "{description}"
    );

    let (ok, said) = post(&mongod, &server, &folder, &[]);
    assert!(
        ok && said.contains("Not posted again: the week from 2026-10-26 was posted at "),
        "{said}"
    );
    assert_eq!(server.taken().len(), 1);
    // A month is another post.
    let (ok, said) = post(&mongod, &server, &folder, &[("POST_PERIOD", "month")]);
    assert!(
        ok && said.contains("Posted the month from 2026-10-01."),
        "{said}"
    );
    assert_eq!(server.taken().len(), 2);
}

#[test]
fn a_week_that_was_recorded_badly_says_so_first_and_one_like_others_can_stay_unsaid() {
    let (mongod, server, folder) = (Mongod::start(), Server::start([]), Folder::new());
    // Of the third week a third is missing.
    let recorded = (0..3 * 168 + 5).filter(|hour| !(2 * 168..2 * 168 + 56).contains(hour));
    fill(&mongod, hours(recorded, |hour| 6 + (hour % 5) as i32));
    let (ok, said) = post(&mongod, &server, &folder, &[("POST_ONLY", "unusual")]);
    assert!(
        ok && said.ends_with("Nothing is posted: the last week was like others.\n"),
        "{said}"
    );
    assert!(server.taken().is_empty());
    let (ok, said) = post(&mongod, &server, &folder, &[]);
    assert!(ok, "{said}");
    let text = content(&server, 0);
    let (_, below) = text.split_once('\n').unwrap();
    assert!(
        below.starts_with("Only 66% of the week was recorded"),
        "{text}"
    );
    assert!(below.ends_with("No hour was far from usual."), "{text}");
}

#[test]
fn a_pinned_post_is_one_message_that_is_changed() {
    let (mongod, server, folder) = (Mongod::start(), Server::start([]), Folder::new());
    let pinned = [("POST_PINNED", "yes")];
    for days in [1, 2] {
        fill(
            &mongod,
            hours(0..2 * 168 + 24 * days, |hour| 6 + (hour % 5) as i32),
        );
        let (ok, said) = post(&mongod, &server, &folder, &pinned);
        assert!(ok, "{said}");
    }
    let requests: Vec<String> = server
        .taken()
        .into_iter()
        .map(|taken| taken.request)
        .collect();
    assert!(
        requests[0].starts_with("POST ") && requests.len() == 2,
        "{requests:?}"
    );
    let edit = format!("PATCH /api/v10/webhooks/{ID}/{TOKEN}/messages/800000000000000001 HTTP/1.1");
    assert_eq!(requests[1], edit);
    assert!(
        content(&server, 1).contains("week from Mon 19 Oct 2026, so far"),
        "{}",
        content(&server, 1)
    );
    // Its picture takes the place of the one before.
    let attachments = &parsed(&server.taken()[1])["payload"]["attachments"];
    assert_eq!(attachments.as_array().map(Vec::len), Some(1));
    // Somebody removed the message.
    server.channel.lock().unwrap().is_gone = true;
    let (ok, said) = post(&mongod, &server, &folder, &pinned);
    assert!(
        ok && server.taken()[2].request.starts_with("POST "),
        "{said}"
    );
    // An edit that may have arrived is made again: twice is as once.
    server.channel.lock().unwrap().is_gone = false;
    server
        .channel
        .lock()
        .unwrap()
        .faults
        .extend([Fault::BreakAfterBody]);
    let (ok, said) = post(&mongod, &server, &folder, &pinned);
    assert!(ok && server.taken().len() == 5, "{said}");
}

#[test]
fn what_is_wrong_is_said_before_anything_is_posted() {
    let (mongod, server, folder) = (Mongod::start(), Server::start([]), Folder::new());
    fill(&mongod, hours(0..30, |_| 6));
    for (name, value, says) in [
        (
            "POST_PERIOD",
            "year",
            "POST_PERIOD=year is unknown; use WEEK or MONTH",
        ),
        ("POST_ONLY", "yes", "POST_ONLY=yes is unknown; use unusual"),
        (
            "POST_PINNED",
            "perhaps",
            "POST_PINNED=perhaps is unknown; use yes or no",
        ),
        ("DISCORD_WEBHOOK", "", "DISCORD_WEBHOOK is not set"),
        ("MONGOKEY", "", "nothing to post but the sample"),
        ("TIMEZONE", "UTC", "nothing to post yet: no week is over"),
    ] {
        let (ok, said) = post(&mongod, &server, &folder, &[(name, value)]);
        assert!(!ok && said.contains(says), "{name}={value}: {said}");
    }
    assert_eq!(server.taken().len(), 0);
}
