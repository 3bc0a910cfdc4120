//! Axes: where values are, and round ticks with labels.

pub(crate) mod number;
mod scale;
pub(crate) mod time;

pub(crate) use number::{Numbers, number, round_step};
pub(crate) use scale::{Axis, Scale, Tick};
pub(crate) use time::{
    MINUTE, date, days, duration, hour_range, moments, months, range, time_ticks,
};
