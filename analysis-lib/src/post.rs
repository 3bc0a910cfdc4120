//! Posts figures and tables to a channel, by the program `post`.

use std::io::Read;

use serde_json::json;

use crate::program::Program;
use crate::{Error, Result};
use activity_data::settings::Settings;

/// Posts what is called `title` and says `says`: a table's text, or the picture that
/// `draw` draws once it is known that there is a channel.
pub(crate) fn post(
    title: &str,
    says: &str,
    table: Option<&str>,
    draw: impl FnOnce() -> Result<Vec<u8>>,
) -> Result<()> {
    let webhook = Settings::load()?.discord_webhook()?;
    let picture = draw()?;
    let (mut program, mut stdout) = Program::start(
        "post",
        &[
            "--package",
            "activity-discord",
            "--no-default-features",
            "--features",
            "post",
        ],
        &[("DISCORD_WEBHOOK", &webhook)],
    )?;
    let head = json!({ "title": title, "says": says, "table": table, "bytes": picture.len() });
    program.send(format!("{head}\n").as_bytes());
    program.send(&picture);
    // It says all on standard error; this ends with it.
    let read = stdout.read_to_end(&mut Vec::new());
    program.finish()?;
    read.map(|_| ())
        .map_err(|e| Error::new(format!("the program `post` can't be read from: {e}")))
}
