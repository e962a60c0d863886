//! What a transaction has read and written, and how that is committed.

use std::cell::OnceCell;

use super::recorded_snapshot::RecordedSnapshot;
use crate::engine::{CommitChecks, TreeName, WriteSet, foreign_tree};
use crate::{Durability, DynStore, KvStore, KvWrite, Operation, OwnedSnapshot, Result, Tree};

/// What a transaction has read and written.
pub(super) struct Work {
    pub(super) below: RecordedSnapshot,
    pub(super) writes: WriteSet,
    pub(super) checks: CommitChecks,
    durability: Durability,
    /// The number of the store, by which its handles are told from foreign ones.
    store_number: OnceCell<u64>,
}

impl Work {
    pub(super) fn new(snapshot: OwnedSnapshot, durability: Durability) -> Self {
        let below = RecordedSnapshot::new(snapshot);
        Self {
            below,
            writes: WriteSet::new(),
            checks: CommitChecks::default(),
            durability,
            store_number: OnceCell::new(),
        }
    }

    pub(super) fn store(&self) -> &DynStore {
        self.below.snapshot.store()
    }

    /// Checks what was read, and makes the writes.
    pub(super) fn join(&self, transaction: &mut impl KvWrite) -> Result<()> {
        self.below.compare(transaction)?;
        transaction.apply(self.writes.batch())
    }

    pub(super) fn commit(self: Box<Self>) -> Result<()> {
        if self.writes.batch().is_empty() {
            return Ok(());
        }
        let store = self.store().clone();
        let durability = self.durability;
        if self.below.is_unread() {
            drop(self.below);
            return store.apply(self.writes.into_batch(), durability);
        }
        let mut transaction = store.begin_with(durability)?;
        self.below.compare(&transaction)?;
        // The engine need not keep what the writes replace.
        drop(self.below);
        transaction.apply(self.writes.batch())?;
        transaction.commit()
    }

    pub(super) fn check_tree(&self, tree: &Tree, operation: Operation) -> Result<()> {
        let store_number = match self.store_number.get() {
            Some(number) => *number,
            None => {
                let own = self.store().open_tree(TreeName::stored(tree.name())?);
                let own = own.map_err(|error| error.with_operation(operation))?;
                *self.store_number.get_or_init(|| own.store())
            }
        };
        if tree.store() == store_number { Ok(()) } else { Err(foreign_tree(tree, operation)) }
    }
}
