//! The program `pull`, on top of what the last pull brought.

use std::io::BufReader;

use crate::program::Program;
use crate::{Error, Result};
use activity_data::settings::Settings;
use activity_data::source::events::origin;
use activity_data::source::request::RESUME;
use activity_data::store::columns::{Contents, read_all};
use activity_data::store::snapshot::{Opened, Snapshot};
use activity_data::store::stream::{Broken, Reader, VERSION};
use activity_data::{Origin, Source};

/// For glibc's allocator, which else gives the 16 MB of each reply back to the
/// system, and gets them anew, cleared, for the next one: a tenth of a pull.
const ALLOCATOR: [(&str, u32); 2] = [
    ("MALLOC_MMAP_THRESHOLD_", 32 << 20),
    ("MALLOC_TRIM_THRESHOLD_", 128 << 20),
];

/// Lets the program pull, on top of what the snapshot holds.
pub(super) fn fetch(
    settings: &Settings,
    snapshot: Option<&Snapshot>,
    fresh: bool,
    wanted: &[(&'static str, String)],
) -> Result<(Origin, Contents)> {
    // Opened even for a fresh pull: opening fails where the path holds something
    // else, which the new snapshot would overwrite.
    let before = match snapshot.map(Snapshot::open).transpose()?.flatten() {
        Some(Opened::Whole(reader, resume)) if !fresh => Some((reader, resume)),
        Some(Opened::Unusable(reason)) if !fresh => {
            println!("Pulling everything anew: the snapshot of the last pull {reason}.");
            None
        }
        _ => None,
    };
    let hex = |bytes: &Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let resume = before.as_ref().map(|(_, resume)| (RESUME, hex(resume)));
    // Of secrets it is handed its own, and reads all other settings itself.
    let connection = settings.get("MONGOKEY").map(|it| ("MONGOKEY", it));
    let allocator = ALLOCATOR.map(|(name, bytes)| (name, bytes.to_string()));
    let environment = connection.into_iter().chain(resume).chain(allocator);
    let environment: Vec<_> = environment.chain(wanted.iter().cloned()).collect();
    let (program, stdout) = Program::start("pull", &environment)?;
    // The program connects while we read what is here.
    let read = before.map(|(mut reader, _)| {
        let is_old = reader.version() < VERSION;
        (is_old, read_all(&mut reader, Contents::default(), |_| ()))
    });
    let before = match read {
        None => Contents::default(),
        // What an older version left out may be a window by now.
        Some((is_old, Ok(before))) if !is_old || before.left_out.is_empty() => before,
        Some((_, read)) => {
            let why = match read {
                Ok(_) => "was written by another version",
                Err(_) => "is damaged",
            };
            println!("Pulling everything anew: the snapshot of the last pull {why}.");
            drop(program);
            return fetch(settings, snapshot, true, wanted);
        }
    };
    let known = before.windows.len() + before.left_out.len();
    let input = BufReader::with_capacity(1 << 16, stdout);
    let read = Reader::new(input).and_then(|mut reader| {
        read_all(&mut reader, before, |source| {
            if let Source::MongoDb {
                database,
                collection,
            } = source
            {
                println!("Connected to MongoDB database {database}, collection {collection}");
            }
        })
    });
    match read {
        Ok(contents) => {
            program.finish()?;
            keep(snapshot, &contents, known);
            let source = contents.source.clone().ok_or_else(|| {
                Error::new("the program `pull` didn't say what it read; pull again")
            })?;
            Ok((origin(settings, source)?, contents))
        }
        Err(Broken::Read(_)) => {
            // The program ended early, and `finish` says why.
            program.finish()?;
            Err(Error::new(
                "the program `pull` ended before its end; pull again",
            ))
        }
        Err(Broken::Unknown | Broken::Damaged) => Err(Error::new(
            "what the program `pull` sent can't be read; was the project changed while the notebook ran? Restart the kernel",
        )),
    }
}

/// Writes the snapshot, when that saves more than it costs: a few windows more
/// are fetched again sooner than a long file is written.
pub(super) fn keep(snapshot: Option<&Snapshot>, contents: &Contents, known: usize) {
    let (Some(snapshot), Some(resume), Some(source)) =
        (snapshot, &contents.resume, &contents.source)
    else {
        return;
    };
    let all = contents.windows.len() + contents.left_out.len();
    if !contents.anew && all.saturating_sub(known) <= known / 100 {
        return;
    }
    if let Err(error) = snapshot.write(source, &contents.windows, &contents.left_out, resume) {
        println!("Note: {error}");
    }
}
