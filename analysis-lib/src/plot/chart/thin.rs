//! Which points of a long series are drawn.

use std::ops::Range;

use super::series::Series;
use crate::plot::axis::Scale;
use activity_data::Gap;

/// At most this many points have a dot of their own: more would hide the line.
pub(super) const DOTS: usize = 100;

/// The points of a series that are drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Thinned {
    /// Indices of the points of each line.
    pub(crate) runs: Vec<Vec<usize>>,
    /// The gaps that are seen, in order.
    pub(crate) gaps: Vec<Gap>,
    /// Gaps that are narrower than a pixel, with none beside them.
    pub(crate) too_narrow: usize,
}

/// Of each column of pixels the first point, the lowest, the highest and the
/// last: the line through them covers the same pixels as the line through all.
///
/// `gaps` are in order; the line breaks between the last point that isn't after
/// a gap's begin and the next. Gaps with less than a pixel between them are
/// one, so that a stretch of scattered points doesn't look like a line; its
/// points are drawn column by column.
///
/// References: U. Jugel, Z. Jerzak, G. Hackenbroich, V. Markl (2014), M4: a
/// visualization-oriented time series data aggregation, PVLDB 7(10).
///
/// The line also breaks at what nobody looks at, which is not among the gaps.
pub(crate) fn thin(series: &Series, gaps: &[Gap], scale: &Scale) -> Thinned {
    let mut thinned = broken(series, gaps, scale);
    if !series.unseen.is_empty() {
        let mut breaks = [gaps, series.unseen].concat();
        breaks.sort_by_key(|gap| gap.begin);
        thinned.runs = broken(series, &breaks, scale).runs;
    }
    thinned
}

/// The points of a line that breaks at these gaps.
fn broken(series: &Series, gaps: &[Gap], scale: &Scale) -> Thinned {
    let times = &series.starts;
    let pixels = |from: i64, to: i64| scale.pixels(from as f64, to as f64);
    // Of different kinds, and both seen.
    let are_apart = |one: &Gap, other: &Gap| {
        let is_seen = |gap: &Gap| pixels(gap.begin, gap.end) >= 1.0;
        one.kind != other.kind && is_seen(one) && is_seen(other)
    };
    // Gaps that are drawn as one, with the index of the point after each.
    let mut clusters: Vec<(Gap, Vec<usize>)> = Vec::new();
    for &gap in gaps {
        let after = times.partition_point(|&time| time <= gap.begin);
        match clusters.last_mut() {
            Some((wide, breaks)) if pixels(wide.end, gap.begin) < 1.0 && !are_apart(wide, &gap) => {
                wide.end = gap.end;
                wide.kind = wide.kind.min(gap.kind);
                breaks.push(after);
            }
            _ => clusters.push((gap, vec![after])),
        }
    }

    let mut thinned = Thinned::default();
    let mut from = 0;
    for (gap, breaks) in clusters {
        if pixels(gap.begin, gap.end) < 1.0 {
            thinned.too_narrow += breaks.len();
            continue;
        }
        thinned.gaps.push(gap);
        for to in breaks {
            let is_inside = (from + 1..times.len()).contains(&to);
            if is_inside && column(times[to - 1], scale) != column(times[to], scale) {
                thinned.runs.push(extremes(series, from..to, scale));
                from = to;
            }
        }
    }
    thinned
        .runs
        .push(extremes(series, from..times.len(), scale));
    thinned
}

/// Each point of a run, and the item that the next one stands for.
pub(super) fn nexts(run: &[usize]) -> impl Iterator<Item = (usize, usize)> + '_ {
    let next = run[1..].iter().copied().chain([run[run.len() - 1] + 1]);
    run.iter().copied().zip(next)
}

/// The column of pixels that a time falls into.
pub(crate) fn column(time: i64, scale: &Scale) -> i64 {
    scale.pixels(scale.values[0], time as f64) as i64
}

