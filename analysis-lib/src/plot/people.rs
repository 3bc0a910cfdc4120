//! Who carries the conversation.

use super::axis::number::number;
use super::chart::heat::{Cell, HOURS, Heat};
use super::chart::members::Bar;
use super::chart::{bars, lorenz, members, nothing};
use super::figure::Figure;
use super::labels::{Item, Labels, MEMBERS, MESSAGES, Noun, WINDOWS};
use super::svg::Content;
use super::window_count;
use crate::MemberId;
use crate::aggregate::{
    self, ShownMembers, hours_by_member, messages_by_member, shown_members, without_bots,
};
use crate::names::Names;
use activity_data::text::{clean, csv_field};
use activity_data::{Activity, DAY, MONTH, Period, Periods, WEEK};

/// More bars than this are narrower than two pixels.
const MOST_BARS: usize = 365;
/// Members with a row of their own.
const ROWS: usize = 15;
pub(super) const NOBODY: &str = "Nobody wrote a message in these windows.";

/// Who writes at what hour of the day, as a heat map: the share of each member's
/// own messages that was sent in each hour of local clocks, so that those who
/// write little can be compared with those who write much. The 15 members with
/// the most messages, all hidden members together and all others together.
///
/// A few cells far above all others are drawn like the highest of these, and the
/// legend says from where on. Hours that were never recorded are marked; those
/// that were recorded longer than others have more of the messages, and the
/// sentence says so where it matters.
pub fn member_hours(activity: &Activity, names: &Names) -> Figure {
    let People {
        activity,
        shown,
        note,
    } = People::of(activity, names);
    let title = "When Each Member Writes";
    let axis = "Share of the Member's Own Messages";
    let labels = Labels::new(title, axis, "share_percent");
    if shown.members.is_empty() {
        return nothing::figure(activity.origin(), &labels, note, NOBODY);
    }
    let bars = members::bars(&shown.members, ROWS, 150.0);
    let hours = hours_by_member(&activity);
    let mut sent = vec![[0; HOURS]; bars.len()];
    for (bar, messages) in bar_of_each(activity.members(), names, &bars)
        .into_iter()
        .zip(hours.messages)
    {
        for (sum, messages) in sent[bar].iter_mut().zip(messages) {
            *sum += messages;
        }
    }
    let percent =
        |bar: usize, hour: usize| sent[bar][hour] as f64 / bars[bar].messages as f64 * 100.0;
    let windows = hours.windows;
    let (mut cells, mut table) = (
        Vec::new(),
        "member_id,name,hour,messages,share_percent,windows\n".to_owned(),
    );
    for (bar, own) in bars.iter().enumerate() {
        let member = member_fields(own);
        for hour in 0..HOURS {
            let (messages, share) = (sent[bar][hour], percent(bar, hour));
            let is_seen = windows[hour] > 0;
            let what = match is_seen {
                true => format!("{share:.1}% ({})", MESSAGES.count(messages)),
                false => "never recorded".to_owned(),
            };
            let when = format!("{}, {hour:02}:00 – {:02}:00", own.label, hour + 1);
            cells.push(Cell {
                value: is_seen.then_some(share),
                tooltip: vec![what, when],
            });
            let share = if is_seen {
                format!("{share:.4}")
            } else {
                String::new()
            };
            table += &format!("{member},{hour},{messages},{share},{}\n", windows[hour]);
        }
    }
    let busiest = |bar: usize| {
        (0..HOURS)
            .rev()
            .max_by_key(|&hour| sent[bar][hour])
            .unwrap_or(0)
    };
    let mut says = String::new();
    if let Some(first) = bars.first().filter(|bar| bar.id.is_some()) {
        let hour = busiest(0);
        says = format!(
            "{} writes the most from {hour:02}:00 to {:02}:00: {} of {}.",
            first.name,
            hour + 1,
            in_percent(percent(0, hour)),
            MESSAGES.count(first.messages),
        );
    }
    let most = windows.iter().max().copied().unwrap_or(0);
    let least = windows.iter().min().copied().unwrap_or(0);
    if 3 * least < 2 * most {
        says += &format!(
            " Hours of the day were not recorded equally long: from {least} to {}.",
            WINDOWS.count(most)
        );
    }
    Heat {
        origin: activity.origin(),
        labels: &labels,
        rows: bars.iter().map(|bar| bar.label.clone()).collect(),
        row_height: 24.0,
        cells,
        unit: "%",
        content: Content {
            note,
            description: "Heat map of messages by member and hour of the day.".to_owned(),
            says: says.trim_start().to_owned(),
            table,
            ..Content::default()
        },
    }
    .figure()
}

