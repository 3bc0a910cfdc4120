//! How all programs begin and end, and what they say.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

/// Says who asks, in the form that Discord wants.
pub const AGENT: &str = concat!(
    "DiscordBot (server-activity-analysis, ",
    env!("CARGO_PKG_VERSION"),
    ")"
);

/// Runs a program. Where that fails, it says why and ends with this status.
pub fn main<E: Display>(failed: u8, run: impl Future<Output = Result<(), E>>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let ended = match runtime {
        Ok(runtime) => {
            let ended = runtime.block_on(run).map_err(|error| error.to_string());
            // A name server that is silent can hold a thread of the runtime for long,
            // which isn't waited for.
            runtime.shutdown_background();
            ended
        }
        Err(error) => Err(format!("the program can't be started: {error}")),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            say(&format!("error: {why}"));
            ExitCode::from(failed)
        }
    }
}

/// Ends the program when its input does: with the notebook, or with its wish to stop.
pub fn end_with_input() {
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(1);
    });
}

/// Says something on a line of its own to whoever watches. Nobody may be listening any
/// more.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A time for such a line, given in milliseconds since the epoch, by UTC.
#[cfg(feature = "store")]
pub fn moment(time: i64) -> String {
    chrono::DateTime::from_timestamp_millis(time).map_or_else(
        || format!("{time} ms"),
        |time| time.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}
