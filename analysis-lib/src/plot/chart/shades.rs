//! Values as shades, from light to dark.

use super::frame::Frame;
use crate::plot::axis::{Numbers, number};
use crate::plot::svg::*;

/// Shades that differ: more would not be told apart.
const STEPS: f64 = 60.0;
/// What a legend's shades take, in pixels.
const WIDE: f64 = 160.0;

/// Which shade a value has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shades {
    /// The value of the darkest shade.
    pub(crate) high: f64,
    /// Whether there are values above it.
    is_cut: bool,
    /// Decimal places of round values.
    pub(crate) places: usize,
    /// What stands after a number, such as "%".
    unit: &'static str,
}

impl Shades {
    /// Shades from zero to the highest of these values. Where that is more than
    /// twice what 95 of 100 values above zero don't exceed, the darkest shade begins there:
    /// a few extreme values would leave all others pale.
    pub(crate) fn of(values: impl Iterator<Item = f64>, unit: &'static str) -> Self {
        let mut values: Vec<f64> = values.filter(|&value| value > 0.0).collect();
        values.sort_by(f64::total_cmp);
        let most = values.last().copied().unwrap_or(0.0);
        let usual = match values.len() {
            0 => 0.0,
            count => values[(count * 95).div_ceil(100) - 1],
        };
        let is_cut = usual > 0.0 && most > 2.0 * usual;
        let numbers = Numbers::new((0.0, if is_cut { usual } else { most }), 0.0, 4);
        // The tick that none of them exceeds.
        let high = numbers.ticks[numbers.ticks.len() - 1].value;
        Self {
            high,
            is_cut: is_cut && most > high,
            places: numbers.places,
            unit,
        }
    }

    /// Shades of shares in percent.
    pub(crate) fn of_percent() -> Self {
        Self {
            high: 100.0,
            is_cut: false,
            places: 0,
            unit: "%",
        }
    }

    pub(crate) fn shade(&self, theme: &Theme, value: f64) -> Colour {
        let step = (value / self.high).clamp(0.0, 1.0) * STEPS;
        let place = step.round() / STEPS * 2.0;
        let index = (place as usize).min(1);
        theme.shades[index].mixed(theme.shades[index + 1], place - index as f64)
    }

    /// What the shades mean, with words before it, as a row that ends where the chart
    /// does, above a frame whose values are pixels.
    pub(crate) fn legend(&self, frame: &mut Frame, words: &str) {
        let theme = &frame.labels.theme;
        let (right, baseline) = (frame.area.right, frame.area.top - 17.0);
        let more = if self.is_cut { " or more" } else { "" };
        let high = number(self.high, self.places) + self.unit + more;
        let right = right - label_width(&high) - 6.0;
        let left = right - WIDE;
        // Each lies over the last, without seams.
        for step in 0..STEPS as u32 {
            let share = f64::from(step) / STEPS;
            let corners = [
                (left + share * WIDE, baseline - 9.0),
                (right, baseline + 1.0),
            ];
            let shade = self.shade(theme, share * self.high);
            frame.shapes.rectangle(corners, shade.filled());
        }
        let (ink, low) = (theme.soft_ink, format!("0{}", self.unit));
        let mut texts = text((left - 6.0, baseline), Anchor::Right, ink, &low);
        texts += &text((right + 6.0, baseline), Anchor::Left, ink, &high);
        if !words.is_empty() {
            let left = left - 26.0 - label_width(self.unit);
            texts += &text((left, baseline), Anchor::Right, ink, words);
        }
        frame.legend = texts;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::svg::LIGHT;

    #[test]
    fn shades_darken_evenly() {
        let shades = Shades::of_percent();
        let light = |percent: i32| {
            let (red, green, blue) = shades.shade(&LIGHT, f64::from(percent)).0;
            0.21 * f64::from(red) + 0.72 * f64::from(green) + 0.07 * f64::from(blue)
        };
        assert!((0..50).all(|i| light(2 * i) > light(2 * i + 2)));
        assert_eq!(shades.shade(&LIGHT, -1.0).to_string(), "#ecf3f8");
        assert_eq!(shades.shade(&LIGHT, f64::INFINITY).to_string(), "#063b63");
    }

    /// One hour of a raid leaves the others their shades.
    #[test]
    fn an_extreme_value_does_not_wash_out_the_others() {
        let values = || (0..100).map(|i| f64::from(i % 50));
        let calm = Shades::of(values(), "");
        let raid = Shades::of(values().chain([9_000.0]), "");
        assert!(!calm.is_cut && raid.is_cut);
        assert!(calm.high <= 60.0 && raid.high <= 60.0);
        assert_eq!(Shades::of([].into_iter(), "").high, 1.0);
    }
}
