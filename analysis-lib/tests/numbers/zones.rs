//! Time zones against Python's `zoneinfo`, on the same files.

use std::path::Path;
use std::process::Command;

use analysis_lib::Zone;
use chrono::{DateTime, LocalResult, NaiveDateTime, Offset, TimeZone};

/// The end of what Python says, in seconds since the epoch: that of 2100.
const LAST: i64 = 4_133_980_800;
/// How far apart zones are asked, in seconds: another time of day each time.
const STEP: i64 = 101 * 3_600 + 1_020;

/// One zone of Python's: its name, and from when on it has which offset
/// (in seconds) and abbreviation.
type Expected = (String, Vec<(i64, i32, String)>);

/// Every zone of PyPI's newest tz database, as `requirements.txt` pins it.
#[test]
fn offsets_and_abbreviations_equal_pythons() {
    let zones = compare(&[]);
    assert!(zones >= 590, "only {zones} zones");
}

/// The package's files leave the future to a rule; others list it until 2037.
#[test]
fn files_that_list_every_change_are_read_as_python_does() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/fat-zoneinfo");
    assert_eq!(compare(&[folder.to_str().unwrap()]), 4);
}

/// Compares all zones of a folder, and gives how many they are.
fn compare(arguments: &[&str]) -> usize {
    let python = std::env::var_os("REFERENCE_PYTHON")
        .expect("REFERENCE_PYTHON names no Python with tzdata: run `make test`");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/zones.py");
    let output = Command::new(&python)
        .arg(&script)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{} doesn't start: {error}", python.display()));
    assert!(
        output.status.success(),
        "reference/zones.py failed; `make test` installs what it needs:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = text.lines();
    let folder = Path::new(lines.next().unwrap());
    let zones: Vec<Expected> = lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect();
    for (name, changes) in &zones {
        let zone = Zone::named(name, Some(folder)).unwrap_or_else(|| panic!("{name} is no zone"));
        assert_eq!(zone.name(), name);
        compare_zone(&zone, changes);
    }
    zones.len()
}

fn compare_zone(zone: &Zone, changes: &[(i64, i32, String)]) {
    let ends = changes[1..].iter().map(|change| change.0).chain([LAST]);
    for ((from, offset, abbreviation), end) in changes.iter().zip(ends) {
        let last = [end - 1].into_iter().filter(|last| last > from);
        for second in (*from..end).step_by(STEP as usize).chain(last) {
            let time = zone.timestamp_opt(second, 0).unwrap();
            let found = (
                time.offset().fix().local_minus_utc(),
                time.offset().to_string(),
            );
            assert_eq!(found, (*offset, abbreviation.clone()), "{zone} at {second}");
            // And back from what clocks show.
            let local = time.naive_local();
            let instants = instants(changes, local);
            let back = match zone.from_local_datetime(&local) {
                LocalResult::None => Vec::new(),
                LocalResult::Single(only) => vec![only.timestamp()],
                LocalResult::Ambiguous(first, second) => {
                    vec![first.timestamp(), second.timestamp()]
                }
            };
            assert_eq!(back, instants, "{zone} at {local}");
        }
    }
    // What clocks skip is no time.
    for pair in changes.windows(2) {
        let (before, (change, after, _)) = (pair[0].1, &pair[1]);
        if *after > before {
            let left_out = DateTime::from_timestamp(change + i64::from(before), 0).unwrap();
            let left_out = zone.from_local_datetime(&left_out.naive_utc());
            assert_eq!(left_out, LocalResult::None, "{zone} at {change}");
        }
    }
}

/// When clocks show this, by Python's changes.
fn instants(changes: &[(i64, i32, String)], local: NaiveDateTime) -> Vec<i64> {
    let local = local.and_utc().timestamp();
    let ends = changes[1..].iter().map(|change| change.0).chain([i64::MAX]);
    // Before the first change its offset holds, too.
    let from = |index: usize| {
        if index == 0 {
            i64::MIN
        } else {
            changes[index].0
        }
    };
    let spans = (0..changes.len()).map(from).zip(ends).zip(changes);
    spans
        .map(|((from, end), change)| (from..end, local - i64::from(change.1)))
        .filter(|(span, instant)| span.contains(instant))
        .map(|(_, instant)| instant)
        .collect()
}
