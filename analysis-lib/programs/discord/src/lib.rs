//! What two of the programs share: posting to a channel.
#![cfg(feature = "post")]

pub mod post;
