//! Bars by member.

use super::frame::Frame;
use crate::MemberId;
use crate::aggregate::ShownMember;
use crate::plot::axis::{Axis, Numbers, Scale, number};
use crate::plot::csv::{csv, id_field};
use crate::plot::labels::{Labels, MEMBERS, MESSAGES, Noun};
use crate::plot::svg::*;
use activity_data::text::{self as texts, TAIL, clean, csv_field, is_blank, is_mark, tail};

/// Members with a bar of their own.
const SHOWN: usize = 25;
const ROW: f64 = 21.0;
const BAR: f64 = 14.0;
/// A name takes no more than this, in pixels.
const NAME_WIDTH: f64 = 190.0;
const NARROW_NAME: f64 = 84.0;

/// A member, or several together.
pub(crate) struct Bar {
    /// `None` for all hidden members, and for all others.
    pub(crate) id: Option<MemberId>,
    /// As much of the name as fits; no two look alike.
    pub(crate) label: String,
    /// The name, bounded.
    pub(crate) name: String,
    pub(crate) messages: u64,
}

/// Bars of the members with the most messages, and of all others together: the
/// frame with what is in it, and the figure in words.
pub(crate) fn messages_by_member(labels: &Labels, members: &[ShownMember]) -> (Frame, Words) {
    let theme = &labels.theme;
    // Where it is narrow, counts stand beside bars, and no axis below them.
    let (limit, top) = match theme.is_narrow() {
        true => (NARROW_NAME, theme.area.top),
        false => (NAME_WIDTH, theme.area.top - 12.0),
    };
    let all: u64 = members.iter().map(|member| member.messages).sum();
    let bars = bars(members, MEMBERS, SHOWN, limit);
    // All others together may be many times the first: their bar is cut where it
    // would leave too little room for the members'.
    let longest = bars.iter().map(|bar| bar.messages).max().unwrap_or(0);
    let first = bars.first().map_or(0, |bar| bar.messages);
    let most = longest.min(first.saturating_mul(2));
    let count = |bar: &Bar| match (theme.is_narrow(), number(bar.messages as f64, 0)) {
        (true, count) => count,
        (false, count) => format!("{count} ({})", share(bar.messages, all)),
    };
    let counts: Vec<String> = bars.iter().map(count).collect();
    let names_width = bars.iter().map(|bar| label_width(&bar.label));
    let counts_width = counts.iter().map(|count| label_width(count));
    let area = Area {
        left: theme.area.left + names_width.fold(40.0, f64::max) + 10.0,
        top,
        right: theme.area.right - counts_width.fold(0.0, f64::max) - 8.0,
        bottom: top + bars.len().max(1) as f64 * ROW + 6.0,
    };
    let high = most.max(1) as f64;
    let mut ticks = Numbers::new((0.0, most as f64), labels.least_step(), 7).ticks;
    ticks.retain(|tick| tick.value <= high && !theme.is_narrow());
    let scale = Scale::new([0.0, high], [area.left, area.right]);
    let x = Axis::new(scale, ticks, &labels.axis);
    let y = Axis::new(Scale::of_pixels(top, area.bottom), Vec::new(), "");
    let mut frame = Frame::new(labels, area, x, y);
    frame.below = [17.0, 37.0, 76.0];

    frame.grid_up();
    let mut cuts = Vec::new();
    let middle = |row: usize| top + 6.0 + (row as f64 + 0.5) * ROW;
    for (row, (bar, count)) in bars.iter().zip(&counts).enumerate() {
        let (middle, baseline) = (middle(row), middle(row) + 4.5);
        let (colour, ink) = match bar.id {
            Some(_) => (theme.own, theme.ink),
            None => (theme.others, theme.soft_ink),
        };
        let length = bar.messages.min(most) as f64;
        let corners = [(0.0, middle - BAR / 2.0), (length, middle + BAR / 2.0)];
        frame.shapes.rectangle(corners, colour.filled());
        frame.texts += &text((area.left - 8.0, baseline), Anchor::Right, ink, &bar.label);
        let end = scale.place(length) + 6.0;
        frame.texts += &text((end, baseline), Anchor::Left, theme.soft_ink, count);
        let is_cut = bar.messages > most;
        if is_cut {
            let below = (middle + BAR).min(area.bottom);
            cuts.push([(high * 0.94, below), (high * 0.96, middle - BAR)]);
        }
        let Area { left, right, .. } = theme.area;
        let row = Area::at((left, middle - ROW / 2.0), right - left, ROW);
        frame.tooltips.push(Tooltip {
            at: (scale.place(length / 2.0), row.top),
            ..Tooltip::above(row, bar.lines(labels, all, is_cut))
        });
    }
    if bars.is_empty() {
        let at = (area.left + 12.0, middle(0) + 4.5);
        let nobody = "no messages in these windows";
        frame.texts += &text(at, Anchor::Left, theme.soft_ink, nobody);
    }
    for cut in cuts {
        frame.shapes.path(cut, theme.ground.stroke_width(50));
    }
    let zero = [(0.0, top), (0.0, area.bottom)];
    frame.shapes.path(zero, theme.axis.stroke_width(10));
    let row = |bar: &Bar| {
        let percent = percent(bar.messages, all);
        format!("{},{},{percent:.3}", bar.fields(), bar.messages)
    };
    let columns = format!("member_id,name,{},share_percent", labels.column);
    let words = Words {
        description: "Bars of messages by member.".to_owned(),
        says: says(&bars, all),
        table: csv(&columns, bars.iter().map(row)),
    };
    (frame, words)
}

