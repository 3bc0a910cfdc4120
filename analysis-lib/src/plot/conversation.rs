//! Who carries the conversation?

use super::axis::number::number;
use super::axis::time::iso;
use super::chart::bars::{Bars, Layer, MOST};
use super::chart::heat::{Cell, HOURS, Heat};
use super::chart::members::{Bar, bars};
use super::chart::series::Series;
use super::chart::{lorenz, members, nothing};
use super::figure::Figure;
use super::labels::{Labels, MEMBERS, MESSAGES, Noun, WINDOWS, window_count};
use super::people::{NOBODY, People, at_most, bar_of_each, in_percent, member_fields};
use super::svg::{
    BLUE, Colour, Content, GREEN, GREY, INK, LIGHT_GREY, ORANGE, PURPLE, SKY, VERMILLION, YELLOW,
};
use crate::MemberId;
use crate::aggregate::{self, hours_by_member, messages_by_member as totals, without_bots};
use crate::names::Names;
use activity_data::text::clean;
use activity_data::{Activity, DAY, Period, Periods};

/// Members with a layer of their own have one each: the palette of Okabe and Ito, in
/// an order that keeps neighbours apart.
const COLOURS: [Colour; 8] = [BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION, YELLOW, INK];
/// More periods than this have narrow bars, and tooltips of more than 150 kB.
const MOST_STACKED: usize = 120;
/// Members with a row of their own.
const ROWS: usize = 15;

/// Messages by member: the 25 with the most, with count and share, and all
/// others together. Hidden members are one bar; bots are left out, and the
/// caption says so, with `HIDE_BOTS=yes`. See [`aggregate::shown_members`].
pub fn messages_by_member(activity: &Activity, names: &Names) -> Figure {
    let People { shown, note, .. } = People::of(activity, names);
    let title = "Number of Messages by Person";
    let labels = Labels::new(title, "Number of Messages", "messages");
    members::figure(activity.origin(), &labels, &shown.members, note)
}

/// Each member's share of the messages of each period, stacked to 100%: the
/// eight members with the most messages overall, all hidden members together and
/// all others together.
///
/// Periods without a message stay blank. More than 120 periods are merged into
/// days, weeks or months, and the caption says so. A share is of what was
/// recorded, so periods that were recorded in part are comparable, but marked.
///
/// ```
/// use analysis_lib::{Activity, Names, WEEK, plot};
///
/// let activity = Activity::sample()?;
/// let figure = plot::member_shares(&activity, &Names::load(&activity)?, WEEK);
/// assert_eq!(figure.heading(), "Share of Messages by Member and Week");
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn member_shares(activity: &Activity, names: &Names, period: Period) -> Figure {
    let People {
        activity,
        shown,
        mut note,
    } = People::of(activity, names);
    let periods = at_most(&activity, period, MOST_STACKED);
    let noun = Noun::of(periods.period());
    let title = format!("Share of Messages by Member and {}", noun.title());
    let labels = Labels::new(&title, "Share of Messages (%)", "share_percent").measuring("%", 0);
    if shown.members.is_empty() {
        return nothing::figure(activity.origin(), &labels, note, NOBODY);
    }
    note += &format!(" · {}", noun.count(periods.len()));
    if periods.period() != period {
        let finer = Noun::of(period).many;
        note += &format!(", since there are too many {finer}");
    }
    let bars = bars(&shown.members, COLOURS.len(), 150.0);
    let bar_of = bar_of_each(periods.members(), names, &bars);
    let sums = |period: usize| {
        let mut sums = vec![0; bars.len()];
        for (member, sent) in periods.senders(period) {
            sums[bar_of[member]] += sent;
        }
        sums
    };
    let sent: Vec<Vec<u64>> = (0..periods.len()).map(sums).collect();
    let totals: Vec<f64> = sent
        .iter()
        .map(|sent| sent.iter().sum::<u64>() as f64)
        .collect();
    let shares = Shares {
        known: bars.iter().filter(|bar| bar.id.is_some()).count(),
        series: Series::of_periods(&periods, &totals),
        periods: &periods,
        bars: &bars,
        sent: &sent,
    };
    Bars {
        origin: activity.origin(),
        labels: &labels,
        series: shares.series,
        layers: &shares.layers(),
        gaps: &[],
        tooltips: (0..periods.len())
            .map(|period| shares.tooltip(period))
            .collect(),
        content: Content {
            note,
            description: "Stacked bars of each member's share of messages over time.".to_owned(),
            says: shares.says(),
            table: shares.table(),
            ..Content::default()
        },
    }
    .figure()
}

