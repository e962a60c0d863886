//! Reading typed entries in order.

use std::fmt;

use arbour_core::{Cursor, Result};

use super::OpenTree;
use crate::codec::Codec;
use crate::key::Key;

/// Reads typed entries in order; made by the scans of an [`OpenTree`].
///
/// It is an iterator that yields `None` after the last entry. An entry that does not have the tree's
/// types yields the error [`Decode`](crate::ErrorKind::Decode), which names the tree and the key; the
/// next call returns the following entry, so the caller decides whether to stop. After any other error
/// the cursor is finished.
///
/// ```
/// use arbour::codec::Bincode;
/// use arbour::{Direction, KvStore, MemoryStore, TypedTree};
///
/// const BORN: TypedTree<String, u32, Bincode> = TypedTree::new("born");
/// let store = MemoryStore::new();
/// let born = BORN.open(&store)?;
/// store.write(|transaction| born.put(transaction, "ada", &1815))?;
/// let snapshot = store.snapshot()?;
/// for entry in born.scan(&snapshot, Direction::Reverse)? {
///     let (name, year) = entry?;
///     println!("{name} was born in {year}");
/// }
/// store.put(born.raw(), b"bob", b"")?; // not a number
/// let snapshot = store.snapshot()?;
/// let sound: Vec<_> = born.scan(&snapshot, Direction::Forward)?.flatten().collect();
/// assert_eq!(sound, [("ada".to_string(), 1815)]);
/// # Ok::<(), arbour::Error>(())
/// ```
pub struct TypedCursor<Cu, K, V, C> {
    cursor: Cu,
    tree: OpenTree<K, V, C>,
}

impl<Cu: Cursor, K: Key<Owned = K>, V, C: Codec<V>> TypedCursor<Cu, K, V, C> {
    pub(super) fn new(cursor: Cu, tree: OpenTree<K, V, C>) -> Self {
        Self { cursor, tree }
    }

    /// Moves to `key`, or to the first entry after it in the cursor's direction, within the range
    /// of the scan; see [`Cursor::seek`].
    ///
    /// # Errors
    /// Errors of the engine; the cursor is then finished.
    ///
    /// ```
    /// # use arbour::{KvStore, MemoryStore, TypedTree, codec::Bincode};
    /// # const BORN: TypedTree<String, bool, Bincode> = TypedTree::new("born");
    /// # let store = MemoryStore::new();
    /// # let born = BORN.open(&store)?;
    /// store.put(born.raw(), b"ada", b"\x00")?;
    /// store.put(born.raw(), b"bob", b"\x01")?;
    /// let snapshot = store.snapshot()?;
    /// let mut cursor = born.scan(&snapshot, Default::default())?;
    /// cursor.seek("b")?;
    /// assert_eq!(cursor.next().transpose()?, Some(("bob".to_string(), true)));
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn seek(&mut self, key: impl Key<Owned = K>) -> Result<()> {
        self.cursor.seek(&key.to_key_bytes())
    }

    /// Returns the engine's cursor, to continue without decoding.
    ///
    /// ```
    /// # use arbour::{Cursor, KvStore, MemoryStore, TypedTree, codec::Bincode};
    /// # const BORN: TypedTree<String, bool, Bincode> = TypedTree::new("born");
    /// # let store = MemoryStore::new();
    /// # let born = BORN.open(&store)?;
    /// let snapshot = store.snapshot()?;
    /// let mut cursor = born.scan(&snapshot, Default::default())?.into_raw();
    /// assert_eq!(cursor.next()?, None);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn into_raw(self) -> Cu {
        self.cursor
    }
}

impl<Cu, K, V, C> fmt::Debug for TypedCursor<Cu, K, V, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedCursor").field("tree", &self.tree).finish_non_exhaustive()
    }
}

impl<Cu: Cursor, K: Key<Owned = K>, V, C: Codec<V>> Iterator for TypedCursor<Cu, K, V, C> {
    type Item = Result<(K, V)>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.cursor.next() {
            Ok(Some((key, value))) => Some(self.tree.decode(key, value)),
            Ok(None) => None,
            Err(error) => Some(Err(error)),
        }
    }
}
