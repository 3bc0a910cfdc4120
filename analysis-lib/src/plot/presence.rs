//! Who is here: who comes, stays, leaves and comes back.

use super::axis::number;
use super::chart::bars::{Bars, Layer, MOST};
use super::chart::line::Line;
use super::chart::nothing;
use super::chart::series::{Known, Series};
use super::csv::csv;
use super::figure::Figure;
use super::labels::{Labels, MEMBERS, NOBODY, Noun};
use super::people::{People, in_percent};
use super::svg::{BLUE, Content, GREEN, ORANGE, PURPLE};
use crate::aggregate::{Growth, growth_over, stickiness_over};
use crate::names::Names;
use activity_data::{Activity, DAY, Gap, Period, Zone};

/// Who wrote in each period, compared with the period before: new members, those
/// retained and those resurrected upwards, those churned downwards. Periods that
/// weren't fully recorded, in which members were missed, are marked. See
/// [`aggregate::growth`](crate::aggregate::growth).
///
/// ```
/// use analysis_lib::{Activity, Names, WEEK, plot};
///
/// let activity = Activity::sample()?;
/// let figure = plot::growth(&activity, &Names::load(&activity)?, WEEK);
/// assert_eq!(figure.heading(), "Members Who Wrote by Week");
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn growth(activity: &Activity, names: &Names, period: Period) -> Figure {
    let People { activity, note, .. } = People::of(activity, names);
    let noun = Noun::of(period);
    let title = format!("Members Who Wrote by {}", noun.title());
    let labels = Labels::new(&title, "Number of Members", "active").counting(MEMBERS);
    let calendar = activity.calendar(period);
    let growth = growth_over(&calendar);
    let nothing = |why: &str| nothing::figure(activity.origin(), &labels, note.clone(), why);
    if growth.iter().all(|growth| growth.active == 0) {
        return nothing(NOBODY);
    }
    if growth.len() > MOST {
        let coarser = match period {
            Period::Hour => "DAY, WEEK or MONTH",
            Period::Day => "WEEK or MONTH",
            _ => "MONTH",
        };
        let count = noun.count(growth.len());
        return nothing(&format!("{count} are too many for bars; use {coarser}."));
    }

    let column = |value: fn(&Growth) -> f64| growth.iter().map(value).collect();
    let layer = |name: &str, colour, value| Layer {
        name: name.to_owned(),
        colour,
        values: column(value),
    };
    let layers = [
        layer("churned", ORANGE, |growth| -(growth.churned as f64)),
        layer("retained", BLUE, |growth| growth.retained as f64),
        layer("resurrected", PURPLE, |growth| growth.resurrected as f64),
        layer("new", GREEN, |growth| growth.new as f64),
    ];
    let active = column(|growth| growth.active as f64);
    let series = Series::of_periods(&calendar, &active);
    let mut gaps: Vec<Gap> = Vec::new();
    for i in (0..calendar.len()).filter(|&i| calendar.windows()[i] == 0) {
        let (begin, end) = (calendar.begins()[i], calendar.ends()[i]);
        match gaps.last_mut() {
            Some(gap) if gap.end == begin => gap.end = end,
            _ => gaps.push(Gap::new(begin, end)),
        }
    }
    gaps.retain(|gap| !series.is_unseen(gap));
    let tooltip = |growth: &Growth| {
        let [new, retained, resurrected, churned] = counts(growth);
        vec![
            format!("{} wrote", MEMBERS.count(growth.active)),
            format!("new {new}, retained {retained}"),
            format!("resurrected {resurrected}, churned {churned}"),
        ]
    };
    let zone = activity.origin().timezone();
    let row = |(i, own): (usize, &Growth)| {
        let counts = [own.active, own.new, own.retained, own.resurrected];
        let counts = counts.map(|count| count.to_string()).join(",");
        let (when, coverage) = (zone.iso(own.begin), calendar.coverage()[i]);
        let (churned, over) = (own.churned, !series.is_running(i));
        format!("{when},{counts},{churned},{coverage:.4},{over}")
    };
    let columns = "begin_local,begin_utc,active,new,retained,resurrected,churned,coverage,over";

    Bars {
        layers: &layers,
        gaps: &gaps,
        tooltips: growth.iter().map(tooltip).collect(),
        content: Content {
            note: format!("{note} · {}", noun.count(growth.len())),
            description: "Stacked bars of new, retained and resurrected members, and of churned ones below zero.".to_owned(),
            says: growth_says(&growth, &series, activity.origin().timezone(), noun),
            table: csv(columns, growth.iter().enumerate().map(row)),
            ..Content::default()
        },
        ..Bars::of(activity.origin(), &labels, series)
    }
    .figure()
}

