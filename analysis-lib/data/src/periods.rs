//! Windows merged into hours, days, weeks or months.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use super::lengths::Extent;
use super::windows::{LeftOut, Windows};
use super::{Gap, Origin, Period, Zone};
use crate::Held;
use crate::{ChannelId, MemberId, Result};

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

/// One period, as it is summed up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Windows whose middles lie in it.
    pub windows: u64,
    /// Sum of the windows' online members, where these are known.
    pub online: u64,
    /// Windows in which they are.
    pub online_known: u64,
    /// The most members online in any window.
    pub online_max: u32,
    /// Sum of the windows' messages.
    pub messages: u64,
    /// Members of the server at the end of the last window that says it, and that end.
    pub member_count: Option<(i64, u32)>,
    /// How many joined the server, and how many left it.
    pub joined: u64,
    /// See `joined`.
    pub left: u64,
    /// Windows that say who joined.
    pub joins_known: u64,
    /// Messages by channel.
    pub by_channel: BTreeMap<ChannelId, u64>,
    /// Windows that say where messages were sent.
    pub channels_known: u64,
    /// Messages by member id.
    pub sent: BTreeMap<MemberId, u64>,
}

impl Sums {
    /// Adds another part of the same period.
    pub fn add(&mut self, other: Self) {
        self.windows += other.windows;
        self.online += other.online;
        self.online_known += other.online_known;
        self.online_max = self.online_max.max(other.online_max);
        self.messages += other.messages;
        self.member_count = self.member_count.max(other.member_count);
        self.joined += other.joined;
        self.left += other.left;
        self.joins_known += other.joins_known;
        self.channels_known += other.channels_known;
        for (id, sent) in other.by_channel {
            *self.by_channel.entry(id).or_default() += sent;
        }
        if self.sent.is_empty() {
            self.sent = other.sent;
            return;
        }
        for (id, sent) in other.sent {
            *self.sent.entry(id).or_default() += sent;
        }
    }
}

/// Sums by the first instant of their period, in milliseconds since the epoch (UTC).
pub type ByBegin = BTreeMap<i64, Sums>;

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
    members: Vec<MemberId>,
    /// Where each period's members begin, and the end of the last.
    first_sender: Vec<usize>,
    sender: Vec<u32>,
    sent: Vec<u64>,
    member_count: Vec<Option<u32>>,
    joined: Vec<u64>,
    left: Vec<u64>,
    joins_known: Vec<u64>,
    channels: Vec<ChannelId>,
    by_channel: Vec<BTreeMap<ChannelId, u64>>,
    channels_known: Vec<u64>,
    left_out: Vec<LeftOut>,
    unseen: Vec<Gap>,
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
        &self.0.channels
    }

    /// Where messages were sent in period `index`, and how many: indices into
    /// [`channels`](Self::channels) with counts.
    ///
    /// # Panics
    ///
    /// `index` is not below [`len`](Self::len).
    pub fn by_channel(&self, index: usize) -> impl Iterator<Item = (usize, u64)> + '_ {
        let place = |id| self.channels().partition_point(|other| other < id);
        let sent = self.0.by_channel[index].iter();
        sent.map(move |(id, &sent)| (place(id), sent))
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
        &self.0.members
    }

    /// Who sent messages in period `index`, and how many: indices into
    /// [`members`](Self::members) with counts.
    ///
    /// # Panics
    ///
    /// `index` is not below [`len`](Self::len).
    pub fn senders(&self, index: usize) -> impl Iterator<Item = (usize, u64)> + '_ {
        let own = self.0.first_sender[index]..self.0.first_sender[index + 1];
        let senders = self.0.sender[own.clone()].iter();
        senders
            .map(|&member| member as usize)
            .zip(self.0.sent[own].iter().copied())
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

    /// Of sums, and of what the rule of time says of their windows.
    ///
    /// # Errors
    ///
    /// There is no window.
    pub fn new(
        origin: Origin,
        period: Period,
        sums: &ByBegin,
        left_out: Vec<LeftOut>,
        extent: &Extent,
    ) -> Result<Self> {
        let Some(last) = sums.keys().next_back() else {
            return Err(origin.nothing_usable(&left_out));
        };
        let end = |&begin: &i64| origin.timezone.end(period, begin);
        let (begins, ends): (Vec<i64>, Vec<i64>) =
            sums.keys().map(|begin| (*begin, end(begin))).unzip();
        let ids = sums.values().flat_map(|sums| sums.sent.keys().copied());
        let mut members: Vec<MemberId> = ids.collect();
        members.sort_unstable();
        members.dedup();
        let index: HashMap<MemberId, u32> = members.iter().copied().zip(0..).collect();
        let (mut first_sender, mut sender, mut sent) = (vec![0], Vec::new(), Vec::new());
        for sums in sums.values() {
            sender.extend(sums.sent.keys().map(|id| index[id]));
            sent.extend(sums.sent.values());
            first_sender.push(sender.len());
        }
        let mean = |sums: &Sums| sums.online as f64 / sums.online_known as f64;
        let most = |sums: &Sums| (sums.online_known > 0).then_some(sums.online_max);
        let count = |sums: &Sums| sums.member_count.map(|(_, count)| count);
        let channels = sums
            .values()
            .flat_map(|sums| sums.by_channel.keys().copied());
        let channels: BTreeSet<ChannelId> = channels.collect();
        let all = |own: fn(&Sums) -> u64| sums.values().map(own).collect();
        Ok(Self(Held::new(Columns {
            period,
            windows: all(|sums| sums.windows),
            coverage: coverage(extent, &begins, &ends),
            is_over: extent.reaches(end(last)),
            online_mean: Means(sums.values().map(mean).collect()),
            online_max: sums.values().map(most).collect(),
            online_known: all(|sums| sums.online_known),
            messages: all(|sums| sums.messages),
            member_count: sums.values().map(count).collect(),
            joined: all(|sums| sums.joined),
            left: all(|sums| sums.left),
            joins_known: all(|sums| sums.joins_known),
            channels: channels.into_iter().collect(),
            by_channel: sums.values().map(|sums| sums.by_channel.clone()).collect(),
            channels_known: all(|sums| sums.channels_known),
            begins,
            ends,
            members,
            first_sender,
            sender,
            sent,
            left_out,
            unseen: extent.unseen.clone(),
            origin,
        })))
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
fn within<'a>(
    mut gaps: &'a [Gap],
    begins: &'a [i64],
    ends: &'a [i64],
) -> impl Iterator<Item = i64> + 'a {
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
        let Columns {
            origin,
            period,
            begins,
            ..
        } = &*self.0;
        let (first, last) = (
            origin.show(begins[0]),
            origin.show(begins[begins.len() - 1]),
        );
        write!(
            f,
            "Periods({}, {} of a {period} from {first} to {last})",
            origin.source,
            begins.len()
        )
    }
}

