//! Posts a picture or a table to a channel of Discord's, and never twice.

mod content;
mod ledger;
mod text;
mod webhook;

use activity_data::settings::Settings;
use activity_data::{Error, Result};
use chrono::{SecondsFormat, Utc};

pub use content::{Once, Picture, Post};
use ledger::{Ledger, State};
pub use text::{as_code, escape};
pub use webhook::Webhook;
use webhook::{Failure, Message};

/// The bytes that Discord takes in a file.
const MOST_BYTES: usize = 10 << 20;

/// Posts, and gives what to tell the user.
///
/// # Errors
///
/// Discord refuses, can't be reached or gives no clear answer; what was posted can't be
/// noted.
pub async fn deliver(settings: &Settings, webhook: &Webhook, post: &Post) -> Result<String> {
    let name = &post.name;
    if let Some(picture) = &post.picture
        && picture.bytes.len() > MOST_BYTES
    {
        return Err(Error::new(format!(
            "the picture of {name} has {} bytes, and Discord takes {MOST_BYTES}; save it as .png and make it smaller",
            picture.bytes.len()
        )));
    }
    let mut ledger = Ledger::open(settings, webhook.id)?;
    let message = Message::new(post);
    let now = Utc::now();
    if let Some((state, begun)) = ledger.find(post) {
        let on = begun.to_rfc3339_opts(SecondsFormat::Secs, true);
        let is_recent = post.once != Once::ForAnHour || (now - begun).num_minutes() < 60;
        match (state, post.once) {
            (State::Posted(id), Once::Edited) => match webhook.edit(id, &message).await {
                Ok(()) => return Ok(format!("Discord shows {name} in the message of {on}.")),
                Err(Failure::Gone) => (),
                Err(failure) => return Err(failure.told(name, "", ledger.path())),
            },
            (State::Posted(_), _) if is_recent => {
                return Ok(format!(
                    "Not posted again: {name} was posted at {on}{}.",
                    if post.once == Once::ForAnHour {
                        ", less than an hour ago"
                    } else {
                        ""
                    }
                ));
            }
            (State::Begun, _) if is_recent => {
                return Ok(format!(
                    "Not posted again: {name} was sent at {on}, and Discord gave no clear answer. Look into the channel; if it isn't there, remove {}, and it is posted again.",
                    ledger.path().display()
                ));
            }
            _ => (),
        }
    }
    ledger.note(post, now, State::Begun)?;
    match webhook.post(&message).await {
        Ok(id) => {
            ledger.note(post, now, State::Posted(id))?;
            Ok(format!("Posted {name}."))
        }
        Err(failure @ Failure::Unclear(_)) => {
            Err(failure.told(name, "; it isn't sent again", ledger.path()))
        }
        Err(failure) => {
            ledger.remove(post)?;
            Err(failure.told(name, "", ledger.path()))
        }
    }
}
