//! DiscordChatExporter's files, against what pandas counts in them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use analysis_lib::*;
use serde_json::{Value, json};

use crate::reference::Reference;

/// Ids with messages, as JSON has them.
fn by_id(counts: impl Iterator<Item = (String, u32)>) -> Value {
    json!(counts.collect::<BTreeMap<_, _>>())
}

/// Channels, dates and their zones, exports that overlap or are in parts of which one is
/// lost, newest messages first, files cut off in a message, bots, kinds of messages that
/// are numbers, texts that look like the format, files of other kinds.
#[test]
fn windows_of_exports_equal_what_pandas_counts() {
    let reference = Reference::of("exporter");
    println!("REFERENCE_SEED={} repeats it", reference.seed);
    for expected in &reference.lines {
        let path = expected["path"].as_str().unwrap();
        println!("{path}");
        if expected["ends"].as_array().unwrap().is_empty() {
            let error = Activity::open(path).unwrap_err().to_string();
            assert!(error.contains("files cover in all channels"), "{error}");
            continue;
        }
        let activity = Activity::open(path).unwrap();
        assert_eq!(json!(activity.ends()), expected["ends"]);
        assert_eq!(json!(activity.message_volume()), expected["messages"]);
        assert!(activity.online_members().iter().all(Option::is_none));
        for index in 0..activity.len() {
            assert_eq!(activity.ends()[index] - activity.begins()[index], 600_000);
            let members = activity.senders(index);
            let members = members.map(|(at, sent)| (activity.members()[at].to_string(), sent));
            assert_eq!(by_id(members), expected["members"][index]);
            let channels = activity.by_channel(index).unwrap();
            let channels = channels.map(|(at, sent)| (activity.channels()[at].to_string(), sent));
            assert_eq!(by_id(channels), expected["channels"][index]);
        }
        for member in activity.members() {
            let name = &activity.names_in_files()[member];
            assert_eq!(json!(name), expected["names"][member.to_string()]);
        }
        what_is_said(expected);
        let part = activity.last_hours(1);
        assert_eq!(part.names_in_files(), activity.names_in_files());
        assert_eq!(activity.origin().server(), "Gäste & Freunde");
    }
}

/// What the example `members` prints, which opens files as a cell does.
fn members(path: &str, settings: &[(&str, &str)]) -> String {
    let tests = std::env::current_exe().unwrap();
    let name = format!("examples/members{}", std::env::consts::EXE_SUFFIX);
    let mut command = Command::new(tests.ancestors().nth(2).unwrap().join(name));
    for name in [
        "RECORD_MINUTES",
        "NAMES_FILE",
        "HIDDEN_MEMBERS",
        "SERVER_NAME",
    ] {
        command.env_remove(name);
    }
    let settings = settings.iter().copied();
    let output = command.envs(settings).arg(path).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    String::from_utf8(output.stdout).unwrap() + &errors
}