/// One member's own messages by day, or by week or month where there are more
/// than 365 days or weeks. Hidden members and, with `HIDE_BOTS=yes`, bots are not
/// shown.
pub fn member(activity: &Activity, names: &Names, id: impl Into<MemberId>) -> Figure {
    let id = id.into();
    let calendar = at_most(activity, DAY, MOST_BARS);
    let noun = Item::Period(calendar.period()).noun();
    let messages_of = |title: &str| {
        let axis = format!("Number of Messages Sent in the {}", noun.title());
        Labels::new(title, &axis, "messages")
    };
    let totals = messages_by_member(&without_bots(activity, names));
    let total = totals.iter().find(|total| total.id == id);
    let why = if names.is_hidden(id) {
        Some("This member asked not to be shown: the id is in HIDDEN_MEMBERS.")
    } else if names.hides_bots() && names.is_bot(id) {
        Some("This is a bot, and bots are not to be shown: HIDE_BOTS=yes.")
    } else if total.is_none() {
        Some("No member with this id wrote a message in these windows.")
    } else {
        None
    };
    let (Some(total), None) = (total, why) else {
        let labels = messages_of("Messages of One Member");
        let note = window_count(activity);
        return nothing::figure(activity.origin(), &labels, note, why.unwrap_or(NOBODY));
    };
    let name = clean(&names.show(id), 160);
    let own = |&(member, _): &(usize, u64)| calendar.members()[member] == id;
    let sent = |period| calendar.senders(period).find(own);
    let values: Vec<f64> = (0..calendar.len())
        .map(|period| sent(period).map_or(0.0, |(_, sent)| sent as f64))
        .collect();
    let all: u64 = totals.iter().map(|total| total.messages).sum();
    let wrote = values.iter().filter(|&&value| value > 0.0).count();
    let on = if calendar.period() == DAY { "on" } else { "in" };
    let labels = messages_of(&format!("Messages by {}: {name}", noun.title())).about(format!(
        "{name} wrote {}, {} of all, {on} {wrote} of {}.",
        MESSAGES.count(total.messages),
        in_percent(total.messages as f64 / all as f64 * 100.0),
        noun.count(calendar.len()),
    ));
    bars::figure(
        activity.origin(),
        &labels,
        &super::by_period(&calendar, &values),
    )
}

/// How much of the conversation few members carry, as a Lorenz curve: the share
/// of messages over the share of members, those with the fewest messages first.
/// The straight line is where all would have sent as many. See
/// [`aggregate::concentration`].
///
/// References: M. O. Lorenz (1905), Methods of measuring the concentration of
/// wealth, Publications of the American Statistical Association 9(70).
///
/// ```
/// use analysis_lib::{Activity, Names, plot};
///
/// let activity = Activity::sample()?;
/// let figure = plot::concentration(&activity, &Names::load(&activity)?);
/// assert!(figure.says().starts_with("Half of all messages were written by 9 of 61 members"));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn concentration(activity: &Activity, names: &Names) -> Figure {
    let People { activity, note, .. } = People::of(activity, names);
    let title = "Concentration of Messages";
    let labels = Labels::new(title, "Share of Messages", "messages_percent");
    let concentration = aggregate::concentration(&activity);
    let (members, half) = (concentration.members, concentration.half);
    let top = in_percent(concentration.top_tenth * 100.0);
    let says = match members {
        0 => return nothing::figure(activity.origin(), &labels, note, NOBODY),
        1 => "All messages were written by 1 member.".to_owned(),
        _ => format!(
            "Half of all messages were written by {} of {}; the most active tenth ({}) wrote {top}; Gini coefficient {:.2}.",
            number(half as f64, 0),
            MEMBERS.count(members),
            MEMBERS.count(members.div_ceil(10)),
            concentration.gini,
        ),
    };
    let totals = messages_by_member(&activity);
    let sent: Vec<u64> = totals.iter().rev().map(|total| total.messages).collect();
    let content = Content {
        note,
        description: "Lorenz curve of messages over members.".to_owned(),
        says,
        ..Content::default()
    };
    lorenz::figure(activity.origin(), &labels, &sent, half, content)
}

/// What figures of members look at.
pub(super) struct People {
    /// Without what bots sent, with `HIDE_BOTS=yes`.
    pub(super) activity: Activity,
    pub(super) shown: ShownMembers,
    /// How many windows there are, and how many bots were left out.
    pub(super) note: String,
}

impl People {
    pub(super) fn of(activity: &Activity, names: &Names) -> Self {
        let shown = shown_members(activity, names);
        let mut note = window_count(activity);
        if shown.bots > 0 {
            let bots = Noun::new("bot", "bots").count(shown.bots);
            note += &format!(" · without {bots}");
        }
        Self {
            activity: without_bots(activity, names),
            shown,
            note,
        }
    }
}

