//! The traits that an engine implements for the layers.

use std::path::Path;

use crate::engine::TreeName;
use crate::store::unsupported;
use crate::{
    Batch, Capabilities, Cursor, Direction, Durability, KeyRange, KvRead, Operation, Result, Stats,
    Tree,
};

/// An engine that applies atomic batches: the base of both layers.
///
/// It is called by a layer, which checks names, and the handles and lengths of writes; reads must
/// check their handle themselves. Batches arrive one at a time unless
/// [`concurrent_batches`](Capabilities::concurrent_batches) is set. After [`close`](Self::close),
/// only open snapshots still read.
///
/// ```
/// use arbour_core::engine::{Engine, TreeName};
/// use arbour_core::{Batch, Durability};
/// fn put<E: Engine>(engine: &E, key: &[u8], value: &[u8]) -> arbour_core::Result<()> {
///     let tree = engine.open_tree(TreeName::new("users")?)?;
///     let mut batch = Batch::new();
///     batch.put(&tree, key, value);
///     engine.apply(&batch, Durability::PowerLoss)
/// }
/// ```
pub trait Engine: Send + Sync + 'static {
    /// Returns what the engine can do; the layers add what they provide.
    ///
    /// ```
    /// fn is_durable(engine: &impl arbour_core::engine::Engine) -> bool {
    ///     engine.capabilities().persistent
    /// }
    /// ```
    fn capabilities(&self) -> &Capabilities;

    /// Resolves a name to a handle, without creating the tree and without waiting for a writer.
    ///
    /// # Errors
    /// Errors of the engine.
    ///
    /// ```
    /// use arbour_core::engine::{Engine, TreeName};
    /// use arbour_core::{Result, Tree};
    /// fn users<E: Engine>(engine: &E) -> Result<Tree> {
    ///     engine.open_tree(TreeName::new("users")?)
    /// }
    /// ```
    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree>;

    /// Tells whether a handle belongs to this engine. It is called for every write and must be
    /// cheap, as [`TreeRegistry::owns`](crate::engine::TreeRegistry::owns) is.
    ///
    /// ```
    /// fn is_ours<E: arbour_core::engine::Engine>(engine: &E, tree: &arbour_core::Tree) -> bool {
    ///     engine.owns(tree)
    /// }
    /// ```
    fn owns(&self, tree: &Tree) -> bool;

    /// Applies all writes of a batch in order, or none, with at least the requested durability.
    ///
    /// # Errors
    /// Errors of the engine. Nothing was written, unless the error is
    /// [`CommitUnknown`](crate::ErrorKind::CommitUnknown).
    ///
    /// ```
    /// use arbour_core::engine::Engine;
    /// use arbour_core::{Batch, Durability, Result, Tree};
    /// fn delete<E: Engine>(engine: &E, tree: &Tree, key: &[u8]) -> Result<()> {
    ///     let mut batch = Batch::new();
    ///     batch.delete(tree, key);
    ///     engine.apply(&batch, Durability::ProcessCrash)
    /// }
    /// ```
    fn apply(&self, batch: &Batch, durability: Durability) -> Result<()>;

    /// Makes everything applied so far survive a power loss.
    ///
    /// # Errors
    /// Errors of the engine.
    ///
    /// ```
    /// fn flush(engine: &impl arbour_core::engine::Engine) -> arbour_core::Result<()> {
    ///     engine.sync()
    /// }
    /// ```
    fn sync(&self) -> Result<()>;

    /// Releases files and locks, at the latest with the last snapshot. It is called once, while the
    /// layer holds the writer slot exclusively.
    ///
    /// # Errors
    /// Errors of the engine.
    ///
    /// ```
    /// fn end(engine: &impl arbour_core::engine::Engine) -> arbour_core::Result<()> {
    ///     engine.sync()?;
    ///     engine.close()
    /// }
    /// ```
    fn close(&self) -> Result<()>;

    /// Returns the size of the engine; see [`KvStore::stats`](crate::KvStore::stats).
    ///
    /// # Errors
    /// Errors of the engine.
    ///
    /// ```
    /// fn size(engine: &impl arbour_core::engine::Engine) -> arbour_core::Result<u64> {
    ///     Ok(engine.stats()?.disk_bytes)
    /// }
    /// ```
    fn stats(&self) -> Result<Stats>;

    /// Returns space to the file system; see [`KvStore::compact`](crate::KvStore::compact).
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) unless the engine overrides it.
    ///
    /// ```
    /// fn shrink(engine: &impl arbour_core::engine::Engine) -> arbour_core::Result<()> {
    ///     if engine.capabilities().compaction { engine.compact() } else { Ok(()) }
    /// }
    /// ```
    fn compact(&self) -> Result<()> {
        Err(unsupported(self.capabilities(), Operation::Compact, "compact a store"))
    }

    /// Copies the engine's files while they are in use; see
    /// [`KvStore::backup`](crate::KvStore::backup).
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) unless the engine overrides it.
    ///
    /// ```
    /// fn keep(engine: &impl arbour_core::engine::Engine) -> arbour_core::Result<()> {
    ///     engine.backup("app.backup".as_ref())
    /// }
    /// ```
    fn backup(&self, destination: &Path) -> Result<()> {
        let _ = destination;
        Err(unsupported(self.capabilities(), Operation::Backup, "be backed up while in use"))
    }
}

