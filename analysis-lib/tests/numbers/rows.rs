//! Windows one by one, and parts of an activity, against pandas, which computes them
//! from the same files; and what is saved, against what reads it.

use analysis_lib::*;
use serde_json::{Value, json};

use crate::reference::Reference;

/// Numbers that tell a part from all others: `told` of `rows.py`.
fn told(part: &Activity) -> Value {
    let gaps = aggregate::gaps(part);
    let (ends, volume) = (part.ends().iter(), part.message_volume().iter());
    json!({
        "windows": part.len(),
        "messages": volume.map(|&messages| u64::from(messages)).sum::<u64>(),
        "ends": ends.map(|end| end % 1_000_003).sum::<i64>(),
        "lost": gaps.iter().map(|gap| gap.end - gap.begin).sum::<i64>(),
        "gaps": gaps.len(),
    })
}

fn rows<T: serde_json::value::Index>(
    activity: &Activity,
    value: impl Fn(&Window) -> Value,
    of: &Value,
    at: T,
) {
    let found: Vec<Value> = activity.iter().map(|window| value(&window)).collect();
    assert_eq!(Value::from(found), of[at]);
}

/// Local times, weekdays and hours over changes of clocks; parts by local days; and of
/// windows that are dropped, no gap.
#[test]
fn windows_and_parts_equal_what_pandas_computes() {
    let reference = Reference::of("rows");
    println!("REFERENCE_SEED={} repeats it", reference.seed);
    for expected in &reference.lines {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (zone, path) = (text(&expected["zone"]), text(&expected["path"]));
        println!("{zone}, {path}");
        let activity = Activity::open(path).unwrap().in_timezone(&zone).unwrap();

        let iso = "%Y-%m-%dT%H:%M:%S%.3f%:z";
        rows(
            &activity,
            |w| w.begin().format(iso).to_string().into(),
            expected,
            "begins",
        );
        rows(
            &activity,
            |w| w.end().format(iso).to_string().into(),
            expected,
            "ends",
        );
        rows(&activity, |w| w.end().hour().into(), expected, "hours");
        let weekday = |w: &Window| w.end().weekday().num_days_from_monday().into();
        rows(&activity, weekday, expected, "weekdays");
        rows(&activity, |w| w.messages().into(), expected, "sent");
        rows(&activity, |w| w.online().into(), expected, "online");
        let length = |w: &Window| ((w.minutes() * 60_000.0).round() as i64).into();
        rows(&activity, length, expected, "milliseconds");
        let members = |w: &Window| {
            let mut members: Vec<_> = w.members().collect();
            let place = |id: u64| {
                [123_456_789_012_345_678, 23_456_789_012_345_678, 7]
                    .iter()
                    .position(|&own| own == id)
            };
            members.sort_by_key(|(id, _)| place(id.get()));
            members
                .into_iter()
                .map(|(id, sent)| json!([id.get(), sent]))
                .collect()
        };
        rows(&activity, members, expected, "members");

        let [first, last, noon] = [0, 1, 2].map(|i| text(&expected["dates"][i]));
        let is_night = |window: &Window| window.end().hour() < 6;
        let is_weekend = |window: &Window| window.end().weekday().num_days_from_monday() >= 5;
        let two = [123_456_789_012_345_678, 7];
        for (name, part) in [
            ("all", activity.clone()),
            ("last 7 days", activity.last_days(7)),
            ("last day", activity.last_days(1)),
            ("between dates", activity.between(&first, &last).unwrap()),
            ("between times", activity.between(&first, &noon).unwrap()),
            ("nights", activity.when(is_night)),
            ("weekend nights", activity.when(is_night).when(is_weekend)),
            (
                "weekend nights",
                activity.when(|window| is_night(window) && is_weekend(window)),
            ),
            ("only two", activity.only_members(two)),
            ("without two", activity.without_members(two)),
        ] {
            assert_eq!(told(&part), expected[name], "{name}");
        }
        is_exact_when_saved(&activity);
    }
    assert_eq!(reference.lines.len(), 10);
}

/// The same windows and begins, whatever the file. Members may come in another order.
fn is_exact_when_saved(activity: &Activity) {
    let part = activity.last_hours(100);
    for name in ["saved.json", "saved.jsonl", "saved.bin"] {
        let path = std::env::temp_dir().join(format!("{}-{name}", std::process::id()));
        part.save(&path).unwrap();
        let read = Activity::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let window = |window: Window| {
            let mut members: Vec<_> = window.members().collect();
            members.sort_unstable();
            let times = [window.begin(), window.end()].map(|time| time.timestamp_millis());
            (times, window.online(), window.messages(), members)
        };
        let (read, part): (Vec<_>, Vec<_>) = (
            read.iter().map(window).collect(),
            part.iter().map(window).collect(),
        );
        assert_eq!(read, part, "{name}");
    }
}

