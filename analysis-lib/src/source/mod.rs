//! Where windows come from.

#[cfg(feature = "mongodb")]
pub(crate) mod bson;
pub(crate) mod document;
pub(crate) mod export;
#[cfg(feature = "mongodb")]
pub(crate) mod mongodb;
pub(crate) mod sample;
