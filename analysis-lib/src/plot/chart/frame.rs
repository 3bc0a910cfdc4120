//! The frame that every chart stands in: axes, grid, keys, card.

use std::ops::Range;

use super::series::{Bucket, Series};
use crate::plot::axis::{Axis, Numbers, Scale, Tick, days, number, range, time_ticks};
use crate::plot::figure::Figure;
use crate::plot::labels::{GAPS, Item, Labels};
use crate::plot::svg::*;
use activity_data::{Event, Gap, GapKind, Zone};

/// Where charts begin that have a line of text above them, in pixels.
pub(crate) const TOP: f64 = LIGHT.area.top;
/// A gap narrower than this, in pixels, has no tooltip: the mouse would hardly
/// hit it.
const NARROW: f64 = 8.0;
/// The widest label of an event, and the space between two, in pixels.
const EVENT: f64 = 160.0;
const APART: f64 = 8.0;

/// How far values reach below zero and above it.
pub(crate) fn range_of(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((0.0, 0.0), |(low, high), value| {
        (value.min(low), value.max(high))
    })
}

/// Axes on a card, and what the chart draws in them.
#[derive(Clone)]
pub(crate) struct Frame {
    pub(crate) labels: Labels,
    /// The part of the card that the chart is in.
    pub(crate) area: Area,
    pub(crate) x: Axis,
    /// Its name stands above the chart.
    pub(crate) y: Axis,
    /// How far below the chart labels, the axis' name and the card's edge are, in
    /// pixels.
    pub(crate) below: [f64; 3],
    /// Whether times are to the right, so that events have their place.
    pub(crate) is_over_time: bool,
    /// In the axes' values.
    pub(crate) shapes: Shapes,
    /// Texts above the chart, and those within.
    pub(crate) legend: String,
    pub(crate) texts: String,
    /// From the right to the left.
    pub(crate) keys: Vec<Key>,
    pub(crate) tooltips: Vec<Tooltip>,
}

impl Frame {
    /// With a row of labels below the chart.
    pub(crate) fn new(labels: &Labels, area: Area, x: Axis, y: Axis) -> Self {
        Self {
            labels: labels.clone(),
            area,
            x,
            y,
            below: [18.0, 40.0, 78.0],
            is_over_time: false,
            shapes: Shapes::default(),
            legend: String::new(),
            texts: String::new(),
            keys: Vec::new(),
            tooltips: Vec::new(),
        }
    }

    /// Values from the lowest to the highest upwards, and times of such items to
    /// the right.
    pub(crate) fn over_time(
        labels: &Labels,
        times: Range<i64>,
        item: Item,
        range: (f64, f64),
    ) -> Self {
        let times = [times.start as f64, times.end as f64];
        let name = format!("Time ({})", labels.zone().name());
        let mut frame = Self::upwards(labels, range, times, &name);
        frame.x.ticks = time_ticks(labels.zone(), &frame.x.scale, item.length());
        // With a second row, for days and years.
        frame.below = [18.0, 54.0, 92.0];
        frame.is_over_time = true;
        frame
    }

    /// Values from the lowest to the highest upwards, and others to the right,
    /// whose ticks are to come.
    pub(crate) fn upwards(
        labels: &Labels,
        range: (f64, f64),
        across: [f64; 2],
        name: &str,
    ) -> Self {
        let numbers = Numbers::new(range, labels.least_step(), 6);
        let widths = numbers.ticks.iter().map(|tick| label_width(&tick.label));
        let room = labels.theme.area;
        let left = room.left + widths.fold(0.0, f64::max) + 10.0;
        let area = room.between(left, room.right - 8.0);
        let across = Scale::new(across, [area.left, area.right]);
        let upwards = Scale::new([numbers.low, numbers.high], [area.bottom, area.top]);
        let x = Axis::new(across, Vec::new(), name);
        let y = Axis::new(upwards, numbers.ticks, &labels.axis);
        let mut frame = Self::new(labels, area, x, y);
        frame.labels.places = labels.places.max(numbers.places);
        frame
    }

    /// The hours of the day to the right, and as ticks each so many of them up to the last.
    pub(crate) fn clock(zone: &Zone, scale: Scale, last: u32, every: usize) -> Axis {
        let clock = |hour: u32| Tick::new(f64::from(hour), format!("{hour:02}:00"));
        let name = format!("Hour of the Day ({})", zone.name());
        Axis::new(scale, (0..=last).step_by(every).map(clock).collect(), name)
    }

