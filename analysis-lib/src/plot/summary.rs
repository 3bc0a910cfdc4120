//! A month in one picture, made to be posted.

use super::axis::Scale;
use super::axis::number::number;
use super::axis::time::{days, moments, months};
use super::chart::shades::Shades;
use super::figure::Figure;
use super::svg::{Colour, Look, Page, Paths, shorten, width};
use crate::aggregate::{self, ShownMember, WeekHour};
use crate::names::Names;
use activity_data::text::{clean, csv_field};
use activity_data::{Activity, DAY, MONTH, Origin, Periods, WHOLE, newest_whole};

/// The card's size, in pixels: what Discord shows whole.
const SIZE: [f64; 2] = [1200.0, 675.0];
const EDGE: f64 = 40.0;
/// Sizes of type, in pixels. A phone shows the card at a third of its size.
const HEADING: f64 = 44.0;
const VALUE: f64 = 44.0;
const TEXT: f64 = 24.0;
const SMALL: f64 = 20.0;
/// Where the numbers' labels and the charts' titles stand, and where charts begin
/// and end.
const NUMBERS: f64 = 168.0;
const CHARTS: f64 = 338.0;
const TOP: f64 = 362.0;
const BOTTOM: f64 = 590.0;

/// Discord's dark theme.
const GROUND: Colour = Colour(0x2b, 0x2d, 0x31);
const PANEL: Colour = Colour(0x38, 0x3a, 0x40);
const INK: Colour = Colour(0xf2, 0xf3, 0xf5);
const SOFT: Colour = Colour(0xb5, 0xba, 0xc1);
const BLUE: Colour = Colour(0x56, 0xb4, 0xe9);
const DIM_BLUE: Colour = Colour(0x3d, 0x6f, 0x8f);
const GREY: Colour = Colour(0x80, 0x84, 0x8e);
const SHADES: [Colour; 3] = [
    Colour(0x32, 0x3d, 0x4a),
    Colour(0x2f, 0x8f, 0xcc),
    Colour(0xe6, 0xf5, 0xff),
];

/// A number, what it is, and what stands below it.
struct Number {
    what: &'static str,
    value: String,
    below: String,
}

/// A month in one picture, to be posted: five numbers, the days, the week, and
/// who wrote most. 1,200 × 675 pixels, for Discord's dark theme.
///
/// It is the last month that is over, of which at least half was recorded; else
/// the newest, so far. Changes compare recorded hours with recorded hours of the
/// month before, and are given where at least half of that was recorded.
///
/// ```
/// use analysis_lib::{Activity, Names, plot};
///
/// let activity = Activity::sample()?;
/// let figure = plot::summary(&activity, &Names::load(&activity)?);
/// assert_eq!(figure.heading(), "Sample Server in March 2026");
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn summary(activity: &Activity, names: &Names) -> Figure {
    let activity = aggregate::without_bots(activity, names);
    let origin = activity.origin();
    let all = activity.every(MONTH);
    let index = newest_whole(all.coverage(), all.is_over());
    let (from, to) = (all.begins()[index], all.ends()[index]);
    // The month has a window, or it wouldn't be there.
    let own = activity
        .within(from, to)
        .unwrap_or_else(|| activity.clone());
    let so_far = if index + 1 == all.len() && !all.is_over() {
        ", so far"
    } else {
        ""
    };
    let zone = origin.timezone();
    let title = format!(
        "{} in {}{so_far}",
        clean(origin.server(), 80),
        months(zone, from, from)
    );

    let week = aggregate::weekly_rhythm(&own);
    let numbers = numbers(&activity, &own, &all, index, &week);
    let shown = aggregate::shown_members(&own, names).members;
    let by_day = own.every(DAY);

    let mut paths = Paths::new(
        Scale::of_pixels(0.0, SIZE[0]),
        Scale::of_pixels(0.0, SIZE[1]),
    );
    let mut page = Page::new(SIZE, GROUND);
    page.text(
        (EDGE, 76.0),
        HEADING,
        INK,
        true,
        &shorten(&title, HEADING * 1.12, SIZE[0] - 2.0 * EDGE),
    );
    let recorded = (all.coverage()[index] * 100.0).floor();
    let source = clean(&origin.source().to_string(), 80);
    let caption = format!(
        "{recorded:.0}% of the month recorded · {source} · times in {}",
        zone.name()
    );
    page.text(
        (EDGE, 112.0),
        SMALL,
        SOFT,
        false,
        &shorten(&caption, SMALL, SIZE[0] - 2.0 * EDGE),
    );

    let wide = (SIZE[0] - 2.0 * EDGE) / numbers.len() as f64;
    for (place, Number { what, value, below }) in (0..).zip(&numbers) {
        let left = EDGE + f64::from(place) * wide;
        paths.rectangle(
            [(left, 134.0), (left + wide - 12.0, 288.0)],
            Look::Filled(PANEL),
        );
        let room = wide - 12.0 - 28.0;
        page.text(
            (left + 14.0, NUMBERS),
            SMALL,
            SOFT,
            false,
            &shorten(what, SMALL, room),
        );
        let size = VALUE * (room / (width(value, VALUE) * 1.12)).min(1.0);
        page.text((left + 14.0, NUMBERS + 58.0), size, INK, true, value);
        page.text(
            (left + 14.0, NUMBERS + 98.0),
            SMALL,
            SOFT,
            false,
            &shorten(below, SMALL, room),
        );
    }

    days_chart(&mut paths, &mut page, &by_day, from, to);
    week_chart(&mut paths, &mut page, &week);
    members_chart(&mut paths, &mut page, &shown);

    let said: Vec<String> = numbers
        .iter()
        .map(|Number { what, value, below }| match below.is_empty() {
            true => format!("{what}: {value}"),
            false => format!("{what}: {value} ({below})"),
        })
        .collect();
    page.figure(
        paths,
        &title,
        said.join("; ") + ".",
        table(&numbers, origin, &by_day, &week, &shown),
    )
}

