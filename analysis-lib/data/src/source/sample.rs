//! The sample: eight weeks of a server that doesn't exist.
//!
//! Whole numbers only, so that every machine makes the same data. Times run
//! from 9 February 2026 over the change to daylight saving on 8 March.

use crate::{Activity, Origin, Source, Window, WindowsBuilder, Zone};
use crate::{MemberId, Result};

/// 9 February 2026, 00:00 in US/Eastern, in milliseconds since the epoch.
const START: i64 = 1_770_613_200_000;
const WINDOW: i64 = 600_000;
const WINDOWS: i64 = 8 * 7 * 24 * 6;
/// The clocks of US/Eastern go forward: 8 March 2026, 07:00 UTC.
const DAYLIGHT_SAVING: i64 = 1_772_953_200_000;

/// What titles call it.
pub const SERVER: &str = "Sample Server";

/// Windows that the bot missed: a night, and a restart of two hours.
const OUTAGES: [std::ops::Range<i64>; 2] = [2_730..2_796, 6_130..6_142];
/// A spike: the evening of an event, 21 March.
const SPIKE: std::ops::Range<i64> = 5_886..5_904;

/// Activity by the hour of the local day, in percent of the busiest.
const HOURS: [u64; 24] = [
    62, 44, 28, 17, 10, 7, 8, 13, 20, 26, 31, 36, 42, 45, 47, 52, 60, 68, 76, 85, 94, 100, 95, 80,
];
/// Activity by the day of the week from Monday, in percent of the busiest.
const DAYS: [u64; 7] = [70, 68, 72, 75, 92, 100, 94];

/// Display names. Those of the last members are unknown, as on a real server.
const NAMES: [&str; 56] = [
    "Aster", "Birch", "Clover", "Dahlia", "Elm", "Fern", "Gorse", "Hazel", "Iris", "Juniper",
    "Kelp", "Larch", "Maple", "Nettle", "Oak", "Poppy", "Quince", "Rowan", "Sorrel", "Thistle",
    "Umber", "Violet", "Willow", "Xylo", "Yarrow", "Zinnia", "Alder", "Bramble", "Cedar", "Dill",
    "Elder", "Flax", "Ginger", "Holly", "Ivy", "Jasmine", "Kale", "Lavender", "Mint", "Nutmeg",
    "Olive", "Pine", "Reed", "Sage", "Teasel", "Vetch", "Wisteria", "Yew", "Aspen", "Basil",
    "Chive", "Daisy", "Endive", "Fennel", "Garlic", "Hemlock",
];
const MEMBERS: u64 = 61;

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

    /// How many of `trials` succeed, each with a chance of `chance` in a million.
    fn successes(&mut self, trials: u64, chance: u64) -> u32 {
        (0..trials)
            .filter(|_| self.below(1_000_000) < chance)
            .count() as u32
    }
}

/// The made-up Discord id of a member: as long as a real one.
fn id(member: u64) -> MemberId {
    (Random(member).next() % 900_000_000_000_000_000 + 100_000_000_000_000_000).into()
}

/// The names of the sample's members: not all have one.
pub fn names() -> impl Iterator<Item = (MemberId, String)> {
    let named = (0..).zip(NAMES);
    named.map(|(member, name)| (id(member), name.to_owned()))
}

/// The sample, in this zone.
pub fn activity(timezone: Zone) -> Result<Activity> {
    let mut random = Random(2026);
    // Members write in proportion to 1 / (rank + 2).
    let weights: Vec<u64> = (0..MEMBERS).map(|rank| 1_000_000 / (rank + 2)).collect();
    let all: u64 = weights.iter().sum();
    let mut windows = WindowsBuilder::new();
    for member in 0..MEMBERS {
        windows.member(id(member));
    }
    let mut sent = vec![0; MEMBERS as usize];
    for index in 0..WINDOWS {
        // The bot's clock is a second or two off, and the draw is made for
        // missed windows too, so that an outage moves nothing after it.
        let time = START + (index + 1) * WINDOW + random.below(3_000) as i64;
        let local = time - START
            + if time >= DAYLIGHT_SAVING {
                3_600_000
            } else {
                0
            };
        let minutes = local / 60_000;
        let (hour, within) = ((minutes / 60 % 24) as usize, (minutes % 60) as u64);
        let by_hour = HOURS[hour] * (60 - within) + HOURS[(hour + 1) % 24] * within;
        // In 600,000ths: percent of the hour (times 60) and of the day.
        let level = by_hour * DAYS[(minutes / 1440 % 7) as usize];
        let spike = if SPIKE.contains(&index) { 5 } else { 1 };
        let online = 14 + level * 70 / 600_000 + (spike - 1) * 9 + random.below(7);
        let volume =
            random.successes(90, level * spike.min(3)) + random.successes(12, level * spike);
        sent.fill(0);
        for _ in 0..volume {
            let mut draw = random.below(all);
            let member = weights.iter().position(|&weight| {
                let found = draw < weight;
                draw = draw.saturating_sub(weight);
                found
            });
            sent[member.expect("the draw is below the sum of the weights")] += 1;
        }
        if OUTAGES.iter().any(|outage| outage.contains(&index)) {
            continue;
        }
        for (member, &sent) in (0..).zip(&sent) {
            windows.sent(id(member), sent);
        }
        let window = Window {
            end: time,
            declared: 0,
            online: Some(online as u32),
            volume,
        };
        windows.window(window).expect("the sample is small");
    }
    let origin = Origin {
        source: Source::Sample,
        server: SERVER.to_owned(),
        timezone,
    };
    Activity::new(origin, windows.finish(), Vec::new())
}
