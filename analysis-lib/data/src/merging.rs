//! Windows merged into periods while they come, without keeping who sent what in
//! all of them.
//!
//! When a window began depends on the windows around it, and so does the period
//! that it belongs to. So the newest windows wait until those come that decide it.

use super::lengths::{self, AHEAD, BLOCK, Extent, moments};
use super::periods::Merger;
use super::{ByBegin, Period, Windows, Zone};

/// Windows by period, merged as they come.
pub struct Merging {
    zone: Zone,
    period: Period,
    merger: Merger,
    /// Ends and declared lengths of all windows that were merged.
    ends: Vec<i64>,
    declared: Vec<u32>,
    /// Ends of documents that were left out: those up to the last that was merged, of
    /// these the ones without a twin, and those that wait.
    left_out: Vec<i64>,
    alone: Vec<i64>,
    waiting: Vec<i64>,
    /// The moments at which windows that were merged ended, or those that were left
    /// out and have no twin.
    moments: Vec<i64>,
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
            left_out: Vec::new(),
            alone: Vec::new(),
            waiting: Vec::new(),
            moments: Vec::new(),
            waits,
        }
    }

    /// The same without the windows so far.
    #[must_use]
    pub fn anew(self) -> Self {
        Self::new(&self.zone, self.period, self.waits)
    }

    /// Takes note of a document that was left out, by its window's end.
    pub fn leave_out(&mut self, end: i64) {
        self.waiting.push(end);
    }

    /// Merges the windows whose begins are certain, and takes them out of
    /// `windows`. `is_end`: no other will come, so all are certain.
    ///
    /// # Errors
    ///
    /// A window ends before one that was merged.
    pub fn settle(&mut self, windows: &mut Windows, is_end: bool) -> Result<(), Late> {
        if !is_end && (self.waits || windows.len() < 4 * AHEAD) {
            return Ok(());
        }
        windows.put_in_order();
        self.waiting.sort_unstable();
        let firsts = [windows.ends.first(), self.waiting.first()];
        let merged = self.moments.last().copied().unwrap_or(i64::MIN);
        if firsts.into_iter().flatten().any(|&first| first <= merged) {
            return Err(Late);
        }
        // From the beginning of a block on, with two whole ones before the first.
        let before = self
            .moments
            .len()
            .min(2 * BLOCK + self.moments.len() % BLOCK);
        let first = self.moments.get(self.moments.len() - before).copied();
        let since =
            |ends: &[i64]| ends.partition_point(|&end| first.is_none_or(|first| end < first));
        let (context, unused) = (since(&self.ends), since(&self.left_out));
        let ends = [&self.ends[context..], &windows.ends].concat();
        let all = [&self.left_out[unused..], &self.waiting].concat();
        let mut alone = lengths::without_twins(&ends, &all);
        alone.retain(|&end| end > merged);
        // Whether a document that was left out has a twin depends on what is around it.
        let all = moments(&windows.ends, &self.waiting);
        let sure = match all.len().checked_sub(1 + BLOCK) {
            _ if is_end => i64::MAX,
            Some(index) => all[index],
            None => return Ok(()),
        };
        let up_to = |ends: &[i64], last: i64| ends.partition_point(|&end| end <= last);
        alone.truncate(up_to(&alone, sure));
        let mut moments = moments(&windows.ends[..up_to(&windows.ends, sure)], &alone);
        let declared = [&self.declared[context..], &windows.declared].concat();
        let count = up_to(&ends, sure);
        let left_out = [&self.alone[since(&self.alone)..], &alone].concat();
        let spans = lengths::spans(&ends[..count], &declared[..count], &left_out);
        let begins = lengths::begins(&spans);
        if !is_end {
            moments.truncate(moments.len().saturating_sub(AHEAD));
        }
        let Some(&last) = moments.last() else {
            self.close(windows, is_end);
            return Ok(());
        };
        let count = up_to(&windows.ends, last);
        let own = self.ends.len() - context;
        self.merger.add(windows, &begins[own..own + count]);
        self.ends.extend_from_slice(&windows.ends[..count]);
        self.declared.extend_from_slice(&windows.declared[..count]);
        self.alone.extend_from_slice(&alone[..up_to(&alone, last)]);
        let past = up_to(&self.waiting, last);
        self.left_out.extend(self.waiting.drain(..past));
        self.moments.append(&mut moments);
        *windows = windows.take(count..windows.len());
        self.close(windows, is_end);
        Ok(())
    }

    fn close(&mut self, windows: &Windows, is_end: bool) {
        if is_end {
            self.merger.close(&windows.members);
        }
    }

    /// What was merged since the last time, but for a period that isn't over.
    pub fn take(&mut self) -> ByBegin {
        self.merger.take()
    }

    /// What the rule of time says of all windows. `None`: there is none.
    pub fn extent(&self) -> Option<Extent> {
        let left_out = [&self.left_out[..], &self.waiting].concat();
        let alone = lengths::without_twins(&self.ends, &left_out);
        let spans = lengths::spans(&self.ends, &self.declared, &alone);
        let begins = lengths::begins(&spans);
        (!self.ends.is_empty()).then(|| Extent::new(&begins, &self.ends, lengths::gaps(&spans)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::sample::Random;
    use crate::{
        Activity, ChannelId, DAY, Extra, HOUR, LeftOut, MONTH, MemberId, Origin, Source, WEEK,
        Window, WindowsBuilder,
    };

    /// A window and who wrote in it, and whether the document is left out.
    type Document = (Window, Vec<(u64, u32)>, bool);

    /// A history of up to 2,000 windows: the interval changes, two bots write for a
    /// while, there are gaps, some documents say when their windows began, some are
    /// there twice, and some come a little late.
    /// Of some stretches many documents are left out, some of which have a twin.
    fn history(random: &mut Random) -> Vec<Document> {
        let mut history = Vec::new();
        let mut end = 1_761_000_000_000;
        while history.len() < 2_000 {
            let interval = [60_000, 600_000, 1_800_000, 7_200_000][random.index(4)];
            let (is_pair, says) = (random.below(3) == 0, random.below(4) == 0);
            let left_out = [0, 0, 2, 5][random.index(4)];
            for _ in 0..random.index(200) {
                end += interval as i64 + random.below(2_000) as i64;
                end += i64::from(random.below(40) == 0) * random.below(30 * 3_600_000) as i64;
                let mut window = |end| {
                    let window = Window {
                        end,
                        declared: if says { interval } else { 0 },
                        online: (random.below(5) > 0).then(|| random.below(90) as u32),
                        volume: random.below(9) as u32,
                    };
                    let senders =
                        (0..random.below(4)).map(|_| (random.below(50), random.below(5) as u32));
                    let senders = senders.collect();
                    history.push((window, senders, random.below(6) < left_out));
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
            let add = |builder: &mut WindowsBuilder, (window, senders, _): &Document| {
                for &(id, sent) in senders {
                    builder.sent(MemberId::from(id), sent);
                }
                // Some documents say more, each something else.
                let ids = || senders.iter().map(|&(id, _)| MemberId::from(id));
                let says = |bit: i64| window.end >> bit & 1 == 0;
                builder.extra(Extra {
                    member_count: says(4).then_some(window.volume),
                    joined: says(5).then(|| ids().collect()),
                    left: says(6).then(|| ids().rev().collect()),
                    channels: says(7).then(|| {
                        let channels = senders.iter();
                        channels
                            .map(|&(id, sent)| (ChannelId::from(id % 7), sent))
                            .collect()
                    }),
                });
                builder.window(*window).unwrap();
            };
            let mut all = WindowsBuilder::new();
            let (left_out, used): (Vec<_>, Vec<_>) =
                history.iter().partition(|(_, _, is_left_out)| *is_left_out);
            used.iter().for_each(|window| add(&mut all, window));
            let left_out = left_out.into_iter().map(|(window, _, _)| LeftOut {
                document: String::new(),
                reason: String::new(),
                end: Some(window.end),
            });
            let origin = Origin {
                source: Source::Sample,
                server: String::new(),
                timezone: zone.clone(),
            };
            let activity = Activity::new(origin, all.finish(), left_out.collect()).unwrap();
            for (period, waits) in [(HOUR, false), (DAY, false), (WEEK, false), (MONTH, true)] {
                let mut merging = Merging::new(&zone, period, waits);
                let mut builder = WindowsBuilder::new();
                let mut sums = ByBegin::new();
                let mut rest = &history[..];
                while !rest.is_empty() {
                    let (batch, after) = rest.split_at(random.index(300).min(rest.len()));
                    rest = after;
                    for document in batch {
                        if document.2 {
                            merging.leave_out(document.0.end);
                        } else {
                            add(&mut builder, document);
                        }
                    }
                    let settled =
                        builder.columns(|windows| merging.settle(windows, rest.is_empty()).ok());
                    assert_eq!(settled, Some(()), "seed {seed}");
                    for (begin, part) in merging.take() {
                        sums.entry(begin).or_default().add(part);
                    }
                }
                let extent = merging.extent().unwrap();
                let origin = activity.origin().clone();
                let left_out = activity.left_out().to_vec();
                let merged = crate::Periods::new(origin, period, &sums, left_out, &extent);
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
