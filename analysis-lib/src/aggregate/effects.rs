use super::beside::{Beside, Change};
use super::hours::are_within_hours;
use super::{Raid, raids};
use activity_data::{Activity, DAY_LENGTH, Event, HOUR_LENGTH};

/// What comes before an event, and what after it.
const SPAN: i64 = 14 * DAY_LENGTH;
/// The hours in it.
const SPAN_HOURS: usize = (SPAN / HOUR_LENGTH) as usize;

/// The 14 days after an event beside those before it: see [`effects`].
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// The event.
    pub event: Event,
    /// How many hours of the clock were recorded in both; all numbers are of these
    /// alone.
    pub hours: usize,
    /// Messages. No numbers where fewer than half of the hours were recorded in both.
    pub messages: Change,
    /// Members who sent a message, likewise.
    pub writers: Change,
    /// How often somebody joined, but for raids. No numbers where that is known of fewer
    /// than half of the hours.
    pub joins: Change,
    /// What else happened in those days: other events, and raids.
    pub beside: Vec<Event>,
}

/// Of each event, in order of time, how the 14 days after it differ from the 14 before.
/// That is a difference, not its cause.
///
/// Days are those of local clocks, and hours those that lie whole on one side. They are
/// matched by hour of the week: each with the one two weeks later, and only where both
/// were recorded, in windows of at most an hour. Intervals are those of [`compare`](super::compare()), with a day after
/// the event and the one matched with it as a block.
///
/// ```
/// use analysis_lib::{Activity, aggregate};
///
/// let activity = Activity::sample()?.with_event("2026-03-14 20:00", "Movie night")?;
/// let effects = aggregate::effects(&activity);
/// assert!(effects.iter().all(|effect| effect.hours <= 336));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn effects(activity: &Activity) -> Vec<Effect> {
    let (zone, raids) = (activity.origin().timezone(), raids(activity));
    let raid = |raid: &Raid| Event {
        time: raid.begin,
        label: format!("a raid, {} joined", raid.joins),
    };
    let is_told = are_within_hours(activity);
    let effect = |event: &Event| {
        let begin = zone.local(event.time);
        let place = |time: i64| {
            let off = zone.local(time) - begin;
            let (side, slot) = if off < 0 { (0, off + SPAN) } else { (1, off) };
            let is_in = is_told && slot >= 0 && slot + HOUR_LENGTH <= SPAN;
            is_in.then_some((side, (slot / DAY_LENGTH, slot / HOUR_LENGTH)))
        };
        let others = activity.events().iter().filter(|other| *other != event);
        let mut beside: Vec<Event> = others.cloned().chain(raids.iter().map(raid)).collect();
        beside.retain(|other| (zone.local(other.time) - begin).abs() < SPAN);
        beside.sort_by_key(|other| other.time);
        // With room for a change of clocks.
        let reach = SPAN + DAY_LENGTH;
        let near = activity.within(event.time - reach, event.time + reach);
        let both = Beside::of(near.as_ref().unwrap_or(activity), place);
        let (hours, matched) = (&both.hours, both.slots.len());
        let is_usual = |&hour: &usize| {
            let is_raided = raids.iter().any(|raid| raid.begin == hours.begins()[hour]);
            hours.joins_known()[hour] == hours.windows()[hour] && !is_raided
        };
        let (joins, known) = both.change(true, |own| match own.iter().all(is_usual) {
            true => both.in_an_hour(own, hours.joined()),
            false => f64::NAN,
        });
        let told = |change: Change, known: usize| match 2 * known >= SPAN_HOURS {
            true => change,
            false => Change::new([f64::NAN; 2], None),
        };
        Effect {
            event: event.clone(),
            hours: matched,
            messages: told(both.messages(), matched),
            writers: told(both.active_members().0, matched),
            joins: told(joins, known),
            beside,
        }
    };
    activity.events().iter().map(effect).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::simulation::server;
    use activity_data::source::sample::Random;

    /// Four weeks with an event in their middle, after which messages are so many times
    /// as many, by so many members.
    fn told(random: &mut Random, times: f64, members: u64) -> Effect {
        let level = |hour: i64| if hour < 24 * 14 { 2.0 } else { 2.0 * times };
        let activity = server(random, 28, members, level);
        effects(&activity.with_event("2026-03-16", "Party").unwrap()).remove(0)
    }

    /// How often the change of messages and of writers is said to be more than chance.
    fn said(times: f64, members: u64, servers: usize) -> [f64; 2] {
        let mut random = Random(11);
        let mut said = [0.0; 2];
        for _ in 0..servers {
            let effect = told(&mut random, times, members);
            for (said, change) in said.iter_mut().zip([effect.messages, effect.writers]) {
                *said += f64::from(change.more_than_chance == Some(true)) / servers as f64;
            }
        }
        said
    }

    /// In about 5 % of all cases; the jackknife's variance is rather too large.
    #[test]
    fn where_nothing_happened_an_effect_is_seldom_said() {
        let [messages, _] = said(1.0, 0, 400);
        assert!((0.02..=0.09).contains(&messages), "{messages}");
        let [_, writers] = said(1.0, 2_000, 100);
        assert!(writers <= 0.09, "{writers}");
    }

    #[test]
    fn an_effect_is_found_and_its_interval_holds_it() {
        let [messages, _] = said(1.4, 0, 50);
        assert!(messages >= 0.95, "{messages}");
        let mut random = Random(12);
        let holds = |_: &usize| {
            let [low, high] = told(&mut random, 1.4, 0).messages.interval.unwrap();
            (low..=high).contains(&0.4)
        };
        let held = (0..200).filter(holds).count();
        // 95 % of 200, within three standard deviations.
        assert!((181..=199).contains(&held), "{held}");
    }

    #[test]
    fn joins_that_nobody_knows_and_too_few_hours_have_no_numbers() {
        let effect = told(&mut Random(1), 1.0, 0);
        assert_eq!((effect.hours, effect.joins.now.is_nan()), (336, true));
        let activity = server(&mut Random(1), 20, 0, |_| 1.0);
        let activity = activity.with_event("2026-03-17", "Late").unwrap();
        let effect = effects(&activity).remove(0);
        assert_eq!((effect.hours, effect.messages.now.is_nan()), (120, true));
    }
}
