//! The transaction of a traced store.

use std::sync::Arc;
use std::time::Instant;

use arbour_core::engine::forward;
use arbour_core::{Direction, ErrorKind, KeyRange, KvRead, KvWrite, Operation, Result, Tree};

use super::counters::count;
use super::watch::Watch;

/// A transaction of a [`TracedStore`](super::TracedStore).
#[derive(Debug)]
pub struct TracedTransaction<W> {
    pub(super) transaction: W,
    pub(super) life: Life,
}

/// The lifetime of a transaction. It ends with a rollback unless it was committed.
#[derive(Debug)]
pub(super) struct Life {
    watch: Arc<Watch>,
    began: Instant,
    writes: u64,
    is_committed: bool,
}

impl Life {
    pub(super) fn new(watch: Arc<Watch>) -> Self {
        Self { watch, began: Instant::now(), writes: 0, is_committed: false }
    }

    /// Reports a conflict, which ends the transaction. Other errors of a single call concern only
    /// the caller, and the transaction continues.
    fn told<T>(&self, operation: Operation, done: Result<T>) -> Result<T> {
        if matches!(&done, Err(error) if error.kind() == ErrorKind::Conflict) {
            self.watch.conflict(operation);
        }
        done
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        if !self.is_committed {
            count(&self.watch.counting.rolled_back);
            let (engine, writes, open) = (self.watch.engine, self.writes, self.began.elapsed());
            tracing::debug!(target: "arbour::store", engine, writes, ?open, "rollback");
        }
    }
}

impl<W: KvWrite> KvRead for TracedTransaction<W> {
    forward!(types of W);
    forward!(self => self.transaction; open_tree, trees, prefetch);

    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<W::Value<'_>>> {
        self.life.told(Operation::Get, self.transaction.get(tree, key))
    }

    fn get_with<R>(
        &self,
        tree: &Tree,
        key: &[u8],
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<Option<R>> {
        self.life.told(Operation::Get, self.transaction.get_with(tree, key, read))
    }

    fn contains(&self, tree: &Tree, key: &[u8]) -> Result<bool> {
        self.life.told(Operation::Get, self.transaction.contains(tree, key))
    }

    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<W::Cursor<'_>> {
        self.life.told(Operation::Scan, self.transaction.scan(tree, range, direction))
    }

    fn len(&self, tree: &Tree) -> Result<u64> {
        self.life.told(Operation::Scan, self.transaction.len(tree))
    }
}

impl<W: KvWrite> KvWrite for TracedTransaction<W> {
    forward!(self => self.transaction; check, commit_checks);

    fn put(&mut self, tree: &Tree, key: &[u8], value: &[u8]) -> Result<()> {
        self.life.writes += 1;
        self.life.told(Operation::Put, self.transaction.put(tree, key, value))
    }

    fn delete(&mut self, tree: &Tree, key: &[u8]) -> Result<()> {
        self.life.writes += 1;
        self.life.told(Operation::Delete, self.transaction.delete(tree, key))
    }

    fn delete_range(&mut self, tree: &Tree, range: KeyRange<'_>) -> Result<()> {
        self.life.writes += 1;
        self.life.told(Operation::DeleteRange, self.transaction.delete_range(tree, range))
    }

    fn commit(self) -> Result<()> {
        let Self { transaction, mut life } = self;
        let open = life.began.elapsed();
        let ((), took) = life.watch.time(Operation::Commit, || transaction.commit())?;
        life.is_committed = true;
        count(&life.watch.counting.committed);
        let (engine, writes) = (life.watch.engine, life.writes);
        tracing::debug!(target: "arbour::store", engine, writes, ?open, ?took, "commit");
        Ok(())
    }

    fn rollback(self) -> Result<()> {
        let Self { transaction, life } = self;
        life.watch.time(Operation::Rollback, || transaction.rollback()).map(drop)
    }
}
