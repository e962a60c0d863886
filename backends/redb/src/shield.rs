//! Keeping redb's panics from the caller.
//!
//! redb may panic over a damaged page, so every call that reads pages is made behind a shield.

use arbour_core::{Operation, Result};

/// Calls redb and turns a panic into [`Corrupted`](arbour_core::ErrorKind::Corrupted).
#[inline]
pub(crate) fn shielded<R>(operation: Operation, call: impl FnOnce() -> Result<R>) -> Result<R> {
    arbour_core::shielded("redb", operation, call)
}
