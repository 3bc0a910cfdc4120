use super::{Cell, Table};
use crate::aggregate;
use crate::plot::axis::{duration, moments};
use crate::plot::labels::GAPS;
use activity_data::{Activity, HOUR_LENGTH};

/// The stretches in which nothing was recorded, the longest first.
pub fn gaps(activity: &Activity) -> Table {
    let origin = activity.origin();
    let columns = [
        ("Nothing recorded", "begin_local,begin_utc"),
        ("", "end_local,end_utc"),
        ("How long", "hours"),
        ("Why", "why"),
    ];
    let mut table = Table::new(origin, "Gaps", columns);
    let mut gaps = aggregate::gaps(activity);
    gaps.sort_by_key(|gap| (gap.begin - gap.end, gap.begin));
    for gap in &gaps {
        let (begin, end) = (gap.begin, gap.end);
        let when = moments(origin.timezone(), begin, end);
        let why = ["nothing was written", "documents were left out"][usize::from(gap.left_out)];
        let hours = (end - begin) as f64 / HOUR_LENGTH as f64;
        table.row([
            Cell::time(origin, begin, when),
            Cell::time(origin, end, String::new()),
            Cell::measure(hours, |_| duration(end - begin)),
            Cell::text(why),
        ]);
    }
    let says = match gaps.first() {
        None => "No gap: everything from the first window to the last was recorded.".to_owned(),
        Some(longest) => format!(
            "{} of {} together, {:.1}% of the time; the longest lasted {}.",
            GAPS.count(gaps.len()),
            duration(gaps.iter().map(|gap| gap.end - gap.begin).sum()),
            (1.0 - aggregate::coverage(activity)) * 100.0,
            duration(longest.end - longest.begin)
        ),
    };
    table.saying(match activity.left_out_time() {
        0 => says,
        time => format!(
            "{says} Documents that can't be used are the reason for {} of it.",
            duration(time)
        ),
    })
}
