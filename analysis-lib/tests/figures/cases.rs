//! The figures that are kept as golden files, and the data they show.
//!
//! All of it goes through the public interface: a `mongoexport` file.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use analysis_lib::{Activity, DAY, Figure, HOUR, MONTH, Names, WEEK, aggregate, plot};

const MINUTE: i64 = 60_000;
const A_DAY: i64 = 1440 * MINUTE;

/// A window: its end in milliseconds since the epoch, online members, message
/// volume, and who sent how much.
type Window = (i64, u32, u32, Vec<(u64, u32)>);

/// A figure with its name.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) figure: Figure,
}

/// All cases, made once.
pub(crate) fn cases() -> &'static [Case] {
    static CASES: OnceLock<Vec<Case>> = OnceLock::new();
    CASES.get_or_init(make)
}

/// What stands in a name when someone means harm.
pub(crate) const HOSTILE: [&str; 8] = [
    "<script>document.title='run'</script>",
    "]]><img src=x onerror=\"document.title='run'\">",
    "\"><svg onload=document.title='run'>",
    "</text></svg><script>document.title='run'</script>",
    "&lt;b&gt; &amp; &#60;script&#62; <!-- --> <![CDATA[",
    "a\u{0}b\u{1}c\u{1b}[31m\u{202e}evil\u{2066}\u{fffe}\u{feff}",
    "EVCXR_END_CONTENT\nEVCXR_BEGIN_CONTENT text/html\n<script>document.title='run'</script>\nEVCXR_END_CONTENT",
    "javascript:document.title='run' =1+1 {{7*7}} ${7*7} \u{2028}\u{2029}",
];

/// Online members of a window whose document doesn't say them.
const UNKNOWN: u32 = u32::MAX;

/// Windows as if they came from a file, of this zone and server.
pub(crate) fn activity(zone: &str, server: &str, windows: &[Window]) -> Activity {
    activity_with(zone, server, windows, |_, _| String::new())
}

/// As [`activity`], with more fields of each document, `,"name":value`, by the
/// window's place and the window.
pub(crate) fn activity_with(
    zone: &str,
    server: &str,
    windows: &[Window],
    more: impl Fn(usize, &Window) -> String,
) -> Activity {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir();
    let name = format!("figures-{}-{number}", std::process::id());
    let folder = folder.join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("activitydata.json");
    let mut file = BufWriter::new(File::create(&path).unwrap());
    for (place, window) in windows.iter().enumerate() {
        let (time, online, volume, senders) = window;
        let quantities: Vec<String> = senders
            .iter()
            .map(|(id, sent)| format!("\"{id}\":{sent}"))
            .collect();
        let online = match *online {
            UNKNOWN => "null".to_owned(),
            online => online.to_string(),
        };
        writeln!(
            file,
            "{{\"time\":{{\"$date\":{{\"$numberLong\":\"{time}\"}}}},\"online-members\":{online},\"messages-sent\":{volume},\"quantities\":{{{}}}{}}}",
            quantities.join(","),
            more(place, window)
        )
        .unwrap();
    }
    file.into_inner().unwrap();
    let read = Activity::open(&path).unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    assert_eq!(read.len(), windows.len());
    read.in_timezone(zone).unwrap().with_server_name(server)
}

/// Windows of this many minutes, the last of which ends at `last`; a wave a day
/// and a little noise, the same on every machine.
pub(crate) fn wave(last: &str, minutes: i64, count: i64) -> Vec<Window> {
    let last = time(last);
    (0..count)
        .map(|i| {
            let time = last - (count - 1 - i) * minutes * MINUTE;
            let hour = (time / (60 * MINUTE)).rem_euclid(24);
            let level = 12 - (hour - 12).abs();
            let noise = (i * i * 7919 + i * 104_729).rem_euclid(13);
            let volume = (level * 4 + noise) as u32;
            (
                time,
                (20 + level * 4 + noise % 5) as u32,
                volume,
                vec![(100 + i as u64 % 40, volume)],
            )
        })
        .collect()
}

