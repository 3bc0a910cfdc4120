//! The pull without a MongoDB: of the file that a recorder writes, each time as a
//! process of its own.

use std::fs::{File, OpenOptions, read, write};
use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::process::{Command, Output};

use analysis_lib::Activity;
use chrono::{DateTime, SecondsFormat};

use crate::support::{Folder, assert_same};

/// A document a line, as the recorder writes them, from this window of 2026 on.
fn lines(begin: i64, count: i64) -> String {
    let line = |number: i64| {
        let date = |number: i64| {
            let time = DateTime::from_timestamp(1_767_225_600 + number * 600, 0).unwrap();
            let time = time.to_rfc3339_opts(SecondsFormat::Secs, true);
            format!("{{\"$date\": \"{time}\"}}")
        };
        let (end, since) = (date(number + 1), date(number));
        let (one, other) = (number % 7, number % 3);
        let sent = one + other;
        format!(
            "{{\"time\": {end}, \"since\": {since}, \"online-members\": {number}, \"messages-sent\": {sent}, \"quantities\": {{\"123456789012345678\": {one}, \"{}\": {other}}}}}\n",
            7_000_000 + number / 50
        )
    };
    (begin..begin + count).map(line).collect()
}

/// A project's folder without a MongoDB.
struct Project(Folder);

impl Project {
    fn new(text: &str) -> Self {
        let project = Self(Folder::new());
        write(project.file(), text).unwrap();
        project
    }

    fn file(&self) -> PathBuf {
        self.0.join("windows.jsonl")
    }

