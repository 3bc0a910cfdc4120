//! Windows merged into hours, days, weeks or months.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::Hash;
use std::ops::Range;

use super::lengths::Extent;
use super::windows::{LeftOut, Windows};
use super::{Gap, Origin, Period, Zone};
use crate::Held;
use crate::{ChannelId, MemberId};

/// A period of which less than this share was recorded isn't whole: a bot's
/// restart costs a window or two of a day, and windows end some seconds early
/// or late.
pub const WHOLE: f64 = 0.98;

/// The index of the newest period that is over and of which half was recorded at
/// least; else of the newest. `is_over` is whether the newest is.
pub fn newest_whole(coverage: &[f64], is_over: bool) -> usize {
    let newest = coverage.len() - 1;
    let over = coverage.len() - usize::from(!is_over);
    let found = coverage[..over].iter().rposition(|&share| share >= 0.5);
    found.unwrap_or(newest)
}

/// Where the windows of each period stand, by the period's first instant in
/// milliseconds since the epoch (UTC).
pub type Places = BTreeMap<i64, Vec<Range<usize>>>;

/// What each member sent in each period, by the period's first instant in milliseconds
/// since the epoch (UTC).
pub type Sent = BTreeMap<i64, BTreeMap<MemberId, u64>>;

/// Where the windows of each period stand, of as many as begins are given. A window
/// belongs to the period that its middle lies in.
pub fn places(zone: &Zone, period: Period, begins: &[i64], ends: &[i64]) -> Places {
    let mut places = Places::new();
    let middle = |index: usize| begins[index].midpoint(ends[index]);
    let mut next = 0;
    while next < begins.len() {
        let begin = zone.begin(period, middle(next));
        let end = zone.end(period, begin);
        let is_in = |&index: &usize| (begin..end).contains(&middle(index));
        let own = next..next + (next..begins.len()).take_while(is_in).count();
        next = own.end;
        places.entry(begin).or_default().push(own);
    }
    places
}

/// What each member sent in each period, of the windows that stand there.
pub fn sent_by_period(windows: &Windows, places: &Places) -> Sent {
    let mut sums = vec![0; windows.members.len()];
    let mut senders = Vec::new();
    let mut all = Sent::new();
    for (&begin, own) in places {
        for own in own {
            let first = |window: usize| windows.first_sender[window] as usize;
            let own = first(own.start)..first(own.end);
            for (&member, &sent) in windows.sender[own.clone()].iter().zip(&windows.sent[own]) {
                let sum = &mut sums[member as usize];
                // A file may say that a member sent nothing.
                if *sum == 0 && sent > 0 {
                    senders.push(member as usize);
                }
                *sum += u64::from(sent);
            }
        }
        let sent = senders.drain(..);
        let sent = sent.map(|member| (windows.members[member], std::mem::take(&mut sums[member])));
        all.insert(begin, sent.collect());
    }
    all
}

/// A server's activity by the hour, day, week or month, in order of time.
///
/// A window belongs to the period that its middle lies in, in the origin's time
/// zone. Periods without a window are not there. There is at least one period;
/// all columns have one entry a period.
///
/// ```
/// use activity_data::{Activity, DAY};
///
/// let days = Activity::sample()?.every(DAY);
/// assert_eq!(days.begins().len(), days.messages().len());
/// # Ok::<(), activity_data::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Periods(Held<Columns>);

#[derive(PartialEq)]
struct Columns {
    origin: Origin,
    period: Period,
    begins: Vec<i64>,
    ends: Vec<i64>,
    windows: Vec<u64>,
    coverage: Vec<f64>,
    is_over: bool,
    online_mean: Means,
    online_max: Vec<Option<u32>>,
    online_known: Vec<u64>,
    messages: Vec<u64>,
    by_member: Counts<MemberId>,
    member_count: Vec<Option<u32>>,
    joined: Vec<u64>,
    left: Vec<u64>,
    joins_known: Vec<u64>,
    by_channel: Counts<ChannelId>,
    channels_known: Vec<u64>,
    left_out: Vec<LeftOut>,
    unseen: Vec<Gap>,
}

