//! What can go wrong, as sentences that say what to do.

use std::fmt;

/// The library's result.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something could not be done: what failed, on what, and what to do.
///
/// A notebook prints an error with `Display`, so the message is the interface:
/// one or two lines, without a secret and without a dump. `Debug` prints the
/// same, because `unwrap` and a panicking test show that.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<str>);

impl Error {
    /// An error with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into().into_boxed_str())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}
