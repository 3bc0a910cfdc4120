//! Days as a calendar: a column a week, a row a weekday.

use std::ops::Range;

use chrono::Datelike;

use super::frame::{Frame, TOP};
use super::series::Series;
use super::shades::Shades;
use crate::plot::axis::{Axis, Scale, date, number};
use crate::plot::csv::csv;
use crate::plot::figure::Figure;
use crate::plot::labels::{Labels, Noun};
use crate::plot::svg::*;
use activity_data::DAY;

/// A year has at most this many weeks, from Monday, with a day in it.
const WEEKS: i64 = 54;
/// Room for the weekdays' names.
const LEFT: f64 = MARGIN + 36.0;
/// A day's side, in pixels, with the air around it: at least as fits a year.
const SIDES: [f64; 2] = [(WIDTH - MARGIN - LEFT) / WEEKS as f64, 26.0];
/// Above each year, for the names of months.
const HEAD: f64 = 26.0;
/// Days in their shades: drawn smaller where they were recorded in part, if that
/// `marks_parts`. What is said of them comes after how many there are.
pub(crate) fn calendar(
    labels: &Labels,
    series: &Series,
    shades: Shades,
    marks_parts: bool,
    says: &str,
) -> Figure {
    let (zone, theme) = (labels.zone(), &labels.theme);
    let numbers: Vec<i64> = series.starts.iter().map(|&day| zone.day(day)).collect();
    let blocks = blocks(&numbers);
    let last = &blocks[blocks.len() - 1];
    let height = last.top + 7.0 * last.side - TOP;
    let area = Area::at((LEFT, TOP), WIDTH - MARGIN - LEFT, height);
    let pixels = Scale::of_pixels(0.0, area.bottom + HEAD + 40.0);
    let x = Axis::new(Scale::of_pixels(0.0, WIDTH), Vec::new(), "");
    let y = Axis::new(pixels, Vec::new(), &labels.axis);
    let mut frame = Frame::new(labels, area, x, y);
    frame.below[2] = 44.0;
    frame.labels.places = labels.places.max(shades.places);
    frame.labels.note = Noun::of(DAY).count(numbers.len());

    let (mut is_unseen, mut is_part) = (false, false);
    // Days with a tooltip, the newest: more would make a page heavy, and more so where
    // there are many days.
    let shown = if numbers.len() > 1_000 { 120 } else { 400 };
    let (mut cells, mut marked) = (Vec::new(), Vec::new());
    let days = |block: usize| blocks[block].days.clone().map(move |day| (block, day));
    for (block, day) in (0..blocks.len()).flat_map(days) {
        let block = &blocks[block];
        let cell = block.cell(day);
        let Ok(index) = numbers.binary_search(&day) else {
            is_unseen = true;
            let [(left, top), (right, bottom)] = cell.corners(block.side * 0.3);
            let ends = [(left, bottom), (right, top)];
            frame.shapes.path(ends, AXIS.stroke_width(10));
            continue;
        };
        let is_partly = marks_parts && !series.is_whole(index);
        is_part |= is_partly;
        let shade = shades.shade(theme, series.values[index]);
        let inset = if is_partly { block.side * 0.24 } else { 1.0 };
        cells.push((shade, cell.corners(inset)));
        let events = frame.events_in(series.starts[index]..series.ends[index]);
        let events: Vec<String> = events.map(|event| event.label.clone()).collect();
        marked.extend((!events.is_empty()).then(|| cell.corners(0.0)));
        if index + shown >= numbers.len() {
            let value = number(series.values[index], frame.labels.places);
            let when = series.when(zone, index..index + 1);
            let mut lines = vec![labels.unit.after(&value), when];
            let percent = || series.coverage[index] * 100.0;
            lines.extend(is_partly.then(|| format!("{:.0}% recorded", percent())));
            lines.extend(events);
            frame.tooltips.push(Tooltip::above(cell, lines));
        }
    }
    // All of a shade are one path.
    cells.sort_by_key(|(shade, _)| shade.0);
    for (shade, corners) in cells {
        frame.shapes.rectangle(corners, shade.filled());
    }
    for &corners in &marked {
        frame.shapes.rectangle(corners, INK.stroke_width(12));
    }
    let words = [
        (!marked.is_empty()).then_some("□ event"),
        is_part.then_some("small: not fully recorded"),
        is_unseen.then_some("╱ no data"),
    ];
    let words: Vec<&str> = words.into_iter().flatten().collect();
    shades.legend(&mut frame, &words.join(" · "));
    frame.texts = blocks.iter().map(Block::names).collect();

    let all = series.len();
    let recorded = match (0..all).filter(|&day| series.is_whole(day)).count() {
        0 => "none".to_owned(),
        some if some == all => "all".to_owned(),
        some => number(some as f64, 0),
    };
    let count = &frame.labels.note;
    let row = |i: usize| {
        let begin = zone.iso(series.starts[i]);
        format!("{begin},{},{:.4}", series.values[i], series.coverage[i])
    };
    let columns = format!("begin_local,begin_utc,{},coverage", labels.column);
    frame.figure(Words {
        description: format!("Calendar of {}.", labels.title.to_lowercase()),
        says: format!("{count} with windows, {recorded} recorded whole.{says}"),
        table: csv(&columns, (0..all).map(row)),
    })
}

