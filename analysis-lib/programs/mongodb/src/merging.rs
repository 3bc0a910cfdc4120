//! Who sent what, merged into periods while windows come, without keeping all of it.
//!
//! When a window began depends on the windows around it, and so does the period
//! that it belongs to. So the newest windows wait until those come that decide it.

use activity_data::lengths::{AHEAD, certain, told};
use activity_data::{Period, Sent, Windows, Zone, places, sent_by_period};

/// Entries of senders that windows may wait with, in any number of windows.
const MANY: usize = if cfg!(test) { 1 << 9 } else { 1 << 20 };

/// Windows that are merged as they come.
pub(crate) struct Merging {
    zone: Zone,
    period: Period,
    /// Ends and declared lengths of all windows that were merged, and the ends of all
    /// documents that were left out.
    ends: Vec<i64>,
    declared: Vec<u32>,
    left_out: Vec<i64>,
    /// Up to which end all windows were merged.
    last: i64,
    /// Whether windows are only merged at the end, in whatever order they come.
    waits: bool,
    /// Whether something came after what follows it was merged.
    is_late: bool,
}

impl Merging {
    /// No window yet. `waits`: all windows are kept until the last has come, which
    /// takes as much memory as they do.
    pub(crate) fn new(zone: &Zone, period: Period, waits: bool) -> Self {
        Self {
            zone: zone.clone(),
            period,
            ends: Vec::new(),
            declared: Vec::new(),
            left_out: Vec::new(),
            last: i64::MIN,
            waits,
            is_late: false,
        }
    }

    /// The same without the windows so far.
    pub(crate) fn anew(self) -> Self {
        Self::new(&self.zone, self.period, self.waits)
    }

    /// Takes note of a document that was left out, by its window's end.
    pub(crate) fn leave_out(&mut self, end: i64) {
        self.left_out.push(end);
        self.is_late |= end <= self.last;
    }

    /// Takes the windows whose begins are certain out of `windows`. Gives them in order,
    /// without who sent what, and that by period. `is_end`: no other will come, so all
    /// are certain. `None`: something ended before what was merged.
    pub(crate) fn settle(
        &mut self,
        windows: &mut Windows,
        is_end: bool,
    ) -> Option<(Windows, Sent)> {
        // The ends of what was merged are looked at once more, so that as much waits.
        let (senders, merged) = (windows.sender.len(), self.ends.len());
        let many = senders >= merged.max(MANY) || windows.len() >= merged.max(4 * AHEAD);
        if windows.len() == 0 || !is_end && (self.waits || !many) {
            return (!self.is_late).then(Default::default);
        }
        windows.put_in_order();
        self.is_late |= windows.ends[0] <= self.last;
        if self.is_late {
            return None;
        }
        self.ends.extend_from_slice(&windows.ends);
        self.declared.extend_from_slice(&windows.declared);
        self.left_out.sort_unstable();
        self.last = match is_end {
            true => i64::MAX,
            false => {
                certain(&self.ends, &self.left_out).map_or(self.last, |last| last.max(self.last))
            }
        };
        let (begins, _) = told(&self.ends, &self.declared, self.left_out.clone());
        let count = windows.ends.partition_point(|&end| end <= self.last);
        self.ends.truncate(merged + count);
        self.declared.truncate(merged + count);
        let begins = &begins[merged..merged + count];
        let places = places(&self.zone, self.period, begins, &windows.ends);
        let sent = sent_by_period(windows, &places);
        let settled = Windows {
            members: Vec::new(),
            first_sender: vec![0; count + 1],
            sender: Vec::new(),
            sent: Vec::new(),
            ..windows.take(0..count)
        };
        *windows = windows.take(count..windows.len());
        Some((settled, sent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use activity_data::source::sample::Random;
    use activity_data::store::columns::{Contents, put_sent, put_windows, read_all};
    use activity_data::store::stream::{Kind, Reader, write_end, write_frame, write_header};
    use activity_data::{
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
                events: Vec::new(),
            };
            let activity = Activity::new(origin, all.finish(), left_out.collect()).unwrap();
            for (period, waits) in [(HOUR, false), (DAY, false), (WEEK, false), (MONTH, true)] {
                let mut merging = Merging::new(&zone, period, waits);
                let mut builder = WindowsBuilder::new();
                let (mut stream, mut count) = (Vec::new(), 0);
                write_header(&mut stream).unwrap();
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
                    let settled = builder.columns(|all| merging.settle(all, rest.is_empty()));
                    let (windows, sent) = settled.unwrap_or_else(|| panic!("late, seed {seed}"));
                    count += windows.len();
                    let mut payload = Vec::new();
                    put_windows(&mut payload, &windows, 0..windows.len(), &[]);
                    write_frame(&mut stream, Kind::Windows, &payload).unwrap();
                    for (begin, sent) in sent {
                        payload.clear();
                        put_sent(&mut payload, begin, &sent);
                        write_frame(&mut stream, Kind::Sent, &payload).unwrap();
                    }
                }
                write_end(&mut stream, count, 0).unwrap();
                let mut reader = Reader::new(&stream[..]).unwrap();
                let read = read_all(&mut reader, Contents::default(), |_| ()).unwrap();
                let origin = activity.origin().clone();
                let left_out = activity.left_out().to_vec();
                let merged = Activity::merged(origin, read.windows, left_out, period, read.sent);
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
            builder.columns(|windows| merging.settle(windows, false))
        };
        assert!((1..200).all(|i| add(i * 600_000).is_some()));
        let late: Vec<bool> = (0..200).map(|_| add(600_000).is_none()).collect();
        assert!(late.contains(&true));
    }
}
