//! Where windows come from.

#[cfg(feature = "mongodb")]
pub(crate) mod bson;
pub(crate) mod document;
pub(crate) mod export;
mod file;
#[cfg(feature = "mongodb")]
pub(crate) mod mongodb;
pub(crate) mod request;
pub(crate) mod sample;
