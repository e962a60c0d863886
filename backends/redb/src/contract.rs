//! The store as the contract has it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use arbour_core::engine::{SendSnapshot, TreeName, backup_by_copy};
use arbour_core::{
    Batch, Capabilities, Durability, Error, KvStore, Operation, Result, Stats, Tree,
};

use crate::catch_panic::catch_panic;
use crate::{RedbSnapshot, RedbStore, RedbTransaction, compaction};

impl KvStore for RedbStore {
    type Snapshot<'s> = RedbSnapshot<'s>;
    type Transaction<'s> = RedbTransaction<'s>;

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.slot.check_open(Operation::Tree)?;
        Ok(self.registry.resolve(name))
    }

    fn snapshot(&self) -> Result<RedbSnapshot<'_>> {
        RedbSnapshot::new(self)
    }

    fn send_snapshot(&self) -> Result<SendSnapshot<'_>> {
        Ok(SendSnapshot::new(self.snapshot()?))
    }

    fn begin_with(&self, durability: Durability) -> Result<RedbTransaction<'_>> {
        let guard = self.slot.acquire(Operation::Begin)?;
        let transaction = self.begin_write(durability, Operation::Begin)?;
        Ok(RedbTransaction::new(self, transaction, durability, guard))
    }

    fn writer_wait(&self) -> Duration {
        self.slot.wait()
    }

    fn apply(&self, batch: Batch, durability: Durability) -> Result<()> {
        batch.iter().try_for_each(|write| self.check(&write))?;
        let _guard = self.slot.acquire(Operation::Apply)?;
        if batch.is_empty() {
            return Ok(());
        }
        let transaction = self.begin_write(durability, Operation::Apply)?;
        catch_panic(Operation::Apply, || self.put_all(&transaction, &batch))
            .map_err(|error| self.locate(error))?;
        self.commit(transaction, durability, Operation::Apply)
    }

    fn sync(&self) -> Result<()> {
        let _guard = self.slot.acquire(Operation::Sync)?;
        self.flush(Operation::Sync)
    }

    fn close(&self) -> Result<()> {
        let Some(_alone) = self.slot.close()? else { return Ok(()) };
        // Dropping the database closes it, once no snapshot holds it any more.
        let database = self.database.write().take();
        database.map_or(Ok(()), |database| self.flush_unsynced(&database))
    }

    fn stats(&self) -> Result<Stats> {
        let counts = self.snapshot()?.counts(Operation::Stats)?;
        let file = fs::metadata(&self.path).map_err(|cause| {
            let message = "cannot measure the database file";
            Error::from_io(cause, Operation::Stats, message).with_path(&*self.path)
        })?;
        Ok(Stats::new(counts.into_iter().map(|(_, count)| count).sum(), file.len()))
    }

    fn compact(&self) -> Result<()> {
        compaction::compact(self)
    }

    /// redb has no backup of its own, and its file changes under a reader.
    fn backup(&self, destination: &Path) -> Result<()> {
        backup_by_copy(self, destination, |path, options| Self::open(path, options))
    }
}

impl Drop for RedbStore {
    /// Makes commits without durability durable, as closing does. A caller that must know whether
    /// that worked calls [`close`](KvStore::close) first.
    fn drop(&mut self) {
        let _ = self.close();
    }
}
