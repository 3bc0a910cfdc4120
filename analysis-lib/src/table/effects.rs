use super::compare::{COLUMNS, by_chance, cells, compared};
use super::{Cell, Table};
use crate::aggregate::{self, Effect};
use crate::plot::axis::days;
use crate::plot::labels::{HOURS, MESSAGES};
use activity_data::{Activity, Event, Origin};

const NO_EVENT: &str = "No event is known. Write a line for each into the file events.csv beside the notebooks, such as 2026-03-21 20:00,Movie night, and pull again.";

const TOO_LITTLE: &str = "To tell an effect, half of the hours in the 14 days after an event and in those before it have to be recorded in both, in windows of at most an hour.";

/// Did it work? Messages, members who wrote and joins in the 14 days after each event
/// of `events.csv` beside the 14 days before, over the hours recorded in both, the
/// newest event first. See [`aggregate::effects`] for how.
///
/// ```
/// use analysis_lib::{Activity, table};
///
/// let activity = Activity::sample()?.with_event("2026-03-14 20:00", "Movie night")?;
/// assert!(table::effects(&activity).says().contains("a difference, not a cause"));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn effects(activity: &Activity) -> Table {
    let origin = activity.origin();
    let also = ("also in those days", "also_in_those_days");
    let columns = [("event", "event"), ("when", "time_local,time_utc")].into_iter();
    let columns = columns.chain(COLUMNS).chain([("hours", "hours"), also]);
    let mut table = Table::new(origin, "14 Days After Each Event and Before It", columns);
    let effects = aggregate::effects(activity);
    for effect in effects.iter().rev() {
        for (what, change) in [
            ("messages", effect.messages),
            ("members who wrote", effect.writers),
            ("joins", effect.joins),
        ] {
            let event = &effect.event;
            let when = days(origin.timezone(), event.time, event.time);
            let when = Cell::time(origin, event.time, when);
            let hours = Cell::number(effect.hours as f64, 0);
            let also = Cell::text(named(&effect.beside, origin));
            let cells = cells(what, &change, 0, "can't tell").into_iter();
            table.row(
                [Cell::text(&event.label), when]
                    .into_iter()
                    .chain(cells)
                    .chain([hours, also]),
            );
        }
    }
    table.saying(says(&effects, origin))
}

/// Events, each with its day.
fn named(events: &[Event], origin: &Origin) -> String {
    if events.is_empty() {
        return "nothing that is known".to_owned();
    }
    let name = |event: &Event| {
        let when = days(origin.timezone(), event.time, event.time);
        format!("{} ({when})", event.label)
    };
    events.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// What came of the newest event of which it can be told.
fn says(effects: &[Effect], origin: &Origin) -> String {
    let is_told = |effect: &&Effect| effect.messages.now.is_finite();
    let Some(effect) = effects.iter().rfind(is_told) else {
        return [TOO_LITTLE, NO_EVENT][usize::from(effects.is_empty())].to_owned();
    };
    let (event, messages) = (std::slice::from_ref(&effect.event), &effect.messages);
    let sent = MESSAGES.count(messages.now.round() as u64);
    let (event, hours) = (named(event, origin), HOURS.count(effect.hours));
    let (compared, chance) = (compared(messages), by_chance(messages));
    let beside = named(&effect.beside, origin);
    format!(
        "In the 14 days after {event} came {sent}, {compared} the 14 days before, over the same {hours}{chance}. Also in those days: {beside}. That is a difference, not a cause."
    )
}
