//! The rule of time: how long a window is. All that depends on it (gaps,
//! coverage, days, captions) takes the windows' begins from here.
//!
//! A bot writes a document when a window ends, and seldom says when it began.
//!
//! - A window whose document says when it began (`since`) began then.
//! - Else it began where the window before it ended, unless the step from one
//!   end to the next is far longer than the steps around it: then a gap lies
//!   between, and the window is as long as those around it.
//! - Where two bots write into one collection, their windows overlap. Ends then
//!   come in pairs, and only every other step is as long as a pair of steps
//!   is everywhere: a window is as long as such a pair.
//!
//! "The steps around it" are the four before and the four after, each side by
//! itself, so that a bot whose interval changes is right from the first window
//! on. Of each side the second longest counts: a gap among them doesn't, and of
//! the steps of two bots a long one does.

/// Steps looked at on each side.
const SIDE: usize = 4;

/// Moments for which it is told at once whether two bots write, by the steps
/// among them and as many before and after.
pub(crate) const BLOCK: usize = 8;

/// Moments after one that decide when its windows began: no later one does. Before
/// it, two blocks decide.
pub(crate) const AHEAD: usize = 4 * BLOCK;

/// When each window began, in milliseconds. `ends` ascend; `declared` are the
/// lengths that documents say, 0 where they don't.
pub(crate) fn begins(ends: &[i64], declared: &[u32]) -> Vec<i64> {
    // The first window of each moment at which windows end.
    let mut firsts: Vec<usize> = (0..ends.len())
        .filter(|&i| i == 0 || ends[i] > ends[i - 1])
        .collect();
    // Step i leads from moment i to moment i + 1.
    let steps: Vec<i64> = firsts
        .windows(2)
        .map(|pair| match declared[pair[1]] {
            0 => ends[pair[1]] - ends[pair[0]],
            length => length.into(),
        })
        .collect();
    let two_bots = two_bots(&steps);
    firsts.push(ends.len());
    let mut begins = Vec::with_capacity(ends.len());
    for (moment, windows) in firsts.windows(2).map(|pair| pair[0]..pair[1]).enumerate() {
        let end = ends[windows.start];
        let pair = two_bots.get(moment / BLOCK).copied().flatten();
        let begin = match moment.checked_sub(1) {
            None => {
                end - pair
                    .or(second_longest(&steps[..steps.len().min(SIDE)]))
                    .unwrap_or(0)
            }
            Some(step) => {
                let before = ends[windows.start - 1];
                let (earlier, later) = sides(&steps, step);
                if is_gap(end - before, earlier.or(later), later.or(earlier)) {
                    end - pair.or(later).or(earlier).unwrap_or(0)
                } else {
                    pair.map_or(before, |pair| before.min(end - pair))
                }
            }
        };
        begins.extend(declared[windows].iter().map(|&length| match length {
            0 => begin,
            length => end - i64::from(length),
        }));
    }
    begins
}

/// How long windows are before a step and after it, where there are any.
fn sides(steps: &[i64], step: usize) -> (Option<i64>, Option<i64>) {
    let after = &steps[step + 1..(step + 1 + SIDE).min(steps.len())];
    (
        second_longest(&steps[step.saturating_sub(SIDE)..step]),
        second_longest(after),
    )
}

/// The second longest of these steps, or the only one.
fn second_longest(steps: &[i64]) -> Option<i64> {
    let (mut longest, mut second) = (None, None);
    for &step in steps {
        if longest.is_none_or(|longest| step > longest) {
            (longest, second) = (Some(step), longest);
        } else if second.is_none_or(|second| step > second) {
            second = Some(step);
        }
    }
    second.or(longest)
}

/// Whether a step has a gap in it: it is clearly longer than two windows of the
/// shorter side, and longer than one of the other. (A window that is late, or
/// one that is missing, makes a step of two windows.)
fn is_gap(step: i64, one: Option<i64>, other: Option<i64>) -> bool {
    let (Some(one), Some(other)) = (one, other) else {
        return false;
    };
    step as f64 > 2.25 * one.min(other) as f64 && step as f64 > 1.25 * one.max(other) as f64
}

