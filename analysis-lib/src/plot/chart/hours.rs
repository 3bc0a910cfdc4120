//! The hours of the day as bars, with their quartiles.

use super::frame::Frame;
use crate::aggregate::Busyness;
use crate::plot::axis::Tick;
use crate::plot::axis::number::number;
use crate::plot::figure::Figure;
use crate::plot::labels::{HOURS, Labels};
use crate::plot::svg::{BLUE, Content, INK, Key, Look, PALE_BLUE, Tooltip, WHITE};
use activity_data::Origin;

/// A bar for each hour of the day that was recorded.
pub(crate) fn figure(origin: &Origin, labels: &Labels, note: String, hours: &[Busyness]) -> Figure {
    let highs = hours
        .iter()
        .flat_map(|hour| [hour.mean, hour.quartiles.map(|own| own[1])]);
    let most = highs.flatten().fold(0.0, f64::max);
    let name = format!("Hour of the Day ({})", origin.timezone().name());
    let mut frame = Frame::upwards(origin, labels, (0.0, most), [0.0, 24.0], name);
    frame.below = [18.0, 40.0, 78.0];
    let clock = |hour: u32| Tick::new(f64::from(hour), format!("{hour:02}:00"));
    frame.x.ticks = (0..=24).step_by(3).map(clock).collect();

    let mut paths = frame.paths_over(&[]);
    let recorded = || hours.iter().filter_map(|hour| Some((hour, hour.mean?)));
    for (hour, mean) in recorded() {
        let left = f64::from(hour.hour);
        let corners = [(left + 0.1, 0.0), (left + 0.9, mean)];
        // Of few hours a bar says little.
        let colour = if hour.quartiles.is_some() {
            BLUE
        } else {
            PALE_BLUE
        };
        paths.rectangle(corners, Look::Filled(colour));
    }
    for hour in hours {
        let middle = f64::from(hour.hour) + 0.5;
        if let Some([low, high]) = hour.quartiles {
            let ends = [(middle, low), (middle, high)];
            paths.line(ends, Look::Outlined(WHITE, 50));
            paths.line(ends, Look::Outlined(INK, 20));
        }
    }
    frame.zero_line(&mut paths);

    let mut keys = Vec::new();
    if hours.iter().any(|hour| hour.quartiles.is_some()) {
        keys.push(Key::new(INK, INK, "half of all hours lie within"));
    }
    if recorded().any(|(hour, _)| hour.quartiles.is_none()) {
        keys.push(Key::new(PALE_BLUE, PALE_BLUE, "fewer than 4 hours"));
    }
    frame.figure(Content {
        note,
        shapes: paths.group(),
        keys,
        tooltips: hours.iter().map(|hour| tooltip(hour, &frame)).collect(),
        description: format!("Bars of {} by hour of the day.", labels.unit.many),
        says: says(hours, &frame),
        table: table(hours, labels),
        ..Content::default()
    })
}

fn tooltip(hour: &Busyness, frame: &Frame) -> Tooltip {
    let value = match hour.mean {
        Some(mean) => frame.labels.unit.after(&number(mean, frame.places)),
        None => "never recorded".to_owned(),
    };
    let mut lines = vec![value, clock(hour), HOURS.count(hour.hours)];
    if let Some([low, high]) = hour.quartiles {
        let [low, high] = [low, high].map(|value| number(value, frame.places));
        lines.push(format!("half of them from {low} to {high}"));
    }
    let from = f64::from(hour.hour);
    let at = (from + 0.5, hour.mean.unwrap_or(0.0));
    frame.tooltip([from, from + 1.0], at, false, lines)
}

/// "21:00 – 22:00".
fn clock(hour: &Busyness) -> String {
    format!("{:02}:00 – {:02}:00", hour.hour, hour.hour + 1)
}

fn says(hours: &[Busyness], frame: &Frame) -> String {
    let by_mean = |a: &&Busyness, b: &&Busyness| a.mean.partial_cmp(&b.mean).expect("finite");
    let recorded = || hours.iter().filter(|hour| hour.mean.is_some());
    let (most, least) = (recorded().max_by(by_mean), recorded().min_by(by_mean));
    let (Some(most), Some(least)) = (most, least) else {
        return String::new();
    };
    if most.mean == Some(0.0) {
        return "Nobody wrote a message in these hours.".to_owned();
    }
    let mean = |hour: &Busyness| number(hour.mean.unwrap_or(0.0), frame.places);
    format!(
        "The most messages for each online member are written at {}: {} in the hour; the fewest at {}: {}.",
        clock(most),
        mean(most),
        clock(least),
        mean(least)
    )
}

fn table(hours: &[Busyness], labels: &Labels) -> String {
    let field = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.4}"));
    let row = |hour: &Busyness| {
        let [low, high] = [0, 1].map(|side| field(hour.quartiles.map(|own| own[side])));
        format!(
            "{},{},{low},{high},{}\n",
            hour.hour,
            field(hour.mean),
            hour.hours
        )
    };
    let rows: String = hours.iter().map(row).collect();
    format!(
        "hour,{},quartile_low,quartile_high,hours\n{rows}",
        labels.column
    )
}
