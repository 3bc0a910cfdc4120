//! Names that Python pickled, read by the program `unpickle`.
//!
//! The reader stays out of the notebook's graph, and whatever a hostile file
//! does to it happens in a process of its own.

use std::io::Read;

use crate::program::Program;
use crate::{Error, Result};

/// More than this isn't read back: as much as the largest file, escaped.
const ANSWER: u64 = 6 * super::file::LARGEST;

/// The names as JSON.
pub(super) fn to_json(pickle: &[u8]) -> Result<Vec<u8>> {
    let (mut program, answer) = Program::start("unpickle", "pickle", &[])?;
    // Standard input stays open, so the length says where the file ends.
    program.send(&(pickle.len() as u64).to_le_bytes());
    program.send(pickle);
    let mut json = Vec::new();
    answer
        .take(ANSWER)
        .read_to_end(&mut json)
        .map_err(|e| Error::new(format!("the program `unpickle` can't be heard: {e}")))?;
    program.finish()?;
    Ok(json)
}
