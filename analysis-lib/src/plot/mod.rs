//! Series → [`Figure`].
//!
//! Times are those of the configured zone, counts start at zero, and lines
//! break where windows are missing. However many windows there are, of each
//! column of pixels the first, lowest, highest and last value are drawn.

pub(crate) mod axis;
pub(crate) mod chart;
pub(crate) mod figure;
pub(crate) mod labels;
mod online;
mod patterns;
mod people;
mod presence;
mod rate;
mod shares;
mod summary;
pub(crate) mod svg;
mod unusual;

pub use figure::Figure;
pub use online::{busyness, lags};
pub use patterns::{calendar, coverage, rolling, weekly_online, weekly_rhythm};
pub use people::{concentration, member, member_hours};
pub use presence::{growth, stickiness};
pub use rate::rate;
pub use shares::member_shares;
pub use summary::summary;
pub use unusual::unusual;

use crate::aggregate::{self, MINUTES_PER_DAY, Smoothed};
use crate::names::Names;
use crate::spline::SmoothingSpline;
use activity_data::text::clean;
use activity_data::{Activity, Gap, Periods};
use axis::time::duration;
use chart::curve::Curve;
use chart::line::{Line, Mark};
use chart::series::Series;
use chart::{bars, members};
use labels::{Item, Labels, Noun, WINDOWS};

const MEMBERS_ONLINE: Noun = Noun::new("member online", "members online");

/// Online members at each window's end, over time.
///
/// ```
/// use analysis_lib::{Activity, plot};
///
/// let figure = plot::online_members(&Activity::sample()?);
/// assert_eq!(figure.title(), "Number of Online Members on Sample Server");
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn online_members(activity: &Activity) -> Figure {
    let server = clean(activity.origin().server(), 300);
    let title = format!("Number of Online Members on {server}");
    let axis = "Number of Members (Human, Online)";
    let labels = Labels::new(&title, axis, "online_members").counting(MEMBERS_ONLINE);
    let online = activity.online_members().iter();
    let values: Vec<f64> = online.map(|&online| f64::from(online)).collect();
    by_window(
        activity,
        &labels,
        moments(activity, &values),
        &aggregate::gaps(activity),
    )
    .figure()
}

/// Messages in each window, over time. A last window that is shorter than half
/// the window before it and half the usual window, or ends in the future, is
/// marked as not over when it was recorded.
pub fn message_volume(activity: &Activity) -> Figure {
    volume(activity, "Message Volume", &[], None)
}

/// Messages in each window, with marks.
fn volume(activity: &Activity, title: &str, marks: &[Mark], says: Option<String>) -> Figure {
    let axis = "Number of Messages Sent in Time Window";
    let labels = Labels::new(title, axis, "message_volume");
    let volume = activity.message_volume().iter();
    let values: Vec<f64> = volume.map(|&volume| f64::from(volume)).collect();
    let mut series = moments(activity, &values);
    // The sample lies in a fixed past: comparing it with the clock says nothing.
    series.is_over = activity.origin().is_sample()
        || !aggregate::last_is_running(activity, chrono::Utc::now().timestamp_millis());
    Line {
        marks,
        says,
        ..by_window(activity, &labels, series, &aggregate::gaps(activity))
    }
    .figure()
}

/// Cumulative messages: the running sum of the message volume, over time.
pub fn cumulative_messages(activity: &Activity) -> Figure {
    let axis = "Cumulative Number of Messages";
    let labels = Labels::new("Cumulative Messages", axis, "cumulative_messages")
        .counting(Noun::new("message so far", "messages so far"));
    let sums = aggregate::cumulative_messages(activity).into_iter();
    let values: Vec<f64> = sums.map(|sum| sum as f64).collect();
    by_window(
        activity,
        &labels,
        moments(activity, &values),
        &aggregate::gaps(activity),
    )
    .figure()
}

/// The smoothed cumulative messages, over time.
pub fn smoothed_cumulative(fit: &Smoothed) -> Figure {
    let title = "Approx. Cumulative Messages";
    let column = "smoothed_cumulative_messages";
    let labels =
        Labels::new(title, "Number of Messages", column).measuring("messages (smoothed)", 0);
    Curve {
        fit,
        labels,
        values: SmoothingSpline::evaluate_all,
        factor: 1.0,
        usual: highest(fit),
    }
    .figure()
}

