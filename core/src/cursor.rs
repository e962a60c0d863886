//! Reading entries in order, without copying them.

use crate::Result;

/// Reads the entries of a range one after another.
///
/// A cursor lends: the slices it returns are the engine's own bytes and stay valid until the next
/// call. Its direction is fixed when it is made, because SQLite cannot reverse a statement. It is
/// object-safe.
///
/// ```
/// use arbour_core::{Cursor, Direction, KeyRange, KvRead, KvStore, MemoryStore};
/// let store = MemoryStore::new();
/// let tree = store.tree("letters")?;
/// store.put(&tree, b"a", b"1")?;
/// store.put(&tree, b"b", b"2")?;
/// let snapshot = store.snapshot()?;
/// let mut cursor = snapshot.scan(&tree, KeyRange::all(), Direction::Reverse)?;
/// assert_eq!(cursor.next()?, Some((&b"b"[..], &b"2"[..])));
/// cursor.seek(b"a")?;
/// assert_eq!(cursor.next()?, Some((&b"a"[..], &b"1"[..])));
/// assert_eq!(cursor.next()?, None);
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub trait Cursor {
    /// Returns the next entry in the cursor's direction, or `None` after the last one.
    ///
    /// After the end it stays ended until a [`seek`](Self::seek).
    ///
    /// # Errors
    /// What the engine reports, never mistaken for the end. The cursor is then ended for good:
    /// what follows is `None`, even after a seek.
    ///
    /// ```
    /// use arbour_core::{Cursor, KeyRange, KvRead, KvStore, MemoryStore};
    /// let store = MemoryStore::new();
    /// let tree = store.tree("empty")?;
    /// let snapshot = store.snapshot()?;
    /// let mut cursor = snapshot.scan(&tree, KeyRange::all(), Default::default())?;
    /// assert_eq!(cursor.next()?, None);
    /// assert_eq!(cursor.next()?, None);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn next(&mut self) -> Result<Option<(&[u8], &[u8])>>;

    /// Moves to `key`, or the first entry after it in the cursor's direction; the following
    /// [`next`](Self::next) returns that entry.
    ///
    /// It may move either way, also after the end, but never leaves the range of the scan: a key
    /// before the range moves to its beginning, a key behind it to its end.
    ///
    /// # Errors
    /// What the engine reports; the cursor is then ended for good.
    ///
    /// ```
    /// use arbour_core::{Cursor, KeyRange, KvRead, KvStore, MemoryStore};
    /// let store = MemoryStore::new();
    /// let tree = store.tree("letters")?;
    /// store.put(&tree, b"c", b"3")?;
    /// let snapshot = store.snapshot()?;
    /// let mut cursor = snapshot.scan(&tree, KeyRange::all(), Default::default())?;
    /// cursor.seek(b"b")?;
    /// assert_eq!(cursor.next()?, Some((&b"c"[..], &b"3"[..])));
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn seek(&mut self, key: &[u8]) -> Result<()>;
}

impl<C: Cursor + ?Sized> Cursor for Box<C> {
    #[inline]
    fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        (**self).next()
    }

    fn seek(&mut self, key: &[u8]) -> Result<()> {
        (**self).seek(key)
    }
}