/// Messages by the member or the channel, period by period.
#[derive(PartialEq)]
struct Counts<Id> {
    /// All ids that have any, ascending.
    ids: Vec<Id>,
    /// Of each period: indices into `ids`, and messages.
    entries: Vec<Vec<(u32, u64)>>,
}

impl<Id: Copy + Ord + Hash> Counts<Id> {
    fn new(periods: Vec<BTreeMap<Id, u64>>) -> Self {
        let mut ids: Vec<Id> = periods.iter().flat_map(BTreeMap::keys).copied().collect();
        ids.sort_unstable();
        ids.dedup();
        let index: HashMap<Id, u32> = ids.iter().copied().zip(0..).collect();
        let entry = |(id, messages): (Id, u64)| (index[&id], messages);
        let entries = periods.into_iter();
        let entries = entries.map(|own| own.into_iter().map(entry).collect());
        Self {
            entries: entries.collect(),
            ids,
        }
    }

    fn of(&self, period: usize) -> impl Iterator<Item = (usize, u64)> + '_ {
        let own = self.entries[period].iter();
        own.map(|&(place, messages)| (place as usize, messages))
    }
}

/// Means, some of which aren't known and no numbers: these are equal to each other.
struct Means(Vec<f64>);

impl PartialEq for Means {
    fn eq(&self, other: &Self) -> bool {
        let [own, other] = [self, other].map(|means| means.0.iter().map(|mean| mean.to_bits()));
        own.eq(other)
    }
}

impl Periods {
    /// Source, server and time zone.
    pub fn origin(&self) -> &Origin {
        &self.0.origin
    }

    /// What windows are merged into.
    pub fn period(&self) -> Period {
        self.0.period
    }

    /// The number of periods with a window, at least 1.
    #[allow(clippy::len_without_is_empty)] // It never is.
    pub fn len(&self) -> usize {
        self.0.begins.len()
    }

    /// When each period began, in milliseconds since the epoch (UTC),
    /// ascending. A day begins at local midnight, or later where the clocks go
    /// forward then.
    pub fn begins(&self) -> &[i64] {
        &self.0.begins
    }

    /// When each period ended, in milliseconds since the epoch (UTC): the first
    /// instant of the next. A day with a change of the clocks has 23 or 25 hours.
    pub fn ends(&self) -> &[i64] {
        &self.0.ends
    }

    /// How many windows belong to each period.
    pub fn windows(&self) -> &[u64] {
        &self.0.windows
    }

    /// Coverage: the share of each period that was recorded, from 0 to 1.
    pub fn coverage(&self) -> &[f64] {
        &self.0.coverage
    }

    /// Whether windows reach the last period's end.
    pub fn is_over(&self) -> bool {
        self.0.is_over
    }

    /// Online members: the mean over each period's windows in which they are known;
    /// no number where they are in none.
    pub fn online_mean(&self) -> &[f64] {
        &self.0.online_mean.0
    }

    /// Online members: the most in any of each period's windows; `None` where they are
    /// known in none.
    pub fn online_max(&self) -> &[Option<u32>] {
        &self.0.online_max
    }

    /// In how many of each period's windows online members are known.
    pub fn online_known(&self) -> &[u64] {
        &self.0.online_known
    }

    /// Human members of the server, as each period's last window that says it has them.
    pub fn member_count(&self) -> &[Option<u32>] {
        &self.0.member_count
    }

    /// How often somebody joined the server.
    pub fn joined(&self) -> &[u64] {
        &self.0.joined
    }

    /// How often somebody left it.
    pub fn left(&self) -> &[u64] {
        &self.0.left
    }

    /// How many of each period's windows say who joined.
    pub fn joins_known(&self) -> &[u64] {
        &self.0.joins_known
    }

    /// Ids of all channels that windows name, ascending.
    pub fn channels(&self) -> &[ChannelId] {
        &self.0.by_channel.ids
    }

