//! What is posted, and how long it counts as posted.

/// What is posted.
pub struct Post {
    /// `figure`, `week`, …, and which one: a week's first day. What has the same two is
    /// posted once.
    pub kind: String,
    /// See `kind`.
    pub period: String,
    /// How messages to the user call it, as "the week of 16 November".
    pub name: String,
    /// What Discord shows, in its markdown.
    pub content: String,
    /// Without one, it is text alone.
    pub picture: Option<Picture>,
    /// How long it counts as posted.
    pub once: Once,
}

/// A PNG.
pub struct Picture {
    /// Its file's name: letters, digits, `-` and `.`.
    pub file: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// What is said to who can't see it, as plain text.
    pub description: String,
}

/// How long a post counts as posted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Once {
    /// As long as it is remembered.
    Forever,
    /// A cell may mean it when it is run again tomorrow.
    ForAnHour,
    /// The message of this kind is changed to this one.
    Edited,
}
