use super::beside::{Beside, Change};
use super::hours::are_within_hours;
use super::raids;
use crate::{Error, Result};
use activity_data::{Activity, DAY_LENGTH, Event, HOUR_LENGTH};

/// What comes before an event, and what after it.
const SPAN: i64 = 14 * DAY_LENGTH;
/// The hours in it.
pub(crate) const SPAN_HOURS: usize = (SPAN / HOUR_LENGTH) as usize;

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
/// were recorded. Intervals are those of [`compare`](super::compare()), with a day after
/// the event and the one matched with it as a block.
///
/// # Errors
///
/// Windows are longer than an hour.
///
/// ```
/// use analysis_lib::{Activity, aggregate};
///
/// let activity = Activity::sample()?.with_event("2026-03-14 20:00", "Movie night")?;
/// let effects = aggregate::effects(&activity)?;
/// assert!(effects.iter().all(|effect| effect.hours <= 336));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn effects(activity: &Activity) -> Result<Vec<Effect>> {
    if !are_within_hours(activity) {
        return Err(Error::new("An effect needs windows of at most an hour"));
    }
    let raids: Vec<(i64, Event)> = raids(activity)
        .into_iter()
        .map(|raid| {
            let label = format!("a raid, {} joined", raid.joins);
            let time = raid.begin;
            (raid.end, Event { time, label })
        })
        .collect();
    let events = activity.events().iter();
    Ok(events
        .map(|event| effect(activity, event, &raids))
        .collect())
}

fn effect(activity: &Activity, event: &Event, raids: &[(i64, Event)]) -> Effect {
    let zone = activity.origin().timezone();
    let begin = zone.local(event.time);
    let place = |time: i64| {
        let off = zone.local(time) - begin;
        let side = usize::from(off >= 0);
        let slot = if side == 0 { off + SPAN } else { off };
        let is_in = slot >= 0 && slot + HOUR_LENGTH <= SPAN;
        is_in.then_some((side, (slot / DAY_LENGTH, slot / HOUR_LENGTH)))
    };
    // With room for a change of clocks.
    let near = (event.time - SPAN - DAY_LENGTH)..(event.time + SPAN + DAY_LENGTH);
    let others = activity.events().iter().filter(|other| *other != event);
    let others = others.chain(raids.iter().map(|(_, raid)| raid));
    let beside = others.filter(|other| (zone.local(other.time) - begin).abs() < SPAN);
    let mut beside: Vec<Event> = beside.cloned().collect();
    beside.sort_by_key(|other| other.time);
    let unknown = Change::new([f64::NAN; 2], None);
    let mut found = Effect {
        event: event.clone(),
        hours: 0,
        messages: unknown,
        writers: unknown,
        joins: unknown,
        beside,
    };
    let Some(part) = activity.within(near.start, near.end) else {
        return found;
    };
    let both = Beside::of(part, place);
    let hours = &both.hours;
    found.hours = both.slots.len();
    if 2 * found.hours >= SPAN_HOURS {
        (found.messages, found.writers) = (both.messages(), both.active_members().0);
    }
    let is_usual = |&hour: &usize| {
        let begin = hours.begins()[hour];
        let is_raided = |(end, raid): &(i64, Event)| (raid.time..*end).contains(&begin);
        hours.joins_known()[hour] == hours.windows()[hour] && !raids.iter().any(is_raided)
    };
    let (joins, known) = both.change(true, |own| match own.iter().all(is_usual) {
        true => both.in_an_hour(own, hours.joined()),
        false => f64::NAN,
    });
    if 2 * known >= SPAN_HOURS {
        found.joins = joins;
    }
    found
}
