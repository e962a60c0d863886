//! From store to store.

use arbour_core::KvStore;

use super::entries::visit_hashed;
use super::{Transfer, TransferError, TransferResult, Transferred, is_unfinished};

/// Copies all of a store, as it is now, into an empty one of any engine, and reads it back.
///
/// Whoever writes to the source meanwhile is not waited for, and not copied. If it is broken off, calling
/// it again goes on: what is there already is compared and not written again.
///
/// # Errors
/// [`NotEmpty`](TransferError::NotEmpty), [`Unfinished`](TransferError::Unfinished),
/// [`Differs`](TransferError::Differs); what either store reports,
/// [`TooLarge`](arbour_core::ErrorKind::TooLarge) among it if the destination takes less.
///
/// ```
/// use arbour::transfer::copy;
/// use arbour::{KvStore, MemoryStore};
/// let (old, new) = (MemoryStore::new(), MemoryStore::new());
/// old.put(&old.tree("users")?, b"ada", b"1815")?;
/// assert_eq!(copy(&old, &new)?.entries, 1);
/// assert_eq!(new.get(&new.tree("users")?, b"ada")?.as_deref(), Some(&b"1815"[..]));
/// # Ok::<(), arbour::transfer::TransferError>(())
/// ```
pub fn copy(from: &impl KvStore, to: &impl KvStore) -> TransferResult<Transferred> {
    Transfer::new().copy(from, to)
}

impl Transfer<'_> {
    /// As [`copy`], with the choices that were made.
    ///
    /// # Errors
    /// As [`copy`], and [`Cancelled`](TransferError::Cancelled).
    ///
    /// ```
    /// use arbour::MemoryStore;
    /// use arbour::transfer::Transfer;
    /// let moved = Transfer::new().replace().copy(&MemoryStore::new(), &MemoryStore::new())?;
    /// assert_eq!(moved.bytes, 0);
    /// # Ok::<(), arbour::transfer::TransferError>(())
    /// ```
    pub fn copy(mut self, from: &impl KvStore, to: &impl KvStore) -> TransferResult<Transferred> {
        if is_unfinished(from)? {
            return Err(TransferError::Unfinished);
        }
        let total = self.count(from)?;
        self.fill(to, "copy", total, |visit| visit_hashed(from, visit))
    }
}
