//! Lines over time.

use plotters::prelude::{ChartBuilder, Circle, IntoDrawingArea, PathElement, Rectangle};
use plotters::style::Color;

use super::backend::{Paths, UNITS};
use super::figure::Figure;
use super::sheet::{Anchor, Area, Sheet, Spot};
use super::style::{
    self, AXIS, BLUE, GAP, GRID, LABEL_SIZE, MARGIN, SOFT_INK, VERMILLION, WHITE, WIDTH,
};
use super::thin::{Bucket, Drawn, Scale, buckets, thin};
use super::ticks::{Axis, axis, counted, number};
use super::time_axis::{Least, TimeTick, day, days, iso, moment, span, time_ticks, untangle};
use crate::aggregate::Gap;
use crate::calendar::DAY;
use crate::origin::Origin;

const HEIGHT: f64 = 430.0;
const TOP: f64 = 72.0;
const BOTTOM: f64 = HEIGHT - 92.0;
/// At most this many tooltips along the axis, each at least 3 pixels wide.
const TOOLTIPS: usize = 260;
/// At most this many points have a dot of their own.
const DOTS: usize = 100;
/// A gap narrower than this, in pixels, has no tooltip: it would hardly be hit.
const NARROW: f64 = 8.0;
const MINUTE: i64 = 60_000;

/// Values over time; at least one.
#[derive(Clone, Copy)]
pub(crate) struct Series<'a> {
    /// Milliseconds since the epoch (UTC), ascending.
    pub(crate) times: &'a [i64],
    pub(crate) values: &'a [f64],
}

/// A series over time, and what to call it.
pub(crate) struct Line<'a> {
    pub(crate) origin: &'a Origin,
    pub(crate) title: &'a str,
    /// What the vertical axis counts.
    pub(crate) label: &'a str,
    /// The column's name in a table.
    pub(crate) column: &'a str,
    /// What comes after a value, of one and of others.
    pub(crate) unit: (&'a str, &'a str),
    /// Decimal places of values; counts have none.
    pub(crate) places: usize,
    /// How many windows there are, for the caption.
    pub(crate) note: &'a str,
    /// What the line goes through.
    pub(crate) drawn: Series<'a>,
    /// What tooltips tell: the same, but for a curve, which is known anywhere.
    pub(crate) told: Series<'a>,
    /// Where nothing was recorded, in order; a point is drawn on both sides.
    pub(crate) gaps: &'a [Gap],
    /// What a point stands for, one and others.
    pub(crate) each: (&'a str, &'a str),
    /// What the times are of: a day's is told without a clock.
    pub(crate) least: Least,
    /// The points that can't be compared with the others, in order, and why.
    pub(crate) marked: &'a [usize],
    pub(crate) why: &'a str,
}

