//! When are we awake?

use super::axis::{hour_range, number};
use super::chart::{Frame, extremes, heat};
use super::csv::{csv, rounded};
use super::figure::Figure;
use super::labels::{Labels, NOT_KNOWN, Noun, WINDOWS};
use super::people::in_percent;
use super::svg::Words;
use crate::aggregate::{self, Reach, WeekHour};
use activity_data::{Activity, HOUR_LENGTH};

#[rustfmt::skip]
pub(super) const DAYS: [&str; 7] = [
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
];

/// The server's week: mean messages in a recorded hour by weekday and hour of
/// local clocks, as a heat map. Hours that were never recorded are marked; the
/// darkest shade begins where a few extreme hours would leave all others pale.
pub fn weekly_rhythm(activity: &Activity) -> Figure {
    let axis = "Mean Number of Messages in an Hour";
    let labels = Labels::of(activity, "Weekly Rhythm", axis, "mean_messages_per_hour")
        .measuring("messages in an hour", 0);
    by_hour(activity, labels, WeekHour::per_hour)
}

/// The server's week: mean online members by weekday and hour of local clocks,
/// as a heat map. Hours that were never recorded are marked.
pub fn weekly_online(activity: &Activity) -> Figure {
    let axis = "Mean Number of Members (Human, Online)";
    let title = "Online Members by Hour of the Week";
    let labels = Labels::of(activity, title, axis, "mean_online_members");
    let (online, writers) = (activity.online_members(), activity.members().len());
    let known = activity.online_known();
    let labels = labels
        .measuring("members online", 0)
        .of_online(online, writers, known);
    if known == 0.0 {
        return Figure::nothing(&labels, NOT_KNOWN);
    }
    by_hour(activity, labels, WeekHour::online_mean)
}

fn by_hour(activity: &Activity, labels: Labels, value: fn(&WeekHour) -> Option<f64>) -> Figure {
    let hours = aggregate::weekly_rhythm(activity);
    if hours.iter().all(|hour| value(hour).is_none()) {
        let why = "How long a window is can't be known from one moment: two are needed.";
        return Figure::nothing(&labels, why);
    }
    let (frame, words) = week(&labels, &hours, value);
    frame.figure(words)
}

/// A cell for each hour of the week, with its value; `None` if it was never recorded.
pub(super) fn week(
    labels: &Labels,
    hours: &[WeekHour],
    value: fn(&WeekHour) -> Option<f64>,
) -> (Frame, Words) {
    let (theme, weekday) = (&labels.theme, |hour: &WeekHour| DAYS[hour.weekday as usize]);
    let values = || hours.iter().filter_map(|hour| Some((hour, value(hour)?)));
    // As many digits as tell hours apart.
    let is_small = values().all(|(_, value)| value < 20.0);
    let shown = |value| number(value, labels.places.max(usize::from(is_small)));
    let cell = |hour: &WeekHour| {
        let shown = value(hour).map(|value| labels.unit.after(&shown(value)));
        let when = format!("{}, {}", weekday(hour), hour_range(hour.hour));
        let shown = shown.unwrap_or("never recorded".to_owned());
        let lines = vec![shown, when, WINDOWS.count(hour.windows)];
        (value(hour), lines)
    };
    let say = |what: &str, (hour, value): (&WeekHour, f64)| {
        let (day, value) = (weekday(hour), shown(value));
        format!("The {what}: {value} on {day} at {:02}:00.", hour.hour)
    };
    let row = |hour: &WeekHour| {
        let (day, value, windows) = (weekday(hour), rounded(value(hour), 4), hour.windows);
        let recorded = hour.recorded as f64 / HOUR_LENGTH as f64;
        format!("{day},{},{value},{windows},{recorded:.4}", hour.hour)
    };
    let columns = format!("weekday,hour,{},windows,recorded_hours", labels.column);
    let letters = if theme.is_narrow() { 3 } else { usize::MAX };
    let counted = labels.unit.many;
    let words = Words {
        description: format!("Heat map of mean {counted} by weekday and hour of the day."),
        says: match extremes(values()) {
            Some([least, most]) if most.1 > least.1 => {
                format!("{} {}", say("most", most), say("fewest", least))
            }
            ends => ends.map_or(String::new(), |[_, most]| say("most", most)),
        },
        table: csv(&columns, hours.iter().map(row)),
    };
    let rows = DAYS.map(|day| day.chars().take(letters).collect()).into();
    let height = (theme.area.bottom - theme.area.top).min(217.0) / 7.0;
    let cells = hours.iter().map(cell).collect();
    (heat(labels, rows, height, cells, "", ("", &[])), words)
}

