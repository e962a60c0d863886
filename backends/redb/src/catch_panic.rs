//! Catching redb's panics.
//!
//! redb may panic over a damaged page: in the call that reads it, and later wherever a lock is
//! taken that the panic poisoned, including the drops of objects that redb handed out. So every
//! call goes through [`catch_panic`], and objects of redb are held in a [`PanicSafe`].

use std::mem::take;
use std::ops::{Deref, DerefMut};

use arbour_core::{Operation, Result};

/// Calls redb and converts a panic to [`Corrupted`](arbour_core::ErrorKind::Corrupted).
#[inline]
pub(crate) fn catch_panic<R>(operation: Operation, call: impl FnOnce() -> Result<R>) -> Result<R> {
    arbour_core::engine::catch_panic("redb", operation, call)
}

/// A value of redb whose drop never propagates a panic.
///
/// Each value has its own `PanicSafe`: if two of them panicked in one drop, the second panic would
/// abort the process.
#[derive(Default)]
pub(crate) struct PanicSafe<T>(Option<T>);

impl<T> PanicSafe<T> {
    #[inline]
    pub(crate) fn new(held: T) -> Self {
        Self(Some(held))
    }

    /// Returns the value, to be consumed by a call within [`catch_panic`].
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
        // A drop cannot report an error. The cause of the panic was reported by an earlier call, or
        // will be by the next.
        let _ = catch_panic(Operation::Close, || {
            self.0 = None;
            Ok(())
        });
    }
}
