//! Is it busy for how many are online?

use super::chart::{hours, lags as chart, nothing};
use super::figure::Figure;
use super::labels::{HOURS, Labels, window_count};
use crate::aggregate;
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
    let axis = "Messages per Online Member and Hour";
    let labels = Labels::new(
        "Busy for How Many Are Online",
        axis,
        "messages_per_member_hour",
    )
    .measuring("messages per online member and hour", 2);
    let hours = aggregate::busyness(activity);
    let count: u64 = hours.iter().map(|hour| hour.hours).sum();
    let note = format!("{} recorded from begin to end", HOURS.count(count));
    if count == 0 {
        let why = "This takes windows of at most an hour, and an hour recorded from begin to end with somebody online.";
        return nothing::figure(activity.origin(), &labels, note, why);
    }
    hours::figure(activity.origin(), &labels, note, &hours)
}

/// Do messages follow online members? Their correlation by the hour, with
/// messages up to 48 hours later or earlier, and what is left of it beyond the
/// week's rhythm, which both share. See [`aggregate::lags`].
///
/// ```
/// use analysis_lib::{Activity, plot};
///
/// let figure = plot::lags(&Activity::sample()?);
/// assert!(figure.says().starts_with("Messages follow online members most closely"));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn lags(activity: &Activity) -> Figure {
    let axis = "Correlation of Messages and Online Members";
    let labels = Labels::new("Messages and Online Members", axis, "correlation").measuring("", 2);
    let lags = aggregate::lags(activity);
    if lags.iter().all(|lag| lag.correlation.is_none()) {
        let note = window_count(activity);
        let why = "This takes a week of whole hours, in windows of at most an hour, in which messages and online members change.";
        return nothing::figure(activity.origin(), &labels, note, why);
    }
    chart::figure(activity.origin(), &labels, &lags)
}
