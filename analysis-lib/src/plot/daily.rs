//! A bar a day.

use plotters::prelude::{ChartBuilder, IntoDrawingArea, PathElement, Rectangle};
use plotters::style::{Color, ShapeStyle};

use super::backend::{Paths, UNITS};
use super::figure::Figure;
use super::sheet::{Anchor, Area, Sheet, Spot};
use super::style::{
    self, AXIS, BLUE, GRID, LABEL_SIZE, MARGIN, PALE_BLUE, SOFT_INK, VERMILLION, WIDTH,
};
use super::thin::Scale;
use super::ticks::{axis, counted, number};
use super::time_axis::{Least, day, iso, time_ticks};
use crate::aggregate::Day;
use crate::origin::Origin;

const HEIGHT: f64 = 430.0;
const TOP: f64 = 72.0;
const BOTTOM: f64 = HEIGHT - 92.0;
/// More bars than this would be narrower than two pixels, and with their
/// tooltips take more than 150 kB.
const MOST: usize = 365;
/// Days with less than this share of their windows are marked: a bot's restart
/// costs a window or two.
pub(super) const WHOLE: f64 = 0.98;

/// A day, or the highest of several.
struct Bar {
    start: i64,
    end: i64,
    days: usize,
    highest: Day,
    /// The least of any of its days.
    coverage: f64,
    /// Whether all of its days are.
    over: bool,
}

impl Bar {
    fn of(days: &[Day]) -> Self {
        let highest = days.iter().max_by_key(|day| day.messages);
        Self {
            start: days[0].start,
            end: days[days.len() - 1].end,
            days: days.len(),
            highest: *highest.unwrap_or(&days[0]),
            coverage: days.iter().map(|day| day.coverage).fold(1.0, f64::min),
            over: days.iter().all(|day| day.over),
        }
    }

    fn is_whole(&self) -> bool {
        self.coverage >= WHOLE
    }

    fn tooltip(&self, zone: chrono_tz::Tz) -> Vec<String> {
        let mut lines = vec![
            counted(self.highest.messages, "message", "messages"),
            day(zone, self.highest.start),
        ];
        let mut of = "";
        if self.days > 1 {
            let first = day(zone, self.start);
            lines.push(format!("the most of {} days from {first} on", self.days));
            of = "a day of them: ";
        }
        if !self.is_whole() {
            lines.push(format!("{of}{:.0}% recorded", self.coverage * 100.0));
        }
        if !self.over {
            lines.push(format!("{of}not over when recorded"));
        }
        lines
    }
}

