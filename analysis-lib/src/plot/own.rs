//! Figures of one's own values.

use std::collections::HashSet;

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};

use super::axis::{Numbers, Tick, number, round_step};
use super::chart::{self, Frame, Line, MOST, Series};
use super::figure::Figure;
use super::labels::{Labels, Noun, POINTS, window_count};
use super::svg::*;
use crate::{Error, Result};
use activity_data::text::{clean, counted, csv_field};
use activity_data::{Activity, Gap, Origin, Periods};

/// A number, or none: NaN, `None`.
pub trait Value {
    /// The number, NaN where there is none.
    fn value(&self) -> f64;
}

macro_rules! values {
    ($($number:ty)+) => {$(
        impl Value for $number {
            fn value(&self) -> f64 {
                *self as f64
            }
        }
    )+};
}

values!(f32 f64 i32 i64 u32 u64 usize);

impl<T: Value> Value for Option<T> {
    fn value(&self) -> f64 {
        self.as_ref().map_or(f64::NAN, T::value)
    }
}

impl<T: Value> Value for &T {
    fn value(&self) -> f64 {
        T::value(self)
    }
}

/// What a line of one's own goes over: an [`Activity`]'s windows, or [`Periods`].
pub trait OverTime {
    #[doc(hidden)]
    fn line(&self, title: &str, values: &[f64]) -> Result<Figure>;
}

impl OverTime for Activity {
    fn line(&self, title: &str, values: &[f64]) -> Result<Figure> {
        let labels = own_labels(self.origin(), title, values).noting(window_count(self));
        own_line(labels, &Series::of_windows(self, values), self.gaps())
    }
}

impl OverTime for Periods {
    fn line(&self, title: &str, values: &[f64]) -> Result<Figure> {
        let series = Series::of_periods(self, values);
        let note = series.item.noun().count(self.len());
        let labels = own_labels(self.origin(), title, values).noting(note);
        own_line(labels, &series, &series.gaps())
    }
}

/// A line through one value a window, or one a period. It breaks where there is no
/// value, without grey. A cell's variable is given as `&values`: a cell whose last
/// line gives it away shows no figure.
///
/// ```
/// use analysis_lib::{Activity, plot};
///
/// let activity = Activity::sample()?;
/// let each = activity.iter().map(|w| w.online().map(|n| f64::from(w.messages()) / f64::from(n)));
/// let figure = plot::line(&activity, "Messages per Online Member", each)?.axis("Messages");
/// assert!(figure.csv().starts_with("time_local,time_utc,messages\n"));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
///
/// Where no value is known, a card says so.
///
/// # Errors
///
/// There are more values than windows or periods, or fewer.
pub fn line<V: Value>(
    over: &impl OverTime,
    title: &str,
    values: impl IntoIterator<Item = V>,
) -> Result<Figure> {
    over.line(title, &numbers(values))
}

fn own_line(labels: Labels, series: &Series, gaps: &[Gap]) -> Result<Figure> {
    let (values, items) = (&series.values, series.item.noun());
    are_as_many(values.len(), "value", series.starts.len(), items.one)?;
    let Some((mut own, _)) = series.known(&series.starts, &[]) else {
        let why = "A line needs a value; there is none.";
        return Ok(Figure::nothing(&labels, why));
    };
    let known = known(values);
    let steps = known.windows(2).filter(|pair| pair[0] + 1 < pair[1]);
    let breaks = steps.map(|pair| Gap::new(series.ends[pair[0]], series.starts[pair[1]]));
    let mut unseen: Vec<Gap> = breaks.chain(series.unseen.iter().copied()).collect();
    unseen.sort_by_key(|gap| gap.begin);
    own.unseen = &unseen;
    Ok(Line::new(labels, own, gaps).figure())
}

