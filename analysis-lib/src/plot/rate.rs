//! How fast people talk, as a figure.

use super::chart::band::Band;
use super::chart::nothing;
use super::chart::series::Series;
use super::labels::{Labels, WINDOWS};
use super::{Figure, window_count};
use crate::aggregate::{self, MINUTES_PER_DAY, Rate, Smoothed};
use crate::data::{Activity, DAY_LENGTH};
use crate::plot::axis::number::number;
use crate::plot::chart::frame::Frame;

/// Messages per minute over time with their 95 % band, beside the slope of the
/// smoothed cumulative messages, which the original shows: see
/// [`aggregate::rate`] and [`message_rate`](super::message_rate). Neither line
/// leads over gaps, and the axis ends where the band does.
pub fn rate(activity: &Activity) -> Figure {
    let labels = Labels::new("Rate of Messages", "Messages per Minute", "messages_per_minute")
        .measuring("messages per minute", 2);
    let note = window_count(activity);
    match aggregate::rate(activity) {
        Ok(rate) => curve(activity, &labels, note, &rate),
        Err(error) => {
            let why = error.to_string();
            let (first, rest) = why.split_at(1);
            let why = format!("{}{rest}.", first.to_uppercase());
            nothing::figure(activity.origin(), &labels, note, &why)
        }
    }
}

fn curve(activity: &Activity, labels: &Labels, note: String, rate: &Rate) -> Figure {
    // Windows of two bots may have middles in another order than their ends,
    // and at the same moment the rate is the same.
    let mut order: Vec<usize> = (0..rate.times().len()).collect();
    order.sort_by_key(|&i| rate.times()[i]);
    order.dedup_by_key(|i| rate.times()[*i]);
    let pick = |values: &[f64]| -> Vec<f64> { order.iter().map(|&i| values[i]).collect() };
    let times: Vec<i64> = order.iter().map(|&i| rate.times()[i]).collect();
    let values = pick(rate.per_minute());
    let slope = aggregate::smoothed(activity).ok().map(|fit| slope(&fit, &times));
    let moments = |values| Series::of_moments(WINDOWS, &times, values);
    Band {
        origin: activity.origin(),
        labels,
        note,
        says,
        series: moments(&values),
        lower: &pick(rate.lower()),
        upper: &pick(rate.upper()),
        beside: slope.as_deref().map(|slope| (moments(slope), "the original's spline")),
        gaps: rate.gaps(),
        dispersion: rate.dispersion(),
    }
    .figure()
}

/// The spline's slope at these times, in messages per minute.
fn slope(fit: &Smoothed, times: &[i64]) -> Vec<f64> {
    let days: Vec<f64> = times.iter().map(|&time| time as f64 / DAY_LENGTH as f64).collect();
    let slopes = fit.spline().derivative_all(&days);
    slopes.iter().map(|slope| slope / MINUTES_PER_DAY).collect()
}

fn says(band: &Band, frame: &Frame) -> String {
    let Band { series, dispersion, .. } = band;
    let shown = |value: f64| number(value, frame.places);
    let by = |a: &usize, b: &usize| series.values[*a].total_cmp(&series.values[*b]);
    let fastest = (0..series.len()).max_by(by).unwrap_or(0);
    let lowest = series.values.iter().copied().fold(f64::INFINITY, f64::min);
    let (lower, upper) = (shown(band.lower[fastest]), shown(band.upper[fastest]));
    let highest = series.values[fastest];
    if highest == 0.0 {
        let windows = WINDOWS.count(series.len());
        return format!("No message in {windows}: with 95 % confidence the rate is below {} messages per minute.", number(band.upper[0], frame.places + 2));
    }
    let varies = match number(*dispersion, 1).as_str() {
        "1.0" => "Counts vary as much as those of independent messages would.".to_owned(),
        times => format!("Counts vary {times} times as much as those of independent messages would."),
    };
    let when = series.when(band.origin.timezone(), fastest..fastest + 1);
    format!(
        "Between {} and {} messages per minute; the fastest around {when}: {} (95 % band {lower} to {upper}). {varies}",
        shown(lowest),
        shown(highest),
        shown(highest),
    )
}
