//! The week as a heat map.

use super::heat::{Cell, Heat};
use crate::aggregate::WeekHour;
use crate::plot::axis::number::number;
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
            tooltip: self.tooltip(hour),
        };
        Heat {
            origin: self.origin,
            labels: &self.labels,
            rows: DAYS.map(day).into(),
            row_height: (theme.area.bottom - theme.area.top).min(217.0) / 7.0,
            cells: self.hours.iter().map(cell).collect(),
            unit: "",
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
        let places = if values.fold(0.0, f64::max) < 20.0 {
            1
        } else {
            0
        };
        number(value, self.labels.places.max(places))
    }

    fn tooltip(&self, hour: &WeekHour) -> Vec<String> {
        let value = match (self.value)(hour) {
            Some(value) => self.labels.unit.after(&self.shown(value)),
            None => "never recorded".to_owned(),
        };
        let (day, from, to) = (weekday(hour), hour.hour, hour.hour + 1);
        let when = format!("{day}, {from:02}:00 – {to:02}:00");
        vec![value, when, WINDOWS.count(hour.windows)]
    }

    fn says(&self) -> String {
        let values = self
            .hours
            .iter()
            .filter_map(|hour| Some((hour, (self.value)(hour)?)));
        let by = |(_, a): &(&WeekHour, f64), (_, b): &(&WeekHour, f64)| a.total_cmp(b);
        let say = |what: &str, (hour, value): (&WeekHour, f64)| {
            let (day, value) = (weekday(hour), self.shown(value));
            format!("The {what}: {value} on {day} at {:02}:00.", hour.hour)
        };
        match (values.clone().max_by(by), values.min_by(by)) {
            (Some(most), Some(least)) if most.1 > least.1 => {
                format!("{} {}", say("most", most), say("fewest", least))
            }
            (Some(most), _) => say("most", most),
            _ => String::new(),
        }
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
