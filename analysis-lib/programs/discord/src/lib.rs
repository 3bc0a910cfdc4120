//! What the programs share: how they begin and end, HTTP to Discord, what is asked of it
//! as a bot, which messages count, posting to a channel, and where windows are written.

#[cfg(any(feature = "rest", feature = "post"))]
pub mod http;
#[cfg(feature = "store")]
pub mod message;
#[cfg(feature = "post")]
pub mod post;
pub mod program;
#[cfg(feature = "rest")]
pub mod rest;
#[cfg(feature = "store")]
pub mod store;
