//! Days as a calendar: a column a week, a row a weekday.

use chrono::{Datelike, NaiveDate};

use super::frame::{Frame, TOP};
use super::shades::Shades;
use crate::plot::Figure;
use crate::plot::axis::number::number;
use crate::plot::axis::time::{days, iso};
use crate::plot::axis::{Axis, Scale};
use crate::plot::labels::Labels;
use crate::plot::svg::{AXIS, Anchor, Area, Content, Look, MARGIN, SOFT_INK, Tooltip, WIDTH, text};
use activity_data::{Periods, WHOLE};

/// A year has at most this many weeks, from Monday, with a day in it.
const WEEKS: i64 = 54;
/// Room for the weekdays' names.
const LEFT: f64 = MARGIN + 36.0;
/// A day's side, in pixels, with the air around it: at least as fits a year.
const SIDES: [f64; 2] = [(WIDTH - MARGIN - LEFT) / WEEKS as f64, 26.0];
/// Above each year, for the names of months.
const HEAD: f64 = 26.0;
/// Days with a tooltip, the newest: more would make a page heavy, and more so
/// where there are many days.
fn with_tooltip(days: usize) -> usize {
    if days > 1_000 { 120 } else { 400 }
}

/// Days and what is shown of each.
pub(crate) struct Calendar<'a> {
    pub(crate) days: &'a Periods,
    pub(crate) labels: Labels,
    pub(crate) values: &'a [f64],
    pub(crate) shades: Shades,
    pub(crate) note: String,
    pub(crate) says: String,
    /// Whether days that were recorded in part are drawn smaller.
    pub(crate) marks_parts: bool,
}

/// Weeks side by side: a year's, or all.
struct Block {
    /// The number of the Monday that it begins with.
    monday: i64,
    /// Its days.
    days: std::ops::Range<i64>,
    top: f64,
}

