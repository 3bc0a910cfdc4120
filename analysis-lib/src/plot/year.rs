//! How does the year look?

use super::axis::{days, duration, number};
use super::by_period::{ByPeriod, merged};
use super::chart::{self, Bars, Line, Overlay, Series, Shades, extremes};
use super::figure::Figure;
use super::labels::{Labels, MEMBERS_ONLINE, MESSAGES, NOT_KNOWN, Noun};
use super::svg::{BLUE, VERMILLION};
use crate::aggregate;
use activity_data::{Activity, DAY, HOUR_LENGTH, Period, Periods};

/// Messages of each day as a calendar, a column a week. Days that were recorded
/// in part are drawn smaller, days without a window are marked. Of more than a
/// year, each year has its own rows, and the newest 400 days have tooltips (of
/// more than 1,000 days, the newest 120).
///
/// ```
/// use analysis_lib::{Activity, plot};
///
/// let figure = plot::calendar(&Activity::sample()?);
/// assert!(figure.says().starts_with("182 days"));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn calendar(data: &dyn ByPeriod) -> Figure {
    let (title, axis) = ("Messages by Day", "Number of Messages");
    let labels = Labels::new(data.origin(), title, axis, "messages");
    merged(data, DAY, &labels, |days| {
        let values = messages(days);
        let series = Series::of_periods(days, &values);
        let day = |index: usize| {
            let count = MESSAGES.count(days.messages()[index]);
            let when = series.when(labels.zone(), index..index + 1);
            format!("{count} on {when}")
        };
        let whole = (0..days.len()).filter(|&day| series.is_whole(day));
        let says = match extremes(whole.map(|day| (day, values[day]))) {
            Some([(least, _), (most, _)]) if most != least => format!(
                " Of those that were recorded whole, the most: {}; the fewest: {}.",
                day(most),
                day(least)
            ),
            _ => String::new(),
        };
        let shades = Shades::of(values.iter().copied(), "");
        chart::calendar(&labels, &series, shades, true, &says)
    })
}

/// Messages in an hour, over time: each window's own, and over them the rolling
/// means of the 24 hours and of the 7 days before each window's end. See
/// [`aggregate::rolling`] for where these are not given.
pub fn rolling(activity: &Activity) -> Figure {
    let (title, axis) = ("Messages in an Hour", "Messages per Hour");
    let mut labels =
        Labels::of(activity, title, axis, "messages_per_hour").measuring("messages per hour", 0);
    let means = [24, 24 * 7].map(|hours| aggregate::rolling(activity, hours));
    let recorded = activity.ends()[activity.len() - 1] - activity.begins()[0];
    if means[0].iter().all(Option::is_none) {
        let recorded = duration(recorded);
        let why = format!("A mean over 24 hours needs a day of data; there is {recorded}.");
        return Figure::nothing(&labels, &why);
    }
    // A window without a length, as two that end together have, has no rate.
    let usual = activity.usual_length().unwrap_or(HOUR_LENGTH);
    let per_hour = |i: usize| {
        let length = activity.ends()[i] - activity.begins()[i];
        let length = if length > 0 { length } else { usual };
        f64::from(activity.message_volume()[i]) * HOUR_LENGTH as f64 / length as f64
    };
    let values: Vec<f64> = (0..activity.len()).map(per_hour).collect();
    let series = Series::of_windows(activity, &values);
    let says = |name: &str, means: &[Option<f64>]| {
        let known = means.iter().enumerate();
        let mut known = known.filter_map(|(i, mean)| Some((activity.ends()[i], (*mean)?)));
        let [_, (when, most)] = extremes(known.clone())?;
        Some(format!(
            "Over {name}, at most {} messages per hour (to {}), and {} at the end.",
            number(most, 1),
            days(activity.origin().timezone(), when, when),
            number(known.next_back()?.1, 1)
        ))
    };
    let [day, week] = means;
    let needs = || {
        let recorded = duration(recorded);
        format!("A mean over 7 days needs a week of data; there are {recorded}.")
    };
    let day_says = says("24 hours", &day).unwrap_or_default();
    let week_says = says("7 days", &week).unwrap_or_else(needs);
    labels.instead = Some(format!("{day_says} {week_says}"));
    let overlay = |values, colour, name, column| Overlay {
        values,
        colour,
        name,
        column,
    };
    Line {
        overlays: vec![
            overlay(day, BLUE, "mean of 24 hours", "mean_24_hours"),
            overlay(week, VERMILLION, "mean of 7 days", "mean_7_days"),
        ],
        ..Line::new(labels, series, activity.gaps())
    }
    .figure()
}

/// Mean online members of each hour, day, week or month, over time. Periods that
/// were recorded in part are marked.
///
/// ```
/// use analysis_lib::{Activity, DAY, plot};
///
/// let figure = plot::online_members_by_period(&Activity::sample()?, DAY);
/// assert_eq!(figure.heading(), "Online Members by Day on Sample Server");
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn online_members_by_period(data: &dyn ByPeriod, period: Period) -> Figure {
    let (noun, server) = (Noun::of(period), data.origin().server());
    let title = format!("Online Members by {} on {server}", noun.title());
    let axis = "Number of Members (Human, Online), Mean";
    let labels = Labels {
        places: 1,
        ..Labels::new(data.origin(), title, axis, "online_members_mean").counting(MEMBERS_ONLINE)
    };
    merged(data, period, &labels, |periods| {
        let note = noun.count(periods.len()) + ", of what was recorded in each";
        let all = Series::of_periods(periods, periods.online_mean());
        let sum = |counts: &[u64]| counts.iter().sum::<u64>() as f64;
        let known = sum(periods.online_known()) / sum(periods.windows());
        let writers = periods.members().len();
        let labels = labels.clone().noting(note);
        let labels = labels.of_online(periods.online_max(), writers, known);
        Line::of_known(labels, &all, periods.begins(), &all.gaps(), NOT_KNOWN)
    })
}

/// Messages in each hour, day, week or month, as bars. Periods that were recorded
/// in part, and a last one that isn't over, are marked.
pub fn messages_by_period(data: &dyn ByPeriod, period: Period) -> Figure {
    let name = Noun::of(period).title();
    let axis = format!("Number of Messages Sent in the {name}");
    let labels = Labels::new(
        data.origin(),
        format!("Messages by {name}"),
        &axis,
        "messages",
    );
    merged(data, period, &labels, |periods| {
        let values = messages(periods);
        let series = Series::of_periods(periods, &values);
        Bars::of(&labels, series).figure()
    })
}

/// Messages of each period, as they are drawn.
pub(super) fn messages(periods: &Periods) -> Vec<f64> {
    periods.messages().iter().map(|&sent| sent as f64).collect()
}
