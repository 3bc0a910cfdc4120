//! Lines over time.

use std::ops::Range;

use super::frame::{Frame, no_data};
use super::series::{Bucket, Series};
use super::thin::{Thinned, column, thin};
use crate::plot::Figure;
use crate::plot::axis::Scale;
use crate::plot::axis::number::number;
use crate::plot::axis::time::{MINUTE, iso};
use crate::plot::labels::{GAPS, Labels};
use crate::plot::svg::{
    Anchor, Area, BLUE, Colour, Content, GREEN, INK, Key, LABEL_SIZE, Look, PALE_BLUE, PURPLE,
    Tooltip, VERMILLION, WHITE, label_width, text,
};
use activity_data::{Gap, Origin};

/// At most this many tooltips along the axis, each at least 3 pixels wide.
const TOOLTIPS: usize = 260;
/// At most this many points have a dot of their own: more would hide the line.
pub(super) const DOTS: usize = 100;

/// A line through a series.
pub(crate) struct Line<'a> {
    pub(crate) origin: &'a Origin,
    pub(crate) labels: &'a Labels,
    /// How many items there are, for the caption.
    pub(crate) note: String,
    /// The points that the line goes through.
    pub(crate) series: Series<'a>,
    /// The points that have tooltips: of a curve fewer than the line's.
    pub(crate) tips: Series<'a>,
    /// Where nothing was recorded, in order.
    pub(crate) gaps: &'a [Gap],
    /// Lines over the first, which is then paler.
    pub(crate) overlays: Vec<Overlay>,
    /// What is pointed out, the most important first.
    pub(crate) marks: &'a [Mark],
    /// What the figure shows, in sentences; else how low and high the line is.
    pub(crate) says: Option<String>,
}

/// A line over another: a value for each of that one's points, or none.
pub(crate) struct Overlay {
    pub(crate) values: Vec<Option<f64>>,
    pub(crate) colour: Colour,
    /// What it shows, and its column in a table.
    pub(crate) name: &'static str,
    pub(crate) column: &'static str,
}

/// A stretch of time that is pointed out.
pub(crate) struct Mark {
    pub(crate) from: i64,
    pub(crate) to: i64,
    /// The item of the series that has a dot with this number; without one, the
    /// stretch lies on the line at zero.
    pub(crate) dot: Option<(usize, usize)>,
    /// What tooltips say of it.
    pub(crate) about: String,
}

