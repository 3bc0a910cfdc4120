//! The store that the settings say, and how long a window is.

use std::path::PathBuf;

use super::file::File;
use super::place::Store;
use activity_data::settings::Settings;
use activity_data::store::snapshot;
use activity_data::{Error, Result};

/// MongoDB's collection where `MONGOKEY` is set, else the file `ACTIVITY_FILE`; and the
/// file beside the snapshot in which this server's windows wait for it. No server is
/// asked.
///
/// # Errors
///
/// The settings don't say it, or there is no folder for such a file.
pub fn store(settings: Settings, server: u64) -> Result<(Box<dyn Store>, PathBuf)> {
    #[cfg(feature = "mongodb")]
    if settings.get("MONGOKEY").is_some() {
        let connection = activity_mongodb::connect::check(&settings)?;
        let spool = beside(&settings, &connection, server)?;
        return Ok((Box::new(super::mongodb::MongoDb::new(settings)), spool));
    }
    #[cfg(not(feature = "mongodb"))]
    if settings.get("MONGOKEY").is_some() {
        return Err(Error::new(
            "MONGOKEY is set, and this program was built without MongoDB's driver; start it with make, which builds it anew",
        ));
    }
    let path = settings.activity_file();
    let spool = beside(&settings, &path.display().to_string(), server)?;
    Ok((Box::new(File::new(path)), spool))
}

/// The spool's path for the store of this name.
fn beside(settings: &Settings, store: &str, server: u64) -> Result<PathBuf> {
    snapshot::beside(settings, store, &format!("{server}.bson")).ok_or_else(|| {
        Error::new("there is no folder for windows that wait to be written; set HOME, or ACTIVITY_SNAPSHOT to a file in a folder for them")
    })
}

/// `RECORD_MINUTES` in milliseconds.
///
/// # Errors
///
/// It is no such number.
pub fn length(settings: &Settings) -> Result<i64> {
    // For tests, which can't wait for minutes.
    if let Some(seconds) = std::env::var("RECORD_SECONDS")
        .ok()
        .and_then(|seconds| seconds.parse::<i64>().ok())
    {
        return Ok(seconds.max(1) * 1_000);
    }
    settings.record_length()
}
