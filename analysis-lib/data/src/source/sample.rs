//! The sample: half a year of a server that doesn't exist, and lives.
//!
//! Whole numbers and one seed, so that every machine makes the same data: windows
//! of ten minutes from Monday, 6 October 2025, 00:00 to Sunday, 5 April 2026, 05:50
//! in US/Eastern. What was built in, and the tests in `tests/sample.rs` find:
//!
//! | what | how |
//! |---|---|
//! | members | 40 on the first day; about 250 at the end |
//! | newcomers | 8, 12, 14, 4, 20, 25 a week, in the six months; 65 % stay, the others leave within two weeks |
//! | writing | of ten newcomers three never write; of those who do and stay in the server, a fifth stops within five weeks |
//! | leaving | a fifth of those who stayed leaves two months later, or after that |
//! | night owls | of eight who write, one lives 17 hours ahead, where US/Eastern's four in the morning is nine in the evening |
//! | weekenders | of seven who write, one does so on Saturdays and Sundays alone, but for the day of joining |
//! | channels | six; `books` has an eighth of all messages, and from 12 January falls asleep within four weeks |
//! | event | 40 % more messages from Friday, 16 January, 00:00, for two weeks |
//! | raid | 60 join on Tuesday, 18 November, from 20:00 to 21:00, and are thrown out within two hours; the others write six times as much meanwhile |
//! | outage | no window from Tuesday, 24 February, 09:00, for a day; a restart of two hours on Sunday, 22 March, 14:00 |
//! | bot | three messages in the window that ends at ten past every other hour of local clocks, in the channel `weather` |
//! | clocks | US/Eastern's go back on 2 November and forward on 8 March, and people get up by them |

use std::ops::Range;

use crate::{Activity, ChannelId, Event, Extra, MemberId, Origin, Result};
use crate::{Source, Window, WindowsBuilder, Zone};

/// 6 October 2025, 00:00 in US/Eastern, in milliseconds since the epoch.
const BEGIN: i64 = 1_759_723_200_000;
const WINDOW: i64 = 600_000;
const HOUR: i64 = 6 * WINDOW;
const WINDOWS: i64 = (26 * 7 - 1) * DAY + 35;
/// Windows of a day.
const DAY: i64 = 144;
/// US/Eastern's clocks show an hour less than on the first day: 2 November 2025,
/// 06:00 UTC, to 8 March 2026, 07:00 UTC.
const STANDARD_TIME: Range<i64> = 1_762_063_200_000..1_772_953_200_000;

/// What titles call it.
pub const SERVER: &str = "Sample Server";

/// Windows that the bot which records missed.
const OUTAGES: [Range<i64>; 2] = [20_364..20_508, 24_132..24_144];
const RAID: Range<i64> = 6_318..6_324;
const EVENT: Range<i64> = 14_694..14_694 + 14 * DAY;
/// In these windows the last channel falls asleep.
const FALLS_ASLEEP: Range<i64> = 14_118..14_118 + 28 * DAY;
/// Newcomers a week, month by month.
const NEWCOMERS: [u64; 6] = [8, 12, 14, 4, 20, 25];
const FOUNDERS: u64 = 40;
/// By how many hours the clocks of night owls are ahead.
const AHEAD: usize = 17;

/// Activity by the hour of the local day, in percent of the busiest.
const HOURS: [u64; 24] = [
    62, 44, 28, 17, 10, 7, 8, 13, 20, 26, 31, 36, 42, 45, 47, 52, 60, 68, 76, 85, 94, 100, 95, 80,
];
/// Activity by the day of the week from Monday, in percent of the busiest.
const DAYS: [u64; 7] = [70, 68, 72, 75, 92, 100, 94];
const CHANNELS: [&str; 6] = ["general", "garden", "photos", "games", "weather", "books"];
/// How many of 64 messages each channel has while all are awake.
const SLOTS: [usize; 6] = [24, 12, 9, 7, 4, 8];

/// What the members are called: each plant by itself, then with each part.
const PLANTS: &str = "Aster Birch Clover Dahlia Elm Fern Gorse Hazel Iris Juniper Kelp Larch \
    Maple Nettle Oak Poppy Quince Rowan Sorrel Thistle Umber Violet Willow Yarrow";
const PARTS: &str = "leaf wood root seed bloom thorn berry moss dew bark stem vine bud petal glade";

/// SplitMix64 (Steele, Lea, Flood 2014): small, and equal everywhere.
pub struct Random(pub u64);

impl Random {
    /// The next number, of all 64 bits.
    #[allow(clippy::should_implement_trait)] // It has no end.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to `below` - 1; the bias is too small to matter here.
    pub fn below(&mut self, below: u64) -> u64 {
        self.next() % below
    }

    /// [`below`](Self::below), as an index.
    pub fn index(&mut self, below: usize) -> usize {
        self.below(below as u64) as usize
    }