struct Shares<'a> {
    periods: &'a Periods,
    /// Messages in each period.
    series: Series<'a>,
    bars: &'a [Bar],
    /// How many of the bars are a member's own.
    known: usize,
    /// Messages by period, and by bar.
    sent: &'a [Vec<u64>],
}

impl Shares<'_> {
    /// A bar's share of a period's messages. `None` if there are none.
    fn percent(&self, period: usize, bar: usize) -> Option<f64> {
        let all = self.series.values[period];
        (all > 0.0).then(|| self.sent[period][bar] as f64 / all * 100.0)
    }

    /// From the bottom up; the first member lies on top, as in the legend.
    fn layers(&self) -> Vec<Layer> {
        let colours = COLOURS
            .into_iter()
            .take(self.known)
            .chain([GREY, LIGHT_GREY]);
        let layer = |(bar, colour): (usize, Colour)| Layer {
            name: self.bars[bar].label.clone(),
            colour,
            values: (0..self.sent.len())
                .map(|period| self.percent(period, bar).unwrap_or(0.0))
                .collect(),
        };
        let mut layers: Vec<Layer> = (0..self.bars.len()).zip(colours).map(layer).collect();
        layers.reverse();
        layers
    }

    fn tooltip(&self, period: usize) -> Vec<String> {
        let mut lines = vec![MESSAGES.count(self.series.values[period] as u64)];
        for (bar, own) in self.bars.iter().enumerate() {
            let share = self.percent(period, bar).filter(|&share| share > 0.0);
            lines.extend(share.map(|share| format!("{share:.1}% {}", own.label)));
        }
        lines
    }

    fn table(&self) -> String {
        let zone = self.periods.origin().timezone();
        let mut table =
            "begin_local,begin_utc,member_id,name,messages,share_percent,coverage\n".to_owned();
        for (period, sent) in self.sent.iter().enumerate() {
            let when = iso(zone, self.periods.begins()[period]);
            let coverage = self.periods.coverage()[period];
            for (bar, (own, sent)) in self.bars.iter().zip(sent).enumerate() {
                let share = self.percent(period, bar);
                let share = share.map_or(String::new(), |share| format!("{share:.4}"));
                let member = member_fields(own);
                table += &format!("{when},{member},{sent},{share},{coverage:.4}\n");
            }
        }
        table
    }

    /// How much the members with a layer of their own wrote, and how the first
    /// one's share went up and down.
    fn says(&self) -> String {
        let messages = |bars: &[Bar]| bars.iter().map(|bar| bar.messages).sum::<u64>() as f64;
        let Some(first) = self.bars[..self.known].first() else {
            return "All messages are from hidden members.".to_owned();
        };
        let who = match self.known {
            1 => first.name.clone(),
            known => format!("The {known} members with the most messages"),
        };
        let share = messages(&self.bars[..self.known]) / messages(self.bars) * 100.0;
        let mut says = format!("{who} wrote {} of all messages.", in_percent(share));
        let shares = (0..self.sent.len()).filter_map(|i| Some((i, self.percent(i, 0)?)));
        // What was recorded in part says little, unless there is nothing else.
        let (whole, partly): (Vec<_>, Vec<_>) = shares.partition(|&(i, _)| self.series.is_whole(i));
        let told = if whole.len() > 1 {
            whole
        } else {
            [whole, partly].concat()
        };
        let zone = self.periods.origin().timezone();
        let by = |a: &&(usize, f64), b: &&(usize, f64)| a.1.total_cmp(&b.1);
        let show = |&(i, share): &(usize, f64)| {
            format!(
                "{} ({})",
                in_percent(share),
                self.series.when(zone, i..i + 1)
            )
        };
        match (told.iter().min_by(by), told.iter().max_by(by)) {
            (Some(low), Some(high)) if low.1 < high.1 => {
                let (name, low, high) = (&first.name, show(low), show(high));
                says += &format!(" The share of {name} was between {low} and {high}.");
            }
            _ => {}
        }
        says
    }
}

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
    let bars = bars(&shown.members, ROWS, 150.0);
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

/// Which member [`member`] shows: one's id, as such or as a number, or `None` for
/// the most active.
pub trait WhichMember {
    /// The id, if one is named.
    fn id(self) -> Option<MemberId>;
}

impl WhichMember for MemberId {
    fn id(self) -> Option<MemberId> {
        Some(self)
    }
}

impl WhichMember for u64 {
    fn id(self) -> Option<MemberId> {
        Some(self.into())
    }
}

impl WhichMember for Option<MemberId> {
    fn id(self) -> Option<MemberId> {
        self
    }
}

