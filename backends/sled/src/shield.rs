//! Keeping sled's panics from the caller.
//!
//! sled may panic over a damaged page, so every call that reads pages is made behind a shield. No
//! closure of a caller ever runs inside.

use arbour_core::{Operation, Result};

/// Calls sled and turns a panic into [`Corrupted`](arbour_core::ErrorKind::Corrupted).
#[inline]
pub(crate) fn shielded<R>(operation: Operation, call: impl FnOnce() -> Result<R>) -> Result<R> {
    arbour_core::shielded("sled", operation, call)
}
