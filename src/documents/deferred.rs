//! Values of unique indexes that are checked later.

use std::collections::BTreeSet;

use parking_lot::Mutex;

use super::entries::Entry;

/// The number of an index, and values in the form of its entries.
pub(super) type Values = (usize, Vec<u8>);

/// The values that were written to unique indexes and are to be checked; `None` once they were.
pub(super) struct Deferred {
    values: Mutex<Option<BTreeSet<Values>>>,
}

impl Deferred {
    pub(super) fn new() -> Self {
        Self { values: Mutex::new(Some(BTreeSet::new())) }
    }

    /// Notes the values of an entry, to be checked later. Returns `false` if it is too late for that.
    pub(super) fn note(&self, entry: Entry<'_>) -> bool {
        match &mut *self.values.lock() {
            Some(values) => {
                values.insert((entry.index, entry.values.to_vec()));
                true
            }
            None => false,
        }
    }

    /// Returns the values that were noted. Nothing is noted from now on.
    pub(super) fn end(&self) -> BTreeSet<Values> {
        self.values.lock().take().unwrap_or_default()
    }
}
