//! Who joins, stays and keeps writing, against lifelines, SciPy and pandas, which
//! compute it from the same files.

use analysis_lib::aggregate::{self, Survival};
use analysis_lib::{Activity, WEEK, plot};
use serde_json::{Value, json};

use crate::reference::Reference;

fn numbers(expected: &Value) -> Vec<f64> {
    let values = expected.as_array().unwrap().iter();
    values.map(|value| value.as_f64().unwrap()).collect()
}

fn are_near(found: &[f64], expected: &Value, what: &str) {
    let expected = numbers(expected);
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        // lifelines multiplies the shares as exponentials of sums of logarithms.
        assert!(
            (found - expected).abs() < 1e-9,
            "{what}: {found} {expected}"
        );
    }
}

fn is_lifelines(found: &Survival, expected: &Value, what: &str) {
    are_near(&found.days, &expected["days"], &format!("{what}: days"));
    are_near(&found.share, &expected["share"], &format!("{what}: share"));
    are_near(&found.lower, &expected["lower"], &format!("{what}: lower"));
    are_near(&found.upper, &expected["upper"], &format!("{what}: upper"));
    assert_eq!(json!(found.at_risk), expected["at_risk"], "{what}: at risk");
}

/// Weeks with who joined and left, as the figure's table has them.
fn joins(activity: &Activity, expected: &Value, what: &str) {
    let figure = plot::joins(activity, WEEK);
    let rows = figure.csv().lines().skip(1).map(|row| {
        let fields: Vec<&str> = row.split(',').collect();
        // The difference, those who joined, those of raids first, and those who left.
        let counts = &fields[2..fields.len() - 2];
        let counts = counts.iter().map(|field| field.parse::<i64>().unwrap());
        let counts: Vec<i64> = counts.collect();
        let (net, left) = (counts[0], counts[counts.len() - 1]);
        let joined: i64 = counts[1..counts.len() - 1].iter().sum();
        assert_eq!(net, joined - left, "{what}: {row}");
        json!([fields[0][..10], joined, left])
    });
    // Weeks without a window are pandas' gaps.
    let rows: Vec<Value> = rows.collect();
    let expected = expected.as_array().unwrap();
    let found = rows
        .iter()
        .filter(|row| expected.iter().any(|own| own[0] == row[0]));
    assert_eq!(
        found.cloned().collect::<Vec<_>>(),
        *expected,
        "{what}: weeks"
    );
}

#[test]
fn newcomers_stay_as_long_as_lifelines_says() {
    let reference = Reference::of("newcomers");
    assert_eq!(reference.lines.len(), 5);
    for expected in &reference.lines {
        let path = expected["path"].as_str().unwrap();
        let what = format!("{path}; REFERENCE_SEED={} repeats it", reference.seed);
        let activity = Activity::open(path).unwrap().in_timezone("UTC").unwrap();
        let wrote = aggregate::kept_writing(&activity);
        is_lifelines(&wrote, &expected["kept_writing"], &format!("{what}: wrote"));
        let stayed = aggregate::stayed(&activity);
        is_lifelines(&stayed, &expected["stayed"], &format!("{what}: stayed"));
        let raiders: u64 = aggregate::raids(&activity)
            .iter()
            .map(|raid| raid.joins)
            .sum();
        assert_eq!(raiders, expected["raiders"], "{what}: raids");
        let within = aggregate::wrote_within(&activity);
        for (found, expected) in within
            .iter()
            .zip(expected["wrote_within"].as_array().unwrap())
        {
            let counts = json!([found.days, found.joined, found.wrote]);
            assert_eq!(counts, json!(expected.as_array().unwrap()[..3]), "{what}");
            let interval = found.interval.unwrap_or([0.0, 1.0]);
            are_near(&interval, &json!(expected.as_array().unwrap()[3..]), &what);
        }
        assert_eq!(within.len(), 3);
        joins(&activity, &expected["weeks"], &what);
    }
}