/// Of each [`BLOCK`] of moments, where two bots write, the length of their
/// windows: two steps take as long everywhere, though one step doesn't.
fn two_bots(steps: &[i64]) -> Vec<Option<i64>> {
    let uneven = |pair: &[i64]| 10 * pair[0].min(pair[1]) < 7 * pair[0].max(pair[1]);
    if !steps.windows(2).any(uneven) {
        return Vec::new();
    }
    (0..=steps.len())
        .step_by(BLOCK)
        .map(|block| {
            let around = &steps[block.saturating_sub(BLOCK)..(block + 2 * BLOCK).min(steps.len())];
            let pairs = around.windows(2);
            if pairs.len() < 4
                || 2 * pairs.clone().filter(|pair| uneven(pair)).count() < pairs.len()
            {
                return None;
            }
            let mut sums: Vec<i64> = pairs.map(|pair| pair[0] + pair[1]).collect();
            sums.sort_unstable();
            let middle = sums[sums.len() / 2];
            let near = sums
                .iter()
                .filter(|&&sum| 10 * (sum - middle).abs() <= middle)
                .count();
            (4 * near >= 3 * sums.len()).then_some(middle)
        })
        .collect()
}

/// A stretch in which nothing was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// When the last window before the gap ended, in milliseconds since the epoch (UTC).
    pub begin: i64,
    /// When the first window after the gap began, in milliseconds since the epoch (UTC).
    pub end: i64,
}

/// The stretches in which there is no window, of windows in order of their ends.
/// A bot that pauses for less than a hundredth of a window between two windows
/// has missed nothing.
pub(crate) fn gaps(begins: &[i64], ends: &[i64]) -> Vec<Gap> {
    (1..ends.len())
        .filter(|&i| begins[i] - ends[i - 1] > (ends[i] - begins[i]) / 100)
        .map(|i| Gap {
            begin: ends[i - 1],
            end: begins[i],
        })
        .collect()
}

/// What the rule of time says of windows together, as far as periods need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// When the first window began and the last ended, in milliseconds since the
    /// epoch (UTC).
    pub span: (i64, i64),
    /// The stretches between in which nothing was recorded, in order.
    pub gaps: Vec<Gap>,
    /// The usual length of a window in milliseconds, where one can be told.
    pub usual_length: Option<i64>,
}

impl Extent {
    /// Of windows in order of their ends, at least one.
    pub(crate) fn new(begins: &[i64], ends: &[i64]) -> Self {
        Self {
            span: (begins[0], ends[ends.len() - 1]),
            gaps: gaps(begins, ends),
            usual_length: median(begins, ends),
        }
    }

    /// Whether windows reach this time, but for half a window.
    pub(crate) fn reaches(&self, time: i64) -> bool {
        self.span.1 + self.usual_length.unwrap_or(0) / 2 >= time
    }
}

/// How many windows begin clearly before the window before them ended, as those
/// of two bots do.
pub(crate) fn overlapping(begins: &[i64], ends: &[i64]) -> usize {
    (1..ends.len())
        .filter(|&i| ends[i - 1] - begins[i] > (ends[i] - begins[i]) / 100)
        .count()
}

/// The usual length of a window: the median of all but the first, the upper one
/// of an even number. Windows without a length don't count.
pub(crate) fn median(begins: &[i64], ends: &[i64]) -> Option<i64> {
    let all = ends.iter().zip(begins).map(|(end, begin)| end - begin);
    let mut lengths: Vec<i64> = all
        .skip(usize::from(ends.len() > 1))
        .filter(|&length| length > 0)
        .collect();
    let middle = lengths.len() / 2;
    (!lengths.is_empty()).then(|| *lengths.select_nth_unstable(middle).1)
}

#[cfg(test)]
mod tests;
