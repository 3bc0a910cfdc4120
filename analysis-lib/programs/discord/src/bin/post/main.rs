//! Posts what a cell hands over to a channel of Discord's.
//!
//! Environment: `DISCORD_WEBHOOK`, and, for tests, `DISCORD_PROXY`, the host and port
//! of an HTTP server to post to in Discord's place. Other settings it reads itself.
//!
//! Standard input: a line of JSON,
//! `{"title":"Messages","says":"Ann wrote most.","table":null,"bytes":81234}`, and so
//! many bytes of a PNG. A table has its text in place of a picture. The program ends
//! when input does, even in the middle of its work.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, Read};
use std::process::ExitCode;

use activity_data::settings::Settings;
use activity_data::{Error, Result};
use activity_discord::post::{Once, Picture, Post, Webhook, as_code, deliver, escape};
use activity_discord::program;
use serde_json::Value;

fn main() -> ExitCode {
    program::main(1, run())
}

async fn run() -> Result<()> {
    let post = read(&mut std::io::stdin().lock()).map_err(Error::new)?;
    program::end_with_input();
    let settings = Settings::load()?;
    let webhook = Webhook::from_settings(&settings)?;
    eprintln!("{}", deliver(&settings, &webhook, &post).await?);
    Ok(())
}

fn read(input: &mut impl BufRead) -> std::result::Result<Post, String> {
    let cut_off = || "what is to be posted was cut off".to_owned();
    let mut line = String::new();
    input.read_line(&mut line).map_err(|_| cut_off())?;
    let head: Value = serde_json::from_str(&line).map_err(|_| cut_off())?;
    let text = |name: &str| head[name].as_str().unwrap_or_default();
    let size = head["bytes"].as_u64().unwrap_or(0);
    let mut bytes = Vec::new();
    let read = input.take(size).read_to_end(&mut bytes);
    if read.map_err(|_| cut_off())? as u64 != size {
        return Err(cut_off());
    }
    let (title, says) = (text("title"), text("says"));
    let content = match head["table"].as_str() {
        Some(table) => as_code(title, table, says),
        None if says.is_empty() => escape(title),
        None => escape(says),
    };
    // What looks the same is the same: only the last hour's are compared.
    let mut hasher = DefaultHasher::new();
    (&content, &bytes).hash(&mut hasher);
    let described = [title, says].into_iter().filter(|text| !text.is_empty());
    Ok(Post {
        kind: "cell".to_owned(),
        period: format!("{:016x}", hasher.finish()),
        name: format!("\"{title}\""),
        content,
        picture: (size > 0).then(|| Picture {
            file: "figure.png".to_owned(),
            description: described.collect::<Vec<_>>().join(": "),
            bytes,
        }),
        once: Once::ForAnHour,
    })
}
