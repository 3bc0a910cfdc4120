//! What a bot recorded: what the notebooks' library and the programs share.
//!
//! - Nouns, which know no file and no setting, and print nothing: [`Activity`],
//!   its [`Windows`] in columns, [`Periods`], [`Zone`], [`MemberId`], and the
//!   rule of time, which says how long a window is. Methods of `Activity` that need
//!   a file or a setting are in `source/activity.rs`, and those of `Zone` that read
//!   the tz database in `zoneinfo.rs`.
//! - [`source`]: what a document holds, files of documents, and the sample.
//! - [`store`]: columns as bytes, which are a program's output, a saved file and
//!   the snapshot.
//! - [`settings`], [`text`] of strangers made harmless, and [`report`], which
//!   prints what there is.

mod activity;
pub mod doubts;
mod error;
mod held;
mod ids;
pub mod lengths;
mod origin;
mod parts;
mod period;
mod periods;
pub mod report;
pub mod rows;
pub mod settings;
pub mod source;
pub mod store;
pub mod text;
mod windows;
mod zone;
mod zoneinfo;

pub use activity::Activity;
pub use error::{Error, Result};
pub use held::Held;
pub use ids::{ChannelId, MemberId};
pub use lengths::{Extent, Gap, GapKind};
pub use origin::{Event, Origin, Provenance, Source};
pub use period::{DAY, DAY_LENGTH, HOUR, HOUR_LENGTH, MONTH, Period, WEEK};
pub use periods::{Periods, Places, Sent, WHOLE, newest_whole, places, sent_by_period};
pub use windows::{Extra, LeftOut, Lists, Window, Windows, WindowsBuilder};
use zone::Change;
pub use zone::{Zone, ZoneOffset};
