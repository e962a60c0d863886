//! What an engine implements that is one ordered map of bytes.

use std::cell::RefCell;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use crate::engine::keyspace::{CATALOG, NUMBER_BYTES, stored_key};
use crate::engine::{StorePath, TreeCatalog, disk_bytes};
use crate::store::unsupported;
use crate::{Batch, Capabilities, Cursor, Direction, Durability, Error, Operation, Result};

/// An engine that is one ordered map of bytes, with snapshots and atomic batches.
/// [`TreeLayer`](crate::engine::TreeLayer) keeps all trees in it, and
/// [`TransactionLayer`](crate::engine::TransactionLayer) makes a store of that.
///
/// The layer checks handles and lengths, knows which trees there are, refuses calls after the map was
/// closed and commits after one that failed, and adds the path of the store, the tree and the key to
/// errors. So no method here has to. Keys are sorted by unsigned bytes, and each has at least four.
///
/// `examples/own_engine` is a complete engine of this kind.
///
/// ```
/// use arbour_core::engine::{MapEngine, TreeLayer};
/// use arbour_core::{KvStore, Result, StoreOptions};
/// fn store<M: MapEngine>(map: M) -> Result<impl KvStore> {
///     Ok(TreeLayer::new(map)?.into_store(&StoreOptions::new()))
/// }
/// ```
pub trait MapEngine: Send + Sync + Sized + 'static {
    /// The state of the map at one moment. It keeps open what it reads, so it can outlive the map.
    type Snapshot: MapSnapshot + Send;

    /// Returns what the map can do, and the limits of its own keys and values; the layer reserves
    /// room for the numbers of trees. Keys of 259 bytes must be allowed, because the names of trees
    /// are stored as keys. The layer calls this once.
    ///
    /// ```
    /// fn is_durable(map: &impl arbour_core::engine::MapEngine) -> bool {
    ///     map.capabilities().persistent
    /// }
    /// ```
    fn capabilities(&self) -> Capabilities;

    /// Returns the path of the store, [pinned](StorePath::pin).
    ///
    /// ```
    /// fn is_there(map: &impl arbour_core::engine::MapEngine) -> bool {
    ///     map.path().exists()
    /// }
    /// ```
    fn path(&self) -> &StorePath;

    /// Checks that the store is still at its path. The layer calls it before durable batches, before
    /// [`sync`](Self::sync) and before [`compact`](Self::compact).
    ///
    /// # Errors
    /// [`Moved`](crate::ErrorKind::Moved).
    ///
    /// ```
    /// use arbour_core::Operation;
    /// fn is_in_place(map: &impl arbour_core::engine::MapEngine) -> bool {
    ///     map.check_place(Operation::Sync).is_ok()
    /// }
    /// ```
    fn check_place(&self, operation: Operation) -> Result<()> {
        self.path().check(operation)
    }

    /// Takes a snapshot. It is called by several threads at once, also while a batch is applied.
    ///
    /// # Errors
    /// Errors of the engine.
    ///
    /// ```
    /// use arbour_core::Result;
    /// use arbour_core::engine::{MapEngine, MapSnapshot};
    /// use std::sync::Arc;
    /// fn has<M: MapEngine>(map: &Arc<M>, key: &[u8]) -> Result<bool> {
    ///     Ok(map.snapshot()?.get(key)?.is_some())
    /// }
    /// ```
    fn snapshot(self: &Arc<Self>) -> Result<Self::Snapshot>;

    /// Applies all writes in order, or none, with at least the requested durability. The layer calls
    /// it for one batch at a time unless [`concurrent_batches`](Capabilities::concurrent_batches) is
    /// set.
    ///
    /// # Errors
    /// Errors of the engine. Nothing was written, unless the error is
    /// [`CommitUnknown`](crate::ErrorKind::CommitUnknown), as
    /// [`unknown_commit`](crate::engine::unknown_commit) makes it; after that the layer refuses all
    /// further commits.
    ///
    /// ```
    /// use arbour_core::engine::{MapEngine, MapWrites};
    /// use arbour_core::{Durability, Result};
    /// fn commit(map: &impl MapEngine, writes: &MapWrites<'_>) -> Result<()> {
    ///     map.apply(writes, Durability::PowerLoss)
    /// }
    /// ```
    fn apply(&self, writes: &MapWrites<'_>, durability: Durability) -> Result<()>;

    /// Makes everything applied so far survive a power loss.
    ///
    /// # Errors
    /// Errors of the engine; after one the layer refuses all further commits.
    ///
    /// ```
    /// fn flush(map: &impl arbour_core::engine::MapEngine) -> arbour_core::Result<()> {
    ///     map.sync()
    /// }
    /// ```
    fn sync(&self) -> Result<()>;

    /// Leaves the files as the next opening should find them. No batch follows. The map is dropped
    /// afterwards, or with the last snapshot, and releases its files and locks then. It is not called
    /// if an earlier commit failed. An engine that creates files by their path here calls
    /// [`check_place`](Self::check_place) first.
    ///
    /// # Errors
    /// Errors of the engine.
    ///
    /// ```
    /// fn end(map: &impl arbour_core::engine::MapEngine) -> arbour_core::Result<()> {
    ///     map.close()
    /// }
    /// ```
    fn close(&self) -> Result<()> {
        self.sync()
    }

    /// Returns the size of the files, in bytes.
    ///
    /// # Errors
    /// Errors of the system.
    ///
    /// ```
    /// fn size(map: &impl arbour_core::engine::MapEngine) -> arbour_core::Result<u64> {
    ///     map.disk_bytes()
    /// }
    /// ```
    fn disk_bytes(&self) -> Result<u64> {
        disk_bytes(self.path()).map_err(|cause| {
            let message = "the files of the store cannot be measured";
            Error::from_io(cause, Operation::Stats, message)
        })
    }

    /// Returns space to the file system; see [`KvStore::compact`](crate::KvStore::compact). No batch
    /// is applied at the same time.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) unless the engine overrides it.
    ///
    /// ```
    /// fn shrink(map: &impl arbour_core::engine::MapEngine) -> arbour_core::Result<()> {
    ///     if map.capabilities().compaction { map.compact() } else { Ok(()) }
    /// }
    /// ```
    fn compact(&self) -> Result<()> {
        Err(unsupported(&self.capabilities(), Operation::Compact, "compact a store"))
    }

    /// Copies the files while they are in use; see [`KvStore::backup`](crate::KvStore::backup).
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) unless the engine overrides it.
    ///
    /// ```
    /// fn keep(map: &impl arbour_core::engine::MapEngine) -> arbour_core::Result<()> {
    ///     map.backup("app.backup".as_ref())
    /// }
    /// ```
    fn backup(&self, destination: &Path) -> Result<()> {
        let _ = destination;
        Err(unsupported(&self.capabilities(), Operation::Backup, "be backed up while in use"))
    }
}

