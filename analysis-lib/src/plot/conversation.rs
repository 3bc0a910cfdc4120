//! Who carries the conversation?

use super::axis::hour_range;
use super::chart::{Bar, Bars, HOURS, Layer, MOST, Series, bars, extremes, heat};
use super::csv::{csv, rounded};
use super::figure::Figure;
use super::labels::{CHANNELS, Labels, MEMBERS, MESSAGES, NO_CHANNELS, NOBODY, Noun, WINDOWS};
use super::people::{People, at_most, bar_of_each, in_percent};
use super::{chart, svg::*};
use crate::MemberId;
use crate::aggregate::{messages_by_member as totals, without_bots};
use crate::names::Names;
use activity_data::text::clean;
use activity_data::{Activity, DAY, Period};

/// Members with a layer of their own have one each: the palette of Okabe and Ito, in
/// an order that keeps neighbours apart.
const COLOURS: [Colour; 8] = [BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION, YELLOW, INK];
/// More periods than this have narrow bars, and tooltips of more than 150 kB.
const MOST_STACKED: usize = 120;
/// Members with a row of their own.
const ROWS: usize = 15;

/// Messages by member: the 25 with the most, with count and share, and all
/// others together. Hidden members are one bar; bots are left out, and the
/// caption says so, with `HIDE_BOTS=yes`. See
/// [`aggregate::shown_members`](crate::aggregate::shown_members).
pub fn messages_by_member(activity: &Activity, names: &Names) -> Figure {
    let people = People::of(activity, names);
    let title = "Number of Messages by Person";
    let labels = people.labels(title, "Number of Messages", "messages");
    let (frame, words) = chart::messages_by_member(&labels, &people.shown.members);
    frame.figure(words)
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
    shares(activity, names, period, MEMBERS)
}

/// Each channel's share of the messages of each period, stacked to 100%: the eight
/// channels with the most messages overall, and all others together. Threads count for
/// the channel that they belong to; windows whose documents don't say where messages
/// were sent are left blank. Else as [`member_shares`].
///
/// ```
/// use analysis_lib::{Activity, Names, WEEK, plot};
///
/// let activity = Activity::sample()?;
/// let figure = plot::channel_shares(&activity, &Names::load(&activity)?, WEEK);
/// assert!(figure.heading().starts_with("Share of Messages by Channel"));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn channel_shares(activity: &Activity, names: &Names, period: Period) -> Figure {
    match activity.channels_as_members() {
        Some(channels) => shares(&channels, &names.of_channels(activity), period, CHANNELS),
        None => {
            let title = "Share of Messages by Channel";
            let labels = Labels::of(activity, title, "", "share_percent");
            Figure::nothing(&labels, NO_CHANNELS)
        }
    }
}

