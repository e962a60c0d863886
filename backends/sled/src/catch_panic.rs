//! Catching sled's panics.
//!
//! sled may panic over a damaged page, so every call that reads pages goes through `catch_panic`.
//! No closure of a caller ever runs inside.

use arbour_core::{Operation, Result};

/// Calls sled and converts a panic to [`Corrupted`](arbour_core::ErrorKind::Corrupted).
#[inline]
pub(crate) fn catch_panic<R>(operation: Operation, call: impl FnOnce() -> Result<R>) -> Result<R> {
    arbour_core::engine::catch_panic("sled", operation, call)
}
