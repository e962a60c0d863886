//! A store on a device that is slow to say what it has.

use std::path::Path;
use std::thread;
use std::time::Duration;

use arbour_core::engine::TreeName;
use arbour_core::{
    Batch, Capabilities, Direction, Durability, KeyRange, KvRead, KvStore, KvWrite, Result, Stats,
    Tree, Write,
};

/// A store whose every commit and batch takes a while longer: what a disk with a head, or one at
/// the other end of a network, takes to flush.
///
/// ```
/// use arbour_benches::Slowed;
/// use arbour_core::{KvStore, MemoryStore};
/// use std::time::{Duration, Instant};
/// let store = Slowed::new(MemoryStore::new(), Duration::from_millis(5));
/// let users = store.tree("users")?;
/// let start = Instant::now();
/// store.put(&users, b"ada", b"1815")?;
/// assert!(start.elapsed() >= Duration::from_millis(5));
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct Slowed<S: KvStore> {
    store: S,
    flush: Duration,
}

impl<S: KvStore> Slowed<S> {
    /// Slows a store.
    ///
    /// ```
    /// # use arbour_core::{KvStore, MemoryStore};
    /// # use std::time::Duration;
    /// let store = arbour_benches::Slowed::new(MemoryStore::new(), Duration::ZERO);
    /// assert_eq!(store.capabilities().engine, "memory");
    /// ```
    pub fn new(store: S, flush: Duration) -> Self {
        Self { store, flush }
    }
}

impl<S: KvStore> KvStore for Slowed<S> {
    type Snapshot<'s>
        = S::Snapshot<'s>
    where
        Self: 's;
    type Transaction<'s>
        = SlowedTransaction<S::Transaction<'s>>
    where
        Self: 's;

    fn capabilities(&self) -> &Capabilities {
        self.store.capabilities()
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.store.open_tree(name)
    }

    fn snapshot(&self) -> Result<Self::Snapshot<'_>> {
        self.store.snapshot()
    }

    fn begin_with(&self, durability: Durability) -> Result<Self::Transaction<'_>> {
        let transaction = self.store.begin_with(durability)?;
        Ok(SlowedTransaction { transaction, flush: self.flush })
    }

    fn writer_wait(&self) -> Duration {
        self.store.writer_wait()
    }

    /// Waits in a transaction, for batches are serialized by the device as well.
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

    fn compact(&self) -> Result<()> {
        self.store.compact()
    }

    fn backup(&self, destination: &Path) -> Result<()> {
        self.store.backup(destination)
    }
}

/// A transaction of a [`Slowed`] store.
///
/// ```
/// use arbour_benches::{Slowed, SlowedTransaction};
/// use arbour_core::{KvStore, KvWrite, MemoryStore, MemoryTransaction};
/// let store = Slowed::new(MemoryStore::new(), std::time::Duration::ZERO);
/// let transaction: SlowedTransaction<MemoryTransaction<'_>> = store.begin()?;
/// transaction.rollback()?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct SlowedTransaction<W: KvWrite> {
    transaction: W,
    flush: Duration,
}

impl<W: KvWrite> KvRead for SlowedTransaction<W> {
    type Value<'t>
        = W::Value<'t>
    where
        Self: 't;
    type Cursor<'t>
        = W::Cursor<'t>
    where
        Self: 't;

    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<W::Value<'_>>> {
        self.transaction.get(tree, key)
    }

    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<W::Cursor<'_>> {
        self.transaction.scan(tree, range, direction)
    }

    fn trees(&self) -> Result<Vec<String>> {
        self.transaction.trees()
    }
}

impl<W: KvWrite> KvWrite for SlowedTransaction<W> {
    fn put(&mut self, tree: &Tree, key: &[u8], value: &[u8]) -> Result<()> {
        self.transaction.put(tree, key, value)
    }

    fn delete(&mut self, tree: &Tree, key: &[u8]) -> Result<()> {
        self.transaction.delete(tree, key)
    }

    fn delete_range(&mut self, tree: &Tree, range: KeyRange<'_>) -> Result<()> {
        self.transaction.delete_range(tree, range)
    }

    fn check(&self, write: &Write<'_>) -> Result<()> {
        self.transaction.check(write)
    }

    /// Holds the writer slot meanwhile, as a flush does.
    fn commit(self) -> Result<()> {
        thread::sleep(self.flush);
        self.transaction.commit()
    }

    fn rollback(self) -> Result<()> {
        self.transaction.rollback()
    }

    fn conflicted(&self) -> bool {
        self.transaction.conflicted()
    }
}
