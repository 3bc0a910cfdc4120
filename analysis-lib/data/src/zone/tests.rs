use chrono::TimeZone;

use super::*;

/// Hours with changes of clocks by an hour, by half an hour, at midnight, and
/// not at all; with a day left out (Apia), and with clocks that go back over
/// a day's beginning (St_Johns, until 2011).
const CHANGING: [&str; 8] = [
    "US/Eastern",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Asia/Kolkata",
    "Pacific/Apia",
    "Asia/Beirut",
    "America/St_Johns",
    "Asia/Pyongyang",
];

fn zone(name: &str) -> Zone {
    Zone::built_in(name, None).unwrap()
}

fn utc(text: &str) -> i64 {
    let time = chrono::DateTime::parse_from_rfc3339(text);
    time.unwrap().timestamp_millis()
}

/// The starts of the periods from one time to another, as clocks show them.
fn starts(name: &str, period: Period, from: &str, to: &str) -> Vec<String> {
    let zone = zone(name);
    let (mut start, to) = (zone.begin(period, utc(from)), utc(to));
    let mut starts = Vec::new();
    while start < to {
        let local = zone.timestamp_millis_opt(start).unwrap();
        starts.push(local.format("%-d %b %H:%M %Z").to_string());
        start = zone.end(period, start);
    }
    starts
}

/// No time is in two periods or in none, whichever of its times is asked for.
#[test]
fn periods_tile_time() {
    for name in CHANGING {
        let zone = zone(name);
        for period in [Period::Hour, Period::Day, Period::Week, Period::Month] {
            let place = |time: i64| format!("{period} of {name} at {time}");
            let mut start = zone.begin(period, utc("2006-01-01T00:00:00Z"));
            let longest = match period {
                Period::Hour => HOUR_LENGTH,
                Period::Day => 25 * HOUR_LENGTH,
                Period::Week => 7 * DAY_LENGTH + HOUR_LENGTH,
                Period::Month => 31 * DAY_LENGTH + HOUR_LENGTH,
            };
            while start < utc("2028-01-01T00:00:00Z") {
                let end = zone.end(period, start);
                assert!(start < end && end - start <= longest, "{}", place(start));
                for time in [start, start + (end - start) / 3, end - 1] {
                    assert_eq!(zone.begin(period, time), start, "{}", place(time));
                    assert_eq!(zone.end(period, time), end, "{}", place(time));
                }
                start = end;
            }
        }
    }
}

/// A period begins where clocks say that it does, but for what they skip.
#[test]
fn periods_begin_with_their_first_hour_and_day() {
    let mut odd = Vec::new();
    for name in CHANGING {
        let zone = zone(name);
        for period in [Period::Day, Period::Week, Period::Month] {
            let mut start = zone.begin(period, utc("2011-12-01T00:00:00Z"));
            while start < utc("2028-01-01T00:00:00Z") {
                let local = zone.timestamp_millis_opt(start).unwrap();
                let round = match period {
                    Period::Hour | Period::Day => true,
                    Period::Week => local.weekday() == chrono::Weekday::Mon,
                    Period::Month => local.day() == 1,
                };
                if !round || local.time() != chrono::NaiveTime::MIN {
                    odd.push(local.format("%a %-d %b %Y %H:%M").to_string());
                }
                start = zone.end(period, start);
            }
        }
        // Clocks that skip midnight, where they do.
        odd.dedup();
        assert!(
            odd.iter()
                .all(|time| time.ends_with(" 01:00") && time.starts_with("Sun")),
            "{name}: {odd:?}"
        );
    }
    assert!(
        odd.iter().any(|time| time == "Sun 30 Mar 2025 01:00"),
        "{odd:?}"
    );
}

