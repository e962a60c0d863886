//! Reads that are about to be made.

use crate::{Direction, KeyRange, Tree};

/// A read that is about to be made, for [`KvRead::prefetch`](crate::KvRead::prefetch).
///
/// ```
/// use arbour_core::engine::Prefetch;
/// use arbour_core::{Direction, KeyRange, KvRead, KvStore, MemoryStore};
/// let store = MemoryStore::new();
/// let (users, log) = (store.tree("users")?, store.tree("log")?);
/// let snapshot = store.snapshot()?;
/// snapshot.prefetch(&|| {
///     vec![
///         Prefetch::Value(users.clone(), b"ada".to_vec()),
///         Prefetch::First(log.clone(), KeyRange::all(), Direction::Reverse),
///     ]
/// })?;
/// let (ada, newest) = (snapshot.get(&users, b"ada")?, snapshot.last(&log, KeyRange::all())?);
/// # assert!(ada.is_none() && newest.is_none());
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub enum Prefetch {
    /// The value of a key.
    Value(Tree, Vec<u8>),
    /// The first entries of a range in a direction: those that a scan of the same range begins with.
    First(Tree, KeyRange<'static>, Direction),
}
