//! What was posted: a file beside the snapshot, written before each attempt. Discord
//! can't be asked to take a message only once.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use activity_data::settings::Settings;
use activity_data::store::{replace, snapshot};
use activity_data::{Error, Result};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::content::Post;

/// As many posts are remembered of each webhook: four years of weeks.
const KEPT: usize = 200;

/// How far a post has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It was about to be sent. Whether it arrived isn't known.
    Begun,
    /// It is there, as the message of this id; 0 where Discord didn't say which.
    Posted(u64),
}

/// The posts of one webhook. While it is open, no other program posts.
pub(super) struct Ledger {
    path: PathBuf,
    webhook: String,
    /// All webhooks' posts, the oldest first.
    posts: Vec<Value>,
    _lock: File,
}

impl Ledger {
    pub(super) fn open(settings: &Settings, webhook: u64) -> Result<Self> {
        // Not the server's of the snapshot: a cell's program isn't told MONGOKEY.
        let path = snapshot::beside(settings, "", "posts.json").ok_or_else(|| {
            Error::new("nothing is posted, since there is no folder to note it in: set ACTIVITY_SNAPSHOT to a path, or HOME")
        })?;
        let failed = |what: &str, e: std::io::Error| {
            Error::new(format!(
                "nothing is posted, since what was posted can't be {what} ({}: {e})",
                path.display()
            ))
        };
        if let Some(folder) = path.parent() {
            snapshot::private_folder(folder).map_err(|e| failed("noted", e))?;
        }
        // Beside it, since the file itself is replaced.
        let lock = File::create(path.with_extension("lock")).map_err(|e| failed("noted", e))?;
        lock.lock().map_err(|e| failed("noted", e))?;
        let posts = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|_| {
                Error::new(format!(
                    "nothing is posted, since {} is damaged, which says what was posted: look into the channel, then remove it",
                    path.display()
                ))
            })?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(e) => return Err(failed("read", e)),
        };
        Ok(Self {
            path,
            webhook: webhook.to_string(),
            posts,
            _lock: lock,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn place(&self, post: &Post) -> Option<usize> {
        let own = [&self.webhook, &post.kind, &post.period];
        let is_own = |noted: &Value| ["webhook", "kind", "period"].map(|name| &noted[name]) == own;
        self.posts.iter().rposition(is_own)
    }

    /// How far the post of this kind and period has come, and when it was begun.
    pub(super) fn find(&self, post: &Post) -> Option<(State, DateTime<Utc>)> {
        let noted = &self.posts[self.place(post)?];
        let state = match noted["message"].as_str() {
            Some(id) => State::Posted(id.parse().unwrap_or(0)),
            None => State::Begun,
        };
        let begun = DateTime::parse_from_rfc3339(noted["begun"].as_str()?).ok()?;
        Some((state, begun.to_utc()))
    }

    /// Brings a post's state to the disk.
    pub(super) fn note(&mut self, post: &Post, begun: DateTime<Utc>, state: State) -> Result<()> {
        self.forget(post);
        let mut noted = json!({
            "webhook": self.webhook,
            "kind": post.kind,
            "period": post.period,
            "begun": begun.to_rfc3339_opts(SecondsFormat::Secs, true),
        });
        if let State::Posted(id) = state {
            noted["message"] = json!(id.to_string());
        }
        self.posts.push(noted);
        let own = |noted: &Value| noted["webhook"] == self.webhook;
        if self.posts.iter().filter(|noted| own(noted)).count() > KEPT
            && let Some(oldest) = self.posts.iter().position(own)
        {
            self.posts.remove(oldest);
        }
        self.write()
    }

    /// Forgets a post that certainly didn't arrive.
    pub(super) fn remove(&mut self, post: &Post) -> Result<()> {
        self.forget(post);
        self.write()
    }

    fn forget(&mut self, post: &Post) {
        if let Some(place) = self.place(post) {
            self.posts.remove(place);
        }
    }

    fn write(&self) -> Result<()> {
        let lines: Vec<String> = self.posts.iter().map(Value::to_string).collect();
        let text = format!("[\n{}\n]\n", lines.join(",\n"));
        replace::replace(&self.path, |out| out.write_all(text.as_bytes())).map_err(|e| {
            Error::new(format!(
                "what is posted can't be noted in {}: {e}",
                self.path.display()
            ))
        })
    }
}
