//! Lines over time.

use std::ops::Range;

use super::band::Band;
use super::frame::{Frame, range_of};
use super::nothing;
use super::series::{Bucket, Known, Series};
use super::thin::{DOTS, Thinned, column, nexts, thin};
use crate::plot::axis::{MINUTE, Scale, number};
use crate::plot::figure::Figure;
use crate::plot::labels::{GAPS, Labels, window_count};
use crate::plot::svg::*;
use activity_data::{Activity, Gap, Origin};

/// At most this many tooltips along the axis, each at least 3 pixels wide.
const TOOLTIPS: usize = 260;

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
    /// What the line's true course lies in.
    pub(crate) band: Option<Band<'a>>,
    /// Lines over the first, which is then paler.
    pub(crate) overlays: Vec<Overlay>,
    /// What is pointed out, the most important first.
    pub(crate) marks: &'a [Mark],
    /// What the figure shows, in sentences with this many decimal places; else how
    /// low and high the line is.
    pub(crate) says: Option<&'a dyn Fn(usize) -> String>,
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

impl<'a> Line<'a> {
    /// A line, and nothing else.
    pub(crate) fn new(
        origin: &'a Origin,
        labels: &'a Labels,
        note: String,
        series: Series<'a>,
        gaps: &'a [Gap],
    ) -> Self {
        Self {
            origin,
            labels,
            note,
            series,
            tips: series,
            gaps,
            band: None,
            overlays: Vec::new(),
            marks: &[],
            says: None,
        }
    }

    /// A line through a value a window.
    pub(crate) fn of_windows(
        activity: &'a Activity,
        labels: &'a Labels,
        values: &'a [f64],
    ) -> Self {
        let series = Series::of_windows(activity, values);
        let (origin, note) = (activity.origin(), window_count(activity));
        Self::new(origin, labels, note, series, activity.gaps())
    }

    /// The figure of a count for each window, where that is known; a card that says why
    /// where it never is.
    pub(crate) fn of_counts(
        activity: &Activity,
        labels: &Labels,
        counts: &[Option<u32>],
        why: &str,
    ) -> Figure {
        let value = |count: &Option<u32>| count.map_or(f64::NAN, f64::from);
        let values: Vec<f64> = counts.iter().map(value).collect();
        let series = Series::of_windows(activity, &values);
        let (stretches, note) = ((activity.begins(), activity.gaps()), window_count(activity));
        Self::of_known(activity.origin(), labels, note, series, stretches, why)
    }

    /// The same for a series whose value is no number where it isn't known, given when
    /// its items began, and its gaps.
    pub(crate) fn of_known(
        origin: &Origin,
        labels: &Labels,
        note: String,
        all: Series,
        (begins, gaps): (&[i64], &[Gap]),
        why: &str,
    ) -> Figure {
        match Known::of(&all, begins, gaps) {
            Some(known) => Line::new(origin, labels, note, known.series(all), &known.gaps).figure(),
            None => nothing::figure(origin, labels, note, why),
        }
    }

    pub(crate) fn figure(&self) -> Figure {
        let series = &self.series;
        let band = self.band.as_ref();
        let heights = band.map(|band| band.heights(series));
        let heights = heights.as_deref().unwrap_or(series.values);
        let (item, range) = (series.item, range_of(heights.iter().copied()));
        let frame = Frame::over_time(self.origin, self.labels, self.margin(), item, range);
        let thinned = thin(series, self.gaps, &frame.x.scale);

        let mut paths = frame.paths_over(&thinned.gaps);
        frame.grid_up(&mut paths);
        let mut keys = Vec::new();
        let mut note = self.note.clone();
        if thinned.too_narrow > 0 {
            let gaps = GAPS.count(thinned.too_narrow);
            note += &format!(" · {gaps} too narrow to be seen");
        }
        match band {
            Some(band) => keys.extend(band.draw(series, self.gaps, &frame, &thinned, &mut paths)),
            None => self.draw(&frame, &thinned, &mut paths),
        }
        note += &self.mark_parts(&mut paths, &mut keys);
        let overlays = self.overlays.iter().rev();
        keys.extend(overlays.map(|own| Key::of(own.colour, own.name)));
        let texts = self.point_out(&frame, &mut paths, &mut keys);
        keys.extend(frame.no_data(&thinned.gaps));

        let tips = tooltips(&frame, &self.tips, |bucket| self.lines(&frame, bucket));
        let axis = self.labels.axis.to_lowercase();
        let with_band = band.map_or("", |_| " with a 95 % band");
        let gaps = thinned.gaps.len() + thinned.too_narrow;
        frame.figure(Content {
            note,
            shapes: paths.group(),
            keys,
            tooltips: frame.side_by_side(tips, &thinned.gaps, series.item),
            description: format!("Line of {axis} over time{with_band}."),
            says: match self.says {
                Some(says) => says(frame.places),
                None => frame.extent(series, gaps),
            },
            table: self.table(&thinned),
            texts,
            ..Content::default()
        })
    }

