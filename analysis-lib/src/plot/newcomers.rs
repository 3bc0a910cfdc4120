//! Do newcomers stay?

use super::axis::{Numbers, Tick, number};
use super::chart::band::{Band, Point, fill, stroke};
use super::chart::frame::Frame;
use super::chart::nothing;
use super::chart::series::Series;
use super::chart::thin::thin;
use super::csv::csv;
use super::figure::Figure;
use super::labels::{GAPS, Item, Labels, Noun, window_count};
use super::people::in_percent;
use super::svg::*;
use crate::aggregate::{self, Survival, Wrote};
use activity_data::{Activity, DAY_LENGTH};

const DAYS: Noun = Noun::new("day", "days");
pub(super) const JOINS: Noun = Noun::new("join", "joins");
pub(super) const RAIDS: Noun = Noun::new("raid", "raids");
const WRITING_NEEDS: &str =
    "To tell who keeps writing takes 56 recorded days, and members who write.";
/// How wide what stands beside the curves is, in pixels.
const BESIDE: f64 = 222.0;
/// About as many tooltips.
const TOOLTIPS: f64 = 90.0;

/// A curve, its colours, and in words what those in it do, began with, and did for long.
struct Curve {
    survival: Survival,
    colours: [Colour; 2],
    name: &'static str,
    began: &'static str,
    still: &'static str,
    times: Vec<i64>,
    /// In percent, with a point before and one after each step.
    share: Vec<f64>,
    lower: Vec<f64>,
    upper: Vec<f64>,
}