impl Calendar<'_> {
    pub(crate) fn figure(&self) -> Figure {
        let zone = self.days.origin().timezone();
        let numbers: Vec<i64> = self
            .days
            .begins()
            .iter()
            .map(|&day| zone.day(day))
            .collect();
        let (first, last) = (numbers[0], numbers[numbers.len() - 1]);
        let weeks = (monday(last) - monday(first)) / 7 + 1;
        let side = ((WIDTH - MARGIN - LEFT) / weeks as f64).clamp(SIDES[0], SIDES[1]);
        let mut top = TOP + HEAD;
        let mut block = |days: std::ops::Range<i64>| {
            let own = Block {
                monday: monday(days.start),
                days,
                top,
            };
            top += 7.0 * side + HEAD;
            own
        };
        let blocks: Vec<Block> = if weeks <= WEEKS {
            vec![block(first..last + 1)]
        } else {
            // Years in which nothing was recorded take no room.
            let mut years: Vec<i32> = numbers.iter().map(|&day| date(day).year()).collect();
            years.dedup();
            let january = |year| number_of(NaiveDate::from_ymd_opt(year, 1, 1));
            let years = years.into_iter();
            years
                .map(|year| block(january(year).max(first)..january(year + 1).min(last + 1)))
                .map(|own| Block {
                    monday: monday(january(date(own.days.start).year())),
                    ..own
                })
                .collect()
        };
        let area = Area {
            left: LEFT,
            top: TOP,
            right: WIDTH - MARGIN,
            bottom: top - HEAD,
        };
        let frame = Frame {
            origin: self.days.origin(),
            labels: &self.labels,
            area,
            x: Axis::new(Scale::of_pixels(0.0, WIDTH), Vec::new(), ""),
            y: Axis::new(
                Scale::of_pixels(0.0, top + 40.0),
                Vec::new(),
                &self.labels.axis,
            ),
            below: [0.0, 0.0, 44.0],
            places: self.labels.places.max(self.shades.places),
        };

        let mut paths = frame.paths();
        let (mut texts, mut tooltips) = (String::new(), Vec::new());
        let (mut is_unseen, mut is_part) = (false, false);
        let shown = with_tooltip(numbers.len());
        let mut cells = Vec::new();
        for block in &blocks {
            let cell = |day: i64| {
                let left = LEFT + (day - block.monday).div_euclid(7) as f64 * side;
                let top = block.top + weekday(day) as f64 * side;
                Area {
                    left,
                    top,
                    right: left + side,
                    bottom: top + side,
                }
            };
            let year = date(block.days.start).format("%Y").to_string();
            let at = (LEFT - 8.0, block.top - 7.0);
            texts += &text(at, Anchor::End, SOFT_INK, &year);
            for (row, name) in [(0, "Mon"), (2, "Wed"), (4, "Fri")] {
                let baseline = block.top + (f64::from(row) + 0.5) * side + 4.0;
                texts += &text((LEFT - 8.0, baseline), Anchor::End, SOFT_INK, name);
            }
            for day in block.days.clone() {
                let is_first = day == block.days.start;
                if date(day).day() == 1 || is_first && date(day).day() < 20 {
                    let is_new_year = date(day).month() == 1 && !is_first;
                    let format = if is_new_year { "%b %Y" } else { "%b" };
                    let at = (cell(day).left, block.top - 7.0);
                    let month = date(day).format(format).to_string();
                    texts += &text(at, Anchor::Start, SOFT_INK, &month);
                }
                let Ok(index) = numbers.binary_search(&day) else {
                    is_unseen = true;
                    let [(left, top), (right, bottom)] = cell(day).corners(side * 0.3);
                    paths.line([(left, bottom), (right, top)], Look::Outlined(AXIS, 10));
                    continue;
                };
                let is_partly = self.marks_parts && self.days.coverage()[index] < WHOLE;
                is_part |= is_partly;
                let inset = if is_partly { side * 0.24 } else { 1.0 };
                let shade = self.shades.shade(self.values[index]);
                cells.push((shade, cell(day).corners(inset)));
                if index + shown >= numbers.len() {
                    tooltips.push(self.tooltip(index, cell(day), &frame));
                }
            }
        }
        // All of a shade are one path.
        cells.sort_by_key(|(shade, _)| (shade.0, shade.1, shade.2));
        for (shade, corners) in cells {
            paths.rectangle(corners, Look::Filled(shade));
        }
        let words: Vec<&str> = [
            (is_part, "small: not fully recorded"),
            (is_unseen, "╱ no data"),
        ]
        .into_iter()
        .filter_map(|(is_there, words)| is_there.then_some(words))
        .collect();
        let right = WIDTH - MARGIN;
        let legend = self
            .shades
            .legend(&mut paths, right, TOP - 17.0, &words.join("   "));
        frame.figure(Content {
            note: self.note.clone(),
            shapes: paths.group(),
            legend,
            texts,
            tooltips,
            description: format!("Calendar of {}.", self.labels.title.to_lowercase()),
            says: self.says.clone(),
            table: self.table(),
            ..Content::default()
        })
    }

    fn tooltip(&self, index: usize, cell: Area, frame: &Frame) -> Tooltip {
        let start = self.days.begins()[index];
        let value = number(self.values[index], frame.places);
        let mut lines = vec![
            self.labels.unit.after(&value),
            days(self.days.origin().timezone(), start, start),
        ];
        let coverage = self.days.coverage()[index];
        if self.marks_parts && coverage < WHOLE {
            lines.push(format!("{:.0}% recorded", coverage * 100.0));
        }
        Tooltip::above(cell, lines)
    }

    fn table(&self) -> String {
        let zone = self.days.origin().timezone();
        let row = |(index, &start): (usize, &i64)| {
            let (value, coverage) = (self.values[index], self.days.coverage()[index]);
            format!("{},{value},{coverage:.4}\n", iso(zone, start))
        };
        let rows: String = self.days.begins().iter().enumerate().map(row).collect();
        let column = self.labels.column;
        format!("day_start_local,day_start_utc,{column},coverage\n{rows}")
    }
}

/// From 0 for Monday to 6 for Sunday: day 4 was a Monday.
fn weekday(day: i64) -> i64 {
    (day - 4).rem_euclid(7)
}

fn monday(day: i64) -> i64 {
    day - weekday(day)
}

fn date(day: i64) -> NaiveDate {
    let date = i32::try_from(day).ok().and_then(NaiveDate::from_epoch_days);
    date.unwrap_or_default()
}

fn number_of(date: Option<NaiveDate>) -> i64 {
    date.map_or(0, |date| date.to_epoch_days().into())
}
