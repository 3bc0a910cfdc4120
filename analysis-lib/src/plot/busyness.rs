//! Is it busy for how many are online?

use super::axis::{hour_range, number};
use super::chart::{Frame, extremes};
use super::csv::{csv, rounded};
use super::figure::Figure;
use super::labels::{HOURS, Labels, NOT_KNOWN};
use super::svg::*;
use crate::aggregate::{self, Busyness};
use activity_data::Activity;

/// Is it busy for how many are online? Messages per online member and hour, by
/// hour of the day: the mean, and within what half of all hours lie. Only hours
/// that were recorded from begin to end. See [`aggregate::busyness`].
///
/// ```
/// use analysis_lib::{Activity, plot};
///
/// let figure = plot::busyness(&Activity::sample()?);
/// assert!(figure.says().starts_with("The most messages for each online member"));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn busyness(activity: &Activity) -> Figure {
    let known = activity.online_known();
    let axis = "Messages per Online Member and Hour";
    let title = "Busy for How Many Are Online";
    let hours = aggregate::busyness(activity);
    let count: u64 = hours.iter().map(|hour| hour.hours).sum();
    let note = format!("{} recorded from begin to end", HOURS.count(count));
    let labels = Labels::new(activity.origin(), title, axis, "messages_per_member_hour")
        .measuring("messages per online member and hour", 2)
        .knowing(known)
        .noting(note);
    if count == 0 {
        let why = "This takes windows of at most an hour, and an hour recorded from begin to end with somebody online.";
        let why = if known > 0.0 { why } else { NOT_KNOWN };
        return Figure::nothing(&labels, why);
    }
    let highs = hours
        .iter()
        .flat_map(|hour| [hour.mean, hour.quartiles.map(|own| own[1])]);
    let most = highs.flatten().fold(0.0, f64::max);
    let mut frame = Frame::upwards(&labels, (0.0, most), [0.0, 24.0], "");
    frame.x = Frame::clock(labels.zone(), frame.x.scale, 24, 3);

    frame.ground(&[]);
    let recorded = || hours.iter().filter_map(|hour| Some((hour, hour.mean?)));
    for (hour, mean) in recorded() {
        let left = f64::from(hour.hour);
        let corners = [(left + 0.1, 0.0), (left + 0.9, mean)];
        // Of few hours a bar says little.
        let colour = hour.quartiles.map_or(PALE_BLUE, |_| BLUE);
        frame.shapes.rectangle(corners, colour.filled());
    }
    let spread = || {
        hours
            .iter()
            .filter_map(|hour| Some((hour, hour.quartiles?)))
    };
    for (hour, values) in spread() {
        let ends = values.map(|value| (f64::from(hour.hour) + 0.5, value));
        frame.shapes.path(ends, WHITE.stroke_width(50));
        frame.shapes.path(ends, INK.stroke_width(20));
    }
    frame.zero_line();

    if spread().next().is_some() {
        let key = Key::of(INK, "half of all hours lie within");
        frame.keys.push(key);
    }
    if recorded().any(|(hour, _)| hour.quartiles.is_none()) {
        frame.keys.push(Key::of(PALE_BLUE, "fewer than 4 hours"));
    }
    frame.tooltips = hours.iter().map(|hour| tooltip(hour, &frame)).collect();
    let row = |hour: &Busyness| {
        let [low, high] = [0, 1].map(|side| rounded(hour.quartiles.map(|own| own[side]), 4));
        let mean = rounded(hour.mean, 4);
        format!("{},{mean},{low},{high},{}", hour.hour, hour.hours)
    };
    let columns = format!("hour,{},quartile_low,quartile_high,hours", labels.column);
    frame.figure(Words {
        description: format!("Bars of {} by hour of the day.", labels.unit.many),
        says: says(&hours, &frame),
        table: csv(&columns, hours.iter().map(row)),
    })
}

fn tooltip(hour: &Busyness, frame: &Frame) -> Tooltip {
    let value = match hour.mean {
        Some(mean) => frame.labels.unit.after(&number(mean, frame.labels.places)),
        None => "never recorded".to_owned(),
    };
    let mut lines = vec![value, hour_range(hour.hour), HOURS.count(hour.hours)];
    if let Some([low, high]) = hour.quartiles {
        let [low, high] = [low, high].map(|value| number(value, frame.labels.places));
        lines.push(format!("half of them from {low} to {high}"));
    }
    let from = f64::from(hour.hour);
    let at = (from + 0.5, hour.mean.unwrap_or(0.0));
    frame.tooltip([from, from + 1.0], at, false, lines)
}

fn says(hours: &[Busyness], frame: &Frame) -> String {
    let recorded = hours.iter();
    match extremes(recorded.filter_map(|hour| Some((hour.hour, hour.mean?)))) {
        None => String::new(),
        Some([_, (_, 0.0)]) => "Nobody wrote a message in these hours.".to_owned(),
        Some(ends) => {
            let mean = |value: f64| number(value, frame.labels.places);
            let [least, most] = ends.map(|(hour, value)| (hour_range(hour), mean(value)));
            format!(
                "The most messages for each online member are written at {}: {} in the hour; the fewest at {}: {}.",
                most.0, most.1, least.0, least.1
            )
        }
    }
}
