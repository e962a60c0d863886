//! The engine and the store as the contracts of core have them.

use std::path::Path;

use arbour_core::engine::{Engine, SnapshotEngine, TreeName, forward};
use arbour_core::{
    Batch, Capabilities, Durability, ErrorKind, KvStore, Operation, Result, Stats, Tree,
};

use crate::{
    RocksdbEngine, RocksdbSnapshot, RocksdbStore, RocksdbTransaction, backup, batch, compaction,
    error, folder,
};

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
        self.latch.check(Operation::Apply).map_err(|error| database.locate(error))?;
        let (writes, entered) = batch::encode(batch, &self.catalog);
        let options = match durability {
            Durability::None | Durability::ProcessCrash => &self.unsynced,
            Durability::PowerLoss => &self.synced,
        };
        if durability == Durability::PowerLoss {
            database.check_place(Operation::Apply)?;
        }
        let written = database.db.write_opt(writes, options);
        written.map_err(|cause| {
            let error = error::write(cause, Operation::Apply);
            // RocksDB accepts writes again by itself some time after the device was full.
            if error.kind() == ErrorKind::CommitUnknown {
                self.latch.set(error.in_one_line());
            }
            database.locate(error)
        })?;
        self.catalog.note_entered(&entered);
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        let database = self.database(Operation::Sync)?;
        database.check_place(Operation::Sync)?;
        self.latch.check(Operation::Sync).map_err(|error| database.locate(error))?;
        let synced = database.db.flush_wal(true);
        synced.map_err(|cause| {
            self.latch.set(&cause);
            database.fail(cause, Operation::Sync)
        })
    }

    fn close(&self) -> Result<()> {
        self.release()
    }

    fn stats(&self) -> Result<Stats> {
        let entries = RocksdbSnapshot::new(self, Operation::Stats)?.count(Operation::Stats)?;
        let bytes = folder::size(&self.path).map_err(|cause| {
            let message = "the files of the store cannot be measured";
            error::system(cause, Operation::Stats, message).with_path(&self.path)
        })?;
        Ok(Stats::new(entries, bytes))
    }

    fn compact(&self) -> Result<()> {
        let snapshot = RocksdbSnapshot::new(self, Operation::Compact)?;
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
        RocksdbSnapshot::new(self, Operation::Snapshot)
    }
}

impl KvStore for RocksdbStore {
    type Snapshot<'s> = RocksdbSnapshot<'s>;
    type Transaction<'s> = RocksdbTransaction<'s>;

    forward!(self => self.layer; capabilities, open_tree, snapshot, send_snapshot, begin_with);
    forward!(self => self.layer; writer_wait, apply, sync, close, stats, compact);

    fn backup(&self, destination: &Path) -> Result<()> {
        if self.layer.engine().read_only {
            backup::copy_out(self, destination).map_err(|e| e.with_operation(Operation::Backup))
        } else {
            self.layer.backup(destination)
        }
    }
}
