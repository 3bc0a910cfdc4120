//! The program `pull`: from MongoDB to columns on standard output.
//!
//! The notebook's process starts it, speaks to it in environment variables, and
//! reads the frames of [`activity_data::store::stream`]. What a person shall see goes to
//! standard error: progress line by line and, when the pull fails, a last
//! message that begins with `error: `.
//!
//! `connect` finds the collection by the connection string (`uri`); `scan` reads
//! it; `output` makes columns of what comes, and `merging` periods; `marker` says where the next pull goes
//! on; `failure` knows what can go wrong.

mod ask;
pub mod bson;
pub mod connect;
pub mod failure;
mod marker;
mod merging;
mod output;
mod scan;
mod uri;

use std::process::ExitCode;

use activity_data::Period;
use activity_data::Result;
use activity_data::source::request::ERROR;

use activity_data::settings::Settings;
use activity_data::source::request::{EVERY, RESUME, SINCE, UNTIL};

/// Runs the program.
pub fn main() -> ExitCode {
    // The process that started this one holds our standard input open: when that
    // ends, for whatever reason, this one ends with it.
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
        every: settings.get(EVERY).as_deref().and_then(Period::named),
        timezone: settings.timezone()?,
        resume: settings.get(RESUME),
    };
    // The driver reads on in a thread of its own, while this one makes columns.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|e| activity_data::Error::new(format!("the pull can't be started: {e}")))?;
    let pulled = runtime.block_on(async {
        let connection = connect::connect(&settings).await?;
        scan::pull(&connection, wanted).await
    });
    // A look-up of a host's name may still be running, and can't be stopped.
    runtime.shutdown_background();
    pulled
}
