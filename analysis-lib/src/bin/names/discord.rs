//! What is asked of Discord, and what is done about its answers.
//!
//! Messages are made from an answer's status and error code alone: its text
//! could hold anything, the token included.
//!
//! References: Discord's documentation of the [guild], [user] and [rate limit]
//! resources.
//!
//! [guild]: https://discord.com/developers/docs/resources/guild#list-guild-members
//! [user]: https://discord.com/developers/docs/resources/user#get-user
//! [rate limit]: https://discord.com/developers/docs/topics/rate-limits

use std::collections::BTreeMap;
use std::error::Error;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use serde_json::Value;
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

/// What Discord says about a member.
pub(crate) struct Named {
    /// The nickname in the server, else the global name, else the user name.
    pub(crate) name: String,
    pub(crate) bot: bool,
}

/// Why there is no answer to use.
enum Failure {
    /// 403 or 404, whose meaning depends on the question.
    Refused { code: u64 },
    /// Nothing more can be asked: the message.
    Stop(String),
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Stop(message)
    }
}

/// Called with each member's answer; an error stops.
pub(crate) type Answer<'a> = &'a mut dyn FnMut(u64, Option<Named>) -> Result<(), String>;

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
        let client = Client::builder().token(token).timeout(SILENCE);
        let client = match proxy {
            Some(server) => client.proxy(server, true),
            None => client,
        };
        Ok(Self {
            client: client.build(),
            guild,
            requests: 0,
            begin: Instant::now(),
            progress: Instant::now(),
        })
    }

    /// Asks for these members; `true` marks those with a name that is known.
    pub(crate) async fn ask(
        mut self,
        members: BTreeMap<u64, bool>,
        answer: Answer<'_>,
    ) -> Result<(), String> {
        eprintln!("Asking Discord about {} members …", members.len());
        match self.ask_all(members, answer).await {
            Ok(()) => {
                eprintln!("Discord was asked with {} requests", self.requests);
                Ok(())
            }
            Err(Failure::Stop(message)) => Err(message),
            Err(Failure::Refused { code }) => Err(format!(
                "Discord doesn't let this bot see the members of server {} (error {code}): correct DISCORD_GUILD_ID (Discord: Developer Mode, right-click the server, Copy Server ID), or invite the bot to that server",
                self.guild
            )),
        }
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
            let mut page = match page {
                Err(Failure::Refused { code }) if lists && code != UNKNOWN_GUILD => {
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
            // Members come in the order of their ids, so who isn't on the page
            // and before its end isn't in the server.
            let done: Vec<u64> = wanted.range(..=page.last).map(|(&id, _)| id).collect();
            for id in done {
                let known = wanted.remove(&id).expect("the id is from there");
                match page.named.remove(&id) {
                    Some(named) => answer(id, Some(named))?,
                    None => gone.push((id, known)),
                }
            }
            self.report(all - wanted.len() - gone.len(), all);
        }
        let mut left = gone.len();
        for (id, known) in gone {
            let named = if known { None } else { self.user(id).await? };
            answer(id, named)?;
            left -= 1;
            self.report(all - left, all);
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
        let named: BTreeMap<u64, Named> = members
            .iter()
            .map(|member| named(&member["user"], &member["nick"]).ok_or_else(odd))
            .collect::<Result<_, _>>()?;
        let last = match named.last_key_value() {
            Some((&last, _)) if members.len() >= PAGE.into() => last,
            // The last page says that nobody follows.
            _ => u64::MAX,
        };
        if last < first {
            return Err(odd());
        }
        Ok(Page { named, last })
    }

    /// One member, as a page that ends with it.
    async fn member(&mut self, id: u64) -> Result<Page, Failure> {
        let (guild, user) = (self.guild, Id::<UserMarker>::new(id));
        let member = self
            .get(|client| client.guild_member(guild, user).into_future())
            .await;
        let named = match member {
            Ok(member) => Some(named(&member["user"], &member["nick"]).ok_or_else(odd)?),
            Err(Failure::Refused {
                code: UNKNOWN_MEMBER | UNKNOWN_USER,
            }) => None,
            Err(failure) => return Err(failure),
        };
        Ok(Page {
            named: named.into_iter().collect(),
            last: id,
        })
    }

    /// One user, in the server or not; `None` for whom Discord doesn't know.
    async fn user(&mut self, id: u64) -> Result<Option<Named>, Failure> {
        let user = Id::<UserMarker>::new(id);
        match self.get(|client| client.user(user).into_future()).await {
            Ok(user) => {
                let (_, named) = named(&user, &Value::Null).ok_or_else(odd)?;
                Ok(Some(named))
            }
            Err(Failure::Refused { code: UNKNOWN_USER }) => Ok(None),
            // Kept as unknown, a user would not be asked for again for days.
            Err(Failure::Refused { code }) => Err(Failure::Stop(format!(
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
            let trouble = match whole_answer(request(&self.client)).await? {
                None => Trouble::Silence,
                Some(Ok(Some(body))) => match serde_json::from_slice(&body) {
                    Ok(value) => return Ok(value),
                    Err(_) => Trouble::NotJson,
                },
                Some(Ok(None)) => Trouble::CutShort,
                Some(Err(error)) => match problem(error)? {
                    Problem::Trouble(trouble) => trouble,
                    Problem::Limit(asked) => {
                        let wait = asked.unwrap_or(Duration::from_secs(1 << waits));
                        waits += 1;
                        if waits > WAITS || wait > LONGEST_WAIT {
                            let seconds = wait.as_secs_f64().ceil();
                            return Err(limited(&format!(
                                "asks to wait {seconds} s; try again then"
                            )));
                        }
                        eprintln!("Discord asks to wait {:.1} s", wait.as_secs_f64());
                        tokio::time::sleep(wait).await;
                        continue;
                    }
                },
            };
            if repeats == REPEATS {
                return Err(Failure::Stop(trouble.message()));
            }
            tokio::time::sleep(Duration::from_secs(1 << repeats)).await;
            repeats += 1;
        }
    }
}

/// The answer's body, in which `None` is one that broke off; `None` after
/// [`SILENCE`].
///
/// The client's own limit is for an answer's headers. Before it sends a request,
/// its limiter waits without a word: that is bounded here too.
async fn whole_answer<T: Unpin>(
    mut request: ResponseFuture<T>,
) -> Result<Option<Result<Option<Vec<u8>>, twilight_http::Error>>, Failure> {
    let sent = Arc::new(OnceLock::new());
    let told = sent.clone();
    request.set_pre_flight(Box::new(move || told.set(Instant::now()).is_ok()));
    let mut answer = pin!(async {
        let body = request.await?.bytes().await;
        Ok(body.ok().map(|body| body.to_vec()))
    });
    let begin = Instant::now();
    loop {
        let moment = Duration::from_millis(250);
        if let Ok(answer) = tokio::time::timeout(moment, &mut answer).await {
            return Ok(Some(answer));
        }
        match sent.get() {
            Some(sent) if sent.elapsed() > SILENCE => return Ok(None),
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

/// Members by id; there is no other up to and including `last`.
struct Page {
    named: BTreeMap<u64, Named>,
    last: u64,
}

/// The name and more from a user object, and the nickname in the server.
fn named(user: &Value, nickname: &Value) -> Option<(u64, Named)> {
    let id = user["id"].as_str()?.parse().ok()?;
    let names = [nickname, &user["global_name"], &user["username"]];
    let mut names = names.into_iter().filter_map(Value::as_str);
    let named = Named {
        name: names.find(|name| !name.trim().is_empty())?.to_owned(),
        bot: user["bot"].as_bool() == Some(true),
    };
    Some((id, named))
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

/// What a request can come back with that isn't final.
enum Problem {
    Trouble(Trouble),
    /// 429, with the wait that Discord asks for.
    Limit(Option<Duration>),
}

/// What may be over in a moment.
enum Trouble {
    NotJson,
    CutShort,
    Silence,
    Status(u16),
    Network(String),
}

impl Trouble {
    fn message(self) -> String {
        let tries = REPEATS + 1;
        match self {
            Self::NotJson => format!(
                "Discord's answer isn't JSON, {tries} times; something in between may answer in its place (a proxy, a login page), or Discord turns away too many requests; try again later"
            ),
            Self::CutShort => format!(
                "Discord's answer broke off, {tries} times; check the network and try again"
            ),
            Self::Silence => format!(
                "Discord didn't answer within {} seconds, {tries} times; check the network and try again",
                SILENCE.as_secs()
            ),
            Self::Status(status) => format!(
                "Discord is in trouble (it answered {status}, {tries} times); see https://discordstatus.com and try again later"
            ),
            Self::Network(why) => {
                format!("Discord can't be reached ({why}); check the network and try again")
            }
        }
    }
}

/// Sorts an error into what is final, as `Err`, and what isn't.
fn problem(error: twilight_http::Error) -> Result<Problem, Failure> {
    let (kind, source) = error.into_parts();
    let trouble = match kind {
        ErrorType::Response {
            body,
            error,
            status,
        } => match (status.get(), error) {
            (429, _) => {
                let body: Value = serde_json::from_slice(&body).unwrap_or_default();
                let wait = body["retry_after"].as_f64();
                let wait = wait.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
                return Ok(Problem::Limit(wait));
            }
            (401, _) => return Err(refused_token()),
            (403 | 404, error) => {
                let code = match error {
                    ApiError::General(error) => error.code,
                    _ => 0,
                };
                return Err(Failure::Refused { code });
            }
            (status @ 500.., _) => Trouble::Status(status),
            (status, _) => {
                return Err(Failure::Stop(format!(
                    "Discord refuses the request (it answered {status}); look for a new version of this project"
                )));
            }
        },
        ErrorType::Unauthorized => return Err(refused_token()),
        ErrorType::CreatingHeader { .. } | ErrorType::BuildingRequest => {
            return Err(Failure::Stop(
                "DISCORD_TOKEN holds characters that no token has; copy it again".to_owned(),
            ));
        }
        ErrorType::ServiceUnavailable { .. } => Trouble::Status(503),
        ErrorType::Parsing { .. } => Trouble::NotJson,
        ErrorType::RequestTimedOut => Trouble::Silence,
        ErrorType::ChunkingResponse => Trouble::CutShort,
        _ => Trouble::Network(source.map_or_else(
            || "no reason is given".to_owned(),
            |source| root_cause(source.as_ref()),
        )),
    };
    Ok(Problem::Trouble(trouble))
}

fn refused_token() -> Failure {
    Failure::Stop(
        "Discord doesn't accept DISCORD_TOKEN; copy the bot's token again into .env (Developer Portal > application > Bot > Reset Token)".to_owned(),
    )
}

/// What lies beneath: the layers above only say that a request failed.
fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string().chars().take(120).collect()
}
