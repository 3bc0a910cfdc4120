use super::{Cell, Table};
use crate::aggregate::{self, Stretch};
use crate::plot::axis::{duration, number};
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
    let mut table = Table::new(origin, "What Was Unusual", columns);
    let mut row = |what: &str, item: Item, stretch: (i64, i64, u64), usual: Option<f64>| {
        let (begin, end, messages) = stretch;
        let when = item.when(origin.timezone(), begin, end);
        let often = usual.filter(|&usual| usual >= 0.5);
        table.row([
            Cell::text(what),
            Cell::time(origin, begin, when),
            Cell::time(origin, end, String::new()),
            Cell::measure((end - begin) as f64, |_| duration(end - begin)),
            Cell::number(messages as f64, 0),
            Cell::number(usual, 0),
            Cell::number(often.map(|usual| messages as f64 / usual), 1),
        ]);
    };
    let found = aggregate::unusual(activity);
    // The only whole day, or hour, isn't the quietest too.
    let quietest = |own: Option<Stretch>, busiest| own.filter(|_| own != busiest);
    let [days, hours] = [Period::Day, Period::Hour].map(Item::Period);
    let day = quietest(found.quietest_day, found.busiest_day);
    let hour = quietest(found.quietest_hour, found.busiest_hour);
    let extremes = [
        ("busiest day", days, found.busiest_day),
        ("quietest day", days, day),
        ("busiest hour", hours, found.busiest_hour),
        ("quietest hour", hours, hour),
    ];
    let extremes = extremes.into_iter();
    let extremes = extremes.filter_map(|(what, item, own)| Some((what, item, own?)));
    let silences = found.silences.iter();
    for (what, item, own) in extremes.chain(silences.map(|own| ("silence", hours, *own))) {
        row(what, item, (own.begin, own.end, own.messages), None);
    }
    for (event, place) in found.events.iter().zip(1..) {
        let kind = ["quiet", "spike"][usize::from(event.deviations > 0.0)];
        let what = format!("{kind} {}", number(f64::from(place), 0));
        let span = (event.begin, event.end, event.messages);
        row(&what, hours, span, Some(event.usual));
    }
    let says = unusual_in_words(&found, origin.timezone());
    table.saying(says)
}
