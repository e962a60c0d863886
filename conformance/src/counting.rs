//! A store that counts reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arbour_core::engine::{SendSnapshot, TreeName, forward};
use arbour_core::{Batch, Direction, Durability, KeyRange, KvRead, KvStore, Result, Tree};

/// Counts the gets and scans of its snapshots, and the transactions that begin.
pub(crate) struct Counting<S> {
    store: Arc<S>,
    reads: AtomicU64,
    transactions: AtomicU64,
}

impl<S> Counting<S> {
    pub(crate) fn new(store: Arc<S>) -> Self {
        Self { store, reads: AtomicU64::new(0), transactions: AtomicU64::new(0) }
    }

    /// Returns the number of reads and transactions since the last call.
    pub(crate) fn take(&self) -> (u64, u64) {
        (self.reads.swap(0, Ordering::SeqCst), self.transactions.swap(0, Ordering::SeqCst))
    }
}

pub(crate) struct CountingSnapshot<'s, S: KvStore> {
    store: &'s Counting<S>,
    snapshot: S::Snapshot<'s>,
}

impl<S: KvStore> KvStore for Counting<S> {
    type Snapshot<'s>
        = CountingSnapshot<'s, S>
    where
        Self: 's;
    type Transaction<'s>
        = S::Transaction<'s>
    where
        Self: 's;

    forward!(self => self.store; capabilities, open_tree, writer_wait, sync, close, stats);
    forward!(self => self.store; compact, backup);

    fn snapshot(&self) -> Result<CountingSnapshot<'_, S>> {
        Ok(CountingSnapshot { store: self, snapshot: self.store.snapshot()? })
    }

    /// Its reads are not counted: what is counted here takes none.
    fn send_snapshot(&self) -> Result<SendSnapshot<'_>> {
        self.store.send_snapshot()
    }

    fn begin_with(&self, durability: Durability) -> Result<S::Transaction<'_>> {
        self.transactions.fetch_add(1, Ordering::SeqCst);
        self.store.begin_with(durability)
    }

    fn apply(&self, batch: Batch, durability: Durability) -> Result<()> {
        self.transactions.fetch_add(1, Ordering::SeqCst);
        self.store.apply(batch, durability)
    }
}

impl<'s, S: KvStore> KvRead for CountingSnapshot<'s, S> {
    forward!(types of S::Snapshot<'s>);

    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<Self::Value<'_>>> {
        self.store.reads.fetch_add(1, Ordering::SeqCst);
        self.snapshot.get(tree, key)
    }

    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<Self::Cursor<'_>> {
        self.store.reads.fetch_add(1, Ordering::SeqCst);
        self.snapshot.scan(tree, range, direction)
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.snapshot.open_tree(name)
    }

    fn trees(&self) -> Result<Vec<String>> {
        self.store.reads.fetch_add(1, Ordering::SeqCst);
        self.snapshot.trees()
    }
}
