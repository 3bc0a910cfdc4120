//! Lines over time.

use std::ops::Range;

use super::band::Band;
use super::frame::{Frame, range_of};
use super::series::{Bucket, Series};
use super::thin::{DOTS, Thinned, column, nexts, thin};
use crate::plot::axis::{MINUTE, Scale, number};
use crate::plot::figure::Figure;
use crate::plot::labels::{GAPS, Labels};
use crate::plot::svg::*;
use activity_data::{Activity, Gap};

/// At most this many tooltips along the axis, each at least 3 pixels wide.
const TOOLTIPS: usize = 260;

/// A line through a series.
pub(crate) struct Line<'a> {
    pub(crate) labels: Labels,
    /// The points that the line goes through.
    pub(crate) series: Series<'a>,
    /// The points that have tooltips, if they aren't the line's: of a curve fewer.
    pub(crate) tips: Option<Series<'a>>,
    /// Where nothing was recorded, in order.
    pub(crate) gaps: &'a [Gap],
    /// What the line's true course lies in.
    pub(crate) band: Option<Band<'a>>,
    /// Lines over the first, which is then paler.
    pub(crate) overlays: Vec<Overlay>,
    /// What is pointed out, the most important first.
    pub(crate) marks: &'a [Mark],
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
    pub(crate) fn new(labels: Labels, series: Series<'a>, gaps: &'a [Gap]) -> Self {
        Self {
            labels,
            series,
            tips: None,
            gaps,
            band: None,
            overlays: Vec::new(),
            marks: &[],
        }
    }

    /// The figure of a count for each window, where that is known; a card that says why
    /// where it never is.
    pub(crate) fn of_counts(
        activity: &Activity,
        labels: Labels,
        counts: &[Option<u32>],
        why: &str,
    ) -> Figure {
        let value = |count: &Option<u32>| count.map_or(f64::NAN, f64::from);
        let values: Vec<f64> = counts.iter().map(value).collect();
        let series = Series::of_windows(activity, &values);
        Self::of_known(labels, &series, activity.begins(), activity.gaps(), why)
    }

    /// The same for a series whose value is no number where it isn't known, given when
    /// its items began, and its gaps.
    pub(crate) fn of_known(
        labels: Labels,
        all: &Series,
        begins: &[i64],
        gaps: &[Gap],
        why: &str,
    ) -> Figure {
        match all.known(begins, gaps) {
            Some((known, gaps)) => Line::new(labels, known, &gaps).figure(),
            None => Figure::nothing(&labels, why),
        }
    }

    /// The axes, which hold the line and its band.
    pub(crate) fn frame(&self) -> Frame {
        let heights = self.band.as_ref().map(|band| band.heights(&self.series));
        let heights = heights.as_deref().unwrap_or(&self.series.values);
        let range = range_of(heights.iter().copied());
        Frame::over_time(&self.labels, self.margin(), self.series.item, range)
    }

    pub(crate) fn figure(&self) -> Figure {
        let (series, band, mut frame) = (&self.series, self.band.as_ref(), self.frame());
        let thinned = thin(series, self.gaps, &frame.x.scale);

        frame.ground(&thinned.gaps);
        frame.grid_up();
        if thinned.too_narrow > 0 {
            let gaps = GAPS.count(thinned.too_narrow);
            frame.labels.note += &format!(" · {gaps} too narrow to be seen");
        }
        match band {
            Some(band) => band.draw(series, self.gaps, &thinned, &mut frame),
            None => self.draw(&thinned, &mut frame),
        }
        self.mark_parts(&mut frame);
        let overlays = self.overlays.iter().rev();
        let keys = overlays.map(|own| Key::of(own.colour, own.name));
        frame.keys.extend(keys);
        self.point_out(&mut frame);
        frame.no_data(&thinned.gaps);
        frame.tooltips = self.tooltips(&frame);
        frame.side_by_side(&thinned.gaps, series.item);

        let axis = self.labels.axis.to_lowercase();
        let with_band = band.map_or("", |_| " with a 95 % band");
        let gaps = thinned.gaps.len() + thinned.too_narrow;
        frame.figure(Words {
            description: format!("Line of {axis} over time{with_band}."),
            says: frame.extent(series, gaps),
            table: self.table(&thinned),
        })
    }

    /// The time that the line needs and what isn't known before and after it, with some
    /// room on both sides.
    fn margin(&self) -> Range<i64> {
        let starts = &self.series.starts;
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
    fn draw(&self, thinned: &Thinned, frame: &mut Frame) {
        let is_alone = self.overlays.is_empty();
        let own = if is_alone { BLUE } else { PALE_BLUE };
        frame.zero_line();
        for run in &thinned.runs {
            let points = run.iter().map(|&i| self.place(i));
            frame.shapes.path(points, own.stroke_width(18));
        }
        for overlay in &self.overlays {
            let point = |&i: &usize| Some((self.series.starts[i] as f64, overlay.values[i]?));
            for run in &thinned.runs {
                // A point for each two columns of pixels: these lines are smooth.
                let mut run = run.clone();
                run.dedup_by_key(|i| column(self.series.starts[*i], &frame.x.scale) / 2);
                let look = overlay.colour.stroke_width(20);
                frame.shapes.broken(run.iter().map(point), look);
            }
        }
        // A point without neighbours isn't a line: it is seen as a dot.
        let alone = || thinned.runs.iter().filter(|run| run.len() == 1);
        for run in alone().filter(|_| alone().count() <= DOTS) {
            frame.shapes.circle(self.place(run[0]), 25, own.filled());
        }
    }

    /// Points that weren't recorded whole, or not to their end; in the caption how many,
    /// where they are too many for marks.
    fn mark_parts(&self, frame: &mut Frame) {
        let series = &self.series;
        let why = match (0..series.len()).all(|i| series.is_whole(i)) {
            true => "not over when recorded",
            false => "not fully recorded",
        };
        let is_marked = |i: &usize| !series.is_whole(*i) || series.is_running(*i);
        let marked: Vec<usize> = (0..series.len()).filter(is_marked).collect();
        if marked.len() > DOTS {
            let count = series.item.noun().count(marked.len());
            frame.labels.note += &format!(" · {count} {why}");
            return;
        }
        if !marked.is_empty() {
            frame.keys.push(Key::new(WHITE, VERMILLION, why));
        }
        for point in marked.into_iter().map(|i| self.place(i)) {
            frame.shapes.circle(point, 40, WHITE.filled());
            frame.shapes.circle(point, 40, VERMILLION.stroke_width(18));
        }
    }

    /// The marks, whose numbers are texts.
    fn point_out(&self, frame: &mut Frame) {
        for mark in self.marks.iter().filter(|mark| mark.dot.is_none()) {
            let ends = [(mark.from as f64, 0.0), (mark.to as f64, 0.0)];
            frame.shapes.path(ends, GREEN.stroke_width(60));
        }
        let dots: Vec<(usize, usize)> = self.marks.iter().filter_map(|mark| mark.dot).collect();
        for &(item, _) in &dots {
            frame.shapes.circle(self.place(item), 40, PURPLE.filled());
        }
        if !dots.is_empty() {
            frame.keys.push(Key::of(PURPLE, "unusual hours"));
        }
        if dots.len() < self.marks.len() {
            frame.keys.push(Key::of(GREEN, "longest silences"));
        }
        // A number stands above its dot where those before leave room for it.
        let mut placed: Vec<(f64, f64)> = Vec::new();
        for (item, number) in dots {
            let (time, value) = self.place(item);
            let (x, y) = (frame.x.scale.place(time), frame.y.scale.place(value));
            let number = number.to_string();
            let apart = label_width(&number) + 8.0;
            let is_free = |other: &(f64, f64)| {
                (other.0 - x).abs() >= apart || (other.1 - y).abs() >= LABEL_SIZE
            };
            if placed.iter().all(is_free) {
                frame.texts += &text((x, y - 8.0), Anchor::Center, INK, &number);
                placed.push((x, y));
            }
        }
    }

    /// A tooltip for each moment, or for several where they are near each other.
    fn tooltips(&self, frame: &Frame) -> Vec<Tooltip> {
        let tips = self.tips.as_ref().unwrap_or(&self.series);
        let scale = Scale::new(frame.x.scale.values, [0.0, TOOLTIPS as f64]);
        let place = |i: usize| match tips.len() {
            ..=TOOLTIPS => i as i64,
            _ => column(tips.starts[i], &scale).min(TOOLTIPS as i64 - 1),
        };
        let tooltip = |bucket: Bucket| {
            let [from, to] = [bucket.from, bucket.to - 1].map(|i| tips.starts[i]);
            let mut lines = frame.lines(tips, &bucket);
            if let Some(band) = &self.band {
                lines.insert(1, band.about(bucket.from..bucket.to, frame.labels.places));
            }
            lines.extend(self.overlays.iter().filter_map(|overlay| {
                let value = number(overlay.values[bucket.highest]?, frame.labels.places);
                Some(format!("{}: {value}", overlay.name))
            }));
            let own = |mark: &&Mark| to > mark.from && from <= mark.to;
            lines.extend(self.marks.iter().filter(own).map(|mark| mark.about.clone()));
            let highest = bucket.highest;
            let at = (tips.starts[highest] as f64, tips.values[highest]);
            frame.tooltip([from as f64, to as f64], at, true, lines)
        };
        let buckets = tips.buckets(0..tips.len(), place);
        buckets.into_iter().map(tooltip).collect()
    }

    /// A row for each point of the line, and an empty row where it breaks:
    /// programs that plot the table break their line there. Marks, if there are
    /// any, have rows of their own after the line's, and a column.
    fn table(&self, thinned: &Thinned) -> String {
        let zone = self.labels.zone();
        let mut columns = vec!["time_local,time_utc", &self.labels.column];
        columns.extend(self.overlays.iter().map(|overlay| overlay.column));
        columns.extend(self.band.iter().flat_map(|_| ["lower", "upper"]));
        let between = columns.len() - 2;
        columns.extend((!self.marks.is_empty()).then_some("mark"));
        let row = |i: usize, next: usize| {
            let overlays = self.overlays.iter().map(|overlay| overlay.values[i]);
            let band = self.band.iter();
            let edges = band.flat_map(|band| band.edges(i..next).map(Some));
            let mark = self.marks.first().map(|_| None);
            let values = [Some(self.series.values[i])].into_iter().chain(overlays);
            let field = |value: Option<f64>| value.map_or(",".to_owned(), |own| format!(",{own}"));
            let fields: String = values.chain(edges).chain(mark).map(field).collect();
            format!("{}{fields}\n", zone.iso(self.series.starts[i]))
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
