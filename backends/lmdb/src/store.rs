//! The store: an environment of LMDB, and the locks of its writer.

use std::fmt;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use arbour_core::engine::keyspace::{CATALOG, NUMBER_BYTES, TreeNumber};
use arbour_core::engine::{
    StorePath, TreeRegistry, Write, WriteLatch, WriterGuard, WriterSlot, sync_folder,
    unknown_commit,
};
use arbour_core::{
    Capabilities, DamageDetection, Durability, Error, ErrorKind, Operation, Result, StoreOptions,
    Tree,
};
use heed::RwTxn;
use parking_lot::RwLock;

use crate::catalog::{self, View};
use crate::environment::{Environment, MAP_BYTES};
use crate::writer_lock::{WriterLock, WriterLockGuard};
use crate::{error, folder, meta, verification};

/// A store in a folder of LMDB.
///
/// ```
/// use arbour_core::{KvStore, StoreOptions};
/// use arbour_lmdb::LmdbStore;
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.lmdb");
/// let store = LmdbStore::open(&path, &StoreOptions::new())?;
/// let users = store.tree("users")?;
/// store.put(&users, b"ada", b"1815")?;
/// store.close()?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct LmdbStore {
    /// Taken by closing; open snapshots have their own references.
    view: RwLock<Option<Arc<View>>>,
    pub(crate) registry: TreeRegistry,
    pub(crate) slot: WriterSlot,
    /// `None` if the store is read-only.
    writer_lock: Option<WriterLock>,
    pub(crate) capabilities: Capabilities,
    pub(crate) path: StorePath,
    latch: WriteLatch,
    /// Whether there are commits that may not be on the device yet.
    unsynced: AtomicBool,
}

/// The right to write, in this process and among all.
pub(crate) struct Writing<'s> {
    _lock: Option<WriterLockGuard<'s>>,
    _slot: WriterGuard<'s>,
}

impl fmt::Debug for LmdbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LmdbStore").field("path", &&*self.path).finish_non_exhaustive()
    }
}

