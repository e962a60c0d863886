//! Keeping sled's panics from the caller.
//!
//! sled may panic over a damaged page, so every call that reads pages is made through `catch_panic`. No
//! closure of a caller ever runs inside.

use arbour_core::{Operation, Result};

/// Calls sled and turns a panic into [`Corrupted`](arbour_core::ErrorKind::Corrupted).
#[inline]
pub(crate) fn catch_panic<R>(operation: Operation, call: impl FnOnce() -> Result<R>) -> Result<R> {
    arbour_core::engine::catch_panic("sled", operation, call)
}
