use super::{Cell, Table};
use crate::aggregate::{self, Event, Stretch, Unusual};
use crate::plot::axis::number::number;
use crate::plot::axis::time::duration;
use crate::plot::labels::{Item, unusual_in_words};
use activity_data::{Activity, Period};

/// What was unusual: the busiest and quietest days and hours, hours with far
/// more or fewer messages than usual, and the longest silences. See
/// [`aggregate::unusual`] for how. The events' numbers are those in
/// [`plot::unusual`](crate::plot::unusual).
///
/// ```
/// use analysis_lib::{Activity, table};
///
/// let unusual = table::unusual(&Activity::sample()?);
/// assert!(unusual.says().starts_with("The most unusual: "));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn unusual(activity: &Activity) -> Table {
    let origin = activity.origin();
    let columns = [
        ("what", "what"),
        ("when", "begin_local,begin_utc"),
        ("", "end_local,end_utc"),
        ("for", "milliseconds"),
        ("messages", "messages"),
        ("usual", "usual_messages"),
        ("times the usual", "times_usual"),
    ];
    let mut table = Table::new(origin, "What Was Unusual", &columns);
    let mut row = |what: String, item: Item, stretch: Stretch, usual: Option<f64>| {
        let Stretch {
            begin,
            end,
            messages,
            ..
        } = stretch;
        let when = item.when(origin.timezone(), begin, end);
        let messages = messages as f64;
        let times = usual
            .filter(|&usual| usual >= 0.5)
            .map(|usual| messages / usual);
        table.row([
            Cell::text(what),
            Cell::time(origin, begin, when),
            Cell::time(origin, end, String::new()),
            Cell::measure((end - begin) as f64, duration(end - begin)),
            Cell::number(messages, 0),
            usual.map_or_else(Cell::none, |usual| Cell::number(usual, 0)),
            times.map_or_else(Cell::none, |times| Cell::number(times, 1)),
        ]);
    };
    let found = aggregate::unusual(activity);
    let Unusual {
        busiest_day,
        quietest_day,
        busiest_hour,
        quietest_hour,
        ..
    } = found;
    for (what, period, extreme) in [
        ("busiest day", Period::Day, busiest_day),
        ("quietest day", Period::Day, quietest_day),
        ("busiest hour", Period::Hour, busiest_hour),
        ("quietest hour", Period::Hour, quietest_hour),
    ] {
        // The only whole day isn't the quietest too.
        let is_new = ![busiest_day, busiest_hour].contains(&extreme) || what.starts_with("busiest");
        if let Some(extreme) = extreme.filter(|_| is_new) {
            row(what.to_owned(), Item::Period(period), extreme, None);
        }
    }
    let hours = Item::Period(Period::Hour);
    for &silence in &found.silences {
        row("silence".to_owned(), hours, silence, None);
    }
    for (event, place) in found.events.iter().zip(1..) {
        let Event {
            begin,
            end,
            messages,
            usual,
            ..
        } = *event;
        let kind = if event.deviations > 0.0 {
            "spike"
        } else {
            "quiet"
        };
        let what = format!("{kind} {}", number(f64::from(place), 0));
        row(
            what,
            hours,
            Stretch {
                begin,
                end,
                messages,
                provenance: event.provenance,
            },
            Some(usual),
        );
    }
    let says = unusual_in_words(&found, origin.timezone());
    table.saying(says)
}
