//! The store: a database file, and the slot of its writer.

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arbour_core::engine::{StorePath, TreeName, TreeRegistry, WriterSlot};
use arbour_core::{
    Batch, Capabilities, DamageDetection, Durability, Error, ErrorKind, KvStore, Operation, Result,
    Stats, StoreOptions, Tree, Write,
};
use parking_lot::RwLock;
use redb::{TableHandle as _, UntypedTableHandle, WriteTransaction};

use crate::catch_panic::{PanicSafe, catch_panic};
use crate::database::Database;
use crate::failure::FirstFailure;
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
    /// Taken by closing; open snapshots have their own references.
    database: RwLock<Option<Database>>,
    registry: TreeRegistry,
    slot: WriterSlot,
    capabilities: Capabilities,
    path: StorePath,
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

    fn database(&self, operation: Operation) -> Result<Database> {
        self.slot.check_open(operation)?;
        self.database.read().clone().ok_or_else(|| {
            self.locate(Error::new(ErrorKind::Closed, operation, "the store was closed"))
        })
    }

    fn begin_write(
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
            ErrorKind::Corrupted => self.locate(error::unknown_commit(error)),
            _ => self.locate(error),
        })?;
        self.unsynced.store(durability == Durability::None, Ordering::Relaxed);
        Ok(())
    }

    /// Commits an empty transaction durably, which makes earlier commits durable too.
    fn flush(&self, operation: Operation) -> Result<()> {
        let transaction = self.begin_write(Durability::PowerLoss, operation)?;
        self.commit(transaction, Durability::PowerLoss, operation)
    }

    fn put_all(&self, transaction: &WriteTransaction, batch: &Batch) -> Result<()> {
        let mut tables = WriteTables::default();
        batch.iter().try_for_each(|write| {
            let table = tables.open(transaction, write.tree, Operation::Apply)?;
            set(table, write.key, write.value)
                .map_err(|cause| error::storage(cause, Operation::Apply))
        })
    }

    /// Drops empty tables, in a commit that redb never has to roll back: see
    /// [`compact`](KvStore::compact).
    fn drop_empty_tables(&self) -> Result<()> {
        let operation = Operation::Compact;
        let used = self.snapshot()?.counts(operation)?;
        let mut transaction = self.begin_write(Durability::PowerLoss, operation)?;
        let dropped = catch_panic(operation, || {
            transaction.set_two_phase_commit(true);
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

    /// Makes the commits without durability durable, as the last step before the store is closed.
    fn flush_unsynced(&self, database: &Database) -> Result<()> {
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
    capabilities.damage = DamageDetection::OnVerify;
    capabilities
}

impl KvStore for RedbStore {
    type Snapshot<'s> = RedbSnapshot<'s>;
    type Transaction<'s> = RedbTransaction<'s>;

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.slot.check_open(Operation::Tree)?;
        Ok(self.registry.resolve(name))
    }

    fn snapshot(&self) -> Result<RedbSnapshot<'_>> {
        let database = self.database(Operation::Snapshot)?;
        let transaction = database.begin_read().map_err(|error| self.locate(error))?;
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

    fn apply(&self, batch: Batch, durability: Durability) -> Result<()> {
        batch.iter().try_for_each(|write| self.check(&write))?;
        let _guard = self.slot.acquire(Operation::Apply)?;
        if batch.is_empty() {
            return Ok(());
        }
        let transaction = self.begin_write(durability, Operation::Apply)?;
        catch_panic(Operation::Apply, || self.put_all(&transaction, &batch))
            .map_err(|error| self.locate(error))?;
        self.commit(transaction, durability, Operation::Apply)
    }

    fn sync(&self) -> Result<()> {
        let _guard = self.slot.acquire(Operation::Sync)?;
        self.flush(Operation::Sync)
    }

    fn close(&self) -> Result<()> {
        let Some(_alone) = self.slot.close()? else { return Ok(()) };
        // Dropping the database closes it, once no snapshot holds it any more.
        let database = self.database.write().take();
        database.map_or(Ok(()), |database| self.flush_unsynced(&database))
    }

    fn stats(&self) -> Result<Stats> {
        let counts = self.snapshot()?.counts(Operation::Stats)?;
        let file = fs::metadata(&self.path).map_err(|cause| {
            let message = "cannot measure the database file";
            Error::from_io(cause, Operation::Stats, message).with_path(&*self.path)
        })?;
        Ok(Stats::new(counts.into_iter().map(|(_, count)| count).sum(), file.len()))
    }

    fn compact(&self) -> Result<()> {
        let _guard = self.slot.acquire(Operation::Compact)?;
        self.drop_empty_tables()?;
        let mut database = self.database.write();
        let Some(database) = database.as_mut() else { return Ok(()) };
        database.compact(&self.path).map_err(|error| self.locate(error))
    }

    fn backup(&self, destination: &Path) -> Result<()> {
        crate::backup::backup(self, destination)
    }
}

impl Drop for RedbStore {
    /// Makes commits without durability durable, as closing does. A caller that must know whether
    /// that worked calls [`close`](KvStore::close) first.
    fn drop(&mut self) {
        let _ = self.close();
    }
}
