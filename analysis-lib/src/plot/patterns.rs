//! How the server lives: weeks, days, the long run.

use super::axis::number::number;
use super::axis::time::{days, duration};
use super::chart::calendar::Calendar;
use super::chart::line::{Line, Overlay};
use super::chart::nothing;
use super::chart::shades::Shades;
use super::chart::week::Week;
use super::labels::{Labels, MESSAGES};
use super::svg::{BLUE, VERMILLION};
use super::{Figure, moments, window_count};
use crate::aggregate::{self, WeekHour};
use activity_data::{Activity, DAY, HOUR_LENGTH, Periods, WHOLE};

/// The server's week: mean messages in a recorded hour by weekday and hour of
/// local clocks, as a heat map. Hours that were never recorded are marked; the
/// darkest shade begins where a few extreme hours would leave all others pale.
pub fn weekly_rhythm(activity: &Activity) -> Figure {
    let axis = "Mean Number of Messages in an Hour";
    let labels = Labels::new("Weekly Rhythm", axis, "mean_messages_per_hour")
        .measuring("messages in an hour", 0);
    week(activity, labels, WeekHour::per_hour)
}

/// The server's week: mean online members by weekday and hour of local clocks,
/// as a heat map. Hours that were never recorded are marked.
pub fn weekly_online(activity: &Activity) -> Figure {
    let axis = "Mean Number of Members (Human, Online)";
    let title = "Online Members by Hour of the Week";
    let labels = Labels::new(title, axis, "mean_online_members").measuring("members online", 0);
    week(activity, labels, WeekHour::online_mean)
}

fn week(activity: &Activity, labels: Labels, value: fn(&WeekHour) -> Option<f64>) -> Figure {
    let note = window_count(activity);
    let hours = aggregate::weekly_rhythm(activity);
    if !hours.iter().any(|hour| value(hour).is_some()) {
        let why = "How long a window is can't be known from one moment: two are needed.";
        return nothing::figure(activity.origin(), &labels, note, why);
    }
    Week {
        origin: activity.origin(),
        labels,
        note,
        hours,
        value,
    }
    .figure()
}

/// Messages of each day as a calendar, a column a week. Days that were recorded
/// in part are drawn smaller, days without a window are marked. Of more than a
/// year, each year has its own rows, and the newest 400 days have tooltips (of
/// more than 1,000 days, the newest 120).
///
/// ```
/// use analysis_lib::{Activity, DAY, plot};
///
/// let days = Activity::sample()?.every(DAY);
/// assert!(plot::calendar(&days).says().starts_with("57 days"));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn calendar(days: &Periods) -> Figure {
    let labels = Labels::new("Messages by Day", "Number of Messages", "messages");
    let values: Vec<f64> = days.messages().iter().map(|&sent| sent as f64).collect();
    let shades = Shades::of(values.iter().copied(), "");
    let says = |whole: &[usize]| {
        let by = |a: &&usize, b: &&usize| values[**a].total_cmp(&values[**b]);
        let day = |index: usize| {
            let count = MESSAGES.count(days.messages()[index]);
            format!("{count} on {}", on(days, index))
        };
        match (whole.iter().max_by(by), whole.iter().min_by(by)) {
            (Some(&most), Some(&least)) if most != least => format!(
                " Of those that were recorded whole, the most: {}; the fewest: {}.",
                day(most),
                day(least)
            ),
            _ => String::new(),
        }
    };
    of_days(days, labels, &values, shades, true, says)
}

/// The share of each day that was recorded, as a calendar, a column a week. Days
/// without a window are marked.
pub fn coverage(days: &Periods) -> Figure {
    let labels = Labels::new(
        "Recorded Share of Each Day",
        "Percent Recorded",
        "percent_recorded",
    )
    .measuring("percent recorded", 0);
    // Never "100" of a day that isn't whole.
    let percent = |&share: &f64| (share * 1000.0 + 1e-9).floor() / 10.0;
    let values: Vec<f64> = days.coverage().iter().map(percent).collect();
    let says = |_: &[usize]| {
        let by = |a: &usize, b: &usize| values[*a].total_cmp(&values[*b]);
        let least = (0..values.len()).min_by(by).unwrap_or(0);
        format!(
            " The least: {}% of {}.",
            number(values[least], 0),
            on(days, least)
        )
    };
    of_days(days, labels, &values, Shades::of_percent(), false, says)
}

