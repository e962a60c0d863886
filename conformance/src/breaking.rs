//! A store that breaks at a chosen step, as if the process had died there.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arbour_core::engine::TreeName;
use arbour_core::{
    Batch, Capabilities, Direction, Durability, Error, ErrorKind, KeyRange, KvRead, KvStore,
    KvWrite, Operation, Result, Stats, Tree, Write,
};

/// Whether a commit that breaks has taken effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Break {
    /// It has not.
    Before,
    /// It has, and nobody was told.
    After,
}

/// Lets so many steps through, and fails everything from then on.
pub(crate) struct Breaking<S> {
    store: S,
    breaks: Break,
    steps_left: AtomicU64,
}

impl<S> Breaking<S> {
    pub(crate) fn new(store: S, breaks: Break, steps: u64) -> Self {
        Self { store, breaks, steps_left: AtomicU64::new(steps) }
    }

    /// Tells whether it broke.
    pub(crate) fn is_broken(&self) -> bool {
        self.steps_left.load(Ordering::SeqCst) == 0
    }

    /// Takes a step; the last one breaks.
    fn step(&self, operation: Operation) -> Result<()> {
        let left = self.steps_left.load(Ordering::SeqCst);
        self.steps_left.store(left.saturating_sub(1), Ordering::SeqCst);
        if left > 1 {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Io, operation, "the process died here"))
    }
}

pub(crate) struct BreakingTransaction<'s, S: KvStore> {
    store: &'s Breaking<S>,
    transaction: S::Transaction<'s>,
}

impl<S: KvStore> KvStore for Breaking<S> {
    type Snapshot<'s>
        = S::Snapshot<'s>
    where
        Self: 's;
    type Transaction<'s>
        = BreakingTransaction<'s, S>
    where
        Self: 's;

    fn capabilities(&self) -> &Capabilities {
        self.store.capabilities()
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.store.open_tree(name)
    }

    fn snapshot(&self) -> Result<S::Snapshot<'_>> {
        self.step(Operation::Snapshot)?;
        self.store.snapshot()
    }

    fn begin_with(&self, durability: Durability) -> Result<BreakingTransaction<'_, S>> {
        self.step(Operation::Begin)?;
        Ok(BreakingTransaction { store: self, transaction: self.store.begin_with(durability)? })
    }

    fn writer_wait(&self) -> Duration {
        self.store.writer_wait()
    }

    fn apply(&self, batch: Batch, durability: Durability) -> Result<()> {
        let mut transaction = self.begin_with(durability)?;
        transaction.apply(&batch)?;
        transaction.commit()
    }

    fn sync(&self) -> Result<()> {
        self.store.sync()
    }

    fn close(&self) -> Result<()> {
        self.store.close()
    }

    fn stats(&self) -> Result<Stats> {
        self.store.stats()
    }
}

impl<'s, S: KvStore> KvRead for BreakingTransaction<'s, S> {
    type Value<'t>
        = <S::Transaction<'s> as KvRead>::Value<'t>
    where
        Self: 't;
    type Cursor<'t>
        = <S::Transaction<'s> as KvRead>::Cursor<'t>
    where
        Self: 't;

    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<Self::Value<'_>>> {
        self.transaction.get(tree, key)
    }

    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<Self::Cursor<'_>> {
        self.transaction.scan(tree, range, direction)
    }

    fn trees(&self) -> Result<Vec<String>> {
        self.transaction.trees()
    }
}

impl<S: KvStore> KvWrite for BreakingTransaction<'_, S> {
    fn put(&mut self, tree: &Tree, key: &[u8], value: &[u8]) -> Result<()> {
        self.store.step(Operation::Put)?;
        self.transaction.put(tree, key, value)
    }

    fn delete(&mut self, tree: &Tree, key: &[u8]) -> Result<()> {
        self.store.step(Operation::Delete)?;
        self.transaction.delete(tree, key)
    }

    fn delete_range(&mut self, tree: &Tree, range: KeyRange<'_>) -> Result<()> {
        self.store.step(Operation::DeleteRange)?;
        self.transaction.delete_range(tree, range)
    }

    fn check(&self, write: &Write<'_>) -> Result<()> {
        self.transaction.check(write)
    }

    fn commit(self) -> Result<()> {
        match (self.store.step(Operation::Commit), self.store.breaks) {
            (Ok(()), _) => self.transaction.commit(),
            (Err(error), Break::Before) => Err(error),
            (Err(error), Break::After) => {
                self.transaction.commit()?;
                let message = "the process died before it heard of the commit";
                Err(Error::new(ErrorKind::CommitUnknown, error.operation(), message))
            }
        }
    }

    fn rollback(self) -> Result<()> {
        self.transaction.rollback()
    }
}
