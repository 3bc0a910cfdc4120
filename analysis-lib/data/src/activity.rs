//! What was recorded, window by window.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::lengths::Extent;
use super::periods::{Places, Sent, places, sent_by_period};
use super::windows::{LeftOut, Windows};
use super::{Event, Gap, GapKind, Origin, Period, Periods, Provenance, lengths};
use crate::Held;
use crate::{ChannelId, MemberId, Result};

/// A server's activity: windows in columns, sorted by the windows' ends.
///
/// There is at least one window. All columns have one entry a window; who sent
/// how much is kept sparsely, since few members write in any one window.
///
/// ```
/// let activity = activity_data::Activity::sample()?;
/// assert_eq!(activity.ends().len(), activity.online_members().len());
/// # Ok::<(), activity_data::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Activity {
    pub(crate) origin: Held<Origin>,
    pub(crate) recorded: Held<Recorded>,
    pub(crate) left_out: Held<Vec<LeftOut>>,
    pub(crate) names: Held<BTreeMap<MemberId, String>>,
}

/// The windows, and what the rule of time says of them.
#[derive(PartialEq)]
pub(crate) struct Recorded {
    pub(crate) windows: Windows,
    /// When each window began, in milliseconds since the epoch (UTC).
    pub(crate) begins: Vec<i64>,
    pub(crate) extent: Extent,
    /// Windows that were left out because an equal one is there.
    pub(crate) twice: usize,
    pub(crate) kept: Kept,
}

/// What takes long to compute from the windows, one value of each type, kept for
/// the next who asks: two figures show one fit.
#[derive(Default)]
pub(crate) struct Kept(Mutex<Vec<Box<dyn Any + Send + Sync>>>);

/// Windows are equal whatever was computed from them.
impl PartialEq for Kept {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Activity {
    /// Sorts the windows, takes each document once, and finds out when each
    /// window began.
    ///
    /// # Errors
    ///
    /// There is no window.
    pub fn new(origin: Origin, mut windows: Windows, left_out: Vec<LeftOut>) -> Result<Self> {
        let twice = windows.put_in_order();
        Self::in_order(origin, windows, twice, left_out)
    }

    fn in_order(
        origin: Origin,
        windows: Windows,
        twice: usize,
        left_out: Vec<LeftOut>,
    ) -> Result<Self> {
        if windows.len() == 0 {
            return Err(origin.nothing_usable(&left_out));
        }
        let unused = left_out.iter().filter_map(|one| one.end).collect();
        let (begins, extent) = lengths::told(&windows.ends, &windows.declared, unused);
        Ok(Self {
            origin: Held::new(origin),
            recorded: Held::new(Recorded {
                windows,
                begins,
                extent,
                twice,
                kept: Kept::default(),
            }),
            left_out: Held::new(left_out),
            names: Held::new(BTreeMap::new()),
        })
    }

    /// The windows in columns.
    pub fn windows(&self) -> &Windows {
        &self.recorded.windows
    }

    /// Source, server and time zone.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// As [`origin`](Self::origin), for what is computed from the activity and
    /// travels with it.
    pub fn shared_origin(&self) -> Held<Origin> {
        self.origin.clone()
    }

    /// What its owner says happened, in order of time: the lines of `events.csv`, or
    /// what the sample is made with.
    pub fn events(&self) -> &[Event] {
        &self.origin.events
    }

    /// Its origin for rows of results.
    pub fn provenance(&self) -> Provenance {
        Provenance::of(&self.origin)
    }

    /// A value computed from the windows, one of each type: computed for the first
    /// who asks, and kept for all others who look at the same windows.
    ///
    /// # Errors
    ///
    /// It can't be computed.
    pub fn kept<T: Clone + Send + Sync + 'static>(
        &self,
        compute: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        // A thread that panicked has left nothing half done: values are pushed whole.
        let kept = &self.recorded.kept.0;
        let all = || kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = all().iter().find_map(|kept| kept.downcast_ref::<T>()) {
            return Ok(kept.clone());
        }
        let value = compute()?;
        all().push(Box::new(value.clone()));
        Ok(value)
    }

    /// The number of windows, at least 1.
    #[allow(clippy::len_without_is_empty)] // It never is.
    pub fn len(&self) -> usize {
        self.windows().len()
    }

    /// End of each window, in milliseconds since the epoch (UTC), ascending.
    pub fn ends(&self) -> &[i64] {
        &self.windows().ends
    }

    /// When each window began, in milliseconds since the epoch (UTC): as its
    /// document says in `since`; else where the window before ended, unless a
    /// gap lies between. A window after a gap, and the first of all, is as long
    /// as those beside it. Windows of two bots overlap.
    pub fn begins(&self) -> &[i64] {
        &self.recorded.begins
    }