/// Weeks side by side: a year's, or all.
struct Block {
    /// The number of the Monday that it begins with.
    monday: i64,
    /// Its days.
    days: Range<i64>,
    top: f64,
    /// A day's, in pixels.
    side: f64,
}

/// The blocks of these days, below each other.
fn blocks(numbers: &[i64]) -> Vec<Block> {
    let (first, last) = (numbers[0], numbers[numbers.len() - 1]);
    let weeks = (monday(last) - monday(first)) / 7 + 1;
    let side = ((WIDTH - MARGIN - LEFT) / weeks as f64).clamp(SIDES[0], SIDES[1]);
    let is_one = weeks <= WEEKS;
    let january = |day: i64| day - i64::from(date(day).ordinal0());
    let begin = |&day: &i64| if is_one { first } else { january(day) };
    let end = |begin: i64| match is_one {
        true => last + 1,
        false => january(begin + 366),
    };
    let mut begins: Vec<i64> = numbers.iter().map(begin).collect();
    // Years in which nothing was recorded take no room.
    begins.dedup();
    let block = |(row, begin): (usize, i64)| Block {
        monday: monday(begin),
        days: begin.max(first)..end(begin).min(last + 1),
        top: TOP + HEAD + row as f64 * (7.0 * side + HEAD),
        side,
    };
    begins.into_iter().enumerate().map(block).collect()
}

impl Block {
    /// Where a day is.
    fn cell(&self, day: i64) -> Area {
        let left = LEFT + (day - self.monday).div_euclid(7) as f64 * self.side;
        let top = self.top + weekday(day) as f64 * self.side;
        Area::at((left, top), self.side, self.side)
    }

    /// The year, and the names of weekdays and months.
    fn names(&self) -> String {
        let beside =
            |baseline: f64, name: &str| text((LEFT - 8.0, baseline), Anchor::Right, SOFT_INK, name);
        let first = self.days.start;
        let mut texts = beside(self.top - 7.0, &date(first).format("%Y").to_string());
        for (row, name) in [(0, "Mon"), (2, "Wed"), (4, "Fri")] {
            texts += &beside(self.top + (f64::from(row) + 0.5) * self.side + 4.0, name);
        }
        for day in self.days.clone() {
            let is_first = day == first;
            if date(day).day() == 1 || is_first && date(day).day() < 20 {
                let is_new_year = date(day).month() == 1 && !is_first;
                let format = if is_new_year { "%b %Y" } else { "%b" };
                let at = (self.cell(day).left, self.top - 7.0);
                let month = date(day).format(format).to_string();
                texts += &text(at, Anchor::Left, SOFT_INK, &month);
            }
        }
        texts
    }
}

/// From 0 for Monday to 6 for Sunday: day 4 was a Monday.
fn weekday(day: i64) -> i64 {
    (day - 4).rem_euclid(7)
}

fn monday(day: i64) -> i64 {
    day - weekday(day)
}
