//! The band that a line's true course lies in.

use std::ops::Range;

use super::frame::Frame;
use super::series::Series;
use super::thin::{DOTS, Thinned, nexts, thin};
use crate::plot::axis::{number, range};
use crate::plot::svg::*;
use activity_data::Gap;

/// The axis ends at this many times the highest value at most: where little is
/// known the band would else press the line down.
const ROOM: f64 = 2.0;

/// What lies around and beside a line through moments.
pub(crate) struct Band<'a> {
    /// The band's edges at each of them.
    pub(crate) lower: &'a [f64],
    pub(crate) upper: &'a [f64],
    /// A line to compare with, and its name.
    pub(crate) beside: Option<(Series<'a>, &'static str)>,
    /// When the line jumps, ascending.
    pub(crate) jumps: &'a [i64],
}

/// A point that is drawn: its time, the value, and the band's edges from here to
/// the next point.
pub(crate) type Point = (f64, f64, [f64; 2]);

/// The band of some runs of points, up to the axis' end.
pub(crate) fn fill(runs: &[Vec<Point>], colour: Colour, top: f64, shapes: &mut Shapes) {
    for run in runs {
        let edge = |point: &Point, side: usize| (point.0, point.2[side].min(top));
        let above = run.iter().map(|point| edge(point, 1));
        let below = run.iter().rev().map(|point| edge(point, 0));
        match run.len() {
            // A lone point's band is a stroke.
            1 => shapes.path(below.chain(above), colour.stroke_width(40)),
            _ => shapes.path(above.chain(below), colour.filled()),
        }
    }
}

/// The line of some runs of points; a lone point is a dot, unless there are too many.
pub(crate) fn stroke(runs: &[Vec<Point>], colour: Colour, width: u32, shapes: &mut Shapes) {
    for run in runs {
        let points = run.iter().map(|point| (point.0, point.1));
        shapes.path(points, colour.stroke_width(width));
        if run.len() == 1 && runs.len() <= DOTS {
            shapes.circle((run[0].0, run[0].1), 25, colour.filled());
        }
    }
}

impl Band<'_> {
    /// How high the axis reaches at each moment.
    pub(super) fn heights(&self, series: &Series) -> Vec<f64> {
        let highest = series.values.iter().copied().fold(0.0, f64::max);
        let most = match highest > 0.0 {
            true => ROOM * highest,
            false => f64::MAX,
        };
        self.upper.iter().map(|upper| upper.min(most)).collect()
    }

    /// The band and its line, and what their colours mean.
    pub(super) fn draw(&self, series: &Series, gaps: &[Gap], thinned: &Thinned, frame: &mut Frame) {
        let points = |run: &Vec<usize>| self.points(series, run);
        let runs: Vec<Vec<Point>> = thinned.runs.iter().map(points).collect();
        // Where each column of pixels has several moments, lines are as dense as
        // areas: the one to compare with stays behind, and the own is thin.
        let is_dense = series.len() as f64 > frame.area.right - frame.area.left;
        if is_dense {
            self.draw_beside(gaps, frame);
        }
        let top = frame.y.scale.values[1];
        fill(&runs, BRIGHT_BLUE, top, &mut frame.shapes);
        if !is_dense {
            self.draw_beside(gaps, frame);
        }
        frame.zero_line();
        let width = if is_dense { 9 } else { 18 };
        stroke(&runs, BLUE, width, &mut frame.shapes);
        frame.keys.push(Key::of(BRIGHT_BLUE, "95 % band"));
        let beside = self.beside.iter();
        let beside = beside.map(|(_, name)| Key::of(GREY, *name));
        frame.keys.extend(beside);
    }

    /// The line to compare with, as far as it lies within the axis.
    fn draw_beside(&self, gaps: &[Gap], frame: &mut Frame) {
        let Some((beside, _)) = &self.beside else {
            return;
        };
        for run in thin(beside, gaps, &frame.x.scale).runs {
            let point = |&i: &usize| (beside.starts[i] as f64, beside.values[i]);
            let points: Vec<(f64, f64)> = run.iter().map(point).collect();
            for piece in within(&points, frame.y.scale.values[1]) {
                frame.shapes.path(piece, GREY.stroke_width(8));
            }
        }
    }

    /// The lowest lower and the highest upper edge of some moments.
    pub(super) fn edges(&self, moments: Range<usize>) -> [f64; 2] {
        let lower = self.lower[moments.clone()].iter().copied();
        let upper = self.upper[moments].iter().copied();
        [lower.fold(f64::MAX, f64::min), upper.fold(0.0, f64::max)]
    }

    /// The edges of some moments, as a tooltip says them.
    pub(super) fn about(&self, moments: Range<usize>, places: usize) -> String {
        let [lower, upper] = self.edges(moments).map(|edge| number(edge, places));
        format!("95 % band: {}", range(lower, upper))
    }

    /// The points that stand for a run, with a step where the line jumps: the band
    /// covers those left out too.
    fn points(&self, series: &Series, run: &[usize]) -> Vec<Point> {
        let mut points: Vec<Point> = Vec::new();
        for (i, next) in nexts(run) {
            let after = (
                series.starts[i] as f64,
                series.values[i],
                self.edges(i..next),
            );
            if let Some(&before) = points.last() {
                let at = self.jumps.partition_point(|jump| *jump as f64 <= before.0);
                if let Some(&jump) = self.jumps.get(at).filter(|jump| (**jump as f64) < after.0) {
                    points.extend([before, after].map(|side| (jump as f64, side.1, side.2)));
                }
            }
            points.push(after);
        }
        points
    }
}

/// The pieces of a line that lie between zero and `top`.
fn within(points: &[(f64, f64)], top: f64) -> Vec<Vec<(f64, f64)>> {
    let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
    for pair in points.windows(2) {
        let [(from_x, from_y), (x, y)] = [pair[0], pair[1]];
        if from_y.min(y) >= top || from_y.max(y) < 0.0 {
            continue;
        }
        let at = |edge: f64| (from_x + (x - from_x) * (edge - from_y) / (y - from_y), edge);
        let [from, to] = [pair[0], pair[1]].map(|point| match point.1.clamp(0.0, top) {
            edge if edge == point.1 => point,
            edge => at(edge),
        });
        match pieces.last_mut() {
            Some(piece) if piece.last() == Some(&from) => piece.push(to),
            _ => pieces.push(vec![from, to]),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_where_the_axis_ends() {
        let cut = |points: &[(f64, f64)]| within(points, 10.0);
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