    /// The usual length of a window: the median, in milliseconds. `None` for
    /// windows that all end at the same moment.
    pub fn usual_length(&self) -> Option<i64> {
        self.recorded.extent.usual_length
    }

    /// The stretches in which nothing was recorded, in order.
    pub fn gaps(&self) -> &[Gap] {
        &self.recorded.extent.gaps
    }

    /// The stretches that [`when`](Self::when) dropped, in order: whether anything was
    /// recorded there isn't asked any more.
    pub fn unseen(&self) -> &[Gap] {
        &self.recorded.extent.unseen
    }

    /// The middle of a window, in milliseconds since the epoch (UTC): the window
    /// belongs to the hour, day, week and month that this lies in.
    pub fn middle(&self, index: usize) -> i64 {
        self.begins()[index].midpoint(self.ends()[index])
    }

    /// The time that was looked through: when the first window began, and when the
    /// last ended, those that [`when`](Self::when) dropped included.
    pub fn span(&self) -> (i64, i64) {
        self.recorded.extent.span
    }

    /// Whether windows reach this time, but for half a window.
    pub fn reaches(&self, time: i64) -> bool {
        self.recorded.extent.reaches(time)
    }

    /// Online members at each window's end; `None` where that isn't known.
    pub fn online_members(&self) -> &[Option<u32>] {
        &self.windows().online
    }

    /// Message volume: messages in each window.
    pub fn message_volume(&self) -> &[u32] {
        &self.windows().volume
    }

    /// Discord ids of all members who were seen to send a message in the data
    /// that was pulled, in the order they were first seen.
    pub fn members(&self) -> &[MemberId] {
        &self.windows().members
    }

