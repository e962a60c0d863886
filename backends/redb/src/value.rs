//! Values on redb's own pages.

use redb::AccessGuard;

use crate::catch_panic::PanicSafe;
use crate::tables::Bytes;

/// A value of a [`RedbStore`](crate::RedbStore): redb's own bytes, kept in its cache for the
/// lifetime of the value.
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
    guard: PanicSafe<AccessGuard<'t, Bytes>>,
}

impl<'t> RedbValue<'t> {
    /// Wraps a guard whose bytes were [accessed](look_at) before.
    #[inline]
    pub(crate) fn new(guard: AccessGuard<'t, Bytes>) -> Self {
        Self { guard: PanicSafe::new(guard) }
    }
}

impl AsRef<[u8]> for RedbValue<'_> {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self.guard.value()
    }
}

/// Accesses the bytes of a guard, within `catch_panic`: on a damaged page they may lie outside the
/// page, and redb panics. If this access succeeds, later ones do too, because the page does not
/// change.
#[inline]
pub(crate) fn look_at(guard: &AccessGuard<'_, Bytes>) {
    let _ = guard.value();
}
