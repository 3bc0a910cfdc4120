use super::{Cell, Table};
use crate::aggregate::{self, Change, Comparison, without_bots};
use crate::names::Names;
use crate::plot::axis::number;
use crate::plot::labels::{HOURS, Item, MEMBERS, MESSAGES, known_in_words};
use activity_data::{Activity, Period};

pub(super) const COLUMNS: [(&str, &str); 8] = [
    ("what", "what"),
    ("before", "before"),
    ("now", "now"),
    ("change", "change"),
    ("in percent", "change_share"),
    ("95% interval from", "change_share_low"),
    ("to", "change_share_high"),
    ("more than chance?", "more_than_chance"),
];

/// What changed: the last whole hour, day, week or month beside the one directly
/// before it, over the hours that were recorded in both. See
/// [`aggregate::compare`] for how; with `HIDE_BOTS=yes` bots aren't among the
/// active members.
///
/// ```
/// use analysis_lib::{Activity, Names, WEEK, table};
///
/// let activity = Activity::sample()?;
/// let changed = table::compare(&activity, &Names::load(&activity)?, WEEK);
/// assert_eq!(changed.len(), 4);
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn compare(activity: &Activity, names: &Names, period: Period) -> Table {
    let origin = activity.origin();
    let noun = Item::Period(period).noun();
    let comparison = match aggregate::compare(&without_bots(activity, names), period) {
        Ok(comparison) => comparison,
        Err(why) => {
            let title = format!("What Changed from {0} to {0}", noun.title());
            return Table::new(origin, &title, COLUMNS).saying(format!("{why}."));
        }
    };
    let when = |begin, end| Item::Period(period).when(origin.timezone(), begin, end);
    let then = when(comparison.earlier_begin, comparison.begin);
    let now = when(comparison.begin, comparison.end);
    let title = format!("What Changed: {now}, Compared with {then}");
    let mut table = Table::new(origin, &title, COLUMNS);
    let unknown = match period {
        Period::Hour => "one hour: no interval",
        _ => "can't tell",
    };
    let moment = "one moment: no interval";
    for (what, change, places, unknown) in [
        ("messages", comparison.messages, 0, unknown),
        ("active members", comparison.active_members, 0, unknown),
        ("mean online members", comparison.online_mean, 1, unknown),
        ("most online members", comparison.online_peak, 0, moment),
    ] {
        table.row(cells(what, &change, places, unknown));
    }
    table.saying(says(&comparison, &now))
}

/// A row of what changed.
pub(super) fn cells(what: &str, change: &Change, places: usize, unknown: &str) -> [Cell; 8] {
    let [low, high] = [0, 1].map(|end| percent(change.interval.map(|ends| ends[end])));
    let difference = change.now - change.before;
    [
        Cell::text(what),
        Cell::number(change.before, places),
        Cell::number(change.now, places),
        Cell::measure(difference, |own| signed(own, places)),
        percent(change.share()),
        low,
        high,
        Cell::text(match change.more_than_chance {
            Some(true) => "yes",
            Some(false) => "no",
            None if !difference.is_finite() => "not known",
            None => unknown,
        }),
    ]
}

/// A share with its sign, in percent; nothing where it isn't known.
pub(super) fn percent(share: Option<f64>) -> Cell {
    Cell::measure(share, |share| signed(share * 100.0, 1) + "%")
}

fn signed(value: f64, places: usize) -> String {
    let shown = number(value, places);
    let is_zero = !shown.contains(|c| ('1'..='9').contains(&c));
    let sign = if value > 0.0 && !is_zero { "+" } else { "" };
    format!("{sign}{shown}")
}

