//! Listens to Discord's gateway, and writes how many members are online and write
//! into MongoDB or a file, until it is stopped.
//!
//! `gateway` listens on a `wire`, which `network` connects at the `pace` that
//! Discord wants, and reads each `event`; the `window`s it makes of them wait in
//! the spool, and are `deliver`ed by `write`.

mod deliver;
mod event;
mod gateway;
mod network;
mod pace;
#[cfg(test)]
mod schedules;
mod window;
mod wire;
mod write;

use std::process::ExitCode;

use activity_data::settings::Settings;
use activity_data::text::counted;
use activity_data::{Error, Result};
use activity_discord::program::{self, say};
use activity_discord::store::settled;
use activity_discord::store::spool::Spool;
use gateway::Gateway;
use network::Network;
use window::Recorder;
use write::Queue;

/// The status that the program ends with when only a person can mend what is
/// wrong: `EX_CONFIG` of sysexits.h. It isn't worth starting again.
const NOT_AGAIN: u8 = 78;

fn main() -> ExitCode {
    program::main(NOT_AGAIN, run())
}

async fn run() -> Result<()> {
    let settings = Settings::load()?;
    let token = settings.discord_token("it listens to your server as a bot")?;
    let server = settings.discord_server()?;
    let length = settled::length(&settings)?;
    let proxy = settings.get("HTTPS_PROXY");
    let proxy = proxy.or_else(|| settings.get("https_proxy"));
    let network = Network::new(proxy.as_deref()).map_err(Error::new)?;
    let (mut store, place) = settled::store(settings, server)?;
    let (spool, trouble) = Spool::open(&place);
    if let Some(trouble) = trouble {
        say(&trouble);
    }
    let stop = stop()?;
    let queue = Queue::new(server, length, spool);
    if let Some(why) = store.prepare().await? {
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
        let gateway = Gateway::new(network, &token, server, Recorder::new(length));
        let ended = gateway.listen(&queue, stop).await;
        queue.end();
        ended
    };
    let (ended, ()) = tokio::join!(listen, queue.write(&mut *store));
    ended.map_err(Error::new)
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