/// Shares of members, or of channels in members' place.
fn shares(activity: &Activity, names: &Names, period: Period, what: Noun) -> Figure {
    let people = People::of(activity, names);
    let periods = at_most(&people.activity, period, MOST_STACKED);
    let noun = Noun::of(periods.period());
    let title = format!("Share of Messages by {} and {}", what.title(), noun.title());
    let labels = people.labels(title, "Share of Messages (%)", "share_percent");
    let mut labels = labels.measuring("%", 0);
    if people.shown.members.is_empty() {
        return Figure::nothing(&labels, NOBODY);
    }
    labels.note += &format!(" · {}", noun.count(periods.len()));
    if periods.period() != period {
        let finer = Noun::of(period).many;
        labels.note += &format!(", since there are too many {finer}");
    }
    let bars = bars(&people.shown.members, what, COLOURS.len(), 150.0);
    let bar_of = bar_of_each(periods.members(), names, &bars);
    // Messages by period, and by bar.
    let mut sent = vec![vec![0; bars.len()]; periods.len()];
    for (period, sums) in sent.iter_mut().enumerate() {
        for (member, messages) in periods.senders(period) {
            sums[bar_of[member]] += messages;
        }
    }
    let total = |sent: &Vec<u64>| sent.iter().sum::<u64>() as f64;
    let totals: Vec<f64> = sent.iter().map(total).collect();
    let series = Series::of_periods(&periods, &totals);
    // A bar's share of a period's messages, if there are any.
    let percent = |period: usize, bar: usize| {
        let all = totals[period];
        (all > 0.0).then(|| sent[period][bar] as f64 / all * 100.0)
    };
    let known = bars.iter().filter(|bar| bar.id.is_some()).count();
    let colours = COLOURS.into_iter().take(known).chain([GREY, LIGHT_GREY]);
    let layer = |(bar, colour): (usize, Colour)| {
        let share = |period: usize| percent(period, bar).unwrap_or(0.0);
        Layer::of(&bars[bar].label, colour, (0..sent.len()).map(share))
    };
    let mut layers: Vec<Layer> = (0..bars.len()).zip(colours).map(layer).collect();
    // From the bottom up; the first member lies on top, as in the legend.
    layers.reverse();
    let tooltip = |period: usize| {
        let line = |(bar, own): (usize, &Bar)| {
            let share = percent(period, bar).filter(|&share| share > 0.0)?;
            Some(format!("{share:.1}% {}", own.label))
        };
        let all = [MESSAGES.count(totals[period] as u64)];
        let lines = bars.iter().enumerate().filter_map(line);
        all.into_iter().chain(lines).collect()
    };
    let rows = sent.iter().enumerate().flat_map(|(period, sent)| {
        let when = labels.zone().iso(periods.begins()[period]);
        let coverage = periods.coverage()[period];
        let bars = bars.iter().zip(sent).enumerate();
        bars.map(move |(bar, (own, sent))| {
            let share = rounded(percent(period, bar), 4);
            format!("{when},{},{sent},{share},{coverage:.4}", own.fields())
        })
    });
    let one = what.one;
    let columns = format!("begin_local,begin_utc,{one}_id,name,messages,share_percent,coverage");
    let stacked = Bars {
        layers: &layers,
        tooltips: (0..sent.len()).map(tooltip).collect(),
        ..Bars::of(&labels, series.clone())
    };
    stacked.drawn().figure(Words {
        description: format!("Stacked bars of each {one}'s share of messages over time."),
        says: shares_says(&bars, known, what, &series, &labels, |i| percent(i, 0)),
        table: csv(&columns, rows),
    })
}

