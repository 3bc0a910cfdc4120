//! Activity as bytes: in a stream between two processes, in a saved file, in the
//! snapshot of the last pull.

pub(crate) mod columns;
pub(crate) mod replace;
pub(crate) mod snapshot;
pub(crate) mod stream;
