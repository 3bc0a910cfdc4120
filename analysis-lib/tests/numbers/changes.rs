//! Comparisons, unusual hours, silences, messages per online member and lags
//! against pandas, NumPy and SciPy, which compute them from the same files.

use analysis_lib::aggregate::{self, Change, Stretch};
use analysis_lib::{Activity, DAY, HOUR, MONTH, WEEK};
use serde_json::{Value, json};

use crate::reference::Reference;

/// That two numbers are equal but for rounding: sums of some thousand terms in
/// another order, and SciPy's own quantiles.
fn assert_near(value: Option<f64>, expected: &Value, what: &str) {
    match (value, expected.as_f64()) {
        (Some(value), Some(expected)) => assert!(
            (value - expected).abs() <= 1e-9 * expected.abs().max(1.0),
            "{what}: {value}, not {expected}"
        ),
        (value, expected) => assert_eq!(value, expected, "{what}"),
    }
}

fn assert_pair(pair: Option<[f64; 2]>, expected: &Value, what: &str) {
    assert_eq!(pair.is_none(), expected.is_null(), "{what}");
    for side in 0..2 {
        assert_near(pair.map(|pair| pair[side]), &expected[side], what);
    }
}

fn assert_change(change: &Change, expected: &Value, what: &str) {
    assert_pair(
        Some([change.before, change.now]),
        &expected["values"],
        &format!("{what}: before and now"),
    );
    assert_pair(
        change.interval,
        &expected["interval"],
        &format!("{what}: interval"),
    );
    assert_eq!(
        json!(change.more_than_chance),
        expected["more"],
        "{what}: more than chance"
    );
}

fn check_compare(activity: &Activity, expected: &Value, what: &str) -> usize {
    let mut compared = 0;
    for period in [HOUR, DAY, WEEK, MONTH] {
        let (expected, what) = (&expected[period.to_string()], format!("{what}, {period}"));
        let comparison = match aggregate::compare(activity, period) {
            Ok(comparison) => comparison,
            Err(why) => {
                assert!(expected.is_null(), "{what}: {why}");
                continue;
            }
        };
        compared += 1;
        let now = &comparison;
        assert_eq!(
            json!([now.earlier_begin, now.begin, now.end, now.hours]),
            json!([
                expected["before"],
                expected["start"],
                expected["end"],
                expected["hours"]
            ]),
            "{what}"
        );
        assert_eq!(
            json!([now.retained, now.lost, now.new]),
            expected["turnover"],
            "{what}: members"
        );
        assert_change(
            &now.messages,
            &expected["messages"],
            &format!("{what}: messages"),
        );
        assert_change(
            &now.online_mean,
            &expected["online"],
            &format!("{what}: online"),
        );
        assert_change(
            &now.active_members,
            &expected["members"],
            &format!("{what}: members"),
        );
        let peak = [now.online_peak.before, now.online_peak.now];
        assert_pair(Some(peak), &expected["peak"], &format!("{what}: peak"));
    }
    compared
}

/// Whether there was enough to tell an effect.
fn check_effect(activity: &Activity, expected: &Value, what: &str) -> bool {
    let time = expected["time"].as_str().unwrap();
    let activity = activity.clone().with_event(time, "x").unwrap();
    let effects = aggregate::effects(&activity);
    let effect = effects.iter().find(|own| own.event.label == "x").unwrap();
    assert_eq!(json!(effect.hours), expected["hours"], "{what}: hours");
    for (change, name) in [
        (&effect.messages, "messages"),
        (&effect.writers, "members"),
        (&effect.joins, "joined"),
    ] {
        match expected.get(name) {
            Some(expected) => assert_change(change, expected, &format!("{what}: {name}")),
            None => assert!(change.now.is_nan(), "{what}: {name}"),
        }
    }
    expected.get("messages").is_some()
}

fn check_unusual(activity: &Activity, expected: &Value, what: &str) -> usize {
    let unusual = aggregate::unusual(activity);
    assert_eq!(
        json!(unusual.compared_hours),
        expected["compared_hours"],
        "{what}"
    );
    let events = expected["events"].as_array().unwrap();
    assert_eq!(unusual.events.len(), events.len(), "{what}: events");
    for (event, expected) in unusual.events.iter().zip(events) {
        assert_eq!(
            json!([event.begin, event.end, event.messages, event.peak]),
            json!([expected[0], expected[1], expected[2], expected[4]]),
            "{what}: event"
        );
        assert_near(Some(event.usual), &expected[3], what);
        assert_near(Some(event.deviations), &expected[5], what);
    }
    let silences = unusual.silences.iter();
    let silences: Vec<[i64; 2]> = silences.map(|own| [own.begin, own.end]).collect();
    assert_eq!(json!(silences), expected["silences"], "{what}: silences");
    let told =
        |own: Option<Stretch>| json!(own.map(|own| json!([own.begin, own.end, own.messages])));
    assert_eq!(
        json!([
            [told(unusual.busiest_hour), told(unusual.quietest_hour)],
            [told(unusual.busiest_day), told(unusual.quietest_day)]
        ]),
        expected["extremes"],
        "{what}: extremes"
    );
    events.len()
}

fn check_online(activity: &Activity, expected: &Value, what: &str) -> usize {
    for (hour, expected) in aggregate::busyness(activity)
        .iter()
        .zip(expected["busyness"].as_array().unwrap())
    {
        let what = format!("{what}: hour {}", hour.hour);
        assert_eq!(json!(hour.hours), expected[0], "{what}");
        assert_near(hour.mean, &expected[1], &what);
        assert_pair(hour.quartiles, &expected[2], &what);
    }
    let lags = aggregate::lags(activity);
    let expected = expected["lags"].as_array().unwrap();
    assert_eq!(lags.len(), expected.len(), "{what}: lags");
    for (lag, expected) in lags.iter().zip(expected) {
        let what = format!("{what}: lag {}", lag.hours);
        assert_eq!(
            json!([lag.hours, lag.pairs]),
            json!([expected[0], expected[1]]),
            "{what}"
        );
        assert_near(lag.correlation, &expected[2], &what);
        assert_near(lag.beyond_rhythm, &expected[3], &what);
        assert_near(lag.by_chance, &expected[4], &what);
    }
    lags.len()
}

/// Every number is theirs, over both changes of clocks, gaps and short spans.
#[test]
fn changes_equal_what_scipy_computes() {
    let reference = Reference::of("changes");
    let seed = &reference.seed;
    let (mut cases, mut compared, mut events, mut lags, mut effects) = (0, 0, 0, 0, 0);
    for expected in &reference.lines {
        let (zone, path) = (
            expected["zone"].as_str().unwrap(),
            expected["path"].as_str().unwrap(),
        );
        let what = format!("{zone}, {path}; REFERENCE_SEED={seed} repeats it");
        let activity = Activity::open(path).unwrap().in_timezone(zone).unwrap();
        cases += 1;
        compared += check_compare(&activity, &expected["compare"], &what);
        let told = check_effect(&activity, &expected["effect"], &format!("{what}, effect"));
        effects += usize::from(told);
        events += check_unusual(&activity, expected, &what);
        lags += check_online(&activity, expected, &what);
    }
    // That there is something to compare, whatever the seed.
    assert_eq!(cases, 10);
    assert!(compared > 20, "{compared} comparisons");
    assert!(events > 5, "{events} events");
    assert_eq!(lags, 9 * 97);
    assert!(effects >= 5, "{effects} effects");
}
