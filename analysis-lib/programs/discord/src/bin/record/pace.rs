//! When Discord is asked again for a session that it refused. There is no clock
//! here: each call says when it is, in milliseconds since any moment.
//!
//! Discord takes away the token of a bot that begins more than 1,000 sessions in
//! a day, and writes to its owner. Waits that grow to ten minutes make no more
//! than some 200 a day.

use std::collections::VecDeque;

/// The first wait is at least so long, and the longest at most.
const FIRST: i64 = 5_000;
const LONGEST: i64 = 600_000;
/// By chance a wait is up to this share longer: what failed for all bots in one
/// moment is not to be asked again by all in one moment.
const CHANCE: f64 = 0.5;
/// After so long without a refusal, waits begin small again.
const HEALTH: i64 = 3_600_000;
/// A session is resumed without a wait, unless so many connections were begun in
/// the time below.
const AT_ONCE: usize = 3;
const RECENTLY: i64 = 100_000;
/// The refusal after which a person is told.
const TOLD_AFTER: u32 = 3;

/// What follows when a connection is over.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Next {
    /// In milliseconds.
    pub(crate) wait: i64,
    /// Whether a person is to be told.
    pub(crate) is_told: bool,
}

#[derive(Default)]
pub(crate) struct Pace {
    /// Refusals since the last hour of health.
    refusals: u32,
    /// Since when no session was refused.
    well: Option<i64>,
    is_told: bool,
    /// When the last connections were begun.
    begun: VecDeque<i64>,
}

impl Pace {
    /// A connection is begun.
    pub(crate) fn begin(&mut self, now: i64) {
        self.begun.push_back(now);
        if self.begun.len() > AT_ONCE {
            self.begun.pop_front();
        }
    }

    /// A session began or was resumed.
    pub(crate) fn session(&mut self, now: i64) {
        self.well.get_or_insert(now);
    }

    /// Whether a person was told that something is wrong, and is now to be told
    /// that it's over.
    pub(crate) fn recovered(&mut self) -> bool {
        std::mem::take(&mut self.is_told)
    }

    /// A connection is over, and its session can be resumed.
    pub(crate) fn lost(&mut self, now: i64, chance: f64) -> Next {
        let first = self.begun.front();
        if self.begun.len() == AT_ONCE && first.is_some_and(|&first| now - first < RECENTLY) {
            return self.refused(now, chance);
        }
        Next::default()
    }

    /// A session was refused, or there was no connection. `chance` is from 0 to 1.
    pub(crate) fn refused(&mut self, now: i64, chance: f64) -> Next {
        if self.well.take().is_some_and(|well| now - well >= HEALTH) {
            self.refusals = 0;
        }
        let most = LONGEST as f64 / (1.0 + CHANCE);
        let least = (FIRST as f64 * 2.0_f64.powi(self.refusals.min(20).cast_signed())).min(most);
        self.refusals += 1;
        let is_told = self.refusals >= TOLD_AFTER && !self.is_told;
        self.is_told |= is_told;
        Next {
            wait: (least * (1.0 + CHANCE * chance)) as i64,
            is_told,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When connections are begun that are over at once, and when a person is told.
    fn tries(
        until: i64,
        chance: f64,
        over: fn(&mut Pace, i64, f64) -> Next,
    ) -> (Vec<i64>, Vec<i64>) {
        let (mut pace, mut now) = (Pace::default(), 0);
        let (mut begun, mut told) = (Vec::new(), Vec::new());
        while now < until {
            pace.begin(now);
            begun.push(now);
            let next = over(&mut pace, now, chance);
            if next.is_told {
                told.push(now);
            }
            // A connection takes a moment.
            now += next.wait + 10;
        }
        (begun, told)
    }

    #[test]
    fn waits_double_from_five_seconds_to_ten_minutes() {
        let mut pace = Pace::default();
        let mut waits = |chance| {
            pace = Pace::default();
            let waits = (0..10).map(|_| pace.refused(0, chance).wait / 1_000);
            waits.collect::<Vec<_>>()
        };
        assert_eq!(waits(0.0), [5, 10, 20, 40, 80, 160, 320, 400, 400, 400]);
        assert_eq!(waits(1.0), [7, 15, 30, 60, 120, 240, 480, 600, 600, 600]);
    }

    #[test]
    fn a_hundred_seconds_have_nine_connections_at_most_however_they_end() {
        // Only what was refused begins a session anew, of which Discord counts 1,000
        // a day.
        for (over, a_day) in [
            (Pace::refused as fn(&mut Pace, i64, f64) -> Next, 250),
            (Pace::lost, 750),
        ] {
            for chance in [0.0, 0.5, 1.0] {
                let (begun, told) = tries(86_400_000, chance, over);
                let first = begun.iter().filter(|&&time| time < 100_000).count();
                assert!((4..=9).contains(&first), "{first}");
                assert!(begun.len() < a_day, "{} a day", begun.len());
                assert_eq!(told.len(), 1);
            }
        }
    }

    #[test]
    fn sessions_that_are_resumed_now_and_then_wait_for_nothing() {
        let mut pace = Pace::default();
        for hour in 0..100 {
            pace.begin(hour * 3_600_000);
            pace.session(hour * 3_600_000);
            let next = pace.lost((hour + 1) * 3_600_000, 0.5);
            assert_eq!(next, Next::default());
        }
    }

    #[test]
    fn an_hour_of_health_makes_waits_small_again_and_less_does_not() {
        for (minutes, expected) in [(59, 40_000), (61, 5_000)] {
            let mut pace = Pace::default();
            let told: Vec<_> = (0..3).map(|_| pace.refused(0, 0.0).is_told).collect();
            assert_eq!(told, [false, false, true]);
            pace.session(0);
            assert!(pace.recovered());
            assert!(!pace.recovered());
            // A resumed session is the same health.
            pace.lost(1_000, 0.0);
            pace.session(2_000);
            assert_eq!(pace.refused(minutes * 60_000, 0.0).wait, expected);
        }
    }
}
