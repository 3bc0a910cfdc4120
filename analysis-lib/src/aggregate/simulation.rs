//! Made-up servers on which methods are tried: nothing changes but what is asked.

use activity_data::source::sample::Random;
use activity_data::{Activity, HOUR_LENGTH, Origin, Source, Window, WindowsBuilder, Zone};

/// Monday, 2 March 2026, 00:00 in Kolkata, where clocks don't change.
pub(super) const START: i64 = 1_772_389_800_000;

/// Windows of an hour over whole days, with a daily rhythm. Messages are Poisson
/// counts around a level that wanders by 30 %, half of which stays from hour to hour;
/// so do online members. Messages are by so many members, or, with none, by
/// nobody known. `times` multiplies the messages of an hour by its number.
pub(super) fn server(
    random: &mut Random,
    days: i64,
    members: u64,
    times: impl Fn(i64) -> f64,
) -> Activity {
    let mut windows = WindowsBuilder::new();
    let mut noise = [0.0_f64; 2];
    for hour in 0..24 * days {
        let angle = (hour % 24 - 5) as f64 / 12.0 * std::f64::consts::PI;
        let [busy, online] = noise.each_mut().map(|noise| {
            *noise = 0.5 * *noise + 0.26 * normal(random);
            (1.2 - angle.cos()) * noise.exp()
        });
        let volume = poisson(random, 8.0 * busy * times(hour));
        for _ in 0..if members > 0 { volume } else { 0 } {
            // Few members write much, and many seldom.
            let seldom = random.below(members) + 1;
            let member = random.below(seldom);
            windows.sent((member + 1).into(), 1);
        }
        let window = Window {
            end: START + (hour + 1) * HOUR_LENGTH,
            declared: HOUR_LENGTH as u32,
            online: Some(poisson(random, 30.0 * online)),
            volume,
        };
        windows.window(window).unwrap();
    }
    let origin = Origin {
        source: Source::Sample,
        server: "Simulated".to_owned(),
        timezone: Zone::named("Asia/Kolkata", None).unwrap(),
    };
    Activity::new(origin, windows.finish(), Vec::new()).unwrap()
}

/// A share of how often something is so.
pub(super) fn share(times: usize, mut is_so: impl FnMut() -> bool) -> f64 {
    (0..times).filter(|_| is_so()).count() as f64 / times as f64
}

fn uniform(random: &mut Random) -> f64 {
    (random.below(1 << 52) as f64 + 0.5) / (1_u64 << 52) as f64
}

/// The sum of twelve uniform numbers is nearly normal.
fn normal(random: &mut Random) -> f64 {
    (0..12).map(|_| uniform(random)).sum::<f64>() - 6.0
}

/// Events in a time of this length, which come at random, one at a time.
fn poisson(random: &mut Random, mean: f64) -> u32 {
    let mut left = mean;
    let mut count = 0;
    loop {
        left += uniform(random).ln();
        if left < 0.0 {
            return count;
        }
        count += 1;
    }
}
