//! Copies of values, in reused memory.

use std::cell::Cell;

/// A larger buffer is freed, so that one large value does not occupy memory for the lifetime of its
/// reader.
const KEPT_BYTES_MAX: usize = 64 << 10;

/// A value of a [`SqliteStore`](crate::SqliteStore): a copy, because the row is gone once the
/// statement is used again. Its memory is returned to the snapshot or transaction it was read by.
///
/// ```
/// use arbour_core::{KvRead, KvStore, StoreOptions};
/// use arbour_sqlite::{SqliteStore, SqliteValue};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.sqlite");
/// let store = SqliteStore::open(&path, &StoreOptions::new())?;
/// let users = store.tree("users")?;
/// store.put(&users, b"ada", b"1815")?;
/// let snapshot = store.snapshot()?;
/// let value: SqliteValue<'_> = snapshot.get(&users, b"ada")?.unwrap();
/// assert_eq!(value.as_ref(), b"1815");
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct SqliteValue<'t> {
    bytes: Vec<u8>,
    spare: &'t Cell<Vec<u8>>,
}

impl<'t> SqliteValue<'t> {
    #[inline]
    pub(crate) fn new(value: &[u8], spare: &'t Cell<Vec<u8>>) -> Self {
        let mut bytes = spare.take();
        bytes.extend_from_slice(value);
        Self { bytes, spare }
    }
}

impl AsRef<[u8]> for SqliteValue<'_> {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for SqliteValue<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.bytes.capacity() <= KEPT_BYTES_MAX {
            self.bytes.clear();
            self.spare.set(std::mem::take(&mut self.bytes));
        }
    }
}
