//! What all stores share that have [`Fault::StaticShared`](super::Fault::StaticShared).

use std::sync::atomic::{AtomicUsize, Ordering};

use super::FaultyStore;

/// The address of the store that is written; zero for none.
static WRITTEN: AtomicUsize = AtomicUsize::new(0);

/// Holds what is shared; dropping it lets go.
pub(super) struct Shared;

impl Shared {
    /// Takes it for a store, or fails at once if another has it. `None` if this one does.
    pub(super) fn take(store: &FaultyStore) -> Result<Option<Self>, ()> {
        let own = std::ptr::from_ref(store).addr();
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
