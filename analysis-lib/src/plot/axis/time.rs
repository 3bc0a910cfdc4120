//! Times as people read them, and ticks at round local times.
//!
//! All times are milliseconds since the epoch (UTC). An axis is linear in them:
//! where clocks change, local labels are an hour closer or further apart, as
//! the hours were.

use std::ops::Range;

use chrono::{DateTime, Datelike, LocalResult, NaiveDate, TimeZone};

use super::scale::{Scale, Tick};
use crate::plot::svg::label_width;
use activity_data::{DAY_LENGTH, HOUR_LENGTH, Zone};

pub(crate) const MINUTE: i64 = HOUR_LENGTH / 60;

/// How far ticks are from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Divides the day.
    Minutes(u32),
    /// A week and more begin on Mondays.
    Days(u32),
    /// Divides the year, or is whole years.
    Months(u32),
}

use Step::{Days, Minutes, Months};

#[rustfmt::skip]
const STEPS: [Step; 27] = [
    Minutes(1), Minutes(2), Minutes(5), Minutes(10), Minutes(15), Minutes(30),
    Minutes(60), Minutes(120), Minutes(180), Minutes(360), Minutes(720),
    Days(1), Days(2), Days(7), Days(14),
    Months(1), Months(2), Months(3), Months(6),
    Months(12), Months(24), Months(60), Months(120), Months(240), Months(600), Months(1200),
    Months(12_000),
];

impl Step {
    /// About how long it is, in milliseconds.
    fn length(self) -> i64 {
        match self {
            Minutes(n) => i64::from(n) * MINUTE,
            Days(n) => i64::from(n) * DAY_LENGTH,
            Months(n) => i64::from(n) * 365 * DAY_LENGTH / 12,
        }
    }

    /// How a tick's label is written, and how its second row is where the day
    /// or the year changes.
    fn formats(self) -> [&'static str; 3] {
        match self {
            // The clock, which may need the zone's abbreviation.
            Minutes(_) => ["", "%a %-d %b", "%a %-d %b %Y"],
            Days(..7) => ["%a %-d %b", "", "%Y"],
            Days(_) => ["%-d %b", "", "%Y"],
            Months(..12) => ["%b", "", "%Y"],
            Months(_) => ["%Y", "", ""],
        }
    }
}

/// Ticks within a scale of times, at least about `shortest` milliseconds apart.
pub(crate) fn time_ticks(zone: &Zone, scale: &Scale, shortest: i64) -> Vec<Tick> {
    let [from, to] = scale.values.map(|time| time as i64);
    // Over a longer span steps are longer, and no label needs an abbreviation.
    let clocks_go_back = to - from < 14 * DAY_LENGTH && zone.go_back(from, to);
    // What a label needs, with some air, in pixels.
    let room = |step: Step| match step {
        Minutes(..=60) if clocks_go_back => 88.0,
        Minutes(_) | Days(7..) => 72.0,
        Days(_) => 92.0,
        Months(_) => 60.0,
    };
    let is_clear = |step: &Step| {
        step.length() >= shortest && scale.pixels(0.0, step.length() as f64) >= room(*step)
    };
    let longest = STEPS[STEPS.len() - 1];
    let step = STEPS.into_iter().find(is_clear).unwrap_or(longest);
    let mut times = times(zone, step, from..to);
    times.retain(|time| (from..=to).contains(time));
    times.sort_unstable();
    times.dedup();
    let mut ticks = label(zone, step, &times);
    untangle(&mut ticks, scale);
    ticks
}

/// Times that clocks show as round, from a span's first day to its end.
fn times(zone: &Zone, step: Step, span: Range<i64>) -> Vec<i64> {
    let days = |is_round: &dyn Fn(i64) -> bool| {
        let days = zone.day(span.start)..=zone.day(span.end);
        let round = days.filter(|&day| is_round(day));
        round.map(|day| zone.day_begin(day)).collect()
    };
    match step {
        Minutes(minutes) => {
            // Clocks are whole quarters of an hour ahead of UTC, or behind.
            let grid = i64::from(minutes.min(15)) * MINUTE;
            let times = (span.start / grid * grid..=span.end).step_by(grid as usize);
            let is_round = |time: &i64| zone.local(*time).rem_euclid(step.length()) == 0;
            let mut times: Vec<i64> = times.filter(is_round).collect();
            if minutes > 60 {
                // One tick for a time that comes twice.
                times.dedup_by_key(|time| zone.local(*time));
            }
            times
        }
        // Day 4 was a Monday, and so was day 4 − 14.
        Days(every @ 7..) => days(&|day| (day + 10) % i64::from(every) == 0),
        Days(every) => days(&|day| (day + 1) % i64::from(every) == 0),
        Months(every) => days(&|day| {
            let date = date(day);
            date.day() == 1 && (date.year() * 12 + date.month0() as i32) % every as i32 == 0
        }),
    }
}

