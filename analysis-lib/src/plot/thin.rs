//! Which points of a long series are drawn.

use crate::aggregate::Gap;

/// A linear scale from times to pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) left: f64,
    pub(crate) right: f64,
}

impl Scale {
    /// Pixels from the left.
    pub(crate) fn x(&self, time: i64) -> f64 {
        self.left + self.pixels(self.from, time)
    }

    /// Pixels from one time to another.
    fn pixels(&self, from: i64, to: i64) -> f64 {
        (to - from) as f64 * ((self.right - self.left) / (self.to - self.from) as f64)
    }

    /// The column of pixels that a time falls into.
    fn column(&self, time: i64) -> i64 {
        self.pixels(self.from, time) as i64
    }
}

/// What of a series is drawn: a line a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Drawn {
    /// Indices of the points of each line.
    pub(crate) runs: Vec<Vec<usize>>,
    /// Gaps, as the times on both sides.
    pub(crate) gaps: Vec<(i64, i64)>,
    /// Gaps that are narrower than a pixel, with none beside them.
    pub(crate) too_narrow: usize,
}

/// Of each column of pixels the first point, the lowest, the highest and the
/// last: the line through them covers the same pixels as the line through all.
///
/// `gaps` are in order, and there is a point on both sides of each. Gaps with
/// less than a pixel of points between them are one, so that a stretch of
/// scattered points doesn't look like a line; its points are drawn column by
/// column.
///
/// References: U. Jugel, Z. Jerzak, G. Hackenbroich, V. Markl (2014), M4: a
/// visualization-oriented time series data aggregation, PVLDB 7(10).
pub(crate) fn thin(times: &[i64], values: &[f64], gaps: &[Gap], scale: &Scale) -> Drawn {
    let mut drawn = Drawn::default();
    // Index after each gap that breaks the line.
    let mut breaks: Vec<usize> = Vec::new();
    let mut cluster: Vec<usize> = Vec::new();
    let mut close = |cluster: &mut Vec<usize>, drawn: &mut Drawn| {
        let (Some(&first), Some(&last)) = (cluster.first(), cluster.last()) else {
            return;
        };
        let (from, to) = (times[first - 1], times[last]);
        if scale.pixels(from, to) < 1.0 {
            drawn.too_narrow += cluster.len();
        } else {
            drawn.gaps.push((from, to));
            breaks.extend(
                cluster
                    .iter()
                    .filter(|&&i| scale.column(times[i - 1]) != scale.column(times[i])),
            );
        }
        cluster.clear();
    };
    let mut gaps = gaps.iter().peekable();
    for i in 1..times.len() {
        if gaps.next_if(|gap| gap.to <= times[i]).is_some() {
            if let Some(&last) = cluster.last()
                && scale.pixels(times[last], times[i - 1]) >= 1.0
            {
                close(&mut cluster, &mut drawn);
            }
            cluster.push(i);
        }
    }
    close(&mut cluster, &mut drawn);

    let mut from = 0;
    for to in breaks.into_iter().chain([times.len()]) {
        drawn.runs.push(columns(times, values, from..to, scale));
        from = to;
    }
    drawn
}

/// The points that stand for one run.
fn columns(
    times: &[i64],
    values: &[f64],
    run: std::ops::Range<usize>,
    scale: &Scale,
) -> Vec<usize> {
    let mut kept: Vec<usize> = Vec::new();
    let mut begin = run.start;
    while begin < run.end {
        let column = scale.column(times[begin]);
        let (mut lowest, mut highest) = (begin, begin);
        let mut end = begin + 1;
        while end < run.end && scale.column(times[end]) == column {
            if values[end] < values[lowest] {
                lowest = end;
            }
            if values[end] > values[highest] {
                highest = end;
            }
            end += 1;
        }
        let (early, late) = (lowest.min(highest), lowest.max(highest));
        for point in [begin, early, late, end - 1] {
            if kept.last() != Some(&point) {
                kept.push(point);
            }
        }
        begin = end;
    }
    kept
}

/// Points that share one tooltip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// Index of the first point, and the index after the last.
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) lowest: usize,
    pub(crate) highest: usize,
}

