//! A store that breaks at a chosen step, as if the process had died there.

use std::sync::atomic::{AtomicU64, Ordering};

use arbour_core::engine::{SendSnapshot, forward};
use arbour_core::{
    Batch, Durability, Error, ErrorKind, KeyRange, KvRead, KvStore, KvWrite, Operation, Result,
    Tree,
};

/// Whether a commit that breaks has taken effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Break {
    /// It has not taken effect.
    Before,
    /// It has taken effect, but the caller got an error.
    After,
}

/// Lets this many steps through, and fails everything from then on.
pub(crate) struct Breaking<S> {
    store: S,
    breaks: Break,
    /// Whether only commits are steps.
    only_commits: bool,
    steps_left: AtomicU64,
}

impl<S> Breaking<S> {
    pub(crate) fn new(store: S, breaks: Break, steps: u64) -> Self {
        Self { store, breaks, only_commits: false, steps_left: AtomicU64::new(steps) }
    }

    /// Breaks at a commit, counted from 1, and fails everything from then on.
    pub(crate) fn at_commit(store: S, breaks: Break, commit: u64) -> Self {
        Self { only_commits: true, ..Self::new(store, breaks, commit) }
    }

    /// Tells whether it broke.
    pub(crate) fn is_broken(&self) -> bool {
        self.steps_left.load(Ordering::SeqCst) == 0
    }

    /// Takes a step; the last one breaks.
    fn step(&self, operation: Operation) -> Result<()> {
        let left = self.steps_left.load(Ordering::SeqCst);
        if self.only_commits && operation != Operation::Commit && left > 0 {
            return Ok(());
        }
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

    forward!(self => self.store; capabilities, open_tree, writer_wait, sync, close, stats);
    forward!(self => self.store; compact, backup);

    fn snapshot(&self) -> Result<S::Snapshot<'_>> {
        self.step(Operation::Snapshot)?;
        self.store.snapshot()
    }

    fn send_snapshot(&self) -> Result<SendSnapshot<'_>> {
        self.step(Operation::Snapshot)?;
        self.store.send_snapshot()
    }

    fn begin_with(&self, durability: Durability) -> Result<BreakingTransaction<'_, S>> {
        self.step(Operation::Begin)?;
        Ok(BreakingTransaction { store: self, transaction: self.store.begin_with(durability)? })
    }

    fn apply(&self, batch: Batch, durability: Durability) -> Result<()> {
        let mut transaction = self.begin_with(durability)?;
        transaction.apply(&batch)?;
        transaction.commit()
    }
}

impl<'s, S: KvStore> KvRead for BreakingTransaction<'s, S> {
    forward!(types of S::Transaction<'s>);
    forward!(self => self.transaction; reads);
}

impl<S: KvStore> KvWrite for BreakingTransaction<'_, S> {
    forward!(self => self.transaction; check, commit_checks, rollback);

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

    fn commit(self) -> Result<()> {
        let store = self.store;
        let broken = store.step(Operation::Commit).err();
        if broken.is_some() && store.breaks == Break::Before {
            return broken.map_or(Ok(()), Err);
        }
        let committed = self.transaction.commit();
        if committed.as_ref().is_err_and(|error| error.kind() == ErrorKind::Conflict) {
            // The transaction is run again, so this was not the commit that is counted.
            store.steps_left.fetch_add(1, Ordering::SeqCst);
            return committed;
        }
        committed?;
        let Some(error) = broken else { return Ok(()) };
        let message = "the process died before it heard of the commit";
        Err(Error::new(ErrorKind::CommitUnknown, error.operation(), message))
    }
}
