//! The engine and the store as the contracts of core have them.

use std::path::Path;
use std::sync::Arc;

use arbour_core::engine::{MapEngine, MapWrites, StorePath, backup_by_copy, forward, write_backup};
use arbour_core::{Capabilities, Durability, KvStore, Operation, Result};
use rocksdb::checkpoint::Checkpoint;
use rocksdb::{BottommostLevelCompaction, CompactOptions, WaitForCompactOptions, WriteBatch};

use crate::snapshot::Pin;
use crate::{RocksdbEngine, RocksdbSnapshot, RocksdbStore, RocksdbTransaction};
use crate::{engine, error};

/// The number of bytes in a RocksDB batch before its writes.
const HEAD_BYTES: usize = 12;

/// The overhead of a write in the batch beyond its key and value: a tag and two lengths.
const WRITE_BYTES: usize = 1 + 5 + 5;

impl MapEngine for RocksdbEngine {
    type Snapshot = Pin;

    fn capabilities(&self) -> Capabilities {
        engine::capabilities()
    }

    fn path(&self) -> &StorePath {
        &self.path
    }

    /// RocksDB creates and deletes files by its path.
    fn check_place(&self, operation: Operation) -> Result<()> {
        self.path.check(operation).inspect_err(|_| {
            // RocksDB deletes files in the folder that it does not know. If disabling that fails,
            // RocksDB has already failed and deletes nothing.
            let _ = self.db.disable_file_deletions();
        })
    }

    fn snapshot(self: &Arc<Self>) -> Result<Pin> {
        Ok(Pin::now(Arc::clone(self)))
    }

    fn apply(&self, writes: &MapWrites<'_>, durability: Durability) -> Result<()> {
        let (count, bytes) = writes.size_hint();
        let bytes = HEAD_BYTES + bytes + count * WRITE_BYTES;
        let mut batch = WriteBatch::with_capacity_bytes(bytes);
        writes.for_each(|key, value| match value {
            Some(value) => batch.put(key, value),
            None => batch.delete(key),
        });
        let options = match durability {
            Durability::None | Durability::ProcessCrash => &self.unsynced,
            Durability::PowerLoss => &self.synced,
        };
        // After a failure RocksDB accepts writes again by itself some time after the device was full.
        self.db.write_opt(batch, options).map_err(error::write)
    }

    fn sync(&self) -> Result<()> {
        self.db.flush_wal(true).map_err(|cause| error::engine(cause, Operation::Sync))
    }

    /// Moves everything in the log to sorted files, so that the next opening has nothing to replay.
    fn close(&self) -> Result<()> {
        if self.read_only {
            return Ok(());
        }
        // RocksDB would put the files, and a manifest that records how far the log is synced, into
        // the folder that is there now.
        self.check_place(Operation::Close)?;
        let flushed = self.db.flush_wal(true).and_then(|()| self.db.flush());
        flushed.map_err(|cause| error::engine(cause, Operation::Close))
    }

    /// Merges all files into new ones that contain only what can still be read.
    fn compact(&self) -> Result<()> {
        let failed = |cause| error::engine(cause, Operation::Compact);
        self.db.flush().map_err(failed)?;
        let mut options = CompactOptions::default();
        // Also files that are already at the bottom level: they may contain deleted entries kept for
        // old snapshots.
        options.set_bottommost_level_compaction(BottommostLevelCompaction::ForceOptimized);
        self.db.compact_range_opt(None::<&[u8]>, None::<&[u8]>, &options);
        // Compacting reports nothing, but a failure stops the background work, which this call
        // reports. It also waits until the replaced files are gone.
        self.db.wait_for_compact(&WaitForCompactOptions::default()).map_err(failed)
    }

    /// Creates a checkpoint: files that no longer change are linked if the file system supports it; the
    /// others are copied.
    fn backup(&self, destination: &Path) -> Result<()> {
        write_backup(destination, |unfinished| {
            let made = Checkpoint::new(&self.db)
                .and_then(|checkpoint| checkpoint.create_checkpoint(unfinished));
            made.map_err(|cause| error::engine(cause, Operation::Backup).with_path(destination))
        })
    }
}

impl KvStore for RocksdbStore {
    type Snapshot<'s> = RocksdbSnapshot<'s>;
    type Transaction<'s> = RocksdbTransaction<'s>;

    forward!(self => self.layers; capabilities, open_tree, snapshot, send_snapshot, begin_with);
    forward!(self => self.layers; writer_wait, apply, sync, close, stats, compact);

    fn backup(&self, destination: &Path) -> Result<()> {
        if self.map(Operation::Backup)?.read_only {
            // RocksDB cannot create a checkpoint of a database that is open for reading only.
            backup_by_copy(self, destination, |path, options| Self::open(path, options))
        } else {
            self.layers.backup(destination)
        }
    }
}
