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
use activity_discord::post::{Once, Picture, Post, Webhook, as_code, deliver, escape};
use serde_json::Value;

fn main() -> ExitCode {
    match run() {
        Ok(said) => {
            eprintln!("{said}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<String, String> {
    let post = read(&mut std::io::stdin().lock())?;
    std::thread::spawn(|| {
        // Input ends with the notebook, or with its wish to stop.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(1);
    });
    let settings = Settings::load().map_err(|e| e.to_string())?;
    let webhook = Webhook::from_settings(&settings).map_err(|e| e.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| format!("the program can't start: {e}"))?;
    let delivered = runtime.block_on(deliver(&settings, &webhook, &post));
    // A name server that is silent can hold a thread of the runtime for long, which
    // isn't waited for.
    runtime.shutdown_background();
    delivered.map_err(|e| e.to_string())
}

fn read(input: &mut impl BufRead) -> Result<Post, String> {
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
