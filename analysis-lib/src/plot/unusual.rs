//! What was unusual, on the line of the message volume.

use super::axis;
use super::chart::Mark;
use super::figure::Figure;
use super::labels::{MESSAGES, unusual_in_words};
use super::study::volume;
use crate::aggregate;
use activity_data::Activity;

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
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn unusual(activity: &Activity) -> Figure {
    let unusual = aggregate::unusual(activity);
    let volume_at = activity.message_volume();
    let first = unusual.events.iter().take(MARKED).zip(1..);
    let events = first.filter_map(|(event, number)| {
        // Of windows that end in these hours, the one that stands out the most. An
        // event's last window may end in the next hour.
        let end = |time: i64| activity.ends().partition_point(|&end| end <= time);
        let windows = end(event.begin)..end(event.end);
        let dot = match event.deviations > 0.0 {
            true => windows.rev().max_by_key(|&i| volume_at[i]),
            false => windows.min_by_key(|&i| volume_at[i]),
        };
        let (usual, sent) = (axis::number(event.usual, 0), MESSAGES.count(event.messages));
        Some(Mark {
            from: event.begin,
            to: event.end,
            dot: Some((dot?, number)),
            about: format!("unusual, {number}: {sent} where {usual} usual"),
        })
    });
    let silences = unusual.silences.iter().map(|silence| Mark {
        from: silence.begin,
        to: silence.end,
        dot: None,
        about: "silence".to_owned(),
    });
    let marks: Vec<Mark> = events.chain(silences).collect();
    let mut says = unusual_in_words(&unusual, activity.origin().timezone());
    if unusual.events.len() > MARKED {
        let events = unusual.events.len();
        says += &format!(" The {MARKED} most unusual of {events} are marked.");
    }
    volume(activity, "Unusual Message Volume", &marks, Some(says))
}

#[cfg(test)]
mod tests {
    use super::*;
    use activity_data::{Window, WindowsBuilder};

    /// Windows of so many minutes with these messages, by one member.
    fn windows(minutes: i64, messages: &[u32]) -> Activity {
        let mut windows = WindowsBuilder::new();
        for (&volume, number) in messages.iter().zip(1..) {
            windows.sent(7.into(), volume);
            let window = Window {
                end: 1_772_389_800_000 + number * minutes * 60_000,
                declared: 0,
                online: Some(5),
                volume,
            };
            windows.window(window).unwrap();
        }
        let sample = Activity::sample().unwrap();
        Activity::new(sample.origin().clone(), windows.finish(), Vec::new()).unwrap()
    }

    #[test]
    fn marks_are_rows_after_the_line() {
        let activity = Activity::sample().unwrap();
        let figure = unusual(&activity);
        assert!(
            figure
                .csv()
                .starts_with("time_local,time_utc,message_volume,mark\n")
        );
        let marked = |mark: &str| {
            let rows = figure.csv().lines();
            rows.filter(|row| row.ends_with(&format!(",{mark}")))
                .count()
        };
        // Five silences begin and end, and of one event the highest window has a dot.
        assert_eq!((marked("0,silence"), marked("1")), (10, 1));
        let raid = aggregate::unusual(&activity).events[0];
        let windows = activity.ends().iter().zip(activity.message_volume());
        let ended = windows.filter(|(end, _)| (raid.begin + 1..=raid.end).contains(end));
        let highest = ended.map(|(_, messages)| messages).max().unwrap();
        let dot = format!(",{highest},1\n");
        assert!(figure.csv().contains(&dot), "{dot}");
    }

    #[test]
    fn a_silence_ends_at_a_gap() {
        let mut messages = vec![3; 80];
        messages[20..40].fill(0);
        let activity = windows(10, &messages);
        let without = activity
            .windows()
            .take((0..80).filter(|i| !(24..30).contains(i)));
        let cut = Activity::new(activity.origin().clone(), without, Vec::new()).unwrap();
        let silences = aggregate::unusual(&cut).silences;
        let lengths: Vec<i64> = silences
            .iter()
            .map(|own| (own.end - own.begin) / 60_000)
            .collect();
        assert_eq!(lengths, [100, 40]);
    }

    /// No window is too few or too long, and no message is no reason to fail.
    #[test]
    fn whatever_there_is_is_told_in_a_sentence() {
        use crate::{DAY, HOUR, MONTH, Names, WEEK, plot, table};
        let quiet = vec![0; 24 * 30 * 6];
        for activity in [
            windows(10, &[3]),
            windows(10, &[0]),
            windows(10, &quiet),
            windows(150, &quiet[..600]),
            windows(45, &[2; 1_000]),
        ] {
            let names = Names::test([7.into()], [7.into()], true);
            for period in [HOUR, DAY, WEEK, MONTH] {
                assert!(
                    table::compare(&activity, &names, period)
                        .says()
                        .ends_with('.')
                );
            }
            assert!(table::unusual(&activity).says().ends_with('.'));
            for figure in [unusual, plot::busyness, plot::lags] {
                assert!(figure(&activity).says().ends_with('.'), "{activity:?}");
            }
        }
    }
}
