use std::fmt;

use super::beside::{Beside, Change};
use super::hours::are_within_hours;
use crate::{Error, Result};
use activity_data::{Activity, DAY_LENGTH, HOUR_LENGTH, Period, Periods, Provenance};

/// A period beside the one directly before it: see [`compare`].
#[derive(Clone, PartialEq)]
pub struct Comparison {
    /// What is compared: hours, days, weeks or months.
    pub period: Period,
    /// When the earlier one began, in milliseconds since the epoch (UTC).
    pub earlier_begin: i64,
    /// When it ended and the later one began.
    pub begin: i64,
    /// When that ended.
    pub end: i64,
    /// How many hours of the clock were recorded in both; all numbers are of
    /// these alone.
    pub hours: usize,
    /// Messages. An hour that clocks show twice counts with its mean.
    pub messages: Change,
    /// Members who sent a message.
    pub active_members: Change,
    /// Mean online members, over the hours in which they are known in both; no numbers
    /// without one.
    pub online_mean: Change,
    /// The most online members at any window's end. A single moment has no
    /// interval.
    pub online_peak: Change,
    /// The share of the hours in which online members are known in both.
    pub online_known: f64,
    /// Members who wrote in both, only in the earlier, and only in the later.
    pub retained: u64,
    /// See `retained`.
    pub lost: u64,
    /// See `retained`.
    pub new: u64,
    pub(crate) provenance: Provenance,
}

impl fmt::Debug for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (period, begin) = (self.period, self.provenance.show(self.begin));
        let (earlier, messages) = (self.provenance.show(self.earlier_begin), &self.messages);
        write!(
            f,
            "Comparison({period} from {begin} with that from {earlier}: messages {messages:?})"
        )
    }
}

/// The last whole hour, day, week or month beside the one directly before it,
/// over the hours of the clock that were recorded in both.
///
/// A period is whole once windows reach its end. Hours are matched by day of
/// the period and hour of local clocks: Tuesday 14:00 with Tuesday 14:00, the
/// 3rd at 14:00 with the 3rd at 14:00. An hour that only one has, since it
/// wasn't recorded or clocks skipped it in the other, isn't compared.
///
/// Intervals take blocks of hours for independent: four hours of a day, a day of
/// a week, seven days of a month (of which the fourth block has the rest). How
/// much single blocks differ says what chance does, with Student's t for as many
/// blocks as are large (Satterthwaite 1946). The variance is, of sums, that of a
/// ratio estimator (Cochran 1977), and at least that of Poisson counts; of active
/// members, that of the jackknife over blocks (Künsch 1989), and at least that of
/// members who come and go independently (McNemar 1947), which alone would call
/// many a busy day a change. What moves a whole period alike is a change, even if
/// its cause was chance.
///
/// References: W. G. Cochran (1977), Sampling Techniques, 3rd edition. H. R.
/// Künsch (1989), The jackknife and the bootstrap for general stationary
/// observations, Annals of Statistics 17. Q. McNemar (1947), Note on the sampling
/// error of the difference between correlated proportions or percentages,
/// Psychometrika 12. F. E. Satterthwaite (1946), An approximate distribution of
/// estimates of variance components, Biometrics Bulletin 2.
///
/// # Errors
///
/// Fewer than half of the period's hours were recorded in both, or windows are
/// longer than an hour.
///
/// ```
/// use analysis_lib::{Activity, WEEK, aggregate};
///
/// let weeks = aggregate::compare(&Activity::sample()?, WEEK)?;
/// assert!(weeks.hours <= 168);
/// assert!(weeks.messages.share().is_some_and(|share| share.abs() < 0.1));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn compare(activity: &Activity, period: Period) -> Result<Comparison> {
    if !are_within_hours(activity) {
        return Err(Error::new("A comparison needs windows of at most an hour"));
    }
    let zone = activity.origin().timezone();
    let last = activity.ends()[activity.len() - 1];
    // A period is over once half a window is missing at most.
    let end = zone.begin(period, last + activity.usual_length().unwrap_or(0) / 2);
    let begin = zone.begin(period, end - 1);
    let earlier_begin = zone.begin(period, begin - 1);
    // Only these hours have to be merged, and the one that the first lies in.
    let recent = u32::try_from((last - earlier_begin) / HOUR_LENGTH + 2).unwrap_or(u32::MAX);
    let recent = activity.last_hours(recent);
    let slot = |begin: i64, time: i64| {
        let day = zone.day(time) - zone.day(begin);
        let hour = zone.local(time).rem_euclid(DAY_LENGTH) / HOUR_LENGTH;
        let block = match period {
            Period::Hour => return (0, 0),
            Period::Day => hour / 4,
            Period::Week => day,
            Period::Month => (day / 7).min(3),
        };
        (block, 24 * day + hour)
    };
    let spans = [earlier_begin..begin, begin..end];
    let both = Beside::of(&recent, |time| {
        let side = spans.iter().position(|span| span.contains(&time))?;
        Some((side, slot(spans[side].start, time)))
    });
    let matched = both.slots.len();
    let all = ((end - begin) / HOUR_LENGTH) as usize;
    if matched == 0 || 2 * matched < all {
        return Err(Error::new(match period {
            Period::Hour => {
                "A comparison needs two whole hours in a row that were fully recorded".to_owned()
            }
            _ => format!(
                "A comparison needs two whole {period}s in a row, with at least half of their hours recorded in both; here {matched} of {all} hours were"
            ),
        }));
    }
    let hours = &both.hours;
    let (online, known) = both.change(false, |own| mean_online(hours, own));
    let mut peak = [f64::NAN; 2];
    for (side, own) in both.slots.values().flat_map(|own| own.iter().enumerate()) {
        let most = own.iter().filter_map(|&hour| hours.online_max()[hour]);
        peak[side] = most.map(f64::from).fold(peak[side], f64::max);
    }
    let (active_members, [retained, lost, new]) = both.active_members();
    Ok(Comparison {
        period,
        earlier_begin,
        begin,
        end,
        hours: matched,
        messages: both.messages(),
        active_members,
        online_mean: Change {
            before: online.before / known as f64,
            now: online.now / known as f64,
            ..online
        },
        online_peak: Change::new(peak, None),
        online_known: known as f64 / matched as f64,
        retained,
        lost,
        new,
        provenance: activity.provenance(),
    })
}

