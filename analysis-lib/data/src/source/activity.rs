//! [`Activity`]'s methods that need a file or a setting. All others stand with it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::{events, export, exporter, sample, write};
use crate::report;
use crate::settings::Settings;
use crate::store::columns::{Contents, read_all, write_all};
use crate::store::replace::replace;
use crate::store::stream::{Broken, MAGIC, Reader};
use crate::{Activity, Held, Origin, Source};
use crate::{Error, Result};

impl Activity {
    /// The sample: half a year of a server that doesn't exist, the same every
    /// time.
    ///
    /// # Errors
    ///
    /// A setting can't be used (`TIMEZONE`, or a broken line of `.env`).
    pub fn sample() -> Result<Self> {
        Ok(sample::activity(Settings::load()?.timezone()?)?.told())
    }

    /// Reads a file of JSON written by `mongoexport` (relaxed or canonical, with
    /// or without `--jsonArray` and `--pretty`) or MongoDB Compass, or one of
    /// [`save`](Self::save). Prints which documents were left out, and why.
    ///
    /// A file of DiscordChatExporter's JSON, or a folder of such files, is counted in
    /// windows of `RECORD_MINUTES`, as far as all channels are covered. How many
    /// members were online isn't known. Prints which files were cut off or passed over,
    /// and how many messages were left out.
    ///
    /// # Errors
    ///
    /// The file can't be read, is of another kind (CSV, BSON, compressed …), is
    /// damaged, or has no window that can be used.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let settings = Settings::load()?;
        let cannot =
            |e: std::io::Error| Error::new(format!("{} can't be read: {e}", path.display()));
        let name = path.file_name().unwrap_or(path.as_os_str());
        let source = Source::File(name.to_string_lossy().into_owned());
        if exporter::is_export(path).map_err(cannot)? {
            let (windows, server, names) = exporter::read(path, settings.record_length()?)?;
            let mut origin = events::origin(&settings, source)?;
            origin.server = settings.get("SERVER_NAME").unwrap_or(server);
            let mut activity = Self::new(origin, windows, Vec::new())?;
            activity.names = Held::new(names);
            report::doubts(&activity);
            return Ok(activity.told());
        }
        let mut file = BufReader::new(File::open(path).map_err(cannot)?);
        let read = if file.fill_buf().map_err(cannot)?.starts_with(MAGIC) {
            Reader::new(file)
                .and_then(|mut reader| read_all(&mut reader, Contents::default(), |_| ()))
                .map_err(|broken| unreadable(path, &broken))?
        } else {
            export::read(file, Contents::default(), None).map_err(cannot)?
        };
        report::left_out(&read.left_out);
        let origin = match read.source {
            // The sample stays the sample, wherever it is kept.
            Some(Source::Sample) => sample::origin(settings.timezone()?),
            _ => events::origin(&settings, source)?,
        };
        let activity = Self::new(origin, read.windows, read.left_out)?;
        report::doubts(&activity);
        Ok(activity.told())
    }

    /// Saves the windows into a file, readable by you alone; the ending says as
    /// what. A file that is there is replaced as a whole.
    ///
    /// - `.bin`: with what was left out, about 80 bytes a window, for
    ///   [`open`](Self::open).
    /// - `.json` and `.jsonl`: the bot's documents, one a line, each with its
    ///   window's begin, for `open` and `mongoimport`.
    /// - `.csv`: a row a window, for other programs.
    ///
    /// # Errors
    ///
    /// Another ending, or the file can't be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        let source = &self.origin.source;
        match ending.as_deref() {
            Some("bin") => replace(path, |out| {
                write_all(out, source, self.windows(), &self.left_out, None)
            }),
            Some("json" | "jsonl") => replace(path, |out| write::documents(self, out)),
            Some("csv") => replace(path, |out| write::rows(self, out)),
            _ => {
                return Err(Error::new(format!(
                    "{} can't be saved: an activity is saved as .bin, .json, .jsonl or .csv",
                    path.display()
                )));
            }
        }
        .map_err(|e| Error::new(format!("{} can't be written: {e}", path.display())))
    }

    /// The same windows, shown in another zone than `TIMEZONE`, by its IANA name.
    ///
    /// ```
    /// let activity = activity_data::Activity::sample()?.in_timezone("Asia/Baghdad")?;
    /// assert_eq!(activity.origin().timezone().name(), "Asia/Baghdad");
    /// # Ok::<(), activity_data::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// There is no such zone, or `.env` has a broken line.
    pub fn in_timezone(mut self, name: &str) -> Result<Self> {
        let timezone = Settings::load()?.zone(name, &format!("{name:?}"))?;
        self.origin = Held::new(Origin {
            timezone,
            ..self.origin().clone()
        });
        Ok(self.told())
    }

    /// The same, after it is said whose rules its zone has.
    fn told(self) -> Self {
        let (first, last) = self.span();
        report::rules(self.origin(), first, last);
        self
    }
}

fn unreadable(path: &Path, broken: &Broken) -> Error {
    let file = path.display();
    Error::new(match broken {
        Broken::Read(e) => format!("{file} ends too early or can't be read ({e}); was it cut off?"),
        Broken::Damaged => format!("{file} is damaged; save it again"),
        Broken::Unknown => format!("{file} was saved by another version; save it again"),
    })
}
