//! The week as a heat map.

use super::heat::{Cell, Heat};
use super::series::extremes;
use crate::aggregate::WeekHour;
use crate::plot::axis::{hour_range, number};
use crate::plot::csv::{csv, rounded};
use crate::plot::labels::{Labels, WINDOWS};
use crate::plot::svg::Words;
use activity_data::HOUR_LENGTH;

#[rustfmt::skip]
pub(crate) const DAYS: [&str; 7] = [
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
];

/// A cell for each hour of the week, with its value; `None` if it was never recorded.
pub(crate) fn week<'a>(
    labels: &'a Labels,
    hours: &[WeekHour],
    value: fn(&WeekHour) -> Option<f64>,
) -> Heat<'a> {
    let (theme, weekday) = (&labels.theme, |hour: &WeekHour| DAYS[hour.weekday as usize]);
    let values = || hours.iter().filter_map(|hour| Some((hour, value(hour)?)));
    // As many digits as tell hours apart.
    let is_small = values().all(|(_, value)| value < 20.0);
    let shown = |value| number(value, labels.places.max(usize::from(is_small)));
    let cell = |hour: &WeekHour| {
        let shown = value(hour).map(|value| labels.unit.after(&shown(value)));
        let when = format!("{}, {}", weekday(hour), hour_range(hour.hour));
        let shown = shown.unwrap_or("never recorded".to_owned());
        Cell {
            value: value(hour),
            is_outlined: false,
            tooltip: vec![shown, when, WINDOWS.count(hour.windows)],
        }
    };
    let say = |what: &str, (hour, value): (&WeekHour, f64)| {
        let (day, value) = (weekday(hour), shown(value));
        format!("The {what}: {value} on {day} at {:02}:00.", hour.hour)
    };
    let row = |hour: &WeekHour| {
        let (day, value, windows) = (weekday(hour), rounded(value(hour), 4), hour.windows);
        let recorded = hour.recorded as f64 / HOUR_LENGTH as f64;
        format!("{day},{},{value},{windows},{recorded:.4}", hour.hour)
    };
    let columns = format!("weekday,hour,{},windows,recorded_hours", labels.column);
    let letters = if theme.is_narrow() { 3 } else { usize::MAX };
    let counted = labels.unit.many;
    Heat {
        labels,
        rows: DAYS.map(|day| day.chars().take(letters).collect()).into(),
        row_height: (theme.area.bottom - theme.area.top).min(217.0) / 7.0,
        cells: hours.iter().map(cell).collect(),
        unit: "",
        outlined: "",
        words: Words {
            description: format!("Heat map of mean {counted} by weekday and hour of the day."),
            says: match extremes(values()) {
                Some([least, most]) if most.1 > least.1 => {
                    format!("{} {}", say("most", most), say("fewest", least))
                }
                ends => ends.map_or(String::new(), |[_, most]| say("most", most)),
            },
            table: csv(&columns, hours.iter().map(row)),
        },
    }
}
