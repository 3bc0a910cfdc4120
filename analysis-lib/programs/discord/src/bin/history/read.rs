//! Reads all channels side by side, the one that is furthest behind first, and writes
//! each window when all have been read past its end.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::sync::Arc;
use std::time::Duration;

use activity_data::source::document::time_of;
use activity_data::text::{counted, grouped};
use activity_discord::message::Message;
use activity_discord::program::{moment, say};
use activity_discord::rest::{Discord, Failure};
use activity_discord::store::document::Window;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};

use super::channels::Channel;
use super::counts::Counts;
use super::progress::{Page, Progress};
use super::stretches::{Covered, Stretches, id_at};
use super::write::Writer;

/// Messages in a page, the most that Discord gives.
const PAGE: usize = 100;
/// Requests that wait for an answer at once.
const AT_ONCE: usize = 32;
/// How much memory counts may take of windows that aren't written yet. With more, only
/// the channels that the next window waits for are read on.
const MOST_BYTES: usize = 100 << 20;
/// From one time that what was read is brought to the disk, and written, to the next.
const TICK: Duration = Duration::from_secs(1);
/// From one progress line to the next.
const PROGRESS: Duration = Duration::from_secs(10);

/// A channel, and how far it is read.
struct Reading {
    channel: Channel,
    /// The first id that is wanted and not read; `None`: all is.
    next: Option<u64>,
    /// When it may be asked for the next page.
    ready: Instant,
    is_asked: bool,
    /// Whether there was any message.
    has_any: bool,
}

/// What could not be read.
#[derive(Default)]
pub(crate) struct Unread {
    /// The bot may not read these, or no longer.
    pub(crate) refused: Vec<String>,
    /// These gave nothing, though there was a message.
    pub(crate) silent: Vec<String>,
}

pub(crate) struct Reader<'a> {
    discord: Arc<Discord>,
    wanted: &'a Stretches,
    covered: &'a Covered,
    progress: &'a mut Progress,
    channels: Vec<Reading>,
    /// Windows that aren't written yet.
    windows: Peekable<Box<dyn Iterator<Item = (i64, i64)> + 'a>>,
    /// Until then, a window without a message isn't written: nobody has written yet.
    opens: i64,
    counts: Counts,
    messages: u64,
    unread: Unread,
}

type Answered = Result<(usize, Result<(Vec<Message>, Instant), Failure>), JoinError>;

impl<'a> Reader<'a> {
    /// `read`: what earlier runs read.
    pub(crate) fn new(
        discord: Arc<Discord>,
        (wanted, covered): (&'a Stretches, &'a Covered),
        progress: &'a mut Progress,
        channels: Vec<Channel>,
        read: Read,
    ) -> Self {
        let now = Instant::now();
        let channels = channels.into_iter().map(|channel| {
            let until = read.until.get(&channel.id).copied();
            // No message is older than its channel; in a forum, the first one has the
            // thread's own id.
            let after = until.unwrap_or(channel.id - 1);
            Reading {
                next: next(wanted, &channel, after),
                ready: now,
                is_asked: false,
                has_any: until.is_some(),
                channel,
            }
        });
        let windows = wanted.windows().filter(|window| !covered.has(*window));
        let windows: Box<dyn Iterator<Item = _>> = Box::new(windows);
        let first = wanted.all.first().map_or(i64::MIN, |first| first.1);
        let opens = match wanted.is_open {
            true => covered.begin().unwrap_or(first).min(first),
            false => i64::MIN,
        };
        Self {
            channels: channels.collect(),
            windows: windows.peekable(),
            opens,
            counts: read.counts,
            messages: read.messages,
            unread: Unread::default(),
            discord,
            wanted,
            covered,
            progress,
        }
    }

