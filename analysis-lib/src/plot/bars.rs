//! Bars by member.

use plotters::prelude::{ChartBuilder, IntoDrawingArea, PathElement, Rectangle};
use plotters::style::Color;

use super::backend::{Paths, UNITS};
use super::escape::{clean, csv_field, is_blank};
use super::figure::Figure;
use super::sheet::{Anchor, Area, Sheet, Spot};
use super::style::{self, AXIS, BLUE, GREY, GRID, INK, LABEL_SIZE, MARGIN, SOFT_INK, WHITE, WIDTH};
use super::ticks::{axis, counted, number};
use crate::aggregate::ShownMember;
use crate::origin::Origin;
use crate::text::{self, tail};

/// Members with a bar of their own.
const SHOWN: usize = 25;
const TOP: f64 = 60.0;
const ROW: f64 = 21.0;
const BAR: f64 = 14.0;
/// Space below the bars: ticks, the axis' label, the caption.
const BELOW: f64 = 76.0;
/// A name takes no more than this, in pixels.
const NAME_WIDTH: f64 = 190.0;

struct Bar {
    id: Option<u64>,
    /// As much of the name as fits.
    label: String,
    /// The name, bounded.
    name: String,
    messages: u64,
}

/// Bars of the first members and of all others together.
pub(crate) fn figure(origin: &Origin, title: &str, members: &[ShownMember], note: &str) -> Figure {
    let all: u64 = members.iter().map(|member| member.messages).sum();
    let bars = bars(members);
    let rows = bars.len().max(1) as f64;
    let bottom = TOP + rows * ROW + 6.0;
    let height = bottom + BELOW;
    // All others together may be many times the first: their bar is cut where it
    // would leave too little room for the members'.
    let first = bars.first().map_or(0, |bar| bar.messages);
    let most = bars
        .iter()
        .map(|bar| bar.messages)
        .max()
        .unwrap_or(0)
        .min(first.saturating_mul(2));
    let cut = |bar: &Bar| bar.messages > most;
    let length = |bar: &Bar| bar.messages.min(most) as f64;
    let axis = axis(0.0, most as f64, true, 7);
    let ends: Vec<String> = bars
        .iter()
        .map(|bar| {
            format!(
                "{} ({})",
                number(bar.messages as f64, 0),
                share(bar.messages, all)
            )
        })
        .collect();
    let widest = |texts: &mut dyn Iterator<Item = &String>| {
        texts
            .map(|text| style::width(text, LABEL_SIZE))
            .fold(0.0, f64::max)
    };
    let left = MARGIN + widest(&mut bars.iter().map(|bar| &bar.label)).max(40.0) + 10.0;
    let right = WIDTH - MARGIN - widest(&mut ends.iter()) - 8.0;
    let x = |messages: f64| left + messages / (most.max(1) as f64) * (right - left);
    let y = |row: usize| TOP + 6.0 + (row as f64 + 0.5) * ROW;

    let mut sheet = Sheet::new(height, title, origin, note);
    let ticks: Vec<f64> = axis
        .ticks
        .iter()
        .copied()
        .filter(|&tick| tick <= most.max(1) as f64)
        .collect();
    {
        let units = |pixels: f64| (pixels * UNITS) as u32;
        let root = Paths::new(&mut sheet.body, (WIDTH, height)).into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .margin_left(units(left))
            .margin_right(units(WIDTH - right))
            .margin_top(units(TOP))
            .margin_bottom(units(height - bottom))
            .build_cartesian_2d(
                0.0..most.max(1) as f64,
                // Pixels, downwards.
                bottom..TOP,
            )
            .expect("the card has room");
        let mut draw = || -> Result<(), plotters::drawing::DrawingAreaErrorKind<_>> {
            chart.draw_series(ticks.iter().map(|&tick| {
                PathElement::new(vec![(tick, TOP), (tick, bottom)], GRID.stroke_width(10))
            }))?;
            chart.draw_series(bars.iter().enumerate().map(|(row, bar)| {
                let colour = if bar.id.is_some() { BLUE } else { GREY };
                let (top, bottom) = (y(row) - BAR / 2.0, y(row) + BAR / 2.0);
                Rectangle::new([(0.0, top), (length(bar), bottom)], colour.filled())
            }))?;
            let slash = |row: usize| {
                let (from, to) = (most as f64 * 0.94, most as f64 * 0.96);
                let (top, bottom) = (y(row) - BAR, y(row) + BAR);
                PathElement::new(vec![(from, bottom), (to, top)], WHITE.stroke_width(50))
            };
            let cuts = bars.iter().enumerate().filter(|(_, bar)| cut(bar));
            chart.draw_series(cuts.map(|(row, _)| slash(row)))?;
            let zero = vec![(0.0, TOP), (0.0, bottom)];
            chart.draw_series([PathElement::new(zero, AXIS.stroke_width(10))])?;
            Ok(())
        };
        draw().expect("a string takes all");
    }
    for &tick in &ticks {
        sheet.text(
            x(tick),
            bottom + 17.0,
            &number(tick, 0),
            SOFT_INK,
            Anchor::Middle,
        );
    }
    sheet.text(
        (left + right) / 2.0,
        bottom + 37.0,
        "Number of Messages",
        SOFT_INK,
        Anchor::Middle,
    );
    let mut spots = Vec::new();
    for (row, (bar, end)) in bars.iter().zip(&ends).enumerate() {
        let baseline = y(row) + 4.5;
        let ink = if bar.id.is_some() { INK } else { SOFT_INK };
        sheet.text(left - 8.0, baseline, &bar.label, ink, Anchor::End);
        sheet.text(x(length(bar)) + 6.0, baseline, end, SOFT_INK, Anchor::Start);
        let mut lines = wrap(&bar.name, 420.0);
        lines.push(format!(
            "{}, {} of {}",
            counted(bar.messages, "message", "messages"),
            share(bar.messages, all),
            number(all as f64, 0)
        ));
        if cut(bar) {
            lines.push("the bar is cut short".to_owned());
        }
        spots.push(Spot {
            area: Area {
                left: MARGIN,
                top: y(row) - ROW / 2.0,
                right: WIDTH - MARGIN,
                bottom: y(row) + ROW / 2.0,
            },
            at: (x(length(bar) / 2.0), y(row) - ROW / 2.0),
            dot: false,
            lines,
        });
    }
    if bars.is_empty() {
        sheet.text(
            left + 12.0,
            y(0) + 4.5,
            "no messages in these windows",
            SOFT_INK,
            Anchor::Start,
        );
    }
    sheet.finish(&description(&bars, all), &spots, table(&bars, all))
}

