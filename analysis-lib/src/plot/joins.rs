//! How large are we? Members over time, and who joins and leaves.

use super::axis::{moments, number};
use super::chart::bars::{Bars, Layer};
use super::chart::line::Line;
use super::chart::nothing;
use super::chart::series::{Known, Series};
use super::csv::csv;
use super::figure::Figure;
use super::labels::{Labels, MEMBERS, Noun, window_count};
use super::newcomers::{JOINS, nobody_joined};
use super::presence::{holes, too_many};
use super::svg::{BLUE, Content, ORANGE, VERMILLION};
use crate::aggregate::raids;
use activity_data::text::clean;
use activity_data::{Activity, Period};

/// Human members of the server at each window's end, over time.
///
/// ```
/// use analysis_lib::{Activity, plot};
///
/// let figure = plot::members(&Activity::sample()?);
/// assert_eq!(figure.heading(), "Number of Members of Sample Server");
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn members(activity: &Activity) -> Figure {
    let title = clean(activity.origin().server(), 300);
    let title = format!("Number of Members of {title}");
    let labels = Labels::new(&title, "Number of Members (Human)", "members").counting(MEMBERS);
    let counts = activity.member_count().into_iter();
    let values: Vec<f64> = counts
        .map(|count| count.map_or(f64::NAN, f64::from))
        .collect();
    let (all, note) = (
        Series::of_windows(activity, &values),
        window_count(activity),
    );
    match Known::of(&all, activity.begins(), activity.gaps()) {
        None => {
            let why = "How many members the server has isn't known: no document says it.";
            nothing::figure(activity.origin(), &labels, note, why)
        }
        Some(known) => {
            let series = known.series(all);
            Line::new(activity.origin(), &labels, note, series, &known.gaps).figure()
        }
    }
}

/// How many joined in each hour, day, week or month, upwards, how many left,
/// downwards, and the difference as a line. Joins of raids have a colour of their own
/// and aren't in the mean that the sentence says: see
/// [`aggregate::raids`](crate::aggregate::raids()).
///
/// ```
/// use analysis_lib::{Activity, WEEK, plot};
///
/// let figure = plot::joins(&Activity::sample()?, WEEK);
/// assert_eq!(figure.heading(), "Members Who Joined and Left by Week");
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn joins(activity: &Activity, period: Period) -> Figure {
    let noun = Noun::of(period);
    let title = format!("Members Who Joined and Left by {}", noun.title());
    let labels = Labels::new(&title, "Number of Members", "joined").counting(MEMBERS);
    let calendar = activity.calendar(period);
    let note = format!(
        "{} · {}",
        window_count(activity),
        noun.count(calendar.len())
    );
    let (windows, known) = (calendar.windows(), calendar.joins_known());
    let nothing = |why: &str| nothing::figure(activity.origin(), &labels, note.clone(), why);
    if known.iter().all(|&known| known == 0) {
        return nothing(nobody_joined(activity));
    }
    if let Some(why) = too_many(period, calendar.len()) {
        return nothing(&why);
    }

    let (joined, left) = (calendar.joined(), calendar.left());
    let mut raided = vec![0; calendar.len()];
    for hour in raids(activity) {
        let own = calendar
            .begins()
            .partition_point(|&begin| begin <= hour.begin);
        raided[own.saturating_sub(1)] += hour.joins;
    }
    let places = 0..calendar.len();
    let net = |i: usize| joined[i] as f64 - left[i] as f64;
    let column = |value: &dyn Fn(usize) -> f64| -> Vec<f64> { places.clone().map(value).collect() };
    let layer = |name: &str, colour, value: &dyn Fn(usize) -> f64| Layer {
        name: name.to_owned(),
        colour,
        values: column(value),
    };
    let mut layers = vec![
        layer("left", ORANGE, &|i| -(left[i] as f64)),
        layer("joined", BLUE, &|i| (joined[i] - raided[i]) as f64),
    ];
    if raided.iter().any(|&joins| joins > 0) {
        layers.push(layer("joined in raids", VERMILLION, &|i| raided[i] as f64));
    }
    let says = |i: usize| known[i] as f64 / windows[i].max(1) as f64;
    let (values, coverage) = (
        column(&|i| joined[i] as f64),
        column(&|i| calendar.coverage()[i] * says(i)),
    );
    let series = Series {
        coverage: &coverage,
        ..Series::of_periods(&calendar, &values)
    };
    let tooltip = |i: usize| {
        let mut lines = vec![
            format!(
                "{} joined, {} left",
                MEMBERS.count(joined[i]),
                number(left[i] as f64, 0)
            ),
            format!("net: {}", number(net(i), 0)),
        ];
        if raided[i] > 0 {
            lines.push(format!("{} in raids", JOINS.count(raided[i])));
        }
        lines
    };
    let zone = activity.origin().timezone();
    let row = |i: usize| {
        let (when, net, over) = (
            zone.iso(calendar.begins()[i]),
            net(i),
            !series.is_running(i),
        );
        let (joined, left, raided, coverage) = (joined[i], left[i], raided[i], coverage[i]);
        format!("{when},{joined},{left},{net},{raided},{coverage:.4},{over}")
    };
    let columns = "begin_local,begin_utc,joined,left,net,joined_in_raids,coverage,over";

    // What the last period that is over brought, and what one usually brings.
    let last = calendar.len() - 1;
    let told = last.saturating_sub(usize::from(series.is_running(last)));
    let when = series.when(zone, told..told + 1);
    let (first, rest) = when.split_at(1);
    let count = |count: u64| number(count as f64, 0);
    let mut text = format!(
        "{}{rest}: {} joined, and {} left.",
        first.to_uppercase(),
        MEMBERS.count(joined[told]),
        count(left[told])
    );
    let whole: Vec<usize> = places
        .clone()
        .filter(|&i| series.is_whole(i) && !series.is_running(i))
        .collect();
    if !whole.is_empty() {
        let mean = |value: &dyn Fn(usize) -> u64| {
            let sum: u64 = whole.iter().map(|&i| value(i)).sum();
            number(sum as f64 / whole.len() as f64, 1)
        };
        let (joined, left) = (mean(&|i| joined[i] - raided[i]), mean(&|i| left[i]));
        text += &format!(
            " On average {joined} joined and {left} left in a {}",
            noun.one
        );
        text += match raided.iter().any(|&joins| joins > 0) {
            true => ", without joins of raids.",
            false => ".",
        };
    }
    let raids = raids(activity);
    if let Some(raid) = raids.iter().max_by_key(|raid| raid.joins) {
        let (joins, when) = (JOINS.count(raid.joins), moments(zone, raid.begin, raid.end));
        text += &match raids.len() {
            1 => format!(" There was a raid with {joins}: {when}."),
            raids => format!(" There were {raids} raids, the largest with {joins}: {when}."),
        };
    }

    Bars {
        layers: &layers,
        line: Some(("net", column(&net).into_iter().zip(known).map(|(net, &known)| (known > 0).then_some(net)).collect())),
        gaps: &holes(&series, windows, known),
        tooltips: places.clone().map(tooltip).collect(),
        content: Content {
            note,
            description: "Stacked bars of members who joined, and of those who left below zero; their difference as a line.".to_owned(),
            says: text,
            table: csv(columns, places.clone().map(row)),
            ..Content::default()
        },
        ..Bars::of(activity.origin(), &labels, series)
    }
    .figure()
}
