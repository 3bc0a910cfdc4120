//! The pull against real servers.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use activity_data::GapKind;
use analysis_lib::{Activity, Window};
use serde_json::Value;

use crate::support::{
    Cell, Fault, Folder, Mongod, Proxy, assert_same, pull, reading, signal, totals,
};

/// The same documents through PyMongo and through the pull are the same.
#[test]
fn columns_are_what_pymongo_reads() {
    let server = Mongod::start();
    server.python(&["fill", "db", "6000"]);
    let pulled = pull(&server.uri(), "db");
    let activity = pulled.activity();
    let expected: Value = serde_json::from_str(&server.python(&["columns", "db"])).unwrap();
    let list = |name: &str| -> Vec<i64> {
        expected[name]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v.as_i64().unwrap())
            .collect()
    };
    assert_eq!(activity.ends(), list("times"));
    let online = activity.online_members().iter().flatten();
    let online: Vec<i64> = online.map(|&v| v.into()).collect();
    assert_eq!(online, list("online"));
    let volume: Vec<i64> = activity
        .message_volume()
        .iter()
        .map(|&v| v.into())
        .collect();
    assert_eq!(volume, list("volume"));
    let members = expected["members"].as_object().unwrap();
    let members = members
        .iter()
        .map(|(id, sent)| (id.parse().unwrap(), sent.as_u64().unwrap()));
    assert_eq!(totals(&activity), members.collect());
    let stdout = pulled.stdout();
    // A machine with much to do takes over a second, and says how far it is.
    let lines: Vec<&str> = stdout
        .lines()
        .filter(|line| !line.contains(" of 6,000 windows, "))
        .collect();
    assert_eq!(
        lines[0],
        "Connected to MongoDB database db, collection activitydata"
    );
    assert_eq!(lines[1], "Number of entries: 6000");
    assert_eq!(
        lines[2],
        "From 2025-12-31 19:00 EST to 2026-02-11 10:50 EST (US/Eastern)"
    );
    assert!(
        lines[3].starts_with("Last updated: 20") && lines.len() == 4,
        "{lines:?}"
    );
    assert_eq!(pulled.stderr(), "");
}

/// One bad document costs nothing but itself, and is named.
#[test]
fn bad_documents_are_left_out_and_named() {
    let server = Mongod::start();
    server.python(&["fill", "db", "3"]);
    let documents = r#"[
        {"_id": ObjectId("5f52a7d0c8a1b2c3d4e5f601"), "time": 7, "online-members": 1, "messages-sent": 1, "quantities": {}},
        {"_id": "mine", "time": datetime.datetime(2026, 1, 1), "online-members": "9", "messages-sent": 1, "quantities": {}},
        {"_id": 3, "time": datetime.datetime(2026, 1, 1), "online-members": 1.5, "messages-sent": 1, "quantities": {}},
        {"_id": 4, "time": datetime.datetime(2026, 1, 1), "online-members": 1, "messages-sent": -1, "quantities": {}},
        {"_id": 5, "time": datetime.datetime(2026, 1, 1), "online-members": 1, "messages-sent": 1, "quantities": {"me": 1}},
        {"_id": 6, "time": datetime.datetime(2026, 1, 1), "online-members": 1, "messages-sent": 1},
    ]"#;
    server.python(&["insert", "db", "activitydata", documents]);
    let pulled = pull(&server.uri(), "db");
    assert_eq!(pulled.activity().len(), 3);
    let stdout = pulled.stdout();
    assert!(stdout.contains("Number of entries: 3\n"), "{stdout}");
    let left_out = "Left out: 6 documents that can't be used
  ObjectId(\"5f52a7d0c8a1b2c3d4e5f601\"): time is a number, not a date (7)
  _id \"mine\": online-members is not a number (string)
  _id 3: online-members is not a whole number (1.5)
  _id 4: messages-sent is negative (-1)
  _id 5: quantities has a key that is not a member's id (\"me\")
  and 1 more; left_out() lists them all\n";
    assert!(stdout.contains(left_out), "{stdout}");
}

