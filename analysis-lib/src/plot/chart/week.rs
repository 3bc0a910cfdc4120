//! The week as a heat map.

use super::frame::{Frame, TOP};
use crate::aggregate::WeekHour;
use crate::data::Origin;
use crate::plot::Figure;
use crate::plot::axis::number::{Numbers, number};
use crate::plot::axis::{Axis, Scale, Tick};
use crate::plot::labels::{Labels, WINDOWS};
use crate::plot::svg::{
    AXIS, Anchor, Area, Colour, Content, Look, MARGIN, SOFT_INK, Tooltip, WIDTH, text,
};

#[rustfmt::skip]
const DAYS: [&str; 7] = [
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
];
const ROW: f64 = 31.0;
const AREA: Area = Area {
    left: MARGIN + 84.0,
    top: TOP,
    right: WIDTH - MARGIN,
    bottom: TOP + 7.0 * ROW,
};
const COLUMN: f64 = (AREA.right - AREA.left) / 24.0;
const BELOW: [f64; 3] = [18.0, 40.0, 78.0];

/// Light to dark: equal steps look equal, and colour-blind readers and
/// black-and-white printers keep the order.
const SHADES: [Colour; 3] = [
    Colour(0xec, 0xf3, 0xf8),
    Colour(0x4a, 0x9b, 0xcb),
    Colour(0x06, 0x3b, 0x63),
];

/// A cell for each hour of the week.
pub(crate) struct Week<'a> {
    pub(crate) origin: &'a Origin,
    pub(crate) labels: Labels,
    /// How many windows there are, for the caption.
    pub(crate) note: String,
    pub(crate) hours: Vec<WeekHour>,
    /// An hour's value; `None` if it was never recorded.
    pub(crate) value: fn(&WeekHour) -> Option<f64>,
}

impl Week<'_> {
    pub(crate) fn figure(&self) -> Figure {
        let values = self.hours.iter().filter_map(self.value);
        let most = values.fold(0.0, f64::max);
        let shades = Numbers::new((0.0, most), 0.0, 4);
        let clock = |hour: u32| {
            let x = AREA.left + f64::from(hour) * COLUMN;
            Tick::new(x, format!("{hour:02}:00"))
        };
        let day = |(row, name): (usize, &&str)| {
            let y = AREA.top + (row as f64 + 0.5) * ROW;
            Tick::new(y, (*name).to_owned())
        };
        let zone = self.origin.timezone();
        let frame = Frame {
            origin: self.origin,
            labels: &self.labels,
            area: AREA,
            x: Axis::new(
                Scale::of_pixels(0.0, WIDTH),
                (0..24).step_by(3).map(clock).collect(),
                format!("Hour of the Day ({})", zone.name()),
            ),
            y: Axis::new(
                Scale::of_pixels(0.0, AREA.bottom + BELOW[2]),
                DAYS.iter().enumerate().map(day).collect(),
                &self.labels.axis,
            ),
            below: BELOW,
            places: shades.places.max(if most < 10.0 { 1 } else { 0 }),
        };

        let mut paths = frame.paths();
        for hour in &self.hours {
            if let Some(value) = (self.value)(hour) {
                let look = Look::Filled(shade(value / shades.high));
                paths.rectangle(cell(hour).corners(0.8), look);
            }
        }
        let mut legend = String::new();
        let mut legend_text = |from_right: f64, anchor, what: &str| {
            legend += &text(
                (AREA.right - from_right, TOP - 17.0),
                anchor,
                SOFT_INK,
                what,
            );
        };
        legend_text(206.0, Anchor::End, "0");
        let high = number(shades.high, shades.places);
        legend_text(34.0, Anchor::Start, &high);
        let is_unseen = |hour: &&WeekHour| (self.value)(hour).is_none();
        for (i, hour) in self.hours.iter().filter(is_unseen).enumerate() {
            let [(left, top), (right, bottom)] = cell(hour).corners(9.0);
            paths.line([(left, bottom), (right, top)], Look::Outlined(AXIS, 10));
            if i == 0 {
                legend_text(236.0, Anchor::End, "╱ never recorded");
            }
        }
        // What the shades mean; each lies over the last, without seams.
        for step in 0..60 {
            let share = f64::from(step) / 60.0;
            let left = AREA.right - 200.0 + share * 160.0;
            let corners = [(left, TOP - 26.0), (AREA.right - 40.0, TOP - 16.0)];
            paths.rectangle(corners, Look::Filled(shade(share)));
        }
        frame.figure(Content {
            note: self.note.clone(),
            shapes: paths.group(),
            legend,
            tooltips: self
                .hours
                .iter()
                .map(|hour| self.tooltip(hour, &frame))
                .collect(),
            description: format!(
                "Heat map of mean {} by weekday and hour of the day.",
                self.labels.unit.many
            ),
            says: self.says(&frame),
            table: self.table(),
            ..Content::default()
        })
    }

    fn tooltip(&self, hour: &WeekHour, frame: &Frame) -> Tooltip {
        let value = match (self.value)(hour) {
            Some(value) => self.labels.unit.after(&number(value, frame.places)),
            None => "never recorded".to_owned(),
        };
        let (day, from, to) = (weekday(hour), hour.hour, hour.hour + 1);
        let when = format!("{day}, {from:02}:00 – {to:02}:00");
        let lines = vec![value, when, WINDOWS.count(hour.windows)];
        Tooltip::above(cell(hour), lines)
    }

    fn says(&self, frame: &Frame) -> String {
        let values = self
            .hours
            .iter()
            .filter_map(|hour| Some((hour, (self.value)(hour)?)));
        let most = values.max_by(|(_, a), (_, b)| a.total_cmp(b));
        most.map_or(String::new(), |(hour, most)| {
            let most = number(most, frame.places);
            format!(
                "The most: {most} on {} at {:02}:00.",
                weekday(hour),
                hour.hour
            )
        })
    }

    fn table(&self) -> String {
        let row = |hour: &WeekHour| {
            let value = (self.value)(hour).map_or(String::new(), |value| format!("{value:.4}"));
            let (day, messages, windows) = (weekday(hour), hour.messages, hour.windows);
            format!("{day},{},{value},{messages},{windows}\n", hour.hour)
        };
        let rows: String = self.hours.iter().map(row).collect();
        format!(
            "weekday,hour,{},messages,windows\n{rows}",
            self.labels.column
        )
    }
}

fn weekday(hour: &WeekHour) -> &'static str {
    DAYS[hour.weekday as usize]
}

fn cell(hour: &WeekHour) -> Area {
    Area {
        left: AREA.left + f64::from(hour.hour) * COLUMN,
        top: AREA.top + f64::from(hour.weekday) * ROW,
        right: AREA.left + f64::from(hour.hour + 1) * COLUMN,
        bottom: AREA.top + f64::from(hour.weekday + 1) * ROW,
    }
}

/// The shade of a share from 0 to 1.
fn shade(share: f64) -> Colour {
    let place = share.clamp(0.0, 1.0) * (SHADES.len() - 1) as f64;
    let index = (place as usize).min(SHADES.len() - 2);
    let (from, to, t) = (SHADES[index], SHADES[index + 1], place - index as f64);
    let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * t).round() as u8;
    Colour(mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2))
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
}
