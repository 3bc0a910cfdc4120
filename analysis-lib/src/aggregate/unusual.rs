use super::hours::{WholeHour, grouped, quantiles, whole_hours};
use activity_data::{Activity, DAY, DAY_LENGTH, HOUR_LENGTH, Provenance, WHOLE};

/// Hours are compared with those of so many days before and after, so that a
/// server may grow.
const AROUND: i64 = 56 * DAY_LENGTH;
/// So many hours of the same weekday, else of the same hour of all days, tell
/// what is usual.
const WEEKS: usize = 4;
const DAYS: usize = 7;
/// So many times the usual deviation is unusual. In simulated years of ordinary
/// hours (Poisson counts around a level that wanders by 20 % to 50 %), none to
/// four are so far off.
const FAR: f64 = 6.0;
/// And so many times more, or fewer, messages than usual.
const LARGE: f64 = 1.5;
/// A normal variable's standard deviation by its median absolute deviation.
const BY_DEVIATION: f64 = 1.4826;
/// As many silences are kept.
const SILENCES: usize = 5;

/// What was unusual: see [`unusual`].
#[derive(Clone, Debug, PartialEq)]
pub struct Unusual {
    /// The whole hour with the most messages, and the one with the fewest; the
    /// first of several. `None` if none was recorded from begin to end.
    pub busiest_hour: Option<Stretch>,
    /// See `busiest_hour`.
    pub quietest_hour: Option<Stretch>,
    /// The whole day with the most messages, and the one with the fewest.
    pub busiest_day: Option<Stretch>,
    /// See `busiest_day`.
    pub quietest_day: Option<Stretch>,
    /// Hours in a row with far more messages than usual, or far fewer: the
    /// farthest off first.
    pub events: Vec<Event>,
    /// How many whole hours could be compared with others: events are among these.
    pub compared_hours: usize,
    /// The five longest stretches of recorded windows without a message, the
    /// longest first.
    pub silences: Vec<Stretch>,
}

/// A stretch of time, and the messages in it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// When it began, in milliseconds since the epoch (UTC).
    pub begin: i64,
    /// When it ended.
    pub end: i64,
    /// Messages in it.
    pub messages: u64,
    pub(crate) provenance: Provenance,
}

/// Hours in a row that were far from usual.
#[derive(Clone, Copy, PartialEq)]
pub struct Event {
    /// When the first of them began, in milliseconds since the epoch (UTC).
    pub begin: i64,
    /// When the last of them ended.
    pub end: i64,
    /// Messages in all of them.
    pub messages: u64,
    /// Messages that are usual in these hours.
    pub usual: f64,
    /// When the hour began that was the farthest off.
    pub peak: i64,
    /// How many usual deviations that hour was off: above zero a spike, below
    /// zero a quiet hour.
    pub deviations: f64,
    pub(crate) provenance: Provenance,
}

/// The busiest and quietest hours and days, hours that were far from usual, and
/// the longest silences.
///
/// An hour's usual number of messages is the median over the same weekday and
/// hour of local clocks, of all whole hours within eight weeks before and after;
/// with fewer than four, the median over the same hour of all days, at least
/// seven. An hour is unusual if it has one and a half times as many, or as few, and
/// is more than six usual deviations off. Deviations are of Anscombe's 2√(n + 3/8),
/// whose standard deviation is 1 for Poisson counts whatever their mean. The
/// usual one is 1.4826 times the median of the absolute deviations at that hour of the
/// day, and at least 1. Unusual hours in a row are one event.
///
/// A silence is never longer than what was recorded without a gap: what wasn't
/// recorded isn't silent.
///
/// References: F. J. Anscombe (1948), The transformation of Poisson, binomial
/// and negative-binomial data, Biometrika 35. F. R. Hampel (1974), The influence
/// curve and its role in robust estimation, JASA 69.
///
/// ```
/// use analysis_lib::{Activity, aggregate};
///
/// // The sample has the hour of a raid.
/// let unusual = aggregate::unusual(&Activity::sample()?);
/// assert_eq!(unusual.events.len(), 1);
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn unusual(activity: &Activity) -> Unusual {
    let (hours, provenance) = (whole_hours(activity), activity.provenance());
    let stretch = |begin, end, messages| Stretch {
        begin,
        end,
        messages,
        provenance,
    };
    let hour = |hour: &WholeHour| stretch(hour.start, hour.start + HOUR_LENGTH, hour.messages);
    let all = activity.totals(DAY);
    let (begins, ends, messages) = (all.begins(), all.ends(), all.messages());
    let days = (0..all.len()).filter(|&i| all.coverage()[i] >= WHOLE);
    let days = days.map(|i| stretch(begins[i], ends[i], messages[i]));
    let [busiest_hour, quietest_hour] = extremes(hours.iter().map(hour));
    let [busiest_day, quietest_day] = extremes(days);
    let compared = compared(&hours, provenance);
    Unusual {
        busiest_hour,
        quietest_hour,
        busiest_day,
        quietest_day,
        compared_hours: compared.len(),
        events: events(compared),
        silences: silences(activity),
    }
}

/// The stretch with the most messages and the one with the fewest.
fn extremes(all: impl DoubleEndedIterator<Item = Stretch> + Clone) -> [Option<Stretch>; 2] {
    let messages = |stretch: &Stretch| stretch.messages;
    // Of several, `max_by_key` gives the last.
    [
        all.clone().rev().max_by_key(messages),
        all.min_by_key(messages),
    ]
}

