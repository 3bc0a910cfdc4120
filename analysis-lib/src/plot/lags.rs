//! Do messages follow online members?

use super::axis::{Tick, number};
use super::chart::{Frame, extremes, range_of};
use super::csv::{csv, rounded};
use super::figure::Figure;
use super::labels::{HOURS, Labels, NOT_KNOWN, Noun};
use super::svg::*;
use crate::aggregate::{self, Lag, MOST_LAG};
use activity_data::Activity;

const PAIRS: Noun = Noun::new("pair", "pairs");

/// Do messages follow online members? Their correlation by the hour, with
/// messages up to 48 hours later or earlier, and what is left of it beyond the
/// week's rhythm, which both share. See [`aggregate::lags`].
///
/// ```
/// use analysis_lib::{Activity, plot};
///
/// let figure = plot::lags(&Activity::sample()?);
/// assert!(figure.says().starts_with("Messages follow online members most closely"));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn lags(activity: &Activity) -> Figure {
    let known = activity.online_known();
    let axis = "Correlation of Messages and Online Members";
    let mut labels = Labels::of(activity, "Messages and Online Members", axis, "correlation")
        .measuring("", 2)
        .knowing(known);
    let lags = aggregate::lags(activity);
    if lags.iter().all(|lag| lag.correlation.is_none()) {
        let why = "This takes a week of whole hours, in windows of at most an hour, in which messages and online members change.";
        let why = if known > 0.0 { why } else { NOT_KNOWN };
        return Figure::nothing(&labels, why);
    }
    // What chance reaches is drawn below both lines.
    let values = lags.iter().flat_map(|lag| {
        let below = lag.by_chance.map(|reach| -reach);
        [lag.correlation, lag.beyond_rhythm, lag.by_chance, below]
    });
    let range = range_of(values.flatten());
    let most = MOST_LAG as f64;
    let name = "Hours by Which Messages Come Later Than Members Are Online";
    let pairs = extremes(lags.iter().map(|lag| ((), lag.pairs as f64)));
    let pairs = pairs.unwrap_or_default().map(|(_, pairs)| number(pairs, 0));
    labels.note = pairs.join(" to ") + " pairs of hours";
    let mut frame = Frame::upwards(&labels, range, [-most - 0.5, most + 0.5], name);
    let tick = |hours: i64| Tick::new(hours as f64, number(hours as f64, 0));
    frame.x.ticks = (-MOST_LAG..=MOST_LAG).step_by(12).map(tick).collect();

    frame.ground(&[]);
    for lag in &lags {
        if let Some(reach) = lag.by_chance {
            let x = lag.hours as f64;
            let corners = [(x - 0.5, -reach), (x + 0.5, reach)];
            frame.shapes.rectangle(corners, PALE_GREEN.filled());
        }
    }
    frame.grid_up();
    frame.zero_line();
    let mut line = |value: fn(&Lag) -> Option<f64>, colour: Colour| {
        let points = lags.iter().map(|lag| Some((lag.hours as f64, value(lag)?)));
        frame.shapes.broken(points, colour.stroke_width(18));
    };
    line(|lag| lag.correlation, BLUE);
    line(|lag| lag.beyond_rhythm, GREEN);

    if lags.iter().any(|lag| lag.beyond_rhythm.is_some()) {
        let chance = Key::of(PALE_GREEN, "by chance alone, 95% of cases");
        frame.keys = vec![chance, Key::of(GREEN, "beyond the week's rhythm")];
    }
    frame.keys.push(Key::of(BLUE, "as they are"));
    frame.tooltips = lags.iter().map(|lag| tooltip(lag, &frame)).collect();
    let row = |lag: &Lag| {
        let values = [lag.correlation, lag.beyond_rhythm, lag.by_chance];
        let values = values.map(|value| rounded(value, 6)).join(",");
        format!("{},{values},{}", lag.hours, lag.pairs)
    };
    let columns = "hours_later,correlation,beyond_rhythm,by_chance,pairs";
    frame.figure(Words {
        description: "Lines of the correlation of messages and online members over hours."
            .to_owned(),
        says: says(&lags),
        table: csv(columns, lags.iter().map(row)),
    })
}

fn tooltip(lag: &Lag, frame: &Frame) -> Tooltip {
    let shown = |value: Option<f64>| value.map_or("unknown".to_owned(), |value| number(value, 2));
    let mut lines = vec![shown(lag.correlation), when(lag.hours)];
    if let (Some(_), Some(reach)) = (lag.beyond_rhythm, lag.by_chance) {
        let beyond = shown(lag.beyond_rhythm);
        lines.push(format!("beyond the week's rhythm: {beyond}"));
        lines.push(format!("by chance alone: within ±{}", number(reach, 2)));
    }
    lines.push(format!("{} of hours", PAIRS.count(lag.pairs)));
    let x = lag.hours as f64;
    let at = (x, lag.correlation.unwrap_or(0.0));
    frame.tooltip([x - 0.5, x + 0.5], at, lag.correlation.is_some(), lines)
}

/// "in the same hour", "2 hours later".
fn when(hours: i64) -> String {
    let count = HOURS.count(hours.unsigned_abs());
    match hours {
        0 => "in the same hour".to_owned(),
        1.. => format!("{count} later"),
        _ => format!("{count} earlier"),
    }
}

fn says(lags: &[Lag]) -> String {
    let known = lags
        .iter()
        .filter_map(|lag| Some((lag.hours, lag.correlation?)));
    let Some([_, (closest, correlation)]) = extremes(known) else {
        return String::new();
    };
    let mut text = format!(
        "Messages follow online members most closely {} (correlation {}).",
        when(closest),
        number(correlation, 2)
    );
    // One lag that was chosen before: of all 97, some are far off by chance.
    let same = lags.iter().find(|lag| lag.hours == 0);
    match same.and_then(|lag| Some((lag.beyond_rhythm?, lag.by_chance?))) {
        Some((beyond, reach)) => {
            let is_more = beyond.abs() > reach;
            text += &format!(
                " Beyond the week's rhythm it is {} in the same hour, {} chance alone ({}).",
                number(beyond, 2),
                if is_more { "more than" } else { "within" },
                number(reach, 2)
            );
        }
        None => {
            text += " What is beyond the week's rhythm can't be told from less than three weeks."
        }
    }
    text
}