/// A bar for each label.
///
/// ```
/// use analysis_lib::plot;
///
/// let figure = plot::bars(["day", "night"], [7, 3])?.title("When").axis("Messages");
/// assert_eq!(figure.csv(), "label,messages\nday,7\nnight,3\n");
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
///
/// # Errors
///
/// There are more labels than values or fewer, or more than 365.
pub fn bars<V: Value>(
    labels: impl IntoIterator<Item = impl ToString>,
    values: impl IntoIterator<Item = V>,
) -> Result<Figure> {
    let name = |label: &dyn ToString| clean(&label.to_string(), TEXT_LIMIT);
    let names: Vec<String> = labels.into_iter().map(|label| name(&label)).collect();
    let values = numbers(values);
    let count = names.len();
    are_as_many(values.len(), "value", count, "label")?;
    if !(1..=MOST).contains(&count) {
        let why = format!("{count} bars can't be shown; give 1 to {MOST}");
        return Err(Error::new(why));
    }
    let labels = own_labels(&Origin::nobody(), "Bars", &values);
    let mut frame = Frame::upwards(&labels, extremes(&values), [0.0, count as f64], "");
    // Labels that have no room beside each other: every second, third and so on.
    let shown = |name: &String| shorten(name, LABEL_SIZE, 120.0);
    let widths = names.iter().map(|name| label_width(&shown(name)));
    let widest = widths.fold(0.0, f64::max);
    let each = ((widest + 8.0) / frame.x.scale.pixels(0.0, 1.0)).ceil() as usize;
    let tick = |i: usize| Tick::new(i as f64 + 0.5, shown(&names[i]));
    frame.x.ticks = (0..count).step_by(each).map(tick).collect();
    frame.ground(&[]);
    let mut table = "label,value\n".to_owned();
    for (i, (name, &value)) in names.iter().zip(&values).enumerate() {
        let (mut shown, mut plain) = ("no value".to_owned(), String::new());
        if value.is_finite() {
            (shown, plain) = (number(value, frame.labels.places), value.to_string());
            let corners = [(i as f64 + 0.06, 0.0), (i as f64 + 0.94, value)];
            frame.shapes.rectangle(corners, BLUE.filled());
        }
        table += &format!("{},{plain}\n", csv_field(name));
        let across = [i, i + 1].map(|edge| edge as f64);
        let at = (across[0] + 0.5, frame.y.scale.values[1]);
        let tooltip = frame.tooltip(across, at, false, vec![shown, name.clone()]);
        frame.tooltips.push(tooltip);
    }
    frame.zero_line();
    let most = extremes(&values).1;
    let highest = values.iter().position(|&value| value == most).unwrap_or(0);
    let most = number(values[highest], frame.labels.places);
    let says = format!("The highest: {most}, {}.", names[highest]);
    let note = Noun::new("bar", "bars").count(count);
    Ok(own_figure(frame, note, says, table))
}

/// How many values lie where: bars between round numbers, about twenty of them. A
/// value on an edge belongs to the bar after it.
///
/// # Errors
///
/// There is no value.
pub fn histogram<V: Value>(values: impl IntoIterator<Item = V>) -> Result<Figure> {
    let mut values = numbers(values);
    values.retain(|value| value.is_finite());
    let (low, high) = extremes(&values);
    let least = own_labels(&Origin::nobody(), "", &values).least_step();
    let step = round_step(((high - low) / 20.0).max(1e-9)).max(least);
    let bin = |value: f64| (value / step).floor();
    let mut counts = vec![0; (bin(high) - bin(low) + 1.0).max(0.0) as usize];
    for &value in &values {
        counts[(bin(value) - bin(low)) as usize] += 1;
    }
    let places = (-step.log10().floor()).max(0.0) as usize;
    let edge = |i: usize| number((bin(low) + i as f64) * step, places);
    let names = (0..counts.len()).map(|i| format!("{} to {}", edge(i), edge(i + 1)));
    let note = Noun::new("value", "values").count(values.len());
    let figure = bars(names, &counts)?.title("Histogram").note(&note);
    Ok(figure.axis("Number of Values"))
}

/// A point for each pair of values; those without a value are left out, and counted
/// in the caption. Where no pair is whole, a card says so.
///
/// # Errors
///
/// There are more values across than upwards, or fewer.
pub fn scatter<X: Value, Y: Value>(
    x: impl IntoIterator<Item = X>,
    y: impl IntoIterator<Item = Y>,
) -> Result<Figure> {
    let (x, y) = (numbers(x), numbers(y));
    are_as_many(x.len(), "x", y.len(), "y")?;
    let all = x.len();
    let known = |&(x, y): &(f64, f64)| x.is_finite() && y.is_finite();
    let (x, y): (Vec<f64>, Vec<f64>) = x.into_iter().zip(y).filter(known).unzip();
    let labels = own_labels(&Origin::nobody(), "Points", &y);
    if x.is_empty() {
        let why = "Points need both values; there is none.";
        return Ok(Figure::nothing(&labels, why));
    }
    let least = own_labels(&labels.origin, "", &x).least_step();
    let across = Numbers::around(extremes(&x), least, 8);
    let mut frame = Frame::upwards(&labels, extremes(&y), [across.low, across.high], "");
    frame.x.ticks = across.ticks;
    frame.ground(&[]);
    frame.grid_up();
    frame.zero_line();
    let mut table = "x,value\n".to_owned();
    // Points that cover each other are one.
    let mut seen = HashSet::new();
    for (&x, &y) in x.iter().zip(&y) {
        table += &format!("{x},{y}\n");
        if seen.insert((frame.x.scale.place(x) as i64, frame.y.scale.place(y) as i64)) {
            frame.shapes.circle((x, y), 22, BLUE.filled());
        }
    }
    let mut note = POINTS.count(x.len());
    if x.len() < all {
        let left_out = POINTS.count(all - x.len());
        note += &format!(" · {left_out} without a value left out");
    }
    let ((low, high), shown) = (extremes(&y), |y| number(y, frame.labels.places));
    let says = format!("Upwards from {} to {}.", shown(low), shown(high));
    Ok(own_figure(frame, note, says, table))
}

