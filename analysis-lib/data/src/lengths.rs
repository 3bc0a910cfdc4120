//! The rule of time: how long a window is. All that depends on it (gaps,
//! coverage, days, captions) takes the windows' begins from here.
//!
//! A bot writes a document when a window ends, and seldom says when it began.
//!
//! - A window whose document says when it began (`since`) began then.
//! - Else it began where the window before it ended, unless the step from one
//!   end to the next is far longer than the steps around it: then a gap lies
//!   between, and the window is as long as those around it.
//! - Where several bots write into one collection, their windows overlap. Ends
//!   then come in groups, and however unlike single steps are, as many steps as there
//!   are bots take as long everywhere: that is how long a window is.
//! - A document that can't be used but says when it ended was there: it ends a window
//!   of its own, and that is a gap of the kind "left out", as far as no other window
//!   covers it. If it ended within half a window of one that can be used, two bots
//!   wrote the same, and it changes nothing.
//!
//! "The steps around it" are the four before and the four after, each side by
//! itself, so that a bot whose interval changes is right from the first window
//! on. Of each side the second longest counts: a gap among them doesn't, and of
//! the steps of two bots a long one does.

use std::cmp::Reverse;

/// Steps looked at on each side.
const SIDE: usize = 4;

/// Moments for which it is told at once whether several bots write, by the steps
/// among them, twice as many before and as many after. By as many on each side of a document
/// that was left out it is told whether it has a twin.
const BLOCK: usize = 8;

/// Moments after one that decide when its windows began: no later one does.
pub const AHEAD: usize = 4 * BLOCK;

/// The window of a document.
#[derive(Clone, Copy)]
struct Span {
    begin: i64,
    end: i64,
    /// How long the document says that it is, 0 where it doesn't.
    declared: u32,
    /// Whether it can be used.
    is_used: bool,
}

/// What the rule of time says of windows in order of their ends, at least one, by their
/// ends and declared lengths, and of documents that were left out, by their windows'
/// ends: when each window began, and of all together how far they reach.
pub fn told(ends: &[i64], declared: &[u32], mut left_out: Vec<i64>) -> (Vec<i64>, Extent) {
    left_out.sort_unstable();
    let span = |(&end, &declared), is_used| Span {
        begin: end,
        end,
        declared,
        is_used,
    };
    let used = ends.iter().zip(declared);
    let mut spans: Vec<Span> = used.map(|of| span(of, true)).collect();
    let alone = without_twins(ends, &left_out);
    spans.extend(alone.iter().map(|end| span((end, &0), false)));
    spans.sort_by_key(|span| span.end);
    set_begins(&mut spans);
    let used = spans.iter().filter(|span| span.is_used);
    let begins: Vec<i64> = used.map(|span| span.begin).collect();
    let extent = Extent::new(&begins, ends, gaps(&spans));
    (begins, extent)
}

/// The last end of a window up to which no window or document to come can change what
/// [`told`] says of when windows began.
pub fn certain(ends: &[i64], left_out: &[i64]) -> Option<i64> {
    // Whether a document that was left out has a twin depends on what is around it.
    let all = moments(ends, left_out);
    let sure = all[all.len().checked_sub(1 + BLOCK)?];
    let alone = without_twins(ends, left_out);
    let up_to = |ends: &[i64]| ends.partition_point(|&end| end <= sure);
    let moments = moments(&ends[..up_to(ends)], &alone[..up_to(&alone)]);
    Some(moments[moments.len().checked_sub(1 + AHEAD)?])
}

/// The ends of documents that were left out, without those that ended within half a
/// window of one that can be used. Both ascend.
fn without_twins(ends: &[i64], left_out: &[i64]) -> Vec<i64> {
    if left_out.is_empty() {
        return Vec::new();
    }
    let moments = moments(ends, left_out);
    let steps: Vec<i64> = moments.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let is_alone = |&end: &i64| {
        let next = ends.partition_point(|&other| other < end);
        let near = ends[next.saturating_sub(1)..].iter().take(2);
        let moment = moments.partition_point(|&other| other < end);
        let mut beside = around(&steps, moment, SIDE, SIDE).to_vec();
        beside.sort_unstable();
        let of_one = beside.get(beside.len().saturating_sub(1) / 2).copied();
        let usual = length_by_bots(around(&steps, moment, BLOCK, BLOCK)).or(of_one);
        near.min_by_key(|other| (*other - end).abs())
            .is_none_or(|other| 2 * (other - end).abs() >= usual.unwrap_or(0).max(1))
    };
    let mut alone: Vec<i64> = left_out.iter().copied().filter(is_alone).collect();
    alone.dedup();
    alone
}

/// The moments at which anything of these ended, in order.
fn moments(one: &[i64], other: &[i64]) -> Vec<i64> {
    let mut moments = [one, other].concat();
    moments.sort_unstable();
    moments.dedup();
    moments
}

