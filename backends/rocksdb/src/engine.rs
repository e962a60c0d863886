//! RocksDB as an ordered map with snapshots and atomic batches.

use std::path::Path;
use std::sync::Arc;

use arbour_core::engine::{MapEngine as _, StoreLock, StorePath};
use arbour_core::{
    Capabilities, DamageDetection, Durability, Operation, Provision, Result, StoreOptions,
};
use rocksdb::WriteOptions;

use crate::RocksdbOptions;
use crate::database::Db;
use crate::{database, folder};

/// RocksDB without trees and transactions, from which a [`RocksdbStore`](crate::RocksdbStore) is made.
/// The store and its snapshots share it: the last of them closes it.
///
/// ```
/// use arbour_core::engine::MapEngine;
/// use arbour_core::StoreOptions;
/// use arbour_rocksdb::RocksdbEngine;
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.rocksdb");
/// let engine = RocksdbEngine::open(&path, &StoreOptions::new(), &Default::default())?;
/// assert!(engine.capabilities().concurrent_batches);
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct RocksdbEngine {
    pub(crate) db: Arc<Db>,
    pub(crate) path: StorePath,
    pub(crate) read_only: bool,
    /// Options for writes that wait for the device, and for writes that do not.
    pub(crate) synced: WriteOptions,
    pub(crate) unsynced: WriteOptions,
    _lock: Option<StoreLock>,
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
        let path = StorePath::resolve(path)?;
        let opened = folder::lock(&path, general)
            .and_then(|lock| Ok((database::open(&path, general, own)?, lock)));
        let (db, lock) = opened.map_err(|error| error.with_path(&*path))?;
        let mut synced = WriteOptions::default();
        synced.set_sync(true);
        Ok(Self {
            db: Arc::new(db),
            path,
            read_only: general.is_read_only(),
            synced,
            unsynced: WriteOptions::default(),
            _lock: lock,
        })
    }
}

impl Drop for RocksdbEngine {
    /// Closing RocksDB writes a new manifest if the one at its path is not its own. That would
    /// destroy a store that has replaced this one, so RocksDB is then left open, and keeps its
    /// files until the process ends. Everything committed is in its log.
    fn drop(&mut self) {
        if self.check_place(Operation::Close).is_err() {
            std::mem::forget(Arc::clone(&self.db));
        }
    }
}

pub(crate) fn capabilities() -> Capabilities {
    let mut capabilities = Capabilities::new("rocksdb");
    capabilities.persistent = true;
    capabilities.durability = vec![Durability::ProcessCrash, Durability::PowerLoss];
    // The maximum that RocksDB's documentation recommends.
    capabilities.limits.key_bytes_max = 8 << 20;
    capabilities.limits.value_bytes_max = 3 << 30;
    capabilities.snapshots = Provision::Native;
    capabilities.concurrent_batches = true;
    capabilities.read_only = true;
    capabilities.hot_backup = true;
    capabilities.compaction = true;
    capabilities.damage = DamageDetection::OnRead;
    capabilities
}
