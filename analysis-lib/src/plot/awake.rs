//! When are we awake?

use super::chart::nothing;
use super::chart::week::Week;
use super::figure::Figure;
use super::labels::{Labels, NOT_KNOWN, window_count};
use crate::aggregate::{self, WeekHour};
use activity_data::Activity;

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
    let (online, writers) = (activity.online_members(), activity.members().len());
    let known = activity.online_known();
    let labels = labels.of_online(online, writers, known);
    if known == 0.0 {
        let note = window_count(activity);
        return nothing::figure(activity.origin(), &labels, note, NOT_KNOWN);
    }
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
    .heat()
    .figure()
}
