//! The program `pull`: from MongoDB to columns on standard output.
//!
//! The notebook's process starts it, speaks to it in environment variables, and
//! reads the frames of [`crate::format`]. What a person shall see goes to
//! standard error: progress line by line and, when it fails, a last message
//! that begins with `error: `.

mod connect;
mod decode;
mod failure;
mod marker;
mod merged;
mod scan;

use std::process::ExitCode;

use crate::Result;
use crate::periods::Unit;
use crate::program::ERROR;
use crate::pull::{EVERY, RESUME, SINCE, UNTIL};
use crate::settings::Settings;

/// Runs the program.
pub fn main() -> ExitCode {
    // Whoever started us holds our standard input open, and we end with them.
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        std::process::exit(1);
    });
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{ERROR}{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let settings = Settings::load()?;
    let number = |name: &str| settings.get(name).and_then(|value| value.parse().ok());
    let wanted = scan::Wanted {
        since: number(SINCE),
        until: number(UNTIL),
        every: match settings.get(EVERY).as_deref() {
            Some("hour") => Some(Unit::Hour),
            Some("day") => Some(Unit::Day),
            _ => None,
        },
        timezone: settings.timezone()?,
        resume: settings.get(RESUME),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| crate::Error::new(format!("the pull can't be started: {e}")))?;
    let pulled = runtime.block_on(async {
        let connection = connect::connect(&settings).await?;
        scan::pull(&connection, wanted).await
    });
    // The system looks up names for as long as it likes, and nobody waits.
    runtime.shutdown_background();
    pulled
}