/// A window's messages by channel: ten of them, of which one has more each week and one
/// is silent from May on; nothing is known before the fourth of February.
pub(crate) fn channels(window: &Window) -> String {
    let day = (window.0 - time("2026-02-04T00:00:00Z")).div_euclid(A_DAY);
    if day < 0 {
        return String::new();
    }
    let mut left = window.2;
    let channel = |place: u32| {
        let sent = match place {
            1 => left * (day as u32 / 4).min(40) / 100,
            2 if day > 86 => 0,
            9 => left,
            _ => left * (3 + (day as u32 * 7 + place * 5) % 4) / 16,
        };
        left -= sent;
        format!("\"{}\":{sent}", 200 + place)
    };
    let channels: Vec<String> = (0..10).map(channel).collect();
    format!(",\"channels\":{{{}}}", channels.join(","))
}

/// Milliseconds since the epoch of a UTC time.
pub(crate) fn time(text: &str) -> i64 {
    chrono::DateTime::parse_from_rfc3339(text)
        .unwrap()
        .timestamp_millis()
}

fn ids(count: u64) -> impl Iterator<Item = u64> {
    (0..count).map(|i| 100_000_000_000_000_000 + i * 1_000_003)
}

fn names<'a>(ids: impl Iterator<Item = u64>, names: impl Iterator<Item = &'a str>) -> Names {
    ids.zip(names)
        .map(|(id, name)| (id, name.to_owned()))
        .collect()
}

/// One window in which member i sent `sent(i)`.
fn members(count: u64, sent: impl Fn(u64) -> u32) -> Activity {
    let senders: Vec<(u64, u32)> = ids(count)
        .enumerate()
        .map(|(i, id)| (id, sent(i as u64)))
        .collect();
    let volume = senders.iter().map(|(_, sent)| sent).sum();
    activity(
        "US/Eastern",
        "Iraq BTW",
        &[(time("2020-09-04T21:00:00Z"), 84, volume, senders)],
    )
}

/// Hours of this many days, in which 48 members come, pause and go, each at hours
/// of their own; the bot was down for 16 days in the middle.
fn visitors(last: &str, days: i64) -> Vec<Window> {
    let last = time(last);
    let hours = (0..days * 24).filter(|hour| !(days / 2..days / 2 + 16).contains(&(hour / 24)));
    hours
        .map(|hour| {
            let day = hour / 24;
            let writes = |member: &i64| {
                let stayed = day - member * 37 % days;
                let is_here = (0..25 + member * 13 % 90).contains(&stayed) || member % 9 == 0;
                let pauses = stayed.div_euclid(5 + member % 11) % 3 == 1;
                is_here && !pauses && (hour % 24 * 7 + member * 11 + day * 3) % 24 < 4
            };
            let sent = (0..48).filter(writes);
            let sent: Vec<(u64, u32)> = sent
                .map(|member| (100 + member as u64, 1 + 40 / (member as u32 + 2)))
                .collect();
            let volume = sent.iter().map(|(_, sent)| sent).sum();
            (
                last - (days * 24 - 1 - hour) * 60 * MINUTE,
                40,
                volume,
                sent,
            )
        })
        .collect()
}

