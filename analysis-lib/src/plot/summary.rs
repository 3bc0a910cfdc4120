//! A month or a week in one picture, made to be posted.

use std::cmp::Reverse;
use std::ops::Range;

use super::awake::{DAYS, week};
use super::axis::{Scale, moments, number};
use super::chart::{self, Bars, Series, extremes};
use super::csv::{csv, rounded};
use super::figure::Figure;
use super::labels::{Item, Labels, Noun};
use super::svg::*;
use super::year::messages;
use crate::aggregate::{self, ShownMember, WeekHour, growth_over};
use crate::names::Names;
use activity_data::text::{clean, csv_field};
use activity_data::{Activity, DAY, HOUR, HOUR_LENGTH, Period, Periods, newest_whole};

/// The picture's size, and how many times as large it is shown: 1,200 × 675 pixels,
/// which Discord shows whole. A phone shows it at a third of that.
const SIZE: [f64; 2] = [720.0, 405.0];
const ZOOM: f64 = 5.0 / 3.0;
const EDGE: f64 = 24.0;
/// Where the numbers' panels are, and the charts' titles and keys stand.
const PANELS: [f64; 2] = [80.0, 173.0];
const TITLES: f64 = 203.0;
const KEYS: f64 = 393.0;
/// Members with a bar.
const MEMBERS: usize = 6;

/// The room of a chart between these places.
const fn room(left: f64, right: f64) -> Theme {
    Theme {
        area: Area::at((left, 218.0), right - left, 138.0),
        ..DARK
    }
}

/// What a number is, the number, and what stands below it.
type Number = (&'static str, String, String);
/// Days or hours, the hours of the week, and who wrote most.
type Shown<'a> = (&'a Periods, &'a [WeekHour], &'a [ShownMember]);

/// A month, or a week, in one picture, to be posted: five numbers, the days, the
/// hours of the week, and who wrote most. 1,200 × 675 pixels, for Discord's dark
/// theme. Of a day or an hour it shows the hours.
///
/// It is the last such period that is over, of which at least half was recorded;
/// else the newest, so far. Changes compare recorded hours with recorded hours of
/// the period before, and are given where at least half of that was recorded.
///
/// ```
/// use analysis_lib::{Activity, MONTH, Names, plot};
///
/// let activity = Activity::sample()?;
/// let figure = plot::summary(&activity, &Names::load(&activity)?, MONTH);
/// assert_eq!(figure.heading(), "Sample Server in March 2026");
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn summary(activity: &Activity, names: &Names, period: Period) -> Figure {
    of(activity, names, period, |all| {
        newest_whole(all.coverage(), all.is_over())
    })
}

/// As [`summary`], of the newest period, whether it is over or not.
pub fn summary_so_far(activity: &Activity, names: &Names, period: Period) -> Figure {
    of(activity, names, period, |all| all.len() - 1)
}

/// The summary of the period that is chosen.
fn of(
    activity: &Activity,
    names: &Names,
    period: Period,
    choose: impl FnOnce(&Periods) -> usize,
) -> Figure {
    let activity = aggregate::without_bots(activity, names);
    let all = activity.every(period);
    let index = choose(&all);
    let span = all.begins()[index]..all.ends()[index];
    // The period has a window, or it wouldn't be there.
    let own = activity.within(span.start, span.end).unwrap_or(activity);
    let (origin, noun) = (own.origin(), Noun::of(period));
    let when = Item::Period(period).when(origin.timezone(), span.start, span.end);
    let server = clean(origin.server(), 80);
    let mut title = match period {
        Period::Month => format!("{server} in {when}"),
        _ => format!("{server}, {when}"),
    };
    if index + 1 == all.len() && !all.is_over() {
        title += ", so far";
    }
    let mut members = aggregate::shown_members(&own, names).members;
    members.truncate(MEMBERS);
    let fine = own.every(match period {
        Period::Hour | Period::Day => HOUR,
        Period::Week | Period::Month => DAY,
    });
    let hours = aggregate::weekly_rhythm(&own);
    let shown: Shown = (&fine, &hours, &members);
    let numbers = numbers(&all, index, &own, &hours);
    let said = numbers.iter().map(|(what, value, below)| match &**below {
        "" => format!("{what}: {value}"),
        below => format!("{what}: {value} ({below})"),
    });
    let words = Words {
        description: format!("A {} in one picture.", noun.one),
        says: said.collect::<Vec<_>>().join("; ") + ".",
        table: table(&numbers, shown),
    };
    let from = format!("{} · times in {}", source(origin), origin.timezone().name());
    let panels = panels(&numbers);
    let charts = charts(span, shown);
    let draw = move |labels: &Labels, words: &Words| {
        let caption = format!("{} · {from}", labels.note);
        let title = clean(&labels.title, TEXT_LIMIT);
        let ([width, height], ground) = (SIZE, DARK.ground);
        let wide = width - 2.0 * EDGE;
        let shown = shorten(&caption, LABEL_SIZE, wide);
        let mut body = format!("<rect width=\"{width}\" height=\"{height}\" fill=\"{ground}\"/>\n");
        body += &panels;
        body += &bold_text((EDGE, 46.0), 26.0, DARK.ink, wide, &title);
        body += &text((EDGE, 67.0), Anchor::Left, DARK.soft_ink, &shown);
        body += &charts;
        sheet(&title, SIZE, ZOOM, &body, &caption, &[], words)
    };
    // It counts many things: none has its name on an axis or above a column.
    let mut labels = Labels::new(origin, title, "", "");
    let recorded = (all.coverage()[index] * 100.0).floor();
    labels.note = format!("{recorded:.0}% of the {} recorded", noun.one);
    Figure::new(labels, words, draw)
}

