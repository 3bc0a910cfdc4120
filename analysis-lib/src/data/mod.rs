//! What was recorded, and when: nouns that know no file and no setting, and
//! print nothing.

mod activity;
mod calendar;
mod lengths;
mod origin;
mod period;
mod periods;
mod windows;
mod zone;

pub use activity::Activity;
pub(crate) use calendar::Calendar;
pub use lengths::Gap;
#[cfg(feature = "mongodb")]
pub(crate) use lengths::begins;
pub use origin::{Origin, Source};
pub use period::{DAY, HOUR, MONTH, Period, WEEK};
pub(crate) use period::{DAY_LENGTH, HOUR_LENGTH};
pub use periods::Periods;
use periods::merge;
pub(crate) use periods::{ByStart, Sums, WHOLE, newest_whole};
pub use windows::Skipped;
pub(crate) use windows::{Window, Windows, WindowsBuilder};
pub(crate) use zone::Change;
pub use zone::{Zone, ZoneOffset};