    /// Gaps, and over them a line at each tick of the upward axis.
    pub(crate) fn ground(&mut self, gaps: &[Gap]) {
        let (x, y, theme) = (self.x.scale, self.y.scale, self.labels.theme);
        for gap in gaps {
            let corners = [
                (gap.begin as f64, y.values[0]),
                (gap.end as f64, y.values[1]),
            ];
            let colour = match gap.kind {
                GapKind::NotKnown => theme.unknown,
                GapKind::NoData | GapKind::LeftOut => theme.gap,
            };
            self.shapes.rectangle(corners, colour.filled());
        }
        for tick in &self.y.ticks {
            let ends = x.values.map(|end| (end, tick.value));
            self.shapes.path(ends, theme.grid.stroke_width(10));
        }
    }

    /// A line at each tick of the axis to the right.
    pub(crate) fn grid_up(&mut self) {
        for tick in &self.x.ticks {
            let ends = self.y.scale.values.map(|end| (tick.value, end));
            self.shapes
                .path(ends, self.labels.theme.grid.stroke_width(10));
        }
    }

    /// The line at zero of the upward axis.
    pub(crate) fn zero_line(&mut self) {
        let ends = self.x.scale.values.map(|end| (end, 0.0));
        self.shapes
            .path(ends, self.labels.theme.axis.stroke_width(10));
    }

    /// A tooltip for what reaches from one value to another across, beside a place
    /// that may have a dot.
    pub(crate) fn tooltip(
        &self,
        [from, to]: [f64; 2],
        at: (f64, f64),
        has_dot: bool,
        lines: Vec<String>,
    ) -> Tooltip {
        let (x, y) = (self.x.scale, self.y.scale);
        Tooltip {
            area: self.area.between(x.place(from), x.place(to)),
            at: (x.place(at.0), y.place(at.1)),
            has_dot,
            lines,
        }
    }

    /// The tooltips and those of the gaps, side by side: each reaches from halfway to
    /// the one before to halfway to the next.
    pub(crate) fn side_by_side(&mut self, gaps: &[Gap], item: Item) {
        for &Gap { begin, end, kind } in gaps {
            // A point on the edge keeps some pixels for the mouse.
            let [left, right] = [begin, end].map(|time| self.x.scale.place(time as f64));
            let area = self.area.between(left + 1.5, right - 1.5);
            if area.right - area.left >= NARROW - 3.0 {
                let when = item.when(self.labels.zone(), begin, end);
                let why = match kind {
                    GapKind::NoData => "no data",
                    GapKind::LeftOut => "documents were left out",
                    GapKind::NotKnown => "not known",
                };
                let lines = vec![why.to_owned(), when];
                self.tooltips.push(Tooltip {
                    at: area.middle(),
                    ..Tooltip::above(area, lines)
                });
            }
        }
        let tooltips = &mut self.tooltips;
        tooltips.sort_by(|a, b| a.area.left.total_cmp(&b.area.left));
        let mut left = self.area.left;
        for i in 0..tooltips.len() {
            let own = tooltips[i].area;
            let next = tooltips.get(i + 1).map(|next| next.area.left);
            let halfway = next.map(|next| ((own.right + next) / 2.0).max(left));
            let right = halfway.unwrap_or(self.area.right);
            tooltips[i].area = own.between(left, right);
            left = right;
        }
    }

    /// A tooltip's lines: values, when, and what is special.
    pub(crate) fn lines(&self, series: &Series, bucket: &Bucket) -> Vec<String> {
        let zone = self.labels.zone();
        let shown = |i: usize| number(series.values[i], self.labels.places);
        let (low, high, at) = (shown(bucket.lowest), shown(bucket.highest), bucket.highest);
        let is_range = low != high;
        let value = self.labels.unit.after(&range(low, high));
        let items = bucket.from..bucket.to;
        let mut lines = vec![value, series.when(zone, items.clone())];
        if items.len() > 1 {
            lines.push(series.item.noun().count(items.len()));
            let highest = || format!("highest: {}", series.when(zone, at..at + 1));
            lines.extend(is_range.then(highest));
        }
        let partly = items.clone().filter(|&i| !series.is_whole(i)).count();
        let running = items.clone().filter(|&i| series.is_running(i)).count();
        if items.len() == 1 && partly == 1 {
            let percent = series.coverage[items.start] * 100.0;
            lines.push(format!("{percent:.0}% recorded"));
        } else if partly > 0 {
            lines.push(format!("{partly} of them not fully recorded"));
        }
        if running > 0 {
            let of = if items.len() > 1 { "1 of them " } else { "" };
            lines.push(format!("{of}not over when recorded"));
        }
        // Those since the item before.
        let before = items.start.checked_sub(1);
        let before = before.map_or(series.starts[0], |before| series.ends[before]);
        let own = self.events_in(before..series.ends[items.end - 1]);
        lines.extend(own.map(|event| event.label.clone()));
        lines
    }

    /// What happened between two times.
    pub(crate) fn events_in(&self, times: Range<i64>) -> impl DoubleEndedIterator<Item = &Event> {
        let events = self.labels.origin.events.iter();
        events.filter(move |event| times.contains(&event.time))
    }

