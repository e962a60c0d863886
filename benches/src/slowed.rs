//! A store on a device with slow flushes.

use std::thread;
use std::time::Duration;

use arbour_core::engine::forward;
use arbour_core::{Batch, Durability, KvRead, KvStore, KvWrite, Result};

/// A store whose every commit and batch takes longer, like a flush of a hard disk, or of a disk at
/// the other end of a network.
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

    forward!(self => self.store; capabilities, open_tree, snapshot, send_snapshot, writer_wait);
    forward!(self => self.store; sync, close, stats, compact, backup);

    fn begin_with(&self, durability: Durability) -> Result<Self::Transaction<'_>> {
        let transaction = self.store.begin_with(durability)?;
        Ok(SlowedTransaction { transaction, flush: self.flush })
    }

    /// Waits in a transaction, because the device serializes batches as well.
    fn apply(&self, batch: Batch, durability: Durability) -> Result<()> {
        let mut transaction = self.begin_with(durability)?;
        transaction.apply(&batch)?;
        transaction.commit()
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
    forward!(types of W);
    forward!(self => self.transaction; reads);
}

impl<W: KvWrite> KvWrite for SlowedTransaction<W> {
    forward!(self => self.transaction; put, delete, delete_range, check, commit_checks, rollback);

    /// Holds the writer slot meanwhile, as a flush does.
    fn commit(self) -> Result<()> {
        thread::sleep(self.flush);
        self.transaction.commit()
    }
}