impl Curve {
    fn of(survival: Survival, colours: [Colour; 2], words: [&'static str; 3]) -> Self {
        let [name, began, still] = words;
        let steps = |values: &[f64]| -> Vec<f64> {
            let percent = values.iter().flat_map(|value| [value * 100.0; 2]);
            [100.0]
                .into_iter()
                .chain(percent)
                .take(2 * values.len())
                .collect()
        };
        let times = survival.days.iter();
        let times = times.flat_map(|days| [(days * DAY_LENGTH as f64).round() as i64; 2]);
        Self {
            times: times.collect(),
            share: steps(&survival.share),
            lower: steps(&survival.lower),
            upper: steps(&survival.upper),
            survival,
            colours,
            name,
            began,
            still,
        }
    }

    /// The points that are drawn of it.
    fn runs(&self, frame: &Frame) -> Vec<Vec<Point>> {
        let series = Series::of_moments(DAYS, &self.times, &self.share);
        let band = Band {
            lower: &self.lower,
            upper: &self.upper,
            beside: None,
            jumps: &[],
        };
        band.runs(&series, &thin(&series, &[], &frame.x.scale))
    }

    /// The share after so many days, with its band.
    fn after(&self, days: f64) -> Option<(f64, String)> {
        let own = &self.survival;
        let at = own.after(days)?;
        let [share, lower, upper] =
            [&own.share, &own.lower, &own.upper].map(|values| in_percent(values[at] * 100.0));
        Some((
            own.share[at] * 100.0,
            format!("{share} ({lower} to {upper})"),
        ))
    }
}

/// Do newcomers stay? How many are still in the server so many days after they joined,
/// and how many still write so many days after their first message, as Kaplan–Meier
/// curves with 95 % bands; beside them, how many of those who joined wrote. See
/// [`aggregate::stayed`], [`aggregate::kept_writing`] and [`aggregate::wrote_within`].
/// Joins of [`aggregate::raids`] are left out.
///
/// ```
/// use analysis_lib::{Activity, plot};
///
/// let figure = plot::newcomers(&Activity::sample()?);
/// assert_eq!(figure.heading(), "Newcomers Who Stay");
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn newcomers(activity: &Activity) -> Figure {
    let labels = Labels::new("Newcomers Who Stay", "Still There (%)", "share_percent")
        .measuring("% still there", 0);
    let (stayed, wrote) = (
        aggregate::stayed(activity),
        aggregate::kept_writing(activity),
    );
    let in_server = ["in the server", "joined", "stayed in the server"];
    let writing = ["writing", "began to write", "kept writing"];
    let curves = [
        Curve::of(wrote, [GREEN, PALE_GREEN], writing),
        Curve::of(stayed, [BLUE, BRIGHT_BLUE], in_server),
    ];
    let last = curves.iter().filter_map(|curve| curve.times.last()).max();
    let note = window_count(activity);
    let Some(&last) = last else {
        let why = format!("{} {WRITING_NEEDS}", nobody_joined(activity));
        return nothing::figure(activity.origin(), &labels, note, &why);
    };
    let last = last.max(DAY_LENGTH);
    let name = "Days Since Joining, or Since the First Message".to_owned();
    let across = [0.0, last as f64];
    let mut frame = Frame::upwards(activity.origin(), &labels, (0.0, 100.0), across, name);
    frame.area.right -= BESIDE;
    frame.x.scale.end = frame.area.right;
    let length = DAY_LENGTH as f64;
    let ticks = Numbers::new((0.0, last as f64 / length), 1.0, 8)
        .ticks
        .into_iter();
    let ticks = ticks.map(|tick| Tick::new(tick.value * length, tick.label));
    frame.x.ticks = ticks.filter(|tick| tick.value <= last as f64).collect();

    let mut paths = frame.paths_over(&[]);
    frame.grid_up(&mut paths);
    let drawn: Vec<&Curve> = curves
        .iter()
        .filter(|curve| !curve.times.is_empty())
        .collect();
    let runs = drawn.iter().map(|curve| curve.runs(&frame));
    let runs: Vec<(&Curve, Vec<Vec<Point>>)> = drawn.iter().copied().zip(runs).collect();
    for (curve, runs) in &runs {
        fill(runs, curve.colours[1], frame.y.scale.to, &mut paths);
    }
    frame.zero_line(&mut paths);
    for (curve, runs) in &runs {
        stroke(runs, curve.colours[0], 18, &mut paths);
    }
    let every = (last as f64 / length / TOOLTIPS).ceil();
    let tooltip = |step: u32| {
        let days = f64::from(step) * every;
        let known = drawn
            .iter()
            .filter_map(|curve| Some((curve, curve.after(days)?)));
        let known: Vec<(&&Curve, (f64, String))> = known.collect();
        let at = (days * length, known.first()?.1.0);
        let mut lines = vec![format!("after {}", DAYS.count(days as u64))];
        lines.extend(
            known
                .iter()
                .map(|(curve, (_, share))| format!("{}: {share}", curve.name)),
        );
        Some(frame.tooltip([at.0, at.0], at, true, lines))
    };
    let tooltips = (0..=(last as f64 / length / every) as u32).filter_map(tooltip);
    let wrote = aggregate::wrote_within(activity);
    let content = Content {
        shapes: paths.group(),
        legend: beside(&frame, &drawn, &wrote),
        tooltips: frame.side_by_side(tooltips.collect(), &[], Item::Moment(DAYS)),
        table: table(&drawn),
        note,
        description: "Survival curves with 95 % bands.".to_owned(),
        says: says(activity, &drawn, &wrote),
        ..Content::default()
    };
    frame.figure(content)
}

/// What the curves are, and how many wrote, to the right of the chart.
fn beside(frame: &Frame, curves: &[&Curve], wrote: &[Wrote]) -> String {
    let ink = frame.labels.theme.soft_ink;
    let (left, mut row) = (frame.area.right + 16.0, frame.area.top - 6.0);
    let mut next = |height: f64| {
        row += height;
        row
    };
    let mut text = String::new();
    for curve in curves.iter().rev() {
        let count = number(curve.survival.at_risk[0] as f64, 0);
        let key = Key::of(
            curve.colours[0],
            format!("{} ({count} {})", curve.name, curve.began),
        );
        text += &key.element(left, next(20.0), ink);
    }
    text += &Key::of(GRID, "their 95 % bands").element(left, next(20.0), ink);
    for (place, own) in wrote.iter().filter(|own| own.joined > 0).enumerate() {
        if place == 0 {
            text += &small_text((left, next(34.0)), INK, "Of those who joined, wrote within");
        }
        let line = format!("{}: {}", DAYS.count(own.days), in_words(own));
        text += &small_text((left, next(20.0)), ink, &line);
    }
    text
}

/// Why nobody is known to have joined.
pub(super) fn nobody_joined(activity: &Activity) -> &'static str {
    match (0..activity.len()).any(|window| activity.joined(window).is_some()) {
        true => "Nobody joined outside of raids.",
        false => "Who joined and who left isn't known: no document says it.",
    }
}