/// Bars of messages by day.
pub(crate) fn figure(origin: &Origin, title: &str, days: &[Day]) -> Figure {
    let zone = origin.timezone();
    let most = days.iter().map(|day| day.messages).max().unwrap_or(0);
    let axis = axis(0.0, most as f64, true, 6);
    let labels = axis
        .ticks
        .iter()
        .map(|&tick| style::width(&number(tick, 0), LABEL_SIZE));
    let scale = Scale {
        from: days[0].start,
        to: days[days.len() - 1].end,
        left: MARGIN + labels.fold(0.0, f64::max) + 10.0,
        right: WIDTH - MARGIN,
    };
    let vertical = |value: f64| BOTTOM - value / axis.high * (BOTTOM - TOP);
    let each = days.len().div_ceil(MOST);
    let mut note = counted(days.len() as u64, "day", "days");
    if each > 1 {
        note += &format!(", a bar for the highest of each {each}");
    }
    let bars: Vec<Bar> = days.chunks(each).map(Bar::of).collect();

    let bar_width = (scale.right - scale.left) / bars.len() as f64;

    let mut sheet = Sheet::new(HEIGHT, title, origin, &note);
    {
        let seconds = |time: i64| (time - scale.from) as f64 / 1000.0;
        let units = |pixels: f64| (pixels * UNITS) as u32;
        let root = Paths::new(&mut sheet.body, (WIDTH, HEIGHT)).into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .margin_left(units(scale.left))
            .margin_right(units(WIDTH - scale.right))
            .margin_top(units(TOP))
            .margin_bottom(units(HEIGHT - BOTTOM))
            .build_cartesian_2d(0.0..seconds(scale.to), 0.0..axis.high)
            .expect("the card has room");
        let mut draw = || -> Result<(), plotters::drawing::DrawingAreaErrorKind<_>> {
            chart.draw_series(axis.ticks.iter().map(|&tick| {
                PathElement::new(
                    vec![(0.0, tick), (seconds(scale.to), tick)],
                    GRID.stroke_width(10),
                )
            }))?;
            let rectangle = |bar: &Bar, look: ShapeStyle| {
                let (from, to) = (seconds(bar.start), seconds(bar.end));
                // Narrow bars would be mostly air.
                let air = if bar_width < 4.0 {
                    0.0
                } else {
                    (to - from) * 0.1
                };
                let corners = [(from + air, 0.0), (to - air, bar.highest.messages as f64)];
                Rectangle::new(corners, look)
            };
            let (whole, partly): (Vec<&Bar>, Vec<&Bar>) =
                bars.iter().partition(|bar| bar.is_whole());
            chart.draw_series(whole.iter().map(|bar| rectangle(bar, BLUE.filled())))?;
            chart.draw_series(partly.iter().map(|bar| rectangle(bar, PALE_BLUE.filled())))?;
            let running = bars.iter().filter(|bar| !bar.over);
            chart.draw_series(running.map(|bar| rectangle(bar, VERMILLION.stroke_width(15))))?;
            let zero = vec![(0.0, 0.0), (seconds(scale.to), 0.0)];
            chart.draw_series([PathElement::new(zero, AXIS.stroke_width(10))])?;
            Ok(())
        };
        draw().expect("a string takes all");
    }

    sheet.text(
        MARGIN,
        TOP - 16.0,
        "Number of Messages",
        SOFT_INK,
        Anchor::Start,
    );
    for &tick in &axis.ticks {
        let y = vertical(tick) + 4.0;
        sheet.text(scale.left - 8.0, y, &number(tick, 0), SOFT_INK, Anchor::End);
    }
    for tick in time_ticks(
        zone,
        scale.from,
        scale.to - 1,
        scale.right - scale.left,
        Least::Day,
    ) {
        // A day's label stands below the middle of its bar.
        let middle = if each == 1 { bar_width / 2.0 } else { 0.0 };
        let x = scale.x(tick.time) + middle;
        sheet.text(x, BOTTOM + 18.0, &tick.label, SOFT_INK, Anchor::Middle);
        if let Some(context) = &tick.context {
            sheet.text(x, BOTTOM + 34.0, context, SOFT_INK, Anchor::Middle);
        }
    }
    let middle = (scale.left + scale.right) / 2.0;
    sheet.text(
        middle,
        BOTTOM + 54.0,
        &format!("Day ({})", zone.name()),
        SOFT_INK,
        Anchor::Middle,
    );
    let mut right = WIDTH - MARGIN;
    if bars.iter().any(|bar| !bar.over) {
        right = sheet.key(
            right,
            TOP - 16.0,
            "#ffffff",
            &style::hex(VERMILLION),
            "day not over when recorded",
        ) - 16.0;
    }
    if !bars.iter().all(Bar::is_whole) {
        let pale = style::hex(PALE_BLUE);
        sheet.key(right, TOP - 16.0, &pale, &pale, "not fully recorded");
    }

    let spots: Vec<Spot> = bars
        .iter()
        .map(|bar| {
            let (left, right) = (scale.x(bar.start), scale.x(bar.end));
            Spot {
                area: Area {
                    left,
                    top: TOP,
                    right,
                    bottom: BOTTOM,
                },
                at: ((left + right) / 2.0, vertical(bar.highest.messages as f64)),
                dot: false,
                lines: bar.tooltip(zone),
            }
        })
        .collect();
    let busiest = days
        .iter()
        .max_by_key(|day| day.messages)
        .unwrap_or(&days[0]);
    let description = format!(
        "Bars of messages by day, from {} to {}; the most: {} on {}.",
        day(zone, days[0].start),
        day(zone, days[days.len() - 1].start),
        number(busiest.messages as f64, 0),
        day(zone, busiest.start)
    );
    let mut table =
        "bar_start_local,bar_start_utc,days,messages,highest_day,coverage,over\n".to_owned();
    for bar in &bars {
        table += &format!(
            "{},{},{},{},{},{:.4},{}\n",
            iso(zone, bar.start),
            iso(chrono_tz::UTC, bar.start),
            bar.days,
            bar.highest.messages,
            iso(zone, bar.highest.start),
            bar.coverage,
            bar.over
        );
    }
    sheet.finish(&description, &spots, table)
}
