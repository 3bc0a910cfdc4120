use super::hours::{WholeHour, whole_hours};
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
    let hours = whole_hours(activity);
    let provenance = activity.provenance();
    let stretch = |begin, end, messages| Stretch {
        begin,
        end,
        messages,
        provenance,
    };
    let hour = |hour: &WholeHour| stretch(hour.start, hour.start + HOUR_LENGTH, hour.messages);
    let periods = activity.totals(DAY);
    let whole_days = (0..periods.len()).filter(|&i| periods.coverage()[i] >= WHOLE);
    let days: Vec<Stretch> = whole_days
        .map(|i| {
            stretch(
                periods.begins()[i],
                periods.ends()[i],
                periods.messages()[i],
            )
        })
        .collect();
    let (busiest_hour, quietest_hour) = extremes(hours.iter().map(hour));
    let (busiest_day, quietest_day) = extremes(days.into_iter());
    let deviations = deviations(&hours);
    Unusual {
        busiest_hour,
        quietest_hour,
        busiest_day,
        quietest_day,
        events: events(&hours, &deviations, provenance),
        compared_hours: deviations.iter().flatten().count(),
        silences: silences(activity),
    }
}

/// The stretch with the most messages and the one with the fewest.
fn extremes(
    stretches: impl DoubleEndedIterator<Item = Stretch> + Clone,
) -> (Option<Stretch>, Option<Stretch>) {
    let messages = |stretch: &Stretch| stretch.messages;
    // Of several, `max_by_key` gives the last.
    (
        stretches.clone().rev().max_by_key(messages),
        stretches.min_by_key(messages),
    )
}

/// How far an hour is off.
#[derive(Clone, Copy)]
struct Deviation {
    /// Messages that are usual.
    usual: f64,
    /// How many usual deviations.
    times: f64,
}

/// How far each hour is off; `None` where too few tell what is usual.
fn deviations(hours: &[WholeHour]) -> Vec<Option<Deviation>> {
    let levels: Vec<f64> = hours
        .iter()
        .map(|hour| anscombe(hour.messages as f64))
        .collect();
    let group = |groups: usize| {
        let mut own = vec![Vec::new(); groups];
        for (i, hour) in hours.iter().enumerate() {
            own[hour.of_week % groups].push(i);
        }
        own
    };
    let (by_week, by_day) = (group(168), group(24));
    let usual_in = |group: &[usize], i: usize, least: usize| {
        let start = hours[i].start;
        // Clocks that change move an hour's place in the week.
        let from = group.partition_point(|&j| hours[j].start < start - AROUND - HOUR_LENGTH);
        let to = group.partition_point(|&j| hours[j].start <= start + AROUND + HOUR_LENGTH);
        (to - from >= least).then(|| median(group[from..to].iter().map(|&j| levels[j]).collect()))
    };
    let mut deviations = vec![None; hours.len()];
    for group in by_day {
        let usual: Vec<(usize, f64)> = group
            .iter()
            .filter_map(|&i| {
                let of_week = usual_in(&by_week[hours[i].of_week], i, WEEKS);
                Some((i, of_week.or_else(|| usual_in(&group, i, DAYS))?))
            })
            .collect();
        let off = usual.iter().map(|&(i, usual)| (levels[i] - usual).abs());
        let scale = (BY_DEVIATION * median(off.collect())).max(1.0);
        for (i, usual) in usual {
            deviations[i] = Some(Deviation {
                usual: (usual * usual / 4.0 - 0.375).max(0.0),
                times: (levels[i] - usual) / scale,
            });
        }
    }
    deviations
}

fn anscombe(count: f64) -> f64 {
    2.0 * (count + 0.375).sqrt()
}

/// The median; of an even number the mean of the middle two, of none 0.
fn median(mut values: Vec<f64>) -> f64 {
    let half = values.len() / 2;
    if values.is_empty() {
        return 0.0;
    }
    let (below, &mut upper, _) = values.select_nth_unstable_by(half, f64::total_cmp);
    if below.len() < half || values.len() % 2 == 1 {
        return upper;
    }
    let lower = values[..half].iter().copied().fold(f64::MIN, f64::max);
    (lower + upper) / 2.0
}

/// Hours that are far off, those in a row together.
fn events(
    hours: &[WholeHour],
    deviations: &[Option<Deviation>],
    provenance: Provenance,
) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    for (hour, deviation) in hours.iter().zip(deviations) {
        let Some(Deviation { usual, times }) = *deviation else {
            continue;
        };
        let messages = hour.messages as f64;
        let is_spike = times > FAR && messages >= LARGE * usual;
        let is_quiet = times < -FAR && messages * LARGE <= usual;
        if !is_spike && !is_quiet {
            continue;
        }
        let own = Event {
            begin: hour.start,
            end: hour.start + HOUR_LENGTH,
            messages: hour.messages,
            usual,
            peak: hour.start,
            deviations: times,
            provenance,
        };
        match events.last_mut() {
            Some(event) if event.end == own.begin && (event.deviations > 0.0) == is_spike => {
                event.end = own.end;
                event.messages += own.messages;
                event.usual += own.usual;
                if times.abs() > event.deviations.abs() {
                    (event.peak, event.deviations) = (own.peak, times);
                }
            }
            _ => events.push(own),
        }
    }
    events.sort_by(|a, b| b.deviations.abs().total_cmp(&a.deviations.abs()));
    events
}

/// The longest stretches of windows without a message.
fn silences(activity: &Activity) -> Vec<Stretch> {
    let mut silences: Vec<Stretch> = Vec::new();
    let provenance = activity.provenance();
    let mut is_silent = false;
    let windows = activity.begins().iter().zip(activity.ends());
    for ((&begin, &end), &messages) in windows.zip(activity.message_volume()) {
        let is_empty = messages == 0;
        match silences.last_mut() {
            // A window that begins later than the one before ended follows a gap.
            Some(silence) if is_empty && is_silent && begin <= silence.end => silence.end = end,
            _ if is_empty => silences.push(Stretch {
                begin,
                end,
                messages: 0,
                provenance,
            }),
            _ => {}
        }
        is_silent = is_empty;
    }
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
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(vec![7.0]), 7.0);
    }
}
