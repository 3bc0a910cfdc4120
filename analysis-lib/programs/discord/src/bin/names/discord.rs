//! What is asked of Discord, and what is done about its answers.
//!
//! Messages are made from an answer's status and error code alone: its text
//! could hold anything, the token included.
//!
//! References: Discord's documentation of the [guild], [channels], [user] and
//! [rate limit] resources.
//!
//! [guild]: https://discord.com/developers/docs/resources/guild#list-guild-members
//! [channels]: https://discord.com/developers/docs/resources/guild#get-guild-channels
//! [user]: https://discord.com/developers/docs/resources/user#get-user
//! [rate limit]: https://discord.com/developers/docs/topics/rate-limits

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use twilight_http::Client;
use twilight_http::api_error::ApiError;
use twilight_http::error::ErrorType;
use twilight_http::response::ResponseFuture;
use twilight_model::id::Id;
use twilight_model::id::marker::{GuildMarker, UserMarker};

/// Members in a page, the most that Discord gives.
const PAGE: u16 = 1000;
/// How often a request is repeated that failed by no fault of ours, after 1, 2
/// and 4 seconds.
const REPEATS: u32 = 3;
/// How often a request waits because a limit was hit in spite of the limiter,
/// as when others use the same token.
const WAITS: u32 = 5;
/// A longer wait than this isn't waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// A request that is sent has its whole answer by then, or is repeated.
const SILENCE: Duration = Duration::from_secs(10);
/// Time from one progress line to the next.
const PROGRESS: Duration = Duration::from_secs(1);

// Error codes that Discord sends with 403 and 404.
const UNKNOWN_GUILD: u64 = 10_004;
const UNKNOWN_MEMBER: u64 = 10_007;
const UNKNOWN_USER: u64 = 10_013;

/// Why there is no answer to use.
enum Failure {
    /// 403 or 404 with this error code, whose meaning depends on the question.
    Refused(u64),
    /// 429, with the wait that Discord asks for.
    Limit(Option<Duration>),
    /// What may be over in a moment: the message if it isn't.
    Trouble(String),
    /// Nothing more can be asked: the message.
    Stop(String),
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Stop(message)
    }
}

/// Called with each answer, a user, a channel or `None`; an error stops.
pub(crate) type Answer<'a> = &'a mut dyn FnMut(u64, Option<Value>) -> Result<(), String>;

pub(crate) struct Discord {
    client: Client,
    guild: Id<GuildMarker>,
    requests: u32,
    begin: Instant,
    progress: Instant,
}

impl Discord {
    /// Must be called in a tokio runtime.
    pub(crate) fn new(token: String, guild: &str, proxy: Option<String>) -> Result<Self, String> {
        let guild = guild.parse().ok().and_then(Id::new_checked).ok_or(
            "DISCORD_GUILD_ID is not a server's id; copy it with Discord's Copy Server ID",
        )?;
        let mut client = Client::builder().token(token).timeout(SILENCE);
        if let Some(server) = proxy {
            client = client.proxy(server, true);
        }
        Ok(Self {
            client: client.build(),
            guild,
            requests: 0,
            begin: Instant::now(),
            progress: Instant::now(),
        })
    }

    /// Asks for these members, of which `true` marks those with a name that is known,
    /// and for these channels.
    pub(crate) async fn ask(
        mut self,
        members: BTreeMap<u64, bool>,
        channels: BTreeSet<u64>,
        answer: Answer<'_>,
    ) -> Result<(), String> {
        let and_channels = match channels.len() {
            0 => String::new(),
            count => format!(" and {count} channels"),
        };
        eprintln!(
            "Asking Discord about {} members{and_channels} …",
            members.len()
        );
        let asked = async {
            self.ask_channels(channels, &mut *answer).await?;
            self.ask_all(members, answer).await
        };
        match asked.await {
            Ok(()) => {
                eprintln!("Discord was asked with {} requests", self.requests);
                Ok(())
            }
            Err(Failure::Refused(code)) => Err(format!(
                "Discord doesn't let this bot see the members of server {} (error {code}): correct DISCORD_GUILD_ID (Discord: Developer Mode, right-click the server, Copy Server ID), or invite the bot to that server",
                self.guild
            )),
            Err(Failure::Stop(message) | Failure::Trouble(message)) => Err(message),
            Err(Failure::Limit(_)) => unreachable!("a limit is waited for"),
        }
    }

