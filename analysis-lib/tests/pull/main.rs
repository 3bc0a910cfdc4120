//! The pull, as a cell calls it.

#[path = "../support/mod.rs"]
mod support;

mod faults;
mod file;
mod servers;
