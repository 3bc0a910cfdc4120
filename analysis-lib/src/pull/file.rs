//! The file that a recorder writes without a MongoDB, on top of what the last pull read
//! of it.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use crate::{Error, Result};
use activity_data::settings::Settings;
use activity_data::source::events::origin;
use activity_data::source::export;
use activity_data::store::columns::{Contents, read_all};
use activity_data::store::snapshot::{Opened, Snapshot};
use activity_data::store::stream::{Parts, checksum};
use activity_data::{Origin, Source};
use chrono::Utc;

use super::fetch::keep;

/// Of how many bytes at the file's beginning, and where the last pull ended, a file is
/// recognised.
const KNOWN: u64 = 4_096;

/// Reads the file, or what is new in it.
///
/// # Errors
///
/// The file can't be read, or a recorder hasn't written anything into it yet.
pub(super) fn read(settings: &Settings, path: &Path, fresh: bool) -> Result<(Origin, Contents)> {
    let cannot = |e: io::Error| Error::new(format!("{} can't be read: {e}", path.display()));
    let snapshot = Snapshot::from_settings(settings, &path.to_string_lossy());
    let mut file = File::open(path).map_err(cannot)?;
    let (mut before, mut place) = (Contents::default(), [0, 0]);
    // Opened even for a fresh pull, as for a MongoDB's.
    let kept = snapshot.as_ref().map(Snapshot::open).transpose()?.flatten();
    if let Some(Opened::Whole(mut reader, resume)) = kept.filter(|_| !fresh) {
        let mut parts = Parts(&resume);
        let at = [parts.u64().unwrap_or(0), parts.u64().unwrap_or(0)];
        let is_same = mark(&mut file, at).map_err(cannot)? == resume;
        match read_all(&mut reader, Contents::default(), |_| ()) {
            Ok(contents) if is_same => (before, place) = (contents, at),
            Ok(_) => println!("Reading everything anew: the file isn't the one of the last pull."),
            Err(_) => println!("Reading everything anew: the last pull's snapshot is damaged."),
        }
    }
    let known = before.windows.len() + before.left_out.len();
    file.seek(SeekFrom::Start(place[0])).map_err(cannot)?;
    let input = BufReader::with_capacity(1 << 16, &file);
    let mut contents = export::read(input, before, Some(&mut place)).map_err(cannot)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let source = Source::File(name.into_owned());
    let origin = origin(settings, source.clone())?;
    if contents.windows.len() + contents.left_out.len() == 0 {
        let (length, now) = (settings.record_length()?, Utc::now().timestamp_millis());
        let due = now - now.rem_euclid(length) + length;
        return Err(Error::new(format!(
            "{} has no window yet: if `make record` runs, the first is due at {}",
            path.display(),
            origin.show(due)
        )));
    }
    contents.source = Some(source);
    contents.resume = Some(mark(&mut file, place).map_err(cannot)?);
    contents.anew = known == 0;
    keep(snapshot.as_ref(), &contents, known);
    Ok((origin, contents))
}

/// By what the part of a file is recognised that ends at this place: the place, which
/// file it is, and the part's first and last bytes.
fn mark(file: &mut File, place: [u64; 2]) -> io::Result<Vec<u8>> {
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(&file.metadata()?);
    #[cfg(not(unix))]
    let number = 0;
    let mut mark = vec![place[0], place[1], number];
    for begin in [0, place[0].saturating_sub(KNOWN)] {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(begin))?;
        file.take(KNOWN.min(place[0])).read_to_end(&mut bytes)?;
        mark.push(checksum(0, &bytes));
    }
    Ok(mark.into_iter().flat_map(u64::to_le_bytes).collect())
}
