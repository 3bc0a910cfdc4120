//! What was built into the sample, as the table in `data/src/source/sample.rs` has it,
//! is found by our own functions, within their own bands.

use std::sync::LazyLock;

use analysis_lib::*;
use chrono::Timelike;

/// In the zone that it was made in.
static SAMPLE: LazyLock<Activity> = LazyLock::new(|| {
    let sample = Activity::sample().unwrap();
    sample.in_timezone("US/Eastern").unwrap()
});

/// Milliseconds since the epoch of a time in US/Eastern.
fn time(text: &str) -> i64 {
    let time = chrono::DateTime::parse_from_str(text, "%Y-%m-%d %H:%M %z");
    time.unwrap().timestamp_millis()
}

/// The band's edges after so many days.
fn after(survival: &aggregate::Survival, days: f64) -> [f64; 2] {
    let at = survival.days.partition_point(|&own| own <= days) - 1;
    [survival.lower[at], survival.upper[at]]
}

/// Wilson's 95 % interval of a share.
fn wilson(found: usize, all: usize) -> [f64; 2] {
    let (z, n, share) = (1.96_f64, all as f64, found as f64 / all as f64);
    let middle = share + z * z / (2.0 * n);
    let wide = z * (share * (1.0 - share) / n + (z / (2.0 * n)).powi(2)).sqrt();
    [middle - wide, middle + wide].map(|edge| edge / (1.0 + z * z / n))
}

#[track_caller]
fn holds([low, high]: [f64; 2], truth: f64) {
    assert!(low <= truth && truth <= high, "{low} to {high}: {truth}");
    // A band from 0 to 1 finds nothing.
    assert!(high - low < 0.5, "{low} to {high}");
}

/// Of each who sent at least 100 messages, the share of them in such windows.
fn shares(is_one: impl Fn(&Window) -> bool) -> Vec<f64> {
    let some = SAMPLE.when(is_one);
    let of = |part: &Activity| {
        let totals = aggregate::messages_by_member(part).into_iter();
        let totals = totals.map(|total| (total.id, total.messages as f64));
        totals.collect::<std::collections::BTreeMap<MemberId, f64>>()
    };
    let (all, some) = (of(&SAMPLE), of(&some));
    let writers = all.iter().filter(|(_, sent)| **sent >= 100.0);
    let share = writers.map(|(id, sent)| some.get(id).unwrap_or(&0.0) / sent);
    share.collect()
}

#[test]
fn forty_members_become_about_250() {
    let members = SAMPLE.member_count();
    assert_eq!(members[0], Some(40));
    let last = members[members.len() - 1].unwrap();
    assert!((235..=265).contains(&last), "{last}");
    let writers = aggregate::messages_by_member(&SAMPLE.last_days(28)).len();
    assert!(writers < last as usize * 4 / 5, "{writers} of {last}");
    let days = aggregate::stickiness(&SAMPLE).into_iter();
    assert!(days.filter_map(|day| day.share()).all(|share| share < 0.9));
}

#[test]
fn the_known_share_of_newcomers_stays_and_some_leave_later() {
    let stayed = aggregate::stayed(&SAMPLE);
    holds(after(&stayed, 0.0), 1.0);
    holds(after(&stayed, 7.0), 1.0 - 0.35 / 2.0);
    holds(after(&stayed, 28.0), 0.65);
    holds(after(&stayed, 59.0), 0.65);
    // A fifth leaves from day 60 to day 180, as many on each.
    holds(after(&stayed, 120.0), 0.65 * (1.0 - 0.2 / 2.0));
}

#[test]
fn the_known_share_of_newcomers_writes_and_keeps_writing() {
    let kept = aggregate::kept_writing(&SAMPLE);
    holds(after(&kept, 50.0), 0.65 * 0.8);
    let wrote = aggregate::wrote_within(&SAMPLE);
    for own in wrote {
        holds(own.interval.unwrap(), 0.7);
    }
}

#[test]
fn night_owls_write_while_others_sleep() {
    // Others send a sixth of their messages before eight, and owls more than half.
    let shares = shares(|window| window.middle().hour() < 8);
    let owls = shares.iter().filter(|&&share| share > 0.35).count();
    holds(wilson(owls, shares.len()), 0.13);
}

#[test]
fn weekenders_write_on_weekends() {
    let shares = shares(|window| {
        let day = window.middle() - chrono::TimeDelta::hours(5);
        chrono::Datelike::weekday(&day).number_from_monday() > 5
    });
    // On the day they come they write, whatever day it is.
    let weekenders = shares.iter().filter(|&&share| share > 0.7).count();
    holds(wilson(weekenders, shares.len()), 0.14);
}

