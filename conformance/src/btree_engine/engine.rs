//! The engine: what the layers require and nothing more.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use arbour_core::engine::{Engine, LiveEngine, TreeName, TreeRegistry};
use arbour_core::{
    Batch, Capabilities, Direction, Durability, Error, ErrorKind, KeyRange, Operation, Result,
    Stats, StoreOptions, Tree,
};
use parking_lot::Mutex;

use super::log::Log;
use super::trees::Trees;
use super::{BTreeCursor, record};

/// Ordered maps in memory, and a log of batches on disk.
///
/// It does not know snapshots or transactions; [`BTreeStore`](crate::BTreeStore) is the store that
/// the layers make of it.
///
/// ```
/// use arbour_conformance::BTreeEngine;
/// use arbour_core::engine::{Engine, LiveEngine, TreeName};
/// use arbour_core::{Batch, Durability};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.btree");
/// let engine = BTreeEngine::open(&path, &Default::default())?;
/// let users = engine.open_tree(TreeName::new("users")?)?;
/// let mut batch = Batch::new();
/// batch.put(&users, b"ada", b"1815");
/// engine.apply(&batch, Durability::PowerLoss)?;
/// assert_eq!(engine.get(&users, b"ada")?.as_deref(), Some(&b"1815"[..]));
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct BTreeEngine {
    capabilities: Capabilities,
    registry: TreeRegistry,
    trees: Trees,
    /// `None` once closed. It is locked before the trees, and held until they show what was logged.
    log: Mutex<Option<Log>>,
    read_only: bool,
}

impl BTreeEngine {
    /// Opens the store in the file at `path` and reads all of it.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) if it is absent and may not be created,
    /// [`Locked`](ErrorKind::Locked) if it is open elsewhere, [`TooNew`](ErrorKind::TooNew),
    /// [`Corrupted`](ErrorKind::Corrupted), or [`Io`](ErrorKind::Io) with the error of the system.
    ///
    /// ```
    /// use arbour_conformance::BTreeEngine;
    /// use arbour_core::{ErrorKind, StoreOptions};
    /// let folder = tempfile::tempdir().unwrap();
    /// let absent = folder.path().join("absent");
    /// let error = BTreeEngine::open(&absent, &StoreOptions::new().create(false)).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::NotFound);
    /// ```
    pub fn open(path: &Path, options: &StoreOptions) -> Result<Self> {
        let registry = TreeRegistry::new();
        let mut trees = Trees::default();
        let log = Log::open(path, options, |payload| {
            record::decode(payload, |write| {
                let tree = registry.resolve(TreeName::stored(write.tree).ok()?);
                trees.replay(&tree, write.key, write.value);
                Some(())
            })
        })?;
        Ok(Self {
            capabilities: capabilities(),
            registry,
            trees,
            log: Mutex::new(Some(log)),
            read_only: options.is_read_only(),
        })
    }
}

fn capabilities() -> Capabilities {
    let mut capabilities = Capabilities::new("btree");
    capabilities.persistent = true;
    capabilities.durability = Durability::ALL.to_vec();
    capabilities.read_only = true;
    capabilities.open_files_max = Some(1);
    capabilities
}

fn closed(operation: Operation) -> Error {
    Error::new(ErrorKind::Closed, operation, "the store was closed")
}

impl Engine for BTreeEngine {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        Ok(self.registry.resolve(name))
    }

    fn owns(&self, tree: &Tree) -> bool {
        self.registry.owns(tree)
    }

    fn apply(&self, batch: &Batch, durability: Durability) -> Result<()> {
        let mut log = self.log.lock();
        let log = log.as_mut().ok_or_else(|| closed(Operation::Apply))?;
        log.append(&record::encode(batch), durability)?;
        self.trees.apply(batch);
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        let mut log = self.log.lock();
        log.as_mut().ok_or_else(|| closed(Operation::Sync))?.sync(Operation::Sync)
    }

    /// Closes the log. The trees are kept because snapshots may still read them.
    fn close(&self) -> Result<()> {
        match self.log.lock().take() {
            Some(mut log) if !self.read_only => log.sync(Operation::Close),
            _ => Ok(()),
        }
    }

    fn stats(&self) -> Result<Stats> {
        let log = self.log.lock();
        let log = log.as_ref().ok_or_else(|| closed(Operation::Stats))?;
        Ok(Stats::new(self.trees.count(), log.file_bytes()))
    }
}

impl LiveEngine for BTreeEngine {
    type Value = Arc<[u8]>;
    type Cursor<'e> = BTreeCursor<'e>;

    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<Arc<[u8]>>> {
        self.registry.check(tree, Operation::Get)?;
        Ok(self.trees.get(tree, key))
    }

    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<BTreeCursor<'_>> {
        self.registry.check(tree, Operation::Scan)?;
        Ok(BTreeCursor::new(&self.trees, tree.number() as usize, range.into_owned(), direction))
    }

    fn trees(&self) -> Result<Vec<String>> {
        Ok(self.trees.names(&self.registry))
    }
}

impl fmt::Debug for BTreeEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BTreeEngine").finish_non_exhaustive()
    }
}

impl Drop for BTreeEngine {
    /// A store that was not closed loses nothing; only the errors are lost.
    fn drop(&mut self) {
        let _ = self.close();
    }
}
