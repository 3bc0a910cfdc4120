//! Who writes, how much, and who comes and goes, against pandas and NumPy, which
//! compute it from the same files.

use analysis_lib::{Activity, DAY, MONTH, Names, WEEK, aggregate, plot, table};
use serde_json::{Value, json};

use crate::reference::Reference;

/// The rows of a table as CSV, without apostrophes and quotes.
fn rows(csv: &str) -> Vec<Vec<String>> {
    let field = |field: &str| field.trim_matches(['"', '\'']).to_owned();
    let row = |row: &str| row.split(',').map(field).collect();
    csv.lines().skip(1).map(row).collect()
}

fn milliseconds(utc: &str) -> i64 {
    let time = chrono::DateTime::parse_from_rfc3339(utc);
    time.unwrap().timestamp_millis()
}

fn integer(text: &str) -> i64 {
    text.parse().unwrap()
}

/// Shares in CSV have four places, and there is none of nothing.
fn is_percent(text: &str, part: i64, of: i64) -> bool {
    if of == 0 {
        return text.is_empty();
    }
    let expected = part as f64 / of as f64 * 100.0;
    (text.parse::<f64>().unwrap() - expected).abs() < 1e-4
}

fn check(activity: &Activity, expected: &Value, what: &str) {
    let names = Names::default();
    for (period, name) in [(DAY, "day"), (WEEK, "week"), (MONTH, "month")] {
        let growth = aggregate::growth(activity, period);
        let column = |value: fn(&aggregate::Growth) -> u64| -> Vec<u64> {
            growth.iter().map(value).collect()
        };
        let starts: Vec<i64> = growth.iter().map(|growth| growth.begin).collect();
        let found = json!({
            "start": starts,
            "active": column(|growth| growth.active),
            "new": column(|growth| growth.new),
            "retained": column(|growth| growth.retained),
            "resurrected": column(|growth| growth.resurrected),
            "churned": column(|growth| growth.churned),
        });
        assert_eq!(found, expected["growth"][name], "{what}: growth by {name}");
        top(activity, &names, period, &expected["top"][name], what);
    }

    let stickiness = aggregate::stickiness(activity);
    let starts: Vec<i64> = stickiness.iter().map(|day| day.begin).collect();
    let daily: Vec<u64> = stickiness.iter().map(|day| day.daily).collect();
    let monthly: Vec<u64> = stickiness.iter().map(|day| day.monthly).collect();
    let found = json!({"start": starts, "daily": daily, "monthly": monthly});
    assert_eq!(found, expected["stickiness"], "{what}: stickiness");

    let reach = aggregate::reach(activity);
    let own = &expected["reach"];
    let pairs: Vec<u64> = reach.iter().map(|hour| hour.pairs).collect();
    assert_eq!(json!(pairs), own["pairs"], "{what}: reach");
    assert!(
        reach.iter().all(|hour| hour.weeks == own["weeks"]),
        "{what}"
    );
    let place = |hour: &aggregate::Reach| hour.weekday * 24 + hour.hour;
    let taken = reach
        .iter()
        .filter_map(|hour| Some((place(hour), hour.reached?)));
    let mut taken: Vec<(u32, f64)> = taken.collect();
    taken.sort_by(|one, other| one.1.total_cmp(&other.1));
    let share = |pair: &Value| {
        let [hour, reached] = [&pair[0], &pair[1]].map(|number| number.as_u64().unwrap());
        // One division of the same whole numbers.
        (hour as u32, reached as f64 / own["all"].as_f64().unwrap())
    };
    let expected_taken: Vec<_> = own["taken"].as_array().unwrap().iter().map(share).collect();
    assert_eq!(taken, expected_taken, "{what}: reach");

    let concentration = aggregate::concentration(activity);
    let own = &expected["concentration"];
    assert_eq!(concentration.members, own["members"], "{what}");
    assert_eq!(concentration.half, own["half"], "{what}");
    // One division of whole numbers.
    let [top, all] = ["top_tenth", "all"].map(|name| own[name].as_f64().unwrap());
    assert_eq!(concentration.top_tenth, top / all, "{what}");
    // NumPy's mean of all pairs' differences rounds once a pair.
    let gini = own["gini"].as_f64().unwrap();
    assert!((concentration.gini - gini).abs() < 1e-12, "{what}: {gini}");

    let seen: Vec<Value> = rows(&table::seen(activity, &names).csv())
        .iter()
        .map(|row| {
            let [id, _, messages, days, _, first, _, last, ago] = row.as_slice() else {
                panic!("{what}: {row:?}");
            };
            let (first, last) = (milliseconds(first), milliseconds(last));
            let [id, messages, days, ago] = [id, messages, days, ago].map(|n| integer(n));
            json!([id, messages, days, first, last, ago])
        })
        .collect();
    assert_eq!(json!(seen), expected["seen"], "{what}: seen");

    let hours = rows(plot::member_hours(activity, &names).csv());
    let found: Vec<Value> = hours
        .iter()
        .map(|row| json!([row[0], integer(&row[2]), integer(&row[3]), integer(&row[5])]))
        .collect();
    assert_eq!(json!(found), expected["hours"], "{what}: hours");
    for own in hours.chunks(24) {
        let all = own.iter().map(|row| integer(&row[3])).sum();
        assert!(
            own.iter()
                .all(|row| is_percent(&row[4], integer(&row[3]), all)),
            "{what}"
        );
    }

    channels(activity, expected, what);
    let shares = rows(plot::member_shares(activity, &names, WEEK).csv());
    let found: Vec<Value> = shares
        .iter()
        .map(|row| json!([milliseconds(&row[1]), row[2], integer(&row[4])]))
        .collect();
    assert_eq!(json!(found), expected["shares"], "{what}: shares");
    for week in shares.chunk_by(|one, other| one[1] == other[1]) {
        let all = week.iter().map(|row| integer(&row[4])).sum();
        assert!(
            week.iter()
                .all(|row| is_percent(&row[5], integer(&row[4]), all)),
            "{what}"
        );
    }
}