/// A snapshot of a [`MapEngine`].
///
/// ```
/// use arbour_core::engine::MapSnapshot;
/// fn length(snapshot: &impl MapSnapshot, key: &[u8]) -> arbour_core::Result<usize> {
///     Ok(snapshot.get(key)?.map_or(0, |value| value.as_ref().len()))
/// }
/// ```
pub trait MapSnapshot {
    /// The bytes of a value.
    type Value<'t>: AsRef<[u8]>
    where
        Self: 't;

    /// Reads the entries of a range. It is not called any more after an error.
    type Cursor<'t>: Cursor
    where
        Self: 't;

    /// Returns the value of a key, or `None` if it is absent. The key is one that the map can store.
    ///
    /// # Errors
    /// Errors of the engine.
    ///
    /// See [`MapSnapshot`] for an example.
    fn get(&self, key: &[u8]) -> Result<Option<Self::Value<'_>>>;

    /// Reads the entries from the start of a range, which is included, to its end, which is not. The
    /// range is not empty, and its bounds are keys that the map can store.
    ///
    /// # Errors
    /// Errors of the engine.
    ///
    /// ```
    /// use arbour_core::engine::MapSnapshot;
    /// use arbour_core::{Cursor, Direction, Result};
    /// fn has_some(snapshot: &impl MapSnapshot) -> Result<bool> {
    ///     let mut cursor = snapshot.scan(b"a".as_slice()..b"b", Direction::Forward)?;
    ///     Ok(cursor.next()?.is_some())
    /// }
    /// ```
    fn scan(&self, range: Range<&[u8]>, direction: Direction) -> Result<Self::Cursor<'_>>;

