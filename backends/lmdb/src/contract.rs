//! The store as the contract has it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use arbour_core::engine::{SendSnapshot, TreeName};
use arbour_core::{
    Batch, Capabilities, Durability, Error, KvStore, Operation, Result, Stats, Tree,
};

use crate::{LmdbSnapshot, LmdbStore, LmdbTransaction, backup, catalog, error};

impl KvStore for LmdbStore {
    type Snapshot<'s> = LmdbSnapshot<'s>;
    type Transaction<'s> = LmdbTransaction<'s>;

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.slot.check_open(Operation::Tree)?;
        Ok(self.registry.resolve(name))
    }

    fn snapshot(&self) -> Result<LmdbSnapshot<'_>> {
        LmdbSnapshot::new(self, Operation::Snapshot)
    }

    fn send_snapshot(&self) -> Result<SendSnapshot<'_>> {
        Ok(SendSnapshot::new(self.snapshot()?))
    }

    fn begin_with(&self, durability: Durability) -> Result<LmdbTransaction<'_>> {
        LmdbTransaction::new(self, durability, Operation::Begin)
    }

    fn writer_wait(&self) -> Duration {
        self.slot.wait()
    }

    fn apply(&self, batch: Batch, durability: Durability) -> Result<()> {
        batch.iter().try_for_each(|write| self.check(&write))?;
        if batch.is_empty() {
            return self.slot.acquire(Operation::Apply).map(drop);
        }
        let mut transaction = LmdbTransaction::new(self, durability, Operation::Apply)?;
        let written = batch.iter().try_for_each(|write| transaction.write(&write));
        written.map_err(|error| error.with_operation(Operation::Apply))?;
        transaction.commit_as(Operation::Apply)
    }

    fn sync(&self) -> Result<()> {
        // A transaction of another process is not waited for: its commit is whole or not there.
        let _slot = self.slot.acquire(Operation::Sync)?;
        self.check_latch(Operation::Sync)?;
        let view = self.view(Operation::Sync)?;
        self.check_place(&view.environment, Operation::Sync)?;
        self.sync_all(&view.environment, Operation::Sync)
    }

    fn close(&self) -> Result<()> {
        let Some(_alone) = self.slot.close()? else { return Ok(()) };
        self.take_view().map_or(Ok(()), |view| self.finish(&view.environment))
    }

    fn stats(&self) -> Result<Stats> {
        const OPERATION: Operation = Operation::Stats;
        let view = self.view(OPERATION)?;
        let entries = view.environment.entries;
        let counted = view.environment.read(OPERATION).and_then(|transaction| {
            let all = entries.len(&transaction).map_err(|cause| error::engine(cause, OPERATION))?;
            // The catalog has an entry for each number that was given, and the mark.
            let next = catalog::next_number(entries, &transaction, OPERATION)?;
            Ok(all.saturating_sub(u64::from(next.unwrap_or(0))))
        });
        let counted = counted.map_err(|error| self.locate(error))?;
        let file = fs::metadata(&*view.environment.data).map_err(|cause| {
            self.locate(Error::from_io(cause, OPERATION, "cannot measure the data file"))
        })?;
        Ok(Stats::new(counted, file.len()))
    }

    fn backup(&self, destination: &Path) -> Result<()> {
        let view = self.view(Operation::Backup)?;
        backup::backup(&view.environment, destination)
    }
}

impl Drop for LmdbStore {
    /// Makes the last commits durable, as closing does. A caller that must know whether that worked
    /// calls [`close`](KvStore::close) first.
    fn drop(&mut self) {
        let _ = self.close();
    }
}
