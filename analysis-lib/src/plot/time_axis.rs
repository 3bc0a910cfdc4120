//! Times as people read them, and axes with ticks at round local times.
//!
//! All times are milliseconds since the epoch (UTC). An axis is linear in them:
//! where clocks change, local labels are an hour closer or further apart, as
//! the hours were.

use chrono::{
    DateTime, Datelike, Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike,
};
use chrono_tz::Tz;

use super::style;
use crate::calendar::{DAY, Offsets, day_start};

const MINUTE: i64 = 60_000;

/// A tick, with what stands below it and in the row below that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TimeTick {
    pub(crate) time: i64,
    pub(crate) label: String,
    /// The day where it changes, the year where that does.
    pub(crate) context: Option<String>,
}

/// How far ticks are from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Divides the day.
    Minutes(u32),
    Days(u32),
    /// From Monday on.
    Weeks(u32),
    /// Divides the year.
    Months(u32),
    Years(u32),
}

const STEPS: [Step; 26] = {
    use Step::{Days, Minutes, Months, Weeks, Years};
    [
        Minutes(1),
        Minutes(2),
        Minutes(5),
        Minutes(10),
        Minutes(15),
        Minutes(30),
        Minutes(60),
        Minutes(120),
        Minutes(180),
        Minutes(360),
        Minutes(720),
        Days(1),
        Days(2),
        Weeks(1),
        Weeks(2),
        Months(1),
        Months(2),
        Months(3),
        Months(6),
        Years(1),
        Years(2),
        Years(5),
        Years(10),
        Years(20),
        Years(50),
        Years(100),
    ]
};

impl Step {
    /// About how long it is, in milliseconds.
    fn length(self) -> i64 {
        match self {
            Self::Minutes(n) => i64::from(n) * MINUTE,
            Self::Days(n) => i64::from(n) * DAY,
            Self::Weeks(n) => i64::from(n) * 7 * DAY,
            Self::Months(n) => i64::from(n) * 30 * DAY,
            Self::Years(n) => i64::from(n) * 365 * DAY,
        }
    }

    /// What a label needs, with some air, in pixels. `twice`: some times come
    /// twice and are shown with the zone's abbreviation.
    fn room(self, twice: bool) -> f64 {
        match self {
            Self::Minutes(..=60) if twice => 88.0,
            Self::Minutes(_) | Self::Weeks(_) => 72.0,
            Self::Days(_) => 92.0,
            Self::Months(_) | Self::Years(_) => 60.0,
        }
    }
}

/// The shortest step that an axis may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Least {
    Minute,
    Day,
}

/// Ticks from `from` to `to` on an axis this many pixels long.
pub(crate) fn time_ticks(zone: Tz, from: i64, to: i64, pixels: f64, least: Least) -> Vec<TimeTick> {
    // Longer spans have longer steps, which no abbreviation stands beside.
    let twice = to - from < 14 * DAY && Offsets::between(zone, from, to).go_back(from, to);
    let fits = |step: &Step| {
        step.length() as f64 / (to - from).max(1) as f64 * pixels >= step.room(twice)
            && (least == Least::Minute || step.length() >= DAY)
    };
    let step = STEPS.into_iter().find(fits).unwrap_or(Step::Years(1000));
    let mut times: Vec<i64> = Vec::new();
    let (first, last) = (local(zone, from).date_naive(), local(zone, to).date_naive());
    match step {
        Step::Minutes(minutes) => {
            let mut day = Some(first);
            while let Some(date) = day.filter(|&date| date <= last) {
                for minute in (0..1440).step_by(minutes as usize) {
                    let time = NaiveTime::from_hms_opt(minute / 60, minute % 60, 0);
                    let time = date.and_time(time.expect("the minute is below 1440"));
                    times.extend(instants(zone, time, minutes <= 60));
                }
                day = date.checked_add_days(Days::new(1));
            }
        }
        Step::Days(_) | Step::Weeks(_) => {
            let (every, phase) = match step {
                Step::Weeks(weeks) => (weeks * 7, 1),
                Step::Days(days) => (days, 0),
                _ => unreachable!("the step is one of days"),
            };
            let mut day = Some(first);
            while let Some(date) = day.filter(|&date| date <= last) {
                // Day 1 of the common era was a Monday.
                if (date.num_days_from_ce() - phase).rem_euclid(every as i32) == 0 {
                    times.push(day_start(zone, number(date)));
                }
                day = date.checked_add_days(Days::new(1));
            }
        }
        Step::Months(_) | Step::Years(_) => {
            let every = match step {
                Step::Years(years) => years * 12,
                Step::Months(months) => months,
                _ => unreachable!("the step is one of months"),
            } as i32;
            let month = |date: NaiveDate| date.year() * 12 + date.month0() as i32;
            let mut next = month(first).div_euclid(every) * every;
            while next <= month(last) {
                let date =
                    NaiveDate::from_ymd_opt(next.div_euclid(12), next.rem_euclid(12) as u32 + 1, 1);
                times.extend(date.map(|date| day_start(zone, number(date))));
                next += every;
            }
        }
    }
    times.retain(|time| (from..=to).contains(time));
    times.sort_unstable();
    times.dedup();
    label(zone, step, &times)
}

