//! From what is heard to windows. There is no clock here and no network: each
//! call says when it is.
//!
//! A window ends on the clock, but it is finished only when something was heard
//! after its end: a connection that died in silence must not pass for a quiet
//! hour. Discord answers a heartbeat every 41 seconds, so that is soon.
//!
//! Times are milliseconds since the epoch (UTC).

use std::collections::{BTreeMap, HashMap, HashSet};

use activity_discord::store::document::Window;

use super::event::{Members, Threads};

/// How long after its end a window still takes messages that were sent in it.
pub(crate) const GRACE: i64 = 1_000;
/// Nothing is heard for this long on a connection that is up only when the
/// machine slept or its clock was set: Discord answers heartbeats sooner.
pub(crate) const SILENCE: i64 = 180_000;
/// A clock that goes back by less is waited for, within the running window.
pub(crate) const STEP_BACK: i64 = 5_000;

/// A window that still takes messages.
#[derive(Default)]
struct Open {
    since: i64,
    /// The first window after a gap may turn out to have begun as early as this.
    earliest: i64,
    /// Where the clock ends it.
    end: i64,
    quantities: BTreeMap<u64, u32>,
    /// By channel or thread.
    channels: BTreeMap<u64, u32>,
    joined: Vec<u64>,
    left: Vec<u64>,
}

/// Who was there at a window's end.
struct Present {
    online: u32,
    members: Option<u32>,
}

/// What is known of one server now.
pub(crate) struct Recorder {
    /// Of a whole window.
    length: i64,
    /// Everything that happened until then has been heard.
    heard: i64,
    /// Whether events are heard as they happen. After the connection was lost
    /// they are told later, in their order, up to when it is resumed.
    live: bool,
    /// Whether Discord tells about the server.
    there: bool,
    /// Members whose id isn't in here count as human.
    bots: HashSet<u64>,
    /// Members online, idle or busy, bots among them.
    online: HashSet<u64>,
    /// Members who are human, as far as they are listed, and of how many parts the
    /// list came already.
    humans: HashSet<u64>,
    parts: u32,
    /// Whether these are all.
    is_listed: bool,
    /// Threads, and the channel that each belongs to.
    threads: HashMap<u64, u64>,
    running: Option<Open>,
    /// The window before, until [`GRACE`] is over, and who was there at its end.
    ended: Option<(Open, Present)>,
    finished: Vec<Window>,
    /// From where to where nothing was recorded.
    gap: Option<(i64, i64)>,
}

impl Recorder {
    /// `length`: of a window, in milliseconds.
    pub(crate) fn new(length: i64) -> Self {
        Self {
            length,
            heard: i64::MIN,
            live: false,
            there: false,
            bots: HashSet::new(),
            online: HashSet::new(),
            humans: HashSet::new(),
            parts: 0,
            is_listed: false,
            threads: HashMap::new(),
            running: None,
            ended: None,
            finished: Vec::new(),
            gap: None,
        }
    }

    /// Takes the windows that were finished since the last call, in order.
    pub(crate) fn finished(&mut self) -> Vec<Window> {
        std::mem::take(&mut self.finished)
    }

    /// Takes the last stretch of time that no window covers.
    pub(crate) fn gap(&mut self) -> Option<(i64, i64)> {
        self.gap.take()
    }

    pub(crate) fn is_live(&self) -> bool {
        self.live
    }

    /// Whether a window is running.
    #[cfg(test)]
    pub(crate) fn is_recording(&self) -> bool {
        self.running.is_some()
    }

    /// Something came over a connection that may or may not be up.
    pub(crate) fn hear(&mut self, now: i64) {
        if !self.live {
            return;
        }
        let is_continuous = now >= self.heard.saturating_sub(STEP_BACK)
            && now <= self.heard.saturating_add(SILENCE);
        if self.running.is_some() && !is_continuous {
            self.end();
        }
        // Windows must not overlap, so a clock that went back has to come back
        // to where it was.
        if self.running.is_none() && self.there && now >= self.heard {
            self.begin(now);
        }
        if self.running.is_some() {
            self.advance(now);
        }
    }

