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
    /// The stretches between that nobody looks at, in order.
    pub unseen: Vec<Gap>,
    /// The usual length of a window in milliseconds, where one can be told.
    pub usual_length: Option<i64>,
}

impl Extent {
    /// Of windows in order of their ends, at least one.
    pub(crate) fn new(begins: &[i64], ends: &[i64]) -> Self {
        Self {
            span: (begins[0], ends[ends.len() - 1]),
            gaps: gaps(begins, ends),
            unseen: Vec::new(),
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
mod tests {
    use super::*;
    use crate::source::sample::Random;

    const SECOND: i64 = 1_000;
    const MINUTE: i64 = 60 * SECOND;
    const START: i64 = 1_700_000_000_000;
    const INTERVALS: [i64; 9] = [1, 2, 5, 10, 15, 30, 60, 360, 1440];

    /// From `-most` to `most`.
    fn around(random: &mut Random, most: i64) -> i64 {
        random.below(2 * most as u64 + 1) as i64 - most
    }

    fn rule(ends: &[i64]) -> (Vec<i64>, Vec<Gap>) {
        let begins = begins(ends, &vec![0; ends.len()]);
        let gaps = gaps(&begins, ends);
        (begins, gaps)
    }

    /// Ends of one bot's windows, of these lengths in turn.
    fn bot(lengths: impl IntoIterator<Item = i64>, jitter: i64, random: &mut Random) -> Vec<i64> {
        let mut end = START;
        let mut ends: Vec<i64> = lengths
            .into_iter()
            .map(|length| {
                end += length;
                end + around(random, jitter)
            })
            .collect();
        ends.sort_unstable();
        ends
    }

    /// Both bots' ends; the second writes this much later.
    fn with_a_second_bot(ends: &[i64], offset: i64, jitter: i64, random: &mut Random) -> Vec<i64> {
        let second = ends.iter().map(|end| end + offset + around(random, jitter));
        let mut both: Vec<i64> = ends.iter().copied().chain(second).collect();
        both.sort_unstable();
        both
    }

    /// Every series that must have no gap, with the length of its windows where
    /// that is one.
    fn regular(random: &mut Random) -> Vec<(String, Vec<i64>)> {
        let mut all = Vec::new();
        for minutes in INTERVALS {
            let interval = minutes * MINUTE;
            for jitter in [0, SECOND, 3 * SECOND] {
                let one = bot(vec![interval; 200], jitter, random);
                for percent in [0, 1, 5, 10, 20, 30, 40, 45, 50, 55, 60, 70, 80, 90, 95, 99] {
                    let offset = interval * percent / 100;
                    let both = with_a_second_bot(&one, offset, jitter, random);
                    all.push((
                        format!("{minutes} min ± {jitter} ms, two bots at {percent} %"),
                        both,
                    ));
                }
                let both = with_a_second_bot(&one, 900, 0, random);
                all.push((
                    format!("{minutes} min ± {jitter} ms, two bots at 900 ms"),
                    both,
                ));
                all.push((format!("{minutes} min ± {jitter} ms"), one));
                for other in INTERVALS {
                    let lengths = (0..300).map(|i| {
                        if i / 60 % 2 == 0 {
                            interval
                        } else {
                            other * MINUTE
                        }
                    });
                    let changing = bot(lengths, jitter, random);
                    all.push((
                        format!("{minutes} and {other} min in turn ± {jitter} ms"),
                        changing,
                    ));
                }
            }
        }
        all
    }

    #[test]
    fn windows_that_end_regularly_have_no_gap_and_full_coverage() {
        for (name, ends) in regular(&mut Random(1)) {
            let (begins, gaps) = rule(&ends);
            assert_eq!(gaps, [], "{name}");
            assert!(
                begins.iter().zip(&ends).all(|(begin, end)| begin <= end),
                "{name}"
            );
        }
    }

    /// Three windows are missing somewhere: one gap is found, which is there and
    /// as long as three windows, but for a second bot's offset and jitter.
    #[test]
    fn a_gap_of_three_windows_is_found_and_its_length_is_right() {
        let mut random = Random(2);
        for minutes in INTERVALS {
            let interval = minutes * MINUTE;
            for jitter in [0, SECOND, 3 * SECOND] {
                for at in [3, 20, 97, 180, 193] {
                    let is_there = |end: i64| {
                        !(START + at * interval - 10 * SECOND
                            ..START + (at + 3) * interval - 10 * SECOND)
                            .contains(&end)
                    };
                    let one = bot(vec![interval; 200], jitter, &mut random);
                    for percent in [
                        None,
                        Some(0),
                        Some(3),
                        Some(20),
                        Some(35),
                        Some(50),
                        Some(65),
                        Some(80),
                        Some(97),
                    ] {
                        let both = match percent {
                            Some(percent) => with_a_second_bot(
                                &one,
                                interval * percent / 100,
                                jitter,
                                &mut random,
                            ),
                            None => one.clone(),
                        };
                        let ends: Vec<i64> =
                            both.into_iter().filter(|&end| is_there(end)).collect();
                        let name = format!(
                            "{minutes} min ± {jitter} ms, at {at}, second bot {percent:?} %"
                        );
                        let (_, gaps) = rule(&ends);
                        let [gap] = gaps[..] else {
                            panic!("{name}: {gaps:?}")
                        };
                        // A second bot's windows shorten what nobody saw. Where
                        // it writes about half way between the first one's, both
                        // look like one bot with shorter windows.
                        let unseen = |pair: &[i64]| pair[1] - interval - pair[0];
                        let true_length = ends.windows(2).map(unseen).max().unwrap();
                        let is_half_way =
                            percent.is_some_and(|percent| (35..=65).contains(&percent));
                        let tolerance = if is_half_way {
                            interval / 2
                        } else {
                            interval / 20
                        } + 6 * jitter;
                        let error = (gap.end - gap.begin - true_length).abs();
                        assert!(error <= tolerance, "{name}: {error} of {interval}");
                    }
                }
            }
        }
    }

    /// The gap lies well within one of the intervals, or right where it changes.
    /// (There, four windows of a minute may still be one of an hour.)
    #[test]
    fn a_gap_is_found_where_the_interval_changes() {
        let mut random = Random(3);
        for (one, other) in [
            (10, 30),
            (30, 10),
            (1, 60),
            (60, 1),
            (10, 15),
            (15, 10),
            (5, 1440),
        ] {
            for at in [10, 54, 60, 66, 100]
                .into_iter()
                .filter(|&at| at != 60 || 3 * other > one)
            {
                let lengths = (0..180).map(|i| {
                    let length = if i / 60 % 2 == 0 { one } else { other } * MINUTE;
                    if i == at { 4 * length } else { length }
                });
                let (_, gaps) = rule(&bot(lengths, 2 * SECOND, &mut random));
                let interval = if at / 60 % 2 == 0 { one } else { other } * MINUTE;
                let [gap] = gaps[..] else {
                    panic!("{one} to {other} min at {at}: {gaps:?}")
                };
                let length = gap.end - gap.begin;
                assert!(
                    (length - 3 * interval).abs() <= 8 * SECOND,
                    "{one} to {other} min at {at}: {length}"
                );
            }
        }
    }

    /// A window more or less must not make another thing of all the others.
    #[test]
    fn one_window_more_or_less_changes_little() {
        for (name, ends) in regular(&mut Random(4)) {
            for without in [0, ends.len() / 2, ends.len() - 1] {
                let mut fewer = ends.clone();
                fewer.remove(without);
                let (begins, gaps) = rule(&fewer);
                let lost: i64 = gaps.iter().map(|gap| gap.end - gap.begin).sum();
                let all = fewer[fewer.len() - 1] - begins[0];
                assert!(
                    gaps.len() <= 1 && lost * 20 < all,
                    "{name} without {without}: {gaps:?}"
                );
            }
        }
    }

    #[test]
    fn two_bots_windows_are_as_long_as_one_bots() {
        let mut random = Random(5);
        let one = bot(vec![10 * MINUTE; 100], SECOND, &mut random);
        for offset in [500, 2 * SECOND, 90 * SECOND, 3 * MINUTE] {
            let ends = with_a_second_bot(&one, offset, 0, &mut random);
            let (begins, _) = rule(&ends);
            let usual = median(&begins, &ends).unwrap();
            assert!(
                (usual - 10 * MINUTE).abs() < 3 * SECOND,
                "{offset}: {usual}"
            );
            assert!(overlapping(&begins, &ends) >= 95, "{offset}");
        }
    }

    #[test]
    fn a_declared_begin_holds_and_what_lies_before_it_is_a_gap() {
        let ends = [10, 20, 30, 50, 60].map(|minutes| START + minutes * MINUTE);
        let declared = [0, 0, 600_000, 300_000, 0];
        let begins = begins(&ends, &declared);
        assert_eq!(
            begins,
            [0, 10, 20, 45, 50].map(|minutes| START + minutes * MINUTE)
        );
        let gap = Gap {
            begin: ends[2],
            end: begins[3],
        };
        assert_eq!(gaps(&begins, &ends), [gap]);
    }

    #[test]
    fn few_windows_and_equal_ends() {
        assert_eq!(rule(&[START]).0, [START]);
        assert_eq!(rule(&[START, START]).0, [START, START]);
        let (begins, gaps) = rule(&[START, START + MINUTE]);
        assert_eq!((begins, gaps), (vec![START - MINUTE, START], vec![]));
        assert_eq!(median(&[START], &[START]), None);
    }

    /// A window that is late, or one that is missing, is no gap: the window after
    /// it may have counted for both.
    #[test]
    fn a_step_of_two_windows_is_one_window() {
        let lengths = (0..50).map(|i| if i == 20 { 20 } else { 10 } * MINUTE);
        assert_eq!(rule(&bot(lengths, 3 * SECOND, &mut Random(6))).1, []);
    }
}