    /// Reads all, and writes all windows.
    ///
    /// # Errors
    ///
    /// Why it has to end early. What was read is kept.
    pub(crate) async fn read(mut self, writer: &mut Writer<'_>) -> Result<(u64, Unread), String> {
        let (begin, all) = (Instant::now(), self.wanted.left(self.reached()));
        let (mut tick, mut report) = (begin + TICK, begin + PROGRESS);
        let mut asked = JoinSet::new();
        let ended = loop {
            let mut wake = tick;
            while asked.len() < AT_ONCE
                && let Some((ready, index)) = self.next()
            {
                let turn = match ready > Instant::now() {
                    true => Err(ready),
                    false => self.discord.try_turn(),
                };
                if let Err(at) = turn {
                    wake = wake.min(at);
                    break;
                }
                let (discord, path) = (self.discord.clone(), self.ask(index));
                asked.spawn(async move { (index, discord.get_now(&path).await) });
            }
            if asked.is_empty() && self.channels.iter().all(|reading| reading.next.is_none()) {
                break Ok(());
            }
            tokio::select! {
                Some(answered) = asked.join_next() => {
                    if let Err(why) = self.take(answered) {
                        break Err(why);
                    }
                }
                () = sleep_until(wake) => (),
            }
            if Instant::now() >= tick {
                self.progress.sync()?;
                self.write(writer).await?;
                tick = Instant::now() + TICK;
            }
            if Instant::now() >= report {
                say(&self.report(begin, all));
                report = Instant::now() + PROGRESS;
            }
        };
        self.progress.sync()?;
        self.write(writer).await?;
        ended.map(|()| (self.messages, self.unread))
    }

    /// The channel to ask next, and when: of those that can be asked now, the one that is
    /// furthest behind.
    fn next(&self) -> Option<(Instant, usize)> {
        let now = Instant::now();
        let needed = match self.counts.bytes > MOST_BYTES {
            true => self.wanted.window_at(time_of(self.reached())),
            false => None,
        };
        let needed = needed.map_or(u64::MAX, |window| id_at(window.1));
        let all = self.channels.iter().enumerate();
        let waiting = all.filter_map(|(index, reading)| {
            let next = reading
                .next
                .filter(|&next| !reading.is_asked && next < needed)?;
            Some((reading.ready.max(now), next, index))
        });
        waiting.min().map(|(ready, _, index)| (ready, index))
    }

    /// The path of the next page of this channel.
    fn ask(&mut self, index: usize) -> String {
        let reading = &mut self.channels[index];
        reading.is_asked = true;
        let (id, after) = (reading.channel.id, reading.next.unwrap_or(1) - 1);
        format!("/channels/{id}/messages?limit={PAGE}&after={after}")
    }

    /// Takes a channel's page.
    fn take(&mut self, answered: Answered) -> Result<(), String> {
        let (index, answer) = answered.map_err(|error| error.to_string())?;
        let reading = &mut self.channels[index];
        reading.is_asked = false;
        let name = reading.channel.name.clone();
        let (messages, ready) = match answer {
            Ok(answer) => answer,
            Err(Failure::Stop(why)) => return Err(why),
            Err(Failure::Refused(status, _)) => {
                reading.next = None;
                let what = if status == 404 {
                    "was deleted"
                } else {
                    "is closed to this bot"
                };
                if reading.has_any || status == 404 {
                    say(&format!("{name} {what}; what was read of it counts"));
                }
                if status != 404 {
                    self.unread.refused.push(name);
                }
                return Ok(());
            }
        };
        let from = reading.next.unwrap_or(0);
        let newest = messages.iter().map(|message| message.id.0).max();
        let until = match newest {
            Some(newest) if messages.len() >= PAGE => newest,
            _ => self.wanted.end().saturating_sub(1),
        };
        if until < from {
            return Err(format!(
                "Discord gives messages of {name} again that were read; run it again later"
            ));
        }
        let (newest_ever, is_first) = (reading.channel.newest, !reading.has_any);
        if is_first
            && messages.is_empty()
            && newest_ever.is_some_and(|id| (from..=until).contains(&id))
        {
            self.unread.silent.push(name);
        }
        let mut sent = BTreeMap::new();
        for message in messages.iter().filter(|message| message.id.0 >= from) {
            let window = self.wanted.window_at(time_of(message.id.0));
            if let Some(window) = window.filter(|_| message.counts())
                && !self.covered.has(window)
            {
                *sent.entry((window.0, message.author.id.0)).or_default() += 1;
            }
        }
        let page = Page {
            channel: reading.channel.id,
            counts_as: reading.channel.counts_as,
            until,
            sent: sent
                .into_iter()
                .map(|((window, member), sent)| (window, member, sent))
                .collect(),
        };
        reading.has_any |= newest.is_some();
        reading.ready = ready;
        reading.next = next(self.wanted, &reading.channel, until);
        self.messages += page.messages();
        self.counts.add(&page);
        self.progress.add(&page)
    }

