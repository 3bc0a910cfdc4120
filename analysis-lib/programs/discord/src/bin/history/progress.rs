//! What was read, kept on the disk: a run that is stopped goes on where it was.
//!
//! The file's first line is what is wanted; then there is one for each page of
//! messages, in JSON: the channel, up to where it is read, and who sent how much in
//! which window. What was cut off while it was written is cut away.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Error, Result, Seek, Write};
use std::path::{Path, PathBuf};

use activity_data::store::snapshot::private_folder;
use serde::{Deserialize, Serialize};

use super::stretches::Stretches;

/// What a page of a channel's messages adds.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Page {
    pub(crate) channel: u64,
    /// The channel that it counts as.
    pub(crate) counts_as: u64,
    /// Up to this id, all is read.
    pub(crate) until: u64,
    /// Begin of the window, member, and messages.
    pub(crate) sent: Vec<(i64, u64, u32)>,
}

impl Page {
    pub(crate) fn messages(&self) -> u64 {
        self.sent.iter().map(|one| u64::from(one.2)).sum()
    }
}

pub(crate) struct Progress {
    file: File,
    path: PathBuf,
}

impl Progress {
    /// Opens the file, which another run may not have open meanwhile.
    pub(crate) fn open(path: &Path) -> std::result::Result<Self, String> {
        let opened = || {
            if let Some(folder) = path.parent() {
                private_folder(folder)?;
            }
            let mut options = OpenOptions::new();
            options.create(true).read(true).append(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let file = options.open(path)?;
            file.try_lock().map_err(|error| match error {
                TryLockError::WouldBlock => Error::other("another run is reading the past"),
                TryLockError::Error(error) => error,
            })?;
            Ok(file)
        };
        Ok(Self {
            file: usable(path, opened())?,
            path: path.to_owned(),
        })
    }

    /// What an earlier run wanted, with each page handed to `each`; `None` where
    /// there was none.
    pub(crate) fn read(
        &mut self,
        mut each: impl FnMut(&Stretches, Page),
    ) -> std::result::Result<Option<Stretches>, String> {
        let mut read = || -> Result<Option<Stretches>> {
            self.file.rewind()?;
            let mut input = BufReader::with_capacity(1 << 16, &self.file);
            let (mut whole, mut wanted, mut line) = (0, None, Vec::new());
            while input.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
                match &wanted {
                    None => match serde_json::from_slice(&line) {
                        Ok(first) => wanted = Some(first),
                        Err(_) => break,
                    },
                    Some(wanted) => match serde_json::from_slice(&line) {
                        Ok(page) => each(wanted, page),
                        Err(_) => break,
                    },
                }
                whole += line.len() as u64;
                line.clear();
            }
            self.file.set_len(whole)?;
            Ok(wanted)
        };
        usable(&self.path, read())
    }

    /// Begins anew.
    pub(crate) fn begin(&mut self, wanted: &Stretches) -> std::result::Result<(), String> {
        self.end()?;
        self.add(wanted)
    }

    /// Adds a page. It is on the disk after [`sync`](Self::sync).
    pub(crate) fn add(&mut self, page: &impl Serialize) -> std::result::Result<(), String> {
        let line = serde_json::to_string(page).map_err(Error::from);
        let added = line.and_then(|line| self.file.write_all((line + "\n").as_bytes()));
        usable(&self.path, added)
    }

    pub(crate) fn sync(&mut self) -> std::result::Result<(), String> {
        usable(&self.path, self.file.sync_data())
    }

    /// All is read and written.
    pub(crate) fn end(&mut self) -> std::result::Result<(), String> {
        usable(&self.path, self.file.set_len(0))
    }
}

fn usable<T>(path: &Path, done: Result<T>) -> std::result::Result<T, String> {
    done.map_err(|error| {
        format!(
            "{}, which keeps what was read, can't be used ({error}); mend that, or set ACTIVITY_SNAPSHOT to a file in another folder",
            path.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &Path) -> (Option<Stretches>, Vec<Page>) {
        let mut pages = Vec::new();
        let mut progress = Progress::open(path).unwrap();
        let wanted = progress.read(|_, page| pages.push(page)).unwrap();
        (wanted, pages)
    }

    #[test]
    fn cut_off_at_any_byte_it_holds_whole_pages_and_goes_on() {
        let folder = std::env::temp_dir().join(format!("progress-{}", std::process::id()));
        let path = folder.join("new/server.history");
        let wanted = Stretches {
            length: 600_000,
            begin: 1_700_000_400_000,
            is_open: true,
            until: 1_800_000_000_000,
            all: vec![(1_700_000_400_000, 1_700_001_000_000), (-1, 5)],
        };
        let page = |number: u64, count: u64| Page {
            channel: number,
            counts_as: 7,
            until: u64::MAX - number,
            sent: (0..count).map(|n| (-3, n, u32::MAX)).collect(),
        };
        let pages = [page(1, 3), page(2, 0), page(3, 20)];
        let mut progress = Progress::open(&path).unwrap();
        let second = Progress::open(&path).err().unwrap();
        assert!(second.contains("another run is reading"), "{second}");
        progress.begin(&wanted).unwrap();
        let length = || std::fs::metadata(&path).unwrap().len() as usize;
        let mut ends = vec![length()];
        for page in &pages {
            progress.add(page).unwrap();
            ends.push(length());
        }
        drop(progress);
        let bytes = std::fs::read(&path).unwrap();
        for cut in 0..=bytes.len() {
            for garbage in [&b""[..], &[0; 40], b"\n\n"] {
                std::fs::write(&path, [&bytes[..cut], garbage].concat()).unwrap();
                // All of a page but its end of line is a whole page with one.
                let is_ended = !garbage.is_empty() && garbage[0] == b'\n';
                let whole = ends
                    .iter()
                    .filter(|&&end| end <= cut + usize::from(is_ended))
                    .count();
                let (kept, kept_pages) = read(&path);
                assert_eq!(kept, (whole > 0).then(|| wanted.clone()));
                assert_eq!(kept_pages, pages[..whole.saturating_sub(1)]);
                assert_eq!(length(), if whole > 0 { ends[whole - 1] } else { 0 });
            }
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