/// How much the members with a layer of their own wrote, and how the first
/// one's share went up and down.
fn shares_says(
    bars: &[Bar],
    known: usize,
    what: Noun,
    series: &Series,
    labels: &Labels,
    share: impl Fn(usize) -> Option<f64>,
) -> String {
    let messages = |bars: &[Bar]| bars.iter().map(|bar| bar.messages).sum::<u64>() as f64;
    let Some(first) = bars[..known].first() else {
        return "All messages are from hidden members.".to_owned();
    };
    let who = match known {
        1 => first.name.clone(),
        _ => format!("The {known} {} with the most messages", what.many),
    };
    let wrote = if what == MEMBERS { "wrote" } else { "had" };
    let percent = in_percent(messages(&bars[..known]) / messages(bars) * 100.0);
    let says = format!("{who} {wrote} {percent} of all messages.");
    let shares = (0..series.len()).filter_map(|i| Some((i, share(i)?)));
    // What was recorded in part says little, unless there is nothing else.
    let (whole, partly): (Vec<_>, Vec<_>) = shares.partition(|&(i, _)| series.is_whole(i));
    let told = match whole.len() {
        ..=1 => [whole, partly].concat(),
        _ => whole,
    };
    match extremes(told) {
        Some([low, high]) if low.1 < high.1 => {
            let [low, high] = [low, high].map(|(i, share)| {
                let when = series.when(labels.zone(), i..i + 1);
                format!("{} ({when})", in_percent(share))
            });
            let name = &first.name;
            format!("{says} The share of {name} was between {low} and {high}.")
        }
        _ => says,
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
    let people = People::of(activity, names);
    let title = "When Each Member Writes";
    let axis = "Share of the Member's Own Messages";
    let labels = people.labels(title, axis, "share_percent");
    if people.shown.members.is_empty() {
        return Figure::nothing(&labels, NOBODY);
    }
    let bars = bars(&people.shown.members, MEMBERS, ROWS, 150.0);
    let (activity, zone) = (&people.activity, people.activity.origin().timezone());
    // Windows whose middle lies in each hour of local clocks, and messages by bar.
    let (mut windows, mut sent) = ([0; HOURS], vec![[0; HOURS]; bars.len()]);
    let bar_of = bar_of_each(activity.members(), names, &bars);
    for window in 0..activity.len() {
        let hour = zone.hour_of_week(activity.middle(window)) % HOURS;
        windows[hour] += 1;
        for (member, messages) in activity.senders(window) {
            sent[bar_of[member]][hour] += u64::from(messages);
        }
    }
    let share = |bar: usize, hour: usize| {
        let share = sent[bar][hour] as f64 / bars[bar].messages as f64 * 100.0;
        (windows[hour] > 0).then_some(share)
    };
    let places = || (0..bars.len()).flat_map(|bar| (0..HOURS).map(move |hour| (bar, hour)));
    let cell = |(bar, hour): (usize, usize)| {
        let count = MESSAGES.count(sent[bar][hour]);
        let what = match share(bar, hour) {
            Some(share) => format!("{share:.1}% ({count})"),
            None => "never recorded".to_owned(),
        };
        let when = format!("{}, {}", bars[bar].label, hour_range(hour as u32));
        (share(bar, hour), vec![what, when])
    };
    let row = |(bar, hour): (usize, usize)| {
        let (member, messages) = (bars[bar].fields(), sent[bar][hour]);
        let share = rounded(share(bar, hour), 4);
        format!("{member},{hour},{messages},{share},{}", windows[hour])
    };
    let columns = "member_id,name,hour,messages,share_percent,windows";
    let rows = bars.iter().map(|bar| bar.label.clone()).collect();
    let cells = places().map(cell).collect();
    heat(&labels, rows, 24.0, cells, "%", ("", &[])).figure(Words {
        description: "Heat map of messages by member and hour of the day.".to_owned(),
        says: hours_says(&bars[0], &sent[0], &windows),
        table: csv(columns, places().map(row)),
    })
}

/// When the first member writes the most, and whether hours were recorded unequally.
fn hours_says(first: &Bar, sent: &[u64; HOURS], windows: &[u64; HOURS]) -> String {
    let mut says = Vec::new();
    if first.id.is_some() {
        let busiest = (0..HOURS).rev().max_by_key(|&hour| sent[hour]);
        let hour = busiest.unwrap_or(0);
        says.push(format!(
            "{} writes the most from {hour:02}:00 to {:02}:00: {} of {}.",
            first.name,
            hour + 1,
            in_percent(sent[hour] as f64 / first.messages as f64 * 100.0),
            MESSAGES.count(first.messages),
        ));
    }
    let most = windows.iter().max().copied().unwrap_or(0);
    let least = windows.iter().min().copied().unwrap_or(0);
    if 3 * least < 2 * most {
        let most = WINDOWS.count(most);
        says.push(format!(
            "Hours of the day were not recorded equally long: from {least} to {most}."
        ));
    }
    says.join(" ")
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
/// use analysis_lib::{Activity, Names, plot};
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
    let messages_of = |title: String| {
        let axis = format!("Number of Messages Sent in the {}", noun.title());
        Labels::of(activity, title, &axis, "messages")
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
        return Figure::nothing(&messages_of("Messages of One Member".to_owned()), why);
    };
    let name = clean(&names.show(total.id), 160);
    let messages = |period: usize| {
        let mut senders = periods.senders(period);
        let own = senders.find(|&(member, _)| periods.members()[member] == total.id);
        own.map_or(0.0, |(_, sent)| sent as f64)
    };
    let values: Vec<f64> = (0..periods.len()).map(messages).collect();
    let all: u64 = totals.iter().map(|total| total.messages).sum();
    let wrote = values.iter().filter(|&&value| value > 0.0).count();
    let on = if periods.period() == DAY { "on" } else { "in" };
    let mut labels = messages_of(format!("Messages by {}: {name}", noun.title()));
    labels.about = format!(
        "{name} wrote {}, {} of all, {on} {wrote} of {}.",
        MESSAGES.count(total.messages),
        in_percent(total.messages as f64 / all as f64 * 100.0),
        noun.count(periods.len()),
    );
    let series = Series::of_periods(&periods, &values);
    Bars::of(&labels, series).figure()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WEEK;
    use crate::plot::{concentration, growth};

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
        let others = format!("of {} members", activity.members().len() - 1);
        assert!(concentration(&activity, &names).says().contains(&others));
        assert!(member(&activity, &names, bot).says().contains("HIDE_BOTS"));
    }

    /// Everyone is hidden: there is no first member to speak of.
    #[test]
    fn everyone_may_be_hidden() {
        let activity = Activity::sample().unwrap().last_hours(0);
        let names = Names::test([], activity.members().iter().copied(), false);
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
        assert_eq!(figure.heading(), "Share of Messages by Member and Week");
        assert!(
            figure
                .svg()
                .contains("26 weeks, since there are too many hours")
        );
        assert!(figure.svg().len() < 150_000);
    }
}
