//! Values over time, and what is said of them.

use std::borrow::Cow;
use std::ops::Range;

use crate::plot::labels::{Item, Noun, WINDOWS};
use activity_data::{Activity, Gap, GapKind, Periods, WHOLE, Zone};

/// Values over time, in order; at least one.
#[derive(Clone)]
pub(crate) struct Series<'a> {
    /// What a value stands for.
    pub(crate) item: Item,
    /// When items begin, and when they end, in milliseconds since the epoch
    /// (UTC). Windows and points of a curve are drawn at one moment, which is
    /// both.
    pub(crate) starts: Cow<'a, [i64]>,
    pub(crate) ends: Cow<'a, [i64]>,
    pub(crate) values: Cow<'a, [f64]>,
    /// The share of each item that was recorded, from 0 to 1; empty where items
    /// are what was recorded.
    pub(crate) coverage: Cow<'a, [f64]>,
    /// Whether the last item was over when it was recorded.
    pub(crate) is_over: bool,
    /// Stretches that nobody looks at: lines break there, and they aren't grey.
    pub(crate) unseen: &'a [Gap],
}

/// The lowest and the highest of some values, each with what it is of: the first
/// of the lowest, and the last of the highest. `None` if there is no value.
pub(crate) fn extremes<T: Copy>(
    values: impl IntoIterator<Item = (T, f64)>,
) -> Option<[(T, f64); 2]> {
    let values: Vec<(T, f64)> = values.into_iter().collect();
    let by = |a: &&(T, f64), b: &&(T, f64)| a.1.total_cmp(&b.1);
    Some([*values.iter().min_by(by)?, *values.iter().max_by(by)?])
}

/// Items in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// Index of the first item, and the index after the last.
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) lowest: usize,
    pub(crate) highest: usize,
}

impl<'a> Series<'a> {
    /// Values of single moments.
    pub(crate) fn of_moments(noun: Noun, times: &'a [i64], values: &'a [f64]) -> Self {
        Self {
            item: Item::Moment(noun),
            starts: times.into(),
            ends: times.into(),
            values: values.into(),
            coverage: Cow::default(),
            is_over: true,
            unseen: &[],
        }
    }

    /// A value a window.
    pub(crate) fn of_windows(activity: &'a Activity, values: &'a [f64]) -> Self {
        Self {
            unseen: activity.unseen(),
            ..Self::of_moments(WINDOWS, activity.ends(), values)
        }
    }

    /// A value a period.
    pub(crate) fn of_periods(periods: &'a Periods, values: &'a [f64]) -> Self {
        Self {
            item: Item::Period(periods.period()),
            starts: periods.begins().into(),
            ends: periods.ends().into(),
            values: values.into(),
            coverage: periods.coverage().into(),
            is_over: periods.is_over(),
            unseen: periods.unseen(),
        }
    }

    /// Where values are no numbers, they aren't known: the items whose value is, and the
    /// gaps with stretches of the others among them, given when items began and where
    /// nothing was recorded. `None`: nothing is known.
    pub(crate) fn known(&self, begins: &[i64], gaps: &[Gap]) -> Option<(Self, Vec<Gap>)> {
        let (known, unknown): (Vec<usize>, Vec<usize>) =
            (0..self.len()).partition(|&i| self.values[i].is_finite());
        let mut all = gaps.to_vec();
        for row in unknown.chunk_by(|i, next| i + 1 == *next) {
            all.push(Gap {
                kind: GapKind::NotKnown,
                ..Gap::new(begins[row[0]], self.ends[row[row.len() - 1]])
            });
        }
        all.sort_by_key(|gap| gap.begin);
        let last = *known.last()?;
        let times = |own: &[i64]| known.iter().map(|&i| own[i]).collect();
        let values = |own: &[f64]| known.iter().filter_map(|&i| own.get(i).copied()).collect();
        let series = Self {
            starts: times(&self.starts),
            ends: times(&self.ends),
            values: values(&self.values),
            coverage: values(&self.coverage),
            is_over: self.is_over || last + 1 < self.len(),
            ..*self
        };
        Some((series, all))
    }

    /// The indices of its lowest and its highest value.
    pub(crate) fn extremes(&self) -> [usize; 2] {
        let values = self.values.iter().copied().enumerate();
        extremes(values).map_or([0, 0], |ends| ends.map(|(i, _)| i))
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// Stretches without an item, but for those that nobody looks at.
    pub(crate) fn gaps(&self) -> Vec<Gap> {
        let between = self.ends.iter().zip(&self.starts[1..]);
        between
            .filter(|(from, to)| from < to)
            .map(|(&begin, &end)| Gap::new(begin, end))
            .filter(|gap| !self.is_unseen(gap))
            .collect()
    }

    /// Whether nobody looks at half of a stretch or more.
    pub(crate) fn is_unseen(&self, stretch: &Gap) -> bool {
        let inside = |own: &Gap| own.end.min(stretch.end) - own.begin.max(stretch.begin);
        let unseen: i64 = self.unseen.iter().map(|own| inside(own).max(0)).sum();
        2 * unseen >= stretch.end - stretch.begin
    }

    /// The items of a range, one bucket for all in a row with the same `place`, with the
    /// first of the lowest and the first of the highest.
    pub(crate) fn buckets(&self, range: Range<usize>, place: impl Fn(usize) -> i64) -> Vec<Bucket> {
        let items: Vec<usize> = range.collect();
        let by = |a: &usize, b: &usize| self.values[*a].total_cmp(&self.values[*b]);
        let bucket = |own: &[usize]| {
            let (from, to) = (own[0], own[own.len() - 1] + 1);
            Bucket {
                from,
                to,
                lowest: (from..to).min_by(by).unwrap_or(from),
                highest: (from..to).rev().max_by(by).unwrap_or(from),
            }
        };
        let rows = items.chunk_by(|i, next| place(*i) == place(*next));
        rows.map(bucket).collect()
    }

    pub(crate) fn is_whole(&self, i: usize) -> bool {
        self.coverage.get(i).is_none_or(|&share| share >= WHOLE)
    }

    /// Whether all of these items were recorded, and without a gap between them.
    pub(crate) fn are_whole(&self, items: Range<usize>) -> bool {
        let follows = |i: usize| i == items.start || self.ends[i - 1] >= self.starts[i];
        items.clone().all(|i| self.is_whole(i) && follows(i))
    }

    pub(crate) fn is_running(&self, i: usize) -> bool {
        !self.is_over && i + 1 == self.len()
    }

    /// When these items were.
    pub(crate) fn when(&self, zone: &Zone, items: Range<usize>) -> String {
        let (from, to) = (self.starts[items.start], self.ends[items.end - 1]);
        self.item.when(zone, from, to)
    }
}