/// "9% (6% to 13%) of 207".
fn in_words(wrote: &Wrote) -> String {
    let share = in_percent(wrote.wrote as f64 / wrote.joined as f64 * 100.0);
    let ends = wrote.interval.unwrap_or_default();
    let [low, high] = ends.map(|end| in_percent(end * 100.0));
    let joined = number(wrote.joined as f64, 0);
    format!("{share} ({low} to {high}) of {joined}")
}

fn table(curves: &[&Curve]) -> String {
    let rows = curves.iter().rev().flat_map(|curve| {
        let own = &curve.survival;
        (0..own.days.len()).map(move |i| {
            let [share, lower, upper] =
                [&own.share, &own.lower, &own.upper].map(|all| all[i] * 100.0);
            let (name, days, at_risk) = (curve.name, own.days[i], own.at_risk[i]);
            format!("{name},{days},{share},{lower},{upper},{at_risk}")
        })
    });
    csv(
        "curve,days,share_percent,lower_percent,upper_percent,at_risk",
        rows,
    )
}

/// How many are still there after the longest of these times that is known, how many
/// wrote, and what can't be seen.
fn says(activity: &Activity, curves: &[&Curve], wrote: &[Wrote]) -> String {
    let mut sentences = Vec::new();
    for curve in curves.iter().rev() {
        let known = [30_u64, 7, 1].iter();
        let known = known.filter_map(|&days| Some((days, curve.after(days as f64)?.1)));
        let count = number(curve.survival.at_risk[0] as f64, 0);
        if let Some((days, share)) = { known }.next() {
            let (began, days) = (curve.began, DAYS.count(days));
            let still = curve.still;
            sentences.push(format!(
                "Of {count} who {began}, {share} {still} for more than {days}."
            ));
        }
    }
    let wrote = wrote.iter().filter(|own| own.joined > 0);
    let wrote: Vec<String> = wrote
        .map(|own| format!("{} within {}", in_words(own), DAYS.count(own.days)))
        .collect();
    if !wrote.is_empty() {
        sentences.push(format!("Of those who joined, wrote: {}.", wrote.join(", ")));
    }
    let is_drawn = |name: &str| curves.iter().any(|curve| curve.name == name);
    let gaps = activity.gaps().len();
    if !is_drawn("in the server") {
        sentences.push(nobody_joined(activity).to_owned());
    } else if gaps > 0 {
        sentences.push(format!("Leaves in {} aren't seen.", GAPS.count(gaps)));
    }
    if !is_drawn("writing") {
        sentences.push(WRITING_NEEDS.to_owned());
    }
    let raids = aggregate::raids(activity);
    let raiders: u64 = raids.iter().map(|raid| raid.joins).sum();
    if raiders > 0 {
        let (joins, raids) = (JOINS.count(raiders), RAIDS.count(raids.len()));
        sentences.push(format!(
            "Left out: {joins} in {raids}, hours with at least 10 joins and far more than usual."
        ));
    }
    sentences.join(" ")
}
