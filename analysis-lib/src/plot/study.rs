//! Window by window: the study of half a day.

use super::chart::{Line, Mark, Series};
use super::figure::Figure;
use super::labels::{Labels, MEMBERS_ONLINE, NOT_KNOWN, Noun, POINTS};
use super::svg::WIDTH;
use crate::aggregate::{self, MINUTES_PER_DAY, Smoothed};
use activity_data::{Activity, DAY_LENGTH, Gap};

/// What is this many times smaller than the data is rounding noise of the fit.
const NOISE: f64 = 1e-9;

/// Online members at each window's end, over time.
///
/// ```
/// use analysis_lib::{Activity, plot};
///
/// let figure = plot::online_members(&Activity::sample()?);
/// assert_eq!(figure.heading(), "Number of Online Members on Sample Server");
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn online_members(activity: &Activity) -> Figure {
    let title = format!("Number of Online Members on {}", activity.origin().server());
    let axis = "Number of Members (Human, Online)";
    let labels = Labels::of(activity, title, axis, "online_members").counting(MEMBERS_ONLINE);
    let (online, writers) = (activity.online_members(), activity.members().len());
    let labels = labels.of_online(online, writers, activity.online_known());
    Line::of_counts(activity, labels, online, NOT_KNOWN)
}

/// Messages in each window, over time. A last window that is shorter than half
/// the window before it and half the usual window, or ends in the future, is
/// marked as not over when it was recorded.
pub fn message_volume(activity: &Activity) -> Figure {
    volume(activity, "Message Volume", &[], None)
}

/// Messages in each window, with marks and what they show.
pub(super) fn volume(
    activity: &Activity,
    title: &str,
    marks: &[Mark],
    says: Option<String>,
) -> Figure {
    let axis = "Number of Messages Sent in Time Window";
    let mut labels = Labels::of(activity, title, axis, "message_volume");
    labels.instead = says;
    let volume = activity.message_volume().iter();
    let values: Vec<f64> = volume.map(|&volume| f64::from(volume)).collect();
    let mut series = Series::of_windows(activity, &values);
    // The sample lies in a fixed past: comparing it with the clock says nothing.
    series.is_over = activity.origin().is_sample()
        || !aggregate::last_is_running(activity, chrono::Utc::now().timestamp_millis());
    Line {
        marks,
        ..Line::new(labels, series, activity.gaps())
    }
    .figure()
}

/// Cumulative messages: the running sum of the message volume, over time.
pub fn cumulative_messages(activity: &Activity) -> Figure {
    let axis = "Cumulative Number of Messages";
    let labels = Labels::of(activity, "Cumulative Messages", axis, "cumulative_messages")
        .counting(Noun::new("message so far", "messages so far"));
    let sums = aggregate::cumulative_messages(activity).into_iter();
    let values: Vec<f64> = sums.map(|sum| sum as f64).collect();
    let series = Series::of_windows(activity, &values);
    Line::new(labels, series, activity.gaps()).figure()
}

/// The smoothed cumulative messages, over time.
pub fn smoothed_cumulative(fit: &Smoothed) -> Figure {
    let title = "Approx. Cumulative Messages";
    let column = "smoothed_cumulative_messages";
    let labels = Labels::new(fit.origin(), title, "Number of Messages", column)
        .measuring("messages (smoothed)", 0);
    let values = |days: &[f64]| fit.spline().evaluate_all(days);
    curve(fit, labels, highest(fit), values)
}

/// The slope of the smoothed cumulative messages, over time. The curve is only
/// smooth: where it falls, its slope is below zero, and the caption says so.
pub fn message_rate(fit: &Smoothed) -> Figure {
    let title = "Approx. Rate of Messages";
    let column = "messages_per_minute";
    let labels = Labels::new(fit.origin(), title, "Messages per Minute", column)
        .measuring("messages per minute", 2);
    let days = fit.times()[fit.times().len() - 1] - fit.times()[0];
    let usual = highest(fit) / days / MINUTES_PER_DAY;
    curve(fit, labels, usual, |days| slopes(fit, days))
}

/// The slope of a fit at some days since the epoch (UTC), in messages per minute.
pub(super) fn slopes(fit: &Smoothed, days: &[f64]) -> Vec<f64> {
    let slopes = fit.spline().derivative_all(days).into_iter();
    slopes
        .map(|slope| slope * (1.0 / MINUTES_PER_DAY))
        .collect()
}

/// The most cumulative messages of a fit.
fn highest(fit: &Smoothed) -> f64 {
    let sums = fit.cumulative_messages().iter();
    sums.copied().fold(0.0, f64::max)
}

/// The curve of a fit, or its slope: `values` gives it at some days since the epoch
/// (UTC), and `usual` is a value that is large for it. Not drawn over gaps;
/// tooltips are at the fit's even times.
fn curve(
    fit: &Smoothed,
    labels: Labels,
    usual: f64,
    values: impl Fn(&[f64]) -> Vec<f64>,
) -> Figure {
    let gaps = fit.gaps();
    // Zero where it is nothing but noise.
    let values = |times: &[i64]| {
        let days: Vec<f64> = times.iter().map(days).collect();
        let mut values = values(&days);
        for value in values.iter_mut().filter(|own| own.abs() <= NOISE * usual) {
            *value = 0.0;
        }
        values
    };
    let times = places(&fit.spline().knots(), gaps);
    let curve = values(&times);
    let mut tip_times: Vec<i64> = fit.times().iter().map(milliseconds).collect();
    tip_times.dedup();
    tip_times.retain(|&time| !in_gap(gaps, time));
    let tips = values(&tip_times);
    let note = match curve.iter().any(|&value| value < 0.0) {
        true => "smoothing spline, which may dip below zero",
        false => "smoothing spline",
    };
    let series = Series::of_moments(POINTS, &times, &curve);
    Line {
        tips: Some(Series::of_moments(POINTS, &tip_times, &tips)),
        ..Line::new(labels.noting(note.to_owned()), series, gaps)
    }
    .figure()
}

