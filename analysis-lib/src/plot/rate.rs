//! How fast people talk, as a figure.

use super::chart::{Band, Line, Series, extremes};
use super::figure::Figure;
use super::labels::{Labels, WINDOWS, capital};
use super::study::{days, slopes};
use crate::aggregate::{self, Rate};
use crate::plot::axis::{moments, number};
use activity_data::Activity;

/// Messages per minute over time with their 95 % band, beside the slope of the
/// smoothed cumulative messages, which the original shows: see
/// [`aggregate::rate`] and [`message_rate`](super::message_rate). The curve
/// jumps between windows where the rate does. Neither line leads over gaps, and
/// the axis ends where the band does.
pub fn rate(activity: &Activity) -> Figure {
    let (title, axis) = ("Rate of Messages", "Messages per Minute");
    let labels = Labels::of(activity, title, axis, "messages_per_minute")
        .measuring("messages per minute", 2);
    let rate = match aggregate::rate(activity) {
        Ok(rate) => rate,
        Err(error) => return Figure::nothing(&labels, &(capital(&error.to_string()) + ".")),
    };
    // Windows of two bots may have middles in another order than their ends,
    // and at the same moment the rate is the same.
    let mut order: Vec<usize> = (0..rate.times().len()).collect();
    order.sort_by_key(|&i| rate.times()[i]);
    order.dedup_by_key(|i| rate.times()[*i]);
    let pick = |values: &[f64]| -> Vec<f64> { order.iter().map(|&i| values[i]).collect() };
    let times: Vec<i64> = order.iter().map(|&i| rate.times()[i]).collect();
    let values = pick(rate.per_minute());
    let slope = aggregate::smoothed(activity).ok();
    let slope = slope.map(|fit| slopes(&fit, &times.iter().map(days).collect::<Vec<_>>()));
    let series = |values| Series {
        unseen: activity.unseen(),
        ..Series::of_moments(WINDOWS, &times, values)
    };
    let beside = slope.as_deref();
    let (lower, upper) = (pick(rate.lower()), pick(rate.upper()));
    let mut line = Line {
        band: Some(Band {
            lower: &lower,
            upper: &upper,
            beside: beside.map(|slope| (series(slope), "the original's spline")),
            jumps: rate.jumps(),
        }),
        ..Line::new(labels, series(&values), rate.gaps())
    };
    line.labels.instead = Some(says(&rate, line.frame().labels.places));
    line.figure()
}

fn says(rate: &Rate, places: usize) -> String {
    let rates = rate.per_minute();
    let [(_, lowest), (fastest, highest)] =
        extremes(rates.iter().copied().enumerate()).unwrap_or_default();
    if highest == 0.0 {
        return format!(
            "No message in {}: with 95 % confidence the rate is below {} messages per minute.",
            WINDOWS.count(rates.len()),
            number(rate.upper()[0], places + 2)
        );
    }
    let shown = |value: f64| number(value, places);
    let time = rate.times()[fastest];
    let varies = match number(rate.dispersion(), 1).as_str() {
        "1.0" => "as much".to_owned(),
        times => format!("{times} times as much"),
    };
    format!(
        "Between {} and {highest} messages per minute; the fastest around {}: {highest} (95 % band {} to {}). \
         Counts vary {varies} as independent messages would.",
        shown(lowest),
        moments(rate.origin().timezone(), time, time),
        shown(rate.lower()[fastest]),
        shown(rate.upper()[fastest]),
        highest = shown(highest),
    )
}
