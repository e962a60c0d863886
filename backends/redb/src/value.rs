//! A value on redb's own page.

use redb::AccessGuard;

use crate::catch_panic::PanicSafe;
use crate::tables::Bytes;

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
    guard: PanicSafe<AccessGuard<'t, Bytes>>,
}

impl<'t> RedbValue<'t> {
    /// Keeps a guard whose bytes were [looked at](look_at).
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

/// Looks at the bytes of a guard. The caller does so within `catch_panic`, because on a damaged page
/// they may lie outside of it, and then redb panics. Otherwise it does not later either: the page
/// does not change.
#[inline]
pub(crate) fn look_at(guard: &AccessGuard<'_, Bytes>) {
    let _ = guard.value();
}