/// The hours of which enough others tell what is usual, in order, as if each were an
/// event.
fn compared(hours: &[WholeHour], provenance: Provenance) -> Vec<Event> {
    // Anscombe's, of which a Poisson count's has the standard deviation 1.
    let level = |hour: &WholeHour| 2.0 * (hour.messages as f64 + 0.375).sqrt();
    let levels: Vec<f64> = hours.iter().map(level).collect();
    let by_week = grouped(hours, 168);
    let usual_in = |group: &[usize], i: usize, least: usize| {
        let begin = hours[i].start;
        // Clocks that change move an hour's place in the week.
        let first = group.partition_point(|&j| hours[j].start < begin - AROUND - HOUR_LENGTH);
        let next = group.partition_point(|&j| hours[j].start <= begin + AROUND + HOUR_LENGTH);
        let around = &group[first..next];
        (around.len() >= least).then(|| median(around.iter().map(|&j| levels[j])))
    };
    let mut compared = Vec::new();
    for group in grouped(hours, 24) {
        let usual = group.iter().filter_map(|&i| {
            let of_week = usual_in(&by_week[hours[i].of_week], i, WEEKS);
            Some((i, of_week.or_else(|| usual_in(&group, i, DAYS))?))
        });
        let usual: Vec<(usize, f64)> = usual.collect();
        let off = usual.iter().map(|&(i, usual)| (levels[i] - usual).abs());
        let scale = (BY_DEVIATION * median(off)).max(1.0);
        compared.extend(usual.iter().map(|&(i, usual)| Event {
            begin: hours[i].start,
            end: hours[i].start + HOUR_LENGTH,
            messages: hours[i].messages,
            usual: (usual * usual / 4.0 - 0.375).max(0.0),
            peak: hours[i].start,
            deviations: (levels[i] - usual) / scale,
            provenance,
        }));
    }
    compared.sort_unstable_by_key(|hour| hour.begin);
    compared
}

/// The median; no number of none.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let [median] = quantiles(values.collect(), [0.5]);
    median
}

/// Hours that are far off, those in a row together, the farthest first.
fn events(mut hours: Vec<Event>) -> Vec<Event> {
    let is_more = |hour: &Event| hour.deviations > 0.0;
    hours.retain(|hour| {
        let (messages, usual) = (hour.messages as f64, hour.usual);
        let is_large = messages.max(usual) >= LARGE * messages.min(usual);
        is_large && hour.deviations.abs() > FAR
    });
    let in_a_row =
        |one: &Event, next: &Event| one.end == next.begin && is_more(one) == is_more(next);
    let far = |a: &Event, b: &Event| b.deviations.abs().total_cmp(&a.deviations.abs());
    let event = |own: &[Event]| {
        let farthest = own.iter().copied().min_by(far);
        farthest.map(|farthest| Event {
            begin: own[0].begin,
            end: own[own.len() - 1].end,
            messages: own.iter().map(|hour| hour.messages).sum(),
            usual: own.iter().map(|hour| hour.usual).sum(),
            ..farthest
        })
    };
    let mut events: Vec<Event> = hours.chunk_by(in_a_row).filter_map(event).collect();
    events.sort_by(far);
    events
}

/// The longest stretches of windows without a message.
fn silences(activity: &Activity) -> Vec<Stretch> {
    let (begins, ends) = (activity.begins(), activity.ends());
    let is_empty = |&window: &usize| activity.message_volume()[window] == 0;
    let empty: Vec<usize> = (0..activity.len()).filter(is_empty).collect();
    // A window that begins later than the one before ended follows a gap.
    let in_a_row = |one: &usize, next: &usize| one + 1 == *next && begins[*next] <= ends[*one];
    let silence = |own: &[usize]| Stretch {
        begin: begins[own[0]],
        end: ends[own[own.len() - 1]],
        messages: 0,
        provenance: activity.provenance(),
    };
    let mut silences: Vec<Stretch> = empty.chunk_by(in_a_row).map(silence).collect();
    // The only window of all has no length that is known.
    silences.retain(|silence| silence.begin < silence.end);
    silences.sort_by_key(|silence| silence.begin - silence.end);
    silences.truncate(SILENCES);
    silences
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::simulation::{START, server};
    use activity_data::source::sample::Random;

    #[test]
    fn an_ordinary_year_has_hardly_an_event() {
        let ordinary = unusual(&server(&mut Random(5), 364, 0, |_| 1.0));
        assert!(ordinary.events.len() <= 2, "{:?}", ordinary.events);
        assert_eq!(ordinary.compared_hours, 364 * 24);
    }

    #[test]
    fn a_spike_and_a_quiet_evening_are_found() {
        let is_in = |hour: i64, from: i64| (from..from + 3).contains(&hour);
        let times = |hour: i64| match hour {
            _ if is_in(hour, 500) => 8.0,
            _ if is_in(hour, 736) => 0.0,
            _ => 1.0,
        };
        let found = unusual(&server(&mut Random(5), 70, 0, |hour| 20.0 * times(hour))).events;
        let place = |event: &Event| (event.begin - START) / HOUR_LENGTH;
        let (spike, quiet) = (found[0], found[1]);
        assert!(is_in(place(&spike), 500) && is_in(place(&quiet), 736));
        assert!(spike.deviations > FAR && spike.messages as f64 > 4.0 * spike.usual);
        assert!(quiet.deviations < -FAR && quiet.messages == 0);
    }

    #[test]
    fn medians_are_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), 2.5);
        assert_eq!(median([7.0].into_iter()), 7.0);
    }
}
