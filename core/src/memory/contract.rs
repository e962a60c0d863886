//! The store as the contract has it.

use std::time::Duration;

use super::store::Trees;
use super::{MemorySnapshot, MemoryStore, MemoryTransaction};
use crate::engine::{SendSnapshot, TreeName};
use crate::{
    Batch, Capabilities, Durability, KvStore, KvWrite as _, Operation, Result, Stats, Tree,
};

impl KvStore for MemoryStore {
    type Snapshot<'s> = MemorySnapshot<'s>;
    type Transaction<'s> = MemoryTransaction<'s>;

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.slot.check_open(Operation::Tree)?;
        Ok(self.registry.resolve(name))
    }

    fn snapshot(&self) -> Result<MemorySnapshot<'_>> {
        let trees = self.trees.read().clone();
        // Check after reading the trees. `close` sets the flag before it empties them, so trees
        // that are empty because of closing are never handed out.
        self.slot.check_open(Operation::Snapshot)?;
        Ok(MemorySnapshot::new(&self.registry, trees))
    }

    fn send_snapshot(&self) -> Result<SendSnapshot<'_>> {
        Ok(SendSnapshot::new(self.snapshot()?))
    }

    fn begin_with(&self, _: Durability) -> Result<MemoryTransaction<'_>> {
        let guard = self.slot.acquire(Operation::Begin)?;
        Ok(MemoryTransaction::new(self, guard))
    }

    fn writer_wait(&self) -> Duration {
        self.slot.wait()
    }

    fn apply(&self, batch: Batch, _: Durability) -> Result<()> {
        batch.iter().try_for_each(|write| self.check(&write))?;
        self.check_transaction((batch.len(), batch.byte_len()))
            .map_err(|error| error.with_operation(Operation::Apply))?;
        let guard = self.slot.acquire(Operation::Apply)?;
        let mut transaction = MemoryTransaction::new(self, guard);
        for write in batch.iter() {
            transaction.set(write.tree, write.key, write.value);
        }
        transaction.commit()
    }

    fn sync(&self) -> Result<()> {
        self.slot.check_writable(Operation::Sync)
    }

    fn close(&self) -> Result<()> {
        if let Some(_alone) = self.slot.close()? {
            *self.trees.write() = Trees::new();
        }
        Ok(())
    }

    fn stats(&self) -> Result<Stats> {
        let entries = self.trees.read().iter().map(|entries| entries.len() as u64).sum();
        // As for a snapshot, check after reading.
        self.slot.check_open(Operation::Stats)?;
        Ok(Stats::new(entries, 0))
    }
}