/// One member's own messages by day, or by week or month where there are more
/// than 365 days or weeks: of the member with this id, or with `None` of the one
/// with the most messages. Hidden members and, with `HIDE_BOTS=yes`, bots are not
/// shown.
///
/// ```
/// use analysis_lib::{Activity, MemberId, Names, plot};
///
/// let activity = Activity::sample()?;
/// let names = Names::load(&activity)?;
/// let figure = plot::member(&activity, &names, None);
/// assert_eq!(figure.heading(), "Messages by Day: Aster");
/// let unknown = plot::member(&activity, &names, 123456789012345678);
/// assert!(unknown.says().starts_with("No member with this id"));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn member(activity: &Activity, names: &Names, which: impl WhichMember) -> Figure {
    own_messages(activity, names, which.id())
}

fn own_messages(activity: &Activity, names: &Names, id: Option<MemberId>) -> Figure {
    let periods = at_most(activity, DAY, MOST);
    let noun = Noun::of(periods.period());
    let messages_of = |title: &str| {
        let axis = format!("Number of Messages Sent in the {}", noun.title());
        Labels::new(title, &axis, "messages")
    };
    let totals = totals(&without_bots(activity, names));
    let is_meant = |own: MemberId| match id {
        Some(id) => own == id,
        None => !names.is_hidden(own),
    };
    let total = totals.iter().find(|total| is_meant(total.id));
    let why = match id {
        Some(id) if names.is_hidden(id) => {
            "This member asked not to be shown: the id is in HIDDEN_MEMBERS."
        }
        Some(id) if names.hides_bots() && names.is_bot(id) => {
            "This is a bot, and bots are not to be shown: HIDE_BOTS=yes."
        }
        Some(_) => "No member with this id wrote a message in these windows.",
        None => "Nobody who may be shown wrote a message in these windows.",
    };
    let Some(total) = total.filter(|total| !names.is_hidden(total.id)) else {
        let labels = messages_of("Messages of One Member");
        return nothing::figure(activity.origin(), &labels, window_count(activity), why);
    };
    let name = clean(&names.show(total.id), 160);
    let own = periods
        .members()
        .iter()
        .position(|&member| member == total.id);
    let messages = |period: usize| {
        let sent = periods
            .senders(period)
            .find(|&(member, _)| Some(member) == own);
        sent.map_or(0.0, |(_, sent)| sent as f64)
    };
    let values: Vec<f64> = (0..periods.len()).map(messages).collect();
    let all: u64 = totals.iter().map(|total| total.messages).sum();
    let wrote = values.iter().filter(|&&value| value > 0.0).count();
    let on = if periods.period() == DAY { "on" } else { "in" };
    let labels = messages_of(&format!("Messages by {}: {name}", noun.title())).about(format!(
        "{name} wrote {}, {} of all, {on} {wrote} of {}.",
        MESSAGES.count(total.messages),
        in_percent(total.messages as f64 / all as f64 * 100.0),
        noun.count(periods.len()),
    ));
    let series = Series::of_periods(&periods, &values);
    Bars::of(activity.origin(), &labels, series).figure()
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
    let totals = totals(&activity);
    let sent: Vec<u64> = totals.iter().rev().map(|total| total.messages).collect();
    let content = Content {
        note,
        description: "Lorenz curve of messages over members.".to_owned(),
        says,
        ..Content::default()
    };
    lorenz::figure(activity.origin(), &labels, &sent, half, content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WEEK;
    use crate::plot::growth;

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
        let totals = totals(&activity);
        let [first, second, last] = [0, 1, 60].map(|i| totals[i].id);
        let names = Names::test([first], [first, second, last], false);
        for figure in figures(&activity, &names) {
            for id in [first, second, last] {
                let tail = &id.to_string()[14..];
                for text in [figure.svg(), figure.csv(), figure.says()] {
                    assert!(!text.contains(&format!("…{tail}")), "{}", figure.heading());
                    assert!(!text.contains(&format!("bot {id}")), "{}", figure.heading());
                }
                assert!(
                    !figure.csv().contains(&id.to_string()),
                    "{}",
                    figure.heading()
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
        let bot = totals(&activity)[0].id;
        let names = Names::test([bot], [], true);
        for figure in figures(&activity, &names) {
            assert!(
                figure.svg().contains("without 1 bot"),
                "{}",
                figure.heading()
            );
            assert!(
                !figure.csv().contains(&bot.to_string()),
                "{}",
                figure.heading()
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
        assert_eq!(figure.heading(), "Share of Messages by Member and Day");
        assert!(
            figure
                .svg()
                .contains("57 days, since there are too many hours")
        );
        assert!(figure.svg().len() < 150_000);
    }
}