/// The points that stand for one run.
fn extremes(series: &Series, run: Range<usize>, scale: &Scale) -> Vec<usize> {
    let mut kept: Vec<usize> = Vec::new();
    for bucket in series.buckets(run, |i| column(series.starts[i], scale)) {
        let (lowest, highest) = (bucket.lowest, bucket.highest);
        let (early, late) = (lowest.min(highest), lowest.max(highest));
        kept.extend([bucket.from, early, late, bucket.to - 1]);
    }
    kept.dedup();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::labels::WINDOWS;
    use activity_data::source::sample::Random;

    const SCALE: Scale = Scale::new([0.0, 1_000_000.0], [60.0, 840.0]);

    fn thin(times: &[i64], values: &[f64], gaps: &[Gap]) -> Thinned {
        super::thin(&Series::of_moments(WINDOWS, times, values), gaps, &SCALE)
    }

    /// Gaps from one time to the next where these are further apart than `limit`.
    fn longer_than(times: &[i64], limit: i64) -> Vec<Gap> {
        let pairs = times.windows(2).filter(|pair| pair[1] - pair[0] > limit);
        let gap = |pair: &[i64]| Gap::new(pair[0], pair[1]);
        pairs.map(gap).collect()
    }

    /// What people see of a column is its lowest and its highest point.
    #[test]
    fn every_column_keeps_its_extremes() {
        let mut random = Random(7);
        for count in [1, 2, 10, 1000, 20_000] {
            for _ in 0..20 {
                let mut times: Vec<i64> =
                    (0..count).map(|_| random.below(1_000_001) as i64).collect();
                times.sort_unstable();
                let values: Vec<f64> = (0..count).map(|_| random.below(100) as f64).collect();
                let thinned = thin(&times, &values, &[]);
                assert_eq!(thinned.runs.len(), 1);
                let kept = &thinned.runs[0];
                assert!(kept.is_sorted() && kept.len() <= 4 * 782);
                assert_eq!((kept[0], kept[kept.len() - 1]), (0, times.len() - 1));
                let extremes = |indices: &mut dyn Iterator<Item = usize>| {
                    let mut columns = std::collections::BTreeMap::new();
                    for i in indices {
                        let (low, high) = columns
                            .entry(column(times[i], &SCALE))
                            .or_insert((f64::MAX, f64::MIN));
                        *low = values[i].min(*low);
                        *high = values[i].max(*high);
                    }
                    columns
                };
                assert_eq!(
                    extremes(&mut kept.iter().copied()),
                    extremes(&mut (0..times.len()))
                );
            }
        }
    }

    /// No line may lead from one side of a visible gap to the other.
    #[test]
    fn lines_break_at_gaps() {
        let times = [0, 10_000, 20_000, 500_000, 800_000, 810_000];
        let thinned = thin(&times, &[1.0; 6], &longer_than(&times, 20_000));
        assert_eq!(thinned.runs, [vec![0, 1, 2], vec![3], vec![4, 5]]);
        // The lone point has no width: the gaps on its two sides are one.
        let wide = Gap::new(20_000, 800_000);
        assert_eq!(thinned.gaps, [wide]);
        assert_eq!(thinned.too_narrow, 0);
    }

    /// A gap ends where the first window after it begins, which is before that
    /// window's point.
    #[test]
    fn lines_break_though_no_point_is_at_a_gaps_end() {
        let times = [0, 10_000, 20_000, 500_000, 510_000];
        let gap = Gap::new(20_000, 490_000);
        let thinned = thin(&times, &[1.0; 5], &[gap]);
        assert_eq!(thinned.runs, [vec![0, 1, 2], vec![3, 4]]);
        assert_eq!(thinned.gaps, [gap]);
    }

    #[test]
    fn a_gap_narrower_than_a_pixel_is_counted_only() {
        let times: Vec<i64> = (0..10_000)
            .map(|i| i * 90 + if i > 5000 { 500 } else { 0 })
            .collect();
        let values = vec![1.0; times.len()];
        let thinned = thin(&times, &values, &longer_than(&times, 180));
        assert_eq!(
            (thinned.runs.len(), thinned.gaps.len(), thinned.too_narrow),
            (1, 0, 1)
        );
    }

    /// Scattered points aren't a line, though each gap is too narrow to be seen.
    #[test]
    fn many_narrow_gaps_are_a_wide_one() {
        let times: Vec<i64> = (0..1000).map(|i| i * 500 + i % 2).collect();
        let values: Vec<f64> = (0..1000).map(f64::from).collect();
        let thinned = thin(&times, &values, &longer_than(&times, 0));
        let wide = Gap::new(0, times[999]);
        assert_eq!(thinned.gaps, [wide]);
        for run in &thinned.runs {
            let columns: Vec<i64> = run.iter().map(|&i| column(times[i], &SCALE)).collect();
            assert!(
                columns.iter().all(|&column| column == columns[0]),
                "{columns:?}"
            );
        }
    }
}
