//! A long triangle made in parts, beside each other.
//!
//! What is in a column depends on all equations before it, but ever less on
//! those far back: some dozens of columns on, they change no bit. So a part starts
//! early, as if nothing came before. What it has then found in its first columns
//! is compared with what the part before it left there. Where they are the same,
//! so is everything after; where not, the triangle is made in one pass.

use std::ops::Range;

use super::triangle::Triangle;

/// How many columns early a part starts.
pub(super) const LEAD: usize = 256;
/// The shortest part that is worth a thread.
const SHORTEST: usize = 8 * LEAD;

/// What comes of one part.
pub(super) struct Part<const W: usize> {
    /// What was in its first columns when its own equations began.
    pub(super) found: Triangle<W>,
    /// Its columns, with those that the next part begins with.
    pub(super) made: Triangle<W>,
    /// Whether an equation ended with the columns and should have gone on.
    pub(super) is_cut: bool,
}

/// The triangle that `make` makes of a range of equations, for `count` of them,
/// and what else came of each part.
pub(super) fn in_parts<const W: usize, R: Send>(
    count: usize,
    make: impl Fn(Range<usize>) -> (Part<W>, R) + Sync,
) -> (Triangle<W>, Vec<R>) {
    let (parts, others): (Vec<_>, _) = each(split(count), &make).into_iter().unzip();
    if let Some(whole) = join(parts) {
        return (whole, others);
    }
    let (part, other) = make(0..count);
    (part.made, vec![other])
}

/// `0..count` in parts, for as many processors as there are. They begin at
/// multiples of [`LEAD`], so what goes in groups is grouped as in one pass.
pub(super) fn split(count: usize) -> Vec<Range<usize>> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let parts = processors.min(count / SHORTEST).max(1);
    let begin = |part| count * part / parts / LEAD * LEAD;
    (1..=parts)
        .map(|part| begin(part - 1)..if part == parts { count } else { begin(part) })
        .collect()
}

/// What comes of each of `parts`, in threads where there are several.
pub(super) fn each<T: Send, R: Send>(parts: Vec<T>, run: impl Fn(T) -> R + Sync) -> Vec<R> {
    if parts.len() == 1 {
        return parts.into_iter().map(run).collect();
    }
    let run = &run;
    std::thread::scope(|scope| {
        let threads: Vec<_> = parts
            .into_iter()
            .map(|part| scope.spawn(move || run(part)))
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    })
}

/// The parts as one triangle; none where they don't meet.
fn join<const W: usize>(parts: Vec<Part<W>>) -> Option<Triangle<W>> {
    let mut whole = Triangle::new(0);
    for part in parts {
        let begin = whole.rows.len().saturating_sub(part.found.rows.len());
        let left = whole.split_off(begin);
        if part.is_cut || begin > 0 && left != part.found {
            return None;
        }
        whole.append(part.made);
    }
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns that hold their own number, and what was found in the first two.
    fn part(columns: Range<usize>, found: f64) -> Part<1> {
        let triangle = |columns: Range<usize>| Triangle {
            rows: columns.clone().map(|column| [column as f64]).collect(),
            right: columns.map(|column| column as f64).collect(),
        };
        let mut first = triangle(columns.start..columns.start + 2);
        first.rows[1][0] += found;
        Part {
            found: first,
            made: triangle(columns),
            is_cut: false,
        }
    }

    #[test]
    fn parts_that_meet_are_one_and_others_are_none() {
        let whole = join(vec![part(0..10, 9.0), part(8..20, 0.0), part(18..30, 0.0)]).unwrap();
        assert_eq!(whole, part(0..30, 0.0).made);
        assert!(join(vec![part(0..10, 0.0), part(8..20, f64::EPSILON * 8.0)]).is_none());
        let mut cut = part(8..20, 0.0);
        cut.is_cut = true;
        assert!(join(vec![part(0..10, 0.0), cut]).is_none());
    }

    #[test]
    fn what_does_not_meet_is_made_in_one_pass() {
        let make = |columns: Range<usize>| {
            let is_whole = columns.len() == 100 * SHORTEST;
            (part(columns, f64::from(u8::from(!is_whole))), is_whole)
        };
        let (whole, passes) = in_parts(100 * SHORTEST, make);
        assert_eq!(whole.rows.len(), 100 * SHORTEST);
        assert_eq!(passes, [true]);
    }

    #[test]
    fn parts_are_everything_in_order() {
        for count in [0, 1, SHORTEST, 2 * SHORTEST, 1_000_003] {
            let parts = split(count);
            assert_eq!(parts[0].start, 0);
            assert_eq!(parts.last().unwrap().end, count);
            assert!(parts.windows(2).all(|two| two[0].end == two[1].start));
            assert!(parts.iter().all(|part| part.start % LEAD == 0));
        }
    }
}
