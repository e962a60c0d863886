//! Writes that change something.
//!
//! A value that is already stored must not be written again: SQLite compares a new value with the
//! stored one, and a commit that changes nothing costs it nothing.

use std::sync::atomic::{AtomicU64, Ordering};

use arbour_benches::workload::{self, Entry};

/// The number of values made in the whole run: each is unique, and differs from every loaded value.
static MADE: AtomicU64 = AtomicU64::new(1 << 40);

/// Overwrites the keys of a store in an order that caches cannot predict, each with a new value.
pub(crate) struct Writes {
    order: Vec<u64>,
    value_bytes: usize,
}

impl Writes {
    /// Overwrites a store of this many entries.
    pub(crate) fn over(entries: u64, value_bytes: usize) -> Self {
        Self { order: workload::random_entries(entries, 10_000), value_bytes }
    }

    /// Returns the next write. Any thread may call it.
    pub(crate) fn next(&self) -> Entry {
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        let entry = self.order.get(made as usize % self.order.len()).copied();
        let entry = entry.expect("the order goes round");
        (workload::key(entry), workload::value(made, self.value_bytes))
    }

    /// Returns the next writes of a transaction.
    pub(crate) fn take(&self, puts: usize) -> Vec<Entry> {
        (0..puts).map(|_| self.next()).collect()
    }
}