/// The charts, and their titles.
fn charts(times: Range<i64>, (fine, week_hours, members): Shown) -> String {
    let labels = |title: &str, theme: Theme| Labels {
        theme,
        ..Labels::new(fine.origin(), title, "", "messages")
    };
    let by = format!("Messages by {}", Noun::of(fine.period()).one);
    let days = labels(&by, room(EDGE, 282.0));
    let values = messages(fine);
    let bars = Bars {
        times,
        ..Bars::of(&days, Series::of_periods(fine, &values))
    };
    let hours = labels("By hour of the week", room(308.0, 486.0));
    let (hours, _) = week(&hours, week_hours, WeekHour::per_hour);
    let most = labels("Who wrote most", room(512.0, SIZE[0] - EDGE));
    let (members, _) = chart::messages_by_member(&most, members);
    let mut body = String::new();
    for mut frame in [bars.drawn(), hours, members] {
        let theme = frame.labels.theme;
        let at = (theme.area.left, TITLES);
        body += &bold_text(at, 14.0, theme.ink, SIZE[0], &frame.labels.title);
        // The caption says which zone's days and hours these are.
        frame.x.name.clear();
        for tick in &mut frame.x.ticks {
            tick.context.clear();
        }
        let mut left = theme.area.left;
        for key in frame.keys.drain(..) {
            body += &key.element(left, KEYS, theme.soft_ink);
            left += 16.0 - key.left(0.0);
        }
        body += &frame.body("");
    }
    body
}

fn numbers(all: &Periods, index: usize, own: &Activity, week: &[WeekHour]) -> [Number; 5] {
    let hours = |i: usize| {
        let length = (all.ends()[i] - all.begins()[i]) as f64;
        all.coverage()[i] * length / HOUR_LENGTH as f64
    };
    let sent = |i: usize| all.messages()[i] as f64;
    let per_hour = |i: usize| sent(i) / hours(i).max(f64::MIN_POSITIVE);
    let wrote = growth_over(all)[index];
    let new = match wrote.new {
        _ if index == 0 => String::new(),
        0 => "none of them new".to_owned(),
        new => format!("{} of them new", number(new as f64, 0)),
    };
    let (peak, when) = peak(own);
    let per_hour_of_week = week
        .iter()
        .filter_map(|hour| Some((hour, hour.per_hour()?)));
    let (hour, most) = match extremes(per_hour_of_week) {
        Some([_, (hour, most)]) if most > 0.0 => {
            (hour_of(hour), format!("{} messages", number(most, 0)))
        }
        _ => ("–".to_owned(), String::new()),
    };
    let one = |what, value: f64, below| match value.is_finite() {
        true => (what, number(value, 0), below),
        false => (what, "–".to_owned(), "not known".to_owned()),
    };
    let online = |i: usize| all.online_mean()[i];
    [
        one("messages", sent(index), change(all, index, per_hour)),
        one("members wrote", wrote.active as f64, new),
        one("mean online", online(index), change(all, index, online)),
        one("most online", peak, when),
        ("busiest hour", hour, most),
    ]
}