    /// The time that the line needs and what isn't known before and after it, with some
    /// room on both sides.
    fn margin(&self) -> Range<i64> {
        let starts = self.series.starts;
        let (first, last) = (starts[0], starts[starts.len() - 1]);
        let first = self.gaps.first().map_or(first, |gap| first.min(gap.begin));
        let last = self.gaps.last().map_or(last, |gap| last.max(gap.end));
        let pad = match last - first {
            0 => 30 * MINUTE,
            length => (length / 80).max((2 * MINUTE - length) / 2),
        };
        first - pad..last + pad
    }

    /// Where a point of the line is.
    fn place(&self, i: usize) -> (f64, f64) {
        (self.series.starts[i] as f64, self.series.values[i])
    }

    /// The line and those over it.
    fn draw(&self, frame: &Frame, thinned: &Thinned, paths: &mut Paths) {
        let is_alone = self.overlays.is_empty();
        let own = if is_alone { BLUE } else { PALE_BLUE };
        frame.zero_line(paths);
        for run in &thinned.runs {
            let points = run.iter().map(|&i| self.place(i));
            paths.line(points, own.stroke_width(18));
        }
        for overlay in &self.overlays {
            let point = |&i: &usize| Some((self.series.starts[i] as f64, overlay.values[i]?));
            for run in &thinned.runs {
                // A point for each two columns of pixels: these lines are smooth.
                let mut run = run.clone();
                run.dedup_by_key(|i| column(self.series.starts[*i], &frame.x.scale) / 2);
                paths.broken(run.iter().map(point), overlay.colour.stroke_width(20));
            }
        }
        // A point without neighbours isn't a line: it is seen as a dot.
        let alone = || thinned.runs.iter().filter(|run| run.len() == 1);
        for run in alone().filter(|_| alone().count() <= DOTS) {
            paths.circle(self.place(run[0]), 25, own.filled());
        }
    }

    /// Points that weren't recorded whole, or not to their end. How many, for the
    /// caption, where they are too many for marks.
    fn mark_parts(&self, paths: &mut Paths, keys: &mut Vec<Key>) -> String {
        let series = &self.series;
        let why = match (0..series.len()).all(|i| series.is_whole(i)) {
            true => "not over when recorded",
            false => "not fully recorded",
        };
        let is_marked = |i: &usize| !series.is_whole(*i) || series.is_running(*i);
        let marked: Vec<usize> = (0..series.len()).filter(is_marked).collect();
        if marked.len() > DOTS {
            return format!(" · {} {why}", series.item.noun().count(marked.len()));
        }
        if !marked.is_empty() {
            keys.push(Key::new(WHITE, VERMILLION, why));
        }
        for point in marked.into_iter().map(|i| self.place(i)) {
            paths.circle(point, 40, WHITE.filled());
            paths.circle(point, 40, VERMILLION.stroke_width(18));
        }
        String::new()
    }

    /// The marks, whose numbers are texts.
    fn point_out(&self, frame: &Frame, paths: &mut Paths, keys: &mut Vec<Key>) -> String {
        for mark in self.marks.iter().filter(|mark| mark.dot.is_none()) {
            let ends = [(mark.from as f64, 0.0), (mark.to as f64, 0.0)];
            paths.line(ends, GREEN.stroke_width(60));
        }
        let dots: Vec<(usize, usize)> = self.marks.iter().filter_map(|mark| mark.dot).collect();
        for &(item, _) in &dots {
            paths.circle(self.place(item), 40, PURPLE.filled());
        }
        if !dots.is_empty() {
            keys.push(Key::of(PURPLE, "unusual hours"));
        }
        if dots.len() < self.marks.len() {
            keys.push(Key::of(GREEN, "longest silences"));
        }
        numbers(&dots, |item| {
            let (time, value) = self.place(item);
            (frame.x.scale.place(time), frame.y.scale.place(value))
        })
    }

