//! Heat maps of the clock: a row for each of something, a column an hour.

use super::frame::{Frame, TOP};
use crate::data::Origin;
use crate::plot::Figure;
use crate::plot::axis::number::{Numbers, number};
use crate::plot::axis::{Axis, Scale, Tick};
use crate::plot::labels::Labels;
use crate::plot::svg::{
    AXIS, Anchor, Area, Colour, Content, Look, MARGIN, SOFT_INK, Tooltip, WIDTH, label_width, text,
};

pub(crate) const HOURS: usize = 24;
const BELOW: [f64; 3] = [18.0, 40.0, 78.0];

/// Light to dark: equal steps look equal, and colour-blind readers and
/// black-and-white printers keep the order.
const SHADES: [Colour; 3] = [
    Colour(0xec, 0xf3, 0xf8),
    Colour(0x4a, 0x9b, 0xcb),
    Colour(0x06, 0x3b, 0x63),
];

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

        let values: Vec<f64> = self.cells.iter().filter_map(|cell| cell.value).collect();
        let shades = Shades::of(&values);
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
        // What the shades mean; each lies over the last, without seams.
        let high = number(shades.high, shades.places) + self.unit;
        let high = if shades.is_clipped {
            format!("≥ {high}")
        } else {
            high
        };
        let right = area.right - label_width(&high) - 8.0;
        for step in 0..60 {
            let share = f64::from(step) / 60.0;
            let corners = [
                (right - 160.0 + share * 160.0, TOP - 26.0),
                (right, TOP - 16.0),
            ];
            paths.rectangle(corners, Look::Filled(shade(share)));
        }
        let say = |x: f64, anchor, what: &str| text((x, TOP - 17.0), anchor, SOFT_INK, what);
        let mut legend = say(area.right, Anchor::End, &high)
            + &say(right - 168.0, Anchor::End, &format!("0{}", self.unit));
        if values.len() < self.cells.len() {
            legend += &say(right - 200.0, Anchor::End, "╱ never recorded");
        }
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

/// Which value has which shade.
struct Shades {
    /// The value from which on shades are darkest, and its decimal places.
    high: f64,
    places: usize,
    /// Whether a value is clearly above.
    is_clipped: bool,
}

impl Shades {
    /// A few cells that are far above all others are as dark as the highest of
    /// those, which would be pale otherwise: shades reach to twice the value that
    /// 95% of the cells with something in them are no higher than.
    fn of(values: &[f64]) -> Self {
        let mut sorted: Vec<f64> = values
            .iter()
            .copied()
            .filter(|&value| value > 0.0)
            .collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let most = sorted.last().copied().unwrap_or(0.0);
        let usual = sorted.get(sorted.len() * 95 / 100).copied().unwrap_or(0.0);
        let numbers = Numbers::new((0.0, most.min(2.0 * usual)), 0.0, 4);
        let high = numbers.ticks.last().map_or(1.0, |tick| tick.value);
        Self {
            high,
            places: numbers.places,
            is_clipped: most > high,
        }
    }

    fn shade(&self, value: f64) -> Colour {
        shade(value / self.high)
    }
}

/// The shade of a share from 0 to 1.
fn shade(share: f64) -> Colour {
    let place = share.clamp(0.0, 1.0) * (SHADES.len() - 1) as f64;
    let index = (place as usize).min(SHADES.len() - 2);
    SHADES[index].mixed(SHADES[index + 1], place - index as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shades_darken_evenly() {
        let light = |share: f64| {
            let colour = shade(share);
            0.21 * f64::from(colour.0) + 0.72 * f64::from(colour.1) + 0.07 * f64::from(colour.2)
        };
        assert!((0..100).all(|i| light(f64::from(i) / 100.0) > light(f64::from(i + 1) / 100.0)));
        assert_eq!(shade(-1.0).to_string(), "#ecf3f8");
        assert_eq!(shade(f64::INFINITY).to_string(), "#063b63");
    }

    /// Without the one extreme value the others keep about the shade they had.
    #[test]
    fn one_extreme_cell_does_not_wash_out_the_rest() {
        let mut values: Vec<f64> = (1..=100).map(f64::from).collect();
        let usual = Shades::of(&values);
        assert_eq!((usual.high, usual.is_clipped), (100.0, false));
        values.push(5_000.0);
        let clipped = Shades::of(&values);
        assert_eq!((clipped.high, clipped.is_clipped), (200.0, true));
        let nothing = Shades::of(&[0.0, 0.0]);
        assert_eq!((nothing.high, nothing.is_clipped), (1.0, false));
    }
}