    /// A line for each event within the axis of time, and their labels above, those
    /// of the newest first, as far as they leave room for each other; and what is said
    /// of them.
    fn events(&self) -> [String; 2] {
        let [from, to] = self.x.scale.values.map(|time| time as i64);
        let events = self.events_in(from..to);
        if !self.is_over_time || events.count() == 0 {
            return Default::default();
        }
        let (mut lines, mut labels, mut free) = (Shapes::default(), String::new(), f64::MAX);
        let mut says = String::new();
        for event in self.events_in(from..to).rev() {
            let time = event.time as f64;
            let ends = self.y.scale.values.map(|end| (time, end));
            lines.path(ends, self.labels.theme.soft_ink.stroke_width(7));
            let label = shorten(&event.label, CAPTION_SIZE, EVENT);
            let wide = width(&label, CAPTION_SIZE);
            let place = self.x.scale.place(time);
            let most = self.area.right.min(free - APART) - wide;
            let left = (place - wide / 2.0).min(most).max(self.area.left);
            if left <= most && left + wide >= place {
                let at = (left, self.area.top - 3.0);
                labels += &small_text(at, self.labels.theme.soft_ink, &label);
                free = left;
            }
            let when = days(self.labels.zone(), event.time, event.time);
            says += &format!(" Event: {} ({when}).", event.label);
        }
        [lines.group(self.x.scale, self.y.scale) + &labels, says]
    }

    /// From when to when, and how high: the end of a sentence.
    pub(crate) fn extent(&self, series: &Series, gaps: usize) -> String {
        let zone = self.labels.zone();
        let value = |i: usize| number(series.values[i], self.labels.places);
        let when = |i: usize| series.when(zone, i..i + 1);
        let last = series.len() - 1;
        let [lowest, highest] = series.extremes();
        let mut text = format!(
            "From {} to {}: lowest {}, highest {} ({}), last {}.",
            when(0),
            when(last),
            value(lowest),
            value(highest),
            when(highest),
            value(last),
        );
        if gaps > 0 {
            text += &format!(" Without data: {}.", GAPS.count(gaps));
        }
        text
    }

    /// The figure.
    pub(crate) fn figure(&self, mut words: Words) -> Figure {
        let (frame, size) = (self.clone(), [WIDTH, self.area.bottom + self.below[2]]);
        words.description += &self.events()[1];
        Figure::new(self.labels.clone(), words, move |labels, words| {
            let body = frame.body(&labels.axis);
            card(labels, size, &body, &frame.tooltips, words)
        })
    }

    /// All that is seen but tooltips, and what a card has around it, with this name of
    /// what is counted.
    pub(crate) fn body(&self, axis: &str) -> String {
        let (area, x, y) = (self.area, &self.x, &self.y);
        let (room, ink) = (self.labels.theme.area, self.labels.theme.soft_ink);
        let above = area.top - 16.0;
        let [row, name, _] = self.below.map(|below| area.bottom + below);
        let mut body = self.shapes.group(x.scale, y.scale) + &self.events()[0];
        let named = |name: &str, at: (f64, f64), anchor: Anchor| match name {
            "" => String::new(),
            _ if name == self.labels.axis => text(at, anchor, ink, axis),
            _ => text(at, anchor, ink, name),
        };
        body += &named(&y.name, (room.left, above), Anchor::Left);
        body += &self.legend;
        for tick in &y.ticks {
            let at = (area.left - 8.0, y.scale.place(tick.value) + 4.0);
            body += &text(at, Anchor::Right, ink, &tick.label);
        }
        for tick in &x.ticks {
            let rows = [(row, &tick.label), (row + 16.0, &tick.context)];
            for (row, label) in rows.into_iter().filter(|row| !row.1.is_empty()) {
                // The first and the last label keep within the room.
                let least = room.left + label_width(label) / 2.0;
                let most = (room.right - label_width(label) / 2.0).max(least);
                let at = (x.scale.place(tick.value).clamp(least, most), row);
                body += &text(at, Anchor::Center, ink, label);
            }
        }
        body += &named(&x.name, (area.middle().0, name), Anchor::Center);
        body += &self.texts;
        let mut right = room.right;
        for key in &self.keys {
            let left = key.left(right);
            body += &key.element(left, above, ink);
            right = left - 16.0;
        }
        body
    }

    /// What the colours of gaps mean, as far as there are any.
    pub(crate) fn no_data(&mut self, gaps: &[Gap]) {
        let Theme { gap, unknown, .. } = self.labels.theme;
        for (is_known, colour, name) in [(true, gap, "no data"), (false, unknown, "not known")] {
            if gaps
                .iter()
                .any(|gap| (gap.kind != GapKind::NotKnown) == is_known)
            {
                let edge = self.labels.theme.gap_edge;
                self.keys.push(Key::new(colour, edge, name));
            }
        }
    }
}