/// Sums windows up by their period, as they come. A window belongs to the period
/// that its middle lies in.
pub(crate) struct Merger {
    zone: Zone,
    period: Period,
    /// Whether it is kept who sent what.
    by_member: bool,
    /// The period that the windows before belonged to, of which the next mostly
    /// is too, and its sums.
    current: (i64, i64),
    sums: Sums,
    /// Messages of each member in it, and who has any.
    sent: Vec<u64>,
    senders: Vec<u32>,
    merged: ByBegin,
}

impl Merger {
    /// No window yet.
    pub(crate) fn new(zone: &Zone, period: Period, by_member: bool) -> Self {
        Self {
            zone: zone.clone(),
            period,
            by_member,
            current: (i64::MAX, i64::MAX),
            sums: Sums::default(),
            sent: Vec::new(),
            senders: Vec::new(),
            merged: ByBegin::new(),
        }
    }

    /// Adds as many of the windows as begins are given. Members keep their indices
    /// from one call to the next.
    pub(crate) fn add(&mut self, windows: &Windows, begins: &[i64]) {
        for (index, begin) in begins.iter().enumerate() {
            let middle = begin.midpoint(windows.ends[index]);
            if !(self.current.0..self.current.1).contains(&middle) {
                self.close(&windows.members);
                let begin = self.zone.begin(self.period, middle);
                self.current = (begin, self.zone.end(self.period, begin));
            }
            let sums = &mut self.sums;
            sums.windows += 1;
            if let Some(online) = windows.online[index] {
                sums.online += u64::from(online);
                sums.online_known += 1;
                sums.online_max = sums.online_max.max(online);
            }
            sums.messages += u64::from(windows.volume[index]);
            if let Some(count) = windows.member_count.get(index).and_then(<[u32]>::first) {
                let count = Some((windows.ends[index], *count));
                sums.member_count = sums.member_count.max(count);
            }
            if let Some(joined) = windows.joined.get(index) {
                sums.joined += joined.len() as u64;
                sums.joins_known += 1;
            }
            sums.left += windows.left.get(index).map_or(0, <[_]>::len) as u64;
            if let Some(channels) = windows.by_channel.get(index) {
                sums.channels_known += 1;
                for &(channel, sent) in channels {
                    let all = sums.by_channel.entry(windows.channels[channel as usize]);
                    *all.or_default() += u64::from(sent);
                }
            }
            if !self.by_member {
                continue;
            }
            self.sent.resize(windows.members.len(), 0);
            let own = windows.senders(index);
            for (&member, &sent) in windows.sender[own.clone()].iter().zip(&windows.sent[own]) {
                let all = &mut self.sent[member as usize];
                // A file may say that a member sent nothing.
                if *all == 0 && sent > 0 {
                    self.senders.push(member);
                }
                *all += u64::from(sent);
            }
        }
    }

    /// Ends the current period: what comes later of it is added to it.
    pub(crate) fn close(&mut self, members: &[MemberId]) {
        let mut sums = std::mem::take(&mut self.sums);
        if sums.windows == 0 {
            return;
        }
        let sent = &mut self.sent;
        sums.sent = self
            .senders
            .drain(..)
            .map(|member| {
                (
                    members[member as usize],
                    std::mem::take(&mut sent[member as usize]),
                )
            })
            .collect();
        self.merged.entry(self.current.0).or_default().add(sums);
        self.current = (i64::MAX, i64::MAX);
    }

    /// The periods that were ended since the last time.
    pub(crate) fn take(&mut self) -> ByBegin {
        std::mem::take(&mut self.merged)
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
            // The sample has an outage of eleven hours.
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
