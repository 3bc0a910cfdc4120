//! Activity as bytes: in a stream between two processes, in a saved file, in the
//! snapshot of the last pull.

pub mod columns;
pub mod replace;
pub mod snapshot;
pub mod stream;
