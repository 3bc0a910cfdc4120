//! Values over time, and what is said of them.

use std::ops::Range;

use crate::plot::labels::{Item, Noun, WINDOWS};
use activity_data::{Activity, Gap, GapKind, Periods, WHOLE, Zone};

/// Values over time, in order; at least one.
#[derive(Clone, Copy)]
pub(crate) struct Series<'a> {
    /// What a value stands for.
    pub(crate) item: Item,
    /// When items begin, and when they end, in milliseconds since the epoch
    /// (UTC). Windows and points of a curve are drawn at one moment, which is
    /// both.
    pub(crate) starts: &'a [i64],
    pub(crate) ends: &'a [i64],
    pub(crate) values: &'a [f64],
    /// The share of each item that was recorded, from 0 to 1; empty where items
    /// are what was recorded.
    pub(crate) coverage: &'a [f64],
    /// Whether the last item was over when it was recorded.
    pub(crate) is_over: bool,
    /// Stretches that nobody looks at: lines break there, and they aren't grey.
    pub(crate) unseen: &'a [Gap],
}

/// The items of a series whose value is known.
pub(crate) struct Known {
    starts: Vec<i64>,
    ends: Vec<i64>,
    values: Vec<f64>,
    coverage: Vec<f64>,
    is_over: bool,
    /// Where nothing was recorded, and where the value isn't known, in order.
    pub(crate) gaps: Vec<Gap>,
}

impl Known {
    /// Of a series whose value is no number where it isn't known, when its items began,
    /// and its gaps. `None`: nothing is known.
    pub(crate) fn of(series: &Series, begins: &[i64], gaps: &[Gap]) -> Option<Self> {
        let (known, unknown): (Vec<usize>, Vec<usize>) =
            (0..series.len()).partition(|&i| series.values[i].is_finite());
        let mut all = gaps.to_vec();
        for row in unknown.chunk_by(|i, next| i + 1 == *next) {
            all.push(Gap {
                kind: GapKind::NotKnown,
                ..Gap::new(begins[row[0]], series.ends[row[row.len() - 1]])
            });
        }
        all.sort_by_key(|gap| gap.begin);
        let last = *known.last()?;
        Some(Self {
            is_over: series.is_over || last + 1 < series.len(),
            starts: known.iter().map(|&i| series.starts[i]).collect(),
            ends: known.iter().map(|&i| series.ends[i]).collect(),
            values: known.iter().map(|&i| series.values[i]).collect(),
            coverage: known
                .iter()
                .filter_map(|&i| series.coverage.get(i).copied())
                .collect(),
            gaps: all,
        })
    }

    /// As a series, alike in all else.
    pub(crate) fn series<'a>(&'a self, all: Series<'a>) -> Series<'a> {
        Series {
            starts: &self.starts,
            ends: &self.ends,
            values: &self.values,
            coverage: &self.coverage,
            is_over: self.is_over,
            ..all
        }
    }
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

impl Bucket {
    fn of(i: usize) -> Self {
        Self {
            from: i,
            to: i + 1,
            lowest: i,
            highest: i,
        }
    }

    /// With the next item.
    fn add(&mut self, i: usize, values: &[f64]) {
        self.to = i + 1;
        if values[i] < values[self.lowest] {
            self.lowest = i;
        }
        if values[i] > values[self.highest] {
            self.highest = i;
        }
    }
}

impl<'a> Series<'a> {
    /// Values of single moments.
    pub(crate) fn of_moments(noun: Noun, times: &'a [i64], values: &'a [f64]) -> Self {
        Self {
            item: Item::Moment(noun),
            starts: times,
            ends: times,
            values,
            coverage: &[],
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
            starts: periods.begins(),
            ends: periods.ends(),
            values,
            coverage: periods.coverage(),
            is_over: periods.is_over(),
            unseen: periods.unseen(),
        }
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

    /// The items of a range, one bucket for all in a row with the same `place`.
    pub(crate) fn buckets(&self, range: Range<usize>, place: impl Fn(usize) -> i64) -> Vec<Bucket> {
        let mut buckets: Vec<Bucket> = Vec::new();
        let mut last_place = None;
        for i in range {
            let own_place = Some(place(i));
            match buckets.last_mut() {
                Some(bucket) if own_place == last_place => bucket.add(i, self.values),
                _ => buckets.push(Bucket::of(i)),
            }
            last_place = own_place;
        }
        buckets
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
