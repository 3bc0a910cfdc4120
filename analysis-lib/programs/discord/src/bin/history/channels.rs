//! Which channels there are to read.

use activity_discord::message::Id;
use activity_discord::rest::{Discord, Failure};
use std::collections::BTreeMap;
use std::sync::Arc;

use activity_data::text;
use chrono::DateTime;
use serde::Deserialize;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// A channel or thread that has messages.
pub(crate) struct Channel {
    pub(crate) id: u64,
    /// The channel that its messages count under: its own id, or of a thread, the
    /// channel that it is in.
    pub(crate) counts_as: u64,
    pub(crate) name: String,
    /// The newest message that there ever was.
    pub(crate) newest: Option<u64>,
    /// When a thread was archived: no message is later.
    pub(crate) end: Option<i64>,
}

/// A channel or thread as Discord lists it.
#[derive(Clone, Deserialize)]
struct Listed {
    id: Id,
    r#type: u8,
    #[serde(default)]
    name: String,
    parent_id: Option<Id>,
    last_message_id: Option<Id>,
    thread_metadata: Option<Archived>,
}

#[derive(Clone, Deserialize)]
struct Archived {
    archived: bool,
    archive_timestamp: String,
}

#[derive(Deserialize)]
struct Threads {
    threads: Vec<Listed>,
    #[serde(default)]
    has_more: bool,
}

impl Listed {
    fn end(&self) -> Option<i64> {
        let archived = self.thread_metadata.as_ref().filter(|data| data.archived)?;
        let time = DateTime::parse_from_rfc3339(&archived.archive_timestamp).ok()?;
        Some(time.timestamp_millis())
    }

    fn name(&self) -> String {
        format!("#{}", text::clean(&self.name, 40))
    }
}

/// Finds the channels and threads with messages since `begin`, and the names of channels
/// that the bot may not read.
pub(crate) async fn find(
    discord: &Arc<Discord>,
    server: u64,
    begin: i64,
) -> Result<(Vec<Channel>, Vec<String>), String> {
    let of_server = |what: &str| format!("/guilds/{server}/{what}");
    let listed: Vec<Listed> = of_guild(discord, &of_server("channels"), server).await?;
    let mut threads: BTreeMap<u64, Listed> = BTreeMap::new();
    let mut add = |listed: Vec<Listed>| {
        threads.extend(listed.into_iter().map(|thread| (thread.id.0, thread)));
    };
    let active: Threads = of_guild(discord, &of_server("threads/active"), server).await?;
    add(active.threads);
    let (mut readable, mut unreadable) = (BTreeMap::new(), Vec::new());
    let mut asked = JoinSet::new();
    for channel in listed {
        match channel.r#type {
            // Text, announcements, forums and media.
            0 | 5 | 15 | 16 => {
                let discord = discord.clone();
                asked.spawn(async move {
                    let id = channel.id.0;
                    (channel, archived(&discord, id, begin).await)
                });
            }
            // Chats of voice channels and stages, which have no threads.
            2 | 13 => {
                readable.insert(channel.id.0, channel);
            }
            _ => (),
        }
    }
    while let Some(answered) = asked.join_next().await {
        match answered.map_err(|error| error.to_string())? {
            (channel, Ok(archived)) => {
                add(archived);
                readable.insert(channel.id.0, channel);
            }
            // Whoever may not see this list may not see old messages either.
            (channel, Err(Failure::Refused(..))) => unreadable.push(channel.name()),
            (_, Err(Failure::Stop(why))) => return Err(why),
        }
    }
    // What was archived before it was listed there, and opened again since.
    let active: Threads = of_guild(discord, &of_server("threads/active"), server).await?;
    add(active.threads);
    let threads = threads.into_values().filter_map(|thread| {
        let parent = readable.get(&thread.parent_id?.0)?;
        Some(Channel {
            name: format!("{} > {}", parent.name(), thread.name()),
            counts_as: parent.id.0,
            ..channel(&thread)
        })
    });
    let mut channels: Vec<Channel> = threads.collect();
    // Forums and media have nothing but threads.
    let own = readable.values();
    let own = own.filter(|channel| !matches!(channel.r#type, 15 | 16));
    channels.extend(own.map(channel));
    channels.sort_by_key(|channel| channel.id);
    unreadable.sort();
    Ok((channels, unreadable))
}

fn channel(listed: &Listed) -> Channel {
    Channel {
        id: listed.id.0,
        counts_as: listed.id.0,
        name: listed.name(),
        newest: listed.last_message_id.map(|id| id.0),
        end: listed.end(),
    }
}

async fn of_guild<T: serde::de::DeserializeOwned>(
    discord: &Discord,
    path: &str,
    server: u64,
) -> Result<T, String> {
    match discord.get(path).await {
        Ok((answer, ready)) => {
            sleep_until(ready).await;
            Ok(answer)
        }
        Err(Failure::Refused(status, _)) => Err(format!(
            "Discord doesn't let this bot see the server {server} (it answers {status}): correct DISCORD_GUILD_ID (Discord: Developer Mode, right-click the server, Copy Server ID), or invite the bot to that server"
        )),
        Err(Failure::Stop(why)) => Err(why),
    }
}

/// The public threads of a channel that were archived since `begin`. Discord lists
/// those that were archived last first.
async fn archived(discord: &Discord, channel: u64, begin: i64) -> Result<Vec<Listed>, Failure> {
    let mut threads: Vec<Listed> = Vec::new();
    let mut before = String::new();
    loop {
        let path = format!("/channels/{channel}/threads/archived/public?limit=100{before}");
        let (page, ready): (Threads, Instant) = discord.get(&path).await?;
        let last = page.threads.last().cloned();
        threads.extend(page.threads);
        match last.and_then(|last| last.thread_metadata) {
            Some(data) if page.has_more && threads.iter().all(|thread| is_since(thread, begin)) => {
                // A plus would be a space.
                let time = data.archive_timestamp.replace('+', "%2B");
                before = format!("&before={time}");
            }
            _ => break,
        }
        sleep_until(ready).await;
    }
    threads.retain(|thread| is_since(thread, begin));
    Ok(threads)
}

fn is_since(thread: &Listed, begin: i64) -> bool {
    thread.end().is_none_or(|end| end >= begin)
}