impl Line<'_> {
    pub(crate) fn figure(&self) -> Figure {
        let series = &self.series;
        let frame = Frame::over_time(self.origin, self.labels, margin(series), series);
        let thinned = thin(series, self.gaps, &frame.x.scale);
        let place = |&i: &usize| (series.starts[i] as f64, series.values[i]);

        let own = if self.overlays.is_empty() {
            BLUE
        } else {
            PALE_BLUE
        };
        let mut paths = frame.paths_over(&thinned.gaps);
        frame.grid_up(&mut paths);
        frame.zero_line(&mut paths);
        for run in &thinned.runs {
            paths.line(run.iter().map(place), Look::Outlined(own, 18));
        }
        for overlay in &self.overlays {
            let point = |&i: &usize| Some((series.starts[i] as f64, overlay.values[i]?));
            for run in &thinned.runs {
                // A point for each two columns of pixels: these lines are smooth.
                let mut run = run.clone();
                run.dedup_by_key(|i| column(series.starts[*i], &frame.x.scale) / 2);
                let points: Vec<_> = run.iter().map(point).collect();
                for part in points
                    .split(Option::is_none)
                    .filter(|part| !part.is_empty())
                {
                    let look = Look::Outlined(overlay.colour, 20);
                    paths.line(part.iter().copied().flatten(), look);
                }
            }
        }
        // A point without neighbours isn't a line: it is seen as a dot.
        let alone: Vec<&Vec<usize>> = thinned.runs.iter().filter(|run| run.len() == 1).collect();
        for run in alone.iter().filter(|_| alone.len() <= DOTS) {
            paths.circle(place(&run[0]), 25, Look::Filled(own));
        }

        let mut note = self.note.clone();
        if thinned.too_narrow > 0 {
            let gaps = GAPS.count(thinned.too_narrow);
            note += &format!(" · {gaps} too narrow to be seen");
        }
        let why = if (0..series.len()).all(|i| series.is_whole(i)) {
            "not over when recorded"
        } else {
            "not fully recorded"
        };
        let is_marked = |i: &usize| !series.is_whole(*i) || series.is_running(*i);
        let marked: Vec<usize> = (0..series.len()).filter(is_marked).collect();
        let mut keys = Vec::new();
        if marked.len() > DOTS {
            note += &format!(" · {} {why}", series.item.noun().count(marked.len()));
        } else if !marked.is_empty() {
            keys.push(Key::new(WHITE, VERMILLION, why));
            for point in marked.iter().map(place) {
                paths.circle(point, 40, Look::Filled(WHITE));
                paths.circle(point, 40, Look::Outlined(VERMILLION, 18));
            }
        }

        let overlays = self.overlays.iter().rev();
        keys.extend(overlays.map(|own| Key::new(own.colour, own.colour, own.name)));
        let stretches = self.marks.iter().filter(|mark| mark.dot.is_none());
        for mark in stretches {
            let ends = [(mark.from as f64, 0.0), (mark.to as f64, 0.0)];
            paths.line(ends, Look::Outlined(GREEN, 60));
        }
        let dots: Vec<(usize, usize)> = self.marks.iter().filter_map(|mark| mark.dot).collect();
        for (item, _) in &dots {
            paths.circle(place(item), 40, Look::Filled(PURPLE));
        }
        if !dots.is_empty() {
            keys.push(Key::new(PURPLE, PURPLE, "unusual hours"));
        }
        if dots.len() < self.marks.len() {
            keys.push(Key::new(GREEN, GREEN, "longest silences"));
        }

        keys.extend(no_data(&thinned.gaps));
        let gaps = thinned.gaps.len() + thinned.too_narrow;
        let axis = self.labels.axis.to_lowercase();
        let lines = |bucket: &Bucket| {
            let mut lines = frame.lines(&self.tips, bucket);
            for Overlay { name, values, .. } in &self.overlays {
                if let Some(value) = values[bucket.highest] {
                    lines.push(format!("{name}: {}", number(value, frame.places)));
                }
            }
            let times = self.tips.starts;
            let (from, to) = (times[bucket.from], times[bucket.to - 1]);
            let own = |mark: &&Mark| to > mark.from && from <= mark.to;
            lines.extend(self.marks.iter().filter(own).map(|mark| mark.about.clone()));
            lines
        };
        let tips = tooltips(&frame, &self.tips, lines);
        frame.figure(Content {
            note,
            shapes: paths.group(),
            keys,
            tooltips: frame.side_by_side(tips, &thinned.gaps, series.item),
            description: format!("Line of {axis} over time."),
            says: self
                .says
                .clone()
                .unwrap_or_else(|| frame.extent(series, gaps)),
            table: self.table(&thinned),
            texts: numbers(&dots, |item| {
                let (time, value) = place(&item);
                (frame.x.scale.place(time), frame.y.scale.place(value))
            }),
            ..Content::default()
        })
    }

    /// A row for each point of the line, and an empty row where it breaks:
    /// programs that plot the table break their line there. Marks, if there are
    /// any, have rows of their own after the line's, and a column.
    fn table(&self, thinned: &Thinned) -> String {
        let zone = self.origin.timezone();
        let Series { starts, values, .. } = self.series;
        let mut columns = format!("time_local,time_utc,{}", self.labels.column);
        // What follows a mark's time and value, and what stands between lines.
        let mut empty = String::new();
        for overlay in &self.overlays {
            columns += &format!(",{}", overlay.column);
            empty.push(',');
        }
        let marked = if self.marks.is_empty() { "" } else { "," };
        if !self.marks.is_empty() {
            columns += ",mark";
        }
        let row = |&i: &usize| {
            let mut row = format!("{},{}", iso(zone, starts[i]), values[i]);
            for overlay in &self.overlays {
                let value = overlay.values[i].map(|value| value.to_string());
                row += &format!(",{}", value.unwrap_or_default());
            }
            row + marked + "\n"
        };
        let runs = thinned.runs.iter();
        let lines = runs.map(|run| run.iter().map(row).collect());
        let marks = self.marks.iter().map(|mark| match mark.dot {
            Some((i, number)) => {
                format!("{},{}{empty},{number}\n", iso(zone, starts[i]), values[i])
            }
            None => [mark.from, mark.to]
                .map(|time| format!("{},0{empty},{}\n", iso(zone, time), mark.about))
                .concat(),
        });
        let runs: Vec<String> = lines.chain(marks).collect();
        format!("{columns}\n{}", runs.join(&format!(",,{empty}{marked}\n")))
    }
}

/// The time that a line through these moments needs, with some room on both
/// sides.
pub(crate) fn margin(series: &Series) -> Range<i64> {
    let (first, last) = (series.starts[0], series.starts[series.len() - 1]);
    let pad = match last - first {
        0 => 30 * MINUTE,
        length => (length / 80).max((2 * MINUTE - length) / 2),
    };
    first - pad..last + pad
}

/// A tooltip for each moment, or for several where they are near each other.
pub(crate) fn tooltips(
    frame: &Frame,
    tips: &Series,
    lines: impl Fn(&Bucket) -> Vec<String>,
) -> Vec<Tooltip> {
    let Series { starts, values, .. } = *tips;
    let Scale { from, to, .. } = frame.x.scale;
    let scale = Scale::new([from, to], [0.0, TOOLTIPS as f64]);
    let last = TOOLTIPS as i64 - 1;
    let place = |i: usize| match values.len() {
        ..=TOOLTIPS => i as i64,
        _ => column(starts[i], &scale).min(last),
    };
    let x = |i: usize| frame.x.scale.place(starts[i] as f64);
    let tooltip = |bucket: Bucket| {
        let area = Area {
            left: x(bucket.from),
            right: x(bucket.to - 1),
            ..frame.area
        };
        let highest = bucket.highest;
        Tooltip {
            at: (x(highest), frame.y.scale.place(values[highest])),
            has_dot: true,
            ..Tooltip::above(area, lines(&bucket))
        }
    };
    let buckets = tips.buckets(0..values.len(), place);
    buckets.into_iter().map(tooltip).collect()
}

/// Numbers above dots, as far as they leave room for each other.
fn numbers(dots: &[(usize, usize)], place: impl Fn(usize) -> (f64, f64)) -> String {
    let mut placed: Vec<(f64, f64)> = Vec::new();
    let mut texts = String::new();
    for &(item, number) in dots {
        let (x, y) = place(item);
        let number = number.to_string();
        let apart = label_width(&number) + 8.0;
        let is_free =
            |other: &(f64, f64)| (other.0 - x).abs() >= apart || (other.1 - y).abs() >= LABEL_SIZE;
        if placed.iter().all(is_free) {
            texts += &text((x, y - 8.0), Anchor::Middle, INK, &number);
            placed.push((x, y));
        }
    }
    texts
}
