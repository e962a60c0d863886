//! RocksDB as an engine with snapshots and atomic batches.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arbour_core::engine::keyspace::CATALOG;
use arbour_core::engine::{StorePath, TreeCatalog, WriteLatch};
use arbour_core::{
    Capabilities, DamageDetection, Durability, Error, ErrorKind, Operation, Provision, Result,
    StoreOptions,
};
use parking_lot::RwLock;
use rocksdb::WriteOptions;

use crate::RocksdbOptions;
use crate::cursor::EntryCursor;
use crate::database::Database;

/// RocksDB with snapshots and batches but without transactions, from which a
/// [`RocksdbStore`](crate::RocksdbStore) is made.
///
/// ```
/// use arbour_core::engine::Engine;
/// use arbour_core::StoreOptions;
/// use arbour_rocksdb::RocksdbEngine;
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.rocksdb");
/// let engine = RocksdbEngine::open(&path, &StoreOptions::new(), &Default::default())?;
/// assert!(engine.capabilities().concurrent_batches);
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct RocksdbEngine {
    /// Taken by closing; open snapshots have their own references.
    database: RwLock<Option<Arc<Database>>>,
    pub(crate) catalog: TreeCatalog,
    pub(crate) capabilities: Capabilities,
    pub(crate) path: PathBuf,
    pub(crate) read_only: bool,
    /// Options for writes that wait for the device, and for writes that do not.
    pub(crate) synced: WriteOptions,
    pub(crate) unsynced: WriteOptions,
    pub(crate) latch: WriteLatch,
}

impl RocksdbEngine {
    /// Opens the database in the folder at `path`; see [`RocksdbStore`](crate::RocksdbStore::open).
    ///
    /// # Errors
    /// As [`RocksdbStore::open`](crate::RocksdbStore::open).
    ///
    /// ```
    /// # use arbour_core::StoreOptions;
    /// # use arbour_rocksdb::{RocksdbEngine, RocksdbOptions};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("app.rocksdb");
    /// let engine = RocksdbEngine::open(&path, &StoreOptions::new(), &RocksdbOptions::new())?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn open(
        path: impl AsRef<Path>,
        general: &StoreOptions,
        own: &RocksdbOptions,
    ) -> Result<Self> {
        let resolved = StorePath::resolve(path)?;
        let path = resolved.to_path_buf();
        let opened = Database::open(resolved, general, own)
            .and_then(|database| Ok((read_catalog(&database)?, database)));
        let (catalog, database) = opened.map_err(|error| error.with_path(&path))?;
        let mut synced = WriteOptions::default();
        synced.set_sync(true);
        Ok(Self {
            database: RwLock::new(Some(Arc::new(database))),
            catalog,
            capabilities: capabilities(general),
            path,
            read_only: general.is_read_only(),
            synced,
            unsynced: WriteOptions::default(),
            latch: WriteLatch::default(),
        })
    }

    pub(crate) fn database(&self, operation: Operation) -> Result<Arc<Database>> {
        self.database.read().clone().ok_or_else(|| {
            Error::new(ErrorKind::Closed, operation, "the store was closed").with_path(&self.path)
        })
    }

    /// Releases the database. Everything in the log is first moved to sorted files, so that the
    /// next opening has nothing to replay.
    pub(crate) fn release(&self) -> Result<()> {
        let Some(database) = self.database.write().take() else { return Ok(()) };
        if self.read_only {
            return Ok(());
        }
        // RocksDB creates files by their path (sorted files, and a manifest that records how far
        // the log is synced), and would put them into the folder that is there now.
        database.check_place(Operation::Close)?;
        let flushed = database.db.flush_wal(true).and_then(|()| database.db.flush());
        flushed.map_err(|cause| database.fail(cause, Operation::Close))
    }
}

impl Drop for RocksdbEngine {
    /// Releases the database, like closing the store. Errors are dropped; closing the store reports
    /// them.
    fn drop(&mut self) {
        let _ = self.release();
    }
}

/// Reads the catalog of a database.
fn read_catalog(database: &Database) -> Result<TreeCatalog> {
    let mut catalog = TreeCatalog::new();
    let mut entries = EntryCursor::of_tree(database, CATALOG, Default::default());
    while let Some((name, number)) = entries.next(Operation::Open)? {
        catalog.add(name, number)?;
    }
    Ok(catalog)
}

fn capabilities(options: &StoreOptions) -> Capabilities {
    let mut capabilities = Capabilities::new("rocksdb");
    capabilities.persistent = true;
    capabilities.durability = vec![Durability::ProcessCrash, Durability::PowerLoss];
    // The maximum that RocksDB's documentation recommends.
    let mut most = capabilities.limits;
    most.key_bytes_max = 8 << 20;
    most.value_bytes_max = 3 << 30;
    capabilities.limits = options.requested_limits().within(most);
    capabilities.snapshots = Provision::Native;
    capabilities.concurrent_batches = true;
    capabilities.read_only = true;
    capabilities.hot_backup = true;
    capabilities.compaction = true;
    capabilities.damage = DamageDetection::OnRead;
    capabilities
}