    /// All channels answer at once. One that isn't there any more has no name.
    async fn ask_channels(
        &mut self,
        wanted: BTreeSet<u64>,
        answer: Answer<'_>,
    ) -> Result<(), Failure> {
        if wanted.is_empty() {
            return Ok(());
        }
        let guild = self.guild;
        let all = self.get(|client| client.guild_channels(guild).into_future());
        let all = all.await?;
        let all = all.as_array().ok_or_else(odd)?;
        for id in wanted {
            let text = id.to_string();
            let own = all.iter().find(|channel| channel["id"] == text.as_str());
            answer(id, own.map(|channel| json!({ "name": channel["name"] })))?;
        }
        Ok(())
    }

    /// Pages of members answer up to a thousand at once. Where the bot may not
    /// have those, members are asked for one by one. Who has left the server is
    /// asked for as a user, unless a name is known.
    async fn ask_all(
        &mut self,
        mut wanted: BTreeMap<u64, bool>,
        answer: Answer<'_>,
    ) -> Result<(), Failure> {
        let all = wanted.len();
        let mut gone = Vec::new();
        // No user has the id 0, and the client can't ask for it.
        if wanted.remove(&0).is_some() {
            answer(0, None)?;
        }
        let mut lists = true;
        let mut told = false;
        while let Some((&first, _)) = wanted.first_key_value() {
            let page = if lists {
                self.page(first).await
            } else {
                self.member(first).await
            };
            let (mut users, last) = match page {
                Err(Failure::Refused(code)) if lists && code != UNKNOWN_GUILD => {
                    lists = false;
                    continue;
                }
                page => page?,
            };
            // Said once a member was given: a bot that isn't in the server is
            // refused both.
            if !lists && !told {
                told = true;
                eprintln!(
                    "Discord gives this bot no list of members, so it is asked member by member. A list is quicker: turn on Server Members Intent in the Developer Portal (application > Bot)."
                );
            }
            // Members come in the order of their ids, so a member who isn't on
            // the page and before its end isn't in the server.
            let later = last.checked_add(1).map(|next| wanted.split_off(&next));
            for (id, known) in std::mem::replace(&mut wanted, later.unwrap_or_default()) {
                match users.remove(&id) {
                    Some(user) => answer(id, Some(user))?,
                    None => gone.push((id, known)),
                }
            }
            self.report(all - wanted.len() - gone.len(), all);
        }
        let done = all - gone.len();
        for (number, (id, known)) in gone.into_iter().enumerate() {
            let user = if known { None } else { self.user(id).await? };
            answer(id, user)?;
            self.report(done + number + 1, all);
        }
        Ok(())
    }

    fn report(&mut self, done: usize, all: usize) {
        if self.progress.elapsed() >= PROGRESS {
            self.progress = Instant::now();
            let left = all.saturating_sub(done) as f64;
            let left = if done > 0 && left > 0.0 {
                let seconds = self.begin.elapsed().as_secs_f64() / done as f64 * left;
                format!(", about {} s left", seconds.ceil())
            } else {
                String::new()
            };
            eprintln!("  {done} of {all} members{left}");
        }
    }

    /// The page of members that begins where `first` is or would be.
    async fn page(&mut self, first: u64) -> Result<Page, Failure> {
        let guild = self.guild;
        let page = self
            .get(|client| {
                let members = client.guild_members(guild).limit(PAGE);
                match Id::new_checked(first - 1) {
                    Some(after) => members.after(after),
                    None => members,
                }
                .into_future()
            })
            .await?;
        let members = page.as_array().ok_or_else(odd)?;
        let users = members.iter().map(member);
        let users: BTreeMap<u64, Value> = users.collect::<Result<_, _>>()?;
        match users.last_key_value() {
            Some((&last, _)) if members.len() >= PAGE.into() && last < first => Err(odd()),
            Some((&last, _)) if members.len() >= PAGE.into() => Ok((users, last)),
            // The last page says that nobody follows.
            _ => Ok((users, u64::MAX)),
        }
    }