/// An engine with snapshots that span its trees, but without transactions that can scan their own
/// writes. [`TransactionLayer`](crate::engine::TransactionLayer) makes a store of it.
///
/// ```
/// use arbour_core::engine::{SnapshotEngine, TransactionLayer};
/// use arbour_core::{KvStore, StoreOptions};
/// fn store<E: SnapshotEngine>(engine: E) -> impl KvStore {
///     TransactionLayer::new(engine, &StoreOptions::new(), None)
/// }
/// ```
pub trait SnapshotEngine: Engine {
    /// A snapshot of all trees. It can move between threads.
    type Snapshot<'s>: KvRead + Send
    where
        Self: 's;

    /// Takes a snapshot of all trees.
    ///
    /// # Errors
    /// Errors of the engine.
    ///
    /// ```
    /// use arbour_core::engine::SnapshotEngine;
    /// use arbour_core::{KvRead, Result};
    /// fn names(engine: &impl SnapshotEngine) -> Result<Vec<String>> {
    ///     engine.snapshot()?.trees()
    /// }
    /// ```
    fn snapshot(&self) -> Result<Self::Snapshot<'_>>;
}

/// A cursor that keeps the entry it last returned, so that a layer can look at it, look elsewhere,
/// and then lend it without having copied it.
///
/// ```
/// use arbour_core::engine::{LiveCursor, LiveEngine};
/// use arbour_core::{Direction, KeyRange, Result, Tree};
/// fn first_key<E: LiveEngine>(engine: &E, tree: &Tree) -> Result<Option<Vec<u8>>> {
///     use arbour_core::Cursor;
///     let mut cursor = engine.scan(tree, KeyRange::all(), Direction::Forward)?;
///     cursor.next()?;
///     Ok(cursor.shown().map(|(key, _)| key.to_vec()))
/// }
/// ```
pub trait LiveCursor: Cursor {
    /// Returns the entry that the last call of [`next`](Cursor::next) returned: `None` before the
    /// first call, at the end, after an error or a seek.
    ///
    /// ```
    /// fn is_at(cursor: &impl arbour_core::engine::LiveCursor, key: &[u8]) -> bool {
    ///     cursor.shown().is_some_and(|(at, _)| at == key)
    /// }
    /// ```
    fn shown(&self) -> Option<(&[u8], &[u8])>;
}

/// An engine that only reads its current state and applies atomic batches.
/// [`SnapshotLayer`](crate::engine::SnapshotLayer) adds snapshots.
///
/// The conformance crate's `BTreeEngine` is a complete one in a few hundred lines, including
/// persistence. It becomes a store with transactions and snapshots like this:
///
/// ```
/// use arbour_core::engine::{LiveEngine, SnapshotLayer, TransactionLayer};
/// use arbour_core::{KvStore, StoreOptions};
/// fn store<E: LiveEngine>(engine: E) -> impl KvStore {
///     TransactionLayer::new(SnapshotLayer::new(engine), &StoreOptions::new(), None)
/// }
/// ```
pub trait LiveEngine: Engine {
    /// The bytes of a value.
    type Value: AsRef<[u8]>;

    /// Reads the entries of a range as they are when the cursor reaches them. It may or may not
    /// show concurrent writes, but each entry it shows must have existed at some time since the
    /// cursor was created, and it must not miss an entry that existed throughout.
    type Cursor<'e>: LiveCursor
    where
        Self: 'e;

    /// Returns the current value of a key, or `None` if it is absent.
    ///
    /// # Errors
    /// Errors of the engine.
    ///
    /// ```
    /// use arbour_core::engine::LiveEngine;
    /// use arbour_core::{Result, Tree};
    /// fn length<E: LiveEngine>(engine: &E, tree: &Tree, key: &[u8]) -> Result<usize> {
    ///     Ok(engine.get(tree, key)?.map_or(0, |value| value.as_ref().len()))
    /// }
    /// ```
    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<Self::Value>>;

    /// Reads the entries of a range.
    ///
    /// # Errors
    /// Errors of the engine.
    ///
    /// ```
    /// use arbour_core::engine::LiveEngine;
    /// use arbour_core::{Cursor, Direction, KeyRange, Result, Tree};
    /// fn is_empty<E: LiveEngine>(engine: &E, tree: &Tree) -> Result<bool> {
    ///     Ok(engine.scan(tree, KeyRange::all(), Direction::Forward)?.next()?.is_none())
    /// }
    /// ```
    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<Self::Cursor<'_>>;

    /// Returns the names of the trees that currently hold an entry, sorted by bytes.
    ///
    /// # Errors
    /// Errors of the engine.
    ///
    /// ```
    /// fn count(engine: &impl arbour_core::engine::LiveEngine) -> arbour_core::Result<usize> {
    ///     Ok(engine.trees()?.len())
    /// }
    /// ```
    fn trees(&self) -> Result<Vec<String>>;

    /// Releases what [`close`](Engine::close) had to keep for open snapshots; called once no
    /// snapshot is open any more. An engine that closes at once has nothing to do here.
    ///
    /// # Errors
    /// Errors of the engine; they are reported only if the store was closed with no snapshot open.
    ///
    /// ```
    /// fn end(engine: &impl arbour_core::engine::LiveEngine) -> arbour_core::Result<()> {
    ///     engine.close()?;
    ///     engine.release()
    /// }
    /// ```
    fn release(&self) -> Result<()> {
        Ok(())
    }
}