/// The slope of the smoothed cumulative messages, over time. The curve is only
/// smooth: where it falls, its slope is below zero, and the caption says so.
pub fn message_rate(fit: &Smoothed) -> Figure {
    let title = "Approx. Rate of Messages";
    let column = "messages_per_minute";
    let labels =
        Labels::new(title, "Messages per Minute", column).measuring("messages per minute", 2);
    let days = fit.times()[fit.times().len() - 1] - fit.times()[0];
    Curve {
        fit,
        labels,
        values: SmoothingSpline::derivative_all,
        factor: 1.0 / MINUTES_PER_DAY,
        usual: highest(fit) / days,
    }
    .figure()
}

/// The most cumulative messages of a fit.
fn highest(fit: &Smoothed) -> f64 {
    fit.cumulative_messages()
        .iter()
        .copied()
        .fold(0.0, f64::max)
}

/// Messages by member: the 25 with the most, with count and share, and all
/// others together. Hidden members are one bar; bots are left out, and the
/// caption says so, with `HIDE_BOTS=yes`. See [`aggregate::shown_members`].
pub fn messages_by_member(activity: &Activity, names: &Names) -> Figure {
    let shown = aggregate::shown_members(activity, names);
    let mut note = window_count(activity);
    if shown.bots > 0 {
        let bots = Noun::new("bot", "bots").count(shown.bots);
        note += &format!(" · without {bots}");
    }
    let title = "Number of Messages by Person";
    let labels = Labels::new(title, "Number of Messages", "messages");
    members::figure(activity.origin(), &labels, &shown.members, note)
}

/// Mean online members of each period, over time. Those that were recorded in
/// part are marked.
///
/// ```
/// use analysis_lib::{Activity, DAY, plot};
///
/// let days = Activity::sample()?.every(DAY);
/// let figure = plot::online_members_by_period(&days);
/// assert_eq!(figure.title(), "Online Members by Day on Sample Server");
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn online_members_by_period(periods: &Periods) -> Figure {
    let series = by_period(periods, periods.online_mean());
    let noun = series.item.noun();
    let server = clean(periods.origin().server(), 300);
    let title = format!("Online Members by {} on {server}", noun.title());
    let axis = "Number of Members (Human, Online), Mean";
    let labels = Labels::new(&title, axis, "online_members_mean").counting(MEMBERS_ONLINE);
    let note = format!(
        "{}, of what was recorded in each",
        noun.count(periods.len())
    );
    Line {
        origin: periods.origin(),
        labels: &Labels {
            places: 1,
            ..labels
        },
        note,
        series,
        tips: series,
        gaps: &series.gaps(),
        overlays: Vec::new(),
        marks: &[],
        says: None,
    }
    .figure()
}

/// Messages in each period, as bars. Periods that were recorded in part, and a
/// last one that isn't over, are marked.
pub fn messages_by_period(periods: &Periods) -> Figure {
    let messages: Vec<f64> = periods.messages().iter().map(|&sent| sent as f64).collect();
    let series = by_period(periods, &messages);
    let name = series.item.noun().title();
    let title = format!("Messages by {name}");
    let axis = format!("Number of Messages Sent in the {name}");
    let labels = Labels::new(&title, &axis, "messages");
    bars::figure(periods.origin(), &labels, &series)
}

/// A value a period.
fn by_period<'a>(periods: &'a Periods, values: &'a [f64]) -> Series<'a> {
    Series {
        item: Item::Period(periods.period()),
        starts: periods.begins(),
        ends: periods.ends(),
        values,
        coverage: periods.coverage(),
        is_over: periods.is_over(),
    }
}

/// A value a window.
fn moments<'a>(activity: &'a Activity, values: &'a [f64]) -> Series<'a> {
    Series::of_moments(WINDOWS, activity.ends(), values)
}

/// A line through a value a window.
fn by_window<'a>(
    activity: &'a Activity,
    labels: &'a Labels,
    series: Series<'a>,
    gaps: &'a [Gap],
) -> Line<'a> {
    Line {
        origin: activity.origin(),
        labels,
        note: window_count(activity),
        series,
        tips: series,
        gaps,
        overlays: Vec::new(),
        marks: &[],
        says: None,
    }
}

/// "78 windows of 10 min": how many, and how long they usually are.
fn window_count(activity: &Activity) -> String {
    let count = WINDOWS.count(activity.len());
    match aggregate::usual_length(activity) {
        Some(usual) => format!("{count} of {}", duration(usual)),
        None => count,
    }
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
