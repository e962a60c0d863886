//! Copying a store to another store.

use arbour_core::{KvStore, Result};

use super::entries::visit_hashed;
use super::{Transfer, TransferError, Transferred, is_unfinished};

/// Copies all of a store, as of now, into an empty store of any engine, and verifies the copy by
/// reading it back.
///
/// Concurrent writes to the source are not blocked, and not copied. If the copy is interrupted,
/// calling it again resumes it: entries that are already there are compared and not written again.
///
/// # Errors
/// [`NotEmpty`](TransferError::NotEmpty), [`Unfinished`](TransferError::Unfinished),
/// [`Differs`](TransferError::Differs); errors of either store, such as
/// [`TooLarge`](crate::ErrorKind::TooLarge) if the limits of the destination are lower.
///
/// ```
/// use arbour::transfer::copy;
/// use arbour::{KvStore, MemoryStore};
/// let (old, new) = (MemoryStore::new(), MemoryStore::new());
/// old.put(&old.tree("users")?, b"ada", b"1815")?;
/// assert_eq!(copy(&old, &new)?.entries, 1);
/// assert_eq!(new.get(&new.tree("users")?, b"ada")?.as_deref(), Some(&b"1815"[..]));
/// # Ok::<(), arbour::Error>(())
/// ```
pub fn copy(from: &impl KvStore, to: &impl KvStore) -> Result<Transferred> {
    Transfer::new().copy(from, to)
}

impl Transfer<'_> {
    /// Does the same as [`copy`], with these options.
    ///
    /// # Errors
    /// As [`copy`], and [`Cancelled`](TransferError::Cancelled).
    ///
    /// ```
    /// use arbour::MemoryStore;
    /// use arbour::transfer::Transfer;
    /// let moved = Transfer::new().replace().copy(&MemoryStore::new(), &MemoryStore::new())?;
    /// assert_eq!(moved.bytes, 0);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn copy(self, from: &impl KvStore, to: &impl KvStore) -> Result<Transferred> {
        if is_unfinished(from)? {
            return Err(TransferError::Unfinished.into());
        }
        let total = self.count(from)?;
        self.in_steps(2).fill(to, "copy", total, |visit| visit_hashed(from, visit))
    }
}