    /// Where messages were sent in period `index`, and how many: indices into
    /// [`channels`](Self::channels) with counts.
    ///
    /// # Panics
    ///
    /// `index` is not below [`len`](Self::len).
    pub fn by_channel(&self, index: usize) -> impl Iterator<Item = (usize, u64)> + '_ {
        self.0.by_channel.of(index)
    }

    /// How many of each period's windows say where messages were sent.
    pub fn channels_known(&self) -> &[u64] {
        &self.0.channels_known
    }

    /// Messages in each period.
    pub fn messages(&self) -> &[u64] {
        &self.0.messages
    }

    /// Discord ids of all members who sent a message, ascending.
    pub fn members(&self) -> &[MemberId] {
        &self.0.by_member.ids
    }

    /// Who sent messages in period `index`, and how many: indices into
    /// [`members`](Self::members) with counts.
    ///
    /// # Panics
    ///
    /// `index` is not below [`len`](Self::len).
    pub fn senders(&self, index: usize) -> impl Iterator<Item = (usize, u64)> + '_ {
        self.0.by_member.of(index)
    }

    /// Messages of each of [`members`](Self::members) in period `index`.
    ///
    /// # Panics
    ///
    /// `index` is not below [`len`](Self::len).
    pub fn sent(&self, index: usize) -> Vec<u64> {
        let mut sent = vec![0; self.members().len()];
        for (member, messages) in self.senders(index) {
            sent[member] = messages;
        }
        sent
    }

    /// Documents that were left out, and why.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.0.left_out
    }

    /// As [`Activity::unseen`](crate::Activity::unseen).
    pub fn unseen(&self) -> &[Gap] {
        &self.0.unseen
    }

    /// Of windows, at least one, where those of each period stand, and what the rule of
    /// time says of them.
    pub(crate) fn new(
        origin: Origin,
        period: Period,
        windows: &Windows,
        places: &Places,
        mut sent: Sent,
        left_out: Vec<LeftOut>,
        extent: &Extent,
    ) -> Self {
        fn all(places: &Places, count: impl Fn(usize) -> u64) -> Vec<u64> {
            let sum = |own: &Range<usize>| own.clone().map(&count).sum::<u64>();
            let own = |own: &Vec<Range<usize>>| own.iter().map(sum).sum();
            places.values().map(own).collect()
        }
        let end = |&begin: &i64| origin.timezone.end(period, begin);
        let (begins, ends): (Vec<i64>, Vec<i64>) =
            places.keys().map(|begin| (*begin, end(begin))).unzip();
        let own = || places.values().map(|own| own.iter().cloned().flatten());
        let online = |index: usize| windows.online[index].map(u64::from);
        let online_known = all(places, |index| online(index).is_some().into());
        let means = all(places, |index| online(index).unwrap_or(0)).into_iter();
        let means = means.zip(&online_known);
        let means = means.map(|(sum, &known)| sum as f64 / known as f64);
        let count = |index| {
            let count = windows.member_count.get(index)?.first()?;
            Some((windows.ends[index], *count))
        };
        let by_channel = own().map(|own| {
            let mut sums = BTreeMap::new();
            for &(channel, sent) in own.filter_map(|i| windows.by_channel.get(i)).flatten() {
                *sums.entry(windows.channels[channel as usize]).or_default() += u64::from(sent);
            }
            sums
        });
        let by_member = begins
            .iter()
            .map(|begin| sent.remove(begin).unwrap_or_default());
        let length = |ids: Option<&[MemberId]>| ids.map_or(0, |ids| ids.len() as u64);
        Self(Held::new(Columns {
            period,
            windows: all(places, |_| 1),
            coverage: coverage(extent, &begins, &ends),
            is_over: extent.reaches(ends[ends.len() - 1]),
            online_mean: Means(means.collect()),
            online_max: own()
                .map(|own| own.filter_map(|i| windows.online[i]).max())
                .collect(),
            messages: all(places, |index| windows.volume[index].into()),
            by_member: Counts::new(by_member.collect()),
            member_count: own()
                .map(|own| Some(own.filter_map(count).max()?.1))
                .collect(),
            joined: all(places, |index| length(windows.joined.get(index))),
            left: all(places, |index| length(windows.left.get(index))),
            joins_known: all(places, |index| windows.joined.get(index).is_some().into()),
            by_channel: Counts::new(by_channel.collect()),
            channels_known: all(places, |index| {
                windows.by_channel.get(index).is_some().into()
            }),
            online_known,
            begins,
            ends,
            left_out,
            unseen: extent.unseen.clone(),
            origin,
        }))
    }
}

