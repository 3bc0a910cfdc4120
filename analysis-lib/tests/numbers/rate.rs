//! The rate of messages: how well it tells a truth that is known, and what it
//! makes of hard cases. Its arithmetic is compared with NumPy's beside it, in
//! `src/spline/poisson.rs`.

use std::io::Write;

use analysis_lib::{Activity, aggregate, plot};

use crate::simulation::{KINDS, Kind, Series, cells, score};

const MINUTE: i64 = 60_000;
const START: i64 = 1_599_004_800_000;

fn kind(name: &str) -> &'static Kind {
    KINDS.iter().find(|kind| kind.name == name).unwrap()
}

/// The claim of `DESIGN.md` on fewer series; `cargo run --release --example
/// rate` prints the table of 200. Seeds are fixed: nothing here is by chance.
#[test]
fn the_band_holds_the_truth_and_the_error_is_below_a_kernels() {
    for (level, dispersion) in cells() {
        let series = (0..12).map(|seed| {
            let kind = Kind {
                days: 7.0,
                ..*kind(["edges", "smooth"][seed as usize % 2])
            };
            Series::new(seed, &kind, level, dispersion)
        });
        let score = score(series);
        let what = format!("{level} messages, variance times {dispersion}: {score:?}");
        let held = score.held.value();
        assert!(held > if level < 1.0 { 0.85 } else { 0.92 }, "{what}");
        assert!(held < 0.995, "{what}");
        assert!(score.error.value() < score.kernel_error.value(), "{what}");
        assert!(
            score.relative.value() < score.kernel_relative.value(),
            "{what}"
        );
        let off = score.dispersion.value() / dispersion;
        assert!((0.75..1.25).contains(&off), "{what}");
    }
}

/// The claim of `DESIGN.md` on fewer series, of windows beside a spike and in
/// it. Of 20 series with 3 spikes, 60 windows are in one: nine may be missed.
#[test]
fn the_band_holds_beside_spikes_and_in_them() {
    for (name, jumps) in [("spikes", 6.0), ("raids", 4.0)] {
        for (level, dispersion) in cells() {
            let series = (0..20).map(|seed| Series::new(seed, kind(name), level, dispersion));
            let score = score(series);
            let what = format!("{name}, {level} messages, variance times {dispersion}: {score:?}");
            assert!(score.beside.value() > 0.85, "{what}");
            assert!(score.in_added.value() > 0.85, "{what}");
            assert!(
                score.error.value() < score.kernel_error.value() / 2.0,
                "{what}"
            );
            assert!(score.jumps.value() >= jumps, "{what}");
            assert!(score.jumps.value() < jumps + 1.0, "{what}");
        }
    }
}

/// A day with one window of 20,015 messages among 7 to 21: the curve beside it
/// goes through what those windows hold, and so does the band of the one window.
#[test]
fn a_raid_of_one_window_leaves_those_beside_it_alone() {
    const COUNTS: &str = "30 30 29 26 22 22 30 18 23 24 21 13 20 18 20 8 11 19 8 10 13 22 15 9 \
        11 15 14 7 8 11 8 6 8 3 7 7 9 7 4 9 8 7 6 7 2 1 3 9 \
        6 7 6 9 6 2 5 11 14 4 11 9 12 7 11 5 6 13 5 12 10 8 8 11 \
        20015 12 13 21 15 14 15 18 17 20 14 16 15 16 15 22 21 23 21 22 31 26 20 18 \
        23 24 27 16 28 32 26 28 32 28 30 37 33 26 34 24 25 32 19 33 27 34 30 27 \
        37 35 36 35 35 33 22 20 36 30 20 27 32 23 22 26 32 20 25 31 28 23 21 20";
    let counts: Vec<u32> = COUNTS
        .split(' ')
        .map(|count| count.parse().unwrap())
        .collect();
    let spike = counts.iter().position(|&count| count == 20_015).unwrap();
    let rate = rate(&windows(counts.len() as i64, |i| counts[i as usize]));
    for i in (spike - 6..spike).chain(spike + 1..spike + 7) {
        let ten_minutes = 10.0 * rate.per_minute()[i];
        assert!((8.0..21.0).contains(&ten_minutes), "{i}: {ten_minutes}");
        assert!(rate.upper()[i] / rate.lower()[i] < 2.0, "{i}");
    }
    assert!((rate.per_minute()[spike] - 2001.5).abs() < 1.0);
    // A Poisson count's deviation is its root: 141 messages, 14 a minute.
    let band = [rate.lower()[spike], rate.upper()[spike]];
    assert!((band[0] - (2001.5 - 27.7)).abs() < 1.0, "{band:?}");
    assert!((band[1] - (2001.5 + 27.7)).abs() < 1.0, "{band:?}");
    let middle = |i: usize| rate.times()[i];
    let jumps = [spike, spike + 1].map(|i| middle(i - 1).midpoint(middle(i)));
    assert_eq!(rate.jumps(), jumps);
    assert!(
        (rate.dispersion() - 1.0).abs() < 0.2,
        "{}",
        rate.dispersion()
    );
}

