//! Trees for an engine that is one ordered map.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use parking_lot::RwLock;

use super::map_engine::{MapEngine, MapSnapshot as _, MapWrites};
use super::tree_snapshot::{TreeSnapshot, Trees};
use super::{Engine, SnapshotEngine, TransactionLayer};
use crate::engine::keyspace::{CATALOG, NUMBER_BYTES, first_of, key_of};
use crate::engine::{TreeCatalog, TreeName, WriteLatch};
use crate::{
    Batch, Capabilities, Cursor as _, Direction, Durability, Error, ErrorKind, Operation, Result,
    Stats, StoreOptions, Tree,
};

/// Makes an engine with trees of one that is an ordered map: a tree is the range of keys that begin
/// with its number, and a catalog in the same map has the numbers by name
/// ([`keyspace`](crate::engine::keyspace)).
///
/// After a commit or a sync that failed, it refuses all further ones until the store is opened again
/// ([`WriteLatch`]).
///
/// ```
/// use arbour_core::engine::{Engine, MapEngine, TreeLayer, TreeName};
/// use arbour_core::{Batch, Durability, Result};
/// fn put<M: MapEngine>(map: M) -> Result<()> {
///     let engine = TreeLayer::new(map)?;
///     let mut batch = Batch::new();
///     batch.put(&engine.open_tree(TreeName::new("users")?)?, b"ada", b"1815");
///     engine.apply(&batch, Durability::PowerLoss)
/// }
/// ```
pub struct TreeLayer<M: MapEngine> {
    /// Taken by closing; open snapshots keep what they need.
    map: RwLock<Option<Arc<M>>>,
    trees: Trees,
    capabilities: Capabilities,
    latch: WriteLatch,
}

impl<M: MapEngine> fmt::Debug for TreeLayer<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TreeLayer").field("path", &self.trees.path).finish_non_exhaustive()
    }
}

impl<M: MapEngine> TreeLayer<M> {
    /// Reads the catalog of a map.
    ///
    /// # Errors
    /// [`Corrupted`](ErrorKind::Corrupted) if the catalog is damaged; errors of the engine.
    ///
    /// ```
    /// use arbour_core::engine::{MapEngine, TreeLayer};
    /// fn with_trees<M: MapEngine>(map: M) -> arbour_core::Result<TreeLayer<M>> {
    ///     TreeLayer::new(map)
    /// }
    /// ```
    pub fn new(map: M) -> Result<Self> {
        let path = map.path().to_path_buf();
        let map = Arc::new(map);
        let mut capabilities = map.capabilities();
        let limits = &mut capabilities.limits;
        limits.key_bytes_min = limits.key_bytes_min.saturating_sub(NUMBER_BYTES);
        limits.key_bytes_max = limits.key_bytes_max.saturating_sub(NUMBER_BYTES);
        let catalog = read_catalog(&map).map_err(|error| error.with_path(&path))?;
        let trees = Trees { catalog, key_bytes_max: capabilities.limits.key_bytes_max, path };
        let (map, latch) = (RwLock::new(Some(map)), WriteLatch::default());
        Ok(Self { map, trees, capabilities, latch })
    }

    /// Makes a store of the engine; see [`TransactionLayer::new`].
    ///
    /// ```
    /// use arbour_core::engine::{MapEngine, TransactionLayer, TreeLayer};
    /// use arbour_core::{Result, StoreOptions};
    /// fn store<M: MapEngine>(map: M) -> Result<TransactionLayer<TreeLayer<M>>> {
    ///     Ok(TreeLayer::new(map)?.into_store(&StoreOptions::new()))
    /// }
    /// ```
    #[must_use]
    pub fn into_store(self, options: &StoreOptions) -> TransactionLayer<Self> {
        let path = self.trees.path.clone();
        TransactionLayer::new(self, options, Some(path))
    }

    /// Returns the map, for operations that only it offers.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed) once the engine is closed.
    ///
    /// ```
    /// use arbour_core::engine::{MapEngine, TreeLayer};
    /// use arbour_core::{Operation, Result};
    /// fn size<M: MapEngine>(engine: &TreeLayer<M>) -> Result<u64> {
    ///     engine.map(Operation::Stats)?.disk_bytes()
    /// }
    /// ```
    pub fn map(&self, operation: Operation) -> Result<Arc<M>> {
        self.map.read().clone().ok_or_else(|| {
            self.trees.locate(Error::new(ErrorKind::Closed, operation, "the store was closed"))
        })
    }

