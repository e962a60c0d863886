//! The traced store.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arbour_core::engine::{SendSnapshot, TreeName, forward};
use arbour_core::{Batch, Durability, KvStore, Operation, Result, Stats, Tree};

use super::counters::{Counting, StoreCounters, count};
use super::transaction::{Life, TracedTransaction};
use super::watch::Watch;

/// The default threshold for slow operations.
const SLOW: Duration = Duration::from_millis(100);

/// A store that reports transactions begun, committed, rolled back and in conflict, and slow
/// operations. Single reads and writes are not reported and cost nothing extra.
///
/// ```
/// use arbour::traced::TracedStore;
/// use arbour::{KvStore, KvWrite, MemoryStore};
/// let store = TracedStore::new(MemoryStore::new());
/// let users = store.tree("users")?;
/// store.put(&users, b"ada", b"1815")?;
/// store.begin()?.rollback()?;
/// let counters = store.counters();
/// assert_eq!((counters.begun, counters.committed, counters.rolled_back), (1, 1, 1));
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Debug)]
pub struct TracedStore<S> {
    store: S,
    watch: Arc<Watch>,
}

impl<S: KvStore> TracedStore<S> {
    /// Wraps a store. Operations of 100 ms or more are slow, unless
    /// [`slow_after`](Self::slow_after) sets another threshold.
    ///
    /// ```
    /// # use arbour::{KvStore, MemoryStore, traced::TracedStore};
    /// assert_eq!(TracedStore::new(MemoryStore::new()).capabilities().engine, "memory");
    /// ```
    pub fn new(store: S) -> Self {
        Self::watching(store, SLOW)
    }

    /// Sets the threshold for slow operations, and resets the counters.
    ///
    /// ```
    /// # use arbour::{KvStore, MemoryStore, traced::TracedStore};
    /// use std::time::Duration;
    /// let store = TracedStore::new(MemoryStore::new()).slow_after(Duration::ZERO);
    /// store.tree("users")?;
    /// assert_eq!(store.counters().slow, 1);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn slow_after(self, slow: Duration) -> Self {
        Self::watching(self.store, slow)
    }

    fn watching(store: S, slow: Duration) -> Self {
        let engine = store.capabilities().engine;
        Self { store, watch: Arc::new(Watch { engine, slow, counting: Counting::default() }) }
    }

    /// Returns the counters.
    ///
    /// ```
    /// # use arbour::{MemoryStore, traced::{StoreCounters, TracedStore}};
    /// assert_eq!(TracedStore::new(MemoryStore::new()).counters(), StoreCounters::default());
    /// ```
    pub fn counters(&self) -> StoreCounters {
        self.watch.counting.read()
    }

    fn timed<T>(&self, operation: Operation, run: impl FnOnce() -> Result<T>) -> Result<T> {
        self.watch.time(operation, run).map(|(done, _)| done)
    }
}

impl<S: KvStore> KvStore for TracedStore<S> {
    type Snapshot<'s>
        = S::Snapshot<'s>
    where
        Self: 's;
    type Transaction<'s>
        = TracedTransaction<S::Transaction<'s>>
    where
        Self: 's;

    forward!(self => self.store; capabilities, writer_wait);

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.timed(Operation::Tree, || self.store.open_tree(name))
    }

    fn snapshot(&self) -> Result<Self::Snapshot<'_>> {
        let snapshot = self.timed(Operation::Snapshot, || self.store.snapshot())?;
        count(&self.watch.counting.snapshots);
        Ok(snapshot)
    }

    fn send_snapshot(&self) -> Result<SendSnapshot<'_>> {
        let snapshot = self.timed(Operation::Snapshot, || self.store.send_snapshot())?;
        count(&self.watch.counting.snapshots);
        Ok(snapshot)
    }

    fn begin_with(&self, durability: Durability) -> Result<Self::Transaction<'_>> {
        let begin = || self.store.begin_with(durability);
        let (transaction, waited) = self.watch.time(Operation::Begin, begin)?;
        count(&self.watch.counting.begun);
        let engine = self.watch.engine;
        tracing::trace!(target: "arbour::store", engine, ?durability, ?waited, "begin");
        Ok(TracedTransaction { transaction, life: Life::new(Arc::clone(&self.watch)) })
    }

    fn apply(&self, batch: Batch, durability: Durability) -> Result<()> {
        let (engine, writes) = (self.watch.engine, batch.len());
        let apply = || self.store.apply(batch, durability);
        let ((), took) = self.watch.time(Operation::Apply, apply)?;
        count(&self.watch.counting.committed);
        tracing::debug!(target: "arbour::store", engine, writes, ?took, "apply");
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        self.timed(Operation::Sync, || self.store.sync())
    }

    fn close(&self) -> Result<()> {
        self.timed(Operation::Close, || self.store.close())
    }

    fn stats(&self) -> Result<Stats> {
        self.timed(Operation::Stats, || self.store.stats())
    }

    fn compact(&self) -> Result<()> {
        self.timed(Operation::Compact, || self.store.compact())
    }

    fn backup(&self, destination: &Path) -> Result<()> {
        self.timed(Operation::Backup, || self.store.backup(destination))
    }
}