fn numbers(
    activity: &Activity,
    own: &Activity,
    all: &Periods,
    index: usize,
    week: &[WeekHour],
) -> Vec<Number> {
    let zone = activity.origin().timezone();
    // Compared with the month directly before, where that was recorded.
    let before = index.checked_sub(1).filter(|&before| {
        all.ends()[before] == all.begins()[index] && all.coverage()[before] >= 0.5
    });
    let change = |value: &dyn Fn(usize) -> f64| {
        let before = before?;
        let (was, is) = (value(before), value(index));
        let percent = (is / was - 1.0) * 100.0;
        let name = months(zone, all.begins()[before], all.begins()[before]);
        // Three letters, as in dates.
        let name: String = name.chars().take(3).collect();
        let sign = if percent < 0.0 { "▼" } else { "▲" };
        (was > 0.0).then(|| match percent.abs() {
            ..0.5 => format!("as in {name}"),
            percent => format!("{sign} {}% on {name}", number(percent, 0)),
        })
    };
    let hours =
        |i: usize| all.coverage()[i] * (all.ends()[i] - all.begins()[i]) as f64 / 3_600_000.0;
    let per_hour = |i: usize| all.messages()[i] as f64 / hours(i).max(f64::MIN_POSITIVE);
    let writers = all.senders(index).count();
    let earlier: std::collections::BTreeSet<usize> = (0..index)
        .flat_map(|i| all.senders(i).map(|(member, _)| member))
        .collect();
    let new = all
        .senders(index)
        .filter(|(member, _)| !earlier.contains(member))
        .count();
    let online = own.online_members();
    let peak = (0..own.len())
        .max_by_key(|&i| (online[i], std::cmp::Reverse(i)))
        .unwrap_or(0);
    let busiest = week
        .iter()
        .filter_map(|hour| Some((hour, hour.per_hour()?)))
        .filter(|(_, messages)| *messages > 0.0)
        .max_by(|(_, a), (_, b)| a.total_cmp(b));
    vec![
        Number {
            what: "messages",
            value: number(all.messages()[index] as f64, 0),
            below: change(&per_hour).unwrap_or_default(),
        },
        Number {
            what: "members wrote",
            value: number(writers as f64, 0),
            below: match index {
                0 => String::new(),
                _ if new == 0 => "none of them new".to_owned(),
                _ => format!("{} of them new", number(new as f64, 0)),
            },
        },
        Number {
            what: "mean online",
            value: number(all.online_mean()[index], 0),
            below: change(&|i| all.online_mean()[i]).unwrap_or_default(),
        },
        Number {
            what: "most online",
            value: number(f64::from(online[peak]), 0),
            below: {
                let when = moments(zone, own.ends()[peak], own.ends()[peak]);
                // The year is in the title.
                let year = format!(
                    " {}",
                    days(zone, own.ends()[peak], own.ends()[peak])
                        .rsplit(' ')
                        .next()
                        .unwrap_or_default()
                );
                when.replacen(&year, "", 1)
            },
        },
        Number {
            what: "busiest hour",
            value: busiest.map_or("–".to_owned(), |(hour, _)| {
                format!("{} {:02}:00", SHORT_DAYS[hour.weekday as usize], hour.hour)
            }),
            below: busiest.map_or(String::new(), |(_, messages)| {
                format!("{} messages", number(messages, 0))
            }),
        },
    ]
}

