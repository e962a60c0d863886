//! A value on redb's own page.

use redb::AccessGuard;

/// A value of a [`RedbStore`](crate::RedbStore): redb's own bytes, held in its cache for as long
/// as this lives.
///
/// ```
/// use arbour_core::{KvRead, KvStore, StoreOptions};
/// use arbour_redb::{RedbStore, RedbValue};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.redb");
/// let store = RedbStore::open(&path, &StoreOptions::new())?;
/// let users = store.tree("users")?;
/// store.put(&users, b"ada", b"1815")?;
/// let snapshot = store.snapshot()?;
/// let value: RedbValue<'_> = snapshot.get(&users, b"ada")?.unwrap();
/// assert_eq!(value.as_ref(), b"1815");
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct RedbValue<'t> {
    guard: AccessGuard<'t, &'static [u8]>,
}

impl<'t> RedbValue<'t> {
    pub(crate) fn new(guard: AccessGuard<'t, &'static [u8]>) -> Self {
        Self { guard }
    }
}

impl AsRef<[u8]> for RedbValue<'_> {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self.guard.value()
    }
}