/// Re-running fetches what is new, finds late arrivals, and doesn't trust a
/// snapshot that doesn't hold.
#[test]
fn a_snapshot_is_used_only_as_long_as_it_holds() {
    let server = Mongod::start();
    server.python(&["fill", "db", "5000"]);
    let folder = Folder::new();
    let file = folder.join("cache/snapshot");
    let again = |expected: usize, anew: Option<&str>| {
        let pulled = Cell::new(&server.uri(), "db")
            .env("ACTIVITY_SNAPSHOT", &file)
            .run();
        let stdout = pulled.stdout();
        assert_eq!(pulled.activity().len(), expected, "{stdout}");
        let line = stdout
            .lines()
            .find(|line| line.starts_with("Pulling everything anew"));
        let line = line.map(|line| line.split_once(": ").unwrap().1.trim_end_matches('.'));
        assert_eq!(line, anew, "{stdout}");
        assert_same(&pulled.activity(), &pull(&server.uri(), "db").activity());
    };
    again(5000, None);
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let private = file.parent().unwrap().metadata().unwrap();
    assert_eq!(private.permissions().mode() & 0o777, 0o700);
    again(5000, None);
    // What is new, and late: its time lies before all others.
    server.python(&["fill", "db", "100", "2025-06-01T00:00:00"]);
    again(5100, None);
    let first_size = file.metadata().unwrap().len();
    server.python(&["fill", "db", "3", "2026-06-01T00:00:00"]);
    again(5103, None);
    assert_eq!(
        file.metadata().unwrap().len(),
        first_size,
        "a few windows don't rewrite it"
    );
    // Deleted in the middle.
    let middle = r#"{"online-members": 41, "$expr": {"$eq": [{"$year": "$time"}, 2026]}}"#;
    let deleted = server.python(&["delete", "db", middle]);
    assert_ne!(deleted.trim(), "0");
    let left: usize =
        serde_json::from_str::<Value>(&server.python(&["columns", "db"])).unwrap()["times"]
            .as_array()
            .unwrap()
            .len();
    again(
        left,
        Some("documents before the last one have been deleted or added"),
    );
    // Other documents in the same collection.
    server.python(&["delete", "db", "{}"]);
    server.python(&["fill", "db", "50"]);
    again(50, Some("its last documents have changed"));
    // A late arrival whose _id, too, lies before all others.
    let late = r#"[{"_id": ObjectId("000000000000000000000001"), "time": datetime.datetime(2026, 1, 1), "online-members": 1, "messages-sent": 0, "quantities": {}}]"#;
    server.python(&["insert", "db", "activitydata", late]);
    again(
        51,
        Some("documents before the last one have been deleted or added"),
    );
    // Another collection of the same name.
    server.python(&["drop", "db"]);
    server.python(&["fill", "db", "50"]);
    again(
        50,
        Some("the collection is not the one that was pulled before"),
    );
    // Damaged.
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    again(50, Some("the snapshot of the last pull is damaged"));
    again(50, None);
}