/// That what there is to say of the files is said once.
fn what_is_said(expected: &Value) {
    let said = members(expected["path"].as_str().unwrap(), &[]);
    let once = |text: &str| assert_eq!(said.matches(text).count(), 1, "{text}: {said}");
    once("--include-threads");
    once(&format!("DiscordChatExporter: {} file", expected["files"]));
    once("another server's (3 files): chat_Files, notes.txt, windows.json\n");
    let left_out = expected["left out"].as_u64().unwrap();
    assert_eq!(said.contains("Left out:"), left_out > 0, "{said}");
    if left_out > 0 {
        once(&format!("Left out: {left_out} message"));
    }
    let cut_off: Vec<&str> = expected["cut off"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(said.contains("Cut off"), !cut_off.is_empty(), "{said}");
    if !cut_off.is_empty() {
        let (count, files) = (cut_off.len(), cut_off.join(", "));
        let plural = if count == 1 { "" } else { "s" };
        once(&format!(
            "used up to the last message ({count} file{plural}): {files}\n"
        ));
    }
}

/// A folder with this text in a file; it goes with the value.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = std::env::temp_dir().join(format!("exports-{name}-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        for (name, text) in files {
            std::fs::write(folder.join(name), text).unwrap();
        }
        Self(folder)
    }

    fn members(&self, settings: &[(&str, &str)]) -> String {
        members(self.0.to_str().unwrap(), settings)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A channel of 1 May 2024 in this server, exported a day later, in which Ann wrote
/// twice, and once whoever has the id 8.
fn export(server: &str) -> String {
    let id = |minutes: u64| (294_451_200_000 + minutes * 60_000) << 22;
    let message = |minutes, author: u64, name| {
        format!(
            r#"{{"id": "{}", "type": "Default", "author": {{"id": "{author}", "name": "{name}", "isBot": false}}}}"#,
            id(minutes)
        )
    };
    let messages = [
        message(1, 7, "Ann"),
        message(2, 7, "Ann"),
        message(50, 8, "Bob"),
    ];
    format!(
        r#"{{"guild": {{"id": "{server}", "name": "Server {server}"}}, "channel": {{"id": "{}"}}, "dateRange": {{"after": null, "before": null}}, "exportedAt": "2024-05-02T00:00:00+00:00", "messages": [{}], "messageCount": 3}}"#,
        id(0),
        messages.join(", ")
    )
}

#[test]
fn names_in_exports_are_for_members_whom_no_file_of_names_knows() {
    let folder = Folder::new("names", &[("a.json", &export("1"))]);
    let names = folder.0.join("known.json");
    let said = folder.members(&[]);
    assert!(
        said.contains("Names: 2 of 2 members")
            && said.contains("Ann: 2")
            && said.contains("Bob: 1"),
        "{said}"
    );
    std::fs::write(&names, r#"{"8": "Robert", "7": null}"#).unwrap();
    let said = folder.members(&[
        ("NAMES_FILE", names.to_str().unwrap()),
        ("HIDDEN_MEMBERS", "7"),
    ]);
    assert!(
        said.contains("Robert: 1") && said.contains("hidden (1 member): 2"),
        "{said}"
    );
    assert!(!said.contains("Ann"), "{said}");
    // What is saved names nobody.
    let activity = Activity::open(&folder.0).unwrap();
    for ending in ["bin", "csv", "json"] {
        let saved = folder.0.join("saved").with_extension(ending);
        activity.save(&saved).unwrap();
        let bytes = std::fs::read(&saved).unwrap();
        assert!(!bytes.windows(3).any(|text| text == b"Ann"), "{ending}");
    }
    assert!(!format!("{activity:?}").contains("Ann"));
}

#[test]
fn windows_are_as_long_as_recorded_ones() {
    let folder = Folder::new("minutes", &[("a.json", &export("1"))]);
    let said = folder.members(&[("RECORD_MINUTES", "1441")]);
    assert!(
        said.contains("RECORD_MINUTES=1441 is not a whole number"),
        "{said}"
    );
    let path = folder.0.join("a.json");
    let said = members(path.to_str().unwrap(), &[("RECORD_MINUTES", "1440")]);
    assert!(said.contains("Ann: 2"), "{said}");
    let activity = Activity::open(path).unwrap();
    assert_eq!(activity.len(), 144);
    assert_eq!(activity.origin().server(), "Server 1");
}

#[test]
fn files_of_something_else_or_of_another_server_are_passed_over() {
    let none = r#"{"guild": {}, "messages": []}"#;
    let folder = Folder::new("none", &[("a.json", "{\"time\": 7}"), ("b.json", none)]);
    let said = folder.members(&[]);
    let passed =
        "Passed over, being something else or another server's (2 files): a.json, b.json\n";
    assert!(said.contains(passed), "{said}");
    assert!(
        said.contains("has no window that DiscordChatExporter's files cover"),
        "{said}"
    );
    let files = [("a.json", &*export("1")), ("b.json", &export("2"))];
    let said = Folder::new("two", &files).members(&[]);
    assert!(
        said.contains("(1 file): b.json") && said.contains("Ann: 2"),
        "{said}"
    );
}