    /// A count whose mean is so many thousandths: how many of 64 bits are set, in
    /// each of as many words as keep a bit's chance below a quarter.
    fn count(&mut self, thousandths: u64) -> u32 {
        let words = 1 + thousandths / 16_000;
        let chance = thousandths * 1_024 / 1_000 / words;
        // Place by place, from the lowest, `or` adds half a chance and `and` halves it.
        let mut place = |bits: u64, place: u32| match chance >> place & 1 {
            0 => bits & self.next(),
            _ => bits | self.next(),
        };
        let words = (0..words).map(|_| (0..16).fold(0, &mut place));
        words.map(u64::count_ones).sum()
    }
}

/// The made-up Discord id of a member: as long as a real one.
fn id(member: u64) -> MemberId {
    (Random(member).next() % 900_000_000_000_000_000 + 100_000_000_000_000_000).into()
}

/// The sample's bot.
pub fn bot() -> MemberId {
    id(u64::MAX)
}

/// The ids of the channels.
fn channels() -> impl Iterator<Item = ChannelId> {
    let first = u64::MAX - CHANNELS.len() as u64;
    (first..u64::MAX).map(|channel| id(channel).get().into())
}

/// The names of the sample's members, of whom not all have one, and of its channels.
pub fn names() -> impl Iterator<Item = (MemberId, String)> {
    let parts = std::iter::once("").chain(PARTS.split(' '));
    let names = parts.flat_map(|part| PLANTS.split(' ').map(move |plant| format!("{plant}{part}")));
    let named = (0..).zip(names).filter(|(member, _)| member % 12 != 11);
    let named = named.map(|(member, name)| (id(member), name));
    let channels = channels().zip(CHANNELS);
    let channels = channels.map(|(id, name)| (id.get().into(), name.to_owned()));
    let bot = (bot(), "Weather Vane".to_owned());
    named.chain([bot]).chain(channels)
}

/// Somebody who is in the server.
struct Member {
    id: MemberId,
    /// The window that they joined in, the one that they leave in, and the one from
    /// which on they write nothing.
    joined: i64,
    leaves: i64,
    quiet: i64,
    /// Messages in a window of the busiest hour, in thousandths; 0 for a lurker.
    weight: u64,
    /// Whether their clock is [`AHEAD`] of the server's.
    is_owl: bool,
    /// The chance that they are around on a working day, and on one of the
    /// weekend, in percent.
    days: [u64; 2],
    is_around: bool,
}

impl Member {
    /// The `number`th member there ever was, who joins in this window.
    fn new(random: &mut Random, number: u64, joined: i64) -> Self {
        let is_founder = number < FOUNDERS;
        let mut day =
            |from: i64, below: u64| joined + from * DAY + random.below(below * 144) as i64;
        let (soon, late, stops) = (day(0, 14), day(60, 120), day(7, 28));
        let mut chance = |percent| random.below(100) < percent;
        let (stays, leaves_late) = (is_founder || chance(65), chance(20));
        let (writes, stops_writing) = (chance(70), !is_founder && chance(20));
        let (is_owl, is_weekender) = (chance(13), chance(14));
        let late = if leaves_late { late } else { i64::MAX };
        let often = 18 + random.below(75);
        // Of founders each writes less than the one before.
        let rank = if is_founder {
            number
        } else {
            8 + random.below(60)
        };
        Self {
            id: id(number),
            joined,
            leaves: if stays { late } else { soon },
            quiet: if stops_writing { stops } else { i64::MAX },
            weight: if writes { 13_000 / (rank + 2) } else { 0 },
            is_owl,
            days: [[often, often], [0, 85]][usize::from(is_weekender)],
            is_around: true,
        }
    }
}

/// Who is there in an hour, and who writes.
#[derive(Default)]
struct Hour {
    /// Who writes, and up to which number a draw is theirs.
    writers: Vec<(MemberId, u64)>,
    /// The members' weights by percent of the busiest hour, and their chances of being
    /// online in percent: at the hour's begin and at its end.
    levels: [u64; 2],
    online: [u64; 2],
}

impl Hour {
    fn of(here: &[Member], index: i64, hour: usize) -> Self {
        let mut own = Self::default();
        own.writers.reserve(here.len());
        // For those who live here, and for night owls.
        let by_clock = |hour| [HOURS[hour % 24], HOURS[(hour + AHEAD) % 24]];
        let edges = [by_clock(hour), by_clock(hour + 1)];
        for member in here {
            let writes = member.is_around && index < member.quiet;
            let weight = if writes { member.weight } else { 0 };
            for (edge, by_clock) in edges.iter().enumerate() {
                let level = by_clock[usize::from(member.is_owl)];
                own.online[edge] += 10 + level / 4;
                own.levels[edge] += weight * level;
            }
            if weight > 0 {
                own.writers.push((member.id, own.levels[0]));
            }
        }
        own
    }
}

