//! What is read of Discord's events: ids, who is a bot, who is online, who came
//! when, and when and where a message was sent. There is no field for anything that
//! somebody wrote.
//!
//! Reference: <https://discord.com/developers/docs/events/gateway-events>

use activity_data::source::document::time_of;
use activity_discord::message::{Id, Message, User};
use chrono::DateTime;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// What an event means for the recorder.
#[derive(Debug, PartialEq)]
pub(crate) enum Event {
    /// The connection's first: from one heartbeat to the next, in milliseconds.
    Hello(u64),
    /// A heartbeat is wanted at once.
    Beat,
    /// The connection ends soon; the session goes on with another.
    Reconnect,
    /// There is no session. Whether the one before can still be resumed.
    Invalid(bool),
    /// A session began.
    Ready {
        session: String,
        /// Where it can be resumed.
        url: String,
        /// `Err`: the server isn't among the bot's. The id with which the bot can
        /// be invited.
        server: Result<(), u64>,
    },
    /// Everything missed was told.
    Resumed,
    /// The server is there: members, and whether these are all, and threads.
    Server {
        members: Members,
        whole: bool,
        threads: Threads,
    },
    /// Discord has trouble with the server.
    Unavailable,
    /// The bot was removed from the server.
    Removed,
    /// A part of the list of members, of so many.
    Listed(Members, u32),
    /// Somebody joined: whether it is a bot, and when, if that is told.
    Joined(u64, bool, Option<i64>),
    /// Somebody left: whether it is a bot.
    Left(u64, bool),
    /// Threads were begun or changed.
    Threads(Threads),
    Presence(u64, bool),
    /// A human's message: sent at this time, by whom, in which channel or thread.
    Message(i64, u64, u64),
    /// The list of members has to be asked for again, after so many seconds.
    Limited(f64),
    /// Nothing that is recorded.
    Other,
}

/// Members that Discord lists.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Members {
    pub(crate) humans: Vec<u64>,
    pub(crate) bots: Vec<u64>,
    /// Of both.
    pub(crate) online: Vec<u64>,
}

/// Threads, and the channel that each belongs to.
pub(crate) type Threads = Vec<(u64, u64)>;

/// What kind of event it is, and its number in the session.
#[derive(Deserialize)]
struct Head {
    op: u8,
    s: Option<u64>,
    t: Option<String>,
}

#[derive(Deserialize)]
struct Payload<T> {
    d: T,
}

/// Which server an event is about: the bot may be in others too.
#[derive(Deserialize)]
struct Whose {
    guild_id: Option<Id>,
}

#[derive(Deserialize)]
struct Hello {
    heartbeat_interval: u64,
}

#[derive(Deserialize)]
struct Ready {
    session_id: String,
    resume_gateway_url: String,
    guilds: Vec<Guild>,
    application: Application,
}

#[derive(Deserialize)]
struct Application {
    id: Id,
}

#[derive(Deserialize)]
struct Guild {
    id: Id,
    /// Missing where a bot was removed.
    unavailable: Option<bool>,
    member_count: Option<usize>,
    #[serde(default)]
    members: Vec<Member>,
    #[serde(default)]
    presences: Vec<Presence>,
    #[serde(default)]
    threads: Vec<Thread>,
}

#[derive(Deserialize)]
struct Thread {
    id: Id,
    parent_id: Option<Id>,
}

#[derive(Deserialize)]
struct ThreadList {
    threads: Vec<Thread>,
}

#[derive(Deserialize)]
struct Chunk {
    chunk_count: u32,
    members: Vec<Member>,
    #[serde(default)]
    presences: Vec<Presence>,
}

#[derive(Deserialize)]
struct Member {
    user: User,
    joined_at: Option<String>,
}

#[derive(Deserialize)]
struct Presence {
    user: User,
    status: String,
}

impl Presence {
    /// Online, idle or busy.
    fn is_there(&self) -> bool {
        ["online", "idle", "dnd"].contains(&&*self.status)
    }
}

#[derive(Deserialize)]
struct Limited {
    retry_after: f64,
}

/// Reads an event as far as it concerns this server, and its number in the
/// session.
///
/// # Errors
///
/// The event isn't what Discord documents: its name.
pub(crate) fn read(text: &str, server: u64) -> (Option<u64>, Result<Event, String>) {
    let Ok(Head { op, s, t }) = serde_json::from_str(text) else {
        return (None, Err("one without a kind".to_owned()));
    };
    let event = match op {
        1 => Ok(Event::Beat),
        7 => Ok(Event::Reconnect),
        9 => data(text).map(Event::Invalid),
        10 => data::<Hello>(text).map(|hello| Event::Hello(hello.heartbeat_interval)),
        _ => dispatched(t.as_deref().unwrap_or_default(), text, server),
    };
    let name = |_| t.unwrap_or("of the connection's own".to_owned());
    (s, event.map_err(name))
}

