//! Windows merged into hours or days.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::activity::{Skipped, Windows};
use crate::calendar::{self, Offsets, day_start};
use crate::origin::Origin;
use crate::{Activity, Error, Result};

/// An hour, for [`Activity::every`] and [`Pull::every`](crate::Pull::every).
pub const HOUR: Duration = Duration::from_secs(3_600);
/// A day, for [`Activity::every`] and [`Pull::every`](crate::Pull::every).
pub const DAY: Duration = Duration::from_secs(86_400);

/// What windows are merged into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Hour,
    Day,
}

impl Unit {
    pub(crate) fn of(period: Duration) -> Result<Self> {
        match period {
            HOUR => Ok(Self::Hour),
            DAY => Ok(Self::Day),
            _ => Err(Error::new(format!(
                "windows can be merged into hours or days, not into {period:?}; use HOUR or DAY"
            ))),
        }
    }

    /// The number of the period that a time lies in: an hour's is when it
    /// began, a day's the days since 1970.
    fn key(self, offsets: &Offsets, time: i64) -> i64 {
        match self {
            Self::Hour => offsets.hour(time),
            Self::Day => offsets.day(time),
        }
    }
}

/// One period, as it is summed up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) windows: u64,
    pub(crate) online: u64,
    pub(crate) online_max: u32,
    pub(crate) messages: u64,
    /// Messages by member id.
    pub(crate) sent: BTreeMap<u64, u64>,
}

/// A server's activity by the hour or by the day, in order of time.
///
/// A window belongs to the period that its end lies in, in the origin's time
/// zone. Periods without a window are not there. There is at least one period;
/// all columns have one entry a period.
///
/// ```
/// use analysis_lib::{Activity, DAY};
///
/// let days = Activity::sample()?.every(DAY)?;
/// assert_eq!(days.starts().len(), days.messages().len());
/// # Ok::<(), analysis_lib::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Periods {
    pub(crate) origin: Origin,
    period: Duration,
    starts: Vec<i64>,
    windows: Vec<u64>,
    online_mean: Vec<f64>,
    online_max: Vec<u32>,
    messages: Vec<u64>,
    members: Vec<u64>,
    /// Where each period's members begin, and the end of the last.
    first_sender: Vec<usize>,
    sender: Vec<u32>,
    sent: Vec<u64>,
    skipped: Vec<Skipped>,
}

impl Periods {
    /// Source, server and time zone.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// An hour or a day.
    pub fn period(&self) -> Duration {
        self.period
    }

    /// The number of periods with a window, at least 1.
    #[allow(clippy::len_without_is_empty)] // It never is.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// When each period began, in milliseconds since the epoch (UTC),
    /// ascending. A day begins at local midnight, or later where the clocks go
    /// forward then.
    pub fn starts(&self) -> &[i64] {
        &self.starts
    }

    /// How many windows ended in each period.
    pub fn windows(&self) -> &[u64] {
        &self.windows
    }

    /// Online members: the mean over each period's windows.
    pub fn online_mean(&self) -> &[f64] {
        &self.online_mean
    }

    /// Online members: the most in any of each period's windows.
    pub fn online_max(&self) -> &[u32] {
        &self.online_max
    }

    /// Messages in each period.
    pub fn messages(&self) -> &[u64] {
        &self.messages
    }

    /// Discord ids of all members who sent a message, ascending.
    pub fn members(&self) -> &[u64] {
        &self.members
    }