/// "Fri 4 Sep 2020".
fn on(periods: &Periods, index: usize) -> String {
    let start = periods.begins()[index];
    days(periods.origin().timezone(), start, start)
}

fn of_days(
    days: &Periods,
    labels: Labels,
    values: &[f64],
    shades: Shades,
    marks_parts: bool,
    says: impl Fn(&[usize]) -> String,
) -> Figure {
    let count = super::labels::Item::Period(DAY).noun().count(days.len());
    if days.period() != DAY {
        let why = "A calendar is made of days: take every(DAY).";
        return nothing::figure(days.origin(), &labels, String::new(), why);
    }
    let whole: Vec<usize> = (0..days.len())
        .filter(|&index| days.coverage()[index] >= WHOLE)
        .collect();
    let says = format!(
        "{count} with windows, {} recorded whole.{}",
        match whole.len() {
            0 => "none".to_owned(),
            all if all == days.len() => "all".to_owned(),
            some => number(some as f64, 0),
        },
        says(&whole)
    );
    Calendar {
        days,
        labels,
        values,
        shades,
        note: count,
        says,
        marks_parts,
    }
    .figure()
}

/// Messages in an hour, over time: each window's own, and over them the rolling
/// means of the 24 hours and of the 7 days before each window's end. See
/// [`aggregate::rolling`] for where these are not given.
pub fn rolling(activity: &Activity) -> Figure {
    let labels = Labels::new(
        "Messages in an Hour",
        "Messages per Hour",
        "messages_per_hour",
    )
    .measuring("messages per hour", 0);
    let means = [24, 24 * 7].map(|hours| aggregate::rolling(activity, hours));
    let recorded = activity.ends()[activity.len() - 1] - activity.begins()[0];
    if means[0].iter().all(Option::is_none) {
        let why = format!(
            "A mean over 24 hours needs a day of data; there is {}.",
            duration(recorded)
        );
        return nothing::figure(activity.origin(), &labels, window_count(activity), &why);
    }
    let lengths = activity.ends().iter().zip(activity.begins());
    let windows = lengths.zip(activity.message_volume());
    // A window without a length, as two that end together have, has no rate.
    let usual = activity.usual_length().unwrap_or(HOUR_LENGTH);
    let values: Vec<f64> = windows
        .map(|((end, begin), &messages)| {
            let length = if end > begin { end - begin } else { usual };
            f64::from(messages) * HOUR_LENGTH as f64 / length as f64
        })
        .collect();
    let says = |name: &str, means: &[Option<f64>]| {
        let at = |index: &usize| means[*index].unwrap_or(f64::NEG_INFINITY);
        let most = (0..means.len()).max_by(|a, b| at(a).total_cmp(&at(b)))?;
        let last = means.iter().flatten().last()?;
        let when = activity.ends()[most];
        Some(format!(
            "Over {name}, at most {} messages per hour (to {}), and {} at the end.",
            number(at(&most), 1),
            days(activity.origin().timezone(), when, when),
            number(*last, 1)
        ))
    };
    let mut sentences = vec![says("24 hours", &means[0]), says("7 days", &means[1])];
    if sentences[1].is_none() {
        let needs = format!(
            "A mean over 7 days needs a week of data; there are {}.",
            duration(recorded)
        );
        sentences[1] = Some(needs);
    }
    let [day, week] = means;
    let series = moments(activity, &values);
    let overlay = |values, colour, name, column| Overlay {
        values,
        colour,
        name,
        column,
    };
    let says: Vec<String> = sentences.into_iter().flatten().collect();
    Line {
        origin: activity.origin(),
        labels: &labels,
        note: window_count(activity),
        series,
        tips: series,
        gaps: &aggregate::gaps(activity),
        overlays: vec![
            overlay(day, BLUE, "mean of 24 hours", "mean_24_hours"),
            overlay(week, VERMILLION, "mean of 7 days", "mean_7_days"),
        ],
        marks: &[],
        says: Some(says.join(" ")),
    }
    .figure()
}
