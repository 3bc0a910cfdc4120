//! What is read of Discord's events: ids, who is a bot, who is online, who came
//! when, and when and where a message was sent. There is no field for anything that
//! somebody wrote.
//!
//! Reference: <https://discord.com/developers/docs/events/gateway-events>

use activity_data::source::document::time_of;
use activity_discord::message::counts;
use chrono::DateTime;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use twilight_model::gateway::event::GatewayEventDeserializer;
use twilight_model::id::Id;
use twilight_model::id::marker::{
    ApplicationMarker, ChannelMarker, GuildMarker, MessageMarker, UserMarker,
};

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

#[derive(Deserialize)]
struct Payload<T> {
    d: T,
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
    id: Id<ApplicationMarker>,
}

#[derive(Deserialize)]
struct Guild {
    id: Id<GuildMarker>,
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
    id: Id<ChannelMarker>,
    parent_id: Option<Id<ChannelMarker>>,
    /// Missing where the server's threads are listed.
    guild_id: Option<Id<GuildMarker>>,
}

#[derive(Deserialize)]
struct ThreadList {
    guild_id: Id<GuildMarker>,
    threads: Vec<Thread>,
}

#[derive(Deserialize)]
struct Chunk {
    guild_id: Id<GuildMarker>,
    chunk_count: u32,
    members: Vec<Member>,
    #[serde(default)]
    presences: Vec<Presence>,
}

#[derive(Deserialize)]
struct Member {
    /// Given in events about a single member, who may be of another server that
    /// the bot is in.
    guild_id: Option<Id<GuildMarker>>,
    user: User,
    joined_at: Option<String>,
}

#[derive(Deserialize)]
struct User {
    id: Id<UserMarker>,
    #[serde(default)]
    bot: bool,
    /// One of Discord's own.
    #[serde(default)]
    system: bool,
}

#[derive(Deserialize)]
struct Presence {
    guild_id: Option<Id<GuildMarker>>,
    user: User,
    status: Status,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Status {
    Online,
    Idle,
    Dnd,
    #[serde(other)]
    Offline,
}

#[derive(Deserialize)]
struct Message {
    id: Id<MessageMarker>,
    guild_id: Option<Id<GuildMarker>>,
    channel_id: Id<ChannelMarker>,
    author: User,
    webhook_id: Option<IgnoredAny>,
    r#type: u8,
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
pub(crate) fn read(text: &str, server: Id<GuildMarker>) -> (Option<u64>, Result<Event, String>) {
    let Some((op, number, name)) =
        GatewayEventDeserializer::from_json(text).map(GatewayEventDeserializer::into_parts)
    else {
        return (None, Err("one without a kind".to_owned()));
    };
    let event = match op {
        1 => Ok(Event::Beat),
        7 => Ok(Event::Reconnect),
        9 => data(text).map(Event::Invalid),
        10 => data::<Hello>(text).map(|hello| Event::Hello(hello.heartbeat_interval)),
        _ => dispatched(name.as_deref().unwrap_or_default(), text, server),
    };
    let name = || {
        name.as_deref()
            .unwrap_or("of the connection's own")
            .to_owned()
    };
    (number, event.map_err(|_| name()))
}

fn dispatched(name: &str, text: &str, server: Id<GuildMarker>) -> serde_json::Result<Event> {
    Ok(match name {
        "READY" => {
            let ready: Ready = data(text)?;
            let is_in = ready.guilds.iter().any(|guild| guild.id == server);
            Event::Ready {
                session: ready.session_id,
                url: ready.resume_gateway_url,
                server: is_in.then_some(()).ok_or(ready.application.id.get()),
            }
        }
        "RESUMED" => Event::Resumed,
        "GUILD_CREATE" => match data::<Guild>(text)? {
            guild if guild.id != server => Event::Other,
            guild if guild.unavailable == Some(true) => Event::Unavailable,
            guild => Event::Server {
                whole: guild.member_count.is_some_and(|n| guild.members.len() >= n),
                members: members(&guild.members, &guild.presences),
                threads: threads(&guild.threads),
            },
        },
        "GUILD_DELETE" => match data::<Guild>(text)? {
            guild if guild.id != server => Event::Other,
            guild if guild.unavailable.is_some() => Event::Unavailable,
            _ => Event::Removed,
        },
        "GUILD_MEMBERS_CHUNK" => match data::<Chunk>(text)? {
            chunk if chunk.guild_id == server => {
                Event::Listed(members(&chunk.members, &chunk.presences), chunk.chunk_count)
            }
            _ => Event::Other,
        },
        "GUILD_MEMBER_ADD" => match data::<Member>(text)? {
            member if member.guild_id == Some(server) => {
                let time = member.joined_at.as_deref();
                let time = time.and_then(|time| DateTime::parse_from_rfc3339(time).ok());
                let time = time.map(|time| time.timestamp_millis());
                Event::Joined(member.user.id.get(), member.user.bot, time)
            }
            _ => Event::Other,
        },
        "GUILD_MEMBER_REMOVE" => match data::<Member>(text)? {
            member if member.guild_id == Some(server) => {
                Event::Left(member.user.id.get(), member.user.bot)
            }
            _ => Event::Other,
        },
        "THREAD_CREATE" | "THREAD_UPDATE" => match data::<Thread>(text)? {
            thread if thread.guild_id == Some(server) => Event::Threads(threads(&[thread])),
            _ => Event::Other,
        },
        "THREAD_LIST_SYNC" => match data::<ThreadList>(text)? {
            list if list.guild_id == server => Event::Threads(threads(&list.threads)),
            _ => Event::Other,
        },
        "PRESENCE_UPDATE" => match data::<Presence>(text)? {
            presence if presence.guild_id == Some(server) => {
                Event::Presence(presence.user.id.get(), presence.status != Status::Offline)
            }
            _ => Event::Other,
        },
        "MESSAGE_CREATE" => message(&data(text)?, server),
        "RATE_LIMITED" => Event::Limited(data::<Limited>(text)?.retry_after),
        _ => Event::Other,
    })
}

fn data<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    serde_json::from_str::<Payload<T>>(text).map(|payload| payload.d)
}

fn members(members: &[Member], presences: &[Presence]) -> Members {
    let ids = |is_bot| {
        let members = members.iter();
        let members = members.filter(move |member| member.user.bot == is_bot);
        members.map(|member| member.user.id.get()).collect()
    };
    let presences = presences.iter();
    let online = presences.filter(|presence| presence.status != Status::Offline);
    Members {
        humans: ids(false),
        bots: ids(true),
        online: online.map(|presence| presence.user.id.get()).collect(),
    }
}

fn threads(threads: &[Thread]) -> Threads {
    let threads = threads.iter();
    threads
        .filter_map(|thread| Some((thread.id.get(), thread.parent_id?.get())))
        .collect()
}

fn message(message: &Message, server: Id<GuildMarker>) -> Event {
    let is_human = !message.author.bot && !message.author.system && message.webhook_id.is_none();
    if message.guild_id == Some(server) && counts(message.r#type, is_human) {
        let sent = time_of(message.id.get());
        Event::Message(sent, message.author.id.get(), message.channel_id.get())
    } else {
        Event::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: Id<GuildMarker> = Id::new(7);

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