    fn append(&self, text: &str) {
        let file = OpenOptions::new().append(true).open(self.file());
        file.unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn pull(&self, arguments: &[&str]) -> Output {
        let tests = std::env::current_exe().unwrap();
        let name = format!("examples/pull{}", std::env::consts::EXE_SUFFIX);
        let example = tests.ancestors().nth(2).unwrap().join(name);
        let mut command = Command::new(example);
        for name in ["MONGOKEY", "SERVER_NAME", "RECORD_MINUTES"] {
            command.env_remove(name);
        }
        command
            .current_dir(&self.0.0)
            .env("ACTIVITY_FILE", self.file())
            .env("ACTIVITY_SNAPSHOT", self.0.join("snapshot"))
            .env("TIMEZONE", "UTC")
            .args(arguments)
            .output()
            .unwrap()
    }

    /// What a pull prints, and what it brought.
    fn pulled(&self, arguments: &[&str]) -> (String, Activity) {
        let saved = self.0.join("saved.bin");
        let output = self.pull(&[arguments, &[saved.to_str().unwrap()]].concat());
        assert!(output.status.success(), "{}", said(&output.stderr));
        (said(&output.stdout), Activity::open(saved).unwrap())
    }
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_pull_reads_what_is_new_and_no_line_that_is_being_written() {
    let project = Project::new(&lines(0, 3_000));
    let (_, activity) = project.pulled(&[]);
    assert_same(&activity, &Activity::open(project.file()).unwrap());

    // A line in the middle changes, in the same file: who reads on doesn't see it.
    let bytes = read(project.file()).unwrap();
    let mut file = OpenOptions::new().write(true).open(project.file()).unwrap();
    let place = bytes.len() / 2;
    let place = place
        + bytes[place..]
            .iter()
            .position(|&byte| byte == b'\n')
            .unwrap();
    file.seek(SeekFrom::Start(place as u64 + 1)).unwrap();
    file.write_all(b"x").unwrap();
    let new = lines(3_000, 2);
    let (first, torn) = new.split_at(new.find('\n').unwrap() + 100);
    project.append(first);
    let (text, activity) = project.pulled(&[]);
    assert_eq!(activity.len(), 3_001, "{text}");
    assert!(
        !text.contains("Left out") && !text.contains("anew"),
        "{text}"
    );
    project.append(torn);
    assert_eq!(project.pulled(&[]).1.len(), 3_002);

    let (text, activity) = project.pulled(&["--fresh"]);
    assert_eq!(activity.len(), 3_001, "{text}");
    assert!(text.contains("Left out: 1 document"), "{text}");
    assert_same(&activity, &Activity::open(project.file()).unwrap());
}

#[test]
fn lines_that_are_left_out_keep_their_numbers_where_a_pull_goes_on() {
    let project = Project::new(&lines(0, 1_000));
    project.pulled(&[]);
    project.append(&format!("\n{{\"time\": 7}}\n{}", lines(1_000, 1)));
    let (text, activity) = project.pulled(&[]);
    assert_eq!(activity.len(), 1_001);
    assert!(
        text.contains("line 1002: time is a number, not a date (7)"),
        "{text}"
    );
}

#[test]
fn a_file_that_is_another_or_shorter_is_read_anew() {
    let project = Project::new(&lines(0, 1_000));
    project.pulled(&[]);
    // Its first and its last bytes are the same.
    let other = lines(0, 1_000).replacen("\"online-members\": 500,", "\"online-members\": 501,", 1);
    write(project.0.join("other"), other).unwrap();
    std::fs::rename(project.0.join("other"), project.file()).unwrap();
    let (text, activity) = project.pulled(&[]);
    assert!(
        text.contains("the file isn't the one of the last pull"),
        "{text}"
    );
    assert_same(&activity, &Activity::open(project.file()).unwrap());

    File::create(project.file())
        .unwrap()
        .write_all(lines(0, 900).as_bytes())
        .unwrap();
    let (text, activity) = project.pulled(&[]);
    assert!(
        text.contains("the file isn't the one of the last pull"),
        "{text}"
    );
    assert_eq!(activity.len(), 900);

    // A snapshot that is damaged is no reason to fail.
    let mut snapshot = read(project.0.join("snapshot")).unwrap();
    let middle = snapshot.len() / 2;
    snapshot[middle] ^= 1;
    write(project.0.join("snapshot"), snapshot).unwrap();
    let (text, activity) = project.pulled(&[]);
    assert!(text.contains("snapshot is damaged"), "{text}");
    assert_eq!(activity.len(), 900);
}

#[test]
fn a_span_and_periods_of_the_file_are_those_of_all_windows() {
    let project = Project::new(&lines(0, 3_000));
    let (_, all) = project.pulled(&[]);
    let (_, part) = project.pulled(&["--since", "2026-01-05", "--until", "2026-01-08 12:00"]);
    let wanted = all
        .ends()
        .iter()
        .filter(|&&end| (1_767_571_200_000..1_767_873_600_000).contains(&end));
    assert!(part.ends().iter().eq(wanted));
    let merged = |how| said(&project.pull(&[how, "week"]).stdout);
    let periods = |text: &str| text.lines().last().unwrap().to_owned();
    assert_eq!(
        periods(&merged("--every")),
        periods(&merged("--merged-here"))
    );
    let nothing = project.pull(&["--since", "2027-01-01"]);
    let why = said(&nothing.stderr);
    assert!(
        why.contains("file windows.jsonl has no window that can be used in the span since 2027"),
        "{why}"
    );
}

#[test]
fn a_file_without_a_window_says_when_the_first_is_due_and_no_file_gives_the_sample() {
    let project = Project::new("");
    for text in ["", "{\"time\": {\"$date\": \"2026"] {
        write(project.file(), text).unwrap();
        let output = project.pull(&[]);
        let why = said(&output.stderr);
        assert!(!output.status.success() && output.stdout.is_empty());
        // The end of ten minutes on the clock.
        let due = why
            .split(" is due at ")
            .nth(1)
            .unwrap_or_else(|| panic!("{why}"));
        assert!(due.ends_with("0 UTC\n"), "{why}");
    }
    std::fs::remove_file(project.file()).unwrap();
    let (text, activity) = project.pulled(&[]);
    assert!(text.starts_with("SAMPLE DATA") && activity.origin().is_sample());
}
