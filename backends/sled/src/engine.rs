//! The engine for the layers.

use std::fmt;
use std::path::{Path, PathBuf};

use arbour_core::engine::{Engine, LiveEngine, StorePath, TreeName, TreeRegistry};
use arbour_core::{
    Batch, Capabilities, DamageDetection, Direction, Durability, Error, ErrorKind, KeyRange,
    Operation, Result, Stats, StoreOptions, Tree,
};
use parking_lot::RwLock;

use crate::catch_panic::catch_panic;
use crate::changes::Changes;
use crate::database::{Database, Doubt};
use crate::folder::Folder;
use crate::{SledLiveCursor, error, key};

/// A sled database: atomic batches over many trees, and reads of the current state.
///
/// It has neither snapshots nor transactions that can scan; the layers of core turn it into
/// [`SledStore`](crate::SledStore).
///
/// ```
/// use arbour_core::engine::{Engine, LiveEngine, TreeName};
/// use arbour_core::{Batch, Durability, StoreOptions};
/// use arbour_sled::SledEngine;
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.sled");
/// let engine = SledEngine::open(&path, &StoreOptions::new())?;
/// let users = engine.open_tree(TreeName::new("users")?)?;
/// let mut batch = Batch::new();
/// batch.put(&users, b"ada", b"1815");
/// engine.apply(&batch, Durability::PowerLoss)?;
/// assert_eq!(engine.get(&users, b"ada")?.as_deref(), Some(&b"1815"[..]));
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct SledEngine {
    capabilities: Capabilities,
    registry: TreeRegistry,
    /// `None` once released. Locked for writing only to create a tree and to release the database.
    database: RwLock<Option<Database>>,
    doubt: Doubt,
    path: PathBuf,
}

impl SledEngine {
    /// Opens the database in the folder at `path`, creating it if it is absent and the options
    /// allow. After a crash sled recovers it first.
    ///
    /// # Errors
    /// As [`SledStore::open`](crate::SledStore::open).
    ///
    /// ```
    /// use arbour_core::{ErrorKind, StoreOptions};
    /// use arbour_sled::SledEngine;
    /// let folder = tempfile::tempdir().unwrap();
    /// let absent = folder.path().join("absent");
    /// let error = SledEngine::open(&absent, &StoreOptions::new().create(false)).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::NotFound);
    /// ```
    pub fn open(path: impl AsRef<Path>, options: &StoreOptions) -> Result<Self> {
        let resolved = StorePath::resolve(path)?;
        let (path, registry) = (resolved.to_path_buf(), TreeRegistry::new());
        let opened = if options.is_read_only() {
            let message = "sled cannot open a database read-only";
            Err(Error::new(ErrorKind::Unsupported, Operation::Open, message))
        } else {
            Folder::open(resolved, options.may_create())
                .and_then(|(folder, state)| Database::open(folder, state, options, &registry))
        };
        let database = opened.map_err(|error| error.with_path(&path))?;
        let (capabilities, doubt) = (capabilities(options), database.doubt());
        let database = RwLock::new(Some(database));
        Ok(Self { capabilities, registry, database, doubt, path })
    }

    /// Returns the path of the database: absolute and without symbolic links.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Calls `run` with the database if it is usable, and adds the path to an error.
    #[inline]
    pub(crate) fn with<R>(
        &self,
        operation: Operation,
        run: impl FnOnce(&Database) -> Result<R>,
    ) -> Result<R> {
        // Check while holding the lock: creating a tree, which locks it for writing, may have
        // failed.
        let ran = match self.database.read().as_ref() {
            Some(database) => database.check(operation).and_then(|()| run(database)),
            None => Err(error::closed(operation)),
        };
        ran.map_err(|error| self.locate(error))
    }

    /// Adds the path to an error, and notes errors that sled may not have recorded.
    #[cold]
    pub(crate) fn locate(&self, error: Error) -> Error {
        use ErrorKind::{Corrupted, DiskFull, Engine, Io};

        if matches!(error.kind(), Io | DiskFull | Corrupted | Engine) {
            self.doubt.lock().get_or_insert_with(|| error.clone());
        }
        error.with_path(&self.path)
    }

    #[inline]
    pub(crate) fn check(&self, tree: &Tree, operation: Operation) -> Result<()> {
        self.registry.check(tree, operation)
    }