impl Bar {
    /// The id and the name, for a table.
    pub(crate) fn fields(&self) -> String {
        format!("{},{}", id_field(self.id), csv_field(&self.name))
    }

    /// A tooltip's lines.
    fn lines(&self, labels: &Labels, all: u64, is_cut: bool) -> Vec<String> {
        let mut lines = wrap(&self.name, 420.0);
        let count = labels.unit.count(self.messages);
        let (share, all) = (share(self.messages, all), number(all as f64, 0));
        lines.push(format!("{count}, {share} of {all}"));
        lines.extend(is_cut.then(|| "the bar is cut short".to_owned()));
        lines
    }
}

/// The first members, or whatever `noun` says they are, so many; then all hidden ones,
/// if there are any; then all others, if there are any. Labels are no wider than `limit`
/// pixels.
pub(crate) fn bars(members: &[ShownMember], noun: Noun, shown: usize, limit: f64) -> Vec<Bar> {
    // All hidden members together are one bar, below those of single members.
    let (known, hidden): (Vec<&ShownMember>, Vec<&ShownMember>) =
        members.iter().partition(|member| member.id.is_some());
    let (shown, others) = known.split_at(shown.min(known.len()));
    let mut bars: Vec<Bar> = shown.iter().map(|member| bar(member, limit)).collect();
    tell_apart(&mut bars, limit);
    bars.extend(hidden.into_iter().map(|member| bar(member, limit)));
    if !others.is_empty() {
        let count = noun.count(others.len());
        let name = format!("others ({count})");
        bars.push(Bar {
            id: None,
            label: name.clone(),
            name,
            messages: others.iter().map(|member| member.messages).sum(),
        });
    }
    bars
}

fn bar(member: &ShownMember, limit: f64) -> Bar {
    let mut name = clean(&member.name, 160);
    if is_blank(&name) {
        name = format!("unknown {}", tail(member.id.unwrap_or_default(), TAIL));
    }
    Bar {
        id: member.id,
        label: shorten(&name, LABEL_SIZE, limit),
        name,
        messages: member.messages,
    }
}

/// Bars that would look the same get the end of the id.
fn tell_apart(bars: &mut [Bar], limit: f64) {
    let ended = |bar: &Bar, digits: usize| {
        let end = tail(bar.id.unwrap_or_default(), digits);
        let room = limit - width(&end, LABEL_SIZE) - 4.0;
        let label = format!("{} {end}", shorten(&bar.name, LABEL_SIZE, room));
        (label, format!("{} {end}", bar.name))
    };
    let digits = texts::tell_apart(vec![0; bars.len()], |i, digits| match digits {
        0 => bars[i].label.clone(),
        _ => ended(&bars[i], digits).0,
    });
    let all = bars.iter_mut().zip(digits);
    for (bar, digits) in all.filter(|(_, digits)| *digits > 0) {
        (bar.label, bar.name) = ended(bar, digits);
    }
}

fn percent(messages: u64, all: u64) -> f64 {
    messages as f64 / all.max(1) as f64 * 100.0
}

fn share(messages: u64, all: u64) -> String {
    match percent(messages, all) {
        percent if messages > 0 && percent < 0.1 => "< 0.1%".to_owned(),
        percent => format!("{percent:.1}%"),
    }
}

/// The text in lines no wider than this, in pixels.
fn wrap(text: &str, limit: f64) -> Vec<String> {
    let mut lines = vec![String::new()];
    for c in text.chars() {
        let line = lines.last_mut().expect("there is one");
        line.push(c);
        if width(line, LABEL_SIZE) > limit && !is_mark(c) {
            line.pop();
            lines.push(c.to_string());
        }
    }
    lines
}

fn says(bars: &[Bar], all: u64) -> String {
    let members = bars.iter().filter(|bar| bar.id.is_some());
    let sent = |bar: &Bar| format!("{} {}", bar.name, number(bar.messages as f64, 0));
    let most = match members.take(3).map(sent).collect::<Vec<_>>() {
        first if first.is_empty() => "none".to_owned(),
        first => first.join(", "),
    };
    format!("{} in all; the most: {most}.", MESSAGES.count(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels<const N: usize>(members: [(u64, &str); N]) -> [String; N] {
        let member = |(id, name): (u64, &str)| ShownMember {
            name: name.to_owned(),
            id: Some(id.into()),
            messages: 7,
        };
        let bars = bars(&members.map(member), MEMBERS, SHOWN, NAME_WIDTH);
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
            assert!(width(&label, LABEL_SIZE) <= NAME_WIDTH, "{label}");
        }
    }
}
