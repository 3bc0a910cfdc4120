//! Parts of an activity, which are activities too.

use std::collections::HashSet;

use super::rows;
use super::{Activity, Error, Gap, GapKind, Lists, MemberId, Result, Windows};
use crate::text::counted;

impl Activity {
    /// The windows of the last `days` local days; the day of the newest window is
    /// one of them. A window belongs to the day that its middle lies in. At least
    /// the newest window is in it.
    #[must_use]
    pub fn last_days(&self, days: u32) -> Self {
        let zone = self.origin().timezone();
        let newest = self.len() - 1;
        let first = zone.day(self.middle(newest)) + 1 - i64::from(days);
        let begin = zone.day_begin(first);
        let kept = (0..self.len()).filter(|&i| i == newest || self.middle(i) >= begin);
        self.some(&kept.collect::<Vec<_>>(), None)
    }

    /// The windows whose middles lie from one time to another, that one left out.
    /// Times are written `2026-03-01` (its midnight), `2026-03-01 14:30` on local
    /// clocks, or `2026-03-01T14:30:00Z`.
    ///
    /// # Errors
    ///
    /// A time can't be read, the second isn't later than the first, or no window
    /// lies between.
    ///
    /// ```
    /// let activity = activity_data::Activity::sample()?;
    /// let week = activity.between("2026-03-02", "2026-03-09")?;
    /// assert_eq!(week.last_days(7).len(), week.len());
    /// # Ok::<(), activity_data::Error>(())
    /// ```
    pub fn between(&self, begin: &str, end: &str) -> Result<Self> {
        let zone = self.origin().timezone();
        let (from, to) = (zone.read(begin)?, zone.read(end)?);
        if from >= to {
            return Err(Error::new(format!(
                "the span between {begin} and {end} is empty; the second time must be later than the first"
            )));
        }
        let (span, source) = (self.span(), self.origin().source());
        let [first, last] = [span.0, span.1].map(|time| self.origin().show(time));
        let why = format!(
            "{source} has no window between {begin} and {end}; its windows reach from {first} to {last}"
        );
        self.within(from, to).ok_or_else(|| Error::new(why))
    }

    /// As [`between`](Self::between), in milliseconds since the epoch (UTC). `None` if
    /// there is no window.
    pub fn within(&self, from: i64, to: i64) -> Option<Self> {
        let is_in = |&i: &usize| (from..to).contains(&self.middle(i));
        let kept: Vec<usize> = (0..self.len()).filter(is_in).collect();
        (!kept.is_empty()).then(|| self.some(&kept, None))
    }

