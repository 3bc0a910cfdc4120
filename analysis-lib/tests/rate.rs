//! The rate of messages: how well it tells a truth that is known, and what it
//! makes of hard cases. Its arithmetic is compared with NumPy's beside it, in
//! `src/spline/poisson.rs`.

#[path = "rate/simulation.rs"]
mod simulation;

use std::io::Write;

use analysis_lib::{Activity, aggregate, plot};
use simulation::{Series, cells, score};

const MINUTE: i64 = 60_000;
const START: i64 = 1_599_004_800_000;

/// The claim of `DESIGN.md` on fewer series; `cargo run --release --example
/// rate` prints the table of 200. Seeds are fixed: nothing here is by chance.
#[test]
fn the_band_holds_the_truth_and_the_error_is_below_a_kernels() {
    for (level, dispersion) in cells() {
        let series = (0..6).map(|seed| Series::new(seed, 7.0, level, dispersion, seed % 2 == 0));
        let score = score(series);
        let what = format!("{level} messages, variance times {dispersion}: {score:?}");
        assert!(score.held > if level < 1.0 { 0.85 } else { 0.92 }, "{what}");
        assert!(score.held < 0.995, "{what}");
        assert!(score.error < score.kernel_error, "{what}");
        assert!(score.relative < score.kernel_relative, "{what}");
        let off = score.dispersion / dispersion;
        assert!((0.75..1.25).contains(&off), "{what}");
    }
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
