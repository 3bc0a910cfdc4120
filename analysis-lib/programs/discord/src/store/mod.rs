//! Where a server's windows are written.
//!
//! A window is a `document`. It waits in the `spool`, and has its `place` in the
//! store that is `settled` on: the collection of `mongodb`, or a `file`.

pub mod document;
pub mod file;
#[cfg(feature = "mongodb")]
pub mod mongodb;
pub mod place;
pub mod settled;
pub mod spool;

/// Brings the file's new name to the disk.
fn sync_folder(path: &std::path::Path) -> std::io::Result<()> {
    match path.parent() {
        Some(folder) if cfg!(unix) => std::fs::File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}
