//! All hours, days, weeks or months of an activity, without holes.

use super::periods::coverage;
use super::{Activity, Period};

/// Every period from the first that has a window to the last, in order. Those
/// without a window are there too: nobody was seen in them.
pub struct Calendar {
    /// What it is divided into.
    pub period: Period,
    /// When each period begins and ends, in milliseconds since the epoch (UTC).
    /// Each begins where the one before it ends.
    pub begins: Vec<i64>,
    /// As above, for the periods' ends.
    pub ends: Vec<i64>,
    /// The share of each period that was recorded, from 0 to 1.
    pub coverage: Vec<f64>,
    /// Whether windows reach the last period's end.
    pub is_over: bool,
    /// Indices of the windows, in order of their middles.
    windows: Vec<usize>,
    /// Where each period's windows begin, and the end of the last.
    first_window: Vec<usize>,
}

impl Calendar {
    /// The periods of this activity, in its origin's zone.
    pub fn new(activity: &Activity, period: Period) -> Self {
        let zone = activity.origin().timezone();
        let middle = |window: usize| activity.middle(window);
        let mut windows: Vec<usize> = (0..activity.len()).collect();
        windows.sort_by_key(|&window| middle(window));
        let (first, last) = (middle(windows[0]), middle(windows[windows.len() - 1]));
        let (mut begins, mut ends) = (Vec::new(), Vec::new());
        let mut start = zone.begin(period, first);
        while start <= last {
            begins.push(start);
            start = zone.end(period, start);
            ends.push(start);
        }
        let first_of = |&start: &i64| windows.partition_point(|&window| middle(window) < start);
        Self {
            period,
            coverage: coverage(&activity.recorded.extent, &begins, &ends),
            is_over: activity.reaches(start),
            first_window: begins.iter().chain([&start]).map(first_of).collect(),
            windows,
            begins,
            ends,
        }
    }

    /// The number of periods, at least 1.
    #[allow(clippy::len_without_is_empty)] // It never is.
    pub fn len(&self) -> usize {
        self.begins.len()
    }

    /// Indices of a period's windows.
    pub fn windows(&self, index: usize) -> &[usize] {
        &self.windows[self.first_window[index]..self.first_window[index + 1]]
    }

    /// Who sent messages in each of a period's windows, and how many: indices into
    /// the activity's members, with counts.
    pub fn senders<'a>(
        &'a self,
        activity: &'a Activity,
        index: usize,
    ) -> impl Iterator<Item = (usize, u32)> + 'a {
        let windows = self.windows(index).iter();
        windows.flat_map(|&window| activity.senders(window))
    }

    /// Messages of each of the activity's members in a period.
    pub fn messages(&self, activity: &Activity, index: usize) -> Vec<u64> {
        let mut messages = vec![0; activity.members().len()];
        for (member, sent) in self.senders(activity, index) {
            messages[member] += u64::from(sent);
        }
        messages
    }

    /// Only the periods that have a window.
    pub fn recorded(mut self) -> Self {
        let has_window = |&index: &usize| !self.windows(index).is_empty();
        let kept: Vec<usize> = (0..self.len()).filter(has_window).collect();
        self.begins = kept.iter().map(|&i| self.begins[i]).collect();
        self.ends = kept.iter().map(|&i| self.ends[i]).collect();
        self.coverage = kept.iter().map(|&i| self.coverage[i]).collect();
        self.first_window = kept.iter().map(|&i| self.first_window[i]).collect();
        self.first_window.push(self.windows.len());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DAY, HOUR, MONTH, WEEK};

    /// The periods with a window are those of [`Activity::every`].
    #[test]
    fn a_calendar_has_the_periods_and_what_lies_between_them() {
        let activity = Activity::sample().unwrap();
        for period in [HOUR, DAY, WEEK, MONTH] {
            let (calendar, periods) = (Calendar::new(&activity, period), activity.every(period));
            assert_eq!(calendar.begins[1..], calendar.ends[..calendar.len() - 1]);
            // The sample has an outage of eleven hours.
            assert_eq!(calendar.len() > periods.len(), period == HOUR);
            let recorded = calendar.recorded();
            let windows = (0..recorded.len()).map(|i| recorded.windows(i).len() as u64);
            assert_eq!(windows.collect::<Vec<u64>>(), periods.windows());
            assert_eq!(recorded.begins, periods.begins());
            assert_eq!(recorded.ends, periods.ends());
            assert_eq!(recorded.coverage, periods.coverage());
            assert_eq!(recorded.is_over, periods.is_over());
        }
    }
}