/// The number of a day; 0 is 1 January 1970.
fn number(date: NaiveDate) -> i64 {
    date.signed_duration_since(NaiveDate::default()).num_days()
}

fn label(zone: Tz, step: Step, times: &[i64]) -> Vec<TimeTick> {
    let mut ticks: Vec<TimeTick> = Vec::new();
    let mut before: Option<DateTime<Tz>> = None;
    for &time in times {
        let now = local(zone, time);
        let new_year = before.is_none_or(|before| before.year() != now.year());
        let new_day = before.is_none_or(|before| before.date_naive() != now.date_naive());
        let (label, context) = match step {
            Step::Minutes(_) => {
                let context = match (new_year, new_day) {
                    (true, _) => Some("%a %-d %b %Y"),
                    (_, true) => Some("%a %-d %b"),
                    _ => None,
                };
                (clock(&now), context)
            }
            Step::Days(_) => (
                now.format("%a %-d %b").to_string(),
                new_year.then_some("%Y"),
            ),
            Step::Weeks(_) => (now.format("%-d %b").to_string(), new_year.then_some("%Y")),
            Step::Months(_) => (now.format("%b").to_string(), new_year.then_some("%Y")),
            Step::Years(_) => (now.year().to_string(), None),
        };
        ticks.push(TimeTick {
            time,
            label,
            context: context.map(|format| now.format(format).to_string()),
        });
        before = Some(now);
    }
    ticks
}

/// Leaves out what would stand on something else in the second row: of two
/// that clash the later stays, and takes over the year.
pub(crate) fn untangle(ticks: &mut [TimeTick], size: f64, place: impl Fn(i64) -> f64) {
    let mut next: Option<usize> = None;
    for i in (0..ticks.len()).rev() {
        let Some(context) = &ticks[i].context else {
            continue;
        };
        let half = style::width(context, size) / 2.0;
        if let Some(later) = next {
            let taken = ticks[later].context.as_deref().unwrap_or_default();
            let free = place(ticks[later].time) - style::width(taken, size) / 2.0 - 8.0;
            if place(ticks[i].time) + half > free {
                let merged = match (year(context), year(taken)) {
                    (Some(year), None) => format!("{taken} {year}"),
                    _ => taken.to_owned(),
                };
                ticks[later].context = Some(merged);
                ticks[i].context = None;
                continue;
            }
        }
        next = Some(i);
    }
}

/// The year that a context ends with.
fn year(context: &str) -> Option<&str> {
    let last = context.rsplit(' ').next()?;
    (last.len() == 4 && last.parse::<u32>().is_ok()).then_some(last)
}

fn local(zone: Tz, time: i64) -> DateTime<Tz> {
    let utc = DateTime::from_timestamp_millis(time).unwrap_or_default();
    zone.from_utc_datetime(&utc.naive_utc())
}

/// The instants at which local clocks show this: none where they skip it, two
/// where they show it twice and `both` are wanted.
fn instants(zone: Tz, time: NaiveDateTime, both: bool) -> Vec<i64> {
    match zone.from_local_datetime(&time) {
        LocalResult::None => Vec::new(),
        LocalResult::Ambiguous(first, second) if both => {
            vec![first.timestamp_millis(), second.timestamp_millis()]
        }
        LocalResult::Single(first) | LocalResult::Ambiguous(first, _) => {
            vec![first.timestamp_millis()]
        }
    }
}