/// Hours, of each who joined and who left; of those without, it isn't known, and those
/// with nothing weren't recorded.
fn hours(name: &str, hours: &[Option<Option<[&[u64]; 2]>>]) -> Activity {
    let ids = |ids: &[u64]| {
        let ids = ids.iter().map(|id| format!("\"{id}\""));
        ids.collect::<Vec<_>>().join(",")
    };
    let document = |(hour, lists): (i64, &Option<[&[u64]; 2]>)| {
        let end = 1_772_323_200_000 + hour * 3_600_000;
        let lists = lists.map_or(String::new(), |[joined, left]| {
            let (joined, left) = (ids(joined), ids(left));
            format!(",\"joined\":[{joined}],\"left\":[{left}]")
        });
        let date = |time: i64| format!("{{\"$date\":{{\"$numberLong\":\"{time}\"}}}}");
        let (end, begin) = (date(end), date(end - 3_600_000));
        format!(
            "{{\"time\":{end},\"since\":{begin},\"messages-sent\":0,\"quantities\":{{}}{lists}}}\n"
        )
    };
    let recorded = (0..)
        .zip(hours)
        .filter_map(|(hour, own)| Some((hour, own.as_ref()?)));
    let text: String = recorded.map(document).collect();
    let path = std::env::temp_dir().join(format!("stays-{name}-{}.json", std::process::id()));
    std::fs::write(&path, text).unwrap();
    let activity = Activity::open(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    activity
}

/// Times in hours, and how many are at risk just before each.
fn steps(survival: &Survival) -> Vec<(i64, f64, u64)> {
    let days = survival
        .days
        .iter()
        .map(|days| (days * 24.0).round() as i64);
    let shares = days.zip(survival.share.iter().copied());
    let steps = shares.zip(&survival.at_risk);
    steps
        .map(|((hours, share), &risk)| (hours, share, risk))
        .collect()
}

#[test]
fn what_one_window_says_twice_is_told_by_who_was_there() {
    let (one, no): ([&[u64]; 2], [&[u64]; 2]) = ([&[1], &[]], [&[], &[]]);
    let both: [&[u64]; 2] = [&[1], &[1]];
    // Who wasn't there joined, then left, and again: two stays of 0 hours.
    let twice = hours(
        "twice",
        &[Some(Some(both)), Some(Some(no)), Some(Some(both))],
    );
    assert_eq!(steps(&aggregate::stayed(&twice)), [(0, 0.0, 2)]);
    // Who was there left, then joined: one stay ended, the other goes on.
    let back = hours(
        "back",
        &[
            Some(Some(one)),
            Some(Some(both)),
            Some(Some(no)),
            Some(Some(no)),
        ],
    );
    let ended = [(0, 1.0, 2), (1, 0.5, 2), (2, 0.5, 1)];
    assert_eq!(steps(&aggregate::stayed(&back)), ended);
}

#[test]
fn a_second_join_ends_what_is_known_of_the_first_stay() {
    let (one, no): ([&[u64]; 2], [&[u64]; 2]) = ([&[1], &[]], [&[], &[]]);
    let (join, nothing) = (Some(Some(one)), Some(Some(no)));
    // At the second join; at the last window before the gap; at the last that says it.
    for (name, between, known) in [
        ("at-once", nothing, 4),
        ("gap", None, 2),
        ("unsaid", Some(None), 2),
    ] {
        let activity = hours(name, &[join, nothing, nothing, between, join, nothing]);
        let stayed = aggregate::stayed(&activity);
        assert_eq!(
            steps(&stayed),
            [(0, 1.0, 2), (1, 1.0, 2), (known, 1.0, 1)],
            "{name}"
        );
    }
}

#[test]
fn nobody_has_no_curve_and_the_figure_says_so() {
    let no: [&[u64]; 2] = [&[], &[]];
    for (name, hour) in [("nobody", Some(no)), ("silent", None)] {
        let activity = hours(name, &[Some(hour), Some(hour)]);
        assert_eq!(aggregate::stayed(&activity), Survival::default());
        assert_eq!(aggregate::kept_writing(&activity), Survival::default());
        let says = plot::newcomers(&activity).says().to_owned();
        assert!(says.contains("Nobody is known to have joined"), "{says}");
        let wrote = aggregate::wrote_within(&activity);
        assert!(
            wrote
                .iter()
                .all(|own| own.joined == 0 && own.interval.is_none())
        );
    }
}

/// Three weeks in which one joins every six hours, and in some hours many more.
#[test]
fn a_raid_is_far_more_joins_than_usual_and_at_least_ten() {
    let ids: Vec<u64> = (1..=40).collect();
    let quiet: [&[u64]; 2] = [&ids[..0], &[]];
    let joins = |hour: usize| -> [&[u64]; 2] {
        let many = match hour {
            200 => 9,
            300 => 10,
            301 => 40,
            _ => usize::from(hour.is_multiple_of(6)),
        };
        [&ids[..many], &[]]
    };
    let all: Vec<_> = (0..504).map(|hour| Some(Some(joins(hour)))).collect();
    let raids = aggregate::raids(&hours("raid", &all));
    let joined: Vec<u64> = raids.iter().map(|raid| raid.joins).collect();
    assert_eq!(joined, [10, 40]);
    // A week is the least that tells what is usual.
    assert!(aggregate::raids(&hours("short", &all[240..400])).is_empty());
    // Where 40 an hour are usual, 40 are none.
    let busy: Vec<_> = (0..504).map(|_| Some(Some([&ids[..], quiet[1]]))).collect();
    assert!(aggregate::raids(&hours("busy", &busy)).is_empty());
}