/// Times on the curve to draw a line through: each knot and two or more between
/// each two, so that no swing is lost over a long span; as many more as make
/// four in a column of pixels, so that a short span is seen to bend. Of a gap
/// there are the edges alone.
fn places(knots: &[f64], gaps: &[Gap]) -> Vec<i64> {
    let step = (knots[knots.len() - 1] - knots[0]) / (4.0 * WIDTH);
    let between = |ends: &[f64]| {
        let (from, width) = (ends[0], ends[1] - ends[0]);
        let parts = (width / step).ceil().max(3.0);
        (0..parts as u32).map(move |part| from + f64::from(part) / parts * width)
    };
    let days = knots
        .windows(2)
        .flat_map(between)
        .chain(knots.last().copied());
    let mut times: Vec<i64> = days.map(|days| milliseconds(&days)).collect();
    times.retain(|&time| !in_gap(gaps, time));
    times.extend(gaps.iter().flat_map(|gap| [gap.begin, gap.end]));
    times.sort_unstable();
    times.dedup();
    times
}

fn milliseconds(days: &f64) -> i64 {
    (days * DAY_LENGTH as f64).round() as i64
}

pub(super) fn days(milliseconds: &i64) -> f64 {
    *milliseconds as f64 / DAY_LENGTH as f64
}

/// Whether a time lies in one of the gaps, which are in order.
fn in_gap(gaps: &[Gap], time: i64) -> bool {
    let next = gaps.partition_point(|gap| gap.end <= time);
    gaps.get(next).is_some_and(|gap| gap.begin < time)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half a day that has these messages in its windows.
    fn half_day(volume: impl Fn(usize) -> u32) -> Activity {
        let sample = Activity::sample().unwrap().last_hours(12);
        let mut windows = sample.windows().take(0..sample.len());
        for (i, messages) in windows.volume.iter_mut().enumerate() {
            *messages = volume(i);
        }
        Activity::new(sample.origin().clone(), windows, Vec::new()).unwrap()
    }

    fn values(figure: &Figure) -> Vec<f64> {
        let rows = figure.csv().lines().skip(1);
        rows.map(|row| row.rsplit(',').next().unwrap().parse().unwrap())
            .collect()
    }

    /// After one burst the cumulative messages stay the same, and the slope of
    /// the fit is nothing but the rounding of its numbers.
    #[test]
    fn a_rate_of_rounding_noise_is_zero() {
        for burst in [1, 5, 4_000_000] {
            let activity = half_day(|i| if i == 0 { burst } else { 0 });
            let fit = aggregate::smoothed(&activity).unwrap();
            let rate = message_rate(&fit);
            assert!(values(&rate).iter().all(|&value| value == 0.0), "{burst}");
            for label in [">0.0<", ">1.0<"] {
                assert!(rate.svg().contains(label), "{burst}: {label}");
            }
            assert!(!rate.svg().contains("may dip below zero"), "{burst}");
            let sums = smoothed_cumulative(&fit);
            let off = values(&sums)
                .iter()
                .map(|value| (value / f64::from(burst) - 1.0).abs())
                .fold(0.0, f64::max);
            assert!(off < 1e-9, "{burst}: {off}");
        }
    }

    /// One message in half a day is little, but it is not noise.
    #[test]
    fn a_small_rate_is_drawn() {
        let activity = half_day(|i| u32::from(i == 40));
        let rate = message_rate(&aggregate::smoothed(&activity).unwrap());
        assert!(values(&rate).iter().any(|&value| value > 0.0));
    }

    /// A daily rhythm over months must not become a slow wave because the curve
    /// is looked at too seldom.
    #[test]
    fn no_swing_is_lost_over_a_long_span() {
        let fit = aggregate::smoothed(&Activity::sample().unwrap()).unwrap();
        let seen = places(&fit.spline().knots(), fit.gaps());
        let most_and_least = |times: &mut dyn Iterator<Item = f64>| {
            times
                .map(|time| fit.spline().derivative(time))
                .fold([f64::MIN, f64::MAX], |[most, least], slope| {
                    [most.max(slope), least.min(slope)]
                })
        };
        let (first, last) = (days(&seen[0]), days(&seen[seen.len() - 1]));
        // Every day's steepest slope, found in steps of 20 seconds.
        for day in first.ceil() as i64..last.floor() as i64 {
            let day = day as f64;
            let [fine, least] = most_and_least(
                &mut (0..4320)
                    .map(|i| day + f64::from(i) / 4320.0)
                    .filter(|&time| !in_gap(fit.gaps(), milliseconds(&time))),
            );
            let [drawn, _] = most_and_least(
                &mut seen
                    .iter()
                    .map(days)
                    .filter(|time| (day..day + 1.0).contains(time)),
            );
            // Between two knots the slope is a parabola. Its top may lie between two of
            // the three places there, and be higher than at these by a ninth of what it
            // rises above the knots.
            let lost = (fine - least) / 9.0;
            assert!(drawn >= fine - lost, "day {day}: {drawn} of {fine}");
        }
    }

    #[test]
    fn gaps_hold_no_time_but_their_edges() {
        let fit = aggregate::smoothed(&Activity::sample().unwrap()).unwrap();
        let times = places(&fit.spline().knots(), fit.gaps());
        assert!(times.is_sorted_by(|a, b| a < b));
        for gap in fit.gaps() {
            let after = times.partition_point(|&time| time <= gap.begin);
            assert_eq!([times[after - 1], times[after]], [gap.begin, gap.end]);
        }
    }
}
