use std::collections::HashMap;

use super::{Cell, Table};
use crate::MemberId;
use crate::aggregate::{self, Seen, ShownMember, shown_members, without_bots};
use crate::names::Names;
use crate::plot::axis::{moments, number};
use crate::plot::labels::{Item, MEMBERS, MESSAGES, NOBODY, WINDOWS};
use activity_data::{Activity, Period, Periods, WHOLE, newest_whole};

/// The members with the most messages in the last period that is over and of
/// which half was recorded at least (else the newest): each one's messages, share,
/// rank, and how the rank changed since the period before. Active windows are those
/// with at least one message of theirs: who writes a thousand messages in a minute
/// has one.
///
/// Members with as many messages have the same rank, and the next one's rank
/// counts them all (1, 2, 2, 4). "▲ 3" is three ranks higher than in the period
/// directly before, "new" is who wrote nothing then. Nothing is said of a period
/// before that has no window. Hidden members are one row with neither a rank nor windows.
///
/// ```
/// use analysis_lib::{Activity, MONTH, Names, table};
///
/// let activity = Activity::sample()?;
/// let months = table::top_members(&activity, &Names::load(&activity)?, MONTH);
/// assert!(months.says().starts_with("Aster wrote the most"), "{}", months.says());
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn top_members(activity: &Activity, names: &Names, period: Period) -> Table {
    let activity = without_bots(activity, names);
    let origin = activity.origin();
    let calendar = activity.calendar(period);
    let last = newest_whole(calendar.coverage(), calendar.is_over());
    let item = Item::Period(period);
    let (begins, ends) = (calendar.begins(), calendar.ends());
    let when = item.when(origin.timezone(), begins[last], ends[last]);
    let columns = [
        ("Rank", "rank"),
        ("", "member_id"),
        ("Member", "name"),
        ("Messages", "messages"),
        ("Share", "share"),
        ("Active Windows", "active_windows"),
        ("Change of Rank", "change_of_rank"),
    ];
    let title = format!("Members with the Most Messages: {when}");
    let mut table = Table::new(origin, &title, columns);
    let within = |index: usize| activity.within(begins[index], ends[index]);
    let shown = |own: &Activity| shown_members(own, names).members;
    // The newest period, and one that was recorded, has a window.
    let own = within(last).unwrap_or_else(|| activity.clone());
    let (rows, ranks_before) = (shown(&own), last.checked_sub(1).and_then(within));
    let (ranks, ranks_before) = (ranks(&rows), ranks_before.map(|own| ranks(&shown(&own))));
    let climbed = |id| Some(*ranks_before.as_ref()?.get(&id)? as i64 - ranks[&id] as i64);
    let mut active = vec![0; own.members().len()];
    for (&member, &sent) in own.windows().sender.iter().zip(&own.windows().sent) {
        // A file may say that a member sent nothing.
        active[member as usize] += u64::from(sent > 0);
    }
    let windows = own.members().iter().copied().zip(active);
    let windows: HashMap<MemberId, u64> = windows.collect();
    let all: u64 = rows.iter().map(|row| row.messages).sum();
    for row in &rows {
        let of = |count: &dyn Fn(MemberId) -> f64| Cell::number(row.id.map(count), 0);
        table.row([
            of(&|id| ranks[&id] as f64),
            Cell::id(row.id),
            Cell::text(row.name.as_str()),
            Cell::number(row.messages as f64, 0),
            Cell::share(row.messages as f64 / all as f64),
            of(&|id| windows[&id] as f64),
            match row.id.filter(|_| ranks_before.is_some()) {
                Some(id) => climbed(id).map_or_else(|| Cell::text("new"), change),
                None => Cell::none(),
            },
        ]);
    }
    let known = rows.iter().filter_map(|row| Some((row.id?, row)));
    let mut says = match known.clone().next() {
        _ if rows.is_empty() => format!("Nobody wrote a message: {when}."),
        None => "All messages are from hidden members.".to_owned(),
        Some((_, first)) => format!(
            "{} wrote the most: {} of {} ({:.1}%).",
            first.name,
            number(first.messages as f64, 0),
            MESSAGES.count(all),
            first.messages as f64 / all as f64 * 100.0,
        ),
    };
    // Of several, `max_by_key` gives the last.
    if let Some((id, row)) = known.clone().rev().max_by_key(|(id, _)| windows[id]) {
        let count = WINDOWS.count(windows[&id]);
        says += &format!(" {} wrote in the most windows: {count}.", row.name);
    }
    let noun = item.noun().one;
    let climbers = known.filter_map(|(id, row)| Some((climbed(id)?, id, row)));
    if let Some((by @ 1.., id, row)) = climbers.rev().max_by_key(|(by, ..)| *by) {
        let (name, rank) = (&row.name, ranks[&id]);
        says += &format!(
            " {name} climbed the most since the {noun} before, by {by}: from rank {} to {rank}.",
            rank as i64 + by
        );
    }
    says += &recorded_in_words(&calendar, last, noun);
    table.saying(says)
}

/// The rank of each member who may be named: one more than there are with more messages.
fn ranks(shown: &[ShownMember]) -> HashMap<MemberId, usize> {
    let known = shown.iter().filter_map(|own| Some((own.id?, own.messages)));
    let known: Vec<(MemberId, u64)> = known.collect();
    let more = |sent: u64| known.partition_point(|other| other.1 > sent);
    let ranks = known.iter().map(|&(id, sent)| (id, more(sent) + 1));
    ranks.collect()
}