    /// Returns the path of the store: absolute and without symbolic links.
    ///
    /// ```
    /// use arbour_core::engine::{MapEngine, TreeLayer};
    /// fn name<M: MapEngine>(engine: &TreeLayer<M>) -> Option<&std::ffi::OsStr> {
    ///     engine.path().file_name()
    /// }
    /// ```
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.trees.path
    }

    /// Pins the current state, as part of an operation.
    fn pin(&self, operation: Operation) -> Result<TreeSnapshot<'_, M>> {
        let pinned = self.map(operation)?.snapshot();
        let pinned = pinned.map_err(|error| self.trees.locate(error.with_operation(operation)))?;
        Ok(TreeSnapshot::new(&self.trees, pinned))
    }

    /// Applies writes, and notes a failure after which nothing more may be committed.
    fn write(&self, map: &M, writes: &MapWrites<'_>, durability: Durability) -> Result<()> {
        map.apply(writes, durability).inspect_err(|error| {
            if error.kind() == ErrorKind::CommitUnknown {
                self.latch.set_failed(error);
            }
        })
    }

    fn compact_map(&self, map: &M, empty: &[String]) -> Result<()> {
        self.latch.check(Operation::Compact)?;
        map.check_place(Operation::Compact)?;
        if !empty.is_empty() {
            // From now on, every write to them enters them again; first, because a failed removal may
            // have been partly applied.
            self.trees.catalog.leave_out(empty);
            self.write(map, &MapWrites::removing(empty), Durability::None)?;
        }
        map.compact()
    }
}

fn read_catalog<M: MapEngine>(map: &Arc<M>) -> Result<TreeCatalog> {
    let mut catalog = TreeCatalog::new();
    let (start, end) = (first_of(CATALOG), first_of(CATALOG + 1));
    let snapshot = map.snapshot()?;
    let mut entries = snapshot.scan(&start..&end, Direction::Forward)?;
    while let Some((name, number)) = entries.next()? {
        catalog.add(key_of(name), number)?;
    }
    drop(entries);
    Ok(catalog)
}

impl<M: MapEngine> Engine for TreeLayer<M> {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.trees.catalog.resolve(name).map_err(|error| self.trees.locate(error))
    }

    #[inline]
    fn owns(&self, tree: &Tree) -> bool {
        self.trees.catalog.owns(tree)
    }

    fn apply(&self, batch: &Batch, durability: Durability) -> Result<()> {
        let map = self.map(Operation::Apply)?;
        let writes = MapWrites::of_batch(batch, &self.trees.catalog);
        let applied = self.latch.check(Operation::Apply).and_then(|()| {
            if durability == Durability::PowerLoss {
                map.check_place(Operation::Apply)?;
            }
            self.write(&map, &writes, durability)
        });
        applied.map_err(|error| self.trees.locate(error))?;
        self.trees.catalog.note_entered(&writes.into_entered());
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        let map = self.map(Operation::Sync)?;
        let synced = map.check_place(Operation::Sync).and_then(|()| {
            self.latch.check(Operation::Sync)?;
            map.sync().inspect_err(|error| self.latch.set_failed(error))
        });
        synced.map_err(|error| self.trees.locate(error))
    }

    fn close(&self) -> Result<()> {
        let Some(map) = self.map.write().take() else { return Ok(()) };
        // After a failed write another one may succeed without its data being on the device.
        let closed = self.latch.check(Operation::Close).and_then(|()| map.close());
        closed.map_err(|error| self.trees.locate(error.with_operation(Operation::Close)))
    }

    fn stats(&self) -> Result<Stats> {
        let operation = Operation::Stats;
        let entries = self.pin(operation)?.count()?;
        let bytes = self.map(operation)?.disk_bytes().map_err(|error| self.trees.locate(error))?;
        Ok(Stats::new(entries, bytes))
    }

    fn compact(&self) -> Result<()> {
        let operation = Operation::Compact;
        let (_, empty) = self.pin(operation)?.used_and_empty(operation)?;
        let compacted = self.compact_map(&*self.map(operation)?, &empty);
        compacted.map_err(|error| self.trees.locate(error.with_operation(operation)))
    }

    fn backup(&self, destination: &Path) -> Result<()> {
        self.map(Operation::Backup)?.backup(destination)
    }
}

impl<M: MapEngine> SnapshotEngine for TreeLayer<M> {
    type Snapshot<'s> = TreeSnapshot<'s, M>;

    fn snapshot(&self) -> Result<TreeSnapshot<'_, M>> {
        self.pin(Operation::Snapshot)
    }
}

impl<M: MapEngine> Drop for TreeLayer<M> {
    /// Closes the map. Errors are dropped; closing the store reports them.
    fn drop(&mut self) {
        let _ = Engine::close(self);
    }
}
