//! Window by window: the study of half a day.

use super::chart::{Line, Mark, Series, curve};
use super::figure::Figure;
use super::labels::{Labels, MEMBERS_ONLINE, NOT_KNOWN, Noun};
use crate::aggregate::{self, MINUTES_PER_DAY, Smoothed};
use activity_data::Activity;
use activity_data::text::clean;

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
    let server = clean(activity.origin().server(), 300);
    let title = format!("Number of Online Members on {server}");
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
    Line::of_windows(activity, labels, &values).figure()
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
    let per_minute = |slope: f64| slope * (1.0 / MINUTES_PER_DAY);
    let usual = per_minute(highest(fit) / days);
    curve(fit, labels, usual, |days| {
        let slopes = fit.spline().derivative_all(days);
        slopes.into_iter().map(per_minute).collect()
    })
}

/// The most cumulative messages of a fit.
fn highest(fit: &Smoothed) -> f64 {
    let sums = fit.cumulative_messages().iter();
    sums.copied().fold(0.0, f64::max)
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
}
