//! Series → [`Figure`].
//!
//! Times are those of the configured zone, counts start at zero, and lines
//! break where windows are missing. However many windows there are, of each
//! column of pixels the first, lowest, highest and last value are drawn.

mod backend;
mod bars;
mod daily;
mod escape;
mod figure;
mod heat;
mod line;
mod sheet;
mod smoothed;
mod style;
mod thin;
mod ticks;
mod time_axis;

pub use figure::Figure;

use crate::aggregate::{self, Smoothed};
use crate::calendar::{DAY, Offsets};
use crate::{Activity, Names, Periods};
use line::{Line, Series};
use smoothed::Words;
use time_axis::Least;

/// Online members at each window's end, over time.
///
/// ```
/// use analysis_lib::{Activity, plot};
///
/// let figure = plot::online_members(&Activity::sample()?);
/// assert_eq!(figure.title(), "Number of Online Members on Sample Server");
/// # Ok::<(), analysis_lib::Error>(())
/// ```
pub fn online_members(activity: &Activity) -> Figure {
    let values: Vec<f64> = activity
        .online_members()
        .iter()
        .copied()
        .map(f64::from)
        .collect();
    let server = escape::clean(activity.origin().server(), 300);
    windows(
        activity,
        &values,
        &format!("Number of Online Members on {server}"),
        "Number of Members (Human, Online)",
        "online_members",
        ("member online", "members online"),
        false,
    )
}

/// Messages in each window, over time. A last window that is shorter than half
/// the median interval, or ends in the future, is marked as not over when it
/// was recorded.
pub fn message_volume(activity: &Activity) -> Figure {
    let values: Vec<f64> = activity
        .message_volume()
        .iter()
        .copied()
        .map(f64::from)
        .collect();
    windows(
        activity,
        &values,
        "Message Volume",
        "Number of Messages Sent in Time Window",
        "message_volume",
        ("message", "messages"),
        // The sample's time has no clock but its own.
        !activity.origin().is_sample()
            && aggregate::last_is_running(activity, chrono::Utc::now().timestamp_millis()),
    )
}

/// Cumulative messages: the running sum of the message volume, over time.
pub fn cumulative_messages(activity: &Activity) -> Figure {
    let sums = aggregate::cumulative_messages(activity);
    let values: Vec<f64> = sums.iter().map(|&sum| sum as f64).collect();
    windows(
        activity,
        &values,
        "Cumulative Messages",
        "Cumulative Number of Messages",
        "cumulative_messages",
        ("message so far", "messages so far"),
        false,
    )
}

/// The smoothed cumulative messages, over time.
pub fn smoothed_cumulative(fit: &Smoothed) -> Figure {
    smoothed::figure(
        fit,
        &fit.spline().curve(),
        1.0,
        &Words {
            title: "Approx. Cumulative Messages",
            label: "Number of Messages",
            column: "smoothed_cumulative_messages",
            unit: "messages (smoothed)",
            places: 0,
        },
    )
}

/// The slope of the smoothed cumulative messages, over time. The curve is only
/// smooth: where it falls, its slope is below zero, and the caption says so.
pub fn message_rate(fit: &Smoothed) -> Figure {
    smoothed::figure(
        fit,
        &fit.spline().derivative_curve(),
        1.0 / aggregate::MINUTES_PER_DAY,
        &Words {
            title: "Approx. Rate of Messages",
            label: "Messages per Minute",
            column: "messages_per_minute",
            unit: "messages per minute",
            places: 2,
        },
    )
}

/// Messages by member: the 25 with the most, with count and share, and all
/// others together. Hidden members are one bar; bots are left out, and the
/// caption says so, with `HIDE_BOTS=yes`. See [`aggregate::shown_members`].
pub fn messages_by_member(activity: &Activity, names: &Names) -> Figure {
    let shown = aggregate::shown_members(activity, names);
    let mut note = window_count(activity);
    if shown.bots > 0 {
        let bots = ticks::counted(shown.bots as u64, "bot", "bots");
        note += &format!(" · without {bots}");
    }
    bars::figure(
        activity.origin(),
        "Number of Messages by Person",
        &shown.members,
        &note,
    )
}

/// The server's week: mean messages in a window by weekday and hour of local
/// clocks, as a heat map. Hours that were never recorded are marked.
pub fn weekly_rhythm(activity: &Activity) -> Figure {
    heat::figure(
        activity.origin(),
        "Weekly Rhythm",
        &aggregate::weekly_rhythm(activity),
        &window_count(activity),
    )
}

/// Messages by calendar day of the configured zone. Days that were recorded in
/// part, and a last day that isn't over, are marked.
pub fn daily_messages(activity: &Activity) -> Figure {
    daily::figure(
        activity.origin(),
        "Messages per Day",
        &aggregate::daily_messages(activity),
    )
}

/// Mean online members of each hour or day, over time. Those that were recorded
/// in part are marked.
///
/// ```
/// use analysis_lib::{Activity, DAY, plot};
///
/// let days = Activity::sample()?.every(DAY)?;
/// let figure = plot::online_members_by_period(&days);
/// assert_eq!(figure.title(), "Online Members by Day on Sample Server");
/// # Ok::<(), analysis_lib::Error>(())
/// ```
pub fn online_members_by_period(periods: &Periods) -> Figure {
    let (hour_or_day, _) = periods_are(periods);
    let server = escape::clean(periods.origin().server(), 300);
    by_period(
        periods,
        periods.online_mean(),
        &format!("Online Members by {hour_or_day} on {server}"),
        "Number of Members (Human, Online), Mean",
        "online_members_mean",
        ("member online", "members online"),
        1,
    )
}

