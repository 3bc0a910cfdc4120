//! What the last pull brought, kept for the next.
//!
//! A snapshot is a file in the format of [`super::stream`], readable by its
//! owner alone. It is replaced as a whole ([`super::replace`]): a crash at any
//! moment leaves the old one or the new one, and of two notebooks at once the
//! last one's stays.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::{Path, PathBuf};

use super::columns::write_all;
use super::replace::replace;
use super::stream::{self, Broken, Kind, MAGIC};
use crate::settings::Settings;
use crate::{Error, Result};
use crate::{LeftOut, Source, Windows};

/// Where a snapshot is kept.
pub struct Snapshot {
    path: PathBuf,
}

/// A snapshot that is there.
pub enum Opened {
    /// The rest, which can be read, and where the pull that wrote it ended.
    Whole(stream::Reader<BufReader<File>>, Vec<u8>),
    /// What is wrong with it, in words that follow its name.
    Unusable(String),
}

impl Snapshot {
    /// As `ACTIVITY_SNAPSHOT` says; `None` when it is off, or there is no
    /// folder for it.
    pub fn from_settings(settings: &Settings, connection: &str) -> Option<Self> {
        let path = match settings.get("ACTIVITY_SNAPSHOT") {
            Some(off) if off.trim().eq_ignore_ascii_case("off") => return None,
            Some(path) => PathBuf::from(path),
            None => cache_folder()?.join(file_name(settings, connection)),
        };
        Some(Self { path })
    }

    /// Opens the snapshot. `None`: there is none yet.
    ///
    /// # Errors
    ///
    /// What is there is something else, which a snapshot must not replace.
    pub fn open(&self) -> Result<Option<Opened>> {
        let unusable = |why: &str| Ok(Some(Opened::Unusable(why.to_owned())));
        let unreadable = |e: std::io::Error| unusable(&format!("can't be read ({e})"));
        let mut file = match File::open(&self.path) {
            Ok(file) => BufReader::with_capacity(1 << 16, file),
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return unreadable(e),
        };
        let other = || {
            Err(Error::new(format!(
                "{} is not a snapshot, and would be replaced by one; set ACTIVITY_SNAPSHOT to another path, or to off",
                self.path.display()
            )))
        };
        match file.fill_buf() {
            // It may be cut off within its first bytes.
            Ok(start) if start.iter().zip(MAGIC).all(|(one, other)| one == other) => (),
            Ok(_) => return other(),
            Err(e) => return unreadable(e),
        }
        let resumed = stream::Reader::new(file).and_then(|mut reader| {
            // What was read comes first, and then where the pull ended.
            reader.next()?;
            let resume = match reader.next()? {
                (Kind::Resume, parts) => Some(parts.0.to_vec()),
                _ => None,
            };
            Ok(resume.map(|resume| (reader, resume)))
        });
        match resumed {
            // It was saved by a user.
            Ok(None) => other(),
            // The first two versions don't hold all that a document said then.
            Ok(Some((reader, resume))) if reader.version() > 2 => {
                Ok(Some(Opened::Whole(reader, resume)))
            }
            Ok(_) | Err(Broken::Unknown) => unusable("was written by another version"),
            Err(_) => unusable("is damaged"),
        }
    }

    /// Replaces the snapshot.
    pub fn write(
        &self,
        source: &Source,
        windows: &Windows,
        left_out: &[LeftOut],
        resume: &[u8],
    ) -> Result<()> {
        let write = || -> std::io::Result<()> {
            if let Some(folder) = self.path.parent().filter(|folder| !folder.exists()) {
                private_folder(folder)?;
            }
            replace(&self.path, |out| {
                write_all(out, source, windows, left_out, Some(resume))
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

/// A file of the same server's beside the snapshot, or where it would be.
/// `ending` is how its name ends. `None`: there is no folder for it.
pub fn beside(settings: &Settings, connection: &str, ending: &str) -> Option<PathBuf> {
    let snapshot = Snapshot::from_settings(settings, connection);
    let folder = match &snapshot {
        Some(snapshot) => std::path::absolute(&snapshot.path)
            .ok()?
            .parent()?
            .to_owned(),
        None => cache_folder()?,
    };
    let name = file_name(settings, connection);
    Some(folder.join(Path::new(&name).with_extension(ending)))
}

/// Makes a folder that only its owner can look into, unless it is there.
pub fn private_folder(folder: &Path) -> std::io::Result<()> {
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
    // Options come first: their values may have an `@` too.
    let hosts = connection.split('?').next().unwrap_or(connection);
    let hosts = hosts.rsplit_once('@').map_or(hosts, |(_, hosts)| hosts);
    let database = settings.get("MONGODB_DATABASE").unwrap_or_default();
    let collection = settings.get("MONGODB_COLLECTION").unwrap_or_default();
    let key = format!("{hosts}\n{database}\n{collection}");
    format!("{:016x}.activity", stream::checksum(0, key.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(name: &str, bytes: &[u8]) -> Snapshot {
        let path = std::env::temp_dir().join(format!("snapshot-{name}-{}", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        Snapshot { path }
    }

    #[test]
    fn a_file_of_another_kind_is_not_replaced() {
        let mut saved = Vec::new();
        write_all(&mut saved, &Source::Sample, &Windows::default(), &[], None).unwrap();
        for bytes in [&br#"{"time": 7}"#[..], b"x", &saved] {
            let other = snapshot("other", bytes);
            let Err(error) = other.open() else {
                panic!("it is taken for a snapshot");
            };
            assert!(error.to_string().contains("is not a snapshot"), "{error}");
            std::fs::remove_file(&other.path).unwrap();
        }
    }

    #[test]
    fn what_is_wrong_with_a_snapshot_is_said() {
        for (name, bytes, wrong) in [
            ("empty", &b""[..], "is damaged"),
            ("start", b"ACTI", "is damaged"),
            (
                "version",
                b"ACTIVITY\xff\0\0\0",
                "was written by another version",
            ),
        ] {
            let snapshot = snapshot(name, bytes);
            let Ok(Some(Opened::Unusable(reason))) = snapshot.open() else {
                panic!("{name} is believed");
            };
            assert_eq!(reason, wrong);
            std::fs::remove_file(&snapshot.path).unwrap();
        }
    }
}
