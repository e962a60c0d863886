//! What was done so far, for whoever measures.

use std::sync::atomic::{AtomicU64, Ordering};

/// What was done so far by an [`Events`](super::Events) and its clones. A metrics crate reads them when
/// it is asked for them.
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
    pub(super) put_aside: AtomicU64,
}

impl Counters {
    pub(super) fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Ordering::Relaxed);
    }

    /// How many events were appended.
    ///
    /// ```
    /// # use arbour::events::Counters;
    /// assert_eq!(Counters::default().appended(), 0);
    /// ```
    #[must_use]
    pub fn appended(&self) -> u64 {
        self.appended.load(Ordering::Relaxed)
    }

    /// How many events were applied, counted for each projection.
    ///
    /// ```
    /// # use arbour::events::Counters;
    /// assert_eq!(Counters::default().applied(), 0);
    /// ```
    #[must_use]
    pub fn applied(&self) -> u64 {
        self.applied.load(Ordering::Relaxed)
    }

    /// How often an event failed, counted for each try.
    ///
    /// ```
    /// # use arbour::events::Counters;
    /// assert_eq!(Counters::default().failed(), 0);
    /// ```
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// How many events were put aside.
    ///
    /// ```
    /// # use arbour::events::Counters;
    /// assert_eq!(Counters::default().put_aside(), 0);
    /// ```
    #[must_use]
    pub fn put_aside(&self) -> u64 {
        self.put_aside.load(Ordering::Relaxed)
    }
}