#[test]
fn books_falls_asleep_and_every_channel_has_its_part() {
    let names = Names::load(&SAMPLE).unwrap();
    let channels = aggregate::messages_by_channel(&SAMPLE);
    let asleep = channels.iter().filter(|channel| channel.is_asleep);
    let [books] = asleep.collect::<Vec<_>>()[..] else {
        panic!("one channel sleeps");
    };
    assert_eq!(names.channel(books.id), "#books");
    assert!(books.last_day < time("2026-02-09 00:00 -0500"));
    // While all are awake. The bot's three messages every other hour are beside.
    let bots = 98 * 36;
    let awake = SAMPLE.between("2025-10-06", "2026-01-12").unwrap();
    let awake = aggregate::messages_by_channel(&awake);
    let all: u64 = awake.iter().map(|channel| channel.messages).sum();
    assert_eq!(awake.len(), 6);
    for channel in awake {
        let (parts, bots_own) = match names.channel(channel.id).as_str() {
            "#general" => (24, 0),
            "#garden" => (12, 0),
            "#photos" => (9, 0),
            "#books" => (8, 0),
            "#games" => (7, 0),
            "#weather" => (4, bots),
            other => panic!("{other}"),
        };
        let share = (channel.messages - bots_own) as f64 / (all - bots) as f64;
        // Of 130,000 messages a share has a standard deviation of 0.14 % at most; four
        // of these are taken.
        assert!((share - f64::from(parts) / 64.0).abs() < 0.0056, "{share}");
    }
}

#[test]
fn the_event_lifts_messages_as_it_was_built_to() {
    let [event] = &aggregate::effects(&SAMPLE)[..] else {
        panic!("one event");
    };
    assert_eq!(event.event.label, "Winter fair");
    assert_eq!(event.event.time, time("2026-01-16 00:00 -0500"));
    holds(event.messages.interval.unwrap(), 0.4);
    assert_eq!(event.messages.more_than_chance, Some(true));
    assert!(event.beside.is_empty());
}

#[test]
fn the_raid_is_one_and_its_hour_is_unusual() {
    let [raid] = &aggregate::raids(&SAMPLE)[..] else {
        panic!("one raid");
    };
    let [begin, end] = ["2025-11-18 20:00 -0500", "2025-11-18 21:00 -0500"].map(time);
    assert_eq!((raid.begin, raid.end), (begin, end));
    assert!((60..65).contains(&raid.joins), "{}", raid.joins);
    let unusual = aggregate::unusual(&SAMPLE).events;
    assert_eq!((unusual[0].begin, unusual[0].end), (begin, end));
}

#[test]
fn the_outage_and_the_restart_are_the_gaps() {
    let gaps = aggregate::gaps(&SAMPLE);
    let spans = [
        ["2026-02-24 09:00 -0500", "2026-02-25 09:00 -0500"],
        ["2026-03-22 14:00 -0400", "2026-03-22 16:00 -0400"],
    ];
    assert_eq!(gaps.len(), spans.len());
    for (gap, span) in gaps.iter().zip(spans) {
        for (found, built) in [gap.begin, gap.end].into_iter().zip(span.map(time)) {
            // The recording bot's clock is up to three seconds off.
            assert!((found - built).abs() <= 3_000, "{gap:?}");
        }
    }
}

#[test]
fn the_bot_posts_on_the_clock() {
    let names = Names::load(&SAMPLE).unwrap();
    let bots = SAMPLE.members().iter().filter(|&&id| names.is_bot(id));
    let [&bot] = bots.collect::<Vec<_>>()[..] else {
        panic!("one bot");
    };
    for window in &SAMPLE.only_members([bot]) {
        let end = window.end();
        let is_time = end.hour() % 2 == 0 && end.minute() == 10;
        assert_eq!(window.messages(), if is_time { 3 } else { 0 }, "{end}");
    }
    // It never joined, and who left isn't it: it is no human.
    for window in 0..SAMPLE.len() {
        assert!(!SAMPLE.joined(window).unwrap().contains(&bot));
        assert!(!SAMPLE.left(window).unwrap().contains(&bot));
    }
}

/// Before clocks go back, while they are, and after they went forward.
#[test]
fn people_live_by_local_clocks() {
    for (begin, end) in [
        ("2025-10-06", "2025-11-02"),
        ("2025-11-03", "2026-03-08"),
        ("2026-03-09", "2026-04-05"),
    ] {
        let part = SAMPLE.between(begin, end).unwrap();
        let week = aggregate::weekly_rhythm(&part);
        let mut hours = [0.0; 24];
        for cell in week {
            hours[cell.hour as usize] += cell.mean().unwrap();
        }
        // Soon after midnight half of them have gone to bed: by a clock that is wrong
        // by an hour it would be a third, or two thirds.
        let awake = hours[0] / hours.into_iter().fold(0.0, f64::max);
        assert!((0.45..0.65).contains(&awake), "{begin}: {awake}");
    }
}
