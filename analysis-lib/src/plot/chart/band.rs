//! A line over time with the band that its true course lies in.

use super::frame::{Frame, no_data};
use super::line::{DOTS, margin, tooltips};
use super::series::{Bucket, Series};
use super::thin::thin;
use crate::plot::Figure;
use crate::plot::axis::number::number;
use crate::plot::axis::time::{iso, range};
use crate::plot::labels::{GAPS, Labels};
use crate::plot::svg::{BLUE, BRIGHT_BLUE, Content, GREY, Key, Look, Paths};
use activity_data::{Gap, Origin};

/// The axis ends at this many times the highest value at most: where little is
/// known the band would else press the line down.
const ROOM: f64 = 2.0;

/// A line through a series, and the band around it.
pub(crate) struct Band<'a> {
    pub(crate) origin: &'a Origin,
    pub(crate) labels: &'a Labels,
    pub(crate) note: String,
    /// The sentences below, with this many decimal places.
    pub(crate) says: &'a dyn Fn(usize) -> String,
    /// Moments in ascending order.
    pub(crate) series: Series<'a>,
    /// The band's edges at each of them.
    pub(crate) lower: &'a [f64],
    pub(crate) upper: &'a [f64],
    /// A line to compare with, and its name.
    pub(crate) beside: Option<(Series<'a>, &'static str)>,
    pub(crate) gaps: &'a [Gap],
    /// When the line jumps, ascending.
    pub(crate) jumps: &'a [i64],
}

/// A point that is drawn: its time, the value, and the band's edges from here to
/// the next point.
type Point = (i64, f64, f64, f64);

impl Band<'_> {
    pub(crate) fn figure(&self) -> Figure {
        let series = &self.series;
        let highest = series.values.iter().copied().fold(0.0, f64::max);
        let most = if highest > 0.0 {
            ROOM * highest
        } else {
            f64::MAX
        };
        let heights: Vec<f64> = self.upper.iter().map(|upper| upper.min(most)).collect();
        let times = margin(series);
        let shown = Series {
            values: &heights,
            ..*series
        };
        let frame = Frame::over_time(self.origin, self.labels, times, &shown);
        let thinned = thin(series, self.gaps, &frame.x.scale);
        let runs: Vec<Vec<Point>> = thinned.runs.iter().map(|run| self.points(run)).collect();

        let drawn: Vec<Vec<Point>> = runs.iter().map(|run| self.with_jumps(run)).collect();

        let mut paths = frame.paths_over(&thinned.gaps);
        frame.grid_up(&mut paths);
        let top = frame.y.scale.to;
        // Where each column of pixels has several moments, lines are as dense as
        // areas: the one to compare with stays behind, and the own is thin.
        let is_dense = series.len() as f64 > frame.area.right - frame.area.left;
        if is_dense {
            self.draw_beside(&frame, &mut paths);
        }
        for run in &drawn {
            let above = run.iter().map(|point| (point.0 as f64, point.3.min(top)));
            let below = run.iter().rev().map(|point| (point.0 as f64, point.2));
            let look = Look::Filled(BRIGHT_BLUE);
            match run[..] {
                // A lone point's band is a stroke.
                [(time, _, lower, upper)] => {
                    let ends = [lower, upper.min(top)].map(|value| (time as f64, value));
                    paths.line(ends, Look::Outlined(BRIGHT_BLUE, 40));
                }
                _ => paths.area(above.chain(below), look),
            }
        }
        if !is_dense {
            self.draw_beside(&frame, &mut paths);
        }
        frame.zero_line(&mut paths);
        for run in &drawn {
            let line = run.iter().map(|point| (point.0 as f64, point.1));
            paths.line(line, Look::Outlined(BLUE, if is_dense { 9 } else { 18 }));
            if run.len() == 1 && runs.len() <= DOTS {
                let at = (run[0].0 as f64, run[0].1);
                paths.circle(at, 25, Look::Filled(BLUE));
            }
        }

        let mut note = self.note.clone();
        if thinned.too_narrow > 0 {
            let gaps = GAPS.count(thinned.too_narrow);
            note += &format!(" · {gaps} too narrow to be seen");
        }
        let mut keys = vec![Key::new(BRIGHT_BLUE, BRIGHT_BLUE, "95 % band")];
        keys.extend(self.beside.map(|(_, name)| Key::new(GREY, GREY, name)));
        keys.extend(no_data(&thinned.gaps));
        let lines = |bucket: &Bucket| self.lines(&frame, bucket);
        let tips = tooltips(&frame, series, lines);
        let axis = self.labels.axis.to_lowercase();
        frame.figure(Content {
            note,
            shapes: paths.group(),
            keys,
            tooltips: frame.side_by_side(tips, &thinned.gaps, series.item),
            description: format!("Line of {axis} over time with a 95 % band."),
            says: (self.says)(frame.places),
            table: self.table(&runs),
            ..Content::default()
        })
    }

    /// The line to compare with, as far as it lies within the axis.
    fn draw_beside(&self, frame: &Frame, paths: &mut Paths) {
        let Some((beside, _)) = &self.beside else {
            return;
        };
        for run in thin(beside, self.gaps, &frame.x.scale).runs {
            let points = run
                .iter()
                .map(|&i| (beside.starts[i] as f64, beside.values[i]));
            for piece in within(points, frame.y.scale.to) {
                paths.line(piece, Look::Outlined(GREY, 8));
            }
        }
    }

    /// The lowest lower and the highest upper edge of some moments.
    fn edges(&self, from: usize, to: usize) -> (f64, f64) {
        let low = self.lower[from..to]
            .iter()
            .copied()
            .fold(f64::MAX, f64::min);
        let high = self.upper[from..to].iter().copied().fold(0.0, f64::max);
        (low, high)
    }

    /// The points that stand for a run: the band covers those left out too.
    fn points(&self, run: &[usize]) -> Vec<Point> {
        let next = run[1..].iter().copied().chain([run[run.len() - 1] + 1]);
        run.iter()
            .zip(next)
            .map(|(&i, next)| {
                let (lower, upper) = self.edges(i, next);
                (self.series.starts[i], self.series.values[i], lower, upper)
            })
            .collect()
    }

    /// A run with a step where the line jumps.
    fn with_jumps(&self, run: &[Point]) -> Vec<Point> {
        let mut points = vec![run[0]];
        for (before, after) in run.iter().zip(&run[1..]) {
            let at = self.jumps.partition_point(|jump| *jump <= before.0);
            if let Some(&jump) = self.jumps.get(at).filter(|jump| **jump < after.0) {
                points.extend([before, after].map(|side| (jump, side.1, side.2, side.3)));
            }
            points.push(*after);
        }
        points
    }

    /// A tooltip's lines: values, the band, when.
    fn lines(&self, frame: &Frame, bucket: &Bucket) -> Vec<String> {
        let (lower, upper) = self.edges(bucket.from, bucket.to);
        let shown = |value| number(value, frame.places);
        let mut lines = frame.lines(&self.series, bucket);
        lines.insert(
            1,
            format!("95 % band: {}", range(shown(lower), shown(upper))),
        );
        lines
    }

    /// A row for each point of the line, and an empty row where it breaks.
    fn table(&self, runs: &[Vec<Point>]) -> String {
        let zone = self.origin.timezone();
        let row = |(time, value, lower, upper): &Point| {
            format!("{},{value},{lower},{upper}\n", iso(zone, *time))
        };
        let runs: Vec<String> = runs
            .iter()
            .map(|run| run.iter().map(row).collect())
            .collect();
        let column = self.labels.column;
        format!(
            "time_local,time_utc,{column},lower,upper\n{}",
            runs.join(",,,,\n")
        )
    }
}

