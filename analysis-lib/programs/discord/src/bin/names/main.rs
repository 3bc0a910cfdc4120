//! Asks Discord for the names of members and channels.
//!
//! Environment: `DISCORD_TOKEN`, a bot's; `DISCORD_GUILD_ID`; and, for tests,
//! `DISCORD_PROXY`, the host and port of an HTTP server to ask in its place.
//!
//! Standard input: ids, one a line: of members, followed by ` known` where a name is
//! known already, and of channels, followed by ` channel`; then an empty line. The
//! program ends when input does, even in the middle of its work.
//!
//! Standard output: one line of JSON an id, as soon as it's known. Of a channel it
//! has the name: `{"id":"234567890123456789","name":"general"}`; of a member the
//! nickname in the server, the global name and the user name:
//! `{"bot":false,"global_name":"Ann","id":"123456789012345678","nick":null,"username":"ann"}`.
//! All are missing but for a `username` of `null` where a member has left the
//! server and has a name, and where Discord doesn't know the user or the channel.

mod discord;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Write};
use std::process::ExitCode;

use activity_discord::program;
use discord::Discord;
use serde_json::{Value, json};

fn main() -> ExitCode {
    program::main(1, run())
}

async fn run() -> Result<(), String> {
    let (members, channels) = read_ids(std::io::stdin().lock())?;
    program::end_with_input();
    let setting = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let discord = Discord::new(&setting("DISCORD_TOKEN")?, &setting("DISCORD_GUILD_ID")?)?;
    let mut output = std::io::stdout().lock();
    let mut answer = |id: u64, user: Option<Value>| {
        let mut line = user.unwrap_or(json!({ "username": null }));
        line["id"] = json!(id.to_string());
        writeln!(output, "{line}").map_err(|e| format!("the answer can't be written: {e}"))
    };
    discord.ask(members, channels, &mut answer).await
}

/// Members' ids, and whether a name is known; and channels' ids.
fn read_ids(input: impl BufRead) -> Result<(BTreeMap<u64, bool>, BTreeSet<u64>), String> {
    let (mut members, mut channels) = (BTreeMap::new(), BTreeSet::new());
    for line in input.lines() {
        let line = line.map_err(|e| format!("the ids can't be read: {e}"))?;
        let mut words = line.split(' ');
        let id = match words.next() {
            None | Some("") => return Ok((members, channels)),
            Some(id) => id.parse().map_err(|_| "a line is not an id".to_owned())?,
        };
        match words.next() {
            Some("channel") => drop(channels.insert(id)),
            known => drop(members.insert(id, known.is_some())),
        }
    }
    Err("standard input ended before an empty line did the ids".to_owned())
}
