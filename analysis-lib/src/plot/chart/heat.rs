//! Heat maps of the clock: a row for each of something, a column an hour.

use super::frame::{Frame, TOP};
use super::shades::Shades;
use crate::plot::axis::{Axis, Scale, Tick};
use crate::plot::figure::Figure;
use crate::plot::labels::Labels;
use crate::plot::svg::{AXIS, Area, Content, Look, MARGIN, Tooltip, WIDTH, label_width};
use activity_data::Origin;

pub(crate) const HOURS: usize = 24;
const BELOW: [f64; 3] = [18.0, 40.0, 78.0];

/// A cell for each row and hour of the day.
pub(crate) struct Heat<'a> {
    pub(crate) origin: &'a Origin,
    pub(crate) labels: &'a Labels,
    /// A label a row, from the top down.
    pub(crate) rows: Vec<String>,
    /// The height of a row, in pixels.
    pub(crate) row_height: f64,
    /// The cells of one row after those of another.
    pub(crate) cells: Vec<Cell>,
    /// What stands after a number of the legend, such as "%".
    pub(crate) unit: &'static str,
    /// Notes, sentences and the table.
    pub(crate) content: Content,
}

pub(crate) struct Cell {
    /// `None` for what was never recorded.
    pub(crate) value: Option<f64>,
    pub(crate) tooltip: Vec<String>,
}

impl Heat<'_> {
    pub(crate) fn figure(self) -> Figure {
        let widths = self.rows.iter().map(|label| label_width(label));
        let area = Area {
            left: MARGIN + widths.fold(0.0, f64::max) + 10.0,
            top: TOP,
            right: WIDTH - MARGIN,
            bottom: TOP + self.rows.len() as f64 * self.row_height,
        };
        let row_height = self.row_height;
        let column = (area.right - area.left) / HOURS as f64;
        let cell = |index: usize| {
            let (row, hour) = ((index / HOURS) as f64, (index % HOURS) as f64);
            Area {
                left: area.left + hour * column,
                top: area.top + row * row_height,
                right: area.left + (hour + 1.0) * column,
                bottom: area.top + (row + 1.0) * row_height,
            }
        };
        let clock = |hour: u32| {
            let x = area.left + f64::from(hour) * column;
            Tick::new(x, format!("{hour:02}:00"))
        };
        let row = |(row, label): (usize, &String)| {
            Tick::new(
                area.top + (row as f64 + 0.5) * self.row_height,
                label.clone(),
            )
        };
        let zone = self.origin.timezone().name();
        let frame = Frame {
            origin: self.origin,
            labels: self.labels,
            area,
            x: Axis::new(
                Scale::of_pixels(0.0, WIDTH),
                (0..24).step_by(3).map(clock).collect(),
                format!("Hour of the Day ({zone})"),
            ),
            y: Axis::new(
                Scale::of_pixels(0.0, area.bottom + BELOW[2]),
                self.rows.iter().enumerate().map(row).collect(),
                &self.labels.axis,
            ),
            below: BELOW,
            places: self.labels.places,
        };

        let values = self.cells.iter().filter_map(|cell| cell.value);
        let shades = Shades::of(values, self.unit);
        let is_unseen = self.cells.iter().any(|cell| cell.value.is_none());
        let mut paths = frame.paths();
        for (index, Cell { value, .. }) in self.cells.iter().enumerate() {
            match value {
                Some(value) => {
                    let look = Look::Filled(shades.shade(*value));
                    paths.rectangle(cell(index).corners(0.8), look);
                }
                None => {
                    let [(left, top), (right, bottom)] = cell(index).corners(7.0);
                    paths.line([(left, bottom), (right, top)], Look::Outlined(AXIS, 10));
                }
            }
        }
        let words = if is_unseen { "╱ never recorded" } else { "" };
        let legend = shades.legend(&mut paths, area.right, TOP - 17.0, words);
        let tooltips = self.cells.into_iter().enumerate();
        frame.figure(Content {
            shapes: paths.group(),
            legend,
            tooltips: tooltips
                .map(|(index, own)| Tooltip::above(cell(index), own.tooltip))
                .collect(),
            ..self.content
        })
    }
}
