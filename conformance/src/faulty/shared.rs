//! What all stores with [`Fault::StaticShared`](super::Fault::StaticShared) share.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The address of the store that is being written; zero if there is none.
static WRITTEN: AtomicUsize = AtomicUsize::new(0);

/// Holds the shared static; dropping it releases it.
pub(super) struct Shared;

impl Shared {
    /// Takes it for a store with this address, or fails at once if another store has it. `None` if
    /// this store has it already.
    pub(super) fn take(own: usize) -> Result<Option<Self>, ()> {
        match WRITTEN.compare_exchange(0, own, Ordering::SeqCst, Ordering::SeqCst) {
            Ok(_) => Ok(Some(Self)),
            Err(owner) if owner == own => Ok(None),
            Err(_) => Err(()),
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        WRITTEN.store(0, Ordering::SeqCst);
    }
}
