//! The store: a database file, and the slot of its writer.

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use arbour_core::engine::{StorePath, TreeRegistry, Write, WriterSlot, unknown_commit};
use arbour_core::{
    Batch, Capabilities, DamageDetection, Durability, Error, ErrorKind, Operation, Result,
    StoreOptions, Tree,
};
use parking_lot::RwLock;
use redb::WriteTransaction;

use crate::catch_panic::{PanicSafe, catch_panic};
use crate::database::Database;
use crate::error;
use crate::failure::FirstFailure;
use crate::tables::{WriteTables, set};

/// A store in a redb file.
///
/// ```
/// use arbour_core::{KvStore, StoreOptions};
/// use arbour_redb::RedbStore;
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.redb");
/// let store = RedbStore::open(&path, &StoreOptions::new())?;
/// let users = store.tree("users")?;
/// store.put(&users, b"ada", b"1815")?;
/// store.close()?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct RedbStore {
    /// Taken by closing; open snapshots have their own references.
    pub(crate) database: RwLock<Option<Database>>,
    pub(crate) registry: TreeRegistry,
    pub(crate) slot: WriterSlot,
    pub(crate) capabilities: Capabilities,
    pub(crate) path: StorePath,
    failure: FirstFailure,
    /// Whether there are commits that are only in memory so far.
    unsynced: AtomicBool,
}

impl fmt::Debug for RedbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbStore").field("path", &&*self.path).finish_non_exhaustive()
    }
}

impl RedbStore {
    /// Opens the store in the file at `path`, creating it if it is absent (or empty) and the
    /// options allow.
    ///
    /// After a crash the file is first rewritten with its own content and synced, because the
    /// system may show bytes that never reached the device, and then redb repairs it. Both take as
    /// long as reading and writing the whole file; a store that was closed opens at once.
    ///
    /// [`verify`](StoreOptions::verify) compares every checksum before anything is changed, also
    /// for a store that is opened read-only.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) if there is no store and none may be created,
    /// [`Locked`](ErrorKind::Locked) if another process or handle has it open,
    /// [`Corrupted`](ErrorKind::Corrupted) if the file is damaged or not redb's,
    /// [`TooNew`](ErrorKind::TooNew) if a newer redb wrote it, [`ReadOnly`](ErrorKind::ReadOnly) if
    /// the file is not writable, or if it needs a repair but is opened read-only,
    /// [`DiskFull`](ErrorKind::DiskFull) or [`Io`](ErrorKind::Io) for errors of the system.
    ///
    /// ```
    /// use arbour_core::{ErrorKind, StoreOptions};
    /// use arbour_redb::RedbStore;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("app.redb");
    /// let absent = RedbStore::open(&path, &StoreOptions::new().create(false));
    /// assert_eq!(absent.unwrap_err().kind(), ErrorKind::NotFound);
    /// let store = RedbStore::open(&path, &StoreOptions::new())?;
    /// let second = RedbStore::open(&path, &StoreOptions::new());
    /// assert_eq!(second.unwrap_err().kind(), ErrorKind::Locked);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn open(path: impl AsRef<Path>, options: &StoreOptions) -> Result<Self> {
        let path = StorePath::resolve(path)?;
        let database = Database::open(&path, options).map_err(|error| error.with_path(&*path))?;
        path.pin()?;
        Ok(Self::new(database, path, options))
    }

    pub(crate) fn new(database: Database, path: StorePath, options: &StoreOptions) -> Self {
        Self {
            database: RwLock::new(Some(database)),
            registry: TreeRegistry::new(),
            slot: WriterSlot::new(options, Some(path.to_owned())),
            capabilities: capabilities(options),
            path,
            failure: FirstFailure::default(),
            unsynced: AtomicBool::new(false),
        }
    }

    /// Adds the path, and the failure that stopped the store, to an error of redb.
    #[cold]
    pub(crate) fn locate(&self, error: Error) -> Error {
        self.failure.trace(error).with_path(&*self.path)
    }

    #[inline]
    pub(crate) fn check_tree(&self, tree: &Tree, operation: Operation) -> Result<()> {
        self.registry.check(tree, operation)
    }

    #[inline]
    pub(crate) fn check(&self, write: &Write<'_>) -> Result<()> {
        self.check_tree(write.tree, write.operation())?;
        self.capabilities.limits.check(write)
    }

    pub(crate) fn database(&self, operation: Operation) -> Result<Database> {
        self.slot.check_open(operation)?;
        self.database.read().clone().ok_or_else(|| {
            self.locate(Error::new(ErrorKind::Closed, operation, "the store was closed"))
        })
    }

    pub(crate) fn begin_write(
        &self,
        durability: Durability,
        operation: Operation,
    ) -> Result<PanicSafe<WriteTransaction>> {
        let begun = self.database(operation)?.begin_write(durability, operation);
        begun.map_err(|error| self.locate(error))
    }

    pub(crate) fn commit(
        &self,
        transaction: PanicSafe<WriteTransaction>,
        durability: Durability,
        operation: Operation,
    ) -> Result<()> {
        if durability != Durability::None {
            // An acknowledged commit must be found where the store is opened next.
            self.path.check(operation)?;
        }
        let committed = catch_panic(operation, || {
            transaction.into_inner().commit().map_err(|cause| error::commit(cause, operation))
        });
        committed.map_err(|error| match error.kind() {
            // redb panicked, and it is unknown how far the commit got.
            ErrorKind::Corrupted => self.locate(unknown_commit(error)),
            _ => self.locate(error),
        })?;
        self.unsynced.store(durability == Durability::None, Ordering::Relaxed);
        Ok(())
    }

    /// Commits an empty transaction durably, which makes earlier commits durable too.
    pub(crate) fn flush(&self, operation: Operation) -> Result<()> {
        let transaction = self.begin_write(Durability::PowerLoss, operation)?;
        self.commit(transaction, Durability::PowerLoss, operation)
    }

    pub(crate) fn put_all(&self, transaction: &WriteTransaction, batch: &Batch) -> Result<()> {
        let mut tables = WriteTables::default();
        batch.iter().try_for_each(|write| {
            let table = tables.open(transaction, write.tree, Operation::Apply)?;
            set(table, write.key, write.value)
                .map_err(|cause| error::storage(cause, Operation::Apply))
        })
    }

    /// Makes the commits without durability durable, as the last step before the store is closed.
    pub(crate) fn flush_unsynced(&self, database: &Database) -> Result<()> {
        if !self.unsynced.load(Ordering::Relaxed) {
            return Ok(());
        }
        let transaction = database.begin_write(Durability::PowerLoss, Operation::Close);
        let transaction = transaction.map_err(|error| self.locate(error))?;
        self.commit(transaction, Durability::PowerLoss, Operation::Close)
    }
}

fn capabilities(options: &StoreOptions) -> Capabilities {
    let mut capabilities = Capabilities::new("redb");
    capabilities.persistent = true;
    capabilities.durability = vec![Durability::None, Durability::PowerLoss];
    let mut most = capabilities.limits;
    most.key_bytes_max = 1 << 30;
    most.value_bytes_max = 2 << 30;
    capabilities.limits = options.requested_limits().within(most);
    capabilities.read_only = true;
    capabilities.hot_backup = true;
    capabilities.compaction = true;
    capabilities.open_files_max = Some(1);
    capabilities.damage = DamageDetection::OnVerify;
    capabilities
}