fn says(comparison: &Comparison, now: &str) -> String {
    let messages = comparison.messages;
    let noun = Item::Period(comparison.period).noun();
    let sent = MESSAGES.count(messages.now.round() as u64);
    let were = ["were", "was"][usize::from(messages.now.round() == 1.0)];
    let (one, hours) = (noun.one, comparison.hours);
    let over = match comparison.period {
        Period::Hour => String::new(),
        _ => format!(" over the same {}", HOURS.count(hours as u64)),
    };
    let chance = match messages.more_than_chance {
        None if comparison.period == Period::Hour => "",
        _ => by_chance(&messages),
    };
    let on = match comparison.period {
        Period::Hour => "In the hour ",
        Period::Day => "On ",
        Period::Week => "In the ",
        Period::Month => "In ",
    };
    let mut text = format!(
        "{on}{now}, {sent} {were} sent, {} the {one} before{over}{chance}.",
        compared(&messages)
    );
    let (retained, new, lost) = (comparison.retained, comparison.new, comparison.lost);
    let wrote = MEMBERS.count(retained + new);
    let of_them = match retained {
        0 => "none".to_owned(),
        _ => format!("{} of them not", number(new as f64, 0)),
    };
    let only_then = match lost {
        0 => String::new(),
        _ => format!("; {} wrote only then", number(lost as f64, 0)),
    };
    text += &match (retained + new, lost + new) {
        (0, _) => String::new(),
        (_, 0) => format!(" {wrote} wrote, the same as in the {one} before."),
        _ => format!(" {wrote} wrote, {of_them} in the {one} before{only_then}."),
    };
    if comparison.online_known < 1.0 {
        text += &format!(" {}", known_in_words(comparison.online_known));
    }
    text
}

/// Whether a change is more than chance, after it is said.
pub(super) fn by_chance(change: &Change) -> &'static str {
    match change.more_than_chance {
        _ if change.before + change.now == 0.0 => "",
        Some(true) => "; that is more than chance",
        Some(false) => "; that is within chance",
        None => "; whether that is chance can't be told",
    }
}

/// "12% more than in".
pub(super) fn compared(change: &Change) -> String {
    match change.share().map(|share| (share * 100.0).round()) {
        None if change.now > 0.0 => "after none in".to_owned(),
        None => "as in".to_owned(),
        Some(_) if change.now == change.before => "as many as in".to_owned(),
        Some(0.0) => "about as many as in".to_owned(),
        Some(percent) => {
            let which = if percent > 0.0 { "more" } else { "fewer" };
            format!("{}% {which} than in", number(percent.abs(), 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DAY, HOUR, aggregate};

    fn sample() -> Activity {
        let sample = Activity::sample().unwrap();
        sample.in_timezone("US/Eastern").unwrap()
    }

    #[test]
    fn the_sentence_is_computed() {
        let names = Names::default();
        let month = compare(&sample(), &names, Period::Month);
        assert_eq!(
            month.says(),
            "In March 2026, 62,833 messages were sent, 26% more than in the month before over the same 645 hours; that is more than chance. 168 members wrote, 64 of them not in the month before; 29 wrote only then."
        );
        let hour = compare(&sample(), &names, HOUR);
        assert_eq!(
            hour.says(),
            "In the hour Sun 5 Apr 2026, 04:00 – 05:00, 63 messages were sent, 18% fewer than in the hour before. 34 members wrote, 15 of them not in the hour before; 19 wrote only then."
        );
        let week = compare(&sample().last_hours(13), &names, Period::Week);
        assert!(week.is_empty());
        assert_eq!(
            week.says(),
            "A comparison needs two whole weeks in a row, with at least half of their hours recorded in both; here 0 of 168 hours were."
        );
    }

    #[test]
    fn bots_that_are_hidden_are_no_active_members() {
        let activity = sample();
        let bot = aggregate::messages_by_member(&activity)[0].id;
        let active = |names: &Names| {
            let table = compare(&activity, names, DAY);
            let row = table.csv().lines().nth(2).unwrap().to_owned();
            row.split(',').nth(2).unwrap().parse::<u32>().unwrap()
        };
        let everyone = active(&Names::default());
        assert_eq!(active(&Names::test([bot], [], true)), everyone - 1);
    }

    #[test]
    fn numbers_have_a_sign() {
        assert_eq!(signed(0.04, 1), "0.0");
        assert_eq!(signed(-0.04, 1), "0.0");
        assert_eq!(signed(1234.0, 0), "+1,234");
        assert_eq!(signed(-5.0, 0), "−5");
    }
}