/// The README's two lines each, run as they stand there.
#[test]
fn pandas_and_polars_read_what_is_saved() {
    let activity = Activity::sample().unwrap();
    let folder = std::env::temp_dir().join(format!("frames-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    activity.save(folder.join("activity.csv")).unwrap();
    let saved = std::fs::read_to_string(folder.join("activity.csv")).unwrap();
    assert_eq!(saved, table::windows(&activity).csv());
    let read = Reference::of("frames");
    let evening = activity
        .iter()
        .filter(|window| window.end().to_utc().hour() >= 20);
    let expected = json!({
        "windows": activity.len(),
        "messages": activity.iter().map(|window| u64::from(window.messages())).sum::<u64>(),
        "online": activity.iter().filter_map(|window| window.online()).map(u64::from).sum::<u64>(),
        "evening": evening.count(),
    });
    let modules: Vec<&str> = read
        .lines
        .iter()
        .map(|line| line["module"].as_str().unwrap())
        .collect();
    assert_eq!(modules, ["pandas", "polars"]);
    for line in &read.lines {
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(line[name], *value, "{name}: {line}");
        }
        // Minutes of whole milliseconds, divided once here and once there.
        assert!(line["off"].as_f64().unwrap() < 1e-9, "{line}");
    }
}

#[test]
fn another_ending_names_those_that_can_be_saved() {
    let activity = Activity::sample().unwrap();
    for name in ["activity", "activity.xlsx", "activity.parquet"] {
        let error = activity.save(name).unwrap_err().to_string();
        assert_eq!(
            error,
            format!("{name} can't be saved: an activity is saved as .bin, .json, .jsonl or .csv")
        );
    }
}

/// What isn't looked at is neither grey nor missing.
#[test]
fn lines_break_where_nobody_looks_without_grey() {
    let activity = Activity::sample()
        .unwrap()
        .between("2026-03-02", "2026-03-05")
        .unwrap();
    let night = activity.when(|window| (1..6).contains(&window.end().hour()));
    let breaks = |figure: &Figure| {
        figure
            .csv()
            .lines()
            .filter(|line| line.starts_with(","))
            .count()
    };
    let figure = plot::message_volume(&night);
    assert_eq!(
        (breaks(&figure), figure.svg().contains("no data")),
        (2, false)
    );
    assert_eq!(aggregate::coverage(&night), 1.0);
    // The first window begins within three seconds of midnight, of five hours.
    let days = night.every(DAY);
    assert!(
        days.coverage()
            .iter()
            .all(|share| (share - 1.0).abs() < 2e-4),
        "{days:?}"
    );
    let whole = plot::message_volume(&activity);
    assert_eq!(
        (breaks(&whole), whole.svg().contains("no data")),
        (0, false)
    );
    // An outage that was looked through stays one.
    let activity = Activity::sample().unwrap().last_days(20);
    let evening = activity.when(|window| window.end().hour() >= 12);
    assert_eq!(aggregate::gaps(&evening).len(), 1);
    assert!(plot::message_volume(&evening).svg().contains("no data"));
}

#[test]
#[should_panic(expected = "`when` keeps none of the 25,943 windows")]
fn keeping_no_window_says_so() {
    let _ = Activity::sample().unwrap().when(|_| false);
}

#[test]
fn spans_without_a_window_say_what_is_there() {
    let activity = Activity::sample().unwrap();
    for (begin, end, error) in [
        (
            "2025-01-01",
            "2025-02-01",
            "sample data, made up has no window between 2025-01-01 and 2025-02-01; its windows reach from 2025-10-06 00:00 EDT to 2026-04-05 05:50 EDT",
        ),
        (
            "2026-03-01",
            "2026-03-01",
            "the span between 2026-03-01 and 2026-03-01 is empty; the second time must be later than the first",
        ),
        (
            "March",
            "2026-03-01",
            "\"March\" is not a time; write 2026-03-01, 2026-03-01 14:30 or 2026-03-01T14:30:00Z",
        ),
    ] {
        assert_eq!(activity.between(begin, end).unwrap_err().to_string(), error);
    }
    assert_eq!(activity.last_days(0).len(), 1);
    assert_eq!(activity.last_days(u32::MAX).len(), activity.len());
}

/// Whatever an aggregate gives shows its times on local clocks, and is a table.
#[test]
fn results_show_local_times_and_where_they_are_from() {
    let activity = Activity::sample().unwrap();
    let first = format!("{:?}", aggregate::growth(&activity, WEEK)[0]);
    assert!(
        first.starts_with("Growth { begin: 2025-10-06 00:00 EDT, active: "),
        "{first}"
    );
    let shown = [
        format!("{:?}", aggregate::gaps(&activity)),
        format!("{:?}", aggregate::stickiness(&activity)),
        format!("{:?}", aggregate::seen(&activity)),
        format!("{:?}", aggregate::unusual(&activity)),
        format!("{:?}", aggregate::compare(&activity, WEEK).unwrap()),
        format!("{:?}", activity.iter().next().unwrap()),
        format!("{:?}", activity.every(DAY).iter().next().unwrap()),
    ];
    for text in shown {
        assert!(text.contains(" EST") || text.contains(" EDT"), "{text}");
        // Milliseconds of these years have thirteen digits from 17 on.
        let numbers = text.split(|c: char| !c.is_ascii_digit());
        assert!(
            !numbers
                .into_iter()
                .any(|number| number.len() == 13 && number.starts_with("17")),
            "{text}"
        );
    }
    for table in [
        activity.table(),
        activity.every(DAY).table(),
        aggregate::growth(&activity, WEEK).table(),
        aggregate::messages_by_member(&activity).table(),
        activity.iter().take(3).collect::<Vec<_>>().table(),
    ] {
        let text = table.to_string();
        assert!(
            text.contains("Source: sample data, made up · ")
                && text.contains(" · times in US/Eastern"),
            "{text}"
        );
        assert_eq!(table.csv().lines().count(), table.len() + 1);
    }
    let totals = activity.every(DAY).table();
    let text = totals.to_string();
    assert!(
        text.contains("2025-10-06 00:00 EDT") && text.contains("2026-04-05 00:00 EDT"),
        "{text}"
    );
    assert!(text.contains("and 172 between"), "{text}");
    let none: Vec<aggregate::Gap> = Vec::new();
    assert_eq!(none.table().len(), 0);
}

/// A row for each window and member, and hidden members without their id.
#[test]
fn messages_by_window_and_member_add_up() {
    let activity = Activity::sample().unwrap();
    let table = table::messages(&activity, &Names::load(&activity).unwrap());
    let csv = table.csv();
    let sent = csv
        .lines()
        .skip(1)
        .map(|row| row.rsplit(',').next().unwrap().parse::<u64>().unwrap());
    let all: u64 = aggregate::messages_by_member(&activity)
        .iter()
        .map(|total| total.messages)
        .sum();
    assert_eq!(sent.sum::<u64>(), all);
    assert!(
        csv.lines().nth(1).unwrap().ends_with(",Gorseleaf,1"),
        "{:?}",
        csv.lines().nth(1)
    );
}

/// HIDDEN_MEMBERS holds for them: of who joined and left, what shows itself or is a row
/// of CSV has the number alone.
#[test]
fn who_joined_and_left_is_counted_and_named_in_no_table() {
    let folder = std::env::temp_dir().join(format!("joins-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let window = |minute: u32, joined: &[&str]| {
        json!({
            "time": {"$date": format!("2026-03-02T21:{minute}:00Z")}, "messages-sent": 1,
            "quantities": {"7": 1}, "joined": joined, "left": ["123456789012345678"],
        })
        .to_string()
    };
    let windows = [window(10, &["223456789012345678"; 2]), window(20, &[])];
    std::fs::write(folder.join("activity.json"), windows.join("\n")).unwrap();
    let activity = Activity::open(folder.join("activity.json")).unwrap();
    activity.save(folder.join("activity.csv")).unwrap();
    let saved = std::fs::read_to_string(folder.join("activity.csv")).unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    let names = Names::default();
    let days = activity.every(DAY).table();
    assert!(days.csv().contains(",joined,left,") && days.csv().contains(",2,2,"));
    for (what, text) in [
        ("saved", saved),
        ("windows", activity.table().csv()),
        ("days", days.csv()),
        ("messages", table::messages(&activity, &names).csv()),
        ("seen", table::seen(&activity, &names).csv()),
        ("top", table::top_members(&activity, &names, DAY).csv()),
        (
            "shown",
            format!("{:?} {days:?} {:?}", activity, activity.iter().next()),
        ),
    ] {
        assert!(!text.contains("3456789012345678"), "{what}: {text}");
    }
}