    /// Who sent messages in window `index`, and how many: indices into
    /// [`members`](Self::members) with counts.
    ///
    /// # Panics
    ///
    /// `index` is not below [`len`](Self::len).
    pub fn senders(&self, index: usize) -> impl Iterator<Item = (usize, u32)> + '_ {
        let windows = self.windows();
        let own = windows.senders(index);
        let senders = windows.sender[own.clone()].iter().zip(&windows.sent[own]);
        senders.map(|(&member, &sent)| (member as usize, sent))
    }

    /// The share of the recorded time in which online members are known, from 0 to 1.
    pub fn online_known(&self) -> f64 {
        let lengths = self.begins().iter().zip(self.ends());
        let lengths = lengths.map(|(begin, end)| end - begin);
        let known = lengths.clone().zip(self.online_members());
        let known = known.filter(|(_, online)| online.is_some());
        let known: i64 = known.map(|(length, _)| length).sum();
        match lengths.sum() {
            // A lone moment has no length.
            0 => f64::from(self.online_members()[0].is_some()),
            all => known as f64 / all as f64,
        }
    }

    /// Human members of the server at each window's end; `None` where the document
    /// doesn't say.
    pub fn member_count(&self) -> Vec<Option<u32>> {
        let counts = &self.windows().member_count;
        let count = |index| Some(*counts.get(index)?.first()?);
        (0..self.len()).map(count).collect()
    }

    /// Who joined the server in window `index`, in order, once for each time; `None`
    /// where the document doesn't say.
    pub fn joined(&self, index: usize) -> Option<&[MemberId]> {
        self.windows().joined.get(index)
    }

    /// Who left it, likewise.
    pub fn left(&self, index: usize) -> Option<&[MemberId]> {
        self.windows().left.get(index)
    }

    /// Ids of all channels that documents name, in the order they were first seen.
    pub fn channels(&self) -> &[ChannelId] {
        &self.windows().channels
    }

    /// Where messages were sent in window `index`, and how many: indices into
    /// [`channels`](Self::channels) with counts. `None` where the document doesn't say.
    pub fn by_channel(&self, index: usize) -> Option<impl Iterator<Item = (usize, u32)> + '_> {
        let channels = self.windows().by_channel.get(index)?.iter();
        Some(channels.map(|&(channel, sent)| (channel as usize, sent)))
    }

    /// The names that files had for those who wrote in them. They are not saved.
    pub fn names_in_files(&self) -> &BTreeMap<MemberId, String> {
        &self.names
    }

    /// Documents that were left out, and why.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// How many documents are there twice, equal in all but `_id`. They count
    /// once.
    pub fn duplicates(&self) -> usize {
        self.recorded.twice
    }

    /// How many windows begin before the one before them ended: two bots wrote
    /// them. They all count, so messages that both bots saw are there twice.
    pub fn overlapping(&self) -> usize {
        self.overlaps().count()
    }

    /// Which windows these are.
    pub(crate) fn overlaps(&self) -> impl Iterator<Item = usize> + '_ {
        lengths::overlapping(self.begins(), self.ends())
    }

    /// The time that documents which were left out cover and no window does, in
    /// milliseconds.
    pub fn left_out_time(&self) -> i64 {
        let is_left_out = |gap: &&Gap| gap.kind == GapKind::LeftOut;
        let gaps = self.gaps().iter().filter(is_left_out);
        gaps.map(|gap| gap.end - gap.begin).sum()
    }

    /// The same windows, with another name in titles than `SERVER_NAME`. The
    /// sample keeps its own.
    #[must_use]
    pub fn with_server_name(mut self, name: &str) -> Self {
        if !self.origin.is_sample() {
            self.origin = Held::new(Origin {
                server: name.to_owned(),
                ..self.origin().clone()
            });
        }
        self
    }

    /// The same windows, with one more event, at a time as
    /// [`between`](Self::between) takes it.
    ///
    /// # Errors
    ///
    /// The time can't be read.
    ///
    /// ```
    /// let activity = activity_data::Activity::sample()?;
    /// let activity = activity.with_event("2026-03-21 20:00", "Movie night")?;
    /// assert!(activity.events().iter().any(|event| event.label == "Movie night"));
    /// # Ok::<(), activity_data::Error>(())
    /// ```
    pub fn with_event(mut self, time: &str, label: &str) -> Result<Self> {
        let mut origin = self.origin().clone();
        let (time, label) = (origin.timezone.read(time)?, label.to_owned());
        origin.events.push(Event { time, label });
        origin.events.sort_by_key(|event| event.time);
        self.origin = Held::new(origin);
        Ok(self)
    }

    /// The windows of the last `hours` hours before the newest window's end.
    /// At least the newest window is in it.
    #[must_use]
    pub fn last_hours(&self, hours: u32) -> Self {
        let last = self.ends()[self.len() - 1];
        let after = last.saturating_sub(i64::from(hours) * 3_600_000);
        let first = self.ends().partition_point(|&time| time <= after);
        let kept = first.min(self.len() - 1)..self.len();
        self.some(&kept.collect::<Vec<_>>(), None)
    }

    /// These windows in place of its own.
    pub(crate) fn with_windows(&self, windows: Windows, begins: Vec<i64>, extent: Extent) -> Self {
        Self {
            origin: self.origin.clone(),
            recorded: Held::new(Recorded {
                extent,
                windows,
                begins,
                twice: self.recorded.twice,
                kept: Kept::default(),
            }),
            left_out: self.left_out.clone(),
            names: self.names.clone(),
        }
    }

    /// Merges windows into hours, days, weeks or months of the origin's time
    /// zone: sums of messages, mean and maximum of online members. A window
    /// belongs to the period that its middle lies in.
    #[must_use]
    pub fn every(&self, period: Period) -> Periods {
        let places = self.places(period);
        let sent = sent_by_period(self.windows(), &places);
        self.periods(period, &places, sent)
    }

    /// As [`every`](Self::every), with the periods between that have no window:
    /// each begins where the one before it ends. Nobody wrote in those without
    /// one, and their mean of online members is no number.
    #[must_use]
    pub fn calendar(&self, period: Period) -> Periods {
        let mut places = self.places(period);
        let sent = sent_by_period(self.windows(), &places);
        let mut begins = places.keys().copied();
        if let (Some(mut begin), Some(last)) = (begins.next(), begins.next_back()) {
            while begin < last {
                begin = self.origin.timezone.end(period, begin);
                places.entry(begin).or_default();
            }
        }
        self.periods(period, &places, sent)
    }

    /// As [`every`](Self::every), without who sent what, which takes the longest
    /// to merge: there are no members.
    #[must_use]
    pub fn totals(&self, period: Period) -> Periods {
        self.periods(period, &self.places(period), Sent::new())
    }

    /// The periods of windows that are in order and there once each, without who sent
    /// what in them: that is merged already.
    ///
    /// # Errors
    ///
    /// There is no window.
    pub fn merged(
        origin: Origin,
        windows: Windows,
        left_out: Vec<LeftOut>,
        period: Period,
        sent: Sent,
    ) -> Result<Periods> {
        let activity = Self::in_order(origin, windows, 0, left_out)?;
        Ok(activity.periods(period, &activity.places(period), sent))
    }

    fn places(&self, period: Period) -> Places {
        places(&self.origin.timezone, period, self.begins(), self.ends())
    }

    fn periods(&self, period: Period, places: &Places, sent: Sent) -> Periods {
        let (origin, left_out) = (self.origin().clone(), self.left_out().to_vec());
        let (windows, extent) = (self.windows(), &self.recorded.extent);
        Periods::new(origin, period, windows, places, sent, left_out, extent)
    }
}

/// One line: the columns would fill pages.
impl fmt::Debug for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |index: usize| self.origin.show(self.ends()[index]);
        let (source, count) = (&self.origin.source, self.len());
        let (first, last) = (shown(0), shown(count - 1));
        write!(
            f,
            "Activity({source}, {count} windows from {first} to {last})"
        )
    }
}