/// "21:10"; where clocks show it twice, with the zone's abbreviation.
fn clock(time: &DateTime<Tz>) -> String {
    let twice = matches!(
        time.timezone().from_local_datetime(&time.naive_local()),
        LocalResult::Ambiguous(..)
    );
    let format = if twice { "%H:%M %Z" } else { "%H:%M" };
    time.format(format).to_string()
}

/// "Fri 4 Sep 2020, 21:10".
pub(crate) fn moment(zone: Tz, time: i64) -> String {
    let time = local(zone, time);
    format!("{}, {}", time.format("%a %-d %b %Y"), clock(&time))
}

/// "Fri 4 Sep 2020".
pub(crate) fn day(zone: Tz, time: i64) -> String {
    local(zone, time).format("%a %-d %b %Y").to_string()
}

/// "Fri 4 Sep 2020, 21:10 – 22:40", or both days.
pub(crate) fn span(zone: Tz, from: i64, to: i64) -> String {
    let (first, last) = (local(zone, from), local(zone, to));
    if first.date_naive() == last.date_naive() {
        let (begin, end) = (clock(&first), clock(&last));
        if begin == end {
            return moment(zone, from);
        }
        return format!("{}, {begin} – {end}", first.format("%a %-d %b %Y"));
    }
    format!(
        "{}, {} – {}, {}",
        first.format(without_the_same_year(&first, &last)),
        clock(&first),
        last.format("%-d %b %Y"),
        clock(&last)
    )
}

/// "4 Sep – 9 Sep 2020", or one day.
pub(crate) fn days(zone: Tz, from: i64, to: i64) -> String {
    let (first, last) = (local(zone, from), local(zone, to));
    if first.date_naive() == last.date_naive() {
        return day(zone, from);
    }
    let first = first
        .format(without_the_same_year(&first, &last))
        .to_string();
    format!("{first} – {}", last.format("%-d %b %Y"))
}

/// How the first of two days is written.
fn without_the_same_year(first: &DateTime<Tz>, last: &DateTime<Tz>) -> &'static str {
    if first.year() == last.year() {
        "%-d %b"
    } else {
        "%-d %b %Y"
    }
}

/// "10 min": a length of time, to a whole unit that is large enough.
pub(crate) fn duration(milliseconds: i64) -> String {
    match milliseconds {
        ..1_000 => format!("{milliseconds} ms"),
        1_000..90_000 => format!("{} s", (milliseconds + 500) / 1_000),
        90_000..5_400_000 => format!("{} min", (milliseconds + MINUTE / 2) / MINUTE),
        5_400_000..129_600_000 => format!("{} h", (milliseconds + 30 * MINUTE) / (60 * MINUTE)),
        _ => format!("{} days", (milliseconds + DAY / 2) / DAY),
    }
}

