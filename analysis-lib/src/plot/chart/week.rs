//! The week as a heat map.

use super::frame::{Frame, TOP};
use super::shades::Shades;
use crate::aggregate::WeekHour;
use crate::data::{HOUR_LENGTH, Origin};
use crate::plot::Figure;
use crate::plot::axis::number::number;
use crate::plot::axis::{Axis, Scale, Tick};
use crate::plot::labels::{Labels, WINDOWS};
use crate::plot::svg::{AXIS, Area, Content, Look, MARGIN, Tooltip, WIDTH};

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
        let shades = Shades::of(self.hours.iter().filter_map(self.value));
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
            places: shades.places.max(if shades.high < 20.0 { 1 } else { 0 }),
        };

        let mut paths = frame.paths();
        for hour in &self.hours {
            if let Some(value) = (self.value)(hour) {
                let look = Look::Filled(shades.shade(value));
                paths.rectangle(cell(hour).corners(0.8), look);
            }
        }
        let is_unseen = |hour: &&WeekHour| (self.value)(hour).is_none();
        for hour in self.hours.iter().filter(is_unseen) {
            let [(left, top), (right, bottom)] = cell(hour).corners(9.0);
            paths.line([(left, bottom), (right, top)], Look::Outlined(AXIS, 10));
        }
        let unseen = self.hours.iter().any(|hour| is_unseen(&hour));
        let words = if unseen { "╱ never recorded" } else { "" };
        let legend = shades.legend(&mut paths, AREA.right, TOP - 17.0, words);
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
            let (day, windows) = (weekday(hour), hour.windows);
            let recorded = hour.recorded as f64 / HOUR_LENGTH as f64;
            format!("{day},{},{value},{windows},{recorded:.4}\n", hour.hour)
        };
        let rows: String = self.hours.iter().map(row).collect();
        format!(
            "weekday,hour,{},windows,recorded_hours\n{rows}",
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
