//! Windows merged into periods while they come, without keeping who sent what in
//! all of them.
//!
//! When a window began depends on the windows around it, and so does the period
//! that it belongs to. So the newest windows wait until those come that decide it.

use super::lengths::{self, AHEAD, BLOCK, Extent};
use super::periods::Merger;
use super::{ByBegin, Period, Windows, Zone};

/// Windows by period, merged as they come.
pub struct Merging {
    zone: Zone,
    period: Period,
    merger: Merger,
    /// Ends, declared lengths and begins of all windows that were merged.
    ends: Vec<i64>,
    declared: Vec<u32>,
    begins: Vec<i64>,
    /// At how many moments those ended.
    moments: usize,
    /// Whether windows are only merged at the end, in whatever order they come.
    waits: bool,
}

/// A window came after those that follow it were merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Late;

impl Merging {
    /// No window yet. `waits`: all windows are kept until the last has come, which
    /// takes as much memory as they do.
    pub fn new(zone: &Zone, period: Period, waits: bool) -> Self {
        Self {
            zone: zone.clone(),
            period,
            merger: Merger::new(zone, period, true),
            ends: Vec::new(),
            declared: Vec::new(),
            begins: Vec::new(),
            moments: 0,
            waits,
        }
    }

    /// The same without the windows so far.
    #[must_use]
    pub fn anew(self) -> Self {
        Self::new(&self.zone, self.period, self.waits)
    }

    /// Merges the windows whose begins are certain, and takes them out of
    /// `windows`. `is_end`: no other will come, so all are certain.
    ///
    /// # Errors
    ///
    /// A window ends before one that was merged.
    pub fn settle(&mut self, windows: &mut Windows, is_end: bool) -> Result<(), Late> {
        if windows.len() == 0 || (!is_end && (self.waits || windows.len() < 4 * AHEAD)) {
            return Ok(());
        }
        windows.put_in_order();
        if self
            .ends
            .last()
            .is_some_and(|last| windows.ends[0] <= *last)
        {
            return Err(Late);
        }
        let firsts: Vec<usize> = (0..windows.len())
            .filter(|&i| i == 0 || windows.ends[i] > windows.ends[i - 1])
            .collect();
        let settled = if is_end {
            firsts.len()
        } else {
            firsts.len().saturating_sub(AHEAD)
        };
        let count = firsts.get(settled).copied().unwrap_or(windows.len());
        // From the beginning of a block on, with two whole ones before the first.
        let mut context = self.ends.len();
        let mut before = self.moments.min(2 * BLOCK + self.moments % BLOCK);
        while before > 0 {
            let end = self.ends[context - 1];
            context = self.ends.partition_point(|&other| other < end);
            before -= 1;
        }
        let ends = [&self.ends[context..], &windows.ends].concat();
        let declared = [&self.declared[context..], &windows.declared].concat();
        let begins = lengths::begins(&ends, &declared);
        let own = self.ends.len() - context;
        let begins = &begins[own..own + count];
        self.merger.add(windows, begins);
        self.ends.extend_from_slice(&windows.ends[..count]);
        self.declared.extend_from_slice(&windows.declared[..count]);
        self.begins.extend_from_slice(begins);
        self.moments += settled;
        if is_end {
            self.merger.close(&windows.members);
        }
        *windows = windows.take(count..windows.len());
        Ok(())
    }

    /// What was merged since the last time, but for a period that isn't over.
    pub fn take(&mut self) -> ByBegin {
        self.merger.take()
    }

