//! Of what time messages are wanted: where nothing is recorded.
//!
//! Times are milliseconds since the epoch (UTC). An id's first 42 bits are the time
//! at which Discord gave it, so each stretch of time is a range of ids.

use activity_data::source::document::{EARLIEST, time_of};
use activity_data::{Activity, Origin, Result, Window, WindowsBuilder};
use activity_discord::store::document::Span;
use serde::{Deserialize, Serialize};

/// So long after its end a recorder has surely written a window, however long it is:
/// Discord answers heartbeats, which tell that it is over, every 41 seconds.
const LATEST: i64 = 180_000;

/// The first id of a time.
pub(crate) fn id_at(time: i64) -> u64 {
    (time.max(EARLIEST) - EARLIEST).cast_unsigned() << 22
}

/// How long a document says that its window is, 0 where it doesn't.
fn declared((since, time): Span) -> u32 {
    let length = since.map(|since| u32::try_from(time - since));
    length.and_then(std::result::Result::ok).unwrap_or(0)
}

/// What is to be read.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Stretches {
    /// Of whole windows.
    pub(crate) length: i64,
    /// Nothing before is wanted.
    pub(crate) begin: i64,
    /// Whether what is wanted begins with the first message: nobody said when.
    pub(crate) is_open: bool,
    /// Nothing after is wanted: up to then windows on the clock were over.
    pub(crate) until: i64,
    /// Begins and ends, in order and apart.
    pub(crate) all: Vec<(i64, i64)>,
}

impl Stretches {
    /// The time since `begin` that no document covers, by the rule of time, up to the
    /// last window on the clock that is over.
    pub(crate) fn missing(
        recorded: &[Span],
        (begin, is_open): (i64, bool),
        length: i64,
        now: i64,
    ) -> Result<Self> {
        // A second recorder with short windows, as tests have it, is done sooner.
        let mut latest = now - LATEST.min(length);
        let until = latest;
        let mut all = Vec::new();
        let mut end = begin;
        if !recorded.is_empty() {
            let mut windows = WindowsBuilder::new();
            for &span in recorded {
                // That many documents have no columns that are too long: no member is in them.
                let _ = windows.window(Window {
                    end: span.1,
                    declared: declared(span),
                    ..Window::default()
                });
            }
            let activity = Activity::new(Origin::nobody(), windows.finish(), Vec::new())?;
            let (first, last) = activity.span();
            all.push((begin, first));
            all.extend(activity.gaps().iter().map(|gap| (gap.begin, gap.end)));
            end = last;
            // A bot that doesn't say when its windows began may be in the middle of one,
            // which will count from the end of the last document on.
            let index = activity.len() - 1;
            if activity.windows().declared[index] == 0 {
                let own = activity.ends()[index] - activity.begins()[index];
                latest -= own + own / 4;
                if latest - end <= own {
                    latest = end;
                }
            }
        }
        all.push((end, latest.div_euclid(length) * length));
        let wanted = all.into_iter().map(|(from, to)| (from.max(begin), to));
        let all: Vec<_> = wanted.filter(|(from, to)| from < to).collect();
        Ok(Self {
            length,
            begin,
            is_open,
            until,
            all,
        })
    }

    /// The last id that is wanted, and one more.
    pub(crate) fn end(&self) -> u64 {
        self.all.last().map_or(0, |last| id_at(last.1))
    }

    /// The first id after this one that is wanted, where there is any.
    pub(crate) fn next(&self, after: u64) -> Option<u64> {
        let next = self
            .all
            .partition_point(|stretch| id_at(stretch.1) <= after + 1);
        self.all
            .get(next)
            .map(|stretch| id_at(stretch.0).max(after + 1))
    }

    /// How much wanted time there is from this id on.
    pub(crate) fn left(&self, from: u64) -> i64 {
        let from = time_of(from);
        let left = self
            .all
            .iter()
            .map(|stretch| (stretch.1 - stretch.0.max(from)).max(0));
        left.sum()
    }

    /// The window that a wanted moment lies in: its begin and end. Of a window that a
    /// stretch cuts, it is the part in that stretch.
    pub(crate) fn window_at(&self, time: i64) -> Option<(i64, i64)> {
        let after = self.all.partition_point(|stretch| stretch.0 <= time);
        let &(begin, end) = self.all[..after]
            .last()
            .filter(|stretch| time < stretch.1)?;
        let on_the_clock = time.div_euclid(self.length) * self.length;
        Some((begin.max(on_the_clock), end.min(on_the_clock + self.length)))
    }

    /// The windows of all stretches, in order.
    pub(crate) fn windows(&self) -> impl Iterator<Item = (i64, i64)> + use<> {
        let length = self.length;
        self.all.clone().into_iter().flat_map(move |(begin, end)| {
            let next = move |&(_, last): &(i64, i64)| {
                let on_the_clock = (last.div_euclid(length) + 1) * length;
                (last < end).then(|| (last, on_the_clock.min(end)))
            };
            std::iter::successors(next(&(begin, begin)), next)
        })
    }
}

/// The time that documents surely cover, as stretches in order.
pub(crate) struct Covered(Vec<(i64, i64)>);

