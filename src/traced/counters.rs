//! Counters of the operations on a store, for metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the operations on a [`TracedStore`](super::TracedStore). A metrics exporter reads them
/// when it is scraped.
///
/// ```
/// use arbour::traced::StoreCounters;
/// assert_eq!(StoreCounters::default().committed, 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreCounters {
    /// Snapshots taken.
    pub snapshots: u64,
    /// Transactions begun.
    pub begun: u64,
    /// Transactions and batches committed.
    pub committed: u64,
    /// Transactions rolled back or dropped.
    pub rolled_back: u64,
    /// Operations that conflicted with another transaction; the caller runs them again.
    pub conflicts: u64,
    /// Operations that failed for other reasons.
    pub failed: u64,
    /// Operations that took longer than the threshold.
    pub slow: u64,
}

/// The same counters as atomics.
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

/// Increments a counter.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