/// A day, given its number; day 0 was 1 January 1970.
pub(crate) fn date(day: i64) -> NaiveDate {
    let date = i32::try_from(day).ok().and_then(NaiveDate::from_epoch_days);
    date.unwrap_or_default()
}

fn label(zone: &Zone, step: Step, times: &[i64]) -> Vec<Tick> {
    let [label, new_day, new_year] = step.formats();
    let mut before: Option<DateTime<Zone>> = None;
    let tick = |&time: &i64| {
        let now = zone.date_time(time);
        let context = match &before {
            Some(before) if before.date_naive() == now.date_naive() => "",
            Some(before) if before.year() == now.year() => new_day,
            _ => new_year,
        };
        let label = match step {
            Minutes(_) => clock(&now),
            // After 9999 a year has a sign.
            _ => now.format(label).to_string().replace('+', ""),
        };
        let context = now.format(context).to_string();
        before = Some(now);
        Tick {
            value: time as f64,
            label,
            context,
        }
    };
    times.iter().map(tick).collect()
}

/// Leaves out what would stand on something else in the second row: of two
/// that clash the later stays, and takes over the year.
fn untangle(ticks: &mut [Tick], scale: &Scale) {
    let half = |tick: &Tick| label_width(&tick.context) / 2.0;
    let mut later: Option<usize> = None;
    for i in (0..ticks.len()).rev() {
        if ticks[i].context.is_empty() {
            continue;
        }
        let right = scale.place(ticks[i].value) + half(&ticks[i]) + 8.0;
        match later {
            Some(later) if right > scale.place(ticks[later].value) - half(&ticks[later]) => {
                let context = std::mem::take(&mut ticks[i].context);
                if let (Some(year), None) = (year(&context), year(&ticks[later].context)) {
                    ticks[later].context += &format!(" {year}");
                }
            }
            _ => later = Some(i),
        }
    }
}

/// The year that a context ends with.
fn year(context: &str) -> Option<&str> {
    let last = context.rsplit(' ').next()?;
    (last.len() == 4 && last.parse::<u32>().is_ok()).then_some(last)
}

/// "21:10"; where clocks show it twice, with the zone's abbreviation.
fn clock(time: &DateTime<Zone>) -> String {
    let twice = matches!(
        time.timezone().from_local_datetime(&time.naive_local()),
        LocalResult::Ambiguous(..)
    );
    let format = if twice { "%H:%M %Z" } else { "%H:%M" };
    time.format(format).to_string()
}

/// "Fri 4 Sep 2020".
fn day(zone: &Zone, time: i64) -> String {
    zone.date_time(time).format("%a %-d %b %Y").to_string()
}

/// "Fri 4 Sep 2020, 21:10 – 22:40", or both days; or one moment.
pub(crate) fn moments(zone: &Zone, from: i64, to: i64) -> String {
    let (first, last) = (zone.date_time(from), zone.date_time(to));
    let (begin, end) = (clock(&first), clock(&last));
    if first.date_naive() != last.date_naive() {
        let last = last.format("%-d %b %Y");
        return format!("{}, {begin} – {last}, {end}", without_year(zone, from, to));
    }
    format!("{}, {}", day(zone, from), range(begin, end))
}

/// "4 Sep – 9 Sep 2020", or one day.
pub(crate) fn days(zone: &Zone, from: i64, to: i64) -> String {
    let (first, last) = (zone.date_time(from), zone.date_time(to));
    if first.date_naive() == last.date_naive() {
        return day(zone, from);
    }
    let last = last.format("%-d %b %Y");
    format!("{} – {last}", without_year(zone, from, to))
}

/// "March 2026 – May 2026", or one month.
pub(crate) fn months(zone: &Zone, from: i64, to: i64) -> String {
    let month = |time| zone.date_time(time).format("%B %Y").to_string();
    range(month(from), month(to))
}

/// "a – b", or one if both are the same.
pub(crate) fn range(first: String, last: String) -> String {
    match first == last {
        true => first,
        false => format!("{first} – {last}"),
    }
}

/// The first of two days, with its year only if the other's differs.
fn without_year(zone: &Zone, from: i64, to: i64) -> String {
    let (first, last) = (zone.date_time(from), zone.date_time(to));
    let is_one = first.year() == last.year();
    let format = if is_one { "%-d %b" } else { "%-d %b %Y" };
    first.format(format).to_string()
}

