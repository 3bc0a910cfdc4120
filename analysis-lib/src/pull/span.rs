//! From when until when.

use crate::{Error, Result};
use activity_data::source::request::{SINCE, UNTIL};
use activity_data::{LeftOut, Origin, Windows, Zone};

/// Ends of windows from `since` on and before `until`, in milliseconds since the
/// epoch (UTC).
#[derive(Default)]
pub(super) struct Span {
    since: Option<i64>,
    until: Option<i64>,
    /// As it was asked for.
    words: String,
}

impl Span {
    /// A span in a zone, as it was asked for: see [`Pull::since`](super::Pull::since).
    ///
    /// # Errors
    ///
    /// A time can't be read, or no time lies in the span.
    pub(super) fn read(asked: &[Option<String>; 2], timezone: &Zone) -> Result<Self> {
        let mut span = Self::default();
        let times = [("since", &mut span.since), ("until", &mut span.until)];
        for ((word, time), text) in times.into_iter().zip(asked) {
            if let Some(text) = text {
                *time = Some(timezone.read(text)?);
                span.words += &format!(" {word} {}", text.trim());
            }
        }
        match (span.since, span.until) {
            (Some(since), Some(until)) if since >= until => Err(Error::new(format!(
                "the span{} is empty; `until` must be later than `since`",
                span.words
            ))),
            _ => Ok(span),
        }
    }

    pub(super) fn is_all(&self) -> bool {
        self.since.is_none() && self.until.is_none()
    }

    /// That there is no window in it that can be used.
    pub(super) fn nothing(&self, origin: &Origin, left_out: &[LeftOut]) -> Error {
        if self.is_all() {
            return origin.nothing_usable(left_out);
        }
        Error::new(format!(
            "{} has no window that can be used in the span{} ({} left out); ask for another span, or for none to see all",
            origin.source,
            self.words,
            left_out.len()
        ))
    }

    pub(super) fn contains(&self, end: i64) -> bool {
        self.since.is_none_or(|since| end >= since) && self.until.is_none_or(|until| end < until)
    }

    /// Those of the windows that are in it.
    pub(super) fn of(&self, windows: &Windows) -> Windows {
        let is_in = |&index: &usize| self.contains(windows.ends[index]);
        windows.take((0..windows.len()).filter(is_in))
    }

    pub(super) fn environment(&self) -> Vec<(&'static str, String)> {
        let since = self.since.map(|since| (SINCE, since.to_string()));
        let until = self.until.map(|until| (UNTIL, until.to_string()));
        since.into_iter().chain(until).collect()
    }
}
