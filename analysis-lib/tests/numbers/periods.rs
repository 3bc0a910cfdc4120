//! Hours, days, weeks and months against pandas, which computes them from the
//! same files.

use std::collections::{BTreeMap, BTreeSet};

use analysis_lib::{Activity, DAY, HOUR, MONTH, Period, Periods, WEEK, aggregate};
use serde_json::{Value, json};

use crate::reference::Reference;

fn integers(value: &Value) -> Vec<i64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_i64().unwrap())
        .collect()
}

fn check(periods: &Periods, expected: &Value, what: &str) {
    assert_eq!(
        periods.begins(),
        integers(&expected["starts"]),
        "{what}: starts"
    );
    let messages: Vec<i64> = periods.messages().iter().map(|&n| n as i64).collect();
    assert_eq!(
        messages,
        integers(&expected["messages"]),
        "{what}: messages"
    );
    let windows: Vec<i64> = periods.windows().iter().map(|&n| n as i64).collect();
    assert_eq!(windows, integers(&expected["windows"]), "{what}: windows");
    let most = expected["online_max"].as_array().unwrap().iter();
    let most: Vec<Option<u32>> = most.map(|n| Some(n.as_i64()? as u32)).collect();
    assert_eq!(periods.online_max(), most, "{what}: most online");
    let known = integers(&expected["online_known"]);
    assert!(known.iter().zip(&windows).any(|(known, all)| known < all));
    for (i, sum) in integers(&expected["online_sum"]).into_iter().enumerate() {
        // A sum of whole numbers, and one division, by 0 where nothing is known.
        let (mean, expected) = (periods.online_mean()[i], sum as f64 / known[i] as f64);
        let is_same = mean == expected || mean.is_nan() && expected.is_nan();
        assert!(is_same, "{what}: mean online {mean}, not {expected}");
    }
    let said = (0..periods.len()).map(|i| {
        let channels = periods.channels();
        let by_channel = periods.by_channel(i);
        let by_channel: BTreeMap<String, u64> = by_channel
            .map(|(channel, sent)| (channels[channel].to_string(), sent))
            .collect();
        json!([
            periods.member_count()[i],
            periods.joined()[i],
            periods.left()[i],
            periods.joins_known()[i],
            periods.channels_known()[i],
            by_channel
        ])
    });
    let said: Vec<Value> = said.collect();
    assert_eq!(
        Value::from(said),
        expected["said"],
        "{what}: what is said besides"
    );
}

/// Every sum is pandas', and all ways to a day's sum lead to the same.
#[test]
fn periods_equal_what_pandas_computes() {
    let reference = Reference::of("periods");
    let seed = &reference.seed;
    let mut seen = BTreeSet::new();
    for expected in &reference.lines {
        let (zone, path) = (
            expected["zone"].as_str().unwrap(),
            expected["path"].as_str().unwrap(),
        );
        let Some(name) = expected["period"].as_str() else {
            let activity = Activity::open(path).unwrap().in_timezone(zone).unwrap();
            check_means(
                &activity,
                expected,
                &format!("{path}; REFERENCE_SEED={seed}"),
            );
            continue;
        };
        let what = format!("{zone}, {name}, {path}; REFERENCE_SEED={seed} repeats it");
        let activity = Activity::open(path).unwrap().in_timezone(zone).unwrap();
        let period = [HOUR, DAY, WEEK, MONTH]
            .into_iter()
            .find(|period| period.to_string() == name)
            .unwrap();
        let periods = activity.every(period);
        check(&periods, expected, &what);
        sums_agree(&activity, period, &periods, &what);
        seen.insert((zone.to_owned(), name.to_owned()));
    }
    assert_eq!(seen.len(), 20);
}

/// Rolling means, and the hours of the week.
fn check_means(activity: &Activity, expected: &Value, what: &str) {
    for hours in [24, 168] {
        let means: Vec<Option<f64>> = expected["rolling"][hours.to_string()]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| {
                let milliseconds = pair.get(1)?.as_i64()? as f64;
                Some(pair.get(0)?.as_i64()? as f64 / (milliseconds / 3_600_000.0))
            })
            .collect();
        assert!(means.iter().any(Option::is_some), "{what}");
        let found = aggregate::rolling(activity, hours);
        assert_eq!(found.len(), means.len(), "{what}");
        for (i, (found, mean)) in found.into_iter().zip(means).enumerate() {
            assert_eq!(found, mean, "{what}: {hours} hours to window {i}");
        }
    }
    let week: Vec<Vec<i64>> = aggregate::weekly_rhythm(activity)
        .iter()
        .filter(|hour| hour.windows > 0)
        .map(|hour| {
            let (messages, online) = (hour.messages as i64, hour.online as i64);
            let hours = hour.recorded as f64 / 3_600_000.0;
            assert_eq!(hour.per_hour(), Some(messages as f64 / hours));
            let mean = online as f64 / hour.online_known as f64;
            assert_eq!(hour.online_mean(), Some(mean).filter(|mean| !mean.is_nan()));
            vec![
                hour.weekday.into(),
                hour.hour.into(),
                messages,
                online,
                hour.online_known as i64,
                hour.recorded,
                hour.windows as i64,
            ]
        })
        .collect();
    let expected = expected["week"].as_array().unwrap().iter().map(integers);
    assert_eq!(week, expected.collect::<Vec<_>>(), "{what}: week");
}

/// Hours add up to days, days to weeks and months, hours of the week to all.
fn sums_agree(activity: &Activity, period: Period, periods: &Periods, what: &str) {
    let all: u64 = activity
        .message_volume()
        .iter()
        .map(|&n| u64::from(n))
        .sum();
    assert_eq!(periods.messages().iter().sum::<u64>(), all, "{what}");
    let week = aggregate::weekly_rhythm(activity);
    assert_eq!(
        week.iter().map(|hour| hour.messages).sum::<u64>(),
        all,
        "{what}"
    );
    let finer = activity.every(if period == HOUR || period == DAY {
        HOUR
    } else {
        DAY
    });
    for (i, (&start, &end)) in periods.begins().iter().zip(periods.ends()).enumerate() {
        let inside = |&j: &usize| (start..end).contains(&finer.begins()[j]);
        let sum: u64 = (0..finer.len())
            .filter(inside)
            .map(|j| finer.messages()[j])
            .sum();
        assert_eq!(sum, periods.messages()[i], "{what}: at {start}");
    }
}
