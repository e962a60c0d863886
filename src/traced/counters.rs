//! What was done with a store so far, for whoever measures.

use std::sync::atomic::{AtomicU64, Ordering};

/// What was done with a [`TracedStore`](super::TracedStore) so far. A metrics crate reads them when it is asked
/// for them.
///
/// ```
/// use arbour::traced::StoreCounters;
/// assert_eq!(StoreCounters::default().committed, 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreCounters {
    /// Snapshots that were taken.
    pub snapshots: u64,
    /// Transactions that were begun.
    pub begun: u64,
    /// Transactions and batches that were committed.
    pub committed: u64,
    /// Transactions that were rolled back, or given up.
    pub rolled_back: u64,
    /// Operations that met another transaction's: they are run again, as a rule.
    pub conflicts: u64,
    /// Operations that failed otherwise.
    pub failed: u64,
    /// Operations that took longer than they should.
    pub slow: u64,
}

/// The same, being counted.
#[derive(Debug, Default)]
pub(super) struct Counting {
    pub(super) snapshots: AtomicU64,
    pub(super) begun: AtomicU64,
    pub(super) committed: AtomicU64,
    pub(super) rolled_back: AtomicU64,
    pub(super) conflicts: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) slow: AtomicU64,
}

impl Counting {
    pub(super) fn read(&self) -> StoreCounters {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        StoreCounters {
            snapshots: of(&self.snapshots),
            begun: of(&self.begun),
            committed: of(&self.committed),
            rolled_back: of(&self.rolled_back),
            conflicts: of(&self.conflicts),
            failed: of(&self.failed),
            slow: of(&self.slow),
        }
    }
}

/// Counts one.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
