//! What is read of Discord's users and messages, and which messages count. There is no
//! field for anything that somebody wrote.

use serde::de::{Error, IgnoredAny};
use serde::{Deserialize, Deserializer};

/// An id, which Discord writes as a text.
#[derive(Clone, Copy)]
pub struct Id(pub u64);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map(Self).map_err(D::Error::custom)
    }
}

/// A user: a person, a bot, or one of Discord's own.
#[derive(Deserialize)]
pub struct User {
    /// Its id.
    pub id: Id,
    /// Whether it is a bot.
    #[serde(default)]
    pub bot: bool,
    #[serde(default)]
    system: bool,
}

/// A message.
#[derive(Deserialize)]
pub struct Message {
    /// Its id, which says when it was sent.
    pub id: Id,
    /// Who sent it.
    pub author: User,
    /// The channel or thread, where an answer isn't about that alone.
    pub channel_id: Option<Id>,
    webhook_id: Option<IgnoredAny>,
    r#type: u8,
}

/// Types of messages that people write; all others are the system's words or a
/// bot's answer.
const REGULAR: u8 = 0;
const REPLY: u8 = 19;

impl Message {
    /// Whether it counts: a person's own words.
    pub fn counts(&self) -> bool {
        let is_human = !self.author.bot && !self.author.system && self.webhook_id.is_none();
        is_human && matches!(self.r#type, REGULAR | REPLY)
    }
}
