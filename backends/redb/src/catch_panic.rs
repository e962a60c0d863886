//! Keeping redb's panics from the caller.
//!
//! redb may panic over a damaged page: in a call that reads it, and afterwards wherever a lock that
//! the panic poisoned is taken, which includes the drops of what redb handed out. So every call is
//! made through [`catch_panic`], and what is kept of redb's is kept in a [`PanicSafe`].

use std::mem::take;
use std::ops::{Deref, DerefMut};

use arbour_core::{Operation, Result};

/// Calls redb and turns a panic into [`Corrupted`](arbour_core::ErrorKind::Corrupted).
#[inline]
pub(crate) fn catch_panic<R>(operation: Operation, call: impl FnOnce() -> Result<R>) -> Result<R> {
    arbour_core::engine::catch_panic("redb", operation, call)
}

/// A value of redb whose drop cannot let a panic through.
///
/// Each such thing has a `PanicSafe` of its own: if two of them panicked in one drop, the second
/// panic would end the process.
#[derive(Default)]
pub(crate) struct PanicSafe<T>(Option<T>);

impl<T> PanicSafe<T> {
    #[inline]
    pub(crate) fn new(held: T) -> Self {
        Self(Some(held))
    }

    /// Returns what is held, to be consumed by a call within [`catch_panic`].
    pub(crate) fn into_inner(mut self) -> T {
        match take(&mut self.0) {
            Some(held) => held,
            None => unreachable!("nothing else takes it"),
        }
    }
}

impl<T> Deref for PanicSafe<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        match &self.0 {
            Some(held) => held,
            None => unreachable!("only dropping takes it"),
        }
    }
}

impl<T> DerefMut for PanicSafe<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        match &mut self.0 {
            Some(held) => held,
            None => unreachable!("only dropping takes it"),
        }
    }
}

impl<T> Drop for PanicSafe<T> {
    #[inline]
    fn drop(&mut self) {
        // A drop has no one to report to. What made it panic was reported by an earlier call, or
        // will be by the next one.
        let _ = catch_panic(Operation::Close, || {
            self.0 = None;
            Ok(())
        });
    }
}