    /// Creates the trees that a batch is the first to put something in.
    fn make_trees(&self, batch: &Batch) -> Result<()> {
        let operation = Operation::Apply;
        let is_missing = |database: &Database, tree| database.tree(tree).is_none();
        let mut last = None;
        for write in batch.iter().filter(|write| write.value.is_some()) {
            if last == Some(write.tree) {
                continue;
            }
            last = Some(write.tree);
            if self.with(operation, |database| Ok(is_missing(database, write.tree)))? {
                // Only the single writer creates trees.
                match self.database.write().as_mut() {
                    Some(database) => {
                        let made = database.make_tree(write.tree, operation);
                        made.map_err(|error| self.locate(error))?;
                    }
                    None => return Err(self.locate(error::closed(operation))),
                }
            }
        }
        Ok(())
    }
}

/// Tells whether sled may put part of a batch into a file of its own.
fn has_large_value(batch: &Batch) -> bool {
    const LARGE_BYTES: usize = 32 << 10;

    batch.iter().any(|write| write.value.is_some_and(|value| value.len() > LARGE_BYTES))
}

fn capabilities(options: &StoreOptions) -> Capabilities {
    let mut capabilities = Capabilities::new("sled");
    capabilities.persistent = true;
    capabilities.durability = Durability::ALL.to_vec();
    let mut most = capabilities.limits;
    // sled finds the last key by searching below one of 1 MiB.
    most.key_bytes_max = (1 << 20) - 1;
    most.value_bytes_max = 256 << 20;
    capabilities.limits = options.requested_limits().within(most);
    capabilities.hot_backup = true;
    capabilities.damage = DamageDetection::OnRead;
    capabilities
}

impl Engine for SledEngine {
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
        let operation = Operation::Apply;
        if durability != Durability::None || has_large_value(batch) {
            self.with(operation, |database| database.check_place(operation))?;
        }
        self.make_trees(batch)?;
        let changes = Changes::new(batch);
        self.with(operation, |database| {
            let changed = database.change(changes);
            changed
                .and_then(|()| database.flush(durability, operation))
                .map_err(|cause| error::unknown_commit(cause, database.is_stuck()))
        })
    }

    fn sync(&self) -> Result<()> {
        let operation = Operation::Sync;
        self.with(operation, |database| {
            database.check_place(operation)?;
            database.flush(Durability::PowerLoss, operation)
        })
    }

    /// The database stays open for open snapshots.
    fn close(&self) -> Result<()> {
        let operation = Operation::Close;
        if self.database.read().is_none() {
            return Ok(());
        }
        self.with(operation, |database| {
            let flushed = database
                .check_place(operation)
                .and_then(|()| database.flush(Durability::PowerLoss, operation));
            // This includes a folder that was moved: it is not sealed.
            flushed.inspect_err(|cause| database.stop(cause))
        })
    }

    fn stats(&self) -> Result<Stats> {
        let (sled, trees) = self.with(Operation::Stats, |database| {
            // Counting takes time, and a writer may have to create a tree meanwhile.
            Ok((database.sled().clone(), database.trees()))
        })?;
        Database::stats(sled, trees).map_err(|error| self.locate(error))
    }
}

impl LiveEngine for SledEngine {
    type Value = sled::IVec;
    type Cursor<'e> = SledLiveCursor<'e>;

    #[inline]
    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<sled::IVec>> {
        self.check(tree, Operation::Get)?;
        self.with(Operation::Get, |database| {
            let Some(tree) = database.tree(tree) else { return Ok(None) };
            catch_panic(Operation::Get, || {
                tree.get(key::encode(key)).map_err(|cause| error::engine(cause, Operation::Get))
            })
        })
        .map_err(|error| error.with_tree(tree.name()).with_key(key))
    }

    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<SledLiveCursor<'_>> {
        self.check(tree, Operation::Scan)?;
        SledLiveCursor::new(self, tree, range, direction)
    }

    fn trees(&self) -> Result<Vec<String>> {
        let operation = Operation::Trees;
        let trees = self.with(operation, |database| Ok(database.trees()))?;
        // Drop the handles within `catch_panic` too: they are the last ones if the store is closed
        // meanwhile.
        let listed = catch_panic(operation, move || {
            let mut failure = None;
            let names = self.registry.names(|number| {
                let Some(Some(tree)) = trees.get(number as usize) else { return false };
                let first = tree.first().map_err(|cause| failure = Some(cause));
                first.is_ok_and(|entry| entry.is_some())
            });
            failure.map_or(Ok(names), |cause| Err(error::engine(cause, operation)))
        });
        listed.map_err(|error| self.locate(error))
    }

    /// Releases the files, and seals them.
    fn release(&self) -> Result<()> {
        let database = self.database.write().take();
        database.map_or(Ok(()), |database| database.close().map_err(|error| self.locate(error)))
    }
}

impl fmt::Debug for SledEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SledEngine").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Drop for SledEngine {
    /// A store that was not closed loses nothing either; only the errors are lost.
    fn drop(&mut self) {
        let _ = self.close();
        let _ = self.release();
    }
}