/// A document that was left out is looked at again, and used once it is mended.
#[test]
fn a_mended_document_is_taken() {
    let server = Mongod::start();
    server.python(&["fill", "db", "3000"]);
    let bad = r#"[{"n": n, "time": 7, "online-members": 1, "messages-sent": 1, "quantities": {}} for n in range(3)]"#;
    server.python(&["insert", "db", "activitydata", bad]);
    server.python(&["fill", "db", "20", "2026-09-01T00:00:00"]);
    let folder = Folder::new();
    let cell = || Cell::new(&server.uri(), "db").env("ACTIVITY_SNAPSHOT", folder.join("snapshot"));
    let run = |taken: usize, left_out: usize, anew: bool| {
        let pulled = cell().run();
        let activity = pulled.activity();
        assert_eq!(
            (activity.len(), activity.left_out().len()),
            (taken, left_out)
        );
        let line = "Pulling everything anew: a document that was left out has changed.";
        assert_eq!(pulled.stdout().contains(line), anew, "{}", pulled.stdout());
        assert_eq!(
            pulled.stdout().contains("anew"),
            anew,
            "{}",
            pulled.stdout()
        );
    };
    run(3020, 3, false);
    run(3020, 3, false);
    let mended = r#"{"$set": {"time": datetime.datetime(2026, 6, 1)}}"#;
    server.python(&["update", "db", r#"{"n": 1}"#, mended]);
    run(3021, 2, true);
    run(3021, 2, false);
}

/// A document that lay in the future is left out, and used once its time has
/// come, though it is the same.
#[test]
fn a_document_of_the_future_is_taken_when_its_time_comes() {
    let server = Mongod::start();
    server.python(&["fill", "db", "50"]);
    // The first pull may build the program, for longer than that time is away.
    pull(&server.uri(), "db");
    let soon = r#"[{"time": datetime.datetime.now(UTC) + datetime.timedelta(days=1, seconds=15), "online-members": 1, "messages-sent": 1, "quantities": {}}]"#;
    let begin = Instant::now();
    server.python(&["insert", "db", "activitydata", soon]);
    let folder = Folder::new();
    let cell = || Cell::new(&server.uri(), "db").env("ACTIVITY_SNAPSHOT", folder.join("snapshot"));
    let first = cell().run().activity();
    assert_eq!((first.len(), first.left_out().len()), (50, 1));
    assert!(first.left_out()[0].reason.contains("in the future"));
    std::thread::sleep(Duration::from_secs(17).saturating_sub(begin.elapsed()));
    let then = cell().run().activity();
    assert_eq!((then.len(), then.left_out().len()), (51, 0));
}

/// A count may be a decimal, as other tools store it, and a window may say when
/// it began.
#[test]
fn decimals_and_begins_are_read() {
    let server = Mongod::start();
    let documents = r#"[
        {"_id": 1, "time": datetime.datetime(2026, 1, 1, 1), "online-members": Decimal128("12"), "messages-sent": Decimal128("3.0"), "quantities": {"7": Decimal128("3E+0")}},
        {"_id": 2, "time": datetime.datetime(2026, 1, 1, 2), "since": datetime.datetime(2026, 1, 1, 1, 45), "online-members": 1, "messages-sent": 0, "quantities": {}},
        {"_id": 3, "time": datetime.datetime(2026, 1, 1, 3), "online-members": Decimal128("1.5"), "messages-sent": 0, "quantities": {}},
        {"_id": 4, "time": datetime.datetime(2026, 1, 1, 4), "since": datetime.datetime(2026, 1, 1, 5), "online-members": 1, "messages-sent": 0, "quantities": {}},
    ]"#;
    server.python(&["insert", "db", "activitydata", documents]);
    let activity = pull(&server.uri(), "db").activity();
    assert_eq!(activity.online_members(), [Some(12), Some(1)]);
    assert_eq!(activity.message_volume(), [3, 0]);
    assert_eq!(totals(&activity), [(7, 3)].into());
    assert_eq!(activity.ends()[1] - activity.begins()[1], 900_000);
    let reasons: Vec<&str> = activity.left_out().iter().map(|s| &*s.reason).collect();
    assert_eq!(reasons[0], "online-members is not a whole number (1.5)");
    assert!(
        reasons[1].starts_with("since is not before time"),
        "{reasons:?}"
    );
}

/// What documents may say besides reaches the notebook from MongoDB, from the snapshot
/// and from saved files, and merged as it comes; what is wrong leaves them out.
#[test]
fn what_documents_say_besides_is_read_kept_and_saved() {
    let server = Mongod::start();
    let documents = r#"[
        {"_id": 1, "time": datetime.datetime(2026, 1, 1, 1), "messages-sent": 3, "quantities": {"7": 3}, "members": 40, "joined": ["8", "9", "8"], "left": ["8"], "channels": {"50": 1, "51": 2}},
        {"_id": 2, "time": datetime.datetime(2026, 1, 1, 2), "online-members": None, "messages-sent": 0, "quantities": {}, "members": None, "joined": None, "channels": None},
        {"_id": 3, "time": datetime.datetime(2026, 1, 1, 3), "online-members": 0, "messages-sent": 4, "quantities": {"7": 4}, "left": [], "channels": {"52": Int64(3), "50": 1.0}},
        {"_id": 4, "time": datetime.datetime(2026, 1, 1, 4), "messages-sent": 0, "quantities": {}, "joined": [8]},
        {"_id": 5, "time": datetime.datetime(2026, 1, 1, 5), "messages-sent": 0, "quantities": {}, "left": {"8": 1}},
        {"_id": 6, "time": datetime.datetime(2026, 1, 1, 6), "messages-sent": 0, "quantities": {}, "channels": {"general": 1}},
        {"_id": 7, "time": datetime.datetime(2026, 1, 1, 7), "messages-sent": 0, "quantities": {}, "members": -1},
        {"_id": 8, "time": datetime.datetime(2026, 1, 1, 8), "messages-sent": 0, "quantities": {}, "channels": []},
    ]"#;
    server.python(&["insert", "db", "activitydata", documents]);
    let folder = Folder::new();
    let cell = || Cell::new(&server.uri(), "db").env("ACTIVITY_SNAPSHOT", folder.join("snapshot"));
    let pulled = cell().run().activity();
    let reasons: Vec<&str> = pulled.left_out().iter().map(|one| &*one.reason).collect();
    let expected = [
        "joined holds what is not a member's id as a text (8)",
        "left is not an array",
        "channels has a key that is not a channel's id (\"general\")",
        "members is negative (-1)",
        "channels is not a sub-document",
    ];
    assert_eq!(reasons, expected);
    let from_snapshot = cell().run().activity();
    assert_same(&from_snapshot, &pulled);
    for name in ["saved.bin", "saved.jsonl"] {
        pulled.save(folder.join(name)).unwrap();
        let opened = Activity::open(folder.join(name)).unwrap();
        assert_eq!(opened.online_members(), [None, None, Some(0)], "{name}");
        assert_eq!(opened.member_count(), [Some(40), None, None], "{name}");
        let joined: Vec<_> = (0..3).map(|i| opened.joined(i)).collect();
        assert_eq!(
            joined,
            [Some(&[8.into(), 9.into(), 8.into()][..]), None, None],
            "{name}"
        );
        let left: Vec<_> = (0..3).map(|i| opened.left(i)).collect();
        assert_eq!(left, [Some(&[8.into()][..]), None, Some(&[][..])], "{name}");
        let channels = |window: Window| {
            let sent = window.channels()?.map(|(id, sent)| (id.get(), sent));
            Some(sent.collect::<BTreeMap<_, _>>())
        };
        let channels: Vec<_> = opened.iter().map(channels).collect();
        let expected = [
            Some([(50, 1), (51, 2)].into()),
            None,
            Some([(52, 3), (50, 1)].into()),
        ];
        assert_eq!(channels, expected, "{name}");
    }
    pulled.save(folder.join("saved.csv")).unwrap();
    let csv = std::fs::read_to_string(folder.join("saved.csv")).unwrap();
    let fields: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    let column = |name: &str| fields[0].iter().position(|&field| field == name).unwrap();
    for (name, values) in [
        ("online_members", ["", "", "0"]),
        ("member_count", ["40", "", ""]),
        ("joined", ["3", "", ""]),
        ("left", ["1", "", "0"]),
    ] {
        let own: Vec<&str> = fields[1..].iter().map(|row| row[column(name)]).collect();
        assert_eq!(own, values, "{name}");
    }
    let run = |how: &str| {
        let cell = Cell::new(&server.uri(), "db").args(&[how, "day"]).run();
        cell.stdout().lines().last().unwrap().to_owned()
    };
    assert_eq!(run("--every"), run("--merged-here"));
}

