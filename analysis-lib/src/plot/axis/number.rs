//! Round numbers for axes, and numbers as people write them.

use super::scale::Tick;
use activity_data::text::grouped;

/// Ends of an axis for numbers, and round ticks between them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Numbers {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) ticks: Vec<Tick>,
    /// Decimal places of the ticks.
    pub(crate) places: usize,
}

impl Numbers {
    /// The axis from zero, or from below it where `low` is, to `high` or the
    /// tick above. Ticks are 1, 2 or 5 times a power of ten apart, and at least
    /// `least_step`; there are about `most`.
    pub(crate) fn new((low, high): (f64, f64), least_step: f64, most: usize) -> Self {
        let low = if low.is_finite() { low.min(0.0) } else { 0.0 };
        let high = if high.is_finite() { high.max(0.0) } else { 0.0 };
        Self::between((low, high), least_step, most)
    }

    /// As [`new`](Self::new), but not from zero where all values lie far from it.
    pub(crate) fn around((low, high): (f64, f64), least_step: f64, most: usize) -> Self {
        match low > high - low {
            true => Self::between((low, high), least_step, most),
            false => Self::new((low, high), least_step, most),
        }
    }

    fn between((low, high): (f64, f64), least_step: f64, most: usize) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        let step = round_step((high - low) / most as f64).max(least_step);
        // The tolerance keeps 0.3 / 0.1 from reaching the fourth tick.
        let first = (low / step + 1e-9).floor();
        let last = (high / step - 1e-9).ceil().max(first + 1.0);
        let places = (-step.log10().floor()).max(0.0) as usize;
        let tick = |i: i64| Tick::new(i as f64 * step, number(i as f64 * step, places));
        Self {
            low: first * step,
            // The highest value keeps off the edge.
            high: (last * step).max(high + 0.03 * (high - first * step)),
            ticks: (first as i64..=last as i64).map(tick).collect(),
            places,
        }
    }
}

/// The smallest of 1, 2 and 5 times a power of ten that isn't below `least`.
pub(crate) fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let times = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|times| times * power >= least * (1.0 - 1e-9));
    times.unwrap_or(10.0) * power
}

/// More decimal places than this are a power of ten.
const MOST_PLACES: usize = 6;

/// A number with this many decimal places and thousands separators; a very
/// small one as "2e-17".
pub(crate) fn number(value: f64, places: usize) -> String {
    let plain = format!("{:.places$}", value.abs());
    // A minus sign, unless all digits are zeros.
    let is_zero = !plain.contains(|c| ('1'..='9').contains(&c));
    let sign = if value < 0.0 && !is_zero { "−" } else { "" };
    if places > MOST_PLACES && !is_zero {
        let digits = places as f64 + value.abs().log10().floor();
        let text = format!("{:.*e}", digits.max(0.0) as usize, value.abs());
        return format!("{sign}{}", text.replace('-', "−"));
    }
    if is_zero && places > MOST_PLACES {
        return "0".to_owned();
    }
    let (whole, fraction) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    format!("{sign}{}{fraction}", grouped(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        for (least, expected) in [
            (0.9, 1.0),
            (1.0, 1.0),
            (1.1, 2.0),
            (2.1, 5.0),
            (5.1, 10.0),
            (0.03, 0.05),
            (3e6, 5e6),
        ] {
            assert!(
                (round_step(least) / expected - 1.0).abs() < 1e-12,
                "{least}"
            );
        }
    }

    fn labels(range: (f64, f64), least_step: f64) -> Vec<String> {
        let ticks = Numbers::new(range, least_step, 6).ticks;
        ticks.into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn axes_start_at_zero_and_hold_the_values() {
        let expected = ["0", "20", "40", "60", "80", "100"];
        assert_eq!(labels((29.0, 87.0), 1.0), expected);
        assert_eq!(labels((0.0, 0.0), 1.0), ["0", "1"]);
        assert_eq!(labels((0.0, 1.0), 1.0), ["0", "1"]);
        let below = Numbers::new((-0.31, 2.2), 0.0, 6);
        assert_eq!((below.low, below.high, below.places), (-0.5, 2.5, 1));
        assert_eq!(labels((f64::NAN, f64::INFINITY), 0.0).len(), 6);
    }

    /// Twelve zeros after the point can't be told from thirteen.
    #[test]
    fn very_small_ticks_are_readable() {
        let expected = [
            "0",
            "2e−17",
            "4e−17",
            "6e−17",
            "8e−17",
            "1.0e−16",
            "1.2e−16",
        ];
        assert_eq!(labels((0.0, 1.1e-16), 0.0), expected);
        assert_eq!(
            labels((-1e-8, 1e-8), 0.0),
            ["−1.0e−8", "−5e−9", "0", "5e−9", "1.0e−8"]
        );
        assert_eq!(labels((0.0, 6e-6), 0.0)[1], "0.000001");
    }

    #[test]
    fn numbers_have_separators() {
        assert_eq!(number(1_234_567.0, 0), "1,234,567");
        assert_eq!(number(999.0, 0), "999");
        assert_eq!(number(-1234.56, 1), "−1,234.6");
        assert_eq!(number(-0.01, 1), "0.0");
    }
}
