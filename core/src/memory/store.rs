//! The store: the committed trees, and the slot of their writer.

use std::fmt;
use std::sync::Arc;

use imbl::{OrdMap, Vector};
use parking_lot::RwLock;

use crate::batch::Write;
use crate::engine::{TreeRegistry, WriterSlot};
use crate::{Capabilities, Error, ErrorKind, Operation, Result, StoreOptions, Tree};

/// One tree. Versions share the keys and values they have in common.
pub(super) type Entries = OrdMap<Arc<[u8]>, Arc<[u8]>>;

/// All trees of one version, by the number of their handle. Trailing trees that were never written
/// are missing.
pub(super) type Trees = Vector<Entries>;

/// A store in memory, for tests, caches and experiments.
///
/// Snapshots cost next to nothing and copy no data. Durability has no effect, because everything is
/// gone when the store is dropped.
///
/// ```
/// use arbour_core::{KvStore, MemoryStore};
/// let store = MemoryStore::new();
/// let users = store.tree("users")?;
/// store.put(&users, b"ada", b"1815")?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct MemoryStore {
    pub(super) registry: TreeRegistry,
    pub(super) trees: RwLock<Trees>,
    pub(super) slot: WriterSlot,
    pub(super) capabilities: Capabilities,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

impl MemoryStore {
    /// Creates an empty store.
    ///
    /// ```
    /// # use arbour_core::{KvRead, KvStore, MemoryStore};
    /// assert!(MemoryStore::new().snapshot()?.trees()?.is_empty());
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::empty(&StoreOptions::new())
    }

    /// Creates an empty store with the busy timeout and limits of the options. If it is opened
    /// read-only, it stays empty.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) with `create(false)`, because a store in memory never
    /// exists beforehand.
    ///
    /// ```
    /// # use arbour_core::{ErrorKind, MemoryStore, StoreOptions};
    /// let options = StoreOptions::new().busy_timeout(std::time::Duration::from_secs(1));
    /// let store = MemoryStore::open(&options)?;
    /// let refused = MemoryStore::open(&options.create(false)).unwrap_err();
    /// assert_eq!(refused.kind(), ErrorKind::NotFound);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn open(options: &StoreOptions) -> Result<Self> {
        if !options.may_create() && !options.is_read_only() {
            let message = "a store in memory is always a new one, and `create(false)` forbids that";
            return Err(Error::new(ErrorKind::NotFound, Operation::Open, message));
        }
        Ok(Self::empty(options))
    }

    fn empty(options: &StoreOptions) -> Self {
        let mut capabilities = Capabilities::new("memory");
        capabilities.limits = options.requested_limits();
        capabilities.read_only = true;
        capabilities.open_files_max = Some(0);
        Self {
            registry: TreeRegistry::new(),
            trees: RwLock::new(Trees::new()),
            slot: WriterSlot::new(options, None),
            capabilities,
        }
    }

    #[inline]
    pub(super) fn check_tree(&self, tree: &Tree, operation: Operation) -> Result<()> {
        self.registry.check(tree, operation)
    }

    #[inline]
    pub(super) fn check(&self, write: &Write<'_>) -> Result<()> {
        self.check_tree(write.tree, write.operation())?;
        self.capabilities.limits.check(write)
    }

    pub(super) fn check_transaction(&self, (writes, bytes): (usize, usize)) -> Result<()> {
        self.capabilities.limits.check_transaction(writes, bytes)
    }
}