    /// Counts the entries of a range. An engine that can do so without reading the values overrides
    /// it.
    ///
    /// # Errors
    /// Errors of the engine.
    ///
    /// ```
    /// use arbour_core::engine::MapSnapshot;
    /// fn count(snapshot: &impl MapSnapshot) -> arbour_core::Result<u64> {
    ///     snapshot.count(b"a".as_slice()..b"b")
    /// }
    /// ```
    fn count(&self, range: Range<&[u8]>) -> Result<u64> {
        let mut cursor = self.scan(range, Direction::Forward)?;
        let mut count = 0;
        while cursor.next()?.is_some() {
            count += 1;
        }
        Ok(count)
    }
}

/// The writes of a batch, as a [`MapEngine`] stores them.
///
/// ```
/// use arbour_core::engine::MapWrites;
/// /// Returns the writes in the form of an engine that has a list for them.
/// fn list(writes: &MapWrites<'_>) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
///     let (count, _bytes) = writes.size_hint();
///     let mut list = Vec::with_capacity(count);
///     writes.for_each(|key, value| list.push((key.to_vec(), value.map(<[u8]>::to_vec))));
///     list
/// }
/// ```
#[derive(Debug)]
pub struct MapWrites<'b> {
    source: Source<'b>,
    /// The trees that were entered in the catalog.
    entered: RefCell<Vec<u32>>,
}

#[derive(Debug)]
enum Source<'b> {
    Batch(&'b Batch, &'b TreeCatalog),
    /// The names of trees that leave the catalog.
    Removed(&'b [String]),
}

impl<'b> MapWrites<'b> {
    pub(super) fn of_batch(batch: &'b Batch, catalog: &'b TreeCatalog) -> Self {
        Self { source: Source::Batch(batch, catalog), entered: RefCell::default() }
    }

    pub(super) fn removing(names: &'b [String]) -> Self {
        Self { source: Source::Removed(names), entered: RefCell::default() }
    }

    /// Calls `write` for each write, in order: with a key and its value, or with a key to be deleted
    /// and `None`. The key is valid only during the call.
    ///
    /// See [`MapWrites`] for an example.
    pub fn for_each(&self, mut write: impl FnMut(&[u8], Option<&[u8]>)) {
        match self.source {
            Source::Batch(batch, catalog) => {
                let entered = catalog.stored_writes(batch, write);
                self.entered.replace(entered);
            }
            Source::Removed(names) => {
                names.iter().for_each(|name| write(&stored_key(CATALOG, name.as_bytes()), None));
            }
        }
    }

    /// Returns about how many writes there are, and how many bytes their keys and values have
    /// together, for an engine that reserves room. There may be a few more.
    ///
    /// See [`MapWrites`] for an example.
    #[must_use]
    pub fn size_hint(&self) -> (usize, usize) {
        match self.source {
            Source::Batch(batch, _) => {
                (batch.len() + 1, batch.byte_len() + (batch.len() + 1) * NUMBER_BYTES)
            }
            Source::Removed(names) => (names.len(), 0),
        }
    }

    pub(super) fn into_entered(self) -> Vec<u32> {
        self.entered.into_inner()
    }
}
