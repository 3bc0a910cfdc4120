//! Cells that start programs, with the programs behind them.

#[path = "../stand_in/mod.rs"]
mod stand_in;
#[path = "../support/mod.rs"]
mod support;
#[path = "../../programs/discord/tests/webhook/mod.rs"]
mod webhook;

mod build;
mod names;
mod png;
mod post;