    /// What the rule of time says of all windows. `None`: there is none.
    pub fn extent(&self) -> Option<Extent> {
        (!self.ends.is_empty()).then(|| Extent::new(&self.begins, &self.ends))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::sample::Random;
    use crate::{
        Activity, DAY, HOUR, MONTH, MemberId, Origin, Source, WEEK, Window, WindowsBuilder,
    };

    /// A history of up to 2,000 windows: the interval changes, two bots write for a
    /// while, there are gaps, some documents say when their windows began, some are
    /// there twice, and some come a little late.
    fn history(random: &mut Random) -> Vec<(Window, Vec<(u64, u32)>)> {
        let mut history = Vec::new();
        let mut end = 1_761_000_000_000;
        while history.len() < 2_000 {
            let interval = [60_000, 600_000, 1_800_000, 7_200_000][random.index(4)];
            let (is_pair, says) = (random.below(3) == 0, random.below(4) == 0);
            for _ in 0..random.index(200) {
                end += interval as i64 + random.below(2_000) as i64;
                end += i64::from(random.below(40) == 0) * random.below(30 * 3_600_000) as i64;
                let mut window = |end| {
                    let window = Window {
                        end,
                        declared: if says { interval } else { 0 },
                        online: random.below(90) as u32,
                        volume: random.below(9) as u32,
                    };
                    let senders =
                        (0..random.below(4)).map(|_| (random.below(50), random.below(5) as u32));
                    history.push((window, senders.collect()));
                };
                window(end);
                if is_pair {
                    window(end + 47_000);
                }
                if random.below(30) == 0 {
                    history.push(history[history.len() - 1].clone());
                }
                if random.below(30) == 0 {
                    let last = history.len() - 1;
                    history.swap(last, last.saturating_sub(3));
                }
            }
        }
        history
    }

    #[test]
    fn windows_merged_as_they_come_are_those_merged_when_all_are_there() {
        for seed in 0..40 {
            let mut random = Random(seed);
            let history = history(&mut random);
            let zone =
                ["US/Eastern", "Europe/London", "Australia/Lord_Howe", "UTC"][random.index(4)];
            let zone = Zone::named(zone, None).unwrap();
            let add = |builder: &mut WindowsBuilder,
                       (window, senders): &(Window, Vec<(u64, u32)>)| {
                for &(id, sent) in senders {
                    builder.sent(MemberId::from(id), sent);
                }
                builder.window(*window).unwrap();
            };
            let mut all = WindowsBuilder::new();
            history.iter().for_each(|window| add(&mut all, window));
            let origin = Origin {
                source: Source::Sample,
                server: String::new(),
                timezone: zone.clone(),
            };
            let activity = Activity::new(origin, all.finish(), Vec::new()).unwrap();
            for (period, waits) in [(HOUR, false), (DAY, false), (WEEK, false), (MONTH, true)] {
                let mut merging = Merging::new(&zone, period, waits);
                let mut builder = WindowsBuilder::new();
                let mut sums = ByBegin::new();
                let mut rest = &history[..];
                while !rest.is_empty() {
                    let (batch, after) = rest.split_at(random.index(300).min(rest.len()));
                    rest = after;
                    batch.iter().for_each(|window| add(&mut builder, window));
                    let settled =
                        builder.columns(|windows| merging.settle(windows, rest.is_empty()).ok());
                    assert_eq!(settled, Some(()), "seed {seed}");
                    for (begin, part) in merging.take() {
                        sums.entry(begin).or_default().add(part);
                    }
                }
                let extent = merging.extent().unwrap();
                let origin = activity.origin().clone();
                let merged = crate::Periods::new(origin, period, &sums, Vec::new(), &extent);
                assert!(
                    merged.unwrap() == activity.every(period),
                    "seed {seed}, {period}"
                );
            }
        }
    }

    #[test]
    fn a_window_before_those_that_were_merged_is_late() {
        let mut merging = Merging::new(&Zone::named("UTC", None).unwrap(), HOUR, false);
        let mut builder = WindowsBuilder::new();
        let mut add = |end: i64| {
            let window = Window {
                end,
                ..Window::default()
            };
            builder.window(window).unwrap();
            builder.columns(|windows| merging.settle(windows, false).ok())
        };
        assert!((1..200).all(|i| add(i * 600_000).is_some()));
        let late: Vec<bool> = (0..200).map(|_| add(600_000).is_none()).collect();
        assert!(late.contains(&true));
    }
}
