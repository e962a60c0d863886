//! Counters for metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts what an [`Events`](super::Events) and its clones have done. A metrics exporter reads them
/// when it is scraped.
///
/// ```
/// use arbour::events::Counters;
/// assert_eq!(Counters::default().applied(), 0);
/// ```
#[derive(Debug, Default)]
pub struct Counters {
    pub(super) appended: AtomicU64,
    pub(super) applied: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) dead_lettered: AtomicU64,
}

impl Counters {
    pub(super) fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Ordering::Relaxed);
    }

    /// Returns how many events were appended.
    ///
    /// ```
    /// # use arbour::events::Counters;
    /// assert_eq!(Counters::default().appended(), 0);
    /// ```
    #[must_use]
    pub fn appended(&self) -> u64 {
        self.appended.load(Ordering::Relaxed)
    }

    /// Returns how many events were applied, counted once for each projection.
    ///
    /// ```
    /// # use arbour::events::Counters;
    /// assert_eq!(Counters::default().applied(), 0);
    /// ```
    #[must_use]
    pub fn applied(&self) -> u64 {
        self.applied.load(Ordering::Relaxed)
    }

    /// Returns how many times an event failed, counted once for each try.
    ///
    /// ```
    /// # use arbour::events::Counters;
    /// assert_eq!(Counters::default().failed(), 0);
    /// ```
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Returns how many events were moved to the dead-letter queue.
    ///
    /// ```
    /// # use arbour::events::Counters;
    /// assert_eq!(Counters::default().dead_lettered(), 0);
    /// ```
    #[must_use]
    pub fn dead_lettered(&self) -> u64 {
        self.dead_lettered.load(Ordering::Relaxed)
    }
}