/// The points in at most `most` buckets: each by itself if they are no more,
/// else by columns of equal width.
pub(crate) fn buckets(times: &[i64], values: &[f64], scale: &Scale, most: usize) -> Vec<Bucket> {
    let single = |i| Bucket {
        from: i,
        to: i + 1,
        lowest: i,
        highest: i,
    };
    if times.len() <= most {
        return (0..times.len()).map(single).collect();
    }
    let wide = Scale {
        left: 0.0,
        right: most as f64,
        ..*scale
    };
    let mut buckets: Vec<Bucket> = Vec::new();
    let mut column = -1;
    for i in 0..times.len() {
        let own = wide.column(times[i]).min(most as i64 - 1);
        if own != column {
            column = own;
            buckets.push(single(i));
            continue;
        }
        let bucket = buckets.last_mut().expect("the first point began one");
        bucket.to = i + 1;
        if values[i] < values[bucket.lowest] {
            bucket.lowest = i;
        }
        if values[i] > values[bucket.highest] {
            bucket.highest = i;
        }
    }
    buckets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::longer_than;

    const SCALE: Scale = Scale {
        from: 0,
        to: 1_000_000,
        left: 60.0,
        right: 840.0,
    };

    /// SplitMix64 (Steele, Lea, Flood 2014).
    fn random(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// What people see of a column is its lowest and its highest point.
    #[test]
    fn every_column_keeps_its_extremes() {
        let mut state = 7;
        for count in [1, 2, 10, 1000, 20_000] {
            for _ in 0..20 {
                let mut times: Vec<i64> = (0..count)
                    .map(|_| (random(&mut state) % 1_000_001) as i64)
                    .collect();
                times.sort_unstable();
                let values: Vec<f64> = (0..count)
                    .map(|_| (random(&mut state) % 100) as f64)
                    .collect();
                let drawn = thin(&times, &values, &[], &SCALE);
                assert_eq!(drawn.runs.len(), 1);
                let kept = &drawn.runs[0];
                assert!(kept.is_sorted() && kept.len() <= 4 * 782);
                assert_eq!((kept[0], kept[kept.len() - 1]), (0, times.len() - 1));
                let extremes = |indices: &mut dyn Iterator<Item = usize>| {
                    let mut columns = std::collections::BTreeMap::new();
                    for i in indices {
                        let (low, high) = columns
                            .entry(SCALE.column(times[i]))
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
        let drawn = thin(&times, &[1.0; 6], &longer_than(&times, 20_000), &SCALE);
        assert_eq!(drawn.runs, [vec![0, 1, 2], vec![3], vec![4, 5]]);
        // The lone point has no width: the gaps on its two sides are one.
        assert_eq!(drawn.gaps, [(20_000, 800_000)]);
        assert_eq!(drawn.too_narrow, 0);
    }

    #[test]
    fn a_gap_narrower_than_a_pixel_is_counted_only() {
        let times: Vec<i64> = (0..10_000)
            .map(|i| i * 90 + if i > 5000 { 500 } else { 0 })
            .collect();
        let values = vec![1.0; times.len()];
        let drawn = thin(&times, &values, &longer_than(&times, 180), &SCALE);
        assert_eq!(
            (drawn.runs.len(), drawn.gaps.len(), drawn.too_narrow),
            (1, 0, 1)
        );
    }

    /// Scattered points aren't a line, though each gap is too narrow to be seen.
    #[test]
    fn many_narrow_gaps_are_a_wide_one() {
        let times: Vec<i64> = (0..1000).map(|i| i * 500 + i % 2).collect();
        let values: Vec<f64> = (0..1000).map(f64::from).collect();
        let drawn = thin(&times, &values, &longer_than(&times, 0), &SCALE);
        assert_eq!(drawn.gaps, [(0, times[999])]);
        for run in &drawn.runs {
            let columns: Vec<i64> = run.iter().map(|&i| SCALE.column(times[i])).collect();
            assert!(
                columns.iter().all(|&column| column == columns[0]),
                "{columns:?}"
            );
        }
    }

    #[test]
    fn buckets_hold_all_points() {
        let times: Vec<i64> = (0..5000).map(|i| i * 200).collect();
        let values: Vec<f64> = (0..5000).map(|i| f64::from(i * 7919 % 101)).collect();
        assert_eq!(buckets(&times, &values, &SCALE, 5000).len(), 5000);
        let few = buckets(&times, &values, &SCALE, 260);
        assert_eq!(few.len(), 260);
        assert!(few.windows(2).all(|pair| pair[0].to == pair[1].from));
        assert_eq!(
            few.iter()
                .map(|bucket| bucket.to - bucket.from)
                .sum::<usize>(),
            5000
        );
        assert!(few.iter().any(|bucket| values[bucket.highest] == 100.0));
    }
}
