//! The store of an engine chosen at run time.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::erased::ErasedStore;
use super::{DynSnapshot, DynTransaction};
use crate::engine::{SendSnapshot, TreeName};
use crate::{Batch, Capabilities, Durability, KvStore, Result, Stats, Tree};

/// A store of any engine, chosen at run time.
///
/// It is a [`KvStore`] like any other, a few nanoseconds slower per call, and cheap to clone:
/// clones share one store.
///
/// ```
/// use arbour_core::{DynStore, KvStore, MemoryStore};
/// let store = DynStore::new(MemoryStore::new());
/// let users = store.tree("users")?;
/// store.clone().put(&users, b"ada", b"1815")?;
/// assert_eq!(store.get(&users, b"ada")?.as_deref(), Some(&b"1815"[..]));
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Clone)]
pub struct DynStore {
    store: Arc<dyn ErasedStore>,
}

impl DynStore {
    /// Erases the type of a store.
    ///
    /// ```
    /// # use arbour_core::{DynStore, KvStore, MemoryStore};
    /// let store = DynStore::new(MemoryStore::new());
    /// assert_eq!(store.capabilities().engine, "memory");
    /// ```
    #[must_use]
    pub fn new(store: impl KvStore) -> Self {
        Self { store: Arc::new(store) }
    }
}

impl fmt::Debug for DynStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynStore").field("engine", &self.capabilities().engine).finish()
    }
}

impl KvStore for DynStore {
    type Snapshot<'s> = DynSnapshot<'s>;
    type Transaction<'s> = DynTransaction<'s>;

    fn capabilities(&self) -> &Capabilities {
        self.store.erased_capabilities()
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.store.erased_open_tree(name)
    }

    fn snapshot(&self) -> Result<DynSnapshot<'_>> {
        Ok(DynSnapshot::new(self.store.erased_snapshot()?))
    }

    fn send_snapshot(&self) -> Result<SendSnapshot<'_>> {
        self.store.erased_send_snapshot()
    }

    fn begin_with(&self, durability: Durability) -> Result<DynTransaction<'_>> {
        Ok(DynTransaction::from_erased(self.store.erased_begin_with(durability)?))
    }

    fn writer_wait(&self) -> Duration {
        self.store.erased_writer_wait()
    }

    fn apply(&self, batch: Batch, durability: Durability) -> Result<()> {
        self.store.erased_apply(batch, durability)
    }

    fn sync(&self) -> Result<()> {
        self.store.erased_sync()
    }

    fn close(&self) -> Result<()> {
        self.store.erased_close()
    }

    fn stats(&self) -> Result<Stats> {
        self.store.erased_stats()
    }

    fn compact(&self) -> Result<()> {
        self.store.erased_compact()
    }

    fn backup(&self, destination: &Path) -> Result<()> {
        self.store.erased_backup(destination)
    }
}