    /// One member, as a page that ends with it.
    async fn member(&mut self, id: u64) -> Result<Page, Failure> {
        let (guild, user) = (self.guild, Id::<UserMarker>::new(id));
        let request = |client: &Client| client.guild_member(guild, user).into_future();
        match self.get(request).await {
            Ok(found) => Ok(([member(&found)?].into(), id)),
            Err(Failure::Refused(UNKNOWN_MEMBER | UNKNOWN_USER)) => Ok((BTreeMap::new(), id)),
            Err(failure) => Err(failure),
        }
    }

    /// One user, in the server or not; `None` for one whom Discord doesn't know.
    async fn user(&mut self, id: u64) -> Result<Option<Value>, Failure> {
        let user = Id::<UserMarker>::new(id);
        match self.get(|client| client.user(user).into_future()).await {
            Ok(user) => Ok(Some(member(&json!({ "user": user }))?.1)),
            Err(Failure::Refused(UNKNOWN_USER)) => Ok(None),
            // Kept as unknown, a user would not be asked for again for days.
            Err(Failure::Refused(code)) => Err(Failure::Stop(format!(
                "Discord doesn't say who user {id} is (error {code}); try again later"
            ))),
            Err(failure) => Err(failure),
        }
    }

    /// Sends a request until there is an answer: repeats it when Discord or the
    /// network has trouble, and waits when a limit is hit.
    async fn get<T: Unpin>(
        &mut self,
        request: impl Fn(&Client) -> ResponseFuture<T>,
    ) -> Result<Value, Failure> {
        let (mut repeats, mut waits) = (0, 0);
        loop {
            self.requests += 1;
            let pause = match answer(request(&self.client)).await {
                Err(Failure::Trouble(_)) if repeats < REPEATS => {
                    repeats += 1;
                    Duration::from_secs(1 << (repeats - 1))
                }
                Err(Failure::Limit(asked)) => {
                    let wait = asked.unwrap_or(Duration::from_secs(1 << waits));
                    waits += 1;
                    if waits > WAITS || wait > LONGEST_WAIT {
                        let seconds = wait.as_secs_f64().ceil();
                        return Err(limited(&format!(
                            "asks to wait {seconds} s; try again then"
                        )));
                    }
                    eprintln!("Discord asks to wait {:.1} s", wait.as_secs_f64());
                    wait
                }
                answer => return answer,
            };
            tokio::time::sleep(pause).await;
        }
    }
}

/// Sends a request once. Its answer is there within [`SILENCE`].
///
/// The client's own limit is for an answer's headers. Before it sends a request,
/// its limiter waits without a word: that is bounded here too.
async fn answer<T: Unpin>(mut request: ResponseFuture<T>) -> Result<Value, Failure> {
    let sent = Arc::new(OnceLock::new());
    let told = sent.clone();
    request.set_pre_flight(Box::new(move || told.set(Instant::now()).is_ok()));
    let mut body = pin!(async {
        let answer = request.await.map_err(failure)?;
        answer.bytes().await.map_err(|_| cut_short())
    });
    let begin = Instant::now();
    loop {
        let moment = Duration::from_millis(250);
        if let Ok(body) = tokio::time::timeout(moment, &mut body).await {
            return serde_json::from_slice(&body?).map_err(|_| not_json());
        }
        match sent.get() {
            Some(sent) if sent.elapsed() > SILENCE => return Err(silence()),
            None if begin.elapsed() > LONGEST_WAIT => {
                let seconds = LONGEST_WAIT.as_secs();
                return Err(limited(&format!(
                    "leaves no room for one within {seconds} s; try again later"
                )));
            }
            _ => (),
        }
    }
}