/// Windows as (begin, end, messages), in minutes after a start.
fn activity(windows: &[(i64, i64, u32)]) -> Activity {
    let name = format!(
        "rate-hard-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    );
    let path = std::env::temp_dir().join(name + ".json");
    let mut file = std::fs::File::create(&path).unwrap();
    for (i, (begin, end, count)) in windows.iter().enumerate() {
        let date = |minutes: &i64| {
            format!(
                "{{\"$date\":{{\"$numberLong\":\"{}\"}}}}",
                START + minutes * MINUTE
            )
        };
        // A window of no length can't say when it began.
        let since = match begin < end {
            true => format!("\"since\":{},", date(begin)),
            false => String::new(),
        };
        writeln!(
            file,
            "{{{since}\"time\":{},\"online-members\":{},\"messages-sent\":{count},\"quantities\":{{}}}}",
            date(end),
            i + 1
        )
        .unwrap();
    }
    drop(file);
    let activity = Activity::open(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    assert_eq!(activity.len(), windows.len());
    activity
}

fn windows(count: i64, messages: impl Fn(i64) -> u32) -> Vec<(i64, i64, u32)> {
    (0..count)
        .map(|i| (i * 10, i * 10 + 10, messages(i)))
        .collect()
}

/// The rate, after what must hold of every one.
fn rate(windows: &[(i64, i64, u32)]) -> aggregate::Rate {
    let activity = activity(windows);
    let rate = aggregate::rate(&activity).unwrap();
    let edges = rate.lower().iter().zip(rate.upper());
    assert_eq!(
        [rate.times().len(), rate.upper().len()],
        [activity.len(); 2]
    );
    assert_eq!(
        [rate.per_minute().len(), rate.lower().len()],
        [activity.len(); 2]
    );
    for ((lower, upper), rate) in edges.zip(rate.per_minute()) {
        let is_right = 0.0 <= *lower && lower <= rate && rate <= upper && upper.is_finite();
        assert!(is_right, "{lower} {rate} {upper}");
    }
    assert!(!plot::rate(&activity).says().contains("NaN"));
    rate
}

/// −ln 0.025 is how many messages there may have been of which none was seen.
#[test]
fn no_message_in_780_minutes() {
    let rate = rate(&windows(78, |_| 0));
    assert_eq!(rate.per_minute(), [0.0; 78]);
    assert_eq!(rate.lower(), [0.0; 78]);
    assert!((rate.upper()[0] - 3.688_879 / 780.0).abs() < 1e-8);
}

/// With nothing but equal counts, the rate is their mean.
#[test]
fn equal_counts_are_an_even_rate() {
    for count in [1, 7, 123_456] {
        let rate = rate(&windows(78, |_| count));
        for value in rate.per_minute() {
            assert!(
                (value * 10.0 / f64::from(count) - 1.0).abs() < 1e-6,
                "{value}"
            );
        }
        assert_eq!(rate.dispersion(), 1.0);
    }
}

#[test]
fn too_few_windows_are_a_sentence() {
    for count in 1..4 {
        let error = aggregate::rate(&activity(&windows(count, |_| 3))).unwrap_err();
        let expected = format!(
            "a rate needs at least 4 windows with different times, and there are {count}; take a longer span"
        );
        assert_eq!(error.to_string(), expected);
        assert!(
            plot::rate(&activity(&windows(count, |_| 3)))
                .says()
                .starts_with("A rate needs")
        );
    }
    rate(&windows(4, |_| 3));
    rate(&windows(5, |i| u32::from(i == 3)));
}

#[test]
fn one_huge_count_among_zeros() {
    for count in [1, 1_000, 2_000_000_000] {
        let rate = rate(&windows(500, |i| if i == 250 { count } else { 0 }));
        let highest = rate.per_minute().iter().copied().fold(0.0, f64::max);
        assert_eq!(highest, rate.per_minute()[250], "{count}");
    }
}

/// Two documents that end at the same moment both cover the whole window, as the
/// rule of time says: the rate is the mean of both.
#[test]
fn windows_that_end_together() {
    let mut twice = windows(100, |_| 5);
    twice.insert(51, (510, 510, 7));
    for value in rate(&twice).per_minute() {
        assert!((value - 0.5).abs() < 0.02, "{value}");
    }
    rate(
        &windows(100, |i| i as u32 % 9)
            .iter()
            .flat_map(|w| [*w, (w.1, w.1, 3)])
            .collect::<Vec<_>>(),
    );
}

/// A day in one window counts as a day.
#[test]
fn lengths_count() {
    let mut mixed = windows(144, |_| 10);
    mixed.push((1440, 2880, 1440));
    mixed.extend((288..432).map(|i| (i * 10, i * 10 + 10, 10)));
    for value in rate(&mixed).per_minute() {
        assert!((value - 1.0).abs() < 0.01, "{value}");
    }
}

/// What was half a year ago says nothing about now, and knots aren't spent on it.
#[test]
fn sides_of_a_long_gap_do_not_touch() {
    let steps = |i: i64| if i < 300 { 100 } else { 1 };
    let half_year = 180 * 1440;
    let mut apart = windows(600, steps);
    for window in &mut apart[300..] {
        window.0 += half_year;
        window.1 += half_year;
    }
    let rate = rate(&apart);
    for (i, value) in rate.per_minute().iter().enumerate() {
        let truth = f64::from(steps(i as i64)) / 10.0;
        let off = (value / truth).ln().abs();
        assert!(off < 0.1, "{i}: {value}");
    }
    // Windows that are all alone, and clocks that were wrong by years.
    let alone: Vec<_> = (0..60)
        .map(|i| (i * 40_000, i * 40_000 + 10, i as u32 % 7))
        .collect();
    self::rate(&alone);
}

/// Both bots count the same messages in the same time: the rate is the mean.
#[test]
fn overlapping_windows_are_not_added() {
    let mut two = windows(200, |_| 6);
    two.extend(
        windows(200, |_| 4)
            .iter()
            .map(|(begin, end, count)| (begin + 3, end + 3, *count)),
    );
    two.sort_unstable_by_key(|window| window.1);
    for value in rate(&two).per_minute() {
        assert!((value - 0.5).abs() < 0.02, "{value}");
    }
}

/// Lengths from a minute to a week, gaps up to months, counts up to millions.
#[test]
fn odd_windows_have_a_rate() {
    let mut state = 7_u64;
    let mut below = |most: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % most
    };
    for _ in 0..40 {
        let (count, size) = (4 + below(60), 10_u64.pow(below(8) as u32));
        let (longest, gap) = (
            [1, 10, 10_000][below(3) as usize],
            [1, 30, 40_000][below(3) as usize],
        );
        let mut end = 0;
        let odd: Vec<_> = (0..count)
            .map(|_| {
                let begin = end + (below(3) / 2 * below(gap)) as i64;
                end = begin + 1 + below(longest) as i64;
                (begin, end, (below(2) * below(size)) as u32)
            })
            .collect();
        rate(&odd);
    }
}
