use super::*;
use crate::source::sample::Random;

const SECOND: i64 = 1_000;
const START: i64 = 1_700_000_000_000;
const INTERVALS: [i64; 9] = [1, 2, 5, 10, 15, 30, 60, 360, 1440];

/// From `-most` to `most`.
fn around(random: &mut Random, most: i64) -> i64 {
    random.below(2 * most as u64 + 1) as i64 - most
}

fn rule(ends: &[i64]) -> (Vec<i64>, Vec<Gap>) {
    rule_with(ends, &[])
}

fn rule_with(ends: &[i64], left_out: &[i64]) -> (Vec<i64>, Vec<Gap>) {
    let (begins, extent) = told(ends, &vec![0; ends.len()], left_out.to_vec());
    (begins, extent.gaps)
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

/// Seconds by which bots write later than the first, in windows of five minutes.
const BOTS_OFFSETS: [&[i64]; 6] = [
    &[47, 180],
    &[2, 4],
    &[90, 100],
    &[2, 3, 200],
    &[5, 10, 15],
    &[1, 60, 61, 120],
];

/// All bots' ends.
fn several(ends: &[i64], offsets: &[i64], jitter: i64, random: &mut Random) -> Vec<i64> {
    let mut all = ends.to_vec();
    for offset in offsets {
        let own = ends
            .iter()
            .map(|end| end + offset * SECOND + around(random, jitter));
        all.extend(own);
    }
    all.sort_unstable();
    all
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
            for offsets in BOTS_OFFSETS.iter().filter(|_| minutes >= 5) {
                let several = several(&one, offsets, 0, random);
                all.push((format!("{minutes} min, bots at {offsets:?} s"), several));
            }
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
                        Some(percent) => {
                            with_a_second_bot(&one, interval * percent / 100, jitter, &mut random)
                        }
                        None => one.clone(),
                    };
                    let ends: Vec<i64> = both.into_iter().filter(|&end| is_there(end)).collect();
                    let name =
                        format!("{minutes} min ± {jitter} ms, at {at}, second bot {percent:?} %");
                    let (_, gaps) = rule(&ends);
                    let [gap] = gaps[..] else {
                        panic!("{name}: {gaps:?}")
                    };
                    // A second bot's windows shorten what nobody saw. Where
                    // it writes about half way between the first one's, both
                    // look like one bot with shorter windows.
                    let unseen = |pair: &[i64]| pair[1] - interval - pair[0];
                    let true_length = ends.windows(2).map(unseen).max().unwrap();
                    let is_half_way = percent.is_some_and(|percent| (35..=65).contains(&percent));
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
        assert!(overlapping(&begins, &ends).count() >= 95, "{offset}");
    }
}