/// How many different members write in each hour of the week, as a heat map: the
/// mean over the weeks that were recorded whole. The hours that together reach 80 %
/// of those who write in a week are outlined, and the sentence names them: when to
/// announce something, or to hold an event. Bots count where documents count them:
/// `activity.without_members` leaves them out. See [`aggregate::reach`] for how.
///
/// ```
/// use analysis_lib::{Activity, plot};
///
/// let reach = plot::reach(&Activity::sample()?);
/// assert!(reach.says().starts_with("Of those who write in a week, "));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn reach(activity: &Activity) -> Figure {
    let axis = "Mean Number of Different Writers";
    let title = "Different Writers by Hour of the Week";
    let mut labels = Labels::of(activity, title, axis, "mean_writers");
    let hours = aggregate::reach(activity);
    let taken: Vec<&Reach> = hours.iter().filter(|hour| hour.reached.is_some()).collect();
    let reached = taken.iter().filter_map(|hour| hour.reached);
    let Some(reached) = reached.reduce(f64::max) else {
        let why = match hours.is_empty() {
            true => "This takes a week of which 98% were recorded, in windows of at most an hour.",
            false => "Nobody wrote a message in a week that was recorded whole.",
        };
        return Figure::nothing(&labels, why);
    };
    labels.note = Noun::new("whole week", "whole weeks").count(hours[0].weeks);
    let day = |hour: &Reach| DAYS[hour.weekday as usize];
    let cell = |hour: &Reach| {
        let writers = format!("{} writers in a week", number(hour.mean(), 1));
        let mut lines = vec![writers, format!("{}, {}", day(hour), hour_range(hour.hour))];
        let with = |share| format!("{} with the hours taken before", in_percent(100.0 * share));
        lines.extend(hour.reached.map(with));
        (Some(hour.mean()), lines)
    };
    let row = |hour: &Reach| {
        let (day, mean, own) = (day(hour), hour.mean(), hour.hour);
        let reached = rounded(hour.reached.map(|share| 100.0 * share), 4);
        let (pairs, weeks) = (hour.pairs, hour.weeks);
        format!("{day},{own},{mean:.4},{pairs},{weeks},{reached}")
    };
    let columns = "weekday,hour,mean_writers,pairs,weeks,reached_percent";
    let in_a_row = |a: &&Reach, b: &&Reach| a.weekday == b.weekday && a.hour + 1 == b.hour;
    let spans = taken.chunk_by(in_a_row).map(|own| {
        let (begin, end) = (own[0].hour, own[own.len() - 1].hour + 1);
        format!("{} {begin:02}:00 – {end:02}:00", day(own[0]))
    });
    let spans = spans.collect::<Vec<_>>().join(", ");
    let (share, these) = match (in_percent(100.0 * reached), taken.len()) {
        (share, 1) => (share, "this hour".to_owned()),
        (share, count) => (share, format!("at least one of these {count} hours")),
    };
    let is_taken = |&i: &usize| hours[i].reached.is_some();
    let outlines: Vec<usize> = (0..hours.len()).filter(is_taken).collect();
    let outlined = ("outlined: together they reach 80%", outlines.as_slice());
    let rows = DAYS.map(str::to_owned).into();
    let cells = hours.iter().map(cell).collect();
    heat(&labels, rows, 31.0, cells, "", outlined).figure(Words {
        description: "Heat map of different writers by weekday and hour of the day.".to_owned(),
        says: format!("Of those who write in a week, {share} do so in {these}: {spans}."),
        table: csv(columns, hours.iter().map(row)),
    })
}