/// Where messages were sent.
fn channels(activity: &Activity, expected: &Value, what: &str) {
    let names = Names::default();
    let totals = aggregate::messages_by_channel(activity);
    let found: Vec<Value> = totals
        .iter()
        .map(|own| json!([own.id.get(), own.messages, own.last_day, own.is_asleep]))
        .collect();
    assert_eq!(json!(found), expected["channels"], "{what}: channels");

    let shares = rows(plot::channel_shares(activity, &names, WEEK).csv());
    let found: Vec<Value> = shares
        .iter()
        .map(|row| json!([milliseconds(&row[1]), row[2], integer(&row[4])]))
        .collect();
    assert_eq!(json!(found), expected["channel_shares"], "{what}: channels");
    let weeks: Vec<_> = shares.chunk_by(|one, other| one[1] == other[1]).collect();
    let coverage = expected["channel_coverage"].as_array().unwrap();
    assert_eq!(weeks.len(), coverage.len(), "{what}");
    for (week, coverage) in weeks.iter().zip(coverage) {
        // CSV has four places.
        let found: f64 = week[0][6].parse().unwrap();
        assert!(
            (found - coverage.as_f64().unwrap()).abs() < 1e-4,
            "{what}: coverage"
        );
    }

    // The newest week that is over, if half of it was recorded.
    let own = activity.channels_as_members().unwrap();
    let periods = own.every(WEEK);
    let is_over = |&i: &usize| i + 1 < periods.len() || periods.is_over();
    let is_half = |&i: &usize| periods.coverage()[i] >= 0.5;
    let week = (0..periods.len()).rev().filter(is_over).find(is_half);
    let mut sent: Vec<(i64, i64)> = expected["channel_weeks"][week.unwrap()]
        .as_array()
        .unwrap()
        .iter()
        .map(|own| (own[0].as_i64().unwrap(), own[1].as_i64().unwrap()))
        .collect();
    let table = table::channels(activity, &names, WEEK);
    let rows = rows(&table.csv());
    let mut found: Vec<(i64, i64)> = rows
        .iter()
        .map(|row| (integer(&row[0]), integer(&row[2])))
        .filter(|own| own.1 > 0)
        .collect();
    assert!(found.is_sorted_by(|one, next| one.1 >= next.1), "{what}");
    sent.sort();
    found.sort();
    assert_eq!(found, sent, "{what}: the week's channels");
    for total in totals.iter().filter(|total| total.is_asleep) {
        assert!(table.says().contains(&names.channel(total.id)), "{what}");
    }

    // A channel changed as a server does that has no other.
    let alone = Activity::open(expected["one_channel"].as_str().unwrap()).unwrap();
    let alone = alone
        .in_timezone(activity.origin().timezone().name())
        .unwrap();
    let change = aggregate::compare(&alone, WEEK).ok();
    let change = change.map(|both| both.messages);
    let row = rows
        .iter()
        .find(|row| integer(&row[0]) == expected["channels"][0][0]);
    let [low, high] = [0, 1].map(|end| change.and_then(|change| Some(change.interval?[end])));
    let share = change.and_then(|change| change.share());
    for (column, expected) in [(4, share), (5, low), (6, high)] {
        assert_eq!(
            row.unwrap()[column].parse().ok(),
            expected,
            "{what}: column {column}"
        );
    }
}

fn top(
    activity: &Activity,
    names: &Names,
    period: analysis_lib::Period,
    expected: &Value,
    what: &str,
) {
    // The newest that is over, if half of it was recorded.
    let periods = activity.every(period);
    let is_over = |&i: &usize| i + 1 < periods.len() || periods.is_over();
    let is_recorded = |&i: &usize| periods.coverage()[i] >= 0.5;
    let own = (0..periods.len()).rev().filter(is_over).find(is_recorded);
    let own = periods.begins()[own.unwrap_or(periods.len() - 1)];
    let growth = aggregate::growth(activity, period);
    let later = growth.iter().filter(|growth| growth.begin > own).count();
    let expected = &expected[later];
    let rows = rows(&table::top_members(activity, names, period).csv());
    let found: Vec<Value> = rows
        .iter()
        .map(|row| {
            let change = match row[6].as_str() {
                "" => Value::Null,
                "new" => json!("new"),
                change => json!(integer(change)),
            };
            let [rank, id, messages, windows] = [0, 1, 3, 5].map(|column| integer(&row[column]));
            json!([id, messages, rank, change, windows])
        })
        .collect();
    assert_eq!(&json!(found), expected, "{what}: the most by {period}");
    let all: i64 = rows.iter().map(|row| integer(&row[3])).sum();
    for row in rows {
        // One division of the same whole numbers.
        assert_eq!(
            row[4].parse::<f64>().unwrap(),
            integer(&row[3]) as f64 / all as f64,
            "{what}"
        );
    }
}

#[test]
fn members_are_counted_as_pandas_does() {
    let reference = Reference::of("people");
    assert_eq!(reference.lines.len(), 5);
    let seed = &reference.seed;
    for expected in &reference.lines {
        let [zone, path] = ["zone", "path"].map(|name| expected[name].as_str().unwrap());
        let what = format!("{zone}; REFERENCE_SEED={seed} repeats it");
        let activity = Activity::open(path).unwrap().in_timezone(zone).unwrap();
        check(&activity, expected, &what);
    }
}
