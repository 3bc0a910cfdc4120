//! What was unusual, on the line of the message volume.

use super::chart::line::Mark;
use super::labels::{MESSAGES, unusual_in_words};
use super::{Figure, axis, volume};
use crate::aggregate;
use crate::data::Activity;

/// As many events are marked: more would hide the line.
const MARKED: usize = 50;

/// Message volume over time, with hours that were far from usual and the longest
/// silences marked. See [`aggregate::unusual`] for how they are found; events
/// have the numbers of [`table::unusual`](crate::table::unusual).
///
/// ```
/// use analysis_lib::{Activity, plot};
///
/// let figure = plot::unusual(&Activity::sample()?);
/// assert!(figure.svg().contains("unusual hours"));
/// # Ok::<(), analysis_lib::Error>(())
/// ```
pub fn unusual(activity: &Activity) -> Figure {
    let unusual = aggregate::unusual(activity);
    let volume_at = activity.message_volume();
    let mut marks: Vec<Mark> = Vec::new();
    for (event, number) in unusual.events.iter().take(MARKED).zip(1..) {
        // Of windows that end in these hours, the one that stands out the most.
        let end = |time: i64| activity.times().partition_point(|&end| end <= time);
        let windows = end(event.from)..end(event.to);
        let dot = match event.deviations > 0.0 {
            true => windows.rev().max_by_key(|&i| volume_at[i]),
            false => windows.min_by_key(|&i| volume_at[i]),
        };
        let usual = axis::number::number(event.usual, 0);
        marks.push(Mark {
            from: event.from,
            to: event.to,
            dot: dot.map(|i| (i, number)),
            about: format!(
                "unusual, {number}: {} where {usual} usual",
                MESSAGES.count(event.messages)
            ),
        });
    }
    // An event's last window may end in the next hour.
    marks.retain(|mark| mark.dot.is_some());
    marks.extend(unusual.silences.iter().map(|silence| Mark {
        from: silence.from,
        to: silence.to,
        dot: None,
        about: "silence".to_owned(),
    }));
    let mut says = unusual_in_words(&unusual, activity.origin().timezone());
    if unusual.events.len() > MARKED {
        says += &format!(
            " The {MARKED} most unusual of {} are marked.",
            unusual.events.len()
        );
    }
    volume(activity, "Unusual Message Volume", &marks, Some(says))
}
