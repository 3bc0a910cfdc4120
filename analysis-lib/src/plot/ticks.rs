//! Round numbers for axes, and numbers as people write them.

/// An axis for numbers: its ends, and round ticks between them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axis {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) ticks: Vec<f64>,
    /// Decimal places of the ticks.
    pub(crate) places: usize,
}

/// The axis from zero, or from below it where `low` is, to `high` or the tick
/// above. Ticks are 1, 2 or 5 times a power of ten apart; of counts at least 1.
pub(crate) fn axis(low: f64, high: f64, count: bool, most: usize) -> Axis {
    let low = if low.is_finite() { low.min(0.0) } else { 0.0 };
    let high = if high.is_finite() { high.max(0.0) } else { 0.0 };
    let high = if high > low { high } else { 1.0 };
    let mut step = step((high - low) / most as f64);
    if count {
        step = step.max(1.0);
    }
    // The tolerance keeps 0.3 / 0.1 from reaching the fourth tick.
    let first = (low / step + 1e-9).floor();
    let last = (high / step - 1e-9).ceil().max(first + 1.0);
    let ticks = (first as i64..=last as i64)
        .map(|i| i as f64 * step)
        .collect();
    Axis {
        low: first * step,
        // What is highest keeps off the edge.
        high: (last * step).max(high + 0.03 * (high - first * step)),
        ticks,
        places: (-step.log10().floor()).clamp(0.0, 12.0) as usize,
    }
}

/// The smallest of 1, 2 and 5 times a power of ten that isn't below `least`.
fn step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let times = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|times| times * power >= least * (1.0 - 1e-9));
    times.unwrap_or(10.0) * power
}

/// A number with this many decimal places and thousands separators.
pub(crate) fn number(value: f64, places: usize) -> String {
    let plain = format!("{:.places$}", value.abs());
    let (whole, fraction) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    let mut text = String::new();
    // A minus sign, unless all that is shown is zeros.
    if value < 0.0 && plain.contains(|c| ('1'..='9').contains(&c)) {
        text.push('−');
    }
    for (i, digit) in whole.char_indices() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + fraction
}

/// A count with its noun: "1 window", "1,234 windows".
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    let noun = if count == 1 { one } else { many };
    format!("{} {noun}", number(count as f64, 0))
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
            assert!((step(least) / expected - 1.0).abs() < 1e-12, "{least}");
        }
    }

    #[test]
    fn axes_start_at_zero_and_hold_the_values() {
        assert_eq!(
            axis(29.0, 87.0, true, 6).ticks,
            [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]
        );
        assert_eq!(axis(0.0, 0.0, true, 6).ticks, [0.0, 1.0]);
        assert_eq!(axis(0.0, 1.0, true, 6).ticks, [0.0, 1.0]);
        let below = axis(-0.31, 2.2, false, 6);
        assert_eq!((below.low, below.high, below.places), (-0.5, 2.5, 1));
        let none = axis(f64::NAN, f64::INFINITY, false, 6);
        assert_eq!(none.ticks.len(), 6);
    }

    #[test]
    fn numbers_have_separators() {
        assert_eq!(number(1_234_567.0, 0), "1,234,567");
        assert_eq!(number(999.0, 0), "999");
        assert_eq!(number(-1234.56, 1), "−1,234.6");
        assert_eq!(number(-0.01, 1), "0.0");
    }
}
