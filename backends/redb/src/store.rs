//! The store: a database file and the slot of its one writer.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arbour_core::{
    Batch, Capabilities, Durability, Error, ErrorKind, KvStore, Operation, Result, Stats,
    StoreOptions, TreeHandle, TreeName, TreeRegistry, Write, WriterSlot,
};
use parking_lot::RwLock;
use redb::{
    Builder, ReadOnlyDatabase, ReadableDatabase as _, TableHandle as _, UntypedTableHandle,
    WriteTransaction,
};

use crate::shield::shielded;
use crate::tables::{WriteTables, set};
use crate::{RedbSnapshot, RedbTransaction, error};

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
    /// Taken away by closing; snapshots that still live have it too.
    database: RwLock<Option<Database>>,
    registry: TreeRegistry,
    slot: WriterSlot,
    capabilities: Capabilities,
    path: PathBuf,
    /// Whether something was committed that only lives in memory so far.
    unsynced: AtomicBool,
}

#[derive(Clone)]
pub(crate) enum Database {
    Writable(Arc<redb::Database>),
    ReadOnly(Arc<ReadOnlyDatabase>),
}

impl fmt::Debug for RedbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbStore").field("path", &self.path).finish_non_exhaustive()
    }
}

impl RedbStore {
    /// Opens the store in the file at `path`, creating it if it is absent (or empty) and the
    /// options allow. After a crash redb repairs the file first, which can take a while.
    ///
    /// # Errors
    /// [`Locked`](ErrorKind::Locked) if another process or handle has it open,
    /// [`Corrupted`](ErrorKind::Corrupted) if the file is damaged or not redb's,
    /// [`TooNew`](ErrorKind::TooNew) if a newer redb wrote it, [`Io`](ErrorKind::Io) if the
    /// system refuses, [`ReadOnly`](ErrorKind::ReadOnly) if it needs a repair and is to be opened
    /// read-only.
    ///
    /// ```
    /// use arbour_core::{ErrorKind, StoreOptions};
    /// use arbour_redb::RedbStore;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("app.redb");
    /// let absent = RedbStore::open(&path, &StoreOptions::new().create(false));
    /// assert_eq!(absent.unwrap_err().kind(), ErrorKind::Io);
    /// let store = RedbStore::open(&path, &StoreOptions::new())?;
    /// let second = RedbStore::open(&path, &StoreOptions::new());
    /// assert_eq!(second.unwrap_err().kind(), ErrorKind::Locked);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn open(path: impl AsRef<Path>, options: &StoreOptions) -> Result<Self> {
        let path = path.as_ref();
        let mut builder = Builder::new();
        if let Some(bytes) = options.cache_size() {
            builder.set_cache_size(bytes);
        }
        let database = shielded(Operation::Open, || {
            let database = if options.is_read_only() {
                builder.open_read_only(path).map(|database| Database::ReadOnly(Arc::new(database)))
            } else if options.may_create() {
                builder.create(path).map(|database| Database::Writable(Arc::new(database)))
            } else {
                builder.open(path).map(|database| Database::Writable(Arc::new(database)))
            };
            database.map_err(|cause| error::open(cause, path))
        });
        let database = database.map_err(|error| error.with_path(path))?;
        Ok(Self {
            database: RwLock::new(Some(database)),
            registry: TreeRegistry::new(),
            slot: WriterSlot::new(options, Some(path.to_owned())),
            capabilities: capabilities(options),
            path: path.to_owned(),
            unsynced: AtomicBool::new(false),
        })
    }

    /// Adds to an error where the store lies.
    #[cold]
    pub(crate) fn locate(&self, error: Error) -> Error {
        error.with_path(&self.path)
    }

    #[inline]
    pub(crate) fn check_tree(&self, tree: &TreeHandle, operation: Operation) -> Result<()> {
        self.registry.check(tree, operation).map(drop)
    }

    #[inline]
    pub(crate) fn check(&self, write: &Write<'_, TreeHandle>) -> Result<()> {
        self.check_tree(write.tree, write.operation())?;
        self.capabilities.limits.check(write)
    }

    fn database(&self, operation: Operation) -> Result<Database> {
        self.slot.check_open(operation)?;
        self.database.read().clone().ok_or_else(|| {
            self.locate(Error::new(ErrorKind::Closed, operation, "the store was closed"))
        })
    }

    /// Begins redb's own write transaction; the slot is held, so it does not wait.
    fn begin_write(
        &self,
        durability: Durability,
        operation: Operation,
    ) -> Result<WriteTransaction> {
        let Database::Writable(database) = self.database(operation)? else {
            let message = "the store was opened read-only";
            return Err(Error::new(ErrorKind::ReadOnly, operation, message));
        };
        let level = match durability {
            Durability::None => redb::Durability::None,
            Durability::ProcessCrash | Durability::PowerLoss => redb::Durability::Immediate,
        };
        let begun = shielded(operation, || {
            let transaction = database.begin_write();
            let mut transaction =
                transaction.map_err(|cause| error::transaction(cause, operation))?;
            transaction.set_durability(level).map_err(error::durability)?;
            Ok(transaction)
        });
        begun.map_err(|error| self.locate(error))
    }

    pub(crate) fn commit(
        &self,
        transaction: WriteTransaction,
        durability: Durability,
        operation: Operation,
    ) -> Result<()> {
        let committed = shielded(operation, || {
            transaction.commit().map_err(|cause| error::commit(cause, operation))
        });
        committed.map_err(|error| match error.kind() {
            // redb panicked, and nobody knows how far it had come.
            ErrorKind::Corrupted => self.locate(error::unknown_commit(error)),
            _ => self.locate(error),
        })?;
        self.unsynced.store(durability == Durability::None, Ordering::Relaxed);
        Ok(())
    }

    /// Commits nothing, durably: that makes what was committed before durable too.
    fn flush(&self, operation: Operation) -> Result<()> {
        let transaction = self.begin_write(Durability::PowerLoss, operation)?;
        self.commit(transaction, Durability::PowerLoss, operation)
    }

    fn put_all(&self, transaction: &WriteTransaction, batch: &Batch<TreeHandle>) -> Result<()> {
        let mut tables = WriteTables::default();
        batch.iter().try_for_each(|write| {
            let table = tables.open(transaction, write.tree, Operation::Apply)?;
            set(table, write.key, write.value)
                .map_err(|cause| error::storage(cause, Operation::Apply))
        })
    }

    fn drop_empty_tables(&self) -> Result<()> {
        let operation = Operation::Compact;
        let used = self.snapshot()?.counts(operation)?;
        let transaction = self.begin_write(Durability::PowerLoss, operation)?;
        let dropped = shielded(operation, || {
            let tables = transaction.list_tables();
            let tables = tables.map_err(|cause| error::storage(cause, operation))?;
            let is_empty =
                |table: &UntypedTableHandle| !used.iter().any(|(name, _)| name == table.name());
            for table in tables.filter(is_empty).collect::<Vec<_>>() {
                let deleted = transaction.delete_table(table);
                deleted.map_err(|cause| error::table(cause, operation))?;
            }
            Ok(())
        });
        dropped.map_err(|error| self.locate(error))?;
        self.commit(transaction, Durability::PowerLoss, operation)
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
    capabilities
}

