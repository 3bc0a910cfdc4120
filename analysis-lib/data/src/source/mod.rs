//! Where windows come from, and what a document holds.

mod activity;
pub mod document;
pub mod events;
pub mod export;
mod exporter;
pub mod request;
pub mod sample;
mod write;
