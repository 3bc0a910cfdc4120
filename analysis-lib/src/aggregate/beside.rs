//! Two stretches of time beside each other.

use std::collections::{BTreeMap, BTreeSet};

use super::chance::{jackknife, ratio};
use activity_data::{Activity, HOUR, HOUR_LENGTH, Periods, WHOLE};

/// A number before and now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// In the earlier period.
    pub before: f64,
    /// In the later period.
    pub now: f64,
    /// A 95 % interval of the change as a share of `before`: `[-0.1, 0.3]` is
    /// from 10 % less to 30 % more. `None` where none can be told.
    pub interval: Option<[f64; 2]>,
    /// Whether the change is larger than chance explains, at 5 %. `None` where
    /// that can't be told.
    pub more_than_chance: Option<bool>,
}

impl Change {
    /// The change as a share of `before`: 0.12 is 12 % more. `None` if that is 0.
    pub fn share(&self) -> Option<f64> {
        (self.before > 0.0).then(|| self.now / self.before - 1.0)
    }

    pub(super) fn new([before, now]: [f64; 2], interval: Option<[f64; 2]>) -> Self {
        Self {
            before,
            now,
            interval: interval.filter(|_| before > 0.0),
            more_than_chance: interval.map(|[low, high]| low > 0.0 || high < 0.0),
        }
    }
}

/// Of an hour that is compared the side that it is on, and its block and slot.
type Place = (usize, (i64, i64));

/// The hours of the clock that were recorded as a whole in both of two stretches.
pub(super) struct Beside<'a> {
    activity: &'a Activity,
    pub(super) hours: Periods,
    places: Vec<Option<Place>>,
    /// By block and slot in it the hours before and now: two where clocks show one
    /// twice.
    pub(super) slots: BTreeMap<(i64, i64), [Vec<usize>; 2]>,
}

impl<'a> Beside<'a> {
    /// `place` gives, of the time at which an hour begins, its side, block (of up to
    /// 32) and slot; none of what lies in neither stretch.
    pub(super) fn of(activity: &'a Activity, place: impl Fn(i64) -> Option<Place>) -> Self {
        // Who sent what is only asked by blocks of hours.
        let hours = activity.totals(HOUR);
        let places = hours.begins().iter().map(|&begin| place(begin));
        let mut places: Vec<Option<Place>> = places.collect();
        let mut slots = BTreeMap::<_, [Vec<usize>; 2]>::new();
        for (hour, place) in places.iter().enumerate() {
            if let Some((side, slot)) = place {
                slots.entry(*slot).or_default()[*side].push(hour);
            }
        }
        let is_whole = |&hour: &usize| hours.coverage()[hour] >= WHOLE;
        let are_whole = |own: &Vec<usize>| !own.is_empty() && own.iter().all(is_whole);
        slots.retain(|_, sides| sides.iter().all(are_whole));
        for place in &mut places {
            *place = place.filter(|(_, slot)| slots.contains_key(slot));
        }
        Self {
            activity,
            hours,
            places,
            slots,
        }
    }

    /// The sums before and now of each block, and over how many slots: those in which
    /// the value is a number on both sides.
    fn blocks(&self, value: impl Fn(&[usize]) -> f64) -> (Vec<[f64; 2]>, usize) {
        let (mut blocks, mut known) = (BTreeMap::<i64, [f64; 2]>::new(), 0);
        for ((block, _), sides) in &self.slots {
            let values = [&sides[0], &sides[1]].map(|own| value(own));
            if values.iter().all(|value| value.is_finite()) {
                let sums = blocks.entry(*block).or_default();
                *sums = [0, 1].map(|side| sums[side] + values[side]);
                known += 1;
            }
        }
        (blocks.into_values().collect(), known)
    }

    /// How a sum over slots changed, and over how many it is known; no numbers over
    /// none.
    pub(super) fn change(
        &self,
        are_counts: bool,
        value: impl Fn(&[usize]) -> f64,
    ) -> (Change, usize) {
        let (blocks, known) = self.blocks(value);
        let sum = |side: usize| blocks.iter().map(|block| block[side]).sum::<f64>();
        let change = match known {
            0 => Change::new([f64::NAN; 2], None),
            _ => Change::new([sum(0), sum(1)], ratio(&blocks, are_counts)),
        };
        (change, known)
    }

    /// How messages changed.
    pub(super) fn messages(&self) -> Change {
        self.change(true, |own| self.in_an_hour(own, self.hours.messages()))
            .0
    }

    /// A count in an hour's time, over these hours and parts of hours.
    pub(super) fn in_an_hour(&self, own: &[usize], counts: &[u64]) -> f64 {
        let count: u64 = own.iter().map(|&hour| counts[hour]).sum();
        let length = own.iter();
        let length = length.map(|&hour| self.hours.ends()[hour] - self.hours.begins()[hour]);
        count as f64 * HOUR_LENGTH as f64 / length.sum::<i64>() as f64
    }

    /// How the number of those who wrote changed; and how many wrote on both sides,
    /// only before, and only now.
    pub(super) fn active_members(&self) -> (Change, [u64; 3]) {
        // The blocks in which each member wrote, one bit each, before and now.
        let mut written = vec![[0_u32; 2]; self.activity.members().len()];
        for window in 0..self.activity.len() {
            // Each window lies in one of the hours.
            let middle = self.activity.middle(window);
            let hour = self.hours.begins().partition_point(|&own| own <= middle) - 1;
            if let Some((side, (block, _))) = self.places[hour] {
                let senders = self.activity.senders(window);
                senders.for_each(|(member, _)| written[member][side] |= 1 << block);
            }
        }
        // How many wrote in some of these blocks, before and now.
        let wrote = |blocks: u32| {
            [0, 1].map(|side| written.iter().filter(|own| own[side] & blocks > 0).count() as u64)
        };
        let active = wrote(u32::MAX);
        let both = written.iter().filter(|own| !own.contains(&0)).count() as u64;
        let [lost, new] = active.map(|own| own - both);
        let blocks: BTreeSet<i64> = self.slots.keys().map(|&(block, _)| block).collect();
        let without = blocks.into_iter().map(|block| wrote(!(1 << block)));
        let without: Vec<[u64; 2]> = without.collect();
        let (messages, _) = self.blocks(|own| self.in_an_hour(own, self.hours.messages()));
        let interval = jackknife(active, &without, lost + new, &messages);
        let change = Change::new(active.map(|members| members as f64), interval);
        (change, [both, lost, new])
    }
}