    /// All channels are read up to this id.
    fn reached(&self) -> u64 {
        let next = self.channels.iter().filter_map(|reading| reading.next);
        next.min().unwrap_or(u64::MAX)
    }

    /// Writes the windows that all channels have been read past.
    async fn write(&mut self, writer: &mut Writer<'_>) -> Result<(), String> {
        let reached = self.reached();
        while let Some((since, time)) = self.windows.next_if(|window| id_at(window.1) <= reached) {
            let counted = self.counts.take(since);
            if since < self.opens && counted.members.is_empty() {
                continue;
            }
            self.opens = i64::MIN;
            let window = Window {
                since,
                time,
                quantities: counted.members.into_iter().collect(),
                channels: Some(counted.channels.into_iter().collect()),
                ..Window::default()
            };
            writer.add(&window).await?;
        }
        writer.flush().await
    }

    /// How far it is, for somebody who waits. `all`: the time that was left at the begin.
    fn report(&self, begin: Instant, all: i64) -> String {
        let unread = self
            .channels
            .iter()
            .filter(|reading| reading.next.is_some());
        let mut behind: Vec<&Reading> = unread.collect();
        behind.sort_by_key(|reading| reading.next);
        let shown = behind.iter().take(3).map(|reading| {
            let time = moment(time_of(reading.next.unwrap_or(0)));
            format!("{} has come to {}", reading.channel.name, &time[..10])
        });
        let shown: Vec<String> = shown.collect();
        // All channels go on side by side, so the slowest says how far it is: what is left
        // of its time takes as long as the same took before.
        let left = self.wanted.left(self.reached());
        let share = left as f64 / (all - left).max(1) as f64;
        format!(
            "{} read, {} of {} done: {}; at this pace {} left",
            counted(self.messages as usize, "message"),
            grouped(&(self.channels.len() - behind.len()).to_string()),
            counted(self.channels.len(), "channel"),
            shown.join(", "),
            duration(share * begin.elapsed().as_secs_f64())
        )
    }
}

/// The first id of a channel that is wanted, where all is read up to another.
fn next(wanted: &Stretches, channel: &Channel, until: u64) -> Option<u64> {
    let end = channel.end.unwrap_or(i64::MAX);
    wanted.next(until).filter(|&next| time_of(next) <= end)
}

/// What earlier runs read.
#[derive(Default)]
pub(crate) struct Read {
    /// Of each channel, up to which id.
    until: BTreeMap<u64, u64>,
    counts: Counts,
    messages: u64,
}

impl Read {
    pub(crate) fn add(&mut self, page: &Page) {
        self.until.insert(page.channel, page.until);
        self.messages += page.messages();
        self.counts.add(page);
    }
}

fn duration(seconds: f64) -> String {
    match seconds as u64 {
        0..90 => format!("about {} s", seconds.ceil()),
        seconds @ 90..5_400 => format!("about {} minutes", seconds.div_ceil(60)),
        seconds @ 5_400..3_600_000 => format!("about {} hours", seconds.div_ceil(3_600)),
        // Nearly nothing is read yet.
        _ => "very much".to_owned(),
    }
}