    fn begin(&mut self, now: i64) {
        if self.heard > i64::MIN && now > self.heard {
            self.gap = Some((self.heard, now));
        }
        let on_the_clock = now.div_euclid(self.length) * self.length;
        let earliest = self.heard.max(on_the_clock);
        self.heard = now;
        self.open(now, earliest);
    }

    fn open(&mut self, since: i64, earliest: i64) {
        self.running = Some(Open {
            since,
            earliest,
            end: (since.div_euclid(self.length) + 1) * self.length,
            ..Open::default()
        });
    }

    /// `time`: the end.
    fn close(&mut self, open: Open, time: i64, present: Present) {
        let mut channels = BTreeMap::new();
        for (id, sent) in open.channels {
            let channel = self.threads.get(&id).copied().unwrap_or(id);
            *channels.entry(channel).or_default() += sent;
        }
        self.finished.push(Window {
            since: open.since,
            time,
            online: Some(present.online),
            quantities: open.quantities.into_iter().collect(),
            members: present.members,
            joined: Some(open.joined),
            left: Some(open.left),
            channels: Some(channels.into_iter().collect()),
        });
    }

    /// Time goes on up to `now`, and windows end that end before.
    fn advance(&mut self, now: i64) {
        self.heard = self.heard.max(now);
        while let Some(over) = self.running.take_if(|open| open.end <= self.heard) {
            self.finish_ended();
            self.open(over.end, over.end);
            self.ended = Some((over, self.present()));
        }
        if let Some((open, _)) = &self.ended
            && self.heard >= open.end + GRACE
        {
            self.finish_ended();
        }
    }

    fn present(&self) -> Present {
        let count = |humans| u32::try_from(humans).unwrap_or(u32::MAX);
        Present {
            online: count(self.online.difference(&self.bots).count()),
            members: self.is_listed.then(|| count(self.humans.len())),
        }
    }

    fn finish_ended(&mut self) {
        if let Some((open, present)) = self.ended.take() {
            let end = open.end;
            self.close(open, end, present);
        }
    }

    /// The running window ends with the last that was heard.
    pub(crate) fn end(&mut self) {
        self.finish_ended();
        if let Some(open) = self.running.take() {
            // What was heard last is part of it.
            let end = self.heard + 1;
            let is_empty = open.quantities.is_empty() && open.joined.is_empty();
            if self.heard > open.since || !is_empty || !open.left.is_empty() {
                self.close(open, end, self.present());
                self.heard = end;
            }
        }
    }

    /// A new session began: what happened since the last one is not told.
    pub(crate) fn ready(&mut self) {
        self.end();
        self.online.clear();
        self.is_listed = false;
        self.there = false;
        self.live = true;
    }

    /// The connection is gone; it may be resumed.
    pub(crate) fn lost(&mut self) {
        self.live = false;
    }

    /// Everything that happened meanwhile has been told.
    pub(crate) fn resumed(&mut self, now: i64) {
        self.live = true;
        if now >= self.heard.saturating_sub(STEP_BACK) && self.running.is_some() {
            self.advance(now);
        }
        self.hear(now);
    }

    /// The server is there, with these members, or all of them, and these threads.
    pub(crate) fn server(&mut self, now: i64, members: Members, whole: bool, threads: Threads) {
        self.online.clear();
        self.humans.clear();
        self.add(members);
        self.list_anew();
        self.is_listed = whole;
        self.threads(threads);
        self.there = true;
        self.hear(now);
    }

    fn add(&mut self, members: Members) {
        self.bots.extend(members.bots);
        self.humans.extend(members.humans);
        self.online.extend(members.online);
    }

    /// Whether all members are known.
    pub(crate) fn is_listed(&self) -> bool {
        self.is_listed
    }

    /// All members are asked for.
    pub(crate) fn list_anew(&mut self) {
        self.parts = 0;
    }

    /// A part of the list of members, of so many.
    pub(crate) fn listed(&mut self, members: Members, parts: u32) {
        self.add(members);
        self.parts += 1;
        self.is_listed |= self.parts == parts;
    }

    pub(crate) fn threads(&mut self, threads: Threads) {
        self.threads.extend(threads);
    }

    /// Discord doesn't tell about the server for now.
    pub(crate) fn server_gone(&mut self) {
        self.there = false;
        self.end();
    }

