//! What the last pull brought, kept for the next.
//!
//! A snapshot is a file in the format of [`crate::format`], readable by its
//! owner alone. It is replaced as a whole ([`crate::replace`]): a crash at any
//! moment leaves the old one or the new one, and of two notebooks at once the
//! last one's stays.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use crate::activity::{Skipped, Windows};
use crate::format::{self, Kind};
use crate::origin::Source;
use crate::replace::replace;
use crate::settings::Settings;
use crate::{Error, Result};

/// Where a snapshot is kept.
pub(crate) struct Snapshot {
    path: PathBuf,
}

impl Snapshot {
    /// As `ACTIVITY_SNAPSHOT` says; `None` when it is off, or there is no
    /// folder for it.
    pub(crate) fn from_settings(settings: &Settings, connection: &str) -> Option<Self> {
        let path = match settings.get("ACTIVITY_SNAPSHOT") {
            Some(off) if off.trim().eq_ignore_ascii_case("off") => return None,
            Some(path) => PathBuf::from(path),
            None => cache_folder()?.join(file_name(settings, connection)),
        };
        Some(Self { path })
    }

    /// Opens the snapshot, and gives where the pull that wrote it ended; `None`
    /// when there is none. The rest can then be read.
    pub(crate) fn open(&self) -> Option<(format::Reader<impl Read + use<>>, Vec<u8>)> {
        let file = BufReader::with_capacity(1 << 16, File::open(&self.path).ok()?);
        let mut reader = format::Reader::new(file).ok()?;
        loop {
            match reader.next().ok()? {
                (Kind::Source, _) => (),
                (Kind::Resume, parts) => {
                    let resume = parts.0.to_vec();
                    return Some((reader, resume));
                }
                _ => return None,
            }
        }
    }

    /// Replaces the snapshot.
    pub(crate) fn write(
        &self,
        source: &Source,
        windows: &Windows,
        skipped: &[Skipped],
        resume: &[u8],
    ) -> Result<()> {
        let write = || -> std::io::Result<()> {
            if let Some(folder) = self.path.parent().filter(|folder| !folder.exists()) {
                private_folder(folder)?;
            }
            replace(&self.path, |out| {
                format::write_all(out, source, windows, skipped, Some(resume))
            })
        };
        write().map_err(|e| {
            Error::new(format!(
                "the snapshot {} can't be written ({e}), so the next pull takes as long again; set ACTIVITY_SNAPSHOT to another path, or to off",
                self.path.display()
            ))
        })
    }
}

fn private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The user's folder for what can be made again.
fn cache_folder() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let base = if let Some(base) = set("XDG_CACHE_HOME") {
        PathBuf::from(base)
    } else if cfg!(target_os = "windows") {
        PathBuf::from(set("LOCALAPPDATA")?)
    } else if cfg!(target_os = "macos") {
        PathBuf::from(set("HOME")?).join("Library/Caches")
    } else {
        PathBuf::from(set("HOME")?).join(".cache")
    };
    Some(base.join("server-activity-analysis"))
}

/// One file for each collection that is pulled. The name holds nothing of the
/// connection string but a hash of the hosts: no user, no password.
fn file_name(settings: &Settings, connection: &str) -> String {
    let hosts = connection
        .rsplit_once('@')
        .map_or(connection, |(_, hosts)| hosts);
    let hosts = hosts.split('?').next().unwrap_or(hosts);
    let database = settings.get("MONGODB_DATABASE").unwrap_or_default();
    let collection = settings.get("MONGODB_COLLECTION").unwrap_or_default();
    let key = format!("{hosts}\n{database}\n{collection}");
    format!("{:016x}.activity", format::checksum(0, key.as_bytes()))
}