impl Line<'_> {
    pub(crate) fn figure(&self) -> Figure {
        let (first, last) = (
            self.drawn.times[0],
            self.drawn.times[self.drawn.times.len() - 1],
        );
        let pad = match last - first {
            0 => 30 * MINUTE,
            span => (span / 80).max((2 * MINUTE - span) / 2),
        };
        let (low, high) = self
            .drawn
            .values
            .iter()
            .fold((0.0_f64, 0.0_f64), |(low, high), &value| {
                (low.min(value), high.max(value))
            });
        let axis = axis(low, high, self.places == 0, 6);
        let label_width = axis
            .ticks
            .iter()
            .map(|&tick| style::width(&number(tick, axis.places), LABEL_SIZE))
            .fold(0.0, f64::max);
        let scale = Scale {
            from: first - pad,
            to: last + pad,
            left: MARGIN + label_width + 10.0,
            right: WIDTH - MARGIN - 8.0,
        };
        let drawn = thin(self.drawn.times, self.drawn.values, self.gaps, &scale);
        let mut note = self.note.to_owned();
        if drawn.too_narrow > 0 {
            let gaps = counted(drawn.too_narrow as u64, "gap", "gaps");
            note += &format!(" · {gaps} too narrow to be seen");
        }
        if !self.shows_marks() {
            let points = counted(self.marked.len() as u64, self.each.0, self.each.1);
            note += &format!(" · {points} {}", self.why);
        }
        let mut ticks = time_ticks(
            self.origin.timezone(),
            scale.from,
            scale.to,
            scale.right - scale.left,
            self.least,
        );
        untangle(&mut ticks, LABEL_SIZE, |time| scale.x(time));
        let mut sheet = Sheet::new(HEIGHT, self.title, self.origin, &note);
        self.draw(&mut sheet, &scale, &axis, &ticks, &drawn);
        self.name(&mut sheet, &scale, &axis, &ticks, &drawn);
        let spots = self.spots(&scale, &axis, &drawn);
        sheet.finish(&self.description(&drawn), &spots, self.table(&drawn))
    }

    /// More marks than this would hide the line: the caption counts them.
    fn shows_marks(&self) -> bool {
        self.marked.len() <= DOTS
    }

    /// What has no letters: plotters draws it.
    fn draw(
        &self,
        sheet: &mut Sheet,
        scale: &Scale,
        axis: &Axis,
        ticks: &[TimeTick],
        drawn: &Drawn,
    ) {
        // Seconds from the left end: small enough for a float to hold exactly.
        let seconds = |time: i64| (time - scale.from) as f64 / 1000.0;
        let units = |pixels: f64| (pixels * UNITS) as u32;
        let root = Paths::new(&mut sheet.body, (WIDTH, HEIGHT)).into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .margin_left(units(scale.left))
            .margin_right(units(WIDTH - scale.right))
            .margin_top(units(TOP))
            .margin_bottom(units(HEIGHT - BOTTOM))
            .build_cartesian_2d(0.0..seconds(scale.to), axis.low..axis.high)
            .expect("the card has room");
        let mut draw =
            || -> Result<(), plotters::drawing::DrawingAreaErrorKind<_>> {
                chart.draw_series(drawn.gaps.iter().map(|&(from, to)| {
                    Rectangle::new(
                        [(seconds(from), axis.low), (seconds(to), axis.high)],
                        GAP.filled(),
                    )
                }))?;
                let grid = GRID.stroke_width(10);
                chart.draw_series(axis.ticks.iter().map(|&tick| {
                    PathElement::new(vec![(0.0, tick), (seconds(scale.to), tick)], grid)
                }))?;
                chart.draw_series(ticks.iter().map(|tick| {
                    let x = seconds(tick.time);
                    PathElement::new(vec![(x, axis.low), (x, axis.high)], grid)
                }))?;
                let zero = vec![(0.0, 0.0), (seconds(scale.to), 0.0)];
                chart.draw_series([PathElement::new(zero, AXIS.stroke_width(10))])?;
                let look = BLUE.stroke_width(18);
                let place = |&i: &usize| (seconds(self.drawn.times[i]), self.drawn.values[i]);
                chart.draw_series(drawn.runs.iter().map(|run| {
                    PathElement::new(run.iter().map(place).collect::<Vec<_>>(), look)
                }))?;
                // A point without neighbours isn't a line: it is seen as a dot.
                let alone = drawn.runs.iter().filter(|run| run.len() == 1);
                if alone.clone().count() <= DOTS {
                    chart.draw_series(
                        alone.map(|run| Circle::new(place(&run[0]), 25, BLUE.filled())),
                    )?;
                }
                if self.shows_marks() {
                    let marks = [WHITE.filled(), VERMILLION.stroke_width(18)];
                    chart.draw_series(
                        self.marked.iter().flat_map(|point| {
                            marks.map(|look| Circle::new(place(point), 40, look))
                        }),
                    )?;
                }
                Ok(())
            };
        draw().expect("a string takes all");
    }

    /// What has letters.
    fn name(
        &self,
        sheet: &mut Sheet,
        scale: &Scale,
        axis: &Axis,
        ticks: &[TimeTick],
        drawn: &Drawn,
    ) {
        let zone = self.origin.timezone();
        sheet.text(MARGIN, TOP - 16.0, self.label, SOFT_INK, Anchor::Start);
        for &tick in &axis.ticks {
            let y = vertical(axis, tick) + 4.0;
            sheet.text(
                scale.left - 8.0,
                y,
                &number(tick, axis.places),
                SOFT_INK,
                Anchor::End,
            );
        }
        // The first and the last label keep within the card.
        let within = |text: &str, time: i64| {
            let half = style::width(text, LABEL_SIZE) / 2.0;
            let least = MARGIN + half;
            scale
                .x(time)
                .clamp(least, (WIDTH - MARGIN - half).max(least))
        };
        for tick in ticks {
            let x = within(&tick.label, tick.time);
            sheet.text(x, BOTTOM + 18.0, &tick.label, SOFT_INK, Anchor::Middle);
            if let Some(context) = &tick.context {
                let x = within(context, tick.time);
                sheet.text(x, BOTTOM + 34.0, context, SOFT_INK, Anchor::Middle);
            }
        }
        let middle = (scale.left + scale.right) / 2.0;
        let time = format!("Time ({})", zone.name());
        sheet.text(middle, BOTTOM + 54.0, &time, SOFT_INK, Anchor::Middle);
        let mut right = WIDTH - MARGIN;
        let y = TOP - 16.0;
        if self.shows_marks() && !self.marked.is_empty() {
            right = sheet.key(right, y, "#ffffff", &style::hex(VERMILLION), self.why) - 16.0;
        }
        if !drawn.gaps.is_empty() {
            sheet.key(right, y, &style::hex(GAP), "#c9c4b8", "no data");
        }
    }

    fn spots(&self, scale: &Scale, axis: &Axis, drawn: &Drawn) -> Vec<Spot> {
        // Where each spot's own area begins and ends at most, and the spot.
        let mut spots: Vec<(f64, f64, Spot)> = Vec::new();
        let all = Area {
            left: scale.left,
            top: TOP,
            right: scale.right,
            bottom: BOTTOM,
        };
        for bucket in buckets(self.told.times, self.told.values, scale, TOOLTIPS) {
            let at = scale.x(self.told.times[bucket.highest]);
            let y = vertical(axis, self.told.values[bucket.highest]);
            let (from, to) = (
                scale.x(self.told.times[bucket.from]),
                scale.x(self.told.times[bucket.to - 1]),
            );
            let spot = Spot {
                area: all,
                at: (at, y),
                dot: true,
                lines: self.tooltip(&bucket),
            };
            spots.push((from, to, spot));
        }
        for &(from, to) in &drawn.gaps {
            let (left, right) = (scale.x(from), scale.x(to));
            if right - left >= NARROW {
                let spot = Spot {
                    area: all,
                    at: ((left + right) / 2.0, (TOP + BOTTOM) / 2.0),
                    dot: false,
                    lines: vec!["no data".to_owned(), self.without(from, to)],
                };
                // A point on the edge keeps some pixels to be hit at.
                spots.push((left + 1.5, right - 1.5, spot));
            }
        }
        spots.sort_by(|a, b| a.0.total_cmp(&b.0));
        for i in 1..spots.len() {
            let (before, after) = (&spots[i - 1], &spots[i]);
            let border = ((before.1 + after.0) / 2.0).max(before.2.area.left);
            spots[i - 1].2.area.right = border;
            spots[i].2.area.left = border;
        }
        spots.into_iter().map(|(_, _, spot)| spot).collect()
    }

    /// When a point is.
    fn when(&self, time: i64) -> String {
        let zone = self.origin.timezone();
        match self.least {
            Least::Minute => moment(zone, time),
            Least::Day => day(zone, time),
        }
    }

    /// From which point to which.
    fn between(&self, from: i64, to: i64) -> String {
        let zone = self.origin.timezone();
        match self.least {
            Least::Minute => span(zone, from, to),
            Least::Day => days(zone, from, to),
        }
    }

    /// What lies between two points.
    fn without(&self, from: i64, to: i64) -> String {
        match self.least {
            Least::Minute => self.between(from, to),
            // Noon of the first day after the one, and of the last before the other.
            Least::Day => self.between(from + DAY + DAY / 2, to - DAY / 2),
        }
    }

    fn tooltip(&self, bucket: &Bucket) -> Vec<String> {
        let (low, high) = (
            self.told.values[bucket.lowest],
            self.told.values[bucket.highest],
        );
        let (low, high) = (number(low, self.places), number(high, self.places));
        let unit = if high == "1" && low == "1" {
            self.unit.0
        } else {
            self.unit.1
        };
        let value = if low == high {
            high.clone()
        } else {
            format!("{low} – {high}")
        };
        let count = bucket.to - bucket.from;
        let (from, to) = (self.told.times[bucket.from], self.told.times[bucket.to - 1]);
        let mut lines = vec![format!("{value} {unit}")];
        if count == 1 {
            lines.push(self.when(from));
        } else {
            lines.push(self.between(from, to));
            lines.push(counted(count as u64, self.each.0, self.each.1));
            if low != high {
                let at = self.when(self.told.times[bucket.highest]);
                lines.push(format!("highest: {at}"));
            }
        }
        let from = self.marked.partition_point(|&point| point < bucket.from);
        let to = self.marked.partition_point(|&point| point < bucket.to);
        match to - from {
            0 => {}
            1 if count == 1 => lines.push(self.why.to_owned()),
            marked => lines.push(format!("{marked} of them {}", self.why)),
        }
        lines
    }

    fn description(&self, drawn: &Drawn) -> String {
        let value = |i: usize| number(self.drawn.values[i], self.places);
        let by = |a: &usize, b: &usize| self.drawn.values[*a].total_cmp(&self.drawn.values[*b]);
        let last = self.drawn.times.len() - 1;
        let lowest = (0..=last).min_by(by).unwrap_or(0);
        let highest = (0..=last).max_by(by).unwrap_or(0);
        let mut text = format!(
            "Line of {} over time. From {} to {}: lowest {}, highest {} ({}), last {}.",
            self.label.to_lowercase(),
            self.when(self.drawn.times[0]),
            self.when(self.drawn.times[last]),
            value(lowest),
            value(highest),
            self.when(self.drawn.times[highest]),
            value(last),
        );
        let gaps = drawn.gaps.len() + drawn.too_narrow;
        if gaps > 0 {
            text += &format!(" Without data: {}.", counted(gaps as u64, "gap", "gaps"));
        }
        text
    }

    fn table(&self, drawn: &Drawn) -> String {
        let zone = self.origin.timezone();
        let mut table = format!("time_local,time_utc,{}\n", self.column);
        for (number, run) in drawn.runs.iter().enumerate() {
            if number > 0 {
                // Programs that plot the table break their line here.
                table += ",,\n";
            }
            for &i in run {
                let time = self.drawn.times[i];
                table += &format!(
                    "{},{},{}\n",
                    iso(zone, time),
                    iso(chrono_tz::UTC, time),
                    self.drawn.values[i]
                );
            }
        }
        table
    }
}

/// Pixels from the top.
fn vertical(axis: &Axis, value: f64) -> f64 {
    BOTTOM - (value - axis.low) / (axis.high - axis.low) * (BOTTOM - TOP)
}
