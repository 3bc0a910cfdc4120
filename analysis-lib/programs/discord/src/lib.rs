//! What the programs share: where windows are written, and posting to a channel.
#[cfg(feature = "post")]
pub mod post;
#[cfg(feature = "store")]
pub mod store;