/// Whatever plotters draws, on a card: `draw` gets a plotters drawing area of this
/// size in pixels. Texts have the figures' font.
///
/// ```
/// use analysis_lib::plot;
/// use analysis_lib::plotters::prelude::*;
///
/// let figure = plot::drawing(300, 200, |area| {
///     area.draw(&Circle::new((150, 100), 80, BLUE.filled()))?;
///     area.draw(&Text::new("round", (130, 95), ("sans-serif", 20).into_font()))?;
///     Ok(())
/// })?;
/// assert!(figure.svg().contains(">round</text>"));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
///
/// # Errors
///
/// `draw` gives one, or a side is 0 or more than 4,000 pixels.
pub fn drawing<F>(width: u32, height: u32, draw: F) -> Result<Figure>
where
    F: FnOnce(&DrawingArea<Canvas, Shift>) -> std::result::Result<(), Box<dyn std::error::Error>>,
{
    if !(1..=4000).contains(&width) || !(1..=4000).contains(&height) {
        return Err(Error::new(format!(
            "a drawing of {width} × {height} pixels can't be made; each side is 1 to 4000"
        )));
    }
    let (canvas, shapes) = Canvas::new((width, height), "");
    let area = canvas.into_drawing_area();
    draw(&area).map_err(|e| Error::new(format!("the drawing failed: {e}")))?;
    drop(area);
    let shapes = shapes.take();
    let body = format!("<g transform=\"translate({MARGIN} 46)\">{shapes}</g>");
    let labels = Labels::new(&Origin::nobody(), "Drawing", "", "value")
        .noting(format!("{width} × {height} pixels"));
    let words = Words {
        description: "A drawing.".to_owned(),
        ..Words::default()
    };
    let size = [f64::from(width) + 2.0 * MARGIN, f64::from(height) + 88.0];
    let draw = move |labels: &Labels, words: &Words| card(labels, size, &body, &[], words);
    Ok(Figure::new(labels, words, draw))
}

fn numbers<V: Value>(values: impl IntoIterator<Item = V>) -> Vec<f64> {
    values.into_iter().map(|value| value.value()).collect()
}

fn are_as_many(one: usize, own: &str, other: usize, others: &str) -> Result<()> {
    let why = format!("{} for {}", counted(one, own), counted(other, others));
    match one == other {
        true => Ok(()),
        false => Err(Error::new(why + ": there must be as many")),
    }
}

/// Of values with as many decimal places as tell three digits of the largest; counts
/// have none.
fn own_labels(origin: &Origin, title: &str, values: &[f64]) -> Labels {
    let (low, high) = extremes(values);
    let parts = |&i: &usize| values[i].fract() != 0.0;
    let places = match known(values).iter().any(parts) {
        true => (2.0 - high.max(-low).log10().floor()).clamp(0.0, 9.0) as usize,
        false => 0,
    };
    Labels::new(origin, title, "Value", "value").measuring("", places)
}

fn own_figure(mut frame: Frame, note: String, says: String, table: String) -> Figure {
    frame.below = [18.0, 30.0, 62.0];
    frame.labels.note = note;
    frame.figure(Words {
        description: "A figure of value.".to_owned(),
        says,
        table,
    })
}

/// Where there is a number.
fn known(values: &[f64]) -> Vec<usize> {
    let indices = 0..values.len();
    indices.filter(|&i| values[i].is_finite()).collect()
}

/// The lowest and the highest of those that are numbers; no numbers of none.
fn extremes(values: &[f64]) -> (f64, f64) {
    let known = known(values).into_iter().map(|i| (i, values[i]));
    let found = chart::extremes(known);
    found.map_or((f64::NAN, f64::NAN), |[low, high]| (low.1, high.1))
}