fn bars(members: &[ShownMember]) -> Vec<Bar> {
    // Hidden members have a bar of their own, whatever their rank: it isn't one
    // member's.
    let (known, hidden): (Vec<&ShownMember>, Vec<&ShownMember>) =
        members.iter().partition(|member| member.id.is_some());
    let (shown, others) = known.split_at(SHOWN.min(known.len()));
    let mut bars: Vec<Bar> = shown.iter().map(|member| bar(member)).collect();
    tell_apart(&mut bars);
    bars.extend(hidden.into_iter().map(bar));
    if !others.is_empty() {
        let name = format!(
            "others ({})",
            counted(others.len() as u64, "member", "members")
        );
        bars.push(Bar {
            id: None,
            label: name.clone(),
            name,
            messages: others.iter().map(|member| member.messages).sum(),
        });
    }
    bars
}

fn bar(member: &ShownMember) -> Bar {
    let mut name = clean(&member.name, 160);
    if is_blank(&name) {
        name = format!("unknown {}", id_end(member.id.unwrap_or_default()));
    }
    Bar {
        id: member.id,
        label: style::fit(&name, LABEL_SIZE, NAME_WIDTH),
        name,
        messages: member.messages,
    }
}

/// Bars that would look the same get the end of the id.
fn tell_apart(bars: &mut [Bar]) {
    let label = |bar: &Bar, digits: usize| {
        if digits == 0 {
            return bar.label.clone();
        }
        let end = tail(bar.id.unwrap_or_default(), digits);
        let room = NAME_WIDTH - style::width(&end, LABEL_SIZE) - 4.0;
        format!("{} {end}", style::fit(&bar.name, LABEL_SIZE, room))
    };
    let digits = text::tell_apart(vec![0; bars.len()], |i, digits| label(&bars[i], digits));
    for (bar, digits) in bars
        .iter_mut()
        .zip(digits)
        .filter(|(_, digits)| *digits > 0)
    {
        bar.label = label(bar, digits);
        bar.name = format!("{} {}", bar.name, tail(bar.id.unwrap_or_default(), digits));
    }
}