/// Hours of this many days in which somebody joins now and then, writes for a while
/// and leaves in the end; the bot was down for 9 days, and a raid came in one hour.
fn newcomers(last: &str, days: i64) -> Activity {
    let last = time(last);
    let hours: Vec<i64> = (0..days * 24)
        .filter(|hour| !(days / 3..days / 3 + 9).contains(&(hour / 24)))
        .collect();
    let raid = days * 24 / 2;
    // Each member: when they joined and left, and for how many hours they wrote.
    let mix = |i: i64, below: i64| (i * 7_919 + i * i * 104_729 + 31).rem_euclid(9_973) % below;
    let mut lives: Vec<(i64, i64, i64)> = (0..days * 2)
        .map(|i| {
            let joined = i * 12 + mix(i, 12);
            let stays = match mix(i + 5, 10) {
                0..3 => 1 + mix(i, 70),
                3..6 => 100 + mix(i, 2_000),
                _ => 1_000_000,
            };
            let writes = [0, 0, 30, 300, 2_000, 1_000_000][mix(i + 9, 6) as usize];
            (joined, joined + stays, writes)
        })
        .collect();
    lives.extend((0..80).map(|i| (raid, raid + 1 + i % 3, 0)));
    let id = |member: usize| 100_000_000_000_000_000 + member as u64 * 1_000_003;
    let windows: Vec<Window> = hours
        .iter()
        .map(|hour| {
            let writes = |(member, own): (usize, &(i64, i64, i64))| {
                let (joined, left, writes) = *own;
                let is_in = (joined..left.min(joined + writes)).contains(hour);
                (is_in && mix(hour + 13 * member as i64, 40) == 0).then(|| (id(member), 3))
            };
            let sent: Vec<(u64, u32)> = lives.iter().enumerate().filter_map(writes).collect();
            let volume = sent.iter().map(|(_, sent)| sent).sum();
            let end = last - (days * 24 - 1 - hour) * 60 * MINUTE;
            (end, 40, volume, sent)
        })
        .collect();
    activity_with("Europe/London", "Iraq BTW", &windows, |window, _| {
        let hour = hours[window];
        let ids = |is_one: &dyn Fn(&(i64, i64, i64)) -> bool| {
            let own = lives.iter().enumerate().filter(|(_, life)| is_one(life));
            let own: Vec<String> = own.map(|(i, _)| format!("\"{}\"", id(i))).collect();
            own.join(",")
        };
        let there = lives
            .iter()
            .filter(|life| life.0 <= hour && hour < life.1)
            .count();
        let (joined, left) = (ids(&|life| life.0 == hour), ids(&|life| life.1 == hour));
        format!(",\"members\":{there},\"joined\":[{joined}],\"left\":[{left}]")
    })
}