    /// A tooltip's lines.
    fn lines(&self, frame: &Frame, bucket: &Bucket) -> Vec<String> {
        let mut lines = frame.lines(&self.tips, bucket);
        if let Some(band) = &self.band {
            lines.insert(1, band.about(bucket.from..bucket.to, frame.places));
        }
        lines.extend(self.overlays.iter().filter_map(|overlay| {
            let value = number(overlay.values[bucket.highest]?, frame.places);
            Some(format!("{}: {value}", overlay.name))
        }));
        let times = self.tips.starts;
        let (from, to) = (times[bucket.from], times[bucket.to - 1]);
        let own = |mark: &&Mark| to > mark.from && from <= mark.to;
        lines.extend(self.marks.iter().filter(own).map(|mark| mark.about.clone()));
        lines
    }

    /// A row for each point of the line, and an empty row where it breaks:
    /// programs that plot the table break their line there. Marks, if there are
    /// any, have rows of their own after the line's, and a column.
    fn table(&self, thinned: &Thinned) -> String {
        let zone = self.origin.timezone();
        let mut columns = vec!["time_local,time_utc", self.labels.column];
        columns.extend(self.overlays.iter().map(|overlay| overlay.column));
        columns.extend(self.band.iter().flat_map(|_| ["lower", "upper"]));
        let between = columns.len() - 2;
        columns.extend((!self.marks.is_empty()).then_some("mark"));
        let row = |i: usize, next: usize| {
            let mut values = vec![Some(self.series.values[i])];
            values.extend(self.overlays.iter().map(|overlay| overlay.values[i]));
            let band = self.band.iter();
            values.extend(band.flat_map(|band| band.edges(i..next).map(Some)));
            values.extend((!self.marks.is_empty()).then_some(None));
            let field =
                |value: &Option<f64>| value.map_or(String::new(), |value| value.to_string());
            let fields: Vec<String> = values.iter().map(field).collect();
            format!("{},{}\n", zone.iso(self.series.starts[i]), fields.join(","))
        };
        let line = |run: &Vec<usize>| nexts(run).map(|(i, next)| row(i, next)).collect();
        let empty = ",".repeat(between);
        let mark = |mark: &Mark| match mark.dot {
            Some((i, number)) => {
                let (time, value) = (zone.iso(self.series.starts[i]), self.series.values[i]);
                format!("{time},{value}{empty},{number}\n")
            }
            None => [mark.from, mark.to]
                .map(|time| format!("{},0{empty},{}\n", zone.iso(time), mark.about))
                .concat(),
        };
        let lines = thinned.runs.iter().map(line);
        let runs: Vec<String> = lines.chain(self.marks.iter().map(mark)).collect();
        let broken = ",".repeat(columns.len()) + "\n";
        format!("{}\n{}", columns.join(","), runs.join(&broken))
    }
}

/// A tooltip for each moment, or for several where they are near each other.
fn tooltips(frame: &Frame, tips: &Series, lines: impl Fn(&Bucket) -> Vec<String>) -> Vec<Tooltip> {
    let Series { starts, values, .. } = *tips;
    let Scale { from, to, .. } = frame.x.scale;
    let scale = Scale::new([from, to], [0.0, TOOLTIPS as f64]);
    let last = TOOLTIPS as i64 - 1;
    let place = |i: usize| match values.len() {
        ..=TOOLTIPS => i as i64,
        _ => column(starts[i], &scale).min(last),
    };
    let tooltip = |bucket: Bucket| {
        let across = [bucket.from, bucket.to - 1].map(|i| starts[i] as f64);
        let at = (starts[bucket.highest] as f64, values[bucket.highest]);
        frame.tooltip(across, at, true, lines(&bucket))
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