/// The pieces of a line that lie between zero and `top`.
fn within(points: impl Iterator<Item = (f64, f64)>, top: f64) -> Vec<Vec<(f64, f64)>> {
    let mut pieces = vec![Vec::new()];
    let mut last: Option<(f64, f64)> = None;
    for (x, y) in points {
        if let Some((from_x, from_y)) = last {
            let at = |edge: f64| (from_x + (x - from_x) * (edge - from_y) / (y - from_y), edge);
            let mut edges: Vec<f64> = [0.0, top]
                .into_iter()
                .filter(|edge| (from_y < *edge) != (y < *edge))
                .collect();
            if y < from_y {
                edges.reverse();
            }
            for edge in edges {
                // On one of both sides of the edge the line isn't drawn.
                let piece = pieces.len() - 1;
                pieces[piece].push(at(edge));
                if pieces[piece].len() > 1 {
                    pieces.push(Vec::new());
                }
            }
        }
        if (0.0..top).contains(&y) {
            pieces
                .last_mut()
                .expect("there is always a piece")
                .push((x, y));
        }
        last = Some((x, y));
    }
    pieces.retain(|piece| piece.len() > 1);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_where_the_axis_ends() {
        let cut = |points: &[(f64, f64)]| within(points.iter().copied(), 10.0);
        let inside = [(0.0, 0.0), (1.0, 9.0), (2.0, 5.0)];
        assert_eq!(cut(&inside), [inside.to_vec()]);
        // Through the whole axis, up and down.
        let peaks = [(0.0, -10.0), (4.0, 30.0), (8.0, -10.0)];
        let pieces = [vec![(1.0, 0.0), (2.0, 10.0)], vec![(6.0, 10.0), (7.0, 0.0)]];
        assert_eq!(cut(&peaks), pieces);
        assert_eq!(
            cut(&[(0.0, 5.0), (1.0, 15.0), (2.0, 15.0), (3.0, 5.0)]),
            [vec![(0.0, 5.0), (0.5, 10.0)], vec![(2.5, 10.0), (3.0, 5.0)]]
        );
        assert!(cut(&[(0.0, 20.0), (1.0, 30.0)]).is_empty());
    }
}
