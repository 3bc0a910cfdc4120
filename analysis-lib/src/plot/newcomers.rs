//! Do newcomers stay?

use super::axis::{Numbers, Scale, moments, number};
use super::chart::{Frame, Point, fill, stroke};
use super::csv::csv;
use super::figure::Figure;
use super::labels::{GAPS, HOURS, Item, Labels, Noun};
use super::people::in_percent;
use super::svg::*;
use crate::aggregate::{self, Raid, Stay, Survival, stayed_of, stays, wrote_of};
use activity_data::{Activity, Period};

const DAYS: Noun = Noun::of(Period::Day);
const JOINS: Noun = Noun::new("join", "joins");
pub(super) const NOBODY_JOINED: &str =
    "Nobody is known to have joined: no document says it, or they all came in raids.";
const WRITING_NEEDS: &str = "To tell who keeps writing takes 56 recorded days.";
/// About as many tooltips.
const TOOLTIPS: usize = 90;

/// A curve, its colours, in words where its people are, how they began and what they
/// did for long, and what it needs.
struct Curve {
    survival: Survival,
    colours: [Colour; 2],
    words: [&'static str; 4],
}

impl Curve {
    /// A point before and one after each step that has a column of pixels of its own.
    fn points(&self, scale: &Scale) -> Vec<Point> {
        let days = &self.survival.days;
        let column = |i: usize| scale.place(days[i]) as i64;
        let (mut points, mut before) = (vec![(0.0, 100.0, [100.0; 2])], [100.0; 3]);
        for (i, &time) in days.iter().enumerate() {
            if i + 1 == days.len() || column(i) < column(i + 1) {
                let now = self.percent(i);
                let point = |[share, low, high]: [f64; 3]| (time, share, [low, high]);
                points.extend([before, now].map(point));
                before = now;
            }
        }
        points
    }

    fn percent(&self, i: usize) -> [f64; 3] {
        let own = &self.survival;
        [own.share[i], own.lower[i], own.upper[i]].map(|share| share * 100.0)
    }

    /// The share after so many days with its band, in words.
    fn after(&self, days: u64) -> Option<String> {
        let at = self.survival.after(days as f64)?;
        Some(with_ends(self.percent(at)))
    }