    /// The windows for which this is true. All others are *not looked at*, which
    /// isn't *no data*: coverage and gaps don't count them, and lines break there
    /// without grey.
    ///
    /// # Panics
    ///
    /// It is true for no window: an activity has one at least.
    ///
    /// ```
    /// use chrono::Timelike;
    ///
    /// let activity = activity_data::Activity::sample()?;
    /// let night = activity.when(|window| window.end().hour() < 6);
    /// assert!(night.gaps().len() <= activity.gaps().len());
    /// # Ok::<(), activity_data::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn when(&self, is_kept: impl Fn(&rows::Window) -> bool) -> Self {
        let kept = self.iter().filter(|window| is_kept(window));
        let kept: Vec<usize> = kept.map(|window| window.index).collect();
        assert!(
            !kept.is_empty(),
            "`when` keeps none of the {}: ask for something that is true for one at least",
            counted(self.len(), "window")
        );
        self.some(&kept, Some(self.span()))
    }

    /// The windows at these places, which ascend. Between two that didn't follow
    /// each other, nobody looked. `span` is the time that was looked through, where
    /// that is more than from the first window to the last.
    pub(crate) fn some(&self, kept: &[usize], span: Option<(i64, i64)>) -> Self {
        let windows = self.windows().take(kept.iter().copied());
        let begins: Vec<i64> = kept.iter().map(|&i| self.begins()[i]).collect();
        let mut extent = self.recorded.extent.part(kept, &begins, &windows.ends);
        if let Some((begin, end)) = span {
            let (first, last) = std::mem::replace(&mut extent.span, (begin, end));
            extent.unseen.insert(0, Gap::new(begin, first));
            extent.unseen.push(Gap::new(last, end));
            extent.unseen.retain(|stretch| stretch.begin < stretch.end);
        }
        self.with_windows(windows, begins, extent)
    }

    /// What these members sent: of each window their messages alone are counted.
    /// Who was online stays as it is. Members are ids, or numbers.
    ///
    /// ```
    /// let activity = activity_data::Activity::sample()?;
    /// let own = activity.only_members([activity.members()[0]]);
    /// assert!(own.message_volume().iter().max() < activity.message_volume().iter().max());
    /// # Ok::<(), activity_data::Error>(())
    /// ```
    #[must_use]
    pub fn only_members<I: Into<MemberId>>(&self, ids: impl IntoIterator<Item = I>) -> Self {
        let ids: HashSet<MemberId> = ids.into_iter().map(Into::into).collect();
        self.sent_by(|id| ids.contains(&id), |_, kept, _| kept, false)
    }

    /// What all others sent: of each window these members' messages aren't counted.
    /// Who was online stays as it is. Members are ids, or numbers.
    #[must_use]
    pub fn without_members<I: Into<MemberId>>(&self, ids: impl IntoIterator<Item = I>) -> Self {
        let ids: HashSet<MemberId> = ids.into_iter().map(Into::into).collect();
        // A document may say fewer messages in all than its members sent.
        let volume = |all: u32, _, left_out| all.saturating_sub(left_out);
        self.sent_by(|id| !ids.contains(&id), volume, false)
    }

    /// The same windows without what some members sent. What was sent in all,
    /// the message volume, stays as it is.
    pub fn without(&self, is_left_out: impl Fn(MemberId) -> bool) -> Self {
        // Figures of members ask for this, mostly to leave out nobody.
        let windows = self.windows();
        let (joined, left) = (windows.joined.all().iter(), windows.left.all().iter());
        let mut ids = self.members().iter().chain(joined).chain(left);
        match ids.any(|&id| is_left_out(id)) {
            true => self.sent_by(|id| !is_left_out(id), |all, _, _| all, true),
            false => self.clone(),
        }
    }

    /// Channels in members' place: the windows whose documents say in which channels
    /// messages were sent, and what each channel had. Of the rest that isn't known. `None`
    /// where no document says it.
    pub fn channels_as_members(&self) -> Option<Self> {
        let says = |&window: &usize| self.by_channel(window).is_some();
        let kept: Vec<usize> = (0..self.len()).filter(says).collect();
        let part = (!kept.is_empty()).then(|| self.some(&kept, Some(self.span())))?;
        let mut own = Windows {
            members: self.channels().iter().map(|id| id.get().into()).collect(),
            first_sender: vec![0],
            sender: Vec::new(),
            sent: Vec::new(),
            ..part.windows().clone()
        };
        for window in 0..part.len() {
            for (channel, sent) in part.by_channel(window).into_iter().flatten() {
                own.sender.push(channel as u32);
                own.sent.push(sent);
            }
            own.first_sender.push(own.sender.len() as u32);
        }
        let mut extent = part.recorded.extent.clone();
        let was_seen = |stretch: &mut Gap| !self.unseen().contains(stretch);
        for stretch in extent.unseen.extract_if(.., was_seen) {
            extent.gaps.push(Gap {
                kind: GapKind::NotKnown,
                ..stretch
            });
        }
        extent.gaps.sort_by_key(|gap| gap.begin);
        Some(part.with_windows(own, part.begins().to_vec(), extent))
    }

    /// The same windows with what some members sent. `volume` gives a window's
    /// messages, of those in all, those of members who are kept, and the others'. In
    /// which channels whose messages were isn't known: `has_channels` keeps all, else none.
    fn sent_by(
        &self,
        is_kept: impl Fn(MemberId) -> bool,
        volume: impl Fn(u32, u32, u32) -> u32,
        has_channels: bool,
    ) -> Self {
        let kept: Vec<bool> = self.members().iter().map(|&id| is_kept(id)).collect();
        let keeps = |member: u32| kept[member as usize];
        let mut own = self.windows().select(0..self.len(), keeps);
        own.joined = own.joined.select(0..self.len(), |&id| is_kept(id));
        own.left = own.left.select(0..self.len(), |&id| is_kept(id));
        if !has_channels {
            own.by_channel = Lists::default();
        }
        for (index, all) in own.volume.iter_mut().enumerate() {
            let mut sums = [0_u32; 2];
            for (member, sent) in self.senders(index) {
                let sum = &mut sums[usize::from(kept[member])];
                *sum = sum.saturating_add(sent);
            }
            *all = volume(*all, sums[1], sums[0]);
        }
        let (begins, extent) = (self.begins().to_vec(), self.recorded.extent.clone());
        self.with_windows(own, begins, extent)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Activity, Gap, GapKind, LeftOut, Window, WindowsBuilder};

    const MINUTE: i64 = 60_000;

    /// Windows of ten minutes: a document after half an hour was left out, and after an
    /// hour there is an outage of another.
    fn activity() -> Activity {
        let mut windows = WindowsBuilder::new();
        for end in [10, 20, 30, 50, 60, 130, 140, 150, 160] {
            let end = end * MINUTE;
            let window = Window {
                end,
                ..Window::default()
            };
            windows.window(window).unwrap();
        }
        let left_out = LeftOut {
            document: "4".to_owned(),
            reason: "broken".to_owned(),
            end: Some(40 * MINUTE),
        };
        let origin = Activity::sample().unwrap().origin().clone();
        Activity::new(origin, windows.finish(), vec![left_out]).unwrap()
    }

    #[test]
    fn parts_keep_gaps_of_both_kinds_but_for_those_beside_dropped_windows() {
        let all = activity();
        let gap = |begin, end| Gap::new(begin * MINUTE, end * MINUTE);
        let left_out = Gap {
            kind: GapKind::LeftOut,
            ..gap(30, 40)
        };
        let outage = gap(60, 120);
        let without = |part: &Activity, dropped: i64| {
            part.when(|window| window.end().timestamp_millis() != dropped * MINUTE)
        };
        let beside_outage = without(&all, 60);
        for (part, gaps, unseen) in [
            (all.when(|_| true), vec![left_out, outage], vec![]),
            (all.last_hours(99), vec![left_out, outage], vec![]),
            (without(&all, 50), vec![outage], vec![gap(30, 50)]),
            (
                without(&beside_outage, 130),
                vec![left_out],
                vec![gap(50, 130)],
            ),
            (beside_outage, vec![left_out], vec![gap(50, 120)]),
            (
                without(&all, 160),
                vec![left_out, outage],
                vec![gap(150, 160)],
            ),
            (all.within(0, 46 * MINUTE).unwrap(), vec![left_out], vec![]),
            (all.within(0, 45 * MINUTE).unwrap(), vec![], vec![]),
        ] {
            assert_eq!(
                (part.gaps(), part.unseen()),
                (&gaps[..], &unseen[..]),
                "{part:?}"
            );
        }
    }
}