    pub(crate) fn presence(&mut self, id: u64, online: bool) {
        if online {
            self.online.insert(id);
        } else {
            self.online.remove(&id);
        }
    }

    /// A human member's message, sent at `time` by Discord's clock.
    pub(crate) fn message(&mut self, now: i64, time: i64, author: u64, channel: u64) {
        if let Some((open, _)) = self.window_of(now, time) {
            *open.quantities.entry(author).or_default() += 1;
            *open.channels.entry(channel).or_default() += 1;
        }
    }

    /// Somebody joined, at `time` by Discord's clock, where it is told.
    pub(crate) fn joined(&mut self, now: i64, time: Option<i64>, id: u64, is_bot: bool) {
        if is_bot {
            self.bots.insert(id);
            return;
        }
        let is_new = !self.humans.contains(&id);
        if let Some((open, present)) = self.window_of(now, time.unwrap_or(now)) {
            open.joined.push(id);
            // The window's end had come, but not this.
            if let Some(present) = present.filter(|_| is_new) {
                present.members = present.members.map(|members| members + 1);
            }
        }
        self.humans.insert(id);
    }

    /// Somebody left.
    pub(crate) fn left(&mut self, id: u64, is_bot: bool) {
        self.online.remove(&id);
        self.humans.remove(&id);
        if let Some(open) = self.running.as_mut().filter(|_| !is_bot) {
            open.left.push(id);
        }
    }