impl KvStore for RedbStore {
    type Tree = TreeHandle;
    type Snapshot<'s> = RedbSnapshot<'s>;
    type Transaction<'s> = RedbTransaction<'s>;

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<TreeHandle> {
        self.slot.check_open(Operation::Tree)?;
        Ok(self.registry.resolve(name))
    }

    fn snapshot(&self) -> Result<RedbSnapshot<'_>> {
        let database = self.database(Operation::Snapshot)?;
        let transaction = match &database {
            Database::Writable(database) => database.begin_read(),
            Database::ReadOnly(database) => database.begin_read(),
        };
        let transaction = transaction
            .map_err(|cause| self.locate(error::transaction(cause, Operation::Snapshot)))?;
        Ok(RedbSnapshot::new(self, transaction, database))
    }

    fn begin_with(&self, durability: Durability) -> Result<RedbTransaction<'_>> {
        let guard = self.slot.acquire(Operation::Begin)?;
        let transaction = self.begin_write(durability, Operation::Begin)?;
        Ok(RedbTransaction::new(self, transaction, durability, guard))
    }

    fn writer_wait(&self) -> Duration {
        self.slot.wait()
    }

    fn apply(&self, batch: Batch<TreeHandle>, durability: Durability) -> Result<()> {
        batch.iter().try_for_each(|write| self.check(&write))?;
        let _guard = self.slot.acquire(Operation::Apply)?;
        if batch.is_empty() {
            return Ok(());
        }
        let transaction = self.begin_write(durability, Operation::Apply)?;
        shielded(Operation::Apply, || self.put_all(&transaction, &batch))
            .map_err(|error| self.locate(error))?;
        self.commit(transaction, durability, Operation::Apply)
    }

    fn sync(&self) -> Result<()> {
        let _guard = self.slot.acquire(Operation::Sync)?;
        self.flush(Operation::Sync)
    }

    fn close(&self) -> Result<()> {
        let Some(_alone) = self.slot.close()? else { return Ok(()) };
        let database = self.database.write().take();
        let is_unsynced = self.unsynced.load(Ordering::Relaxed);
        let closed = shielded(Operation::Close, || match database {
            Some(Database::Writable(database)) if is_unsynced => {
                let transaction = database.begin_write();
                let transaction =
                    transaction.map_err(|cause| error::transaction(cause, Operation::Close))?;
                transaction.commit().map_err(|cause| error::commit(cause, Operation::Close))
            }
            // Letting go of the database is what closes it.
            _ => Ok(()),
        });
        closed.map_err(|error| self.locate(error))
    }

    fn stats(&self) -> Result<Stats> {
        let counts = self.snapshot()?.counts(Operation::Stats)?;
        let file = fs::metadata(&self.path).map_err(|cause| {
            let message = "cannot measure the database file";
            self.locate(Error::new(ErrorKind::Io, Operation::Stats, message).with_source(cause))
        })?;
        Ok(Stats::new(counts.into_iter().map(|(_, count)| count).sum(), file.len()))
    }

    fn compact(&self) -> Result<()> {
        let _guard = self.slot.acquire(Operation::Compact)?;
        self.drop_empty_tables()?;
        let mut database = self.database.write();
        let Some(Database::Writable(database)) = database.as_mut() else {
            return Ok(());
        };
        let Some(alone) = Arc::get_mut(database) else {
            let message = "a snapshot is in the way";
            return Err(self.locate(Error::new(ErrorKind::Busy, Operation::Compact, message)));
        };
        shielded(Operation::Compact, || alone.compact().map(drop).map_err(error::compaction))
            .map_err(|error| self.locate(error))
    }

    fn backup(&self, destination: &Path) -> Result<()> {
        crate::backup::backup(self, destination)
    }
}

impl Drop for RedbStore {
    /// Makes what was committed without durability durable, as closing does. Who wants to know
    /// whether that worked calls [`close`](KvStore::close) first.
    fn drop(&mut self) {
        let _ = self.close();
    }
}
