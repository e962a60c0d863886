//! A snapshot that keeps its store open.

use self_cell::self_cell;

use crate::engine::{SendSnapshot, forward};
use crate::{DynStore, KvRead, KvStore, Result};

self_cell!(
    struct Pinned {
        owner: DynStore,
        #[covariant]
        dependent: SendSnapshot,
    }
);

/// A snapshot that borrows nothing: it can be returned, kept, sent to another thread, and held
/// across an `await`.
///
/// [`DynStore::owned_snapshot`] takes it. It keeps the store open as long as it lives, and what it
/// pins is kept by the engine as for any other snapshot. It can be used by one thread at a time: it
/// is [`Send`] but not [`Sync`].
///
/// ```
/// use arbour_core::{DynStore, KvRead, KvStore, MemoryStore, OwnedSnapshot};
/// fn pinned() -> arbour_core::Result<OwnedSnapshot> {
///     let store = DynStore::new(MemoryStore::new());
///     store.put(&store.tree("users")?, b"ada", b"1815")?;
///     store.owned_snapshot()
/// }
/// let snapshot = pinned()?;
/// assert_eq!(std::thread::spawn(move || snapshot.trees()).join().unwrap()?, ["users"]);
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct OwnedSnapshot {
    pinned: Pinned,
}

impl DynStore {
    /// Takes a snapshot of all trees that borrows nothing, for use on another thread or across an
    /// `await`.
    ///
    /// # Errors
    /// As [`snapshot`](KvStore::snapshot).
    ///
    /// ```
    /// use arbour_core::{DynStore, KvRead, KvStore, MemoryStore};
    /// let store = DynStore::new(MemoryStore::new());
    /// let users = store.tree("users")?;
    /// let before = store.owned_snapshot()?;
    /// store.put(&users, b"ada", b"1815")?;
    /// assert!(!before.contains(&users, b"ada")?);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn owned_snapshot(&self) -> Result<OwnedSnapshot> {
        let pinned = Pinned::try_new(self.clone(), |store| store.send_snapshot())?;
        Ok(OwnedSnapshot { pinned })
    }
}

impl OwnedSnapshot {
    pub(crate) fn store(&self) -> &DynStore {
        self.pinned.borrow_owner()
    }
}

impl KvRead for OwnedSnapshot {
    forward!(types of SendSnapshot<'t>);
    forward!(self => self.pinned.borrow_dependent(); reads);
}
