//! Heat maps of the clock: a row for each of something, a column an hour.

use super::frame::Frame;
use super::shades::Shades;
use crate::plot::axis::{Axis, Scale, Tick};
use crate::plot::labels::Labels;
use crate::plot::svg::*;

pub(crate) const HOURS: usize = 24;

/// A value, `None` for what was never recorded, and a tooltip's lines.
pub(crate) type Cell = (Option<f64>, Vec<String>);

/// A cell for each hour of the day in rows of this height in pixels, from the top down,
/// those of one row after those of another. `unit` stands after a number of the legend,
/// such as "%", which says what those cells are that are `outlined`.
pub(crate) fn heat(
    labels: &Labels,
    rows: Vec<String>,
    row_height: f64,
    cells: Vec<Cell>,
    unit: &'static str,
    (outlined, outlines): (&str, &[usize]),
) -> Frame {
    let theme = &labels.theme;
    let widths = rows.iter().map(|label| label_width(label));
    let left = theme.area.left + widths.fold(0.0, f64::max) + 10.0;
    let mut area = theme.area.between(left, theme.area.right);
    area.bottom = area.top + rows.len() as f64 * row_height;
    let column = (area.right - area.left) / HOURS as f64;
    let cell = |index: usize| {
        let (row, hour) = ((index / HOURS) as f64, (index % HOURS) as f64);
        let at = (area.left + hour * column, area.top + row * row_height);
        Area::at(at, column, row_height)
    };
    let every = if theme.is_narrow() { 8 } else { 3 };
    let row = |(row, label): (usize, String)| {
        let middle = area.top + (row as f64 + 0.5) * row_height;
        Tick::new(middle, label)
    };
    let hours = Scale::new([0.0, 24.0], [area.left, area.right]);
    let mut x = Frame::clock(labels.zone(), hours, 23, every);
    for tick in &mut x.ticks {
        tick.value = hours.place(tick.value);
    }
    let rows = rows.into_iter().enumerate().map(row).collect();
    let y = Axis::new(Scale::of_pixels(0.0, area.bottom), rows, &labels.axis);
    let mut frame = Frame::new(labels, area, x, y);
    // Cells are places in pixels.
    frame.x.scale = Scale::of_pixels(0.0, WIDTH);
    frame.y.scale = Scale::of_pixels(0.0, area.bottom + frame.below[2]);

    let shades = Shades::of(cells.iter().filter_map(|cell| cell.0), unit);
    let shapes = &mut frame.shapes;
    for (index, &(value, _)) in cells.iter().enumerate() {
        let inset = match value {
            Some(_) => 0.8_f64.min(column * 0.05),
            None => 7.0_f64.min(column * 0.3),
        };
        let corners = cell(index).corners(inset);
        let [(left, top), (right, bottom)] = corners;
        match value {
            Some(value) => shapes.rectangle(corners, shades.shade(theme, value).filled()),
            None => shapes.path([(left, bottom), (right, top)], theme.axis.stroke_width(10)),
        }
    }
    for &index in outlines {
        shapes.rectangle(cell(index).corners(2.0), VERMILLION.stroke_width(20));
    }
    let words = match cells.iter().any(|cell| cell.0.is_none()) {
        true => "╱ never recorded",
        false => outlined,
    };
    if !theme.is_narrow() {
        shades.legend(&mut frame, words);
    }
    let tooltips = cells.into_iter().enumerate();
    let tooltips = tooltips.map(|(index, (_, lines))| Tooltip::above(cell(index), lines));
    frame.tooltips = tooltips.collect();
    frame
}