/// "21:00 – 22:00": an hour of the day.
pub(crate) fn hour_range(hour: u32) -> String {
    format!("{hour:02}:00 – {:02}:00", hour + 1)
}

/// "10 min": a length of time, to a whole unit that is large enough.
pub(crate) fn duration(milliseconds: i64) -> String {
    match milliseconds {
        ..1_000 => format!("{milliseconds} ms"),
        1_000..90_000 => format!("{} s", (milliseconds + 500) / 1_000),
        90_000..5_400_000 => format!("{} min", (milliseconds + MINUTE / 2) / MINUTE),
        5_400_000..129_600_000 => format!("{} h", (milliseconds + HOUR_LENGTH / 2) / HOUR_LENGTH),
        _ => format!("{} days", (milliseconds + DAY_LENGTH / 2) / DAY_LENGTH),
    }
}

#[cfg(test)]
mod tests {
    use chrono::Timelike;

    use super::*;

    const ZONES: [&str; 4] = [
        "US/Eastern",
        "Europe/London",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
    ];

    fn zone(name: &str) -> Zone {
        Zone::built_in(name, None).unwrap()
    }
    const YEAR: i64 = 365 * DAY_LENGTH;

    fn utc(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(text)
            .unwrap()
            .timestamp_millis()
    }

    fn scale(from: i64, to: i64, pixels: f64) -> Scale {
        Scale::new([from as f64, to as f64], [0.0, pixels])
    }

    fn shown(name: &str, from: &str, to: &str, pixels: f64) -> Vec<String> {
        time_ticks(&zone(name), &scale(utc(from), utc(to), pixels), MINUTE)
            .iter()
            .map(|tick| format!("{} {}", tick.label, tick.context).trim().to_owned())
            .collect()
    }

    /// Spans from a minute to ten years, from all over two years with both
    /// changes of clocks: every tick is at a round local time, and there are
    /// neither too few nor too many.
    #[test]
    fn ticks_are_round_local_times_everywhere() {
        let spans = [
            MINUTE,
            10 * MINUTE,
            100 * MINUTE,
            DAY_LENGTH / 2,
            DAY_LENGTH,
            3 * DAY_LENGTH,
            20 * DAY_LENGTH,
            56 * DAY_LENGTH,
            200 * DAY_LENGTH,
            YEAR,
            10 * YEAR,
        ];
        for zone in ZONES.map(zone) {
            for span in spans {
                for begin in (0..730)
                    .map(|day| utc("2025-01-01T00:07:13Z") + day * DAY_LENGTH + day * 61 * MINUTE)
                {
                    let ticks = time_ticks(&zone, &scale(begin, begin + span, 780.0), MINUTE);
                    let place = || format!("{zone} {begin} {span}");
                    assert!(ticks.len() <= 14, "{}: {} ticks", place(), ticks.len());
                    assert!(
                        ticks.len() >= if span == MINUTE { 1 } else { 2 },
                        "{}",
                        place()
                    );
                    for tick in &ticks {
                        let local = zone.date_time(tick.value as i64);
                        assert_eq!((local.second(), local.nanosecond()), (0, 0), "{}", place());
                        if span >= 14 * DAY_LENGTH {
                            assert_eq!((local.hour(), local.minute()), (0, 0), "{}", place());
                        } else if span >= DAY_LENGTH / 2 {
                            assert_eq!(local.minute(), 0, "{}", place());
                        }
                    }
                }
            }
        }
    }

    /// A tick must say the day when it changed, and the year when that did.
    #[test]
    fn labels_show_what_changed() {
        assert_eq!(
            shown(
                "US/Eastern",
                "2020-12-31T23:00:00Z",
                "2021-01-01T09:00:00Z",
                500.0
            ),
            [
                "18:00 Thu 31 Dec 2020",
                "20:00",
                "22:00",
                "00:00 Fri 1 Jan 2021",
                "02:00",
                "04:00"
            ]
        );
        assert_eq!(
            shown(
                "Asia/Kolkata",
                "2026-01-10T00:00:00Z",
                "2026-01-13T00:00:00Z",
                300.0
            ),
            ["Sun 11 Jan 2026", "Mon 12 Jan", "Tue 13 Jan"]
        );
        assert_eq!(
            shown(
                "Europe/London",
                "2025-10-20T00:00:00Z",
                "2026-03-10T00:00:00Z",
                400.0
            ),
            ["Nov 2025", "Dec", "Jan 2026", "Feb", "Mar"]
        );
    }

