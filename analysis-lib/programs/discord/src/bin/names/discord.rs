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
use std::time::Duration;

use activity_discord::rest::{self, Failure, Patience, odd};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

/// Members in a page, the most that Discord gives.
const PAGE: usize = 1000;
/// Somebody waits for the names.
const PATIENCE: Patience = Patience {
    repeats: 3,
    waits: 5,
    longest_wait: Duration::from_secs(120),
    silence: Duration::from_secs(10),
};
/// Time from one progress line to the next.
const PROGRESS: Duration = Duration::from_secs(1);

// Error codes that Discord sends with 403 and 404.
const UNKNOWN_GUILD: u64 = 10_004;
const UNKNOWN_MEMBER: u64 = 10_007;
const UNKNOWN_USER: u64 = 10_013;

/// Called with each answer, a user, a channel or `None`; an error stops.
pub(crate) type Answer<'a> = &'a mut dyn FnMut(u64, Option<Value>) -> Result<(), String>;

pub(crate) struct Discord {
    discord: rest::Discord,
    guild: u64,
    /// The next request may be sent then.
    ready: Instant,
    begin: Instant,
    progress: Instant,
}

impl Discord {
    /// Nothing is asked yet.
    pub(crate) fn new(token: &str, guild: &str) -> Result<Self, String> {
        let guild = guild.parse().ok().filter(|&guild| guild > 0).ok_or(
            "DISCORD_GUILD_ID is not a server's id; copy it with Discord's Copy Server ID",
        )?;
        Ok(Self {
            discord: rest::Discord::new(token, PATIENCE, |line| eprintln!("{line}")),
            guild,
            ready: Instant::now(),
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
                eprintln!(
                    "Discord was asked with {} requests",
                    self.discord.requests()
                );
                Ok(())
            }
            Err(Failure::Refused(_, code)) => Err(format!(
                "Discord doesn't let this bot see the members of server {} (error {code}): correct DISCORD_GUILD_ID (Discord: Developer Mode, right-click the server, Copy Server ID), or invite the bot to that server",
                self.guild
            )),
            Err(Failure::Stop(message)) => Err(message),
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
        let all = self.get(&self.of_guild("channels")).await?;
        let all = all.as_array().ok_or_else(odd)?;
        for id in wanted {
            let text = id.to_string();
            let own = all.iter().find(|channel| channel["id"] == text);
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
                Err(Failure::Refused(_, code)) if lists && code != UNKNOWN_GUILD => {
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
        let after = first - 1;
        let path = self.of_guild(&format!("members?limit={PAGE}&after={after}"));
        let page = self.get(&path).await?;
        let members = page.as_array().ok_or_else(odd)?;
        let users = members.iter().map(member);
        let users: BTreeMap<u64, Value> = users.collect::<Result<_, _>>()?;
        match users.last_key_value() {
            Some((&last, _)) if members.len() >= PAGE && last < first => Err(odd()),
            Some((&last, _)) if members.len() >= PAGE => Ok((users, last)),
            // The last page says that nobody follows.
            _ => Ok((users, u64::MAX)),
        }
    }

    /// One member, as a page that ends with it.
    async fn member(&mut self, id: u64) -> Result<Page, Failure> {
        match self.get(&self.of_guild(&format!("members/{id}"))).await {
            Ok(found) => Ok(([member(&found)?].into(), id)),
            Err(Failure::Refused(_, UNKNOWN_MEMBER | UNKNOWN_USER)) => Ok((BTreeMap::new(), id)),
            Err(failure) => Err(failure),
        }
    }

    /// One user, in the server or not; `None` for one whom Discord doesn't know.
    async fn user(&mut self, id: u64) -> Result<Option<Value>, Failure> {
        match self.get(&format!("/users/{id}")).await {
            Ok(user) => Ok(Some(member(&json!({ "user": user }))?.1)),
            Err(Failure::Refused(_, UNKNOWN_USER)) => Ok(None),
            // Kept as unknown, a user would not be asked for again for days.
            Err(Failure::Refused(_, code)) => Err(Failure::Stop(format!(
                "Discord doesn't say who user {id} is (error {code}); try again later"
            ))),
            Err(failure) => Err(failure),
        }
    }

    /// What Discord answers to a path, asked when its limit allows.
    async fn get(&mut self, path: &str) -> Result<Value, Failure> {
        sleep_until(self.ready.min(Instant::now() + PATIENCE.longest_wait)).await;
        let (answer, ready) = self.discord.get(path).await?;
        self.ready = ready;
        Ok(answer)
    }

    fn of_guild(&self, what: &str) -> String {
        format!("/guilds/{}/{what}", self.guild)
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