/// The share of each of these stretches that was recorded, where everything was
/// from the first instant to the last but gaps: of the time in it that was looked
/// at. Stretches ascend.
fn coverage(extent: &Extent, begins: &[i64], ends: &[i64]) -> Vec<f64> {
    let lost = within(&extent.gaps, begins, ends);
    let unseen = within(&extent.unseen, begins, ends);
    let stretches = begins.iter().zip(ends).zip(lost.zip(unseen));
    stretches
        .map(|((&begin, &end), (lost, unseen))| {
            let (first, last) = extent.span;
            let inside = (last.min(end) - first.max(begin)).max(0);
            let looked_at = (end - begin - unseen).max(1);
            (inside - lost - unseen).max(0) as f64 / looked_at as f64
        })
        .collect()
}

/// How much of each stretch lies in gaps, both of which ascend.
fn within(mut gaps: &[Gap], begins: &[i64], ends: &[i64]) -> impl Iterator<Item = i64> {
    begins.iter().zip(ends).map(move |(&begin, &end)| {
        let past = gaps.iter().take_while(|gap| gap.end <= begin).count();
        gaps = &gaps[past..];
        let inside = gaps.iter().take_while(|gap| gap.begin < end);
        inside
            .map(|gap| gap.end.min(end) - gap.begin.max(begin))
            .sum()
    })
}

/// One line: the columns would fill pages.
impl fmt::Debug for Periods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |index: usize| self.origin().show(self.begins()[index]);
        let (source, period) = (&self.origin().source, self.period());
        let (count, first, last) = (self.len(), shown(0), shown(self.len() - 1));
        write!(
            f,
            "Periods({source}, {count} of a {period} from {first} to {last})"
        )
    }
}

#[cfg(test)]
mod tests {
    use crate::{Activity, DAY, HOUR, MONTH, WEEK};

    #[test]
    fn a_calendar_has_the_periods_and_what_lies_between_them() {
        let activity = Activity::sample().unwrap();
        for period in [HOUR, DAY, WEEK, MONTH] {
            let (all, recorded) = (activity.calendar(period), activity.every(period));
            assert_eq!(all.begins()[1..], all.ends()[..all.len() - 1]);
            // The sample has an outage of a day, which begins in one and ends in the next.
            assert_eq!(all.len() > recorded.len(), period == HOUR);
            assert_eq!(all.members(), recorded.members());
            let has_window = |&index: &usize| all.windows()[index] > 0;
            let own: Vec<usize> = (0..all.len()).filter(has_window).collect();
            assert_eq!(own.len(), recorded.len());
            for (index, &own) in own.iter().enumerate() {
                assert_eq!(all.begins()[own], recorded.begins()[index]);
                assert_eq!(all.coverage()[own], recorded.coverage()[index]);
                assert!(all.senders(own).eq(recorded.senders(index)));
            }
            assert!(
                (0..all.len())
                    .filter(|index| !own.contains(index))
                    .all(|index| all.coverage()[index] < 0.5 && all.senders(index).count() == 0)
            );
        }
    }

    #[test]
    fn totals_are_the_periods_without_members() {
        let activity = Activity::sample().unwrap();
        let (totals, periods) = (activity.totals(DAY), activity.every(DAY));
        assert_eq!(totals.messages(), periods.messages());
        assert_eq!(totals.online_mean(), periods.online_mean());
        assert!(totals.members().is_empty());
    }

    #[test]
    fn nothing_is_lost_in_merging() {
        let activity = Activity::sample().unwrap();
        for period in [HOUR, DAY, WEEK, MONTH] {
            let merged = activity.every(period);
            let volume: u64 = activity
                .message_volume()
                .iter()
                .map(|&v| u64::from(v))
                .sum();
            assert_eq!(merged.messages().iter().sum::<u64>(), volume);
            assert_eq!(merged.windows().iter().sum::<u64>(), activity.len() as u64);
            let sent: u64 = (0..merged.len())
                .flat_map(|i| merged.senders(i))
                .map(|(_, s)| s)
                .sum();
            assert_eq!(sent, volume);
            assert!(merged.begins().is_sorted());
            assert!(
                merged
                    .coverage()
                    .iter()
                    .all(|share| (0.0..=1.0).contains(share))
            );
        }
    }
}