    /// The window that this time of Discord's lies in, and who was there at its end
    /// where that has come.
    fn window_of(&mut self, now: i64, time: i64) -> Option<(&mut Open, Option<&mut Present>)> {
        if !self.live && self.running.is_some() {
            self.advance(time.min(now));
        }
        let (open, present) = match &mut self.ended {
            Some((ended, present)) if time < ended.end => (ended, Some(present)),
            _ => (self.running.as_mut()?, None),
        };
        // The window began when Discord said that the server is there, and this
        // happened before that, but is told after it: the window begins with it.
        if time < open.since {
            open.since = time.max(open.earliest);
        }
        Some((open, present))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;
    const TEN: i64 = 10 * MINUTE;

    const CHANNEL: u64 = 9;

    fn members(humans: &[u64], bots: &[u64], online: &[u64]) -> Members {
        Members {
            humans: humans.to_vec(),
            bots: bots.to_vec(),
            online: online.to_vec(),
        }
    }

    /// A recorder in a server with a bot, 1, and two people, of whom 2 is online.
    fn recorder(now: i64) -> Recorder {
        let mut recorder = Recorder::new(TEN);
        recorder.ready();
        recorder.server(now, members(&[2, 3], &[1], &[1, 2]), true, Vec::new());
        recorder
    }

    /// As long as nothing happens, Discord answers heartbeats.
    fn quiet(recorder: &mut Recorder, from: i64, to: i64) {
        for now in (from..=to).step_by(40_000) {
            recorder.hear(now);
        }
    }

    fn window(since: i64, time: i64, online: u32, quantities: &[(u64, u32)]) -> Window {
        let sent = quantities.iter().map(|&(_, sent)| sent).sum();
        let channels = (sent > 0).then_some((CHANNEL, sent));
        Window {
            since,
            time,
            online: Some(online),
            quantities: quantities.to_vec(),
            members: Some(2),
            joined: Some(Vec::new()),
            left: Some(Vec::new()),
            channels: Some(channels.into_iter().collect()),
        }
    }

    fn message(recorder: &mut Recorder, now: i64, time: i64, author: u64) {
        recorder.hear(now);
        recorder.message(now, time, author, CHANNEL);
    }

    #[test]
    fn windows_end_on_the_clock() {
        let mut recorder = recorder(TEN + 7 * MINUTE);
        message(&mut recorder, TEN + 8 * MINUTE, TEN + 8 * MINUTE, 2);
        recorder.presence(3, true);
        quiet(&mut recorder, TEN + 8 * MINUTE, 2 * TEN + MINUTE);
        recorder.presence(2, false);
        quiet(&mut recorder, 2 * TEN + MINUTE, 3 * TEN + MINUTE);
        assert_eq!(
            recorder.finished(),
            [
                window(TEN + 7 * MINUTE, 2 * TEN, 2, &[(2, 1)]),
                window(2 * TEN, 3 * TEN, 1, &[])
            ]
        );
    }

    #[test]
    fn a_message_belongs_to_when_it_was_sent() {
        let mut recorder = recorder(0);
        quiet(&mut recorder, 0, TEN - 1);
        // Sent before the end and heard after it, and the other way round where
        // Discord's clock is ahead.
        message(&mut recorder, TEN - 5, TEN + 1, 2);
        message(&mut recorder, TEN + 70, TEN - 1, 2);
        message(&mut recorder, TEN + 80, TEN, 3);
        // Too late, but not lost.
        message(&mut recorder, TEN + GRACE, TEN - 1, 4);
        quiet(&mut recorder, TEN + MINUTE, 2 * TEN + MINUTE);
        assert_eq!(
            recorder.finished(),
            [
                window(0, TEN, 1, &[(2, 2)]),
                window(TEN, 2 * TEN, 1, &[(3, 1), (4, 1)])
            ]
        );
    }

    #[test]
    fn what_was_missed_is_told_when_the_connection_is_resumed() {
        let mut recorder = recorder(0);
        quiet(&mut recorder, 0, 5 * MINUTE);
        recorder.lost();
        // Back after two ends, and told in order what happened.
        let now = 2 * TEN + 3 * MINUTE;
        recorder.hear(now);
        recorder.message(now, 6 * MINUTE, 2, CHANNEL);
        recorder.presence(3, true);
        recorder.message(now, TEN + MINUTE, 3, CHANNEL);
        recorder.presence(2, false);
        recorder.message(now, 2 * TEN + MINUTE, 3, CHANNEL);
        recorder.resumed(now);
        recorder.end();
        assert_eq!(
            recorder.finished(),
            [
                window(0, TEN, 2, &[(2, 1)]),
                window(TEN, 2 * TEN, 1, &[(3, 1)]),
                window(2 * TEN, now + 1, 1, &[(3, 1)])
            ]
        );
    }

    #[test]
    fn a_window_ends_with_the_last_that_was_heard() {
        let mut recorder = recorder(0);
        message(&mut recorder, MINUTE, MINUTE, 2);
        recorder.lost();
        recorder.ready();
        recorder.hear(5 * MINUTE);
        recorder.message(5 * MINUTE, 5 * MINUTE, 2, CHANNEL);
        recorder.server(6 * MINUTE, members(&[2, 3], &[], &[2, 3]), true, Vec::new());
        assert_eq!(recorder.gap(), Some((MINUTE + 1, 6 * MINUTE)));
        message(&mut recorder, 7 * MINUTE, 7 * MINUTE, 3);
        recorder.end();
        assert_eq!(
            recorder.finished(),
            [
                window(0, MINUTE + 1, 1, &[(2, 1)]),
                window(6 * MINUTE, 7 * MINUTE + 1, 2, &[(3, 1)])
            ]
        );
    }

    #[test]
    fn silence_is_not_a_quiet_hour() {
        let mut recorder = recorder(0);
        quiet(&mut recorder, 0, 4 * MINUTE);
        recorder.hear(TEN + MINUTE);
        quiet(&mut recorder, TEN + MINUTE, 2 * TEN + MINUTE);
        assert_eq!(
            recorder.finished(),
            [
                window(0, 4 * MINUTE + 1, 1, &[]),
                window(TEN + MINUTE, 2 * TEN, 1, &[])
            ]
        );
    }

    #[test]
    fn who_joined_and_left_is_in_the_window_of_its_time() {
        let mut recorder = recorder(0);
        quiet(&mut recorder, 0, TEN - 1);
        recorder.left(1, true);
        recorder.joined(TEN - 1, None, 4, true);
        recorder.left(3, false);
        recorder.joined(TEN - 1, Some(TEN - 2), 3, false);
        // Joined before the end and told after it; a second one, of nobody new.
        recorder.hear(TEN + 1);
        recorder.joined(TEN + 1, Some(TEN - 1), 5, false);
        recorder.joined(TEN + 1, Some(TEN - 1), 5, false);
        recorder.joined(TEN + 1, Some(TEN), 6, false);
        recorder.left(6, false);
        recorder.lost();
        // What was missed is told in order, a leave without its time.
        let now = 3 * TEN + MINUTE;
        recorder.hear(now);
        recorder.joined(now, Some(2 * TEN + 1), 7, false);
        recorder.left(5, false);
        recorder.resumed(now);
        let there = |since, joined: &[u64], left: &[u64], members| Window {
            joined: Some(joined.to_vec()),
            left: Some(left.to_vec()),
            members: Some(members),
            ..window(since, since + TEN, 1, &[])
        };
        assert_eq!(
            recorder.finished(),
            [
                there(0, &[3, 5, 5], &[3], 3),
                there(TEN, &[6], &[6], 3),
                there(2 * TEN, &[7], &[5], 3),
            ]
        );
    }

    #[test]
    fn members_are_counted_when_all_are_listed() {
        let mut recorder = Recorder::new(TEN);
        let mut counts = Vec::new();
        for _ in 0..2 {
            recorder.ready();
            let now = counts.len() as i64 * TEN;
            recorder.server(now, members(&[2], &[1], &[1]), false, Vec::new());
            recorder.joined(now, None, 3, false);
            recorder.listed(members(&[2, 3], &[1], &[]), 2);
            quiet(&mut recorder, now, now + TEN + MINUTE);
            recorder.listed(members(&[4], &[], &[]), 2);
            quiet(&mut recorder, now + TEN + MINUTE, now + 2 * TEN + MINUTE);
            recorder.end();
            let finished = recorder.finished();
            counts.extend(finished.iter().map(|window| window.members));
        }
        let session = [None, Some(3), Some(3)];
        assert_eq!(counts, [session, session].concat());
    }

    #[test]
    fn messages_in_threads_are_their_channel_s() {
        let mut recorder = recorder(0);
        recorder.threads(vec![(11, 9)]);
        // Of one thread nothing is known, and of another it is told late.
        for (channel, sent) in [(9, 1), (11, 2), (12, 4), (13, 8)] {
            (0..sent).for_each(|now| recorder.message(now, now, 2, channel));
        }
        recorder.threads(vec![(12, 8)]);
        recorder.end();
        let channels = recorder.finished().remove(0).channels;
        assert_eq!(channels, Some(vec![(8, 4), (9, 3), (13, 8)]));
    }

    #[test]
    fn a_clock_that_goes_back_makes_no_windows_that_overlap() {
        for back in [1_000, MINUTE, 25 * MINUTE] {
            let mut recorder = recorder(0);
            let mut now = 0;
            for step in 0..4_000 {
                now += if step == 1_600 { -back } else { 1_000 };
                message(&mut recorder, now, now, 2);
            }
            recorder.end();
            let windows = recorder.finished();
            let sent: u32 = windows.iter().map(|window| window.quantities[0].1).sum();
            for pair in windows.windows(2) {
                assert!(pair[0].time <= pair[1].since, "{windows:?}");
            }
            let waited = if back > STEP_BACK { back / 1_000 } else { 0 };
            assert!(i64::from(sent).abs_diff(4_000 - waited) < 2, "{sent}");
        }
    }

    #[test]
    fn the_first_window_begins_with_the_first_message_that_is_told() {
        let mut recorder = recorder(TEN + MINUTE);
        message(&mut recorder, TEN + MINUTE + 5, TEN + MINUTE - 20, 2);
        recorder.ready();
        recorder.server(
            TEN + MINUTE + 30,
            members(&[2, 3], &[], &[]),
            true,
            Vec::new(),
        );
        message(&mut recorder, TEN + MINUTE + 40, TEN + MINUTE, 2);
        quiet(&mut recorder, TEN + MINUTE + 50, 2 * TEN + MINUTE);
        let cut = TEN + MINUTE + 6;
        assert_eq!(
            recorder.finished(),
            [
                window(TEN + MINUTE - 20, cut, 1, &[(2, 1)]),
                window(cut, 2 * TEN, 0, &[(2, 1)])
            ]
        );
    }

    #[test]
    fn a_window_without_any_length_is_none() {
        let mut recorder = recorder(0);
        recorder.end();
        assert!(recorder.finished().is_empty());
        recorder.hear(TEN);
        recorder.message(TEN, TEN, 2, CHANNEL);
        recorder.server_gone();
        assert_eq!(recorder.finished(), [window(TEN, TEN + 1, 1, &[(2, 1)])]);
    }
}