/// ISO 8601 with the offset, to the second: what a table holds.
pub(crate) fn iso(zone: Tz, time: i64) -> String {
    let time = local(zone, time);
    let format = if time.nanosecond() == 0 {
        "%Y-%m-%dT%H:%M:%S%:z"
    } else {
        "%Y-%m-%dT%H:%M:%S%.3f%:z"
    };
    time.format(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONES: [Tz; 4] = [
        Tz::US__Eastern,
        Tz::Europe__London,
        Tz::Asia__Kolkata,
        Tz::Australia__Lord_Howe,
    ];
    const YEAR: i64 = 365 * DAY;

    fn utc(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(text)
            .unwrap()
            .timestamp_millis()
    }

    fn shown(zone: Tz, from: &str, to: &str, pixels: f64) -> Vec<String> {
        time_ticks(zone, utc(from), utc(to), pixels, Least::Minute)
            .iter()
            .map(|tick| match &tick.context {
                Some(context) => format!("{} {context}", tick.label),
                None => tick.label.clone(),
            })
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
            DAY / 2,
            DAY,
            3 * DAY,
            20 * DAY,
            56 * DAY,
            200 * DAY,
            YEAR,
            10 * YEAR,
        ];
        for zone in ZONES {
            for span in spans {
                for begin in
                    (0..730).map(|day| utc("2025-01-01T00:07:13Z") + day * DAY + day * 61 * MINUTE)
                {
                    let ticks = time_ticks(zone, begin, begin + span, 780.0, Least::Minute);
                    let place = || format!("{zone} {begin} {span}");
                    assert!(ticks.len() <= 14, "{}: {} ticks", place(), ticks.len());
                    assert!(
                        ticks.len() >= if span == MINUTE { 1 } else { 2 },
                        "{}",
                        place()
                    );
                    for tick in &ticks {
                        let local = local(zone, tick.time);
                        assert_eq!((local.second(), local.nanosecond()), (0, 0), "{}", place());
                        if span >= 14 * DAY {
                            assert_eq!((local.hour(), local.minute()), (0, 0), "{}", place());
                        } else if span >= DAY / 2 {
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
                Tz::US__Eastern,
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
                Tz::Asia__Kolkata,
                "2026-01-10T00:00:00Z",
                "2026-01-13T00:00:00Z",
                300.0
            ),
            ["Sun 11 Jan 2026", "Mon 12 Jan", "Tue 13 Jan"]
        );
        assert_eq!(
            shown(
                Tz::Europe__London,
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
                Tz::US__Eastern,
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
                Tz::US__Eastern,
                "2026-03-08T05:00:00Z",
                "2026-03-08T09:00:00Z",
                500.0
            ),
            ["00:00 Sun 8 Mar 2026", "01:00", "03:00", "04:00", "05:00"]
        );
        assert_eq!(
            shown(
                Tz::Europe__London,
                "2026-10-25T00:00:00Z",
                "2026-10-25T03:00:00Z",
                400.0
            ),
            ["01:00 BST Sun 25 Oct 2026", "01:00 GMT", "02:00", "03:00"]
        );
        // Lord Howe's clocks change by half an hour, at 02:00.
        assert_eq!(
            shown(
                Tz::Australia__Lord_Howe,
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
                Tz::Australia__Lord_Howe,
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
            Tz::Asia__Beirut,
            utc("2025-03-28T22:00:00Z"),
            utc("2025-04-01T00:00:00Z"),
            400.0,
            Least::Day,
        );
        let hours: Vec<u32> = ticks
            .iter()
            .map(|tick| local(Tz::Asia__Beirut, tick.time).hour())
            .collect();
        assert_eq!(hours, [0, 1, 0, 0]);
    }

    #[test]
    fn clashing_days_give_way() {
        let tick = |time, context: Option<&str>| TimeTick {
            time,
            label: String::new(),
            context: context.map(str::to_owned),
        };
        let mut ticks = [
            tick(0, Some("Thu 31 Dec 2020")),
            tick(1, None),
            tick(40, Some("Fri 1 Jan 2021")),
        ];
        untangle(&mut ticks, 12.0, |time| time as f64);
        assert_eq!(ticks[0].context, None);
        assert_eq!(ticks[2].context.as_deref(), Some("Fri 1 Jan 2021"));
        let mut ticks = [tick(0, Some("Thu 3 Dec 2020")), tick(40, Some("Fri 4 Dec"))];
        untangle(&mut ticks, 12.0, |time| time as f64);
        assert_eq!(ticks[1].context.as_deref(), Some("Fri 4 Dec 2020"));
    }

    #[test]
    fn lengths_have_a_fitting_unit() {
        let lengths = [900, 30_000, 601_234, 3_600_000, 7_200_000, 5 * DAY];
        let shown = lengths.map(duration);
        assert_eq!(
            shown,
            ["900 ms", "30 s", "10 min", "60 min", "2 h", "5 days"]
        );
    }

    #[test]
    fn spans_name_both_days() {
        let zone = Tz::US__Eastern;
        assert_eq!(
            span(
                zone,
                utc("2026-03-14T01:10:00Z"),
                utc("2026-03-14T02:40:00Z")
            ),
            "Fri 13 Mar 2026, 21:10 – 22:40"
        );
        assert_eq!(
            span(
                zone,
                utc("2026-03-14T03:10:00Z"),
                utc("2026-03-14T04:40:00Z")
            ),
            "13 Mar, 23:10 – 14 Mar 2026, 00:40"
        );
        // Within the hour that comes twice.
        assert_eq!(
            moment(zone, utc("2026-11-01T05:30:00Z")),
            "Sun 1 Nov 2026, 01:30 EDT"
        );
        assert_eq!(
            iso(zone, utc("2026-11-01T05:30:00Z")),
            "2026-11-01T01:30:00-04:00"
        );
    }
}
