//! Posts figures and tables to a channel, by the program `post`.

use serde_json::json;

use crate::Result;
use crate::program::Program;
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
    let head = json!({ "title": title, "says": says, "table": table, "bytes": picture.len() });
    let input = [&*format!("{head}\n").into_bytes(), &picture];
    // It says all on standard error.
    Program::ask("post", &[("DISCORD_WEBHOOK", webhook)], &input).map(drop)
}