    /// Who sent messages in period `index`, and how many: indices into
    /// [`members`](Self::members) with counts.
    ///
    /// # Panics
    ///
    /// `index` is not below [`len`](Self::len).
    pub fn senders(&self, index: usize) -> impl Iterator<Item = (usize, u64)> + '_ {
        let own = self.first_sender[index]..self.first_sender[index + 1];
        let senders = self.sender[own.clone()].iter();
        senders
            .map(|&member| member as usize)
            .zip(self.sent[own].iter().copied())
    }

    /// Documents that were left out, and why.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// From sums by the number of the period.
    pub(crate) fn new(
        origin: Origin,
        unit: Unit,
        sums: &BTreeMap<i64, Sums>,
        mut skipped: Vec<Skipped>,
    ) -> Result<Self> {
        // MongoDB names them in another order than a pull of all windows.
        skipped.sort_by(|one, other| one.document.cmp(&other.document));
        if sums.is_empty() {
            return Err(Error::new(format!(
                "{} has no window that can be used ({} left out)",
                origin.source,
                skipped.len()
            )));
        }
        let mut members: Vec<u64> = sums
            .values()
            .flat_map(|sums| sums.sent.keys().copied())
            .collect();
        members.sort_unstable();
        members.dedup();
        let index: HashMap<u64, u32> = members.iter().copied().zip(0..).collect();
        let mut periods = Self {
            origin,
            period: match unit {
                Unit::Hour => HOUR,
                Unit::Day => DAY,
            },
            starts: Vec::new(),
            windows: Vec::new(),
            online_mean: Vec::new(),
            online_max: Vec::new(),
            messages: Vec::new(),
            members,
            first_sender: vec![0],
            sender: Vec::new(),
            sent: Vec::new(),
            skipped,
        };
        for (&key, sums) in sums {
            periods.starts.push(match unit {
                Unit::Hour => key,
                Unit::Day => day_start(periods.origin.timezone, key),
            });
            periods.windows.push(sums.windows);
            periods
                .online_mean
                .push(sums.online as f64 / sums.windows as f64);
            periods.online_max.push(sums.online_max);
            periods.messages.push(sums.messages);
            for (id, &sent) in &sums.sent {
                periods.sender.push(index[id]);
                periods.sent.push(sent);
            }
            periods.first_sender.push(periods.sender.len());
        }
        Ok(periods)
    }
}

/// The sums of these windows by the number of their period.
pub(crate) fn merge(windows: &Windows, timezone: chrono_tz::Tz, unit: Unit) -> BTreeMap<i64, Sums> {
    let (Some(&first), Some(&last)) = (windows.times.iter().min(), windows.times.iter().max())
    else {
        return BTreeMap::new();
    };
    let offsets = Offsets::between(timezone, first, last);
    let mut merged: BTreeMap<i64, Sums> = BTreeMap::new();
    for (index, &time) in windows.times.iter().enumerate() {
        let sums = merged.entry(unit.key(&offsets, time)).or_default();
        sums.windows += 1;
        sums.online += u64::from(windows.online[index]);
        sums.online_max = sums.online_max.max(windows.online[index]);
        sums.messages += u64::from(windows.volume[index]);
        let own = windows.starts[index] as usize..windows.starts[index + 1] as usize;
        for (&member, &sent) in windows.sender[own.clone()].iter().zip(&windows.sent[own]) {
            *sums
                .sent
                .entry(windows.members[member as usize])
                .or_default() += u64::from(sent);
        }
    }
    merged
}

impl Activity {
    /// Merges windows into hours or days of the origin's time zone: sums of
    /// messages, mean and maximum of online members.
    ///
    /// # Errors
    ///
    /// `period` is neither [`HOUR`] nor [`DAY`].
    pub fn every(&self, period: Duration) -> Result<Periods> {
        let unit = Unit::of(period)?;
        let sums = merge(&self.windows, self.origin.timezone, unit);
        Periods::new(self.origin().clone(), unit, &sums, self.skipped.to_vec())
    }
}

const _: () = assert!(calendar::DAY == DAY.as_secs() as i64 * 1_000);
const _: () = assert!(calendar::HOUR == HOUR.as_secs() as i64 * 1_000);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_in_merging() {
        let activity = Activity::sample().unwrap();
        for period in [HOUR, DAY] {
            let merged = activity.every(period).unwrap();
            let volume: u64 = activity
                .message_volume()
                .iter()
                .map(|&v| u64::from(v))
                .sum();
            assert_eq!(merged.messages().iter().sum::<u64>(), volume);
            assert_eq!(merged.windows().iter().sum::<u64>(), activity.len() as u64);
            let sent: u64 = (0..merged.len())
                .flat_map(|i| merged.senders(i))
                .map(|(_, s)| s)
                .sum();
            assert_eq!(sent, volume);
            assert!(merged.starts().is_sorted());
        }
    }

    #[test]
    fn other_durations_are_refused() {
        let activity = Activity::sample().unwrap();
        let error = activity.every(Duration::from_secs(600)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "windows can be merged into hours or days, not into 600s; use HOUR or DAY"
        );
    }
}
