//! What the programs share: HTTP to Discord, what is asked of it as a bot, which
//! messages count, words for whoever watches, posting to a channel, and where windows
//! are written.

#[cfg(any(feature = "rest", feature = "post"))]
pub mod http;
pub mod message;
#[cfg(feature = "post")]
pub mod post;
#[cfg(feature = "rest")]
pub mod rest;
#[cfg(any(feature = "history", feature = "record"))]
pub mod say;
#[cfg(feature = "store")]
pub mod store;
