//! From when until when.

use crate::{Error, Result};
use activity_data::source::request::{SINCE, UNTIL};
use activity_data::{Origin, Windows, Zone};

/// A span as it was asked for: see [`Pull::since`](super::Pull::since).
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    pub(super) since: Option<String>,
    pub(super) until: Option<String>,
}

impl Asked {
    /// The span in a zone.
    ///
    /// # Errors
    ///
    /// A time can't be read, or no time lies in the span.
    pub(super) fn span(&self, timezone: &Zone) -> Result<Span> {
        let read = |text: &Option<String>| {
            let text = text.as_deref();
            text.map(|text| timezone.read(text)).transpose()
        };
        let span = Span {
            since: read(&self.since)?,
            until: read(&self.until)?,
        };
        if let (Some(since), Some(until)) = (span.since, span.until)
            && since >= until
        {
            return Err(Error::new(format!(
                "{self} is empty; `until` must be later than `since`"
            )));
        }
        Ok(span)
    }

    /// An error, if this is a part of the time: that part has no window.
    pub(super) fn has_nothing(&self, origin: &Origin, left_out: usize) -> Result<()> {
        if self.since.is_none() && self.until.is_none() {
            return Ok(());
        }
        Err(Error::new(format!(
            "{} has no window that can be used in {self} ({left_out} left out); ask for another span, or for none to see all",
            origin.source
        )))
    }
}

impl std::fmt::Display for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the span")?;
        for (word, time) in [("since", &self.since), ("until", &self.until)] {
            if let Some(time) = time {
                write!(f, " {word} {}", time.trim())?;
            }
        }
        Ok(())
    }
}

/// Ends of windows from `since` on and before `until`, in milliseconds since the
/// epoch (UTC).
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) since: Option<i64>,
    pub(super) until: Option<i64>,
}

impl Span {
    pub(super) fn is_all(&self) -> bool {
        self.since.is_none() && self.until.is_none()
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