/// Finds out when each of these windows began.
fn set_begins(spans: &mut [Span]) {
    // The first window of each moment at which windows end.
    let mut firsts: Vec<usize> = (0..spans.len())
        .filter(|&i| i == 0 || spans[i].end > spans[i - 1].end)
        .collect();
    // Step i leads from moment i to moment i + 1.
    let steps: Vec<i64> = firsts
        .windows(2)
        .map(|pair| match spans[pair[1]].declared {
            0 => spans[pair[1]].end - spans[pair[0]].end,
            length => length.into(),
        })
        .collect();
    let by_bots = several_bots(&steps);
    firsts.push(spans.len());
    for (moment, windows) in firsts.windows(2).map(|pair| pair[0]..pair[1]).enumerate() {
        let end = spans[windows.start].end;
        let own = by_bots.get(moment / BLOCK).copied().flatten();
        let begin = match moment.checked_sub(1) {
            None => {
                let length = own.or(second_longest(around(&steps, 0, 0, SIDE)));
                end - length.unwrap_or(0)
            }
            Some(step) => {
                let before = spans[windows.start - 1].end;
                // How long windows are before the step and after it, where there are any.
                let earlier = second_longest(around(&steps, step, SIDE, 0));
                let later = second_longest(around(&steps, step + 1, 0, SIDE));
                let (one, other) = (own.or(earlier).or(later), own.or(later).or(earlier));
                if is_gap(end - before, one, other) {
                    end - other.unwrap_or(0)
                } else {
                    own.map_or(before, |own| before.min(end - own))
                }
            }
        };
        for span in &mut spans[windows] {
            span.begin = match span.declared {
                0 => begin,
                length => end - i64::from(length),
            };
        }
    }
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

/// Of each [`BLOCK`] of moments, where several bots write, the length of their
/// windows.
fn several_bots(steps: &[i64]) -> Vec<Option<i64>> {
    if !steps.windows(2).any(|pair| are_uneven(pair, UNEVEN)) {
        return Vec::new();
    }
    (0..=steps.len())
        .step_by(BLOCK)
        .map(|block| length_by_bots(around(steps, block, 2 * BLOCK, 2 * BLOCK)))
        .collect()
}

/// So many of the steps before this one, and so many from it on.
fn around(steps: &[i64], step: usize, before: usize, after: usize) -> &[i64] {
    &steps[step.saturating_sub(before)..(step + after).min(steps.len())]
}

/// The length of windows, where several bots write: as many steps as there are bots
/// take as long everywhere, though one step doesn't.
fn length_by_bots(steps: &[i64]) -> Option<i64> {
    let mut found: Vec<(usize, i64)> = Vec::new();
    while found.len() < BOTS - 1 && found.last().is_none_or(|&(near, _)| near < 90) {
        found.push(length_of(steps, found.len() + 2));
    }
    let numbered = (2..).zip(&found);
    let (bots, &(sure, whole)) = numbered.max_by_key(|&(bots, found)| (found.0, Reverse(bots)))?;
    // Twice as many steps as there are bots take twice as long.
    let is_part = |&(part, &(near, length)): &(usize, &(usize, i64))| {
        let times = bots as f64 / part as f64 * length as f64 / whole as f64;
        bots % part == 0 && near >= 50 && (times - 1.0).abs() < 0.25
    };
    let (bots, &(_, length)) = (2..).zip(&found).find(is_part)?;
    (sure >= 75 && are_unlike(steps, bots)).then_some(length)
}

/// The most bots in one collection that are told apart.
const BOTS: usize = 6;
/// No bot's windows are shorter, in milliseconds.
const MINUTE: i64 = 60_000;

/// The length of windows of so many bots, and before it, of a hundred lengths how many
/// are about as long.
fn length_of(steps: &[i64], bots: usize) -> (usize, i64) {
    let mut lengths: Vec<i64> = steps
        .windows(bots)
        .map(|group| group.iter().sum())
        .collect();
    if lengths.len() < bots + 2 {
        return (0, 0);
    }
    let half = lengths.len() / 2;
    let middle = *lengths.select_nth_unstable(half).1;
    let most = middle / (5 * bots as i64);
    let near = lengths
        .iter()
        .filter(|&&length| (length - middle).abs() <= most);
    (100 * near.count() / lengths.len(), middle)
}

/// Whether steps are as unlike as those from one of so many bots to the next. Of two,
/// every other is clearly shorter. Of more, one is so long that it would be a gap, and
/// the others aren't alike either, or too short for windows: they might as well be
/// those of one bot that is up for an hour a day.
fn are_unlike(steps: &[i64], bots: usize) -> bool {
    let in_a_round = |share: f64| {
        let is_uneven = |pair: &&[i64]| are_uneven(pair, share);
        let uneven = steps.windows(2).filter(is_uneven).count();
        (bots * uneven) as f64 / (steps.len() - 1) as f64
    };
    if bots == 2 {
        return in_a_round(UNEVEN) >= 1.0;
    }
    let mut sorted = steps.to_vec();
    sorted.sort_unstable();
    let middle_of = |place: usize| sorted[(2 * place + 1) * sorted.len() / (2 * bots)];
    let others = [middle_of(0), middle_of(bots - 2)];
    in_a_round(1.0 / 2.25) >= 1.5 && (others[0] < MINUTE || are_uneven(&others, UNEVEN))
}

/// One step is clearly shorter than another: less than this share of it.
const UNEVEN: f64 = 0.7;

fn are_uneven(pair: &[i64], share: f64) -> bool {
    (pair[0].min(pair[1]) as f64) < share * pair[0].max(pair[1]) as f64
}

/// A stretch in which nothing was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// When the last window before the gap ended, in milliseconds since the epoch (UTC).
    pub begin: i64,
    /// When the first window after the gap began, in milliseconds since the epoch (UTC).
    pub end: i64,
    /// Why nothing is shown there.
    pub kind: GapKind,
}

