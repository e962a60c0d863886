//! The store: RocksDB, and the slot of its writer.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use arbour_core::engine::{TransactionLayer, TreeLayer};
use arbour_core::{Operation, Result, StoreOptions};

use crate::{RocksdbEngine, RocksdbOptions};

/// A store in a folder that belongs to RocksDB.
///
/// ```
/// use arbour_core::{KvStore, StoreOptions};
/// use arbour_rocksdb::RocksdbStore;
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.rocksdb");
/// let store = RocksdbStore::open(&path, &StoreOptions::new())?;
/// let users = store.tree("users")?;
/// store.put(&users, b"ada", b"1815")?;
/// store.close()?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct RocksdbStore {
    pub(crate) layers: TransactionLayer<TreeLayer<RocksdbEngine>>,
}

impl fmt::Debug for RocksdbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.layers.engine().path();
        f.debug_struct("RocksdbStore").field("path", &path).finish_non_exhaustive()
    }
}

impl RocksdbStore {
    /// Opens the store in the folder at `path`, creating it if it is absent (or empty) and the
    /// options allow. After a crash RocksDB first replays its log.
    ///
    /// # Errors
    /// [`Locked`](arbour_core::ErrorKind::Locked) if another process or handle has it open for
    /// writing, or if it is opened for writing and another has it open at all;
    /// [`Corrupted`](arbour_core::ErrorKind::Corrupted) if the folder is damaged or contains
    /// something else; [`InvalidArgument`](arbour_core::ErrorKind::InvalidArgument) if it is a
    /// RocksDB database that Arbour did not create; [`TooNew`](arbour_core::ErrorKind::TooNew) if a
    /// newer version wrote it; [`NotFound`](arbour_core::ErrorKind::NotFound) if it is absent and
    /// may not be created; [`Io`](arbour_core::ErrorKind::Io) for errors of the system.
    ///
    /// ```
    /// use arbour_core::{ErrorKind, StoreOptions};
    /// use arbour_rocksdb::RocksdbStore;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("app.rocksdb");
    /// let absent = RocksdbStore::open(&path, &StoreOptions::new().create(false));
    /// assert_eq!(absent.unwrap_err().kind(), ErrorKind::NotFound);
    /// let store = RocksdbStore::open(&path, &StoreOptions::new())?;
    /// let second = RocksdbStore::open(&path, &StoreOptions::new());
    /// assert_eq!(second.unwrap_err().kind(), ErrorKind::Locked);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn open(path: impl AsRef<Path>, options: &StoreOptions) -> Result<Self> {
        Self::open_with(path, options, &RocksdbOptions::default())
    }

    /// Opens the store like [`open`](Self::open), with options that only RocksDB has.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    ///
    /// ```
    /// use arbour_core::StoreOptions;
    /// use arbour_rocksdb::{Compression, RocksdbOptions, RocksdbStore};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("app.rocksdb");
    /// let own = RocksdbOptions::new().compression(Compression::None);
    /// let store = RocksdbStore::open_with(&path, &StoreOptions::new(), &own)?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn open_with(
        path: impl AsRef<Path>,
        options: &StoreOptions,
        own: &RocksdbOptions,
    ) -> Result<Self> {
        let engine = RocksdbEngine::open(path, options, own)?;
        Ok(Self { layers: TreeLayer::new(engine)?.into_store(options) })
    }

    pub(crate) fn map(&self, operation: Operation) -> Result<Arc<RocksdbEngine>> {
        self.layers.engine().map(operation)
    }
}