#[test]
fn hours_are_those_of_clocks_around_changes() {
    // 01:00 comes twice.
    assert_eq!(
        starts(
            "US/Eastern",
            Period::Hour,
            "2026-11-01T04:30:00Z",
            "2026-11-01T07:30:00Z"
        ),
        [
            "1 Nov 00:00 EDT",
            "1 Nov 01:00 EDT",
            "1 Nov 01:00 EST",
            "1 Nov 02:00 EST"
        ]
    );
    assert_eq!(
        starts(
            "US/Eastern",
            Period::Hour,
            "2026-03-08T06:59:00Z",
            "2026-03-08T08:30:00Z"
        ),
        ["8 Mar 01:00 EST", "8 Mar 03:00 EDT", "8 Mar 04:00 EDT"]
    );
    // Clocks change by half an hour at 02:00, which divides an hour.
    assert_eq!(
        starts(
            "Australia/Lord_Howe",
            Period::Hour,
            "2026-04-04T14:10:00Z",
            "2026-04-04T16:00:00Z"
        ),
        ["5 Apr 01:00 +11", "5 Apr 01:30 +1030", "5 Apr 02:00 +1030"]
    );
    assert_eq!(
        starts(
            "Australia/Lord_Howe",
            Period::Hour,
            "2026-10-03T15:00:00Z",
            "2026-10-03T17:00:00Z"
        ),
        ["4 Oct 01:00 +1030", "4 Oct 02:30 +11", "4 Oct 03:00 +11"]
    );
}

#[test]
fn a_day_that_the_zone_left_out_has_no_period() {
    let days = starts(
        "Pacific/Apia",
        Period::Day,
        "2011-12-29T12:00:00Z",
        "2012-01-01T00:00:00Z",
    );
    assert_eq!(
        days,
        ["29 Dec 00:00 -10", "31 Dec 00:00 +14", "1 Jan 00:00 +14"]
    );
    let week = starts(
        "Pacific/Apia",
        Period::Week,
        "2011-12-31T12:00:00Z",
        "2012-01-02T00:00:00Z",
    );
    assert_eq!(week, ["26 Dec 00:00 -10", "2 Jan 00:00 +14"]);
    let zone = zone("Pacific/Apia");
    let monday = utc("2011-12-26T10:00:00Z");
    assert_eq!(zone.end(Period::Week, monday) - monday, 6 * DAY_LENGTH);
}

#[test]
fn months_have_their_lengths() {
    let zone = zone("Asia/Kolkata");
    let mut start = zone.begin(Period::Month, utc("2024-01-15T00:00:00Z"));
    let lengths = std::iter::repeat_with(|| {
        let end = zone.end(Period::Month, start);
        (end - std::mem::replace(&mut start, end)) / DAY_LENGTH
    });
    let lengths: Vec<i64> = lengths.take(12).collect();
    assert_eq!(lengths, [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]);
}

#[test]
fn local_times_are_found_again() {
    for name in CHANGING {
        let zone = zone(name);
        for time in
            (utc("2006-01-01T00:00:00Z")..utc("2028-01-01T00:00:00Z")).step_by(29 * 60_000 * 60)
        {
            let instant = zone.instant(zone.local(time));
            assert!(
                instant <= time && zone.local(instant) == zone.local(time),
                "{name} {time}"
            );
        }
    }
    // New York skips 02:30 and shows 01:30 twice.
    let eastern = zone("US/Eastern");
    assert_eq!(
        eastern.instant(utc("2026-03-08T02:30:00Z")),
        utc("2026-03-08T07:00:00Z")
    );
    assert_eq!(
        eastern.instant(utc("2026-11-01T01:30:00Z")),
        utc("2026-11-01T05:30:00Z")
    );
}

#[test]
fn clocks_that_go_back_are_noticed() {
    let zone = zone("US/Eastern");
    let change = utc("2026-11-01T06:00:00Z");
    assert!(zone.go_back(change, change + 1));
    assert!(!zone.go_back(change - HOUR_LENGTH, change));
    assert!(!zone.go_back(change + 1, change + HOUR_LENGTH));
    let forward = utc("2026-03-08T07:00:00Z");
    assert!(!zone.go_back(forward - HOUR_LENGTH, forward + HOUR_LENGTH));
}
