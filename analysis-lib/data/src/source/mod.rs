//! Where windows come from, and what a document holds.

pub mod document;
pub(crate) mod export;
mod file;
pub mod request;
pub mod sample;
mod write;
