use super::{Cell, Table};
use crate::aggregate::{self, Gap};
use crate::plot::axis::time::{duration, moments};
use activity_data::Activity;
use activity_data::text::counted;

/// The stretches in which nothing was recorded, the longest first.
pub fn gaps(activity: &Activity) -> Table {
    let origin = activity.origin();
    let columns = [
        ("Nothing recorded", "from_local,from_utc"),
        ("", "to_local,to_utc"),
        ("How long", "hours"),
    ];
    let mut table = Table::new(origin, "Gaps", &columns);
    let mut gaps = aggregate::gaps(activity);
    gaps.sort_by_key(|gap| (gap.from - gap.to, gap.from));
    for &Gap { from, to } in &gaps {
        let when = moments(origin.timezone(), from, to);
        let hours = (to - from) as f64 / 3_600_000.0;
        table.row([
            Cell::time(origin, from, when),
            Cell::time(origin, to, String::new()),
            Cell::measure(hours, duration(to - from)),
        ]);
    }
    let says = match gaps.first() {
        None => "No gap: everything from the first window to the last was recorded.".to_owned(),
        Some(longest) => format!(
            "{} of {} together, {:.1}% of the time; the longest lasted {}.",
            counted(gaps.len(), "gap"),
            duration(gaps.iter().map(|gap| gap.to - gap.from).sum()),
            (1.0 - aggregate::coverage(activity)) * 100.0,
            duration(longest.to - longest.from)
        ),
    };
    table.saying(says)
}