/// Messages in each hour or day, over time. Those that were recorded in part are
/// marked.
pub fn messages_by_period(periods: &Periods) -> Figure {
    let (hour_or_day, _) = periods_are(periods);
    let values: Vec<f64> = periods.messages().iter().map(|&sent| sent as f64).collect();
    by_period(
        periods,
        &values,
        &format!("Messages by {hour_or_day}"),
        &format!("Number of Messages Sent in the {hour_or_day}"),
        "messages",
        ("message", "messages"),
        0,
    )
}

/// What the periods are, in a title, and one and others in a text.
fn periods_are(periods: &Periods) -> (&'static str, (&'static str, &'static str)) {
    if periods.period() == crate::DAY {
        ("Day", ("day", "days"))
    } else {
        ("Hour", ("hour", "hours"))
    }
}

/// The periods with fewer windows than one of their length has, by two at least
/// and by more than [`daily::WHOLE`] allows.
fn recorded_in_part(periods: &Periods) -> Vec<usize> {
    let (windows, starts) = (periods.windows(), periods.starts());
    let usual = *windows.to_vec().select_nth_unstable(windows.len() / 2).1 as f64;
    let period = periods.period().as_millis() as i64;
    let last = starts[starts.len() - 1];
    let offsets = Offsets::between(periods.origin().timezone(), starts[0], last + 2 * DAY);
    let length = |start: i64| match period {
        // 23 or 25 hours where clocks change.
        DAY => offsets.day_start(offsets.day(start) + 1) - start,
        _ => period,
    };
    let is_in_part = |&index: &usize| {
        let expected = usual * length(starts[index]) as f64 / period as f64;
        let recorded = windows[index] as f64;
        recorded < daily::WHOLE * expected && recorded + 1.0 < expected
    };
    (0..windows.len()).filter(is_in_part).collect()
}

/// A line with a value a period, at its beginning.
fn by_period(
    periods: &Periods,
    values: &[f64],
    title: &str,
    label: &str,
    column: &str,
    unit: (&str, &str),
    places: usize,
) -> Figure {
    let times = periods.starts();
    let (_, each) = periods_are(periods);
    // A day has up to 25 hours, and two have at least 47.
    let longest = periods.period().as_millis() as i64 * 3 / 2;
    let series = Series { times, values };
    Line {
        origin: periods.origin(),
        title,
        label,
        column,
        unit,
        places,
        note: &format!(
            "{}, of what was recorded in each",
            ticks::counted(periods.len() as u64, each.0, each.1)
        ),
        drawn: series,
        told: series,
        gaps: &aggregate::longer_than(times, longest),
        each,
        least: if periods.period() == crate::DAY {
            Least::Day
        } else {
            Least::Minute
        },
        marked: &recorded_in_part(periods),
        why: "not fully recorded",
    }
    .figure()
}

/// "78 windows of 10 min": how many, and how long they usually are.
fn window_count(activity: &Activity) -> String {
    let count = ticks::counted(activity.len() as u64, "window", "windows");
    match aggregate::median_interval(activity) {
        Some(usual) => format!("{count} of {}", time_axis::duration(usual)),
        None => count,
    }
}

/// A line with a value a window.
fn windows(
    activity: &Activity,
    values: &[f64],
    title: &str,
    label: &str,
    column: &str,
    unit: (&str, &str),
    last_is_running: bool,
) -> Figure {
    let times = activity.times();
    let last = [times.len() - 1];
    let series = Series { times, values };
    Line {
        origin: activity.origin(),
        title,
        label,
        column,
        unit,
        places: 0,
        note: &window_count(activity),
        drawn: series,
        told: series,
        gaps: &aggregate::gaps(activity),
        each: ("window", "windows"),
        least: Least::Minute,
        marked: if last_is_running { &last } else { &[] },
        why: "not over when recorded",
    }
    .figure()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HOUR;

    #[test]
    fn days_recorded_in_part_are_the_same_in_both_figures() {
        let activity = Activity::sample().unwrap();
        let days = activity.every(crate::DAY).unwrap();
        let marked = recorded_in_part(&days);
        let marked: Vec<i64> = marked.iter().map(|&day| days.starts()[day]).collect();
        let by_coverage: Vec<i64> = aggregate::daily_messages(&activity)
            .iter()
            .filter(|day| day.coverage < daily::WHOLE && days.starts().contains(&day.start))
            .map(|day| day.start)
            .collect();
        assert!(!marked.is_empty());
        assert_eq!(marked, by_coverage);
    }

    /// Windows are seldom exactly ten minutes long.
    #[test]
    fn an_hour_with_one_window_less_is_whole() {
        let hours = Activity::sample().unwrap().every(HOUR).unwrap();
        let windows = hours.windows();
        let marked = recorded_in_part(&hours);
        assert!(windows.contains(&5), "or this shows nothing");
        assert!(marked.iter().all(|&hour| windows[hour] < 5));
        assert_eq!(marked.len(), windows.iter().filter(|&&n| n < 5).count());
    }

    /// More marks than can be told apart are counted in the caption.
    #[test]
    fn many_hours_in_part_are_counted() {
        let sample = Activity::sample().unwrap();
        let is_kept = |&i: &usize| i % 18 < 12 || i % 18 > 14;
        let kept = (0..sample.len()).filter(is_kept);
        let windows = sample.windows.take(kept);
        let activity = Activity::new(sample.origin().clone(), windows, Vec::new()).unwrap();
        let hours = activity.every(HOUR).unwrap();
        let marked = recorded_in_part(&hours).len();
        let figure = messages_by_period(&hours);
        assert!(marked > 100);
        let caption = format!("{marked} hours not fully recorded");
        assert_eq!(
            figure.svg().matches(&*caption).count(),
            2,
            "text and description"
        );
    }
}
