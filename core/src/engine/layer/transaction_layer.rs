//! Transactions for an engine with snapshots and atomic batches.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::SnapshotEngine;
use crate::batch::Write;
use crate::engine::{
    OverlayTransaction, SendSnapshot, TransactionBase, TreeName, WriterGuard, WriterSlot,
    foreign_tree, forward,
};
use crate::{
    Batch, Capabilities, Durability, KvRead, KvStore, Operation, Provision, Result, Stats,
    StoreOptions, Tree, Writers,
};

/// Makes a [`KvStore`] of an engine with snapshots and atomic batches.
///
/// A transaction holds the [`WriterSlot`], keeps its writes in an ordered set on top of a snapshot,
/// and commits them as one native batch. A transaction that reads nothing costs no more than
/// collecting a batch. Batches applied without a transaction go directly to the engine,
/// concurrently if it supports [concurrent batches](Capabilities::concurrent_batches), but never
/// during a transaction.
///
/// ```
/// use arbour_core::engine::{SnapshotEngine, TransactionLayer};
/// use arbour_core::{KvStore, StoreOptions};
/// fn store<E: SnapshotEngine>(engine: E) -> TransactionLayer<E> {
///     TransactionLayer::new(engine, &StoreOptions::new(), Some("app.toy".into()))
/// }
/// ```
pub struct TransactionLayer<E: SnapshotEngine> {
    engine: E,
    capabilities: Capabilities,
    slot: WriterSlot,
}

impl<E: SnapshotEngine> TransactionLayer<E> {
    /// Makes a store of an engine. From the options it uses the busy timeout, the limits and the
    /// read-only flag; errors name `path` as the store.
    ///
    /// ```
    /// # use arbour_core::engine::{SnapshotEngine, TransactionLayer};
    /// # use arbour_core::StoreOptions;
    /// fn impatient<E: SnapshotEngine>(engine: E) -> TransactionLayer<E> {
    ///     let options = StoreOptions::new().busy_timeout(std::time::Duration::ZERO);
    ///     TransactionLayer::new(engine, &options, None)
    /// }
    /// ```
    #[must_use]
    pub fn new(engine: E, options: &StoreOptions, path: Option<PathBuf>) -> Self {
        let mut capabilities = engine.capabilities().clone();
        capabilities.transactions = Provision::Layered;
        capabilities.writers = Writers::One;
        capabilities.limits = options.requested_limits().within(capabilities.limits);
        Self { engine, capabilities, slot: WriterSlot::new(options, path) }
    }

    /// Returns the engine, for operations that only it offers.
    ///
    /// ```
    /// # use arbour_core::engine::{Engine, SnapshotEngine, TransactionLayer};
    /// fn name<E: SnapshotEngine>(store: &TransactionLayer<E>) -> &'static str {
    ///     store.engine().capabilities().engine
    /// }
    /// ```
    #[must_use]
    pub fn engine(&self) -> &E {
        &self.engine
    }

    #[inline]
    fn check(&self, write: &Write<'_>) -> Result<()> {
        if !self.engine.owns(write.tree) {
            return Err(foreign_tree(write.tree, write.operation()));
        }
        self.capabilities.limits.check(write)
    }
}

impl<E: SnapshotEngine> KvStore for TransactionLayer<E> {
    type Snapshot<'s>
        = E::Snapshot<'s>
    where
        Self: 's;
    type Transaction<'s>
        = LayeredTransaction<'s, E>
    where
        Self: 's;

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.slot.check_open(Operation::Tree)?;
        self.engine.open_tree(name)
    }

    fn snapshot(&self) -> Result<Self::Snapshot<'_>> {
        self.slot.check_open(Operation::Snapshot)?;
        self.engine.snapshot()
    }

    fn send_snapshot(&self) -> Result<SendSnapshot<'_>> {
        Ok(SendSnapshot::new(self.snapshot()?))
    }

    fn begin_with(&self, durability: Durability) -> Result<Self::Transaction<'_>> {
        let guard = self.slot.acquire(Operation::Begin)?;
        let snapshot = OnceCell::new();
        Ok(OverlayTransaction::new(LayeredBase {
            layer: self,
            snapshot,
            durability,
            _guard: guard,
        }))
    }

    fn writer_wait(&self) -> Duration {
        self.slot.wait()
    }

    fn apply(&self, batch: Batch, durability: Durability) -> Result<()> {
        batch.iter().try_for_each(|write| self.check(&write))?;
        self.capabilities
            .limits
            .check_transaction(batch.len(), batch.byte_len())
            .map_err(|error| error.with_operation(Operation::Apply))?;
        if self.capabilities.concurrent_batches {
            let _shared = self.slot.share(Operation::Apply)?;
            self.apply_some(&batch, durability)
        } else {
            let _alone = self.slot.acquire(Operation::Apply)?;
            self.apply_some(&batch, durability)
        }
    }

    fn sync(&self) -> Result<()> {
        self.slot.check_writable(Operation::Sync)?;
        self.engine.sync()
    }

    fn close(&self) -> Result<()> {
        match self.slot.close()? {
            Some(_alone) => self.engine.close(),
            None => Ok(()),
        }
    }

    fn stats(&self) -> Result<Stats> {
        self.slot.check_open(Operation::Stats)?;
        self.engine.stats()
    }

    fn compact(&self) -> Result<()> {
        let _alone = self.slot.acquire(Operation::Compact)?;
        self.engine.compact()
    }

    fn backup(&self, destination: &Path) -> Result<()> {
        self.slot.check_open(Operation::Backup)?;
        self.engine.backup(destination)
    }
}

