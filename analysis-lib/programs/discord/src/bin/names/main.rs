//! Asks Discord for members' names: the only program that speaks to it.
//!
//! Environment: `DISCORD_TOKEN`, a bot's; `DISCORD_GUILD_ID`; and, for tests,
//! `DISCORD_PROXY`, the host and port of an HTTP server to ask in its place.
//!
//! Standard input: the members' ids, one a line, followed by ` known` where a
//! name is known already; then an empty line. The program ends when input does,
//! even in the middle of its work.
//!
//! Standard output: one line of JSON a member, as soon as it's known, with the
//! nickname in the server, the global name and the user name:
//! `{"bot":false,"global_name":"Ann","id":"123456789012345678","nick":null,"username":"ann"}`.
//! All are missing but for a `username` of `null` where a member has left the
//! server and has a name, and where Discord doesn't know the user.

mod discord;

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::process::ExitCode;

use discord::Discord;
use serde_json::{Value, json};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let members = read_members(std::io::stdin().lock())?;
    std::thread::spawn(|| {
        // Input ends with the notebook, or with its wish to stop.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(1);
    });
    let setting = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let discord = Discord::new(
        setting("DISCORD_TOKEN")?,
        &setting("DISCORD_GUILD_ID")?,
        std::env::var("DISCORD_PROXY").ok(),
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| format!("the program can't start: {e}"))?;
    let mut output = std::io::stdout().lock();
    // The client's rate limiter lives in the runtime.
    let asked = runtime.block_on(async {
        discord?
            .ask(members, &mut |id: u64, user: Option<Value>| {
                let mut line = user.unwrap_or(json!({ "username": null }));
                line["id"] = json!(id.to_string());
                writeln!(output, "{line}").map_err(|e| format!("the answer can't be written: {e}"))
            })
            .await
    });
    // A name server that is silent can hold a thread of the runtime for long,
    // which isn't waited for.
    runtime.shutdown_background();
    asked
}

/// Ids, and whether a name is known.
fn read_members(input: impl BufRead) -> Result<BTreeMap<u64, bool>, String> {
    let mut members = BTreeMap::new();
    for line in input.lines() {
        let line = line.map_err(|e| format!("the ids can't be read: {e}"))?;
        let mut words = line.split(' ');
        let id = match words.next() {
            None | Some("") => return Ok(members),
            Some(id) => id.parse().map_err(|_| "a line is not an id".to_owned())?,
        };
        members.insert(id, words.next() == Some("known"));
    }
    Err("standard input ended before an empty line did the ids".to_owned())
}