/// Mean online members over the windows of these hours in which they are known.
fn mean_online(hours: &Periods, own: &[usize]) -> f64 {
    let known = own.iter().filter(|&&hour| hours.online_known()[hour] > 0);
    let windows = |hour: usize| hours.online_known()[hour] as f64;
    let sum = |value: &dyn Fn(usize) -> f64| known.clone().map(|&hour| value(hour)).sum::<f64>();
    sum(&|hour| hours.online_mean()[hour] * windows(hour)) / sum(&windows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::simulation::{server, share};
    use crate::{DAY, HOUR, MONTH, WEEK};
    use activity_data::source::sample::Random;

    /// How often the change of messages, online members and active members is said
    /// to be more than chance: in so many pairs of periods of so many days each, the
    /// later with so many times the messages, by so many members.
    fn said(period: Period, days: i64, times: f64, members: u64, pairs: usize) -> [f64; 3] {
        let mut random = Random(7);
        let mut said = [0.0; 3];
        for _ in 0..pairs {
            let level = |hour: i64| if hour < 24 * days { 2.0 } else { 2.0 * times };
            let activity = server(&mut random, 2 * days, members, level);
            let found = compare(&activity, period).unwrap();
            let changes = [found.messages, found.online_mean, found.active_members];
            for (said, change) in said.iter_mut().zip(changes) {
                *said += f64::from(change.more_than_chance == Some(true)) / pairs as f64;
            }
        }
        said
    }

    /// In about 5 % of all cases.
    #[test]
    fn where_nothing_changed_it_is_seldom_said() {
        for (period, days, pairs) in [(DAY, 1, 1_000), (WEEK, 7, 500), (MONTH, 30, 150)] {
            let [messages, online, _] = said(period, days, 1.0, 0, pairs);
            assert!((0.02..=0.09).contains(&messages), "{period}: {messages}");
            assert!((0.02..=0.09).contains(&online), "{period}: {online}");
        }
        // The jackknife's variance is rather too large than too small.
        for (period, days, pairs) in [(DAY, 1, 300), (WEEK, 7, 100)] {
            let [_, _, active] = said(period, days, 1.0, 2_000, pairs);
            assert!(active <= 0.09, "{period}: {active}");
        }
    }

    #[test]
    fn a_change_by_half_is_nearly_always_said() {
        for times in [0.5, 1.5] {
            let [messages, _, active] = said(WEEK, 7, times, 2_000, 50);
            assert!(messages >= 0.95 && active >= 0.8, "{messages} {active}");
        }
    }

    /// What is over is told by the last window; what isn't, isn't compared.
    #[test]
    fn too_little_is_said_in_a_sentence() {
        let activity = server(&mut Random(1), 3, 0, |_| 1.0);
        let day = compare(&activity, DAY).unwrap();
        assert_eq!(
            (day.hours, day.end),
            (24, activity.ends()[activity.len() - 1])
        );
        assert_eq!(
            compare(&activity, WEEK).unwrap_err().to_string(),
            "A comparison needs two whole weeks in a row, with at least half of their hours recorded in both; here 0 of 168 hours were"
        );
        assert!(compare(&activity.last_hours(0), HOUR).is_err());
        let nobody = server(&mut Random(1), 14, 0, |_| 0.0);
        let week = compare(&nobody, WEEK).unwrap();
        assert_eq!(week.messages.share(), None);
        assert_eq!(week.messages.more_than_chance, None);
        assert_eq!(week.active_members.more_than_chance, None);
    }

    /// A server that falls silent has no doubt about it.
    #[test]
    fn silence_is_a_change() {
        let mut random = Random(3);
        let share = share(20, || {
            let activity = server(&mut random, 14, 500, |hour| f64::from(u8::from(hour < 168)));
            let found = compare(&activity, WEEK).unwrap();
            found.messages.more_than_chance == Some(true)
                && found.active_members.more_than_chance == Some(true)
        });
        assert_eq!(share, 1.0);
    }
}