/// Users by id; there is no other up to and including the number.
type Page = (BTreeMap<u64, Value>, u64);

/// The id of a member, and what names the user.
fn member(member: &Value) -> Result<(u64, Value), Failure> {
    let user = &member["user"];
    let id = user["id"].as_str().and_then(|id| id.parse().ok());
    let name = user["username"].as_str();
    let (id, name) = id.zip(name).ok_or_else(odd)?;
    let user = json!({
        "nick": member["nick"],
        "global_name": user["global_name"],
        "username": name,
        "bot": user["bot"] == true,
    });
    Ok((id, user))
}

fn odd() -> Failure {
    Failure::Stop(
        "Discord's answer is not what it documents; look for a new version of this project"
            .to_owned(),
    )
}

fn limited(how: &str) -> Failure {
    Failure::Stop(format!(
        "Discord limits this bot's requests, and {how}, and see whether another program uses the same DISCORD_TOKEN"
    ))
}

/// How often a request is sent in all.
const TRIES: u32 = REPEATS + 1;

fn not_json() -> Failure {
    Failure::Trouble(format!(
        "Discord's answer isn't JSON, {TRIES} times; something in between may answer in its place (a proxy, a login page), or Discord turns away too many requests; try again later"
    ))
}

fn cut_short() -> Failure {
    Failure::Trouble(format!(
        "Discord's answer broke off, {TRIES} times; check the network and try again"
    ))
}

fn silence() -> Failure {
    Failure::Trouble(format!(
        "Discord didn't answer within {} seconds, {TRIES} times; check the network and try again",
        SILENCE.as_secs()
    ))
}

fn unwell(status: u16) -> Failure {
    Failure::Trouble(format!(
        "Discord is in trouble (it answered {status}, {TRIES} times); see https://discordstatus.com and try again later"
    ))
}

/// What an error of the client's means.
fn failure(error: twilight_http::Error) -> Failure {
    let (kind, source) = error.into_parts();
    match kind {
        ErrorType::Response {
            body,
            error,
            status,
        } => match (status.get(), error) {
            (429, _) => {
                let body: Value = serde_json::from_slice(&body).unwrap_or_default();
                let wait = body["retry_after"].as_f64();
                Failure::Limit(wait.and_then(|wait| Duration::try_from_secs_f64(wait).ok()))
            }
            (401, _) => refused_token(),
            (403 | 404, ApiError::General(error)) => Failure::Refused(error.code),
            (403 | 404, _) => Failure::Refused(0),
            (status @ 500.., _) => unwell(status),
            (status, _) => Failure::Stop(format!(
                "Discord refuses the request (it answered {status}); look for a new version of this project"
            )),
        },
        ErrorType::Unauthorized => refused_token(),
        ErrorType::CreatingHeader { .. } | ErrorType::BuildingRequest => Failure::Stop(
            "DISCORD_TOKEN holds characters that no token has; copy it again".to_owned(),
        ),
        ErrorType::ServiceUnavailable { .. } => unwell(503),
        ErrorType::Parsing { .. } => not_json(),
        ErrorType::RequestTimedOut => silence(),
        ErrorType::ChunkingResponse => cut_short(),
        _ => {
            // The layers above the last only say that a request failed.
            let mut cause = source
                .as_deref()
                .map(|error| error as &(dyn Error + 'static));
            while let Some(source) = cause.and_then(Error::source) {
                cause = Some(source);
            }
            let why = cause.map_or("no reason is given".to_owned(), ToString::to_string);
            let why: String = why.chars().take(120).collect();
            Failure::Trouble(format!(
                "Discord can't be reached ({why}); check the network and try again"
            ))
        }
    }
}

fn refused_token() -> Failure {
    Failure::Stop(
        "Discord doesn't accept DISCORD_TOKEN; copy the bot's token again into .env (Developer Portal > application > Bot > Reset Token)".to_owned(),
    )
}
