//! Files that are written whole or not at all.
//!
//! What is new is written beside its place, brought to the disk, and then
//! renamed: a reader, or a crash at any moment, finds the old file or the new.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::BufWriter;
use std::path::Path;
use std::time::Duration;

/// Replaces a file by what `write` writes, readable by its owner alone, or
/// leaves it as it is.
pub fn replace(
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
    remove_left(&path, name);
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

/// How long a part isn't written to before its writer counts as gone. Where no one
/// can tell whether the writer's process lives, that takes a day.
const LEFT: Duration = Duration::from_secs(if cfg!(target_os = "linux") {
    60
} else {
    86_400
});

/// Removes the parts that writers left which were killed. Their process must be
/// gone and the part old: in a shared folder it may be another machine's.
fn remove_left(path: &Path, name: &OsStr) {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    for entry in folder.read_dir().into_iter().flatten().flatten() {
        let file = entry.file_name();
        let process = file
            .as_encoded_bytes()
            .strip_prefix(name.as_encoded_bytes())
            .and_then(|rest| rest.strip_prefix(b"."))
            .and_then(|rest| rest.strip_suffix(b".part"))
            .and_then(|rest| std::str::from_utf8(rest).ok())
            .and_then(|rest| rest.split_once('-'))
            .and_then(|(process, _)| process.parse::<u32>().ok());
        let Some(process) = process else { continue };
        let age = entry.metadata().and_then(|data| data.modified());
        let old = age.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > LEFT));
        if old && !Path::new("/proc").join(process.to_string()).exists() {
            // Another may have removed it before us.
            let _ = std::fs::remove_file(entry.path());
        }
    }
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

    #[test]
    fn what_a_killed_writer_left_is_removed_and_nothing_else() {
        let folder = std::env::temp_dir().join(format!("replace-left-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let old = std::time::SystemTime::now() - 2 * LEFT;
        let alive = format!("file.{}-1.part", std::process::id());
        let nobody = u32::MAX;
        let left = format!("file.{nobody}-1.part");
        let others = [
            alive,
            format!("other.{nobody}-1.part"),
            "file.part".to_owned(),
            "file.mine-1.part".to_owned(),
        ];
        for name in others.iter().chain([&left]) {
            let file = File::create(folder.join(name)).unwrap();
            file.set_modified(old).unwrap();
        }
        let young = folder.join(format!("file.{nobody}-2.part"));
        File::create(&young).unwrap();
        replace(&folder.join("file"), |out| out.write_all(b"new")).unwrap();
        assert!(!folder.join(left).exists());
        assert!(young.exists());
        for name in others {
            assert!(folder.join(&name).exists(), "{name}");
        }
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
