//! The programs, against stand-ins of Discord's.

#[path = "../rest/mod.rs"]
mod rest;
#[path = "../../../../tests/stand_in/mod.rs"]
mod stand_in;
#[path = "../../../../tests/support/mod.rs"]
mod support;
#[path = "../webhook/mod.rs"]
mod webhook;

mod gateway;
mod history;
mod names;
mod post;
mod post_period;
mod record;