/// Why a stretch has nothing to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GapKind {
    /// Nothing was recorded.
    NoData,
    /// Documents of that time are there, and were left out.
    LeftOut,
    /// It was recorded, but not what is shown.
    NotKnown,
}

impl Gap {
    /// A stretch of which no document was left out.
    pub fn new(begin: i64, end: i64) -> Self {
        Self {
            begin,
            end,
            kind: GapKind::NoData,
        }
    }
}

/// The stretches from the first window that can be used to the last in which there is
/// none. A bot that pauses for less than a hundredth of a window between two windows
/// has missed nothing.
fn gaps(spans: &[Span]) -> Vec<Gap> {
    let is_used = |span: &Span| span.is_used;
    let first = spans.iter().position(is_used).unwrap_or(0);
    let last = spans.iter().rposition(is_used).unwrap_or(0);
    let mut gaps: Vec<Gap> = Vec::new();
    for i in first + 1..=last {
        let (before, Span { begin, end, .. }) = (spans[i - 1].end, spans[i]);
        if is_apart(before, begin, end) {
            gaps.push(Gap::new(before, begin));
        }
        if spans[i].is_used {
            cover(&mut gaps, begin);
        } else {
            let begin = begin.max(before);
            match gaps.last_mut() {
                Some(gap) if gap.kind == GapKind::LeftOut && gap.end == begin => gap.end = end,
                _ if end > begin => gaps.push(Gap {
                    begin,
                    end,
                    kind: GapKind::LeftOut,
                }),
                _ => {}
            }
        }
    }
    gaps
}

/// Whether a window began clearly later than the one before it ended. A bot that
/// pauses for less than a hundredth of a window has missed nothing.
fn is_apart(before: i64, begin: i64, end: i64) -> bool {
    begin - before > (end - begin) / 100
}

/// What a later window covers from here on is recorded all the same.
fn cover(gaps: &mut Vec<Gap>, begin: i64) {
    while gaps.pop_if(|gap| gap.begin >= begin).is_some() {}
    if let Some(gap) = gaps.last_mut() {
        gap.end = gap.end.min(begin);
    }
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
    pub(crate) fn new(begins: &[i64], ends: &[i64], gaps: Vec<Gap>) -> Self {
        Self {
            span: (begins[0], ends[ends.len() - 1]),
            gaps,
            unseen: Vec::new(),
            usual_length: median(begins, ends),
        }
    }

    /// Of some of the windows, at least one: their places among all, which ascend,
    /// begins and ends. Between two that didn't follow each other, nobody looks.
    pub(crate) fn part(&self, places: &[usize], begins: &[i64], ends: &[i64]) -> Self {
        let mut unseen = Vec::new();
        for i in 1..places.len() {
            let (before, begin) = (ends[i - 1], begins[i]);
            cover(&mut unseen, begin);
            if places[i] > places[i - 1] + 1 && is_apart(before, begin, ends[i]) {
                unseen.push(Gap::new(before, begin));
            }
        }
        let within = ends[0]..ends[ends.len() - 1];
        let stays = |gap: &&Gap| {
            let next = unseen.partition_point(|stretch| stretch.end <= gap.begin);
            let is_in = |stretch: &Gap| stretch.begin <= gap.begin;
            within.contains(&gap.begin) && !unseen.get(next).is_some_and(is_in)
        };
        let gaps = self.gaps.iter().filter(stays).copied().collect();
        let known: Vec<Gap> = self.unseen.iter().filter(stays).copied().collect();
        unseen.extend(known);
        unseen.sort_by_key(|stretch| stretch.begin);
        Self {
            unseen,
            ..Self::new(begins, ends, gaps)
        }
    }

    /// Whether windows reach this time, but for half a window.
    pub(crate) fn reaches(&self, time: i64) -> bool {
        self.span.1 + self.usual_length.unwrap_or(0) / 2 >= time
    }
}

/// The windows that begin clearly before the window before them ended, as those of
/// two bots do.
pub(crate) fn overlapping(begins: &[i64], ends: &[i64]) -> impl Iterator<Item = usize> {
    (1..ends.len()).filter(|&i| ends[i - 1] - begins[i] > (ends[i] - begins[i]) / 100)
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
