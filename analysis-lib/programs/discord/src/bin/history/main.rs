//! Reads a server's past from Discord, and writes what the recorder would have written,
//! where nothing is recorded.
//!
//! `stretches` says which time that is, `channels` which channels there are; `read`
//! asks `discord` for their messages and `counts` them, page by page, with the
//! `progress` in a file; windows that all channels have been read past go to the store
//! by `write`.

mod channels;
mod counts;
mod progress;
mod read;
mod stretches;
mod write;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use activity_data::settings::Settings;
use activity_data::source::document::{EARLIEST, latest, time_of};
use activity_data::text::counted;
use activity_data::{Error, HOUR_LENGTH, Result};
use activity_discord::program::{self, moment, say};
use activity_discord::rest::{Discord, Patience};
use activity_discord::store::place::Store;
use activity_discord::store::settled;
use activity_discord::store::spool;
use chrono::Utc;

use progress::Progress;
use read::{Read, Reader};
use stretches::{Covered, Stretches};
use write::Writer;

/// Nobody waits for the past. Repeats take ten minutes in all.
const PATIENCE: Patience = Patience {
    repeats: 14,
    waits: u32::MAX,
    longest_wait: Duration::from_secs(3_600),
    silence: Duration::from_secs(30),
};

fn main() -> ExitCode {
    program::main(1, run())
}

async fn run() -> Result<()> {
    let settings = Settings::load()?;
    let token = settings.discord_token("it asks Discord for your server's past as a bot")?;
    let server = settings.discord_server()?;
    let length = settled::length(&settings)?;
    let since = settings.get("HISTORY_SINCE");
    let since = since
        .map(|since| settings.timezone()?.read(&since))
        .transpose();
    let since = since.map_err(|error| Error::new(format!("HISTORY_SINCE: {error}")))?;
    let (store, waiting) = settled::store(settings, server)?;
    let progress = Progress::open(&waiting.with_extension("history")).map_err(Error::new)?;
    let mut history = History {
        discord: Arc::new(Discord::new(&token, PATIENCE, say)),
        server,
        length,
        // No message is older than its server.
        begin: since.unwrap_or(time_of(server).div_euclid(length) * length),
        is_open: since.is_none(),
        store,
        waiting,
        progress,
    };
    history.read().await
}

struct History {
    discord: Arc<Discord>,
    server: u64,
    /// Of whole windows, in milliseconds.
    length: i64,
    /// Nothing before is wanted; where that is open, nothing before the first message.
    begin: i64,
    is_open: bool,
    store: Box<dyn Store>,
    /// The file in which a recorder's windows wait for the store.
    waiting: std::path::PathBuf,
    progress: Progress,
}

impl History {
    /// Reads what is missing, until what has become the past meanwhile is short.
    async fn read(&mut self) -> Result<()> {
        if let Some(why) = self.store.prepare().await? {
            return Err(Error::new(why));
        }
        while let Some(wanted) = self.pass().await.map_err(Error::new)? {
            if wanted.until + HOUR_LENGTH > now() {
                return Ok(());
            }
        }
        say("nothing is missing up to the last window that is over");
        Ok(())
    }

    /// Reads what is missing now, or what an earlier run began to read. Gives what that
    /// was.
    async fn pass(&mut self) -> std::result::Result<Option<Stretches>, String> {
        let mut recorded = self.store.spans().await?;
        recorded.extend(spool::waiting(&self.waiting));
        recorded.retain(|&(_, time)| (EARLIEST..=latest()).contains(&time));
        let covered = Covered::new(&recorded);
        let mut read = Read::default();
        let kept = self.progress.read(|wanted, mut page| {
            // What is written by now isn't counted again.
            let window = |begin| wanted.window_at(begin);
            page.sent
                .retain(|one| window(one.0).is_some_and(|window| !covered.has(window)));
            read.add(&page);
        })?;
        let is_asked = |kept: &Stretches| {
            (kept.length, kept.begin, kept.is_open) == (self.length, self.begin, self.is_open)
        };
        let wanted = match kept.filter(is_asked) {
            Some(kept) => {
                say("it goes on where the last run ended");
                kept
            }
            None => {
                let asked = (self.begin, self.is_open);
                let wanted = Stretches::missing(&recorded, asked, self.length, now());
                let wanted = wanted.map_err(|error| error.to_string())?;
                if wanted.all.is_empty() {
                    return Ok(None);
                }
                read = Read::default();
                self.progress.begin(&wanted)?;
                wanted
            }
        };
        let begin = wanted.all.first().map_or(self.begin, |first| first.0);
        let (discord, server) = (self.discord.clone(), self.server);
        let (channels, unreadable) = channels::find(&discord, server, begin).await?;
        say_of(
            &unreadable,
            "may not be read by this bot, so their messages will be in no window that is written now: to count them, stop this, give the bot View Channels and Read Message History there, and run it again",
        );
        if channels.is_empty() {
            return Err("there is no channel that this bot may read; give it View Channels and Read Message History".to_owned());
        }
        let (all, begin) = (counted(channels.len(), "channel"), moment(begin));
        let end = moment(wanted.all.last().map_or(wanted.until, |last| last.1));
        say(&format!(
            "reading {all} from {begin} to {end}, where nothing is recorded"
        ));
        let mut writer = Writer::new(&mut *self.store, server, self.length);
        let stretches = (&wanted, &covered);
        let reader = Reader::new(discord, stretches, &mut self.progress, channels, read);
        let (messages, unread) = reader.read(&mut writer).await?;
        say(&format!(
            "{} written: {} in {}",
            counted(writer.written, "window"),
            counted(messages as usize, "message"),
            counted(self.discord.requests(), "request")
        ));
        say_of(
            &unread.refused,
            "could not be read, or only in part: Discord refuses it to this bot",
        );
        say_of(
            &unread.silent,
            "gave no message, though there was one: without Read Message History Discord gives none",
        );
        self.progress.end()?;
        Ok(Some(wanted))
    }
}

fn now() -> i64 {
    Utc::now().timestamp_millis()
}

/// Says something of channels, if there are any.
fn say_of(names: &[String], what: &str) {
    const SHOWN: usize = 20;
    let (shown, more) = names.split_at(names.len().min(SHOWN));
    let more = if more.is_empty() { "" } else { " …" };
    if !names.is_empty() {
        let all = counted(names.len(), "channel");
        say(&format!("{all} ({}{more}) {what}", shown.join(", ")));
    }
}
