//! Maps from values to pixels, and one side of a chart.

use std::ops::Range;

/// A linear map from values to pixels. Times are milliseconds since the epoch
/// (UTC).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    /// The values at both ends.
    pub(crate) values: [f64; 2],
    /// The places of both ends, in pixels from the card's left or top.
    pub(crate) ends: [f64; 2],
}

impl Scale {
    pub(crate) const fn new(values: [f64; 2], ends: [f64; 2]) -> Self {
        Self { values, ends }
    }

    /// A scale whose values are pixels already.
    pub(crate) fn of_pixels(start: f64, end: f64) -> Self {
        Self::new([start, end], [start, end])
    }

    /// Where a value is, in pixels from the card's left or top.
    pub(crate) fn place(&self, value: f64) -> f64 {
        self.ends[0] + self.pixels(self.values[0], value)
    }

    /// Pixels from one value to another.
    pub(crate) fn pixels(&self, from: f64, to: f64) -> f64 {
        let [[low, high], [start, end]] = [self.values, self.ends];
        (to - from) / (high - low) * (end - start)
    }

    /// The places of both ends in tenths of a pixel, moved outwards to whole ones,
    /// the last of which belongs to the scale.
    pub(crate) fn tenths(&self) -> Range<i32> {
        let [start, end] = self.ends.map(|end| end * 10.0);
        if start < end {
            start.floor() as i32..end.ceil() as i32 - 1
        } else {
            start.ceil() as i32 - 1..end.floor() as i32
        }
    }
}

/// A value with a label.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub(crate) value: f64,
    pub(crate) label: String,
    /// A second row below the label: of times the day where it changes, the
    /// year where that does. Else empty.
    pub(crate) context: String,
}

impl Tick {
    pub(crate) fn new(value: f64, label: String) -> Self {
        let context = String::new();
        Self {
            value,
            label,
            context,
        }
    }
}

/// One side of a chart.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    pub(crate) scale: Scale,
    pub(crate) ticks: Vec<Tick>,
    /// What the axis shows; may be empty.
    pub(crate) name: String,
}

impl Axis {
    pub(crate) fn new(scale: Scale, ticks: Vec<Tick>, name: impl Into<String>) -> Self {
        let name = name.into();
        Self { scale, ticks, name }
    }
}