const SHORT_DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Messages of each day of the month, as bars.
fn days_chart(paths: &mut Paths, page: &mut Page, days: &Periods, from: i64, to: i64) {
    let (left, right) = (EDGE, EDGE + 400.0);
    page.text((left, CHARTS), TEXT, INK, true, "Messages by day");
    let most = days.messages().iter().copied().max().unwrap_or(0).max(1) as f64;
    let zone = days.origin().timezone();
    let (first, count) = (zone.day(from), zone.day(to - 1) - zone.day(from) + 1);
    let each = (right - left) / count as f64;
    let x = |day: i64| left + (day - first) as f64 * each;
    for (index, &start) in days.begins().iter().enumerate() {
        let height = days.messages()[index] as f64 / most * (BOTTOM - TOP);
        let colour = if days.coverage()[index] >= WHOLE {
            BLUE
        } else {
            DIM_BLUE
        };
        let day = zone.day(start);
        let corners = [(x(day) + 1.0, BOTTOM - height), (x(day + 1) - 1.0, BOTTOM)];
        paths.rectangle(corners, Look::Filled(colour));
    }
    paths.line([(left, BOTTOM), (right, BOTTOM)], Look::Outlined(GREY, 15));
    for day in (0..count).step_by(7) {
        page.centred(
            (x(first + day) + each / 2.0, BOTTOM + 28.0),
            SMALL,
            SOFT,
            &(day + 1).to_string(),
        );
    }
    let words = match days.coverage().iter().all(|&share| share >= WHOLE) {
        true => format!("up to {}", number(most, 0)),
        false => format!("up to {}; dark: recorded in part", number(most, 0)),
    };
    page.text((left, BOTTOM + 62.0), SMALL, SOFT, false, &words);
}

/// Messages by weekday and hour, as shades.
fn week_chart(paths: &mut Paths, page: &mut Page, week: &[WeekHour]) {
    let (left, right) = (EDGE + 500.0, EDGE + 800.0);
    page.text(
        (EDGE + 450.0, CHARTS),
        TEXT,
        INK,
        true,
        "By hour of the week",
    );
    let shades = Shades::of(week.iter().filter_map(WeekHour::per_hour), "");
    let (wide, tall) = ((right - left) / 24.0, (BOTTOM - TOP) / 7.0);
    for hour in week {
        let x = left + f64::from(hour.hour) * wide;
        let y = TOP + f64::from(hour.weekday) * tall;
        let corners = [(x + 0.5, y + 0.5), (x + wide - 0.5, y + tall - 0.5)];
        match hour.per_hour() {
            Some(value) => paths.rectangle(corners, Look::Filled(shades.shade_of(&SHADES, value))),
            None => paths.line(
                [(x + 4.0, y + tall - 8.0), (x + wide - 4.0, y + 8.0)],
                Look::Outlined(GREY, 10),
            ),
        }
    }
    for (row, day) in (0..).zip(SHORT_DAYS) {
        let baseline = TOP + (f64::from(row) + 0.5) * tall + 7.0;
        page.ending((left - 8.0, baseline), SMALL, SOFT, day);
    }
    for hour in [0, 6, 12, 18] {
        let x = left + f64::from(hour) * wide;
        page.centred((x + 6.0, BOTTOM + 28.0), SMALL, SOFT, &format!("{hour}"));
    }
}

/// Who wrote most.
fn members_chart(paths: &mut Paths, page: &mut Page, members: &[ShownMember]) {
    let (left, right) = (EDGE + 850.0, SIZE[0] - EDGE);
    page.text((left, CHARTS), TEXT, INK, true, "Who wrote most");
    let most = members.first().map_or(1, |member| member.messages).max(1) as f64;
    let tall = (BOTTOM - TOP + 30.0) / 5.0;
    for (row, member) in (0..).zip(members.iter().take(5)) {
        let top = TOP + f64::from(row) * tall;
        let count = number(member.messages as f64, 0);
        let room = right - left - width(&count, SMALL) - 12.0;
        page.text(
            (left, top + 20.0),
            TEXT - 2.0,
            INK,
            false,
            &shorten(&clean(&member.name, 80), TEXT - 2.0, room),
        );
        page.ending((right, top + 20.0), SMALL, SOFT, &count);
        let colour = if member.id.is_some() { BLUE } else { GREY };
        let end = left + member.messages as f64 / most * (right - left);
        paths.rectangle(
            [(left, top + 28.0), (end.max(left + 2.0), top + 36.0)],
            Look::Filled(colour),
        );
    }
    if members.is_empty() {
        page.text((left, TOP + 20.0), TEXT - 2.0, SOFT, false, "nobody wrote");
    }
}

/// What is drawn: numbers, days, hours of the week, members.
fn table(
    numbers: &[Number],
    origin: &Origin,
    by_day: &Periods,
    week: &[WeekHour],
    members: &[ShownMember],
) -> String {
    let mut table = "what,which,value\n".to_owned();
    for Number { what, value, below } in numbers {
        table += &format!("{what},{},{}\n", csv_field(below), csv_field(value));
    }
    for (start, messages) in by_day.begins().iter().zip(by_day.messages()) {
        let day = days(origin.timezone(), *start, *start);
        table += &format!("messages by day,{day},{messages}\n");
    }
    for hour in week {
        let value = hour
            .per_hour()
            .map_or(String::new(), |value| format!("{value:.4}"));
        let day = SHORT_DAYS[hour.weekday as usize];
        table += &format!(
            "messages by hour of the week,{day} {:02}:00,{value}\n",
            hour.hour
        );
    }
    for member in members.iter().take(5) {
        let name = csv_field(&clean(&member.name, 160));
        table += &format!("messages by member,{name},{}\n", member.messages);
    }
    table
}