fn dispatched(name: &str, text: &str, server: u64) -> serde_json::Result<Event> {
    Ok(match name {
        "READY" => {
            let ready: Ready = data(text)?;
            let is_in = ready.guilds.iter().any(|guild| guild.id.0 == server);
            Event::Ready {
                session: ready.session_id,
                url: ready.resume_gateway_url,
                server: is_in.then_some(()).ok_or(ready.application.id.0),
            }
        }
        "RESUMED" => Event::Resumed,
        "GUILD_CREATE" => match data::<Guild>(text)? {
            guild if guild.id.0 != server => Event::Other,
            guild if guild.unavailable == Some(true) => Event::Unavailable,
            guild => Event::Server {
                whole: guild.member_count.is_some_and(|n| guild.members.len() >= n),
                members: members(&guild.members, &guild.presences),
                threads: threads(&guild.threads),
            },
        },
        "GUILD_DELETE" => match data::<Guild>(text)? {
            guild if guild.id.0 != server => Event::Other,
            guild if guild.unavailable.is_some() => Event::Unavailable,
            _ => Event::Removed,
        },
        "GUILD_MEMBERS_CHUNK" => of(text, server, |chunk: Chunk| {
            Event::Listed(members(&chunk.members, &chunk.presences), chunk.chunk_count)
        })?,
        "GUILD_MEMBER_ADD" => of(text, server, |Member { user, joined_at }| {
            let time = joined_at.and_then(|time| DateTime::parse_from_rfc3339(&time).ok());
            Event::Joined(
                user.id.0,
                user.bot,
                time.map(|time| time.timestamp_millis()),
            )
        })?,
        "GUILD_MEMBER_REMOVE" => of(text, server, |Member { user, .. }| {
            Event::Left(user.id.0, user.bot)
        })?,
        "THREAD_CREATE" | "THREAD_UPDATE" => {
            of(text, server, |thread| Event::Threads(threads(&[thread])))?
        }
        "THREAD_LIST_SYNC" => of(text, server, |list: ThreadList| {
            Event::Threads(threads(&list.threads))
        })?,
        "PRESENCE_UPDATE" => of(text, server, |presence: Presence| {
            Event::Presence(presence.user.id.0, presence.is_there())
        })?,
        "MESSAGE_CREATE" => of(text, server, |message: Message| match message.channel_id {
            Some(channel) if message.counts() => {
                Event::Message(time_of(message.id.0), message.author.id.0, channel.0)
            }
            _ => Event::Other,
        })?,
        "RATE_LIMITED" => Event::Limited(data::<Limited>(text)?.retry_after),
        _ => Event::Other,
    })
}

fn data<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    serde_json::from_str::<Payload<T>>(text).map(|payload| payload.d)
}

/// An event of this server's, and nothing of another's.
fn of<T: DeserializeOwned>(
    text: &str,
    server: u64,
    event: impl FnOnce(T) -> Event,
) -> serde_json::Result<Event> {
    let (what, whose) = (data(text)?, data::<Whose>(text)?);
    let is_ours = whose.guild_id.is_some_and(|id| id.0 == server);
    Ok(if is_ours { event(what) } else { Event::Other })
}

fn members(members: &[Member], presences: &[Presence]) -> Members {
    let ids = |is_bot| {
        let members = members.iter();
        let members = members.filter(move |member| member.user.bot == is_bot);
        members.map(|member| member.user.id.0).collect()
    };
    let online = presences.iter().filter(|presence| presence.is_there());
    Members {
        humans: ids(false),
        bots: ids(true),
        online: online.map(|presence| presence.user.id.0).collect(),
    }
}