fn make() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut case = |name, figure| cases.push(Case { name, figure });

    // The sample, as the study shows it.
    let sample = Activity::sample().unwrap();
    let sample = sample.in_timezone("US/Eastern").unwrap();
    let half_day = sample.last_hours(13);
    case("sample-online-half-day", plot::online_members(&half_day));
    case("sample-volume-half-day", plot::message_volume(&half_day));
    case(
        "sample-cumulative-half-day",
        plot::cumulative_messages(&half_day),
    );
    let fit = aggregate::smoothed(&half_day).unwrap();
    case("sample-smoothed-half-day", plot::smoothed_cumulative(&fit));
    case("sample-rate-half-day", plot::message_rate(&fit));
    case(
        "sample-members",
        plot::messages_by_member(&sample, &Names::load(&sample).unwrap()),
    );
    case("sample-online-half-year", plot::online_members(&sample));
    let fit = aggregate::smoothed(&sample).unwrap();
    case("sample-rate-half-year", plot::message_rate(&fit));
    case("sample-weekly-rhythm", plot::weekly_rhythm(&sample));
    let days = sample.every(DAY);
    case(
        "sample-online-by-day",
        plot::online_members_by_period(&days, DAY),
    );
    case("sample-daily", plot::messages_by_period(&sample, DAY));
    // Labels of events keep off each other and on the card.
    let events = [
        ("2025-10-06 02:00", "Opening"),
        (
            "2026-03-14",
            "A night with a name that is far too long for a figure",
        ),
        ("2026-03-20", "Too near"),
        ("2026-03-21 20:00", HOSTILE[0]),
        ("2026-04-05 05:00", "At the very end"),
        ("2026-05-01", "Never recorded"),
    ];
    let eventful = events.iter().fold(sample.clone(), |own, (time, label)| {
        own.with_event(time, label).unwrap()
    });
    case(
        "hostile-events-daily",
        plot::messages_by_period(&eventful, DAY),
    );
    case("events-volume", plot::message_volume(&eventful));
    case("events-calendar", plot::calendar(&eventful));
    case(
        "events-summary",
        plot::summary(&eventful, &Names::load(&sample).unwrap(), MONTH),
    );
    case("sample-weekly-online", plot::weekly_online(&sample));
    case("sample-reach", plot::reach(&sample));
    case("sample-calendar", plot::calendar(&sample));
    case("sample-coverage", plot::coverage(&days));
    case("sample-rolling", plot::rolling(&sample));
    case("half-a-day-rolling", plot::rolling(&half_day));
    let known = Names::load(&sample).unwrap();
    case("sample-summary", plot::summary(&sample, &known, MONTH));
    case("sample-newcomers", plot::newcomers(&sample));
    case("sample-members-of-the-server", plot::members(&sample));
    case("sample-joins", plot::joins(&sample, WEEK));
    case("sample-growth", plot::growth(&sample, &known, WEEK));
    case("sample-stickiness", plot::stickiness(&sample, &known));
    case(
        "sample-channel-shares",
        plot::channel_shares(&sample, &known, WEEK),
    );
    case("week-summary", plot::summary(&sample, &known, WEEK));
    case(
        "half-a-day-summary",
        plot::summary(&half_day, &known, MONTH),
    );

    // Extremes of the data.
    let one = |zone, windows: &[Window]| activity(zone, "Iraq BTW", windows);
    let days_of = |windows: &[Window]| one("US/Eastern", windows).every(DAY);
    let start = time("2020-09-04T21:00:00Z");
    let flat = |count: i64, volume| -> Vec<Window> {
        (0..count)
            .map(|i| (start + i * 10 * MINUTE, 12, volume, Vec::new()))
            .collect()
    };
    case(
        "one-window",
        plot::online_members(&one("US/Eastern", &flat(1, 3))),
    );
    case(
        "two-windows",
        plot::online_members(&one("US/Eastern", &wave("2020-09-04T21:00:00Z", 10, 2))),
    );
    case(
        "all-zeros",
        plot::message_volume(&one("US/Eastern", &flat(78, 0))),
    );
    case(
        "all-equal",
        plot::message_volume(&one("US/Eastern", &flat(78, 7))),
    );
    case(
        "millions",
        plot::cumulative_messages(&one("US/Eastern", &flat(78, 123_456))),
    );
    let mut cut = wave("2020-09-05T09:00:00Z", 10, 78);
    cut.push((time("2020-09-05T09:03:00Z"), 40, 4, Vec::new()));
    case(
        "window-still-running",
        plot::message_volume(&one("US/Eastern", &cut)),
    );
    // A bot that was seldom up: an hour of every day, and one long gap.
    let seldom: Vec<Window> = wave("2021-06-01T00:00:00Z", 10, 144 * 200)
        .into_iter()
        .filter(|w| w.0 % A_DAY < 60 * MINUTE && !(100..160).contains(&((w.0 - start) / A_DAY)))
        .collect();
    case(
        "seldom-recorded",
        plot::message_volume(&one("Europe/London", &seldom)),
    );
    let islands: Vec<Window> = wave("2020-09-06T00:00:00Z", 10, 288)
        .into_iter()
        .enumerate()
        .filter(|(i, _)| {
            !(40..60).contains(i) && !(61..90).contains(i) && *i != 200 && !(210..212).contains(i)
        })
        .map(|(_, w)| w)
        .collect();
    case(
        "gaps-and-a-lone-window",
        plot::online_members(&one("US/Eastern", &islands)),
    );
    let hours = one("US/Eastern", &islands).every(HOUR);
    case("gaps-by-hour", plot::messages_by_period(&hours, HOUR));
    case(
        "daily-not-over",
        plot::messages_by_period(&days_of(&islands), DAY),
    );
    case(
        "weekly-not-all-seen",
        plot::weekly_rhythm(&one("US/Eastern", &islands)),
    );

    // Time axes: both changes of clocks, and long spans.
    for (name, zone, last) in [
        (
            "dst-us-eastern-spring",
            "US/Eastern",
            "2020-03-08T12:00:00Z",
        ),
        (
            "dst-us-eastern-autumn",
            "US/Eastern",
            "2020-11-01T12:00:00Z",
        ),
        ("dst-london-spring", "Europe/London", "2020-03-29T07:00:00Z"),
        ("dst-london-autumn", "Europe/London", "2020-10-25T07:00:00Z"),
        ("dst-kolkata-never", "Asia/Kolkata", "2020-03-29T07:00:00Z"),
        (
            "dst-lord-howe-autumn",
            "Australia/Lord_Howe",
            "2020-04-04T21:00:00Z",
        ),
        (
            "dst-lord-howe-spring",
            "Australia/Lord_Howe",
            "2020-10-03T21:00:00Z",
        ),
    ] {
        case(name, plot::message_volume(&one(zone, &wave(last, 10, 66))));
    }
    // Times that come twice, on ticks that are near each other.
    for (name, zone, last) in [
        ("twice-us-eastern", "US/Eastern", "2020-11-01T07:30:00Z"),
        ("twice-london", "Europe/London", "2020-10-25T02:30:00Z"),
        (
            "twice-lord-howe",
            "Australia/Lord_Howe",
            "2020-04-04T16:30:00Z",
        ),
    ] {
        case(name, plot::message_volume(&one(zone, &wave(last, 10, 16))));
    }
    // A clock that was wrong at times, by as much as is taken.
    let mut lone = wave("2020-09-05T09:00:00Z", 10, 78);
    lone.insert(0, (time("2015-01-01T00:00:00Z"), 12, 3, Vec::new()));
    lone.push((time("2026-11-01T23:50:00Z"), 12, 3, Vec::new()));
    case(
        "years-apart",
        plot::online_members(&one("US/Eastern", &lone)),
    );
    case(
        "daily-years-apart",
        plot::messages_by_period(&days_of(&lone), DAY),
    );
    case(
        "over-new-year",
        plot::online_members(&one(
            "Europe/London",
            &wave("2021-01-02T18:00:00Z", 10, 300),
        )),
    );
    case(
        "ten-years",
        plot::online_members(&one("US/Eastern", &wave("2025-09-04T21:00:00Z", 720, 7305))),
    );
    case(
        "ten-years-daily",
        plot::messages_by_period(&days_of(&wave("2025-09-04T21:00:00Z", 720, 7305)), DAY),
    );

    let years = days_of(&wave("2025-09-04T21:00:00Z", 720, 7305));
    case("ten-years-calendar", plot::calendar(&years));

    // Members.
    case(
        "one-member",
        plot::messages_by_member(&members(1, |_| 1), &Names::default()),
    );
    case(
        "no-member",
        plot::messages_by_member(&members(0, |_| 0), &Names::default()),
    );
    case(
        "5000-members",
        plot::messages_by_member(
            &members(5000, |i| 5000 / (i as u32 + 1) + 1),
            &Names::default(),
        ),
    );
    let long = "long ".repeat(2000);
    let odd = [
        "Ann",
        &long,
        "",
        "   ",
        "\u{3164}",
        "محمد علي",
        "שלום, world!",
        "🎉👩‍👩‍👧‍👦🏳️‍🌈",
        "名前の長いメンバーさんです、とても長い名前です",
        "Ann",
        "Z̷̡̛̗̹͖͓̫̗͎̼̋̾̾̈́̏̕͝ạ̷̢̛l̵g̴o",
        "a  b\tc\nd",
        "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
        "ﷺ ﷽",
        "x",
    ];
    let sent = |i: u64| 1600 - i as u32 * 100;
    case(
        "odd-names",
        plot::messages_by_member(&members(15, sent), &names(ids(15), odd.into_iter())),
    );
    case(
        "hostile-names",
        plot::messages_by_member(&members(8, sent), &names(ids(8), HOSTILE.into_iter())),
    );
    let server = HOSTILE[3].replace('\'', "\"") + "]]>&\"<img src=x>";
    case(
        "hostile-server",
        plot::online_members(&activity(
            "US/Eastern",
            &server,
            &wave("2020-09-05T09:00:00Z", 10, 78),
        )),
    );

    // The rate with its band.
    case("sample-band-half-day", plot::rate(&half_day));
    case(
        "band-of-one-window",
        plot::rate(&one("US/Eastern", &flat(1, 3))),
    );
    case(
        "band-gaps-and-a-lone-window",
        plot::rate(&one("US/Eastern", &islands)),
    );
    // What was unusual, and messages beside online members.
    case("sample-unusual", plot::unusual(&sample));
    case("sample-busyness", plot::busyness(&sample));
    case("sample-lags", plot::lags(&sample));
    // Ten weeks with events near each other, silences and an outage.
    let mut eventful = wave("2020-09-05T09:00:00Z", 10, 144 * 70);
    for (i, window) in eventful.iter_mut().enumerate() {
        let times = match i {
            4_000..4_012 | 4_030..4_036 | 9_700..9_703 => 9,
            6_100..6_106 => 4,
            7_000..7_018 => 0,
            _ => 1,
        };
        window.2 = (window.2 + i as u32 * 7_919 % 5) * times;
    }
    eventful.drain(8_000..8_100);
    let eventful = one("Europe/London", &eventful);
    case("unusual-eventful", plot::unusual(&eventful));
    let half_day = one("US/Eastern", &wave("2020-09-05T09:00:00Z", 10, 78));
    case("unusual-half-day", plot::unusual(&half_day));
    case("busyness-half-day", plot::busyness(&half_day));
    case("lags-half-day", plot::lags(&half_day));
    // Who carries the conversation, and who is here.
    let people = one("Europe/London", &visitors("2026-05-08T12:00:00Z", 150));
    let nobody = one("US/Eastern", &flat(78, 0));
    case("reach-with-a-hole", plot::reach(&people));
    case("reach-too-short", plot::reach(&nobody));
    let unknown = Names::default();
    case(
        "member-shares",
        plot::member_shares(&people, &unknown, WEEK),
    );
    let windows = visitors("2026-05-28T12:00:00Z", 150);
    let talk = activity_with("Europe/London", "Iraq BTW", &windows, |_, window| {
        channels(window)
    });
    let rooms = [
        "general",
        HOSTILE[0],
        "art and what is not art, for those who like it",
        "general",
    ];
    let rooms: Names = (200_u64..).zip(rooms.map(str::to_owned)).collect();
    case("channel-shares", plot::channel_shares(&talk, &rooms, WEEK));
    case(
        "channel-shares-unknown",
        plot::channel_shares(&people, &rooms, WEEK),
    );
    case("member-by-day", plot::member(&people, &unknown, 100));
    case("member-unknown", plot::member(&people, &unknown, 7));
    case("growth-with-a-hole", plot::growth(&people, &unknown, WEEK));
    let years = one("Europe/London", &visitors("2026-05-08T12:00:00Z", 400));
    case("growth-too-many-days", plot::growth(&years, &unknown, DAY));
    case(
        "stickiness-with-a-hole",
        plot::stickiness(&people, &unknown),
    );
    case("stickiness-too-short", plot::stickiness(&nobody, &unknown));
    case(
        "concentration-5000-members",
        plot::concentration(&members(5000, |i| 5000 / (i as u32 + 1) + 1), &unknown),
    );
    case(
        "concentration-nobody",
        plot::concentration(&nobody, &unknown),
    );
    // Who comes and stays.
    let joining = newcomers("2026-05-08T12:00:00Z", 150);
    case("newcomers", plot::newcomers(&joining));
    case("members-of-a-server", plot::members(&joining));
    case("joins-with-a-raid", plot::joins(&joining, WEEK));
    case("joins-by-day", plot::joins(&joining, DAY));
    case("joins-not-known", plot::joins(&people, WEEK));
    case("members-not-known", plot::members(&people));
    case("newcomers-who-write-alone", plot::newcomers(&people));
    case("newcomers-too-short", plot::newcomers(&nobody));
    let years = newcomers("2026-05-08T12:00:00Z", 730);
    case("newcomers-two-years", plot::newcomers(&years));
    case("members-two-years", plot::members(&years));
    case("joins-two-years", plot::joins(&years, WEEK));
    case("newcomers-one-member", {
        let windows = wave("2026-05-08T12:00:00Z", 60, 24 * 9);
        plot::newcomers(&activity_with(
            "US/Eastern",
            "Iraq BTW",
            &windows,
            |window, _| {
                let joined = if window == 9 { "\"7\"" } else { "" };
                format!(",\"members\":1,\"joined\":[{joined}],\"left\":[]")
            },
        ))
    });
    // Evenings alone, and one who writes in a single hour.
    let mut evenings = visitors("2026-05-08T12:00:00Z", 60);
    evenings.retain(|window| (15..24).contains(&(window.0 / (60 * MINUTE) % 24)));
    for window in &mut evenings {
        if window.0 / (60 * MINUTE) % 24 == 20 {
            window.3.push((7, 400));
        }
    }
    case(
        "member-hours-evenings",
        plot::member_hours(&one("Europe/London", &evenings), &unknown),
    );
    // Online members that are known in part, beside a gap, and never.
    let mut history = wave("2020-09-05T09:00:00Z", 10, 144 * 40);
    for window in &mut history[..144 * 25] {
        window.1 = UNKNOWN;
    }
    history[144 * 32].1 = UNKNOWN;
    history.drain(144 * 28..144 * 30);
    let in_part = one("Europe/London", &history);
    case("online-known-in-part", plot::online_members(&in_part));
    case(
        "online-by-day-known-in-part",
        plot::online_members_by_period(&in_part, DAY),
    );
    case(
        "summary-known-in-part",
        plot::summary(&in_part, &unknown, MONTH),
    );
    history.iter_mut().for_each(|window| window.1 = UNKNOWN);
    let never = one("Europe/London", &history);
    case("online-never-known", plot::online_members(&never));
    case("weekly-online-never-known", plot::weekly_online(&never));
    case(
        "summary-never-known",
        plot::summary(&never, &unknown, MONTH),
    );
    let hostile = members(8, sent);
    let hostile_names = names(ids(8), HOSTILE.into_iter());
    case(
        "hostile-shares",
        plot::member_shares(&hostile, &hostile_names, DAY),
    );
    case(
        "hostile-hours",
        plot::member_hours(&hostile, &hostile_names),
    );
    cases
}

/// The page that shows all cases, each as the notebook puts it.
#[allow(dead_code)] // Each of those that share this file uses its part.
pub(crate) fn page(title: &str, figures: &[Case]) -> String {
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\n<body style=\"font-family:sans-serif;margin:24px\">\n"
    );
    for case in figures {
        writeln!(
            page,
            "<h2 id=\"{0}\">{0}</h2>\n<figure style=\"margin:0\">{1}</figure>",
            case.name,
            case.figure.svg()
        )
        .unwrap();
    }
    page + "</body></html>\n"
}

/// Writes the page and each figure on its own.
#[allow(dead_code)]
pub(crate) fn write(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for case in cases() {
        std::fs::write(folder.join(format!("{}.svg", case.name)), case.figure.svg())?;
    }
    std::fs::write(folder.join("index.html"), page("Figures", cases()))
}
