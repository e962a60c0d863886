//! The object-safe mirror of the contract, with one implementation for every store.
//!
//! The methods are those of [`KvStore`], [`KvRead`](crate::KvRead) and [`KvWrite`], where their guarantees are
//! described. Their names have a prefix, because a type implements both traits and calls would be
//! ambiguous otherwise.

use std::path::Path;
use std::time::Duration;

use super::erased_read::ErasedRead;
use super::snapshot::SendSnapshot;
use crate::batch::Write;
use crate::engine::{CommitChecks, TreeName};
use crate::{Batch, Capabilities, Durability, KeyRange, KvStore, KvWrite, Result, Stats, Tree};

pub(super) trait ErasedStore: Send + Sync {
    fn erased_capabilities(&self) -> &Capabilities;
    fn erased_open_tree(&self, name: TreeName<'_>) -> Result<Tree>;
    fn erased_snapshot(&self) -> Result<Box<dyn ErasedRead + '_>>;
    fn erased_send_snapshot(&self) -> Result<SendSnapshot<'_>>;
    fn erased_begin_with(&self, durability: Durability) -> Result<Box<dyn ErasedWrite + '_>>;
    fn erased_writer_wait(&self) -> Duration;
    fn erased_apply(&self, batch: Batch, durability: Durability) -> Result<()>;
    fn erased_sync(&self) -> Result<()>;
    fn erased_close(&self) -> Result<()>;
    fn erased_stats(&self) -> Result<Stats>;
    fn erased_compact(&self) -> Result<()>;
    fn erased_backup(&self, destination: &Path) -> Result<()>;
}

pub(super) trait ErasedWrite: ErasedRead {
    fn erased_put(&mut self, tree: &Tree, key: &[u8], value: &[u8]) -> Result<()>;
    fn erased_delete(&mut self, tree: &Tree, key: &[u8]) -> Result<()>;
    fn erased_delete_range(&mut self, tree: &Tree, range: KeyRange<'_>) -> Result<()>;
    fn erased_check(&self, write: &Write<'_>) -> Result<()>;
    fn erased_commit_checks(&mut self) -> &mut CommitChecks;
    fn erased_commit(self: Box<Self>) -> Result<()>;
    fn erased_rollback(self: Box<Self>) -> Result<()>;
}

impl<S: KvStore> ErasedStore for S {
    fn erased_capabilities(&self) -> &Capabilities {
        self.capabilities()
    }

    fn erased_open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.open_tree(name)
    }

    fn erased_snapshot(&self) -> Result<Box<dyn ErasedRead + '_>> {
        Ok(Box::new(self.snapshot()?))
    }

    fn erased_send_snapshot(&self) -> Result<SendSnapshot<'_>> {
        self.send_snapshot()
    }

    fn erased_begin_with(&self, durability: Durability) -> Result<Box<dyn ErasedWrite + '_>> {
        Ok(Box::new(self.begin_with(durability)?))
    }

    fn erased_writer_wait(&self) -> Duration {
        self.writer_wait()
    }

    fn erased_apply(&self, batch: Batch, durability: Durability) -> Result<()> {
        self.apply(batch, durability)
    }

    fn erased_sync(&self) -> Result<()> {
        self.sync()
    }

    fn erased_close(&self) -> Result<()> {
        self.close()
    }

    fn erased_stats(&self) -> Result<Stats> {
        self.stats()
    }

    fn erased_compact(&self) -> Result<()> {
        self.compact()
    }

    fn erased_backup(&self, destination: &Path) -> Result<()> {
        self.backup(destination)
    }
}

impl<W: KvWrite> ErasedWrite for W {
    fn erased_put(&mut self, tree: &Tree, key: &[u8], value: &[u8]) -> Result<()> {
        self.put(tree, key, value)
    }

    fn erased_delete(&mut self, tree: &Tree, key: &[u8]) -> Result<()> {
        self.delete(tree, key)
    }

    fn erased_delete_range(&mut self, tree: &Tree, range: KeyRange<'_>) -> Result<()> {
        self.delete_range(tree, range)
    }

    fn erased_check(&self, write: &Write<'_>) -> Result<()> {
        self.check(write)
    }

    fn erased_commit_checks(&mut self) -> &mut CommitChecks {
        self.commit_checks()
    }

    fn erased_commit(self: Box<Self>) -> Result<()> {
        self.commit()
    }

    fn erased_rollback(self: Box<Self>) -> Result<()> {
        self.rollback()
    }
}