/// What became of members in the last period that is over, if there is one, and
/// how many periods can't tell.
fn growth_says(growth: &[Growth], series: &Series, zone: &Zone, noun: Noun) -> String {
    let last = growth.len() - 1;
    let told = last.saturating_sub(usize::from(series.is_running(last)));
    let [new, retained, resurrected, churned] = counts(&growth[told]);
    let members = MEMBERS.count(growth[told].active);
    let when = series.when(zone, told..told + 1);
    let (first, rest) = when.split_at(1);
    let mut says = format!("{}{rest}: {members} wrote", first.to_uppercase());
    says += &match told {
        0 => ".".to_owned(),
        _ => format!(
            ", {retained} of them also the {} before, {new} for the first time, {resurrected} after a pause; {churned} from the {0} before did not.",
            noun.one
        ),
    };
    let partly = (0..growth.len()).filter(|&i| !series.is_whole(i)).count();
    if partly > 0 {
        says += &format!(
            " Not fully recorded: {partly} of {}; who wrote unseen counts as churned.",
            noun.count(growth.len()),
        );
    }
    says
}

/// New, retained, resurrected and churned members, as people write them.
fn counts(growth: &Growth) -> [String; 4] {
    let (stayed, back) = (growth.retained, growth.resurrected);
    [growth.new, stayed, back, growth.churned].map(|count| number(count as f64, 0))
}

/// Stickiness: of those who wrote within 30 days, how many wrote on the last of
/// them, in percent, day by day. See
/// [`aggregate::stickiness`](crate::aggregate::stickiness).
pub fn stickiness(activity: &Activity, names: &Names) -> Figure {
    let People { activity, note, .. } = People::of(activity, names);
    let axis = "Who Wrote on the Day, of Those in the 30 Days up to It (%)";
    let labels = Labels::new("Stickiness", axis, "stickiness_percent").measuring("% wrote", 1);
    let days = activity.calendar(DAY);
    let mut shares = vec![f64::NAN; days.len()];
    for (day, stickiness) in stickiness_over(&days) {
        // Where nobody wrote in all of 30 days, there is no share.
        shares[day] = stickiness.share().map_or(f64::NAN, |share| share * 100.0);
    }
    let all = Series::of_periods(&days, &shares);
    let Some(known) = Known::of(&all, days.begins(), &[]) else {
        let why = "Stickiness needs 30 days of data with a message, and there are fewer.";
        return nothing::figure(activity.origin(), &labels, note, why);
    };
    let series = known.series(all);
    // Days that were recorded in part miss members, unless there are no others.
    let (whole, partly): (Vec<usize>, Vec<usize>) =
        (0..series.len()).partition(|&i| series.is_whole(i));
    let told = if whole.is_empty() { partly } else { whole };
    let mean = told.iter().map(|&i| series.values[i]).sum::<f64>() / told.len() as f64;
    let labels = labels.about(format!(
        "On an average day {} of those who wrote in the 30 days up to it wrote.",
        in_percent(mean)
    ));
    let note = format!("{note} · {}", series.item.noun().count(series.len()));
    Line::new(activity.origin(), &labels, note, series, &series.gaps()).figure()
}
