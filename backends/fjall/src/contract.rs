//! The engine and the store as the contracts of core have them.

use std::path::Path;

use arbour_core::engine::{Engine, SnapshotEngine, TreeName, backup_by_copy, disk_bytes, forward};
use arbour_core::{
    Batch, Capabilities, Durability, Error, ErrorKind, KvStore, Operation, Result, Stats, Tree,
};
use fjall::{OwnedWriteBatch, PersistMode};

use crate::{FjallEngine, FjallSnapshot, FjallStore, FjallTransaction, error};

impl Engine for FjallEngine {
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
        let mode = match durability {
            // Stays in fjall's buffer until a later commit passes it on, in order.
            Durability::None => None,
            Durability::ProcessCrash => Some(PersistMode::Buffer),
            Durability::PowerLoss => Some(PersistMode::SyncData),
        };
        if durability == Durability::PowerLoss {
            database.check_place(Operation::Apply)?;
        }
        let room = batch.len() + 1;
        let mut writes =
            OwnedWriteBatch::with_capacity(database.fjall.clone(), room).durability(mode);
        let entered = self.catalog.stored_writes(batch, |key, value| match value {
            Some(value) => writes.insert(&database.entries, key, value),
            None => writes.remove(&database.entries, key),
        });
        writes.commit().map_err(|cause| {
            let error = error::write(cause, Operation::Apply);
            if error.kind() == ErrorKind::CommitUnknown {
                self.latch.set_failed(&error);
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
        database.fjall.persist(PersistMode::SyncAll).map_err(|cause| {
            let error = database.fail(cause, Operation::Sync);
            self.latch.set_failed(&error);
            error
        })
    }

    fn close(&self) -> Result<()> {
        self.release()
    }

    fn stats(&self) -> Result<Stats> {
        let entries = FjallSnapshot::new(self, Operation::Stats)?.count(Operation::Stats)?;
        let bytes = disk_bytes(&self.path).map_err(|cause| {
            let message = "the files of the store cannot be measured";
            Error::from_io(cause, Operation::Stats, message).with_path(&self.path)
        })?;
        Ok(Stats::new(entries, bytes))
    }

    fn compact(&self) -> Result<()> {
        let operation = Operation::Compact;
        let (_, empty) = FjallSnapshot::new(self, operation)?.used_and_empty()?;
        let database = self.database(operation)?;
        database.check_place(operation)?;
        self.latch.check(operation).map_err(|error| database.locate(error))?;
        drop(database);
        // From now on, every write to them enters them again.
        self.catalog.leave_out(&empty);
        self.shrink(&empty)
    }
}

impl SnapshotEngine for FjallEngine {
    type Snapshot<'s> = FjallSnapshot<'s>;

    fn snapshot(&self) -> Result<FjallSnapshot<'_>> {
        FjallSnapshot::new(self, Operation::Snapshot)
    }
}

impl KvStore for FjallStore {
    type Snapshot<'s> = FjallSnapshot<'s>;
    type Transaction<'s> = FjallTransaction<'s>;

    forward!(self => self.layer; capabilities, open_tree, snapshot, send_snapshot, begin_with);
    forward!(self => self.layer; writer_wait, apply, sync, close, stats, compact);

    /// fjall has no backup of its own, and replaces its files in the background.
    fn backup(&self, destination: &Path) -> Result<()> {
        backup_by_copy(self, destination, |path, options| Self::open(path, options))
    }
}