fn id_end(id: u64) -> String {
    tail(id, text::TAIL)
}

fn share(messages: u64, all: u64) -> String {
    let percent = messages as f64 / all.max(1) as f64 * 100.0;
    if messages > 0 && percent < 0.1 {
        "< 0.1%".to_owned()
    } else {
        format!("{percent:.1}%")
    }
}

/// The text in lines no wider than this, in pixels.
fn wrap(text: &str, limit: f64) -> Vec<String> {
    let mut lines = vec![String::new()];
    for c in text.chars() {
        let line = lines.last_mut().expect("there is one");
        line.push(c);
        if style::width(line, LABEL_SIZE) > limit && !style::is_mark(c) {
            line.pop();
            lines.push(c.to_string());
        }
    }
    lines
}

fn description(bars: &[Bar], all: u64) -> String {
    let first: Vec<String> = bars
        .iter()
        .filter(|bar| bar.id.is_some())
        .take(3)
        .map(|bar| format!("{} {}", bar.name, number(bar.messages as f64, 0)))
        .collect();
    format!(
        "Bars of messages by member, {} in all; the most: {}.",
        number(all as f64, 0),
        if first.is_empty() {
            "none".to_owned()
        } else {
            first.join(", ")
        }
    )
}

fn table(bars: &[Bar], all: u64) -> String {
    let mut table = "member_id,name,messages,share_percent\n".to_owned();
    for bar in bars {
        let id = bar
            .id
            .map_or(String::new(), |id| csv_field(&id.to_string()));
        let percent = bar.messages as f64 / all.max(1) as f64 * 100.0;
        table += &format!(
            "{id},{},{},{percent:.3}\n",
            csv_field(&bar.name),
            bar.messages
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels<const N: usize>(members: [(u64, &str); N]) -> [String; N] {
        let member = |(id, name): (u64, &str)| ShownMember {
            name: name.to_owned(),
            id: Some(id),
            messages: 7,
        };
        let bars = bars(&members.map(member));
        std::array::from_fn(|i| bars[i].label.clone())
    }

    #[test]
    fn bars_that_look_alike_get_as_many_digits_as_it_takes() {
        assert_eq!(labels([(1, "Ann"), (2, "Ben")]), ["Ann", "Ben"]);
        assert_eq!(
            labels([
                (811_234, "Ann"),
                (921_234, "Ann\u{200d}"),
                (925_678, "\u{ad}Ann")
            ]),
            ["Ann …11234", "Ann\u{200d} …21234", "Ann …5678"]
        );
        // Names that differ only where there is no room for them.
        let long = |end: &str| format!("{}{end}", "long ".repeat(20));
        let (a, b) = (long("a"), long("b"));
        let labels = labels([(811_234, &a), (921_234, &b)]);
        assert!(labels[0].ends_with("… …11234"), "{labels:?}");
        assert!(labels[1].ends_with("… …21234"), "{labels:?}");
        for label in labels {
            assert!(style::width(&label, LABEL_SIZE) <= NAME_WIDTH, "{label}");
        }
    }
}