#[test]
fn a_declared_begin_holds_and_what_lies_before_it_is_a_gap() {
    let ends = [10, 20, 30, 50, 60].map(|minutes| START + minutes * MINUTE);
    let declared = [0, 0, 600_000, 300_000, 0];
    let (begins, extent) = told(&ends, &declared, Vec::new());
    assert_eq!(
        begins,
        [0, 10, 20, 45, 50].map(|minutes| START + minutes * MINUTE)
    );
    assert_eq!(extent.gaps, [Gap::new(ends[2], begins[3])]);
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

/// Three and more bots' windows are as long as one's, and hours in which none wrote
/// are a gap.
#[test]
fn several_bots_windows_are_as_long_as_one_bots_and_their_gap_is_found() {
    let mut random = Random(7);
    for minutes in [5, 10, 60] {
        for offsets in BOTS_OFFSETS {
            let mut lengths = vec![minutes * MINUTE; 200];
            lengths[120] *= 10;
            let one = bot(lengths, 0, &mut random);
            let ends = several(&one, offsets, SECOND / 2, &mut random);
            let (begins, gaps) = rule(&ends);
            let usual = median(&begins, &ends).unwrap();
            let name = format!("{minutes} min, {offsets:?}: {usual}, {gaps:?}");
            assert!((usual - minutes * MINUTE).abs() < 3 * SECOND, "{name}");
            assert_eq!(gaps.len(), 1, "{name}");
            let last = offsets[offsets.len() - 1] * SECOND;
            let missing = 9 * minutes * MINUTE - last;
            assert!(
                (gaps[0].end - gaps[0].begin - missing).abs() < 5 * SECOND,
                "{name}"
            );
        }
    }
}

/// A window that is missing every fifth time is no third bot's.
#[test]
fn one_bot_that_misses_a_window_now_and_then_stays_one() {
    // One that is up for an hour a day, too.
    for (every, length) in [(4, 20), (5, 20), (3, 23 * 60), (6, 23 * 60)] {
        let lengths = (0..200).map(|i| if i % every == 0 { length } else { 10 } * MINUTE);
        let ends = bot(lengths, SECOND, &mut Random(8));
        let (begins, _) = rule(&ends);
        assert_eq!(overlapping(&begins, &ends).count(), 0, "{every}, {length}");
    }
}

/// Of 288 windows of ten minutes, which are left out.
fn left_out(is_left_out: impl Fn(i64) -> bool) -> (Vec<i64>, Vec<i64>) {
    let end = |i| START + i * 10 * MINUTE;
    let (left_out, used): (Vec<i64>, Vec<i64>) = (1..=288).partition(|&i| is_left_out(i));
    let ends = |own: Vec<i64>| own.into_iter().map(end).collect();
    (ends(used), ends(left_out))
}

#[test]
fn a_window_that_is_left_out_is_a_gap_of_its_own_kind_and_lengthens_none() {
    for (name, is_left_out) in [
        ("every second", (|i| i % 2 == 0) as fn(i64) -> bool),
        ("every third", |i| i % 3 == 0),
        ("five of six", |i| i % 6 != 0),
        ("an evening", |i| (100..148).contains(&i)),
        ("every second of an evening", |i| {
            (100..148).contains(&i) && i % 2 == 0
        }),
        ("one", |i| i == 30),
    ] {
        let (ends, left_out) = left_out(is_left_out);
        let (begins, gaps) = rule_with(&ends, &left_out);
        for (begin, end) in begins.iter().zip(&ends) {
            assert_eq!(end - begin, 10 * MINUTE, "{name}");
        }
        assert!(
            gaps.iter().all(|gap| gap.kind == GapKind::LeftOut),
            "{name}"
        );
        let within = left_out
            .iter()
            .filter(|&&end| end > ends[0] && end < ends[ends.len() - 1]);
        let lost: i64 = gaps.iter().map(|gap| gap.end - gap.begin).sum();
        assert_eq!(lost, within.count() as i64 * 10 * MINUTE, "{name}");
    }
}

#[test]
fn a_twin_of_a_window_that_can_be_used_changes_nothing() {
    let mut random = Random(9);
    let ends = bot(vec![10 * MINUTE; 200], SECOND, &mut random);
    for offset in [0, 1, 47, 240] {
        for every in [1, 7] {
            let twins = ends.iter().step_by(every).map(|end| end + offset * SECOND);
            let twins: Vec<i64> = twins.collect();
            assert_eq!(
                without_twins(&ends, &twins),
                Vec::<i64>::new(),
                "{offset} s, every {every}"
            );
            assert_eq!(
                rule_with(&ends, &twins),
                rule(&ends),
                "{offset} s, every {every}"
            );
        }
    }
}

#[test]
fn a_window_left_out_in_an_outage_parts_it_and_one_outside_the_record_is_none() {
    let end = |i: i64| START + i * 10 * MINUTE;
    let ends: Vec<i64> = (0..20).chain(60..80).map(end).collect();
    let gap = |begin, end, left_out| Gap {
        kind: if left_out {
            GapKind::LeftOut
        } else {
            GapKind::NoData
        },
        ..Gap::new(begin, end)
    };
    let (_, gaps) = rule_with(&ends, &[end(-40), end(40), end(41), end(300)]);
    assert_eq!(
        gaps,
        [
            gap(end(19), end(39), false),
            gap(end(39), end(41), true),
            gap(end(41), end(59), false)
        ]
    );
}