impl LmdbStore {
    /// Opens the store in the folder at `path`, creating it if it is absent and the options allow.
    ///
    /// Several processes, and several handles of this one, may have the store open.
    /// [`verify`](StoreOptions::verify) reads every page and checks the structure, which
    /// detects what would make LMDB return wrong entries or end the process. A file that is shorter
    /// than it once was is verified in any case.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) if there is no store and none may be created,
    /// [`Corrupted`](ErrorKind::Corrupted) if the path is that of a file, the folder is not a
    /// store's, or its data is damaged or truncated, [`TooNew`](ErrorKind::TooNew) if a newer
    /// version wrote it, [`Locked`](ErrorKind::Locked) if this process has it open read-only and is
    /// to write, [`ReadOnly`](ErrorKind::ReadOnly) if the files are not writable,
    /// [`Unsupported`](ErrorKind::Unsupported) on a network file system,
    /// [`DiskFull`](ErrorKind::DiskFull) or [`Io`](ErrorKind::Io) for errors of the system.
    ///
    /// ```
    /// use arbour_core::{ErrorKind, StoreOptions};
    /// use arbour_lmdb::LmdbStore;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("app.lmdb");
    /// let absent = LmdbStore::open(&path, &StoreOptions::new().create(false));
    /// assert_eq!(absent.unwrap_err().kind(), ErrorKind::NotFound);
    /// let store = LmdbStore::open(&path, &StoreOptions::new())?;
    /// let second = LmdbStore::open(&path, &StoreOptions::new())?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn open(path: impl AsRef<Path>, options: &StoreOptions) -> Result<Self> {
        Self::open_mapped(path, options, MAP_BYTES)
    }

    /// Opens a store with this much address space.
    pub(crate) fn open_mapped(
        path: impl AsRef<Path>,
        options: &StoreOptions,
        map_bytes: usize,
    ) -> Result<Self> {
        let path = StorePath::resolve(path)?;
        let opened = Self::prepare(&path, options, map_bytes);
        let (environment, writer_lock) = opened.map_err(|error| error.with_path(&*path))?;
        path.pin()?;
        let store = Self {
            registry: TreeRegistry::new(),
            slot: WriterSlot::new(options, Some(path.to_owned())),
            writer_lock,
            capabilities: capabilities(options, &environment),
            view: RwLock::new(Some(Arc::new(View { environment, numbers: Vec::new() }))),
            path,
            latch: WriteLatch::default(),
            unsynced: AtomicBool::new(false),
        };
        store.begin_life(options)?;
        Ok(store)
    }

    /// Opens the files, after what LMDB does not survive is ruled out.
    fn prepare(
        path: &StorePath,
        options: &StoreOptions,
        map_bytes: usize,
    ) -> Result<(Arc<Environment>, Option<WriterLock>)> {
        let file = folder::open(path, options)?;
        meta::check(&file)?;
        let lock = match options.is_read_only() {
            true => None,
            false => Some(WriterLock::open(path).map_err(error::unreachable)?),
        };
        let environment = Environment::open(path, options, map_bytes)?;
        environment.clear_stale_readers(Operation::Open)?;
        let length = file.metadata().map_err(error::unreachable)?.len();
        if options.verifies() || length < environment.used_bytes() {
            verification::verify(&environment, file)?;
        }
        Ok((environment, lock))
    }

    /// Checks the mark of the store, and writes it if the store is new.
    fn begin_life(&self, options: &StoreOptions) -> Result<()> {
        const OPERATION: Operation = Operation::Open;
        let view = self.view(OPERATION)?;
        let Environment { entries, .. } = &*view.environment;
        let is_new = || {
            let transaction = view.environment.read(OPERATION)?;
            Ok(catalog::next_number(*entries, &transaction, OPERATION)?.is_none())
        };
        if !is_new().map_err(|error| self.locate(error))? {
            return Ok(());
        }
        if options.is_read_only() || !options.may_create() {
            return Err(self.path.open_error(std::io::ErrorKind::NotFound.into()));
        }
        let _writing = self.acquire(OPERATION)?;
        // Another process may have written it meanwhile.
        let mut transaction = view.environment.write(OPERATION)?;
        let made = match catalog::next_number(*entries, &transaction, OPERATION) {
            Ok(None) => catalog::write_mark(*entries, &mut transaction, CATALOG + 1, OPERATION)
                .and_then(|()| {
                    let level = Durability::PowerLoss;
                    self.commit(&view.environment, transaction, level, OPERATION)
                })
                .and_then(|()| sync_folder(&self.path).map_err(error::unreachable)),
            found => found.map(drop),
        };
        made.map_err(|error| self.locate(error))
    }

    /// Adds the path to an error.
    #[cold]
    pub(crate) fn locate(&self, error: Error) -> Error {
        error.with_path(&*self.path)
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

    pub(crate) fn view(&self, operation: Operation) -> Result<Arc<View>> {
        self.slot.check_open(operation)?;
        self.view.read().clone().ok_or_else(|| {
            self.locate(Error::new(ErrorKind::Closed, operation, "the store was closed"))
        })
    }

    /// Waits for the writers of this process and of others, up to the busy timeout.
    pub(crate) fn acquire(&self, operation: Operation) -> Result<Writing<'_>> {
        let deadline = Instant::now() + self.slot.wait();
        let slot = self.slot.acquire(operation)?;
        self.check_latch(operation)?;
        let lock = self.writer_lock.as_ref().map(|lock| lock.acquire(deadline, operation));
        let lock = lock.transpose().map_err(|error| self.locate(error))?;
        Ok(Writing { _lock: lock, _slot: slot })
    }

    /// Remembers numbers of trees that were found committed, by the number of the handle; 0 is unknown.
    pub(crate) fn publish(&self, found: Vec<TreeNumber>) {
        if found.is_empty() {
            return;
        }
        let mut view = self.view.write();
        let Some(current) = view.as_ref() else { return };
        let mut numbers = current.numbers.clone();
        numbers.resize(numbers.len().max(found.len()), 0);
        // Where both know a number it is the same.
        for (known, found) in numbers.iter_mut().zip(found) {
            *known = found.max(*known);
        }
        *view = Some(Arc::new(View { environment: Arc::clone(&current.environment), numbers }));
    }

    /// Commits. LMDB first syncs what the new head of the file refers to, then writes the head; a
    /// second sync makes the head itself durable. So at any moment the device has a head whose pages
    /// it has too: after a loss of power the last commits without the second sync may be missing,
    /// and nothing before them.
    pub(crate) fn commit(
        &self,
        environment: &Environment,
        transaction: RwTxn<'_>,
        durability: Durability,
        operation: Operation,
    ) -> Result<()> {
        let is_durable = durability == Durability::PowerLoss;
        if is_durable {
            self.check_place(environment, operation)?;
        }
        let number = transaction.id();
        if let Err(cause) = transaction.commit() {
            return Err(self.not_committed(environment, number, cause, operation));
        }
        self.unsynced.store(true, Ordering::Relaxed);
        if is_durable {
            let synced = self.sync_all(environment, operation);
            return synced.map_err(|error| self.locate(unknown_commit(error)));
        }
        Ok(())
    }

    /// Fails if an earlier write or sync has failed.
    pub(crate) fn check_latch(&self, operation: Operation) -> Result<()> {
        self.latch.check(operation).map_err(|error| self.locate(error))
    }

    /// An acknowledged commit must be found where the store is opened next.
    pub(crate) fn check_place(
        &self,
        environment: &Environment,
        operation: Operation,
    ) -> Result<()> {
        environment.data.check(operation).map_err(|error| self.locate(error))
    }

    /// Makes all commits durable.
    pub(crate) fn sync_all(&self, environment: &Environment, operation: Operation) -> Result<()> {
        environment.env.force_sync().map_err(|cause| {
            self.latch.set(&cause);
            self.locate(error::engine(cause, operation))
        })?;
        self.unsynced.store(false, Ordering::Relaxed);
        Ok(())
    }

    #[cold]
    fn not_committed(
        &self,
        environment: &Environment,
        number: usize,
        cause: heed::Error,
        operation: Operation,
    ) -> Error {
        // The system may have dropped pages that it could not write.
        if matches!(cause, heed::Error::Io(_)) {
            self.latch.set(&cause);
        }
        let error = error::engine(cause, operation);
        let took_effect = environment.env.info().last_txn_id >= number;
        self.locate(if took_effect { unknown_commit(error) } else { error })
    }

    /// Makes the last commits durable and the file as long as its head says, as the last step before
    /// the store is closed.
    pub(crate) fn finish(&self, environment: &Environment) -> Result<()> {
        let Some(lock) = &self.writer_lock else { return Ok(()) };
        if self.unsynced.load(Ordering::Relaxed) {
            // After a failed sync another one may succeed without having written anything.
            self.check_latch(Operation::Close)?;
            self.check_place(environment, Operation::Close)?;
            self.sync_all(environment, Operation::Close)?;
        }
        // LMDB does not write free pages at the end of the file. If they are there, a truncated file
        // can be told from a whole one. If another process is writing, it does this later.
        if let Ok(_lock) = lock.acquire(Instant::now(), Operation::Close) {
            let file = environment.env.try_clone_inner_file();
            let file = file.map_err(|cause| self.locate(error::engine(cause, Operation::Close)))?;
            let lengthened = lengthen(&file, environment.used_bytes());
            lengthened.map_err(|cause| {
                let message = "cannot lengthen the data file";
                self.locate(Error::from_io(cause, Operation::Close, message))
            })?;
        }
        Ok(())
    }

    /// Takes the environment, so that it is closed with its last snapshot.
    pub(crate) fn take_view(&self) -> Option<Arc<View>> {
        self.view.write().take()
    }
}

fn lengthen(file: &File, bytes: u64) -> std::io::Result<()> {
    if file.metadata()?.len() < bytes { file.set_len(bytes) } else { Ok(()) }
}

fn capabilities(options: &StoreOptions, environment: &Environment) -> Capabilities {
    let mut capabilities = Capabilities::new("lmdb");
    capabilities.persistent = true;
    capabilities.durability = vec![Durability::ProcessCrash, Durability::PowerLoss];
    let mut most = capabilities.limits;
    most.key_bytes_max = environment.env.max_key_size().saturating_sub(NUMBER_BYTES);
    most.value_bytes_max = u32::MAX as usize;
    capabilities.limits = options.requested_limits().within(most);
    capabilities.multi_process = true;
    capabilities.read_only = true;
    capabilities.hot_backup = true;
    capabilities.snapshots_max = Some(environment.env.max_readers() as usize);
    // The data file twice, LMDB's lock file, and the lock of writers.
    capabilities.open_files_max = Some(4);
    capabilities.damage = DamageDetection::StructureOnVerify;
    capabilities
}
