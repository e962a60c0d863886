//! How much a call writes in one transaction.

use arbour_core::{Error, KvStore, Result, Writers};

use crate::too_large::is_transaction_too_large;

/// The most entries of a chunk where other writers do not wait: each of them that a writer changes meanwhile
/// is a conflict, so a large chunk beside busy writers would never be committed.
const ENTRIES_BESIDE_WRITERS: usize = 128;

/// The most entries that a call processes in one transaction. It is halved whenever the engine refuses a
/// transaction as too large, because how much an entry makes a call write is known only then.
pub(crate) struct ChunkSize(usize);

impl ChunkSize {
    pub(crate) fn new(entries: usize) -> Self {
        Self(entries)
    }

    #[cfg(feature = "events")]
    pub(crate) fn get(&self) -> usize {
        self.0
    }

    /// Halves the size if this is why a transaction failed. Returns whether to run it again.
    pub(crate) fn shrinks_after(&mut self, error: &Error) -> bool {
        let is_cut = is_transaction_too_large(error) && self.0 > 1;
        if is_cut {
            self.0 /= 2;
        }
        is_cut
    }

    /// Writes a chunk: runs a closure, which is told the size, in a transaction, and again with smaller ones
    /// until the transaction fits.
    pub(crate) fn write<S: KvStore, T>(
        &mut self,
        store: &S,
        mut run: impl FnMut(&mut S::Transaction<'_>, usize) -> Result<T>,
    ) -> Result<T> {
        let capabilities = store.capabilities();
        // An entry makes a call write at least once.
        self.0 = self.0.min(capabilities.limits.transaction_writes_max.max(1));
        if capabilities.writers == Writers::Many {
            self.0 = self.0.min(ENTRIES_BESIDE_WRITERS);
        }
        loop {
            match store.write(|transaction| run(transaction, self.0)) {
                Err(error) if self.shrinks_after(&error) => {}
                written => return written,
            }
        }
    }
}
