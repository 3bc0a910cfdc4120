//! The windows in columns.

use crate::format::{self, Broken, Contents};
use crate::held::Held;
use crate::origin::{Origin, Source};
use crate::{Error, Result};

/// A document that could not be used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The document: its `_id`, or the line of the file that it stands in.
    pub document: String,
    /// What is wrong with it.
    pub reason: String,
}

/// A server's activity: windows in columns, sorted by time.
///
/// There is at least one window. All columns have one entry a window; who sent
/// how much is kept sparsely, since few members write in any one window.
///
/// ```
/// let activity = analysis_lib::Activity::sample()?;
/// assert_eq!(activity.times().len(), activity.online_members().len());
/// # Ok::<(), analysis_lib::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Activity {
    pub(crate) origin: Held<Origin>,
    pub(crate) windows: Held<Windows>,
    pub(crate) skipped: Held<Vec<Skipped>>,
}

/// The columns. `sender` and `sent` hold window i's members at
/// `starts[i]..starts[i + 1]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Windows {
    /// End of each window, in milliseconds since the epoch (UTC), ascending.
    pub(crate) times: Vec<i64>,
    /// Members online at the window's end.
    pub(crate) online: Vec<u32>,
    /// Messages in the window.
    pub(crate) volume: Vec<u32>,
    /// Discord ids, in the order they were first seen.
    pub(crate) members: Vec<u64>,
    /// Where each window's members begin, and the end of the last: one more
    /// entry than there are windows.
    pub(crate) starts: Vec<u32>,
    /// Index into `members`.
    pub(crate) sender: Vec<u32>,
    /// Messages that this member sent in the window.
    pub(crate) sent: Vec<u32>,
}

impl Windows {
    pub(crate) fn new() -> Self {
        Self {
            starts: vec![0],
            ..Self::default()
        }
    }

    /// Puts the windows in order of time; windows with the same time keep the
    /// order they came in.
    pub(crate) fn sort(&mut self) {
        if self.times.is_sorted() {
            return;
        }
        let mut order: Vec<usize> = (0..self.times.len()).collect();
        order.sort_by_key(|&i| self.times[i]);
        *self = self.take(order.iter().copied());
    }

    /// The windows with these indices, in that order. Members keep their index.
    pub(crate) fn take(&self, indices: impl Iterator<Item = usize>) -> Self {
        let mut taken = Self {
            members: self.members.clone(),
            ..Self::new()
        };
        for i in indices {
            taken.times.push(self.times[i]);
            taken.online.push(self.online[i]);
            taken.volume.push(self.volume[i]);
            let own = self.starts[i] as usize..self.starts[i + 1] as usize;
            taken.sender.extend_from_slice(&self.sender[own.clone()]);
            taken.sent.extend_from_slice(&self.sent[own]);
            taken.starts.push(taken.sender.len() as u32);
        }
        taken
    }
}

impl Activity {
    /// Sorts the windows and puts the parts together.
    ///
    /// # Errors
    ///
    /// There is no window.
    pub(crate) fn new(origin: Origin, mut windows: Windows, skipped: Vec<Skipped>) -> Result<Self> {
        if windows.times.is_empty() {
            let first = skipped.first().map_or(String::new(), |first| {
                format!("; {}: {}", first.document, first.reason)
            });
            return Err(Error::new(format!(
                "{} has no window that can be used ({} left out{first})",
                origin.source,
                skipped.len()
            )));
        }
        windows.sort();
        Ok(Self {
            origin: Held::new(origin),
            windows: Held::new(windows),
            skipped: Held::new(skipped),
        })
    }

    /// Source, server and time zone.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The number of windows, at least 1.
    #[allow(clippy::len_without_is_empty)] // It never is.
    pub fn len(&self) -> usize {
        self.windows.times.len()
    }

    /// End of each window, in milliseconds since the epoch (UTC), ascending.
    pub fn times(&self) -> &[i64] {
        &self.windows.times
    }

    /// Online members at each window's end.
    pub fn online_members(&self) -> &[u32] {
        &self.windows.online
    }

    /// Message volume: messages in each window.
    pub fn message_volume(&self) -> &[u32] {
        &self.windows.volume
    }

    /// Discord ids of all members who were seen to send a message in the data
    /// that was pulled, in the order they were first seen.
    pub fn members(&self) -> &[u64] {
        &self.windows.members
    }

