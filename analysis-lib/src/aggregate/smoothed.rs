use std::fmt;

use super::cumulative_messages;
use crate::{Error, Result, SmoothingSpline};
use activity_data::{Activity, DAY_LENGTH, Gap, Held, Origin};

/// Points at which the smoothed curve is given, as in the original.
const POINTS: usize = 100;
pub(crate) const MINUTES_PER_DAY: f64 = 1440.0;

/// Cumulative messages as a smoothing spline, and its slope.
#[derive(Clone)]
pub struct Smoothed(Held<Fit>);

struct Fit {
    origin: Held<Origin>,
    gaps: Vec<Gap>,
    times: Vec<f64>,
    cumulative: Vec<f64>,
    rate: Vec<f64>,
    spline: SmoothingSpline,
}

/// One line: the columns would fill pages.
impl fmt::Debug for Smoothed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (knots, source) = (self.spline().knots().len(), self.origin().source());
        write!(f, "Smoothed({source}, {knots} knots)")
    }
}

impl Smoothed {
    /// Gaps of the activity; the curve is not drawn across them.
    pub(crate) fn gaps(&self) -> &[Gap] {
        &self.0.gaps
    }

    /// Source, server and time zone.
    pub fn origin(&self) -> &Origin {
        &self.0.origin
    }

    /// 100 even times from the first window's end to the last's, in days since
    /// the epoch (UTC).
    pub fn times(&self) -> &[f64] {
        &self.0.times
    }

    /// Smoothed cumulative messages at [`times`](Self::times).
    pub fn cumulative_messages(&self) -> &[f64] {
        &self.0.cumulative
    }

    /// The curve's slope at [`times`](Self::times): messages per minute.
    pub fn messages_per_minute(&self) -> &[f64] {
        &self.0.rate
    }

    /// The spline: cumulative messages over days since the epoch (UTC).
    pub fn spline(&self) -> &SmoothingSpline {
        &self.0.spline
    }
}

/// Fits SciPy's `UnivariateSpline(times, cumulative)` to the cumulative
/// messages, and gives it and its derivative at 100 even times.
///
/// A curve has one value at a time, so windows that end within a thousandth of a
/// window's length are one point, with the last one's cumulative messages. Of
/// windows that overlap, as two bots write them, only those that begin after the
/// last point are used: the curve would draw the bots' offset otherwise.
///
/// Of one activity the fit is computed once: the second figure doesn't wait.
///
/// # Errors
///
/// Fewer than four moments: a cubic curve needs as many.
pub fn smoothed(activity: &Activity) -> Result<Smoothed> {
    activity.kept(|| fit(activity))
}

/// Why there is no rate of windows with so many different times.
pub(super) fn too_few(moments: usize) -> Error {
    Error::new(format!(
        "a rate needs at least 4 windows with different times, and there are {moments}; take a longer span"
    ))
}

fn fit(activity: &Activity) -> Result<Smoothed> {
    let mut points: Vec<(i64, u64)> = Vec::with_capacity(activity.len());
    let (begins, ends) = (activity.begins(), activity.ends());
    let near = activity.usual_length().unwrap_or(0) / 1000;
    for (index, sum) in cumulative_messages(activity).into_iter().enumerate() {
        let (begin, end) = (begins[index], ends[index]);
        let last = points.last().map(|&(last, _)| last);
        let is_same = last.is_some_and(|last| end - last <= near);
        let overlaps = last.is_some_and(|last| begin < last - (end - begin) / 100);
        if is_same || overlaps && index + 1 == ends.len() {
            points.pop();
        } else if overlaps {
            continue;
        }
        points.push((end, sum));
    }
    if points.len() < 4 {
        return Err(too_few(points.len()));
    }
    let day = |(end, sum): (i64, u64)| (end as f64 / DAY_LENGTH as f64, sum as f64);
    let (x, y): (Vec<f64>, Vec<f64>) = points.into_iter().map(day).unzip();
    let spline = SmoothingSpline::fit(&x, &y)?;
    let (first, last) = (x[0], x[x.len() - 1]);
    let step = (last - first) / (POINTS - 1) as f64;
    let mut times: Vec<f64> = (0..POINTS).map(|i| first + i as f64 * step).collect();
    times[POINTS - 1] = last;
    let rate = |&time: &f64| spline.derivative(time) / MINUTES_PER_DAY;
    Ok(Smoothed(Held::new(Fit {
        origin: activity.shared_origin(),
        gaps: activity.gaps().to_vec(),
        cumulative: times.iter().map(|&t| spline.evaluate(t)).collect(),
        rate: times.iter().map(rate).collect(),
        times,
        spline,
    })))
}
