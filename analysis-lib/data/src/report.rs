//! What a pull prints.

use chrono::Utc;

use crate::text::counted;
use crate::{Activity, LeftOut, Origin, Periods, doubts};

/// Documents left out that are shown; the others are only counted.
const SHOWN: usize = 5;

/// Prints what there is.
pub fn activity(activity: &Activity) {
    println!("Number of entries: {}", activity.len());
    span(activity.origin(), activity.ends());
    left_out(activity.left_out());
    doubts(activity);
    updated(activity.origin());
}

/// Prints what there is, merged.
pub fn periods(periods: &Periods) {
    let windows: u64 = periods.windows().iter().sum();
    let (count, period) = (periods.len(), periods.period());
    println!("Number of entries: {windows}, merged into {count} {period}s");
    span(periods.origin(), periods.begins());
    left_out(periods.left_out());
    updated(periods.origin());
}

/// From when to when, and by whose clock.
fn span(origin: &Origin, times: &[i64]) {
    let (first, last) = (times[0], times[times.len() - 1]);
    let (first_shown, last_shown) = (origin.show(first), origin.show(last));
    println!("From {first_shown} to {last_shown} ({})", origin.timezone());
    rules(origin, first, last);
}

/// Says whose rules of the time zone hold between these times, where that may matter.
pub fn rules(origin: &Origin, first: i64, last: i64) {
    let zone = origin.timezone();
    if let Some(note) = zone.note() {
        println!("{note}.");
    } else if let Some(time) = zone.differs(first, last) {
        println!(
            "Clocks follow the system's tz database, which differs from the built-in rules from {} on",
            origin.show(time)
        );
    }
}

/// Prints which documents were left out, and why.
pub fn left_out(left_out: &[LeftOut]) {
    not_used(left_out, "document", "", "; left_out() lists them all");
}

/// Prints which of these, of what, can't be used, and why; `all` is where all are.
pub(crate) fn not_used(left_out: &[LeftOut], what: &str, of: &str, all: &str) {
    if !left_out.is_empty() {
        println!(
            "Left out: {}{of} that can't be used",
            counted(left_out.len(), what)
        );
        for one in left_out.iter().take(SHOWN) {
            println!("  {}: {}", one.document, one.reason);
        }
        if left_out.len() > SHOWN {
            println!("  and {} more{all}", left_out.len() - SHOWN);
        }
    }
}

/// Prints what was there twice, and what else windows seem to be that they shouldn't.
pub fn doubts(activity: &Activity) {
    let copies = activity.duplicates();
    if copies > 0 {
        println!(
            "Counted once: {} that equal another in all but _id, as after importing a file twice; delete the copies in the database",
            counted(copies, "document")
        );
    }
    for doubt in doubts::doubts(activity) {
        println!("{doubt}");
    }
}

fn updated(origin: &Origin) {
    let now = Utc::now().with_timezone(origin.timezone());
    println!("Last updated: {}", now.format("%Y-%m-%d %H:%M:%S %Z"));
}