/// The sample, in this zone.
pub fn activity(timezone: Zone) -> Result<Activity> {
    let mut random = Random(853);
    let mut ever = 0..;
    let mut come = |random: &mut Random, joined| Member::new(random, ever.next().unwrap(), joined);
    let mut here: Vec<Member> = (0..FOUNDERS).map(|_| come(&mut random, 0)).collect();
    let (mut mood, mut shown_hour, mut next_leaves) = (100, -1, 0);
    let slots = (0..6).flat_map(|channel| std::iter::repeat_n(channel, SLOTS[channel]));
    let slots: Vec<usize> = slots.collect();
    let ids: Vec<ChannelId> = channels().collect();
    let mut now = Hour::default();
    let (mut sent, mut wrote): (Vec<u32>, Vec<usize>) = Default::default();
    let mut windows = WindowsBuilder::new();
    for index in 0..WINDOWS {
        // The bot's clock is a second or two off. All draws are made for missed
        // windows too, so that an outage moves nothing after it.
        let time = BEGIN + (index + 1) * WINDOW + random.below(3_000) as i64;
        let is_standard = STANDARD_TIME.contains(&time);
        let local = time - BEGIN - if is_standard { HOUR } else { 0 };
        let hours = local / HOUR;
        let hour = (hours % 24) as usize;
        // A day of people's ends at five in the morning.
        let weekday = ((hours + 7 * 24 - 5) / 24 % 7) as usize;

        let before = here.len();
        let newcomers = NEWCOMERS[(index * 6 / WINDOWS) as usize];
        if random.below(1_008 * 49) < newcomers * HOURS[hour] {
            here.push(come(&mut random, index));
        }
        for _ in 0..if RAID.contains(&index) { 10 } else { 0 } {
            let mut raider = come(&mut random, index);
            (raider.weight, raider.leaves) = (0, index + 1 + random.below(6) as i64);
            here.push(raider);
        }
        let joined: Vec<MemberId> = here[before..].iter().map(|member| member.id).collect();
        let mut left = Vec::new();
        if index >= next_leaves {
            let gone = here.extract_if(.., |member| member.leaves <= index);
            left.extend(gone.map(|member| member.id));
        }

        if hours != shown_hour || !joined.is_empty() || !left.is_empty() {
            if hours != shown_hour && hour == 5 {
                // Who writes today; who has just come does.
                for member in &mut here {
                    let chance = member.days[usize::from(weekday > 4)];
                    member.is_around = random.below(100) < chance || index < member.joined + DAY;
                }
            }
            shown_hour = hours;
            next_leaves = here.iter().map(|member| member.leaves).min().unwrap();
            now = Hour::of(&here, index, hour);
            sent = vec![0; now.writers.len()];
        }
        let minute = (local / 60_000 % 60) as u64;
        let between = |[begin, end]: [u64; 2]| (begin * (60 - minute) + end * minute) / 60;
        mood = (5 * mood + random.below(201)) / 6;
        let event = if EVENT.contains(&index) { 140 } else { 100 };
        let raid = if RAID.contains(&index) { 6 } else { 1 };
        let level = between(now.levels) * DAYS[weekday] / 100 * mood / 100 * event / 100 * raid;
        let mut volume = random.count(level / 100);
        let there = between(now.online) * (300 + mood) / 40_000;
        let there = there + random.below(2 + there / 10);

        let mut by_channel = [0; CHANNELS.len()];
        let awake = 28 * DAY - (index - FALLS_ASLEEP.start).clamp(0, 28 * DAY);
        let asleep = 64 - SLOTS[5] + (8 * awake / (28 * DAY)) as usize;
        for _ in 0..volume {
            // The high half of a draw says who writes, and the low bits where.
            let draw = random.next();
            let at = ((draw >> 32) * now.levels[0]) >> 32;
            let writer = now.writers.partition_point(|&(_, upto)| upto <= at);
            if sent[writer] == 0 {
                wrote.push(writer);
            }
            sent[writer] += 1;
            let slot = (draw % 64) as usize;
            by_channel[if slot < asleep { slots[slot] } else { 0 }] += 1;
        }
        for writer in wrote.drain(..) {
            windows.sent(now.writers[writer].0, std::mem::take(&mut sent[writer]));
        }
        if OUTAGES.iter().any(|outage| outage.contains(&index)) {
            windows.discard();
            continue;
        }
        if hours % 2 == 0 && minute / 10 == 1 {
            windows.sent(bot(), 3);
            by_channel[4] += 3;
            volume += 3;
        }
        let mut by_channel: Vec<_> = ids.iter().copied().zip(by_channel).collect();
        by_channel.retain(|&(_, sent)| sent > 0);
        windows.extra(Extra {
            member_count: Some(here.len() as u32),
            joined: Some(joined),
            left: Some(left),
            channels: Some(by_channel),
        });
        let window = Window {
            end: time,
            declared: 0,
            online: Some(there as u32),
            volume,
        };
        windows.window(window).expect("the sample is small");
    }
    Activity::new(origin(timezone), windows.finish(), Vec::new())
}

/// What the sample says of itself, in this zone.
pub(super) fn origin(timezone: Zone) -> Origin {
    Origin {
        source: Source::Sample,
        server: SERVER.to_owned(),
        timezone,
        events: vec![Event {
            time: BEGIN + EVENT.start * WINDOW,
            label: "Winter fair".to_owned(),
        }],
    }
}
