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
/// More bars than this would be narrower than two pixels.
const MOST: usize = 390;
/// Days with less than this share of their windows are marked: a bot's restart
/// costs a window or two.
const WHOLE: f64 = 0.98;

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
    let bars: Vec<&[Day]> = days.chunks(each).collect();
    let highest = |bar: &[Day]| bar.iter().map(|day| day.messages).max().unwrap_or(0);

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
            let rectangle = |bar: &[Day], look: ShapeStyle| {
                let (from, to) = (seconds(bar[0].start), seconds(bar[bar.len() - 1].end));
                // Narrow bars would be mostly air.
                let air = if bar_width < 4.0 {
                    0.0
                } else {
                    (to - from) * 0.1
                };
                let corners = [(from + air, 0.0), (to - air, highest(bar) as f64)];
                Rectangle::new(corners, look)
            };
            let (whole, partly): (Vec<&[Day]>, Vec<&[Day]>) =
                bars.iter().partition(|bar| bar.iter().all(is_whole));
            chart.draw_series(whole.iter().map(|bar| rectangle(bar, BLUE.filled())))?;
            chart.draw_series(partly.iter().map(|bar| rectangle(bar, PALE_BLUE.filled())))?;
            let running = bars.iter().filter(|bar| bar.iter().any(|day| !day.over));
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
    if days.iter().any(|day| !day.over) {
        right = sheet.key(
            right,
            TOP - 16.0,
            "#ffffff",
            &style::hex(VERMILLION),
            "day not over",
        ) - 16.0;
    }
    if !days.iter().all(is_whole) {
        let pale = style::hex(PALE_BLUE);
        sheet.key(right, TOP - 16.0, &pale, &pale, "not fully recorded");
    }

    let spots: Vec<Spot> = bars
        .iter()
        .map(|bar| {
            let shown = bar.iter().max_by_key(|day| day.messages).unwrap_or(&bar[0]);
            let (left, right) = (scale.x(bar[0].start), scale.x(bar[bar.len() - 1].end));
            let mut lines = vec![
                counted(shown.messages, "message", "messages"),
                day(zone, shown.start),
            ];
            if !is_whole(shown) {
                lines.push(format!("{:.0}% recorded", shown.coverage * 100.0));
            }
            if !shown.over {
                lines.push("not over".to_owned());
            }
            Spot {
                area: Area {
                    left,
                    top: TOP,
                    right,
                    bottom: BOTTOM,
                },
                at: ((left + right) / 2.0, vertical(shown.messages as f64)),
                dot: false,
                lines,
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
    let mut table = "day_start_local,day_start_utc,messages,coverage,over\n".to_owned();
    for bar in &bars {
        let shown = bar.iter().max_by_key(|day| day.messages).unwrap_or(&bar[0]);
        table += &format!(
            "{},{},{},{:.4},{}\n",
            iso(zone, shown.start),
            iso(chrono_tz::UTC, shown.start),
            shown.messages,
            shown.coverage,
            shown.over
        );
    }
    sheet.finish(&description, &spots, table)
}

fn is_whole(day: &Day) -> bool {
    day.coverage >= WHOLE
}
