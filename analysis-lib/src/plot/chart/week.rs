//! The week as a heat map.

use super::heat::{Cell, Heat};
use super::series::extremes;
use crate::aggregate::WeekHour;
use crate::plot::axis::{hour_range, number};
use crate::plot::csv::{csv, rounded};
use crate::plot::labels::{Labels, WINDOWS};
use crate::plot::svg::Content;
use activity_data::{HOUR_LENGTH, Origin};

#[rustfmt::skip]
pub(crate) const DAYS: [&str; 7] = [
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
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
    pub(crate) fn heat(&self) -> Heat<'_> {
        let theme = &self.labels.theme;
        let day = |day: &str| match theme.is_narrow() {
            true => day[..3].to_owned(),
            false => day.to_owned(),
        };
        let cell = |hour: &WeekHour| Cell {
            value: (self.value)(hour),
            is_outlined: false,
            tooltip: self.tooltip(hour),
        };
        Heat {
            origin: self.origin,
            labels: &self.labels,
            rows: DAYS.map(day).into(),
            row_height: (theme.area.bottom - theme.area.top).min(217.0) / 7.0,
            cells: self.hours.iter().map(cell).collect(),
            unit: "",
            outlined: "",
            content: Content {
                note: self.note.clone(),
                description: format!(
                    "Heat map of mean {} by weekday and hour of the day.",
                    self.labels.unit.many
                ),
                says: self.says(),
                table: self.table(),
                ..Content::default()
            },
        }
    }

    /// A value in words: as many digits as tell hours apart.
    fn shown(&self, value: f64) -> String {
        let values = self.hours.iter().filter_map(self.value);
        let is_small = values.fold(0.0, f64::max) < 20.0;
        number(value, self.labels.places.max(usize::from(is_small)))
    }

    fn tooltip(&self, hour: &WeekHour) -> Vec<String> {
        let value = match (self.value)(hour) {
            Some(value) => self.labels.unit.after(&self.shown(value)),
            None => "never recorded".to_owned(),
        };
        let when = format!("{}, {}", weekday(hour), hour_range(hour.hour));
        vec![value, when, WINDOWS.count(hour.windows)]
    }

    fn says(&self) -> String {
        let hours = self.hours.iter();
        let values = hours.filter_map(|hour| Some((hour, (self.value)(hour)?)));
        let say = |what: &str, (hour, value): (&WeekHour, f64)| {
            let (day, value) = (weekday(hour), self.shown(value));
            format!("The {what}: {value} on {day} at {:02}:00.", hour.hour)
        };
        match extremes(values) {
            Some([least, most]) if most.1 > least.1 => {
                format!("{} {}", say("most", most), say("fewest", least))
            }
            ends => ends.map_or(String::new(), |[_, most]| say("most", most)),
        }
    }

    fn table(&self) -> String {
        let row = |hour: &WeekHour| {
            let value = rounded((self.value)(hour), 4);
            let (day, windows) = (weekday(hour), hour.windows);
            let recorded = hour.recorded as f64 / HOUR_LENGTH as f64;
            format!("{day},{},{value},{windows},{recorded:.4}", hour.hour)
        };
        let column = self.labels.column;
        let columns = format!("weekday,hour,{column},windows,recorded_hours");
        csv(&columns, self.hours.iter().map(row))
    }
}

fn weekday(hour: &WeekHour) -> &'static str {
    DAYS[hour.weekday as usize]
}