/// How a value changed since the period directly before, where half of that
/// was recorded; else nothing.
fn change(all: &Periods, index: usize, value: impl Fn(usize) -> f64) -> String {
    let (begin, coverage) = (all.begins()[index], all.coverage());
    let is_known = |before: &usize| all.ends()[*before] == begin && coverage[*before] >= 0.5;
    let Some(before) = index.checked_sub(1).filter(is_known) else {
        return String::new();
    };
    let percent = (value(index) / value(before) - 1.0) * 100.0;
    let sign = if percent < 0.0 { "▼" } else { "▲" };
    // Three letters, as in dates.
    let month = all.origin().local(all.begins()[before]).format("%b");
    let [same, other] = match all.period() {
        Period::Hour => ["an hour ago", "in an hour"].map(str::to_owned),
        Period::Day => ["a day ago", "in a day"].map(str::to_owned),
        Period::Week => ["a week ago", "in a week"].map(str::to_owned),
        Period::Month => [format!("in {month}"), format!("on {month}")],
    };
    match percent.abs() {
        _ if value(before) <= 0.0 || !percent.is_finite() => String::new(),
        ..0.5 => format!("as {same}"),
        percent => format!("{sign} {}% {other}", number(percent, 0)),
    }
}

/// The most online members of a window, and when that was.
fn peak(own: &Activity) -> (f64, String) {
    let online = own.online_members();
    let by = |&i: &usize| (online[i], Reverse(i));
    let peak = (0..own.len()).max_by_key(by).unwrap_or(0);
    let (zone, end) = (own.origin().timezone(), own.ends()[peak]);
    // The year is in the title.
    let year = zone.date_time(end).format(" %Y").to_string();
    let when = moments(zone, end, end).replacen(&year, "", 1);
    (online[peak].map_or(f64::NAN, f64::from), when)
}

/// What is drawn: numbers, days, hours of the week, members.
fn table(numbers: &[Number], (fine, week, members): Shown) -> String {
    let numbers = numbers
        .iter()
        .map(|(what, value, below)| format!("{what},{},{}", csv_field(below), csv_field(value)));
    let period = fine.period();
    let days = (0..fine.len()).map(|i| {
        let (begin, end) = (fine.begins()[i], fine.ends()[i]);
        let zone = fine.origin().timezone();
        let when = csv_field(&Item::Period(period).when(zone, begin, end));
        format!("messages by {period},{when},{}", fine.messages()[i])
    });
    let week = week.iter().map(|hour| {
        let value = rounded(hour.per_hour(), 4);
        format!("messages by hour of the week,{},{value}", hour_of(hour))
    });
    let members = members.iter().map(|member| {
        let name = csv_field(&clean(&member.name, 160));
        format!("messages by member,{name},{}", member.messages)
    });
    let rows = numbers.chain(days).chain(week).chain(members);
    csv("what,which,value", rows)
}

/// "Sat 22:00".
fn hour_of(hour: &WeekHour) -> String {
    let day = &DAYS[hour.weekday as usize][..3];
    format!("{day} {:02}:00", hour.hour)
}

/// A panel for each number.
fn panels(numbers: &[Number]) -> String {
    let mut texts = String::new();
    let [across, down] = SIZE.map(|length| Scale::of_pixels(0.0, length));
    let mut shapes = Shapes::default();
    let wide = (SIZE[0] - 2.0 * EDGE + 8.0) / numbers.len() as f64;
    let room = wide - 8.0 - 16.0;
    let [top, bottom] = PANELS;
    for (place, (what, value, below)) in (0..).zip(numbers) {
        let left = EDGE + f64::from(place) * wide;
        let corners = [(left, top), (left + wide - 8.0, bottom)];
        shapes.rectangle(corners, DARK.gap.filled());
        let left = left + 8.0;
        let size = 26.0 * (room / (width(value, 26.0) * 1.12)).min(1.0);
        texts += &bold_text((left, top + 55.0), size, DARK.ink, room + 1.0, value);
        let lines = [(20.0, *what), (79.0, below)];
        for (baseline, line) in lines.into_iter().filter(|(_, line)| !line.is_empty()) {
            let line = shorten(line, LABEL_SIZE, room);
            texts += &text((left, top + baseline), Anchor::Left, DARK.soft_ink, &line);
        }
    }
    shapes.group(across, down) + &texts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MONTH, WEEK};

    /// What the bars show is what the number above them says.
    #[test]
    fn every_period_can_be_summed_up() {
        let sample = Activity::sample().unwrap();
        for (period, fine) in [(HOUR, "hour"), (DAY, "hour"), (WEEK, "day"), (MONTH, "day")] {
            for activity in [&sample, &sample.last_hours(13)] {
                let figure = summary(activity, &Names::default(), period);
                let last = |row: &str| row.rsplit(',').next().unwrap().to_owned();
                let begins = format!("messages by {fine},");
                let bars = figure.csv().lines().filter(|row| row.starts_with(&begins));
                let sum: u64 = bars.map(|row| last(row).parse::<u64>().unwrap()).sum();
                let said = figure.says().split([';', '(']).next().unwrap().trim();
                assert_eq!(said, format!("messages: {}", number(sum as f64, 0)));
            }
        }
    }
}