fn threads(threads: &[Thread]) -> Threads {
    let threads = threads.iter();
    threads
        .filter_map(|thread| Some((thread.id.0, thread.parent_id?.0)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: u64 = 7;

    fn read(name: &str, data: &str) -> Result<Event, String> {
        super::read(
            &format!(r#"{{"t":"{name}","s":1,"op":0,"d":{data}}}"#),
            SERVER,
        )
        .1
    }

    #[test]
    fn people_s_messages_count_and_no_others() {
        let message = |rest: &str| {
            read(
                "MESSAGE_CREATE",
                // The example of an id in Discord's reference.
                &format!(
                    r#"{{"id":"175928847299117063","channel_id":"9","content":"not read","embeds":[{{"type":"rich"}}],{rest}}}"#
                ),
            )
        };
        let counts = Ok(Event::Message(1_462_015_105_796, 5, 9));
        for (counted, rest) in [
            (true, r#""guild_id":"7","author":{"id":"5"},"type":0"#),
            (
                true,
                r#""guild_id":"7","author":{"id":"5","bot":false},"type":19"#,
            ),
            (false, r#""guild_id":"8","author":{"id":"5"},"type":0"#),
            (false, r#""author":{"id":"5"},"type":0"#),
            (
                false,
                r#""guild_id":"7","author":{"id":"5","bot":true},"type":0"#,
            ),
            (
                false,
                r#""guild_id":"7","author":{"id":"5","system":true},"type":0"#,
            ),
            (
                false,
                r#""guild_id":"7","author":{"id":"5"},"webhook_id":"5","type":0"#,
            ),
            (false, r#""guild_id":"7","author":{"id":"5"},"type":7"#),
            (false, r#""guild_id":"7","author":{"id":"5"},"type":20"#),
        ] {
            let expected = if counted { &counts } else { &Ok(Event::Other) };
            assert_eq!(&message(rest), expected, "{rest}");
        }
    }

    #[test]
    fn online_idle_and_busy_are_there() {
        for (status, there) in [
            ("online", true),
            ("idle", true),
            ("dnd", true),
            ("offline", false),
            ("invisible", false),
            ("new", false),
        ] {
            let presence = format!(
                r#"{{"guild_id":"7","user":{{"id":"5"}},"status":"{status}","activities":[{{"name":"x"}}]}}"#
            );
            assert_eq!(
                read("PRESENCE_UPDATE", &presence),
                Ok(Event::Presence(5, there))
            );
        }
    }

    #[test]
    fn a_server_is_there_in_part_or_as_a_whole() {
        let server = |count: &str| {
            read(
                "GUILD_CREATE",
                &format!(
                    r#"{{"id":"7","unavailable":false,"member_count":{count},"members":[{{"user":{{"id":"1","bot":true}}}},{{"user":{{"id":"2"}},"nick":"x"}}],"presences":[{{"user":{{"id":"1"}},"status":"online"}},{{"user":{{"id":"2"}},"status":"offline"}}],"threads":[{{"id":"11","parent_id":"9","name":"x"}}]}}"#
                ),
            )
        };
        for (count, whole) in [("2", true), ("3", false), ("null", false)] {
            let expected = Event::Server {
                members: Members {
                    humans: vec![2],
                    bots: vec![1],
                    online: vec![1],
                },
                whole,
                threads: vec![(11, 9)],
            };
            assert_eq!(server(count), Ok(expected));
        }
        assert_eq!(
            read("GUILD_DELETE", r#"{"id":"7","unavailable":true}"#),
            Ok(Event::Unavailable)
        );
        assert_eq!(read("GUILD_DELETE", r#"{"id":"7"}"#), Ok(Event::Removed));
        assert_eq!(read("GUILD_DELETE", r#"{"id":"8"}"#), Ok(Event::Other));
    }

    #[test]
    fn who_comes_and_goes_and_which_threads_there_are_is_read_of_this_server() {
        let human =
            r#"{"guild_id":"7","user":{"id":"5"},"joined_at":"2016-04-30T11:18:25.796000+00:00"}"#;
        let bot = r#"{"guild_id":"7","user":{"id":"6","bot":true},"joined_at":null}"#;
        let thread = r#"{"id":"11","guild_id":"7","parent_id":"9","name":"not read"}"#;
        let list = format!(r#"{{"guild_id":"7","channel_ids":["9"],"threads":[{thread}]}}"#);
        let joined = Event::Joined(5, false, Some(1_462_015_105_796));
        for (name, data, event) in [
            ("GUILD_MEMBER_ADD", human, joined),
            ("GUILD_MEMBER_ADD", bot, Event::Joined(6, true, None)),
            ("GUILD_MEMBER_REMOVE", human, Event::Left(5, false)),
            ("GUILD_MEMBER_REMOVE", bot, Event::Left(6, true)),
            ("THREAD_CREATE", thread, Event::Threads(vec![(11, 9)])),
            ("THREAD_UPDATE", thread, Event::Threads(vec![(11, 9)])),
            ("THREAD_LIST_SYNC", &list, Event::Threads(vec![(11, 9)])),
        ] {
            assert_eq!(read(name, data), Ok(event), "{name}");
            let other = data.replace(r#""guild_id":"7""#, r#""guild_id":"8""#);
            assert_eq!(read(name, &other), Ok(Event::Other), "{name}");
        }
    }

    #[test]
    fn the_list_of_members_says_of_how_many_parts_it_is() {
        let chunk =
            r#"{"guild_id":"7","chunk_index":0,"chunk_count":2,"members":[{"user":{"id":"2"}}]}"#;
        let members = Members {
            humans: vec![2],
            ..Members::default()
        };
        let listed = Ok(Event::Listed(members, 2));
        assert_eq!(read("GUILD_MEMBERS_CHUNK", chunk), listed);
    }

    #[test]
    fn an_event_of_another_form_is_named_and_not_shown() {
        assert_eq!(
            read("MESSAGE_CREATE", r#"{"id":"hello"}"#),
            Err("MESSAGE_CREATE".to_owned())
        );
        assert_eq!(read("SOMETHING_NEW", r#"{"id":"hello"}"#), Ok(Event::Other));
    }
}
