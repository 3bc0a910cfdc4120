//! Heat maps of the clock: a row for each of something, a column an hour.

use super::frame::Frame;
use super::shades::Shades;
use crate::plot::axis::{Axis, Scale, Tick};
use crate::plot::figure::Figure;
use crate::plot::labels::Labels;
use crate::plot::svg::*;

pub(crate) const HOURS: usize = 24;

/// A cell for each row and hour of the day.
pub(crate) struct Heat<'a> {
    pub(crate) labels: &'a Labels,
    /// A label a row, from the top down.
    pub(crate) rows: Vec<String>,
    /// The height of a row, in pixels.
    pub(crate) row_height: f64,
    /// The cells of one row after those of another.
    pub(crate) cells: Vec<Cell>,
    /// What stands after a number of the legend, such as "%".
    pub(crate) unit: &'static str,
    /// What outlined cells are.
    pub(crate) outlined: &'static str,
    /// The figure in words.
    pub(crate) words: Words,
}

pub(crate) struct Cell {
    /// `None` for what was never recorded.
    pub(crate) value: Option<f64>,
    pub(crate) is_outlined: bool,
    pub(crate) tooltip: Vec<String>,
}

impl Heat<'_> {
    pub(crate) fn figure(self) -> Figure {
        let (frame, words) = self.drawn();
        frame.figure(words)
    }

    /// The frame with what is in it, and the figure in words.
    pub(crate) fn drawn(self) -> (Frame, Words) {
        let theme = &self.labels.theme;
        let widths = self.rows.iter().map(|label| label_width(label));
        let left = theme.area.left + widths.fold(0.0, f64::max) + 10.0;
        let mut area = theme.area.between(left, theme.area.right);
        area.bottom = area.top + self.rows.len() as f64 * self.row_height;
        let row_height = self.row_height;
        let column = (area.right - area.left) / HOURS as f64;
        let cell = |index: usize| {
            let (row, hour) = ((index / HOURS) as f64, (index % HOURS) as f64);
            let at = (area.left + hour * column, area.top + row * row_height);
            Area::at(at, column, row_height)
        };
        let every = if theme.is_narrow() { 8 } else { 3 };
        let row = |(row, label): (usize, &String)| {
            let middle = area.top + (row as f64 + 0.5) * row_height;
            Tick::new(middle, label.clone())
        };
        let hours = Scale::new([0.0, 24.0], [area.left, area.right]);
        let mut x = Frame::clock(self.labels.zone(), hours, 0..=23, every);
        for tick in &mut x.ticks {
            tick.value = hours.place(tick.value);
        }
        let rows = self.rows.iter().enumerate().map(row).collect();
        let y = Axis::new(Scale::of_pixels(0.0, area.bottom), rows, &self.labels.axis);
        let mut frame = Frame::new(self.labels, area, x, y);
        // Cells are places in pixels.
        frame.x.scale = Scale::of_pixels(0.0, WIDTH);
        frame.y.scale = Scale::of_pixels(0.0, area.bottom + frame.below[2]);

        let values = self.cells.iter().filter_map(|cell| cell.value);
        let shades = Shades::of(values, self.unit);
        let is_unseen = self.cells.iter().any(|cell| cell.value.is_none());
        for (index, Cell { value, .. }) in self.cells.iter().enumerate() {
            match value {
                Some(value) => {
                    let look = shades.shade(theme, *value).filled();
                    frame
                        .shapes
                        .rectangle(cell(index).corners(0.8_f64.min(column * 0.05)), look);
                }
                None => {
                    let [(left, top), (right, bottom)] =
                        cell(index).corners(7.0_f64.min(column * 0.3));
                    let ends = [(left, bottom), (right, top)];
                    frame.shapes.line(ends, theme.axis.stroke_width(10));
                }
            }
        }
        for index in (0..self.cells.len()).filter(|&index| self.cells[index].is_outlined) {
            frame
                .shapes
                .rectangle(cell(index).corners(2.0), VERMILLION.stroke_width(20));
        }
        let words = if is_unseen {
            "╱ never recorded"
        } else {
            self.outlined
        };
        if !theme.is_narrow() {
            let at = (area.right, area.top - 17.0);
            frame.legend = shades.legend(theme, &mut frame.shapes, at, words);
        }
        let tooltips = self.cells.into_iter().enumerate();
        let tooltips = tooltips.map(|(index, own)| Tooltip::above(cell(index), own.tooltip));
        frame.tooltips = tooltips.collect();
        (frame, self.words)
    }
}