/// `fresh` asks for everything, also for what the snapshot can't know to have
/// changed.
#[test]
fn a_fresh_pull_sees_what_the_snapshot_hides() {
    let server = Mongod::start();
    server.python(&["fill", "db", "3000"]);
    let folder = Folder::new();
    let cell = || Cell::new(&server.uri(), "db").env("ACTIVITY_SNAPSHOT", folder.join("snapshot"));
    let before = cell().run().activity();
    let changed = r#"{"$set": {"online-members": 4000}}"#;
    let first = r#"{"time": {"$lt": datetime.datetime(2026, 1, 1, 1)}}"#;
    server.python(&["update", "db", first, changed]);
    let hidden = cell().run();
    assert_same(&hidden.activity(), &before);
    let fresh = cell().args(&["--fresh"]).run();
    assert!(fresh.activity().online_members().contains(&Some(4000)));
    assert!(!fresh.stdout().contains("anew"), "{}", fresh.stdout());
    // And it is what the next pull goes on from.
    assert_same(&cell().run().activity(), &fresh.activity());
}

/// Unless it is said otherwise, the snapshot lies in the user's cache folder,
/// for nobody else to read.
#[test]
fn the_snapshot_lies_in_the_cache_folder() {
    let server = Mongod::start();
    server.python(&["fill", "db", "300"]);
    let folder = Folder::new();
    let cell = || {
        let mut cell = Cell::new(&server.uri(), "db").env("XDG_CACHE_HOME", &folder.0);
        cell.command.env_remove("ACTIVITY_SNAPSHOT");
        cell
    };
    let pulled = cell().run().activity();
    let own = folder.join("server-activity-analysis");
    let files: Vec<_> = own.read_dir().unwrap().map(Result::unwrap).collect();
    assert_eq!(files.len(), 1);
    assert_eq!(own.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    let mode = files[0].metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_same(&cell().run().activity(), &pulled);
}

/// A path that names a file of the user's doesn't cost them that file.
#[test]
fn a_file_that_is_no_snapshot_is_never_replaced() {
    let server = Mongod::start();
    server.python(&["fill", "db", "300"]);
    let folder = Folder::new();
    let file = folder.join("activity.json");
    std::fs::write(&file, "{}\n").unwrap();
    for fresh in [&[][..], &["--fresh"]] {
        let cell = Cell::new(&server.uri(), "db").env("ACTIVITY_SNAPSHOT", &file);
        let error = cell.args(fresh).run().error();
        assert!(
            error.contains("activity.json is not a snapshot")
                && error.contains("ACTIVITY_SNAPSHOT"),
            "{error}"
        );
    }
    assert_eq!(std::fs::read(&file).unwrap(), b"{}\n");
}

/// A pull that takes over a second says how far it is, in whole lines.
#[test]
fn a_long_pull_prints_progress() {
    let server = Mongod::start();
    server.python(&["fill", "db", "60000", "2020-01-01T00:00:00"]);
    let (child, _cell) = Cell::new(&server.uri(), "db").spawn();
    let program = reading(child.id());
    signal("STOP", program);
    std::thread::sleep(Duration::from_millis(1_200));
    signal("CONT", program);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let line = said
        .lines()
        .find(|line| line.contains(" of 60,000 windows, "))
        .unwrap_or_else(|| panic!("{said}"));
    assert!(
        line.contains(" MB, about ") && line.ends_with(" s left"),
        "{line}"
    );
}

/// Hours and days of the sample and of a file are merged as those of MongoDB.
#[test]
fn the_sample_and_files_are_merged_too() {
    let mut cell = Cell::new("", "db").args(&["--every", "day"]);
    cell.command.env_remove("MONGOKEY");
    let stdout = cell.run().stdout();
    assert!(stdout.starts_with("SAMPLE DATA"), "{stdout}");
    let days = analysis_lib::Activity::sample()
        .unwrap()
        .every(analysis_lib::DAY);
    assert!(
        stdout.contains(&format!("(({:?}, ", days.begins())),
        "{stdout}"
    );
    assert!(
        stdout.contains(&format!("{:?}", days.messages())),
        "{stdout}"
    );
    let folder = Folder::new();
    let file = folder.join("activity.json");
    let window = |time: &str, online: u32, sent: u32| {
        format!(
            r#"{{"time":{{"$date":"{time}"}},"online-members":{online},"messages-sent":{sent},"quantities":{{"12":{sent}}}}}"#
        )
    };
    let lines = [
        window("2026-03-08T05:10:00Z", 10, 1),
        window("2026-03-09T03:50:00Z", 21, 2),
        window("2026-03-09T04:10:00Z", 30, 4),
    ];
    std::fs::write(&file, lines.join("\n")).unwrap();
    // In US/Eastern the clocks go forward that night: the day has 23 hours.
    let days = analysis_lib::Activity::open(&file)
        .unwrap()
        .every(analysis_lib::DAY);
    assert_eq!(days.begins(), [1_772_946_000_000, 1_773_028_800_000]);
    assert_eq!(days.windows(), [2, 1]);
    assert_eq!(days.online_mean(), [15.5, 30.0]);
    assert_eq!(days.online_max(), [Some(21), Some(30)]);
    assert_eq!(days.messages(), [3, 4]);
}

/// Documents that are left out but say when they ended are gaps, and are merged as
/// such while they come.
#[test]
fn what_is_left_out_is_the_same_gap_in_merged_windows() {
    let server = Mongod::start();
    server.python(&["fill", "db", "300", "2026-03-01T00:00:00"]);
    let bad = r#"[{"time": datetime.datetime(2026, 3, 3, 2) + datetime.timedelta(minutes=10 * n)} for n in range(1, 201)]"#;
    server.python(&["insert", "db", "activitydata", bad]);
    server.python(&["fill", "db", "300", "2026-03-04T11:30:00"]);
    let last = |how: &str| {
        let cell = Cell::new(&server.uri(), "db").env("TIMEZONE", "UTC");
        let stdout = cell.args(&[how, "day"]).run().stdout();
        assert!(stdout.contains("Left out: 200 documents"), "{stdout}");
        stdout.lines().last().unwrap().to_owned()
    };
    let merged = last("--every");
    assert_eq!(merged, last("--merged-here"));
    let server_windows = Cell::new(&server.uri(), "db").run();
    let activity = server_windows.activity();
    let left_out: i64 = activity
        .gaps()
        .iter()
        .filter(|gap| gap.kind == GapKind::LeftOut)
        .map(|gap| gap.end - gap.begin)
        .sum();
    assert!(
        (left_out - 200 * 600_000).abs() < 600_000,
        "{left_out}: {:?}",
        activity.gaps()
    );
}

/// However many documents can't be used, merging names each, as a pull does.
#[test]
fn merging_names_every_document_left_out() {
    let server = Mongod::start();
    server.python(&["fill", "db", "100"]);
    let bad = r#"[{"_id": [n, str(n)][n % 2], "time": n} for n in range(2500)]"#;
    server.python(&["insert", "db", "activitydata", bad]);
    let last = |collection: &str, how: &str| {
        let cell = Cell::new(&server.uri(), "db").env("MONGODB_COLLECTION", collection);
        let pulled = cell.args(&[how, "day"]).run();
        let stdout = pulled.stdout();
        assert!(
            stdout.contains("Left out: 2,500 documents"),
            "{stdout}{}",
            pulled.stderr()
        );
        stdout.lines().last().unwrap().to_owned()
    };
    // One that can't be named in a question isn't taken for another.
    server.python(&["view", "db", "nameless", r#"[{"$unset": "_id"}]"#]);
    for collection in ["activitydata", "nameless"] {
        assert!(last(collection, "--every") == last(collection, "--merged-here"));
    }
}

/// Cut off anywhere, a snapshot is either unusable and ignored, or whole.
#[test]
fn a_snapshot_cut_off_anywhere_is_not_believed() {
    let server = Mongod::start();
    server.python(&["fill", "db", "40"]);
    let folder = Folder::new();
    let file = folder.join("snapshot");
    let cell = || Cell::new(&server.uri(), "db").env("ACTIVITY_SNAPSHOT", &file);
    let whole = cell().run().activity();
    let bytes = std::fs::read(&file).unwrap();
    for end in (0..bytes.len()).step_by(bytes.len() / 12) {
        std::fs::write(&file, &bytes[..end]).unwrap();
        assert_same(&cell().run().activity(), &whole);
        assert_eq!(std::fs::read(&file).unwrap(), bytes, "it is written again");
    }
}

/// Two at once leave one whole snapshot and no part of one.
#[test]
fn two_pulls_at_once_do_not_disturb_each_other() {
    let server = Mongod::start();
    server.python(&["fill", "db", "20000"]);
    let folder = Folder::new();
    let file = folder.join("snapshot");
    let cells: Vec<_> = (0..3)
        .map(|_| {
            let cell = Cell::new(&server.uri(), "db").env("ACTIVITY_SNAPSHOT", &file);
            std::thread::spawn(|| cell.run().activity())
        })
        .collect();
    let pulled: Vec<_> = cells.into_iter().map(|cell| cell.join().unwrap()).collect();
    assert_same(&pulled[0], &pulled[1]);
    assert_same(&pulled[0], &pulled[2]);
    assert_eq!(folder.0.read_dir().unwrap().count(), 1);
    let again = Cell::new(&server.uri(), "db")
        .env("ACTIVITY_SNAPSHOT", &file)
        .run();
    assert_same(&again.activity(), &pulled[0]);
}

/// What the cell prints last: the periods. And whether it read everything twice.
fn periods(server: &Mongod, zone: &str, how: &str, period: &str) -> (String, bool) {
    let cell = Cell::new(&server.uri(), "db").env("TIMEZONE", zone);
    let pulled = cell.args(&[how, period]).run();
    assert!(pulled.output.status.success(), "{}", pulled.stderr());
    let stdout = pulled.stdout();
    let last = stdout.lines().last().unwrap().to_owned();
    (last, stdout.contains("reading them once more"))
}

/// Windows merged as they come are those merged when all are there, to the bit:
/// over both changes of daylight saving, with bad documents, in zones with half
/// hours and without midnights, over a gap, where the bot's interval changes,
/// where two bots write and where documents say when their windows began.
#[test]
fn windows_are_merged_as_they_come_as_when_all_are_there() {
    let server = Mongod::start();
    server.python(&["fill", "db", "7000", "2025-09-20T00:00:00", "31"]);
    server.python(&["fill", "db", "2000", "2026-03-01T00:00:00", "7"]);
    server.python(&["fill", "db", "2000", "2026-04-01T00:00:00", "90"]);
    let recent = r#"{"time": {"$gte": datetime.datetime(2026, 7, 1)}}"#;
    let since = r#"[{"$set": {"since": {"$subtract": ["$time", 2_400_000]}}}]"#;
    server.python(&["update", "db", recent, since]);
    for (zone, names) in [
        ("US/Eastern", &["hour", "day", "week", "month"][..]),
        ("Europe/London", &["day"]),
        ("Australia/Lord_Howe", &["hour", "month"]),
        ("Asia/Kathmandu", &["hour"]),
        ("America/Havana", &["day"]),
        ("America/Santiago", &["week"]),
    ] {
        for period in names {
            let (merged, was_read_twice) = periods(&server, zone, "--every", period);
            assert!(!was_read_twice, "{zone} {period}");
            let (here, _) = periods(&server, zone, "--merged-here", period);
            assert!(merged == here, "{zone} {period}\n{merged}\n{here}");
        }
    }
    // Bad ones of any time, which come last.
    server.python(&["mangled", "db", "600"]);
    let (merged, _) = periods(&server, "US/Eastern", "--every", "day");
    let (here, _) = periods(&server, "US/Eastern", "--merged-here", "day");
    assert!(merged == here, "{merged}\n{here}");
}

/// A window that comes long after its time, as one that was imported, is merged
/// too: all are read once more.
#[test]
fn windows_out_of_order_are_merged_when_all_are_there() {
    let server = Mongod::start();
    server.python(&["fill", "db", "2000", "2026-02-01T00:00:00"]);
    server.python(&["fill", "db", "100", "2025-12-01T00:00:00"]);
    let (merged, was_read_twice) = periods(&server, "UTC", "--every", "hour");
    assert!(was_read_twice);
    assert_eq!(merged, periods(&server, "UTC", "--merged-here", "hour").0);
}

/// A span holds the windows that ended in it, in the zone's time.
#[test]
fn a_span_is_pulled_alone() {
    let server = Mongod::start();
    server.python(&["fill", "db", "3000"]);
    let all = pull(&server.uri(), "db").activity();
    let span = ["--since", "2026-01-03", "--until", "2026-01-04 12:00"];
    let part = Cell::new(&server.uri(), "db").args(&span).run().activity();
    let (from, to) = (1_767_416_400_000, 1_767_546_000_000);
    let expected: Vec<i64> = all
        .ends()
        .iter()
        .copied()
        .filter(|t| (from..to).contains(t))
        .collect();
    assert_eq!(part.ends(), expected);
}

/// Documents come and go while they are pulled: none comes twice, or by half.
#[test]
fn writes_during_a_pull_double_nothing() {
    let server = Mongod::start();
    server.python(&["fill", "db", "60000", "2020-01-01T00:00:00"]);
    let before = pull(&server.uri(), "db").activity();
    // Once undisturbed, and once with a connection that is cut afterwards.
    for fault in [Fault::None, Fault::CutAfter(5_000_000)] {
        let proxy = Proxy::start(server.port, fault, 1);
        let (child, cell) = Cell::new(&proxy.uri(), "db").spawn();
        let program = reading(child.id());
        signal("STOP", program);
        let online = if matches!(fault, Fault::None) { 50 } else { 51 };
        let deleted = server.python(&[
            "delete",
            "db",
            &format!(r#"{{"online-members": {online}}}"#),
        ]);
        assert_ne!(deleted.trim(), "0");
        server.python(&["fill", "db", "2000", "2026-03-01T00:00:00"]);
        signal("CONT", program);
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let after = crate::support::saved(&cell);
        assert_eq!(after.left_out(), [], "no document is read by half");
        let known: BTreeMap<i64, usize> = before.ends().iter().copied().zip(0..).collect();
        let windows = crate::support::by_window(&before);
        let mut old = BTreeSet::new();
        for (index, senders) in crate::support::by_window(&after).iter().enumerate() {
            let Some(&same) = known.get(&after.ends()[index]) else {
                continue;
            };
            assert!(old.insert(same), "no window comes twice");
            assert_eq!(after.online_members()[index], before.online_members()[same]);
            assert_eq!(after.message_volume()[index], before.message_volume()[same]);
            assert_eq!(senders, &windows[same]);
        }
        assert!(old.len() > 50_000, "{}", old.len());
    }
}

/// The program ends with the process that started it, whatever ends that.
#[test]
fn no_orphan_is_left() {
    let server = Mongod::start();
    server.python(&["fill", "db", "30000"]);
    let folder = Folder::new();
    let file = folder.join("snapshot");
    // A server that falls silent keeps the program waiting.
    let proxy = Proxy::start(server.port, Fault::SilentAfter(500_000), u64::MAX);
    let cell = Cell::new(&proxy.uri(), "db").env("ACTIVITY_SNAPSHOT", &file);
    let (mut child, _cell) = cell.env("MONGODB_TIMEOUT", "60").spawn();
    let begin = Instant::now();
    let programs = loop {
        let programs = crate::support::descendants(child.id());
        if !programs.is_empty() && proxy.faults.load(std::sync::atomic::Ordering::SeqCst) > 0 {
            break programs;
        }
        assert!(
            begin.elapsed() < Duration::from_secs(60),
            "the program doesn't start"
        );
        std::thread::sleep(Duration::from_millis(20));
    };
    child.kill().unwrap();
    child.wait().unwrap();
    let begin = Instant::now();
    while programs
        .iter()
        .any(|id| std::path::Path::new(&format!("/proc/{id}/fd/0")).exists())
    {
        assert!(
            begin.elapsed() < Duration::from_secs(20),
            "the program lives on"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(
        folder.0.read_dir().unwrap().count(),
        0,
        "no snapshot, and no part of one"
    );
}
