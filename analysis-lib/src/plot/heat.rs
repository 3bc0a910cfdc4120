//! The week as a heat map.

use plotters::prelude::{ChartBuilder, IntoDrawingArea, PathElement, Rectangle};
use plotters::style::{Color, RGBColor};

use super::backend::{Paths, UNITS};
use super::figure::Figure;
use super::sheet::{Anchor, Area, Sheet, Spot};
use super::style::{AXIS, MARGIN, SOFT_INK, WIDTH};
use super::ticks::{axis, counted, number};
use crate::aggregate::WeekHour;
use crate::origin::Origin;

const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
const TOP: f64 = 72.0;
const LEFT: f64 = MARGIN + 84.0;
const ROW: f64 = 31.0;
const BOTTOM: f64 = TOP + 7.0 * ROW;
const HEIGHT: f64 = BOTTOM + 78.0;
const RIGHT: f64 = WIDTH - MARGIN;

/// Light to dark: equal steps look equal, and colour-blind readers and
/// black-and-white printers keep the order.
const SHADES: [RGBColor; 3] = [
    RGBColor(0xec, 0xf3, 0xf8),
    RGBColor(0x4a, 0x9b, 0xcb),
    RGBColor(0x06, 0x3b, 0x63),
];

/// A cell for each hour of the week.
pub(crate) fn figure(origin: &Origin, title: &str, week: &[WeekHour], note: &str) -> Figure {
    let zone = origin.timezone();
    let most = week.iter().filter_map(WeekHour::mean).fold(0.0, f64::max);
    let top = axis(0.0, most, false, 4);
    let places = if most < 10.0 { 1 } else { 0 };
    let column = (RIGHT - LEFT) / 24.0;
    let area = |cell: &WeekHour| Area {
        left: LEFT + f64::from(cell.hour) * column,
        top: TOP + f64::from(cell.weekday) * ROW,
        right: LEFT + f64::from(cell.hour + 1) * column,
        bottom: TOP + f64::from(cell.weekday + 1) * ROW,
    };
    let mut sheet = Sheet::new(HEIGHT, title, origin, note);
    {
        let root = Paths::new(&mut sheet.body, (WIDTH, HEIGHT)).into_drawing_area();
        // Pixels, downwards.
        let mut chart = ChartBuilder::on(&root)
            .build_cartesian_2d(0.0..WIDTH, HEIGHT..0.0)
            .expect("the card has room");
        let mut draw = || -> Result<(), plotters::drawing::DrawingAreaErrorKind<_>> {
            chart.draw_series(week.iter().filter_map(|cell| {
                let mean = cell.mean()?;
                let Area {
                    left,
                    top: above,
                    right,
                    bottom,
                } = area(cell);
                let corners = [(left + 0.8, above + 0.8), (right - 0.8, bottom - 0.8)];
                Some(Rectangle::new(corners, shade(mean / top.high).filled()))
            }))?;
            let unseen = week.iter().filter(|cell| cell.windows == 0);
            chart.draw_series(unseen.map(|cell| {
                let Area {
                    left,
                    top,
                    right,
                    bottom,
                } = area(cell);
                let line = vec![(left + 9.0, bottom - 9.0), (right - 9.0, top + 9.0)];
                PathElement::new(line, AXIS.stroke_width(UNITS as u32))
            }))?;
            // What the shades mean; each lies over the last, without seams.
            let steps = 60;
            chart.draw_series((0..steps).map(|step| {
                let from = f64::from(step) / f64::from(steps);
                let x = |share: f64| RIGHT - 200.0 + share * 160.0;
                let corners = [(x(from), TOP - 26.0), (x(1.0), TOP - 16.0)];
                Rectangle::new(corners, shade(from).filled())
            }))?;
            Ok(())
        };
        draw().expect("a string takes all");
    }
    sheet.text(
        MARGIN,
        TOP - 16.0,
        "Mean Number of Messages in a Window",
        SOFT_INK,
        Anchor::Start,
    );
    let high = number(top.high, top.places);
    sheet.text(RIGHT - 206.0, TOP - 17.0, "0", SOFT_INK, Anchor::End);
    sheet.text(RIGHT - 34.0, TOP - 17.0, &high, SOFT_INK, Anchor::Start);
    if week.iter().any(|cell| cell.windows == 0) {
        sheet.text(
            RIGHT - 236.0,
            TOP - 17.0,
            "╱ never recorded",
            SOFT_INK,
            Anchor::End,
        );
    }
    for (weekday, name) in DAYS.iter().enumerate() {
        let y = TOP + (weekday as f64 + 0.5) * ROW + 4.0;
        sheet.text(LEFT - 8.0, y, name, SOFT_INK, Anchor::End);
    }
    for hour in (0..24).step_by(3) {
        let x = LEFT + f64::from(hour) * column;
        sheet.text(
            x,
            BOTTOM + 18.0,
            &format!("{hour:02}:00"),
            SOFT_INK,
            Anchor::Middle,
        );
    }
    let label = format!("Hour of the Day ({})", zone.name());
    sheet.text(
        (LEFT + RIGHT) / 2.0,
        BOTTOM + 40.0,
        &label,
        SOFT_INK,
        Anchor::Middle,
    );

    let spots: Vec<Spot> = week
        .iter()
        .map(|cell| {
            let area = area(cell);
            let value = match cell.mean() {
                Some(mean) => format!("{} messages in a window", number(mean, places)),
                None => "never recorded".to_owned(),
            };
            let when = format!(
                "{}, {:02}:00 – {:02}:00",
                DAYS[cell.weekday as usize],
                cell.hour,
                cell.hour + 1
            );
            Spot {
                area,
                at: ((area.left + area.right) / 2.0, area.top),
                dot: false,
                lines: vec![value, when, counted(cell.windows, "window", "windows")],
            }
        })
        .collect();
    let busiest = week
        .iter()
        .filter(|cell| cell.windows > 0)
        .max_by(|a, b| a.mean().unwrap_or(0.0).total_cmp(&b.mean().unwrap_or(0.0)));
    let busiest = busiest.map_or(String::new(), |cell| {
        format!(
            " The most: {} on {} at {:02}:00.",
            number(cell.mean().unwrap_or(0.0), places),
            DAYS[cell.weekday as usize],
            cell.hour
        )
    });
    let description =
        format!("Heat map of mean messages in a window by weekday and hour of the day.{busiest}");
    let mut table = "weekday,hour,mean_messages_per_window,messages,windows\n".to_owned();
    for cell in week {
        let mean = cell
            .mean()
            .map_or(String::new(), |mean| format!("{mean:.4}"));
        let day = DAYS[cell.weekday as usize];
        table += &format!(
            "{day},{},{mean},{},{}\n",
            cell.hour, cell.messages, cell.windows
        );
    }
    sheet.finish(&description, &spots, table)
}

/// The shade of a share from 0 to 1.
fn shade(share: f64) -> RGBColor {
    let place = share.clamp(0.0, 1.0) * (SHADES.len() - 1) as f64;
    let index = (place as usize).min(SHADES.len() - 2);
    let (from, to, t) = (SHADES[index], SHADES[index + 1], place - index as f64);
    let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * t).round() as u8;
    RGBColor(mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::style;

    #[test]
    fn shades_darken_evenly() {
        let light = |share: f64| {
            let colour = shade(share);
            0.21 * f64::from(colour.0) + 0.72 * f64::from(colour.1) + 0.07 * f64::from(colour.2)
        };
        assert!((0..100).all(|i| light(f64::from(i) / 100.0) > light(f64::from(i + 1) / 100.0)));
        assert_eq!(style::hex(shade(-1.0)), "#ecf3f8");
        assert_eq!(style::hex(shade(f64::INFINITY)), "#063b63");
    }
}