    /// 01:00 comes twice when clocks go back, and 02:00 not at all when they go
    /// forward; hours stay as far from each other as they were.
    #[test]
    fn hours_around_changes_of_clocks() {
        assert_eq!(
            shown(
                "US/Eastern",
                "2026-11-01T04:00:00Z",
                "2026-11-01T08:00:00Z",
                500.0
            ),
            [
                "00:00 Sun 1 Nov 2026",
                "01:00 EDT",
                "01:00 EST",
                "02:00",
                "03:00"
            ]
        );
        assert_eq!(
            shown(
                "US/Eastern",
                "2026-03-08T05:00:00Z",
                "2026-03-08T09:00:00Z",
                500.0
            ),
            ["00:00 Sun 8 Mar 2026", "01:00", "03:00", "04:00", "05:00"]
        );
        assert_eq!(
            shown(
                "Europe/London",
                "2026-10-25T00:00:00Z",
                "2026-10-25T03:00:00Z",
                400.0
            ),
            ["01:00 BST Sun 25 Oct 2026", "01:00 GMT", "02:00", "03:00"]
        );
        // Lord Howe's clocks change by half an hour, at 02:00.
        assert_eq!(
            shown(
                "Australia/Lord_Howe",
                "2026-04-04T14:00:00Z",
                "2026-04-04T16:30:00Z",
                450.0
            ),
            [
                "01:00 Sun 5 Apr 2026",
                "01:30 +11",
                "01:30 +1030",
                "02:00",
                "02:30",
                "03:00"
            ]
        );
        assert_eq!(
            shown(
                "Australia/Lord_Howe",
                "2026-10-03T14:30:00Z",
                "2026-10-03T17:00:00Z",
                450.0
            ),
            [
                "01:00 Sun 4 Oct 2026",
                "01:30",
                "02:30",
                "03:00",
                "03:30",
                "04:00"
            ]
        );
    }

    /// A day begins an hour late where its midnight doesn't exist.
    #[test]
    fn days_without_midnight_have_a_tick() {
        let ticks = time_ticks(
            &zone("Asia/Beirut"),
            &scale(
                utc("2025-03-28T22:00:00Z"),
                utc("2025-04-01T00:00:00Z"),
                400.0,
            ),
            DAY_LENGTH,
        );
        let hours: Vec<u32> = ticks
            .iter()
            .map(|tick| zone("Asia/Beirut").date_time(tick.value as i64).hour())
            .collect();
        assert_eq!(hours, [0, 1, 0, 0]);
    }

    #[test]
    fn clashing_days_give_way() {
        let pixels = scale(0, 1000, 1000.0);
        let tick = |value, context: &str| Tick {
            value,
            label: String::new(),
            context: context.to_owned(),
        };
        let mut ticks = [
            tick(0.0, "Thu 31 Dec 2020"),
            tick(1.0, ""),
            tick(40.0, "Fri 1 Jan 2021"),
        ];
        untangle(&mut ticks, &pixels);
        assert_eq!(ticks[0].context, "");
        assert_eq!(ticks[2].context, "Fri 1 Jan 2021");
        let mut ticks = [tick(0.0, "Thu 3 Dec 2020"), tick(40.0, "Fri 4 Dec")];
        untangle(&mut ticks, &pixels);
        assert_eq!(ticks[1].context, "Fri 4 Dec 2020");
    }

    #[test]
    fn lengths_have_a_fitting_unit() {
        let lengths = [900, 30_000, 601_234, 3_600_000, 7_200_000, 5 * DAY_LENGTH];
        let shown = lengths.map(duration);
        assert_eq!(
            shown,
            ["900 ms", "30 s", "10 min", "60 min", "2 h", "5 days"]
        );
    }

    #[test]
    fn moments_name_both_days() {
        let zone = zone("US/Eastern");
        assert_eq!(
            moments(
                &zone,
                utc("2026-03-14T01:10:00Z"),
                utc("2026-03-14T02:40:00Z")
            ),
            "Fri 13 Mar 2026, 21:10 – 22:40"
        );
        assert_eq!(
            moments(
                &zone,
                utc("2026-03-14T03:10:00Z"),
                utc("2026-03-14T04:40:00Z")
            ),
            "13 Mar, 23:10 – 14 Mar 2026, 00:40"
        );
        // Within the hour that comes twice.
        assert_eq!(
            moments(
                &zone,
                utc("2026-11-01T05:30:00Z"),
                utc("2026-11-01T05:30:00Z")
            ),
            "Sun 1 Nov 2026, 01:30 EDT"
        );
        assert_eq!(
            zone.iso(utc("2026-11-01T05:30:00Z")),
            "2026-11-01T01:30:00-04:00,2026-11-01T05:30:00+00:00"
        );
    }
}