/// The bar that each of these members is in: all hidden members follow
/// those who are shown, and all others are last.
pub(super) fn bar_of_each(members: &[MemberId], names: &Names, bars: &[Bar]) -> Vec<usize> {
    let known = bars.iter().filter(|bar| bar.id.is_some()).count();
    let place = |&id: &MemberId| {
        let own = bars.iter().position(|bar| bar.id == Some(id));
        let together = if names.is_hidden(id) {
            known
        } else {
            bars.len() - 1
        };
        // Who wrote nothing may have no bar, and adds nothing to any.
        own.unwrap_or(together.min(bars.len() - 1))
    };
    members.iter().map(place).collect()
}

/// These periods, or coarser ones where more than `most` were recorded.
pub(super) fn at_most(activity: &Activity, period: Period, most: usize) -> Periods {
    let periods = activity.every(period);
    let coarser = match period {
        Period::Hour => DAY,
        Period::Day => WEEK,
        Period::Week => MONTH,
        Period::Month => return periods,
    };
    if periods.len() <= most {
        periods
    } else {
        at_most(activity, coarser, most)
    }
}

/// A member's id and name as two fields of a table.
pub(super) fn member_fields(bar: &Bar) -> String {
    let id = bar
        .id
        .map_or(String::new(), |id| csv_field(&id.to_string()));
    format!("{id},{}", csv_field(&bar.name))
}

/// "< 0.1%", "7.1%", "71%".
pub(super) fn in_percent(percent: f64) -> String {
    match percent {
        0.0 => "0%".to_owned(),
        ..0.1 => "< 0.1%".to_owned(),
        ..10.0 => format!("{percent:.1}%"),
        _ => format!("{percent:.0}%"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::{growth, member_shares};

    /// All members' figures.
    fn figures(activity: &Activity, names: &Names) -> [Figure; 4] {
        [
            member_shares(activity, names, WEEK),
            member_hours(activity, names),
            concentration(activity, names),
            growth(activity, names, WEEK),
        ]
    }

    /// Nothing in a figure tells who is hidden, and what they wrote still counts.
    #[test]
    fn hidden_members_count_without_a_name() {
        let activity = Activity::sample().unwrap();
        let totals = messages_by_member(&activity);
        let [first, second, last] = [0, 1, 60].map(|i| totals[i].id);
        let names = Names::test([first], [first, second, last], false);
        for figure in figures(&activity, &names) {
            for id in [first, second, last] {
                let tail = &id.to_string()[14..];
                for text in [figure.svg(), figure.csv(), figure.says()] {
                    assert!(!text.contains(&format!("…{tail}")), "{}", figure.title());
                    assert!(!text.contains(&format!("bot {id}")), "{}", figure.title());
                }
                assert!(
                    !figure.csv().contains(&id.to_string()),
                    "{}",
                    figure.title()
                );
            }
        }
        let hidden: u64 = [0, 1, 60].iter().map(|&i| totals[i].messages).sum();
        let shares = member_shares(&activity, &names, WEEK);
        let fields = shares
            .csv()
            .lines()
            .map(|row| row.split(',').collect::<Vec<_>>());
        let own = fields.filter(|row| row[3] == "hidden (3 members)");
        assert_eq!(
            own.map(|row| row[4].parse::<u64>().unwrap()).sum::<u64>(),
            hidden
        );
        let says = |id| member(&activity, &names, id).says().to_owned();
        assert!(says(second).contains("asked not to be shown"));
    }

    #[test]
    fn bots_that_are_to_be_hidden_are_left_out() {
        let activity = Activity::sample().unwrap();
        let bot = messages_by_member(&activity)[0].id;
        let names = Names::test([bot], [], true);
        for figure in figures(&activity, &names) {
            assert!(figure.svg().contains("without 1 bot"), "{}", figure.title());
            assert!(
                !figure.csv().contains(&bot.to_string()),
                "{}",
                figure.title()
            );
        }
        assert!(
            concentration(&activity, &names)
                .says()
                .contains("of 60 members")
        );
        assert!(member(&activity, &names, bot).says().contains("HIDE_BOTS"));
    }

    /// Everyone is hidden: there is no first member to speak of.
    #[test]
    fn everyone_may_be_hidden() {
        let activity = Activity::sample().unwrap().last_hours(0);
        let ids = std::array::from_fn::<MemberId, 61, _>(|i| activity.members()[i]);
        let names = Names::test([], ids, false);
        let [shares, hours, ..] = figures(&activity, &names);
        assert_eq!(shares.says(), "All messages are from hidden members.");
        assert!(
            hours.says().starts_with("Hours of the day"),
            "{}",
            hours.says()
        );
    }

    /// What is too fine for bars is merged, and the caption says so.
    #[test]
    fn too_many_periods_are_merged() {
        let activity = Activity::sample().unwrap();
        let figure = member_shares(&activity, &Names::default(), Period::Hour);
        assert_eq!(figure.title(), "Share of Messages by Member and Day");
        assert!(
            figure
                .svg()
                .contains("57 days, since there are too many hours")
        );
        assert!(figure.svg().len() < 150_000);
    }
}
