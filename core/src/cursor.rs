//! Reading entries in order, without copying them.

use crate::Result;

/// Reads the entries of a range in order.
///
/// A cursor lends: the slices it returns are the engine's own bytes and stay valid until the next
/// call. Its direction is fixed at creation, because SQLite cannot reverse a statement. The trait
/// is object-safe.
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
    /// After the end, further calls return `None` until a [`seek`](Self::seek).
    ///
    /// # Errors
    /// Errors of the engine, never mistaken for the end. After an error the cursor is finished:
    /// further calls return `None`, even after a seek.
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

    /// Moves to `key`, or to the first entry after it in the cursor's direction; the following
    /// [`next`](Self::next) returns that entry.
    ///
    /// It may move in either direction, also after the end, but never leaves the range of the scan:
    /// a key before the range moves to its start, a key after it to its end.
    ///
    /// # Errors
    /// Errors of the engine; the cursor is then finished.
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