/// That a period isn't over, or was recorded in part.
pub(super) fn recorded_in_words(calendar: &Periods, period: usize, noun: &str) -> String {
    let recorded = match (calendar.coverage()[period] * 100.0).floor() {
        0.0 => "less than 1%".to_owned(),
        percent => format!("{percent}%"),
    };
    if period + 1 == calendar.len() && !calendar.is_over() {
        format!(" The {noun} was not over when recorded: {recorded} of it is in here.")
    } else if calendar.coverage()[period] < WHOLE {
        format!(" Of this {noun} {recorded} was recorded.")
    } else {
        String::new()
    }
}

/// How many ranks someone is higher, or lower, than before.
fn change(climbed: i64) -> Cell {
    let shown = match climbed {
        0 => "–".to_owned(),
        1.. => format!("▲ {climbed}"),
        _ => format!("▼ {}", -climbed),
    };
    Cell::measure(climbed as f64, |_| shown)
}

/// When each member was first and last seen to write, how long ago that is, and
/// on how many days they wrote; those with the most messages first.
///
/// A time is the middle of a window: see [`aggregate::seen`]. Days since the last
/// message are counted to the last day of the data, not to today. Hidden members
/// are left out.
///
/// ```
/// use analysis_lib::{Activity, Names, table};
///
/// let activity = Activity::sample()?;
/// let seen = table::seen(&activity, &Names::load(&activity)?);
/// assert_eq!(seen.len(), activity.members().len());
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn seen(activity: &Activity, names: &Names) -> Table {
    let activity = without_bots(activity, names);
    let origin = activity.origin();
    let columns = [
        ("", "member_id"),
        ("Member", "name"),
        ("Messages", "messages"),
        ("Days Active", "days_active"),
        ("First Seen", "first_seen_local,first_seen_utc"),
        ("Last Seen", "last_seen_local,last_seen_utc"),
        ("Days Ago", "days_since_last"),
    ];
    let mut table = Table::new(origin, "When Members Were Seen to Write", columns);
    let seen = aggregate::seen(&activity);
    if seen.is_empty() {
        return table.saying(NOBODY);
    }
    let (hidden, shown): (Vec<Seen>, Vec<Seen>) = seen
        .iter()
        .copied()
        .partition(|own| names.is_hidden(own.id));
    let time = |time: i64| Cell::time(origin, time, moments(origin.timezone(), time, time));
    for member in shown {
        table.row([
            Cell::id(Some(member.id)),
            Cell::text(names.show(member.id)),
            Cell::number(member.messages as f64, 0),
            Cell::number(member.days as f64, 0),
            time(member.first),
            time(member.last),
            Cell::number(member.days_ago as f64, 0),
        ]);
    }
    let lately = seen.iter().filter(|member| member.days_ago < 7).count();
    let mut says = format!(
        "{} wrote, {} of them in the last 7 days of the data. Days ago are counted to the last day of the data, not to today.",
        MEMBERS.count(seen.len()),
        number(lately as f64, 0),
    );
    if !hidden.is_empty() {
        let hidden = MEMBERS.count(hidden.len());
        says += &format!(" Left out, since they are to be hidden: {hidden}.");
    }
    table.saying(says)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DAY, WEEK};

    #[test]
    fn ranks_count_those_before() {
        let shown = |(id, messages): (Option<u64>, u64)| ShownMember {
            name: String::new(),
            id: id.map(MemberId::from),
            messages,
        };
        let members = [
            (Some(3), 9),
            (None, 9),
            (Some(1), 5),
            (Some(4), 5),
            (Some(5), 1),
        ];
        let ranks = ranks(&members.map(shown));
        let ranks = [3, 1, 4, 5].map(|id| ranks[&MemberId::from(id)]);
        assert_eq!(ranks, [1, 2, 2, 4]);
    }

    #[test]
    fn hidden_members_have_no_name_and_no_rank() {
        let activity = Activity::sample().unwrap();
        let totals = aggregate::messages_by_member(&activity);
        let [first, second] = [0, 1].map(|i| totals[i].id);
        let names = Names::test([first], [first, second], false);
        let top = top_members(&activity, &names, WEEK);
        for table in [&top, &seen(&activity, &names)] {
            let text = table.csv() + &table.to_string();
            for id in [first, second] {
                let tail = &id.to_string()[14..];
                assert!(
                    !text.contains(&id.to_string()) && !text.contains(tail),
                    "{table:?}"
                );
            }
        }
        let csv = top.csv();
        let hidden = csv.lines().find(|row| row.contains("hidden"));
        assert!(
            hidden.unwrap().starts_with(",,hidden (2 members),"),
            "{csv}"
        );
        assert!(csv.contains("\n1,"), "{csv}");
        let seen = seen(&activity, &names);
        assert_eq!(seen.len(), activity.members().len() - 2);
        assert!(
            seen.says()
                .ends_with("Left out, since they are to be hidden: 2 members.")
        );
    }

    /// Windows in which nobody wrote.
    #[test]
    fn a_table_of_nobody_says_so() {
        let activity = Activity::sample().unwrap().without(|_| true);
        let names = Names::default();
        for table in [top_members(&activity, &names, DAY), seen(&activity, &names)] {
            assert!(table.is_empty() && table.says().starts_with("Nobody wrote"));
        }
    }
}
