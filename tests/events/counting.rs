//! A store in memory that counts reads and commits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arbour::{
    Batch, Capabilities, Cursor, Direction, Durability, KeyRange, KvRead, KvStore, MemorySnapshot,
    MemoryStore, Result, Stats, StoreOptions, Tree,
};
use arbour_core::engine::{Engine, SnapshotEngine, TransactionLayer, TreeName};

/// A store that counts.
pub(crate) type CountingStore = TransactionLayer<Counting>;

pub(crate) struct Counting {
    store: MemoryStore,
    reads: Arc<AtomicU64>,
}

/// Makes a store, and the count of entries read, by key or by a step of a cursor.
pub(crate) fn counting() -> (Arc<CountingStore>, Arc<AtomicU64>) {
    let reads = Arc::<AtomicU64>::default();
    let engine = Counting { store: MemoryStore::new(), reads: Arc::clone(&reads) };
    (Arc::new(TransactionLayer::new(engine, &StoreOptions::new(), None)), reads)
}

/// Returns how many entries a closure read.
pub(crate) fn reads_of<R>(reads: &AtomicU64, run: impl FnOnce() -> R) -> (R, u64) {
    let before = reads.load(Ordering::SeqCst);
    let result = run();
    (result, reads.load(Ordering::SeqCst) - before)
}

impl Engine for Counting {
    fn capabilities(&self) -> &Capabilities {
        self.store.capabilities()
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.store.open_tree(name)
    }

    fn owns(&self, tree: &Tree) -> bool {
        let own = TreeName::stored(tree.name()).and_then(|name| self.open_tree(name));
        own.is_ok_and(|own| own == *tree)
    }

    fn apply(&self, batch: &Batch, durability: Durability) -> Result<()> {
        self.store.apply(batch.clone(), durability)
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

impl SnapshotEngine for Counting {
    type Snapshot<'s> = CountingSnapshot<'s>;

    fn snapshot(&self) -> Result<CountingSnapshot<'_>> {
        Ok(CountingSnapshot { snapshot: self.store.snapshot()?, reads: &self.reads })
    }
}

pub(crate) struct CountingSnapshot<'s> {
    snapshot: MemorySnapshot<'s>,
    reads: &'s AtomicU64,
}

impl<'s> KvRead for CountingSnapshot<'s> {
    type Value<'t>
        = <MemorySnapshot<'s> as KvRead>::Value<'t>
    where
        Self: 't;
    type Cursor<'t>
        = CountingCursor<'t, <MemorySnapshot<'s> as KvRead>::Cursor<'t>>
    where
        Self: 't;

    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<Self::Value<'_>>> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.snapshot.get(tree, key)
    }

    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<Self::Cursor<'_>> {
        let cursor = self.snapshot.scan(tree, range, direction)?;
        Ok(CountingCursor { cursor, reads: self.reads })
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.snapshot.open_tree(name)
    }

    fn trees(&self) -> Result<Vec<String>> {
        self.snapshot.trees()
    }
}

pub(crate) struct CountingCursor<'t, C> {
    cursor: C,
    reads: &'t AtomicU64,
}

impl<C: Cursor> Cursor for CountingCursor<'_, C> {
    fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.cursor.next()
    }

    fn seek(&mut self, key: &[u8]) -> Result<()> {
        self.cursor.seek(key)
    }
}
