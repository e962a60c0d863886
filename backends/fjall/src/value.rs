//! Values in fjall's own memory.

use fjall::UserValue;

/// A value of a [`FjallStore`](crate::FjallStore): the bytes of fjall's own block, kept in memory
/// for the lifetime of the value.
///
/// ```
/// use arbour_core::{KvRead, KvStore, StoreOptions};
/// use arbour_fjall::{FjallStore, FjallValue};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.fjall");
/// let store = FjallStore::open(&path, &StoreOptions::new())?;
/// let users = store.tree("users")?;
/// store.put(&users, b"ada", b"1815")?;
/// let snapshot = store.snapshot()?;
/// let value: FjallValue = snapshot.get(&users, b"ada")?.unwrap();
/// assert_eq!(value.as_ref(), b"1815");
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct FjallValue {
    bytes: UserValue,
}

impl FjallValue {
    #[inline]
    pub(crate) fn new(bytes: UserValue) -> Self {
        Self { bytes }
    }
}

impl AsRef<[u8]> for FjallValue {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
