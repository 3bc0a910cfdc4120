//! Files that are written whole or not at all.
//!
//! What is new is written beside its place, brought to the disk, and then
//! renamed: a reader, or a crash at any moment, finds the old file or the new.

use std::fs::{File, OpenOptions};
use std::io::BufWriter;
use std::path::Path;

/// Replaces a file by what `write` writes, readable by its owner alone, or
/// leaves it as it is.
pub(crate) fn replace(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
) -> std::io::Result<()> {
    // The file that a link leads to is replaced, not the link.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = path
        .file_name()
        .ok_or_else(|| std::io::Error::other("it names no file"))?;
    // Others may write the same file now: each in this process or another has
    // its own beside it.
    let mut own = name.to_os_string();
    let unique = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |now| now.as_nanos());
    own.push(format!(".{}-{unique:x}.part", std::process::id()));
    let part = path.with_file_name(own);
    let written = (|| {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut out = BufWriter::with_capacity(1 << 16, options.open(&part)?);
        write(&mut out)?;
        out.into_inner()?.sync_all()?;
        std::fs::rename(&part, &path)
    })();
    if written.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    written
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_write_that_fails_leaves_the_old_file_and_nothing_else() {
        let folder = std::env::temp_dir().join(format!("replace-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("file");
        replace(&path, |out| out.write_all(b"old")).unwrap();
        let failed = replace(&path, |out| {
            out.write_all(b"half of the n")?;
            Err(std::io::Error::other("the disk is full"))
        });
        assert!(failed.is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(folder.read_dir().unwrap().count(), 1);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_one() {
        let folder = std::env::temp_dir().join(format!("replace-link-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (path, link) = (folder.join("file"), folder.join("link"));
        replace(&path, |out| out.write_all(b"old")).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        replace(&link, |out| out.write_all(b"new")).unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
