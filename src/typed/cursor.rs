//! Reading typed entries in order.

use std::fmt;

use arbour_core::{Cursor, Result};

use super::OpenTree;
use crate::codec::Codec;
use crate::key::Key;

/// Reads typed entries in order; made by the scans of an [`OpenTree`].
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
/// let mut cursor = born.scan(&snapshot, Direction::Forward)?;
/// while let Some((name, year)) = cursor.next()? {
///     println!("{name} was born in {year}");
/// }
/// for entry in born.scan(&snapshot, Direction::Reverse)? {
///     let (name, year) = entry?;
///     println!("{name} was born in {year}");
/// }
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

    /// Returns the next entry in the cursor's direction, or `None` after the last one.
    ///
    /// # Errors
    /// [`Decode`](crate::ErrorKind::Decode), naming the tree and the key, for an entry that does
    /// not have the tree's types. The next call returns the following entry, so the caller decides
    /// whether to stop. After any other error the cursor is finished.
    ///
    /// ```
    /// # use arbour::{ErrorKind, KvStore, MemoryStore, TypedTree, codec::Bincode};
    /// # const BORN: TypedTree<String, bool, Bincode> = TypedTree::new("born");
    /// # let store = MemoryStore::new();
    /// # let born = BORN.open(&store)?;
    /// store.put(born.raw(), b"ada", b"damaged")?;
    /// store.put(born.raw(), b"bob", b"\x01")?;
    /// let snapshot = store.snapshot()?;
    /// let mut cursor = born.scan(&snapshot, Default::default())?;
    /// assert_eq!(cursor.next().unwrap_err().kind(), ErrorKind::Decode);
    /// assert_eq!(cursor.next()?, Some(("bob".to_string(), true)));
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[expect(
        clippy::should_implement_trait,
        reason = "it is the typed form of `Cursor::next`; iterators come from `into_iter`"
    )]
    pub fn next(&mut self) -> Result<Option<(K, V)>> {
        match self.cursor.next()? {
            Some((key, value)) => self.tree.decode(key, value).map(Some),
            None => Ok(None),
        }
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
    /// assert_eq!(cursor.next()?, Some(("bob".to_string(), true)));
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

impl<Cu: Cursor, K: Key<Owned = K>, V, C: Codec<V>> IntoIterator for TypedCursor<Cu, K, V, C> {
    type Item = Result<(K, V)>;
    type IntoIter = TypedEntries<Cu, K, V, C>;

    fn into_iter(self) -> Self::IntoIter {
        TypedEntries(self)
    }
}

/// Iterates over the entries of a [`TypedCursor`]. An entry that cannot be decoded yields an error
/// but does not end the iteration.
///
/// ```
/// # use arbour::{KvStore, MemoryStore, Result, TypedTree, codec::Bincode};
/// # const BORN: TypedTree<String, bool, Bincode> = TypedTree::new("born");
/// # let store = MemoryStore::new();
/// # let born = BORN.open(&store)?;
/// let snapshot = store.snapshot()?;
/// let all = born.scan(&snapshot, Default::default())?.into_iter().collect::<Result<Vec<_>>>()?;
/// assert!(all.is_empty());
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Debug)]
pub struct TypedEntries<Cu, K, V, C>(TypedCursor<Cu, K, V, C>);

impl<Cu: Cursor, K: Key<Owned = K>, V, C: Codec<V>> Iterator for TypedEntries<Cu, K, V, C> {
    type Item = Result<(K, V)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().transpose()
    }
}
