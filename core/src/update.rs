//! The result of [`compare_and_swap`](crate::KvStore::compare_and_swap), and the argument of
//! [`fetch_and_update`](crate::KvStore::fetch_and_update).

/// The outcome of a [`compare_and_swap`](crate::KvStore::compare_and_swap).
///
/// ```
/// use arbour_core::{CompareAndSwap, KvStore, MemoryStore};
/// let store = MemoryStore::new();
/// let tree = store.tree("leases")?;
/// assert!(store.compare_and_swap(&tree, b"job", None, Some(b"me"))?.swapped());
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum CompareAndSwap {
    /// The key had the expected value and now has the new one.
    Swapped,
    /// The key has another value, and nothing was changed.
    Differs {
        /// The value of the key; `None` if it is absent.
        actual: Option<Vec<u8>>,
    },
}

impl CompareAndSwap {
    /// Tells whether the value was changed.
    ///
    /// ```
    /// assert!(arbour_core::CompareAndSwap::Swapped.swapped());
    /// ```
    #[must_use]
    pub fn swapped(&self) -> bool {
        matches!(self, Self::Swapped)
    }
}

/// What the closure of [`fetch_and_update`](crate::KvStore::fetch_and_update) decides to do.
///
/// ```
/// use arbour_core::{KvStore, MemoryStore, Update};
/// let store = MemoryStore::new();
/// let tree = store.tree("limits")?;
/// store.fetch_and_update(&tree, b"rooms", |known| match known {
///     Some(_) => Update::Keep,
///     None => Update::Put(b"100".to_vec()),
/// })?;
/// assert_eq!(store.get(&tree, b"rooms")?, Some(b"100".to_vec()));
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// Store this value.
    Put(Vec<u8>),
    /// Remove the key.
    Delete,
    /// Leave the key as it is.
    Keep,
}