    /// Who sent messages in window `index`, and how many: indices into
    /// [`members`](Self::members) with counts.
    ///
    /// # Panics
    ///
    /// `index` is not below [`len`](Self::len).
    pub fn senders(&self, index: usize) -> impl Iterator<Item = (usize, u32)> + '_ {
        let own = self.windows.starts[index] as usize..self.windows.starts[index + 1] as usize;
        let senders = self.windows.sender[own.clone()].iter();
        senders
            .map(|&member| member as usize)
            .zip(self.windows.sent[own].iter().copied())
    }

    /// Documents that were left out, and why.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// The same windows, shown in another zone than `TIMEZONE`, by its IANA name.
    ///
    /// ```
    /// let activity = analysis_lib::Activity::sample()?.in_timezone("Asia/Baghdad")?;
    /// assert_eq!(activity.origin().timezone().name(), "Asia/Baghdad");
    /// # Ok::<(), analysis_lib::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// There is no such zone.
    pub fn in_timezone(mut self, name: &str) -> Result<Self> {
        let timezone = name.trim().parse().map_err(|_| {
            Error::new(format!(
                "{name:?} is not a time zone; use an IANA name such as Europe/London, Asia/Baghdad or UTC"
            ))
        })?;
        self.origin = Held::new(Origin {
            timezone,
            ..self.origin().clone()
        });
        Ok(self)
    }

    /// The same windows, with another name in titles than `SERVER_NAME`. The
    /// sample keeps its own.
    #[must_use]
    pub fn with_server_name(mut self, name: &str) -> Self {
        if !self.origin.is_sample() {
            self.origin = Held::new(Origin {
                server: name.to_owned(),
                ..self.origin().clone()
            });
        }
        self
    }

    /// The windows of the last `hours` hours before the newest window's end.
    /// At least the newest window is in it.
    #[must_use]
    pub fn last_hours(&self, hours: u32) -> Self {
        let last = self.windows.times[self.len() - 1];
        let after = last.saturating_sub(i64::from(hours) * 3_600_000);
        let first = self.windows.times.partition_point(|&time| time <= after);
        self.between(first.min(self.len() - 1), self.len())
    }

    fn between(&self, from: usize, to: usize) -> Self {
        Self {
            origin: self.origin.clone(),
            windows: Held::new(self.windows.take(from..to)),
            skipped: self.skipped.clone(),
        }
    }
}

impl Activity {
    /// The sample: eight weeks of a server that doesn't exist, the same every
    /// time.
    ///
    /// # Errors
    ///
    /// A setting can't be used (`TIMEZONE`, or a broken line of `.env`).
    pub fn sample() -> Result<Self> {
        crate::source::sample::activity(crate::settings::Settings::load()?.timezone()?)
    }

    /// Reads a file of JSON written by `mongoexport` (relaxed or canonical, with
    /// or without `--jsonArray` and `--pretty`) or MongoDB Compass, or one of
    /// [`save`](Self::save). Prints which documents were left out, and why.
    ///
    /// # Errors
    ///
    /// The file can't be read, is of another kind (CSV, BSON, compressed …), is
    /// damaged, or has no window that can be used.
    pub fn open(path: impl AsRef<std::path::Path>) -> Result<Self> {
        let path = path.as_ref();
        let settings = crate::settings::Settings::load()?;
        let cannot =
            |e: std::io::Error| Error::new(format!("{} can't be read: {e}", path.display()));
        if path.is_dir() {
            return Err(Error::new(format!(
                "{} is a folder; open the file of documents in it",
                path.display()
            )));
        }
        let mut file = std::io::BufReader::new(std::fs::File::open(path).map_err(cannot)?);
        let name = path.file_name().unwrap_or(path.as_os_str());
        let mut origin = Origin {
            source: Source::File(name.to_string_lossy().into_owned()),
            server: settings.server_name(),
            timezone: settings.timezone()?,
        };
        let start = std::io::BufRead::fill_buf(&mut file).map_err(cannot)?;
        if !start.starts_with(format::MAGIC) {
            let (windows, skipped) = crate::source::export::read(file).map_err(cannot)?;
            crate::pull::report_skipped(&skipped);
            return Self::new(origin, windows, skipped);
        }
        let saved = format::Reader::new(file)
            .and_then(|mut reader| format::read_all(&mut reader, Contents::default(), |_| ()))
            .map_err(|broken| {
                Error::new(match broken {
                    Broken::Read(e) => format!(
                        "{} ends too early or can't be read ({e}); was it cut off?",
                        path.display()
                    ),
                    Broken::Damaged => format!("{} is damaged; save it again", path.display()),
                    Broken::Unknown => format!(
                        "{} was saved by another version; save it again",
                        path.display()
                    ),
                })
            })?;
        // The sample stays the sample, wherever it is kept.
        if saved.source == Some(Source::Sample) {
            origin.source = Source::Sample;
            origin.server = crate::source::sample::SERVER.to_owned();
        }
        crate::pull::report_skipped(&saved.skipped);
        Self::new(origin, saved.windows, saved.skipped)
    }

    /// Saves the windows, and what was left out, into a file that
    /// [`open`](Self::open) reads: about 80 bytes a window, readable by you
    /// alone. A file that is there is replaced as a whole.
    ///
    /// # Errors
    ///
    /// The file can't be written.
    pub fn save(&self, path: impl AsRef<std::path::Path>) -> Result<()> {
        let path = path.as_ref();
        crate::replace::replace(path, |out| {
            format::write_all(out, &self.origin.source, &self.windows, &self.skipped, None)
        })
        .map_err(|e| Error::new(format!("{} can't be written: {e}", path.display())))
    }
}