impl<E: SnapshotEngine> TransactionLayer<E> {
    fn apply_some(&self, batch: &Batch, durability: Durability) -> Result<()> {
        if batch.is_empty() { Ok(()) } else { self.engine.apply(batch, durability) }
    }
}

/// A transaction of a [`TransactionLayer`].
///
/// ```
/// use arbour_core::engine::{LayeredTransaction, SnapshotEngine, TransactionLayer};
/// use arbour_core::{KvStore, KvWrite};
/// fn put<E: SnapshotEngine>(store: &TransactionLayer<E>) -> arbour_core::Result<()> {
///     let users = store.tree("users")?;
///     let mut transaction: LayeredTransaction<'_, E> = store.begin()?;
///     transaction.put(&users, b"ada", b"1815")?;
///     transaction.commit()
/// }
/// ```
pub type LayeredTransaction<'s, E> = OverlayTransaction<LayeredBase<'s, E>>;

/// What lies below the writes of a [`LayeredTransaction`]: the writer slot and a snapshot.
///
/// ```
/// use arbour_core::engine::{LayeredBase, SnapshotEngine};
/// use arbour_core::{KvRead, Result};
/// fn names<E: SnapshotEngine>(base: &LayeredBase<'_, E>) -> Result<Vec<String>> {
///     base.trees()
/// }
/// ```
pub struct LayeredBase<'s, E: SnapshotEngine> {
    layer: &'s TransactionLayer<E>,
    /// Taken at the first read. Nothing can have changed until then, because the transaction holds
    /// the slot.
    snapshot: OnceCell<E::Snapshot<'s>>,
    durability: Durability,
    _guard: WriterGuard<'s>,
}

impl<'s, E: SnapshotEngine> LayeredBase<'s, E> {
    fn snapshot(&self) -> Result<&E::Snapshot<'s>> {
        match self.snapshot.get() {
            Some(snapshot) => Ok(snapshot),
            None => {
                let snapshot = self.layer.engine.snapshot()?;
                Ok(self.snapshot.get_or_init(|| snapshot))
            }
        }
    }
}

impl<'s, E: SnapshotEngine> KvRead for LayeredBase<'s, E> {
    type Value<'t>
        = <E::Snapshot<'s> as KvRead>::Value<'t>
    where
        Self: 't;
    type Cursor<'t>
        = <E::Snapshot<'s> as KvRead>::Cursor<'t>
    where
        Self: 't;

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.layer.engine.open_tree(name)
    }

    forward!(self => self.snapshot()?; get, get_with, multi_get, contains, scan, len, trees);
    forward!(self => self.snapshot()?; prefetch);
}

impl<E: SnapshotEngine> TransactionBase for LayeredBase<'_, E> {
    fn check_tree(&self, tree: &Tree, operation: Operation) -> Result<()> {
        if self.layer.engine.owns(tree) { Ok(()) } else { Err(foreign_tree(tree, operation)) }
    }

    #[inline]
    fn check(&self, write: &Write<'_>) -> Result<()> {
        self.layer.check(write)
    }

    fn commit(self, batch: Batch) -> Result<()> {
        self.layer.capabilities.limits.check_transaction(batch.len(), batch.byte_len())?;
        // Drop the transaction's own snapshot first, so that the engine need not keep what the
        // batch overwrites.
        drop(self.snapshot);
        let applied = self.layer.apply_some(&batch, self.durability);
        // The caller did not apply a batch itself, so report its own operation.
        applied.map_err(|error| error.with_operation(Operation::Commit))
    }
}
