//! Who joins, stays and keeps writing, against lifelines, SciPy and pandas, which
//! compute it from the same files.

#[path = "reference/mod.rs"]
mod reference;

use analysis_lib::aggregate::{self, Survival};
use analysis_lib::{Activity, WEEK, plot};
use reference::Reference;
use serde_json::{Value, json};

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
