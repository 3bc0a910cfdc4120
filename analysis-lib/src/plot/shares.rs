//! Who wrote which share of the messages, over time.

use super::axis::time::iso;
use super::chart::members::{Bar, bars};
use super::chart::nothing;
use super::chart::series::Series;
use super::chart::stacked::{Layer, Stacked};
use super::figure::Figure;
use super::labels::{Item, Labels, MESSAGES};
use super::people::{NOBODY, People, at_most, bar_of_each, in_percent, member_fields};
use super::svg::{
    BLUE, Colour, Content, GREEN, GREY, INK, LIGHT_GREY, ORANGE, PURPLE, SKY, VERMILLION, YELLOW,
};
use crate::names::Names;
use activity_data::{Activity, Period, Periods};

/// One a member with a layer of its own: the palette of Okabe and Ito, in an
/// order that keeps neighbours apart.
const COLOURS: [Colour; 8] = [BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION, YELLOW, INK];
/// More periods than this have narrow bars, and tooltips of more than 150 kB.
const MOST: usize = 120;

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
/// assert_eq!(figure.title(), "Share of Messages by Member and Week");
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn member_shares(activity: &Activity, names: &Names, period: Period) -> Figure {
    let People {
        activity,
        shown,
        mut note,
    } = People::of(activity, names);
    let calendar = at_most(&activity, period, MOST);
    let noun = Item::Period(calendar.period()).noun();
    let title = format!("Share of Messages by Member and {}", noun.title());
    let labels = Labels::new(&title, "Share of Messages (%)", "share_percent").measuring("%", 0);
    if shown.members.is_empty() {
        return nothing::figure(activity.origin(), &labels, note, NOBODY);
    }
    note += &format!(" · {}", noun.count(calendar.len()));
    if calendar.period() != period {
        let finer = Item::Period(period).noun().many;
        note += &format!(", since there are too many {finer}");
    }
    let bars = bars(&shown.members, COLOURS.len(), 150.0);
    let bar_of = bar_of_each(calendar.members(), names, &bars);
    let sums = |period: usize| {
        let mut sums = vec![0; bars.len()];
        for (&bar, sent) in bar_of.iter().zip(calendar.sent(period)) {
            sums[bar] += sent;
        }
        sums
    };
    let sent: Vec<Vec<u64>> = (0..calendar.len()).map(sums).collect();
    let totals: Vec<f64> = sent
        .iter()
        .map(|sent| sent.iter().sum::<u64>() as f64)
        .collect();
    let shares = Shares {
        known: bars.iter().filter(|bar| bar.id.is_some()).count(),
        series: super::by_period(&calendar, &totals),
        calendar: &calendar,
        activity: &activity,
        bars: &bars,
        sent: &sent,
    };
    Stacked {
        origin: activity.origin(),
        labels: &labels,
        series: shares.series,
        layers: &shares.layers(),
        gaps: &shares.series.gaps(),
        tooltips: (0..calendar.len())
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
    activity: &'a Activity,
    calendar: &'a Periods,
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
        let zone = self.activity.origin().timezone();
        let mut table =
            "period_start_local,period_start_utc,member_id,name,messages,share_percent,coverage\n"
                .to_owned();
        for (period, sent) in self.sent.iter().enumerate() {
            let when = iso(zone, self.calendar.begins()[period]);
            let coverage = self.calendar.coverage()[period];
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
        let zone = self.activity.origin().timezone();
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
