//! The engine for the layers.

use std::fmt;
use std::path::{Path, PathBuf};

use arbour_core::engine::{StorePath, TreeRegistry};
use arbour_core::{
    Batch, Capabilities, DamageDetection, Durability, Error, ErrorKind, Operation, Result,
    StoreOptions, Tree,
};
use parking_lot::RwLock;

use crate::database::{Database, Doubt};
use crate::error;
use crate::folder::Folder;

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
    pub(crate) capabilities: Capabilities,
    pub(crate) registry: TreeRegistry,
    /// `None` once released. Locked for writing only to create a tree and to release the database.
    pub(crate) database: RwLock<Option<Database>>,
    doubt: Doubt,
    path: PathBuf,
}

impl fmt::Debug for SledEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SledEngine").field("path", &self.path).finish_non_exhaustive()
    }
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
    pub(crate) fn make_trees(&self, batch: &Batch) -> Result<()> {
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