impl Covered {
    pub(crate) fn new(recorded: &[Span]) -> Self {
        let mut spans: Vec<(i64, i64)> = recorded
            .iter()
            .map(|&span| (span.1 - i64::from(declared(span).max(1)), span.1))
            .collect();
        spans.sort_unstable();
        let mut merged: Vec<(i64, i64)> = Vec::new();
        for span in spans {
            match merged.last_mut() {
                Some(last) if span.0 <= last.1 => last.1 = last.1.max(span.1),
                _ => merged.push(span),
            }
        }
        Self(merged)
    }

    /// When the first document's window begins.
    pub(crate) fn begin(&self) -> Option<i64> {
        self.0.first().map(|span| span.0)
    }

    /// Whether documents cover anything of this window.
    pub(crate) fn has(&self, (begin, end): (i64, i64)) -> bool {
        let next = self.0.partition_point(|span| span.1 <= begin);
        self.0.get(next).is_some_and(|span| span.0 < end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;
    const TEN: i64 = 10 * MINUTE;
    const HOUR: i64 = 60 * MINUTE;
    /// On the clock.
    const BEGIN: i64 = 1_700_000_400_000;

    fn missing(recorded: &[Span], now: i64) -> Vec<(i64, i64)> {
        let stretches = Stretches::missing(recorded, (BEGIN, true), TEN, now).unwrap();
        stretches.all
    }

    #[test]
    fn without_documents_all_windows_that_are_surely_over_are_missing() {
        for (now, end) in [
            (2 * TEN + 3 * MINUTE - 1, TEN),
            (2 * TEN + 3 * MINUTE, 2 * TEN),
        ] {
            assert_eq!(missing(&[], BEGIN + now), [(BEGIN, BEGIN + end)]);
        }
        assert_eq!(missing(&[], BEGIN + TEN), []);
    }

    #[test]
    fn what_lies_before_between_and_after_documents_is_missing() {
        let at = |minutes: i64| BEGIN + minutes * MINUTE;
        let recorded = [
            (Some(at(30)), at(40)),
            (Some(at(44)), at(50)),
            // Within a gap's tolerance: a hundredth of a window.
            (Some(at(50) + 5_000), at(60)),
            // Another's, which covers a gap.
            (Some(at(58)), at(81)),
            (Some(at(80)), at(90)),
        ];
        assert_eq!(
            missing(&recorded, at(124)),
            [(at(0), at(30)), (at(40), at(44)), (at(90), at(120))]
        );
    }

    #[test]
    fn a_bot_that_does_not_say_when_windows_began_may_be_in_the_middle_of_one() {
        let documents: Vec<Span> = (1..=6).map(|n| (None, BEGIN + n * HOUR)).collect();
        let last = BEGIN + 6 * HOUR;
        // Its next document may come, late, and counts from the end of the last one on.
        for minutes in [1, 61, 137] {
            assert_eq!(missing(&documents, last + minutes * MINUTE), []);
        }
        // Then it was stopped; it may have been started again within its last window.
        let now = last + 139 * MINUTE;
        assert_eq!(missing(&documents, now), [(last, last + HOUR)]);
    }

    #[test]
    fn windows_lie_on_the_clock_and_are_cut_where_a_stretch_is() {
        let at = |minutes: i64| BEGIN + minutes * MINUTE;
        let stretches = Stretches {
            length: TEN,
            begin: BEGIN,
            is_open: false,
            until: at(60),
            all: vec![(at(4), at(12)), (at(14), at(16)), (at(20), at(40))],
        };
        let windows: Vec<_> = stretches.windows().collect();
        let expected = [(4, 10), (10, 12), (14, 16), (20, 30), (30, 40)];
        assert_eq!(windows, expected.map(|(begin, end)| (at(begin), at(end))));
        for time in (at(0)..at(45)).step_by(1_000) {
            let own = windows
                .iter()
                .copied()
                .find(|own| (own.0..own.1).contains(&time));
            assert_eq!(stretches.window_at(time), own);
            // Ids are asked for where there is a window, and no others.
            let next = stretches.next(id_at(time) - 1);
            let later = windows.iter().find(|own| time < own.1);
            assert_eq!(next, later.map(|own| id_at(own.0.max(time))));
        }
        assert_eq!(stretches.left(id_at(at(30))), TEN);
        assert_eq!(stretches.left(0), 30 * MINUTE);
    }

    #[test]
    fn a_window_is_covered_where_a_document_is_about_any_moment_of_it() {
        let covered = Covered::new(&[(Some(30), 40), (Some(10), 20), (Some(15), 18), (None, 60)]);
        assert_eq!(covered.begin(), Some(10));
        for (window, is) in [
            ((0, 10), false),
            ((0, 11), true),
            ((17, 19), true),
            ((20, 30), false),
            ((39, 50), true),
            ((40, 59), false),
            ((50, 60), true),
            ((60, 70), false),
        ] {
            assert_eq!(covered.has(window), is, "{window:?}");
        }
    }

    #[test]
    fn an_id_s_time_is_discord_s() {
        // The example in Discord's reference.
        assert_eq!(time_of(175_928_847_299_117_063), 1_462_015_105_796);
        assert!((0..1 << 22).contains(&(175_928_847_299_117_063 - id_at(1_462_015_105_796))));
    }
}
