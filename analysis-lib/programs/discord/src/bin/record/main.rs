//! Listens to Discord's gateway, and writes into MongoDB how many members are
//! online and write, until it is stopped.
//!
//! `gateway` listens on a `wire`, which `network` connects at the `pace` that
//! Discord wants, and reads each `event`; the `window`s it makes of them wait in
//! the `spool`, and are `deliver`ed as `document`s by `write`.

mod deliver;
mod document;
mod event;
mod gateway;
mod network;
mod pace;
#[cfg(test)]
mod schedules;
mod spool;
mod window;
mod wire;
mod write;

use std::io::Write;
use std::process::ExitCode;

use twilight_model::id::Id;

use activity_data::settings::Settings;
use activity_data::source::request::ERROR;
use activity_data::store::snapshot;
use activity_data::text::counted;
use activity_data::{Error, Result};
use activity_mongodb::connect;
use gateway::Gateway;
use network::Network;
use spool::Spool;
use window::Recorder;
use write::{MongoDb, Queue};

/// The status that the program ends with when only a person can mend what is
/// wrong: `EX_CONFIG` of sysexits.h. It isn't worth starting again.
const NOT_AGAIN: u8 = 78;

/// Says something on a line of its own. Nobody may be listening any more.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("{ERROR}{error}"));
            ExitCode::from(NOT_AGAIN)
        }
    }
}

fn run() -> Result<()> {
    let settings = Settings::load()?;
    let token = settings.discord_token("it listens to your server as a bot")?;
    let server = settings.discord_server()?;
    let length = length(&settings)?;
    let proxy = settings.get("HTTPS_PROXY");
    let proxy = proxy.or_else(|| settings.get("https_proxy"));
    let network = Network::new(proxy.as_deref()).map_err(Error::new)?;
    let connection = connect::check(&settings)?;
    let place = snapshot::beside(&settings, &connection, &format!("{server}.bson")).ok_or_else(
        || Error::new("there is no folder for windows that wait for MongoDB; set HOME, or ACTIVITY_SNAPSHOT to a file in a folder for them"),
    )?;
    let (spool, trouble) = Spool::open(&place);
    if let Some(trouble) = trouble {
        say(&trouble);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Error::new(format!("the recorder can't be started: {e}")))?;
    let recorded = runtime.block_on(record(settings, network, token, server, length, spool));
    runtime.shutdown_background();
    recorded
}

async fn record(
    settings: Settings,
    network: Network,
    token: String,
    server: u64,
    length: i64,
    spool: Spool,
) -> Result<()> {
    let stop = stop()?;
    let mut database = MongoDb::new(settings);
    let queue = Queue::new(server, length, spool);
    if let Some(why) = database.prepare().await? {
        say(&format!(
            "{why}. Until then, windows wait in {}",
            queue.path()
        ));
    }
    say(&format!(
        "recording server {server} in windows of {}",
        if length % 60_000 == 0 {
            counted(length as usize / 60_000, "minute")
        } else {
            counted(length as usize / 1_000, "second")
        }
    ));
    let listen = async {
        let gateway = Gateway::new(network, &token, Id::new(server), Recorder::new(length));
        let ended = gateway.listen(&queue, stop).await;
        queue.end();
        ended
    };
    let (ended, ()) = tokio::join!(listen, queue.write(database));
    ended.map_err(Error::new)
}

/// `RECORD_MINUTES` in milliseconds.
fn length(settings: &Settings) -> Result<i64> {
    // For tests, which can't wait for minutes.
    if let Some(seconds) = std::env::var("RECORD_SECONDS")
        .ok()
        .and_then(|seconds| seconds.parse::<i64>().ok())
    {
        return Ok(seconds.max(1) * 1_000);
    }
    let Some(value) = settings.get("RECORD_MINUTES") else {
        return Ok(600_000);
    };
    match value.trim().parse() {
        Ok(minutes @ 1..=1_440) => Ok(minutes * 60_000),
        _ => Err(Error::new(format!(
            "RECORD_MINUTES={} is not a whole number of minutes from 1 to 1440; use for example 10",
            activity_data::text::shorten(&value)
        ))),
    }
}

/// Ends when the program is told to end: by Ctrl-C, or as systemd does.
fn stop() -> Result<impl Future<Output = ()>> {
    let failed = |e: std::io::Error| Error::new(format!("signals can't be heard: {e}"));
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => (),
                _ = terminate.recv() => (),
            }
        })
    }
    #[cfg(not(unix))]
    {
        let _ = failed;
        Ok(async {
            let _ = tokio::signal::ctrl_c().await;
        })
    }
}
