//! Handles of trees, which know where their entries lie.

use std::fmt;
use std::hash::{Hash, Hasher};

use arbour_core::{Tree, TreeHandle};

use crate::keyspace::TreeNumber;

/// A tree of a [`RocksdbStore`](crate::RocksdbStore).
///
/// ```
/// use arbour_core::{KvStore, StoreOptions, Tree};
/// use arbour_rocksdb::{RocksdbStore, RocksdbTree};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.rocksdb");
/// let store = RocksdbStore::open(&path, &StoreOptions::new())?;
/// let users: RocksdbTree = store.tree("users")?;
/// assert_eq!(users.name(), "users");
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Clone)]
pub struct RocksdbTree {
    handle: TreeHandle,
    number: TreeNumber,
}

impl RocksdbTree {
    pub(crate) fn new(handle: TreeHandle, number: TreeNumber) -> Self {
        Self { handle, number }
    }

    #[inline]
    pub(crate) fn handle(&self) -> &TreeHandle {
        &self.handle
    }

    /// Returns the number that the keys of its entries begin with.
    #[inline]
    pub(crate) fn number(&self) -> TreeNumber {
        self.number
    }
}

impl Tree for RocksdbTree {
    fn name(&self) -> &str {
        self.handle.name()
    }
}

impl PartialEq for RocksdbTree {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.handle == other.handle
    }
}

impl Eq for RocksdbTree {}

impl Hash for RocksdbTree {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.handle.hash(state);
    }
}

impl fmt::Debug for RocksdbTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RocksdbTree({:?})", self.name())
    }
}
