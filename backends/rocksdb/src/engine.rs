//! RocksDB as an engine with snapshots and atomic batches.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arbour_core::engine::{Engine, SnapshotEngine, StorePath, TreeName};
use arbour_core::{
    Batch, Capabilities, DamageDetection, Durability, Error, ErrorKind, Operation, Provision,
    Result, Stats, StoreOptions, Tree,
};
use parking_lot::RwLock;
use rocksdb::{WriteBatch, WriteOptions};
use smallvec::SmallVec;

use crate::catalog::{self, Catalog};
use crate::database::Database;
use crate::keyspace::{CATALOG, NUMBER_BYTES, TreeNumber};
use crate::{RocksdbOptions, RocksdbSnapshot, backup, compaction, error, folder};

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
    catalog: Catalog,
    capabilities: Capabilities,
    path: PathBuf,
    read_only: bool,
    /// Options for writes that wait for the device, and for writes that do not.
    synced: WriteOptions,
    unsynced: WriteOptions,
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
            .and_then(|database| Ok((Catalog::read(&database)?, database)));
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
        })
    }

    pub(crate) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn is_read_only(&self) -> bool {
        self.read_only
    }

    fn database(&self, operation: Operation) -> Result<Arc<Database>> {
        self.database.read().clone().ok_or_else(|| {
            Error::new(ErrorKind::Closed, operation, "the store was closed").with_path(&self.path)
        })
    }

    fn pin(&self, operation: Operation) -> Result<RocksdbSnapshot<'_>> {
        Ok(RocksdbSnapshot::new(self, self.database(operation)?))
    }

    /// Releases the database. Everything in the log is first moved to sorted files, so that the
    /// next opening has nothing to replay.
    fn release(&self) -> Result<()> {
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

impl Engine for RocksdbEngine {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.catalog.resolve(name).map_err(|error| error.with_path(&self.path))
    }

    #[inline]
    fn owns(&self, tree: &Tree) -> bool {
        self.catalog.owns(tree)
    }

    fn apply(&self, batch: &Batch, durability: Durability) -> Result<()> {
        let database = self.database(Operation::Apply)?;
        let (writes, entered) = encode(batch, &self.catalog);
        let options = match durability {
            Durability::None | Durability::ProcessCrash => &self.unsynced,
            Durability::PowerLoss => &self.synced,
        };
        if durability == Durability::PowerLoss {
            database.check_place(Operation::Apply)?;
        }
        let written = database.db.write_opt(writes, options);
        written.map_err(|cause| database.locate(error::write(cause, Operation::Apply)))?;
        self.catalog.note_entered(&entered);
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        let database = self.database(Operation::Sync)?;
        database.check_place(Operation::Sync)?;
        let synced = database.db.flush_wal(true);
        synced.map_err(|cause| database.fail(cause, Operation::Sync))
    }

    fn close(&self) -> Result<()> {
        self.release()
    }

    fn stats(&self) -> Result<Stats> {
        let entries = self.pin(Operation::Stats)?.count(Operation::Stats)?;
        let bytes = folder::size(&self.path).map_err(|cause| {
            let message = "the files of the store cannot be measured";
            error::system(cause, Operation::Stats, message).with_path(&self.path)
        })?;
        Ok(Stats::new(entries, bytes))
    }

    fn compact(&self) -> Result<()> {
        let snapshot = self.pin(Operation::Compact)?;
        let (_, empty) = snapshot.used_and_empty(Operation::Compact)?;
        drop(snapshot);
        let database = self.database(Operation::Compact)?;
        compaction::compact(&database, &self.catalog, &empty)
    }

    fn backup(&self, destination: &Path) -> Result<()> {
        let database = self.database(Operation::Backup)?;
        backup::backup(&database, destination)
    }
}

impl SnapshotEngine for RocksdbEngine {
    type Snapshot<'s> = RocksdbSnapshot<'s>;

    fn snapshot(&self) -> Result<RocksdbSnapshot<'_>> {
        self.pin(Operation::Snapshot)
    }
}

impl Drop for RocksdbEngine {
    /// Releases the database, like closing the store. Errors are dropped; closing the store reports
    /// them.
    fn drop(&mut self) {
        let _ = self.release();
    }
}

/// The number of bytes in a RocksDB batch before its writes.
const HEAD_BYTES: usize = 12;

/// The overhead of a write in the batch beyond its key and value: a tag, two lengths and the number
/// of the tree.
const WRITE_BYTES: usize = 1 + 5 + 5 + 4;

/// The numbers of the few trees that a batch writes to.
type Numbers = SmallVec<[TreeNumber; 8]>;

/// Converts a batch to RocksDB's form, with the trees it enters in the catalog.
fn encode(batch: &Batch, catalog: &Catalog) -> (WriteBatch, Numbers) {
    let bytes = HEAD_BYTES + batch.byte_len() + batch.len() * WRITE_BYTES;
    let mut writes = WriteBatch::with_capacity_bytes(bytes);
    let (mut last, mut seen, mut entered) = (CATALOG, Numbers::new(), Numbers::new());
    let mut key = Vec::with_capacity(64);
    for write in batch.iter() {
        let number = write.tree.number();
        if number != last {
            last = number;
            key.clear();
            key.extend_from_slice(&number.to_be_bytes());
            if let Err(place) = seen.binary_search(&number) {
                seen.insert(place, number);
                if !catalog.is_entered(number) {
                    catalog::enter(write.tree, &mut writes);
                    entered.push(number);
                }
            }
        }
        key.truncate(NUMBER_BYTES);
        key.extend_from_slice(write.key);
        match write.value {
            Some(value) => writes.put(&key, value),
            None => writes.delete(&key),
        }
    }
    (writes, entered)
}