    fn count(&self) -> String {
        number(self.survival.at_risk[0] as f64, 0)
    }
}

/// "33% (28% to 39%)".
fn with_ends(percent: [f64; 3]) -> String {
    let [share, low, high] = percent.map(in_percent);
    format!("{share} ({low} to {high})")
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
    let (title, axis) = ("Newcomers Who Stay", "Still There (%), with 95 % Bands");
    let labels = Labels::of(activity, title, axis, "share_percent").measuring("% still there", 0);
    let raids = aggregate::raids(activity);
    let stays = stays(activity, &raids);
    let stayed = Curve {
        survival: stayed_of(activity, &stays),
        colours: [BLUE, BRIGHT_BLUE],
        words: [
            "in the server",
            "joined",
            "stayed in the server",
            NOBODY_JOINED,
        ],
    };
    let wrote = Curve {
        survival: aggregate::kept_writing(activity),
        colours: [GREEN, PALE_GREEN],
        words: ["writing", "began to write", "kept writing", WRITING_NEEDS],
    };
    let (curves, missing): (Vec<Curve>, Vec<Curve>) = [wrote, stayed]
        .into_iter()
        .partition(|curve| !curve.survival.days.is_empty());
    let says = says(activity, (&stays, &raids), [&curves, &missing]);
    let longest = curves.iter().flat_map(|curve| &curve.survival.days);
    let Some(longest) = longest.copied().reduce(f64::max) else {
        return Figure::nothing(&labels, &says);
    };
    let name = "Days Since Joining, or Since the First Message";
    let across = [0.0, longest.max(1.0)];
    let mut frame = Frame::upwards(&labels, (0.0, 100.0), across, name);
    frame.x.ticks = Numbers::new((0.0, longest), 1.0, 8).ticks;
    frame.x.ticks.retain(|tick| tick.value <= across[1]);

    frame.ground(&[]);
    frame.grid_up();
    for curve in &curves {
        let points = curve.points(&frame.x.scale);
        fill(&[points], curve.colours[1], 100.0, &mut frame.shapes);
    }
    frame.zero_line();
    for curve in &curves {
        let points = curve.points(&frame.x.scale);
        stroke(&[points], curve.colours[0], 18, &mut frame.shapes);
    }
    let key = |curve: &Curve| {
        let ([name, began, ..], count) = (curve.words, curve.count());
        Key::of(curve.colours[0], format!("{name}: {count} {began}"))
    };
    let tooltip = |days: u64| {
        let share = |curve: &Curve| Some(format!("{}: {}", curve.words[0], curve.after(days)?));
        let mut lines = vec![format!("after {}", DAYS.count(days))];
        lines.extend(curves.iter().rev().filter_map(share));
        frame.tooltip([days as f64; 2], (days as f64, 50.0), false, lines)
    };
    let (last, each) = (longest as u64, longest as usize / TOOLTIPS + 1);
    frame.tooltips = (0..=last).step_by(each).map(tooltip).collect();
    frame.side_by_side(&[], Item::Moment(DAYS));
    frame.keys = curves.iter().map(key).collect();
    let rows = curves.iter().rev().flat_map(|curve| {
        let own = &curve.survival;
        (0..own.days.len()).map(|i| {
            let [share, low, high] = curve.percent(i);
            let (name, days, at_risk) = (curve.words[0], own.days[i], own.at_risk[i]);
            format!("{name},{days},{share},{low},{high},{at_risk}")
        })
    });
    let columns = "curve,days,share_percent,lower_percent,upper_percent,at_risk";
    frame.figure(Words {
        table: csv(columns, rows),
        description: "Survival curves with 95 % bands.".to_owned(),
        says,
    })
}

/// How many are still there after a month, or less where more isn't known, how many
/// wrote, and what isn't seen.
fn says(
    activity: &Activity,
    (stays, raids): (&[Stay], &[Raid]),
    [curves, missing]: [&[Curve]; 2],
) -> String {
    let mut says = Vec::new();
    for curve in curves.iter().rev() {
        let ([_, began, still, _], count) = (curve.words, curve.count());
        let known = [30, 7, 1].map(|days| Some((DAYS.count(days), curve.after(days)?)));
        if let Some((days, share)) = known.into_iter().flatten().next() {
            let still = format!("{share} {still} for more than {days}");
            says.push(format!("Of {count} who {began}, {still}."));
        }
    }
    for own in wrote_of(activity, stays) {
        if let Some([low, high]) = own.interval {
            let share = own.wrote as f64 / own.joined as f64;
            let share = with_ends([share, low, high].map(|share| share * 100.0));
            let (joined, days) = (JOINS.count(own.joined), DAYS.count(own.days));
            says.push(format!("Within {days} of {joined}, {share} wrote."));
        }
    }
    says.extend(missing.iter().map(|curve| curve.words[3].to_owned()));
    if let Some(raids) = raids_in_words(raids) {
        says.push(format!("Left out: {raids}."));
    }
    if !activity.gaps().is_empty() {
        let gaps = GAPS.count(activity.gaps().len());
        says.push(format!("Leaves in {gaps} aren't seen."));
    }
    says.join(" ")
}

/// What raids brought, and what they are.
pub(super) fn raids_in_words(raids: &[Raid]) -> Option<String> {
    let most = raids.iter().max_by_key(|raid| raid.joins)?;
    let (begin, end) = (most.begin, most.end);
    let when = moments(most.provenance.origin()?.timezone(), begin, end);
    let joins = JOINS.count(raids.iter().map(|raid| raid.joins).sum::<u64>());
    let hours = HOURS.count(raids.len());
    Some(format!(
        "{joins} in {hours} of raids, with at least 10 and far more than usual, the most on {when}"
    ))
}
