use std::cmp::Reverse;
use std::collections::HashMap;

use super::{Cell, Table};
use crate::MemberId;
use crate::aggregate::{self, without_bots};
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
    let (begin, end) = (calendar.begins()[last], calendar.ends()[last]);
    let when = item.when(origin.timezone(), begin, end);
    let mut table = Table::new(
        origin,
        &format!("Members with the Most Messages: {when}"),
        &[
            ("Rank", "rank"),
            ("", "member_id"),
            ("Member", "name"),
            ("Messages", "messages"),
            ("Share", "share"),
            ("Active Windows", "active_windows"),
            ("Change of Rank", "change_of_rank"),
        ],
    );
    let rows = standings(names, &calendar, last);
    let all: u64 = rows.iter().map(|row| row.sent).sum();
    let mut active = vec![0; activity.members().len()];
    for window in (0..activity.len()).filter(|&i| (begin..end).contains(&activity.middle(i))) {
        // A file may say that a member sent nothing.
        let senders = activity.senders(window);
        senders.for_each(|(member, sent)| active[member] += u64::from(sent > 0));
    }
    let ids = activity.members().iter().copied().map(Some);
    let windows: HashMap<Option<MemberId>, u64> = ids.zip(active).collect();
    for row in &rows {
        table.row([
            Cell::number(row.rank.map(|rank| rank as f64), 0),
            Cell::id(row.id),
            Cell::text(row.name.as_str()),
            Cell::number(row.sent as f64, 0),
            Cell::share(row.sent as f64 / all as f64),
            Cell::number(windows.get(&row.id).map(|&windows| windows as f64), 0),
            match row.rank_before {
                Some(Some(_)) => change(row.climbed().unwrap_or(0)),
                Some(None) if row.id.is_some() => Cell::text("new"),
                _ => Cell::none(),
            },
        ]);
    }
    let mut says = match rows.iter().find(|row| row.id.is_some()) {
        _ if rows.is_empty() => format!("Nobody wrote a message: {when}."),
        None => "All messages are from hidden members.".to_owned(),
        Some(first) => format!(
            "{} wrote the most: {} of {} ({:.1}%).",
            first.name,
            number(first.sent as f64, 0),
            MESSAGES.count(all),
            first.sent as f64 / all as f64 * 100.0,
        ),
    };
    let known = rows.iter().rev().filter(|row| row.id.is_some());
    if let Some(row) = known.max_by_key(|row| windows[&row.id]) {
        let count = WINDOWS.count(windows[&row.id]);
        says += &format!(" {} wrote in the most windows: {count}.", row.name);
    }
    says += &climbed_in_words(&rows, item.noun().one);
    says += &recorded_in_words(&calendar, last, item.noun().one);
    table.saying(says)
}

/// A member in a period, or all hidden members together.
struct Standing {
    /// `None` for hidden members, who have no rank.
    id: Option<MemberId>,
    name: String,
    sent: u64,
    rank: Option<usize>,
    /// The rank in the period before, if there was one then; `None` if nothing is
    /// known of that period.
    rank_before: Option<Option<usize>>,
}

impl Standing {
    fn climbed(&self) -> Option<i64> {
        Some(self.rank_before?? as i64 - self.rank? as i64)
    }
}

/// Who wrote in a period, those with the most messages first.
fn standings(names: &Names, calendar: &Periods, period: usize) -> Vec<Standing> {
    let ids = calendar.members();
    let is_known = |member: usize| !names.is_hidden(ids[member]);
    let sent = calendar.sent(period);
    let ranks_now = ranks(&sent, is_known);
    let before = period.checked_sub(1);
    let before = before.filter(|&before| calendar.windows()[before] > 0);
    let ranks_before = before.map(|before| ranks(&calendar.sent(before), is_known));
    let standing = |member: usize| Standing {
        id: Some(ids[member]),
        name: names.show(ids[member]),
        sent: sent[member],
        rank: ranks_now[member],
        rank_before: ranks_before.as_ref().map(|ranks| ranks[member]),
    };
    let wrote = (0..sent.len()).filter(|&member| sent[member] > 0);
    let (known, hidden): (Vec<usize>, Vec<usize>) = wrote.partition(|&member| is_known(member));
    let mut rows: Vec<Standing> = known.into_iter().map(standing).collect();
    if !hidden.is_empty() {
        rows.push(Standing {
            id: None,
            name: format!("hidden ({})", MEMBERS.count(hidden.len())),
            sent: hidden.iter().map(|&member| sent[member]).sum(),
            rank: None,
            rank_before: None,
        });
    }
    rows.sort_by_key(|row| (Reverse(row.sent), row.id));
    rows
}

/// Who climbed the most ranks, if anybody did.
fn climbed_in_words(rows: &[Standing], noun: &str) -> String {
    let best = rows.iter().rev().max_by_key(|row| row.climbed());
    match best.map(|row| (row, row.climbed(), row.rank, row.rank_before)) {
        Some((row, Some(climbed @ 1..), Some(rank), Some(Some(before)))) => format!(
            " {} climbed the most since the {noun} before, by {climbed}: from rank {before} to {rank}.",
            row.name
        ),
        _ => String::new(),
    }
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

/// The rank of each member with a message: one more than there are members with
/// more messages. Who isn't known has none.
fn ranks(sent: &[u64], is_known: impl Fn(usize) -> bool) -> Vec<Option<usize>> {
    let has_rank = |&member: &usize| sent[member] > 0 && is_known(member);
    let mut order: Vec<usize> = (0..sent.len()).filter(has_rank).collect();
    order.sort_by_key(|&member| Reverse(sent[member]));
    let mut ranks = vec![None; sent.len()];
    let mut rank = 0;
    for (place, &member) in order.iter().enumerate() {
        if place == 0 || sent[member] < sent[order[place - 1]] {
            rank = place + 1;
        }
        ranks[member] = Some(rank);
    }
    ranks
}

/// How many ranks someone is higher, or lower, than before.
fn change(climbed: i64) -> Cell {
    let shown = match climbed {
        0 => "–".to_owned(),
        1.. => format!("▲ {climbed}"),
        _ => format!("▼ {}", -climbed),
    };
    Cell::measure(climbed as f64, shown)
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
    let mut table = Table::new(
        origin,
        "When Members Were Seen to Write",
        &[
            ("", "member_id"),
            ("Member", "name"),
            ("Messages", "messages"),
            ("Days Active", "days_active"),
            ("First Seen", "first_seen_local,first_seen_utc"),
            ("Last Seen", "last_seen_local,last_seen_utc"),
            ("Days Ago", "days_since_last"),
        ],
    );
    let seen = aggregate::seen(&activity);
    if seen.is_empty() {
        return table.saying(NOBODY);
    }
    let is_hidden = |member: &&aggregate::Seen| names.is_hidden(member.id);
    let hidden = seen.iter().filter(is_hidden).count();
    let time = |time: i64| Cell::time(origin, time, moments(origin.timezone(), time, time));
    for member in seen.iter().filter(|member| !is_hidden(member)) {
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
    if hidden > 0 {
        let hidden = MEMBERS.count(hidden);
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
        let ranks = ranks(&[5, 0, 9, 5, 1, 9], |member| member != 5);
        assert_eq!(ranks, [Some(2), None, Some(1), Some(2), Some(4), None]);
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
