//! Values in RocksDB's own memory.

use rocksdb::DBPinnableSlice;

/// A value of a [`RocksdbStore`](crate::RocksdbStore): the bytes of RocksDB's own block, kept in
/// memory for the lifetime of the value.
///
/// ```
/// use arbour_core::{KvRead, KvStore, StoreOptions};
/// use arbour_rocksdb::{RocksdbStore, RocksdbValue};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.rocksdb");
/// let store = RocksdbStore::open(&path, &StoreOptions::new())?;
/// let users = store.tree("users")?;
/// store.put(&users, b"ada", b"1815")?;
/// let snapshot = store.snapshot()?;
/// let value: RocksdbValue<'_> = snapshot.get(&users, b"ada")?.unwrap();
/// assert_eq!(value.as_ref(), b"1815");
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct RocksdbValue<'t> {
    slice: DBPinnableSlice<'t>,
}

impl<'t> RocksdbValue<'t> {
    #[inline]
    pub(crate) fn new(slice: DBPinnableSlice<'t>) -> Self {
        Self { slice }
    }
}

impl AsRef<[u8]> for RocksdbValue<'_> {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        &self.slice
    }
}
