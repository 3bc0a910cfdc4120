//! What the program `pull` is asked for, in its environment: arguments can be
//! seen by everyone on the machine. Settings it reads itself.

/// Where a pull can go on from, in hexadecimal: the payload of an `R` frame.
pub const RESUME: &str = "ACTIVITY_PULL_RESUME";
/// First end of a window that is wanted, in milliseconds since the epoch.
pub const SINCE: &str = "ACTIVITY_PULL_SINCE";
/// First end of a window that is no longer wanted, in milliseconds since the epoch.
pub const UNTIL: &str = "ACTIVITY_PULL_UNTIL";
/// What windows shall be merged into: a period's name.
pub const EVERY: &str = "ACTIVITY_PULL_EVERY";

/// How a program begins the line that says why it failed.
pub const ERROR: &str = "error: ";
