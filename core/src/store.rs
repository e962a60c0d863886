//! The contract that every engine implements.

use std::path::Path;
use std::time::Duration;

use crate::engine::{Backoff, SendSnapshot, TreeName};
use crate::update::{CompareAndSwap, Update};
use crate::{
    Batch, Capabilities, Durability, Error, ErrorKind, KvRead, KvWrite, Operation, Result,
    StoreOptions, Tree,
};

/// An ordered, transactional key-value store with many trees.
///
/// Every operation behaves alike on every engine: same bytes, same order, same kind of error. The
/// [`Capabilities`] say in advance what an engine cannot do, and calling that is a typed error.
///
/// - Write transactions are serialized. A second writer waits, up to the
///   [busy timeout](crate::StoreOptions::busy_timeout), and then fails with
///   [`Busy`](ErrorKind::Busy); on the thread that holds the transaction it fails at once.
/// - A snapshot never waits for a transaction, nor a transaction for a snapshot.
/// - A commit spans all trees.
///
/// ```
/// use arbour_core::{KvRead, KvStore, KvWrite, MemoryStore};
///
/// /// Works on every engine.
/// fn move_funds<S: KvStore>(store: &S) -> arbour_core::Result<()> {
///     let (savings, cash) = (store.tree("savings")?, store.tree("cash")?);
///     store.write(|transaction| {
///         transaction.delete(&savings, b"ada")?;
///         transaction.put(&cash, b"ada", b"100")
///     })
/// }
/// # move_funds(&MemoryStore::new()).unwrap();
/// ```
pub trait KvStore: Send + Sync + 'static {
    /// A snapshot of all trees.
    type Snapshot<'s>: KvRead
    where
        Self: 's;

    /// A write transaction over all trees.
    type Transaction<'s>: KvWrite
    where
        Self: 's;

    /// Returns what this store can and cannot do.
    ///
    /// ```
    /// # use arbour_core::{KvStore, MemoryStore};
    /// assert_eq!(MemoryStore::new().capabilities().engine, "memory");
    /// ```
    fn capabilities(&self) -> &Capabilities;

    /// Resolves an already validated name; callers use [`tree`](Self::tree) instead.
    ///
    /// It does not create the tree and does not wait for a writer.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed) after [`close`](Self::close).
    ///
    /// ```
    /// # use arbour_core::engine::TreeName;
    /// # use arbour_core::{KvStore, MemoryStore};
    /// let meta = MemoryStore::new().open_tree(TreeName::layer("arbour/meta")?)?;
    /// # let _ = meta;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree>;

    /// Takes a snapshot of all trees; later commits do not change what it reads.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed) after [`close`](Self::close); otherwise errors of the engine.
    ///
    /// ```
    /// # use arbour_core::{KvRead, KvStore, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// let before = store.snapshot()?;
    /// store.put(&users, b"ada", b"1815")?;
    /// assert!(!before.contains(&users, b"ada")?);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn snapshot(&self) -> Result<Self::Snapshot<'_>>;

    /// Takes a snapshot that can move to another thread. It reads what [`snapshot`](Self::snapshot)
    /// reads; on some engines each read costs more. Applications call [`DynStore::owned_snapshot`]
    /// or [`DynStore::begin_detached`], which are made of it.
    ///
    /// # Errors
    /// As [`snapshot`](Self::snapshot).
    ///
    /// ```
    /// # use arbour_core::{KvRead, KvStore, MemoryStore};
    /// let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// let snapshot = store.send_snapshot()?;
    /// store.put(&users, b"ada", b"1815")?;
    /// let is_there = std::thread::scope(|scope| {
    ///     scope.spawn(move || snapshot.contains(&users, b"ada")).join().unwrap()
    /// });
    /// assert!(!is_there?);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    ///
    /// [`DynStore::owned_snapshot`]: crate::DynStore::owned_snapshot
    /// [`DynStore::begin_detached`]: crate::DynStore::begin_detached
    fn send_snapshot(&self) -> Result<SendSnapshot<'_>>;

    /// Begins a write transaction whose commit has at least this durability.
    ///
    /// # Errors
    /// [`Busy`](ErrorKind::Busy) if the writer slot does not become free in time, and at once if
    /// this thread holds it; [`ReadOnly`](ErrorKind::ReadOnly) or [`Closed`](ErrorKind::Closed) if
    /// the store is read-only or closed.
    ///
    /// ```
    /// # use arbour_core::{Durability, KvStore, KvWrite, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// let mut transaction = store.begin_with(Durability::None)?;
    /// transaction.put(&users, b"ada", b"1815")?;
    /// transaction.commit()?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn begin_with(&self, durability: Durability) -> Result<Self::Transaction<'_>>;

    /// Returns how long a write that this thread begins now would wait for the previous writer: the
    /// [busy timeout](crate::StoreOptions::busy_timeout), or zero if this thread itself holds the
    /// transaction it would wait for. Wrappers that queue writes before they reach the store, such
    /// as `arbour::GroupCommit`, take their deadline from it.
    ///
    /// ```
    /// # use arbour_core::{KvStore, MemoryStore, StoreOptions};
    /// # use std::time::Duration;
    /// let store = MemoryStore::new();
    /// assert_eq!(store.writer_wait(), StoreOptions::new().writer_wait());
    /// let _transaction = store.begin()?;
    /// assert_eq!(store.writer_wait(), Duration::ZERO);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn writer_wait(&self) -> Duration {
        StoreOptions::new().writer_wait()
    }

    /// Applies a batch: all of its writes, in order, or none. An empty batch does nothing.
    ///
    /// # Errors
    /// As [`begin_with`](Self::begin_with), [`KvWrite::put`] and [`KvWrite::commit`]. Unless the
    /// error is [`CommitUnknown`](ErrorKind::CommitUnknown), nothing was written.
    ///
    /// ```
    /// # use arbour_core::{Batch, Durability, KvStore, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// let mut batch = Batch::new();
    /// batch.put(&users, b"ada", b"1815");
    /// store.apply(batch, Durability::PowerLoss)?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn apply(&self, batch: Batch, durability: Durability) -> Result<()>;

    /// Makes everything committed so far survive a power loss.
    ///
    /// # Errors
    /// Errors of the engine; what was committed with weaker durability may then still be lost.
    /// [`Closed`](ErrorKind::Closed) or [`ReadOnly`](ErrorKind::ReadOnly) if the store is closed or
    /// read-only, and [`Busy`](ErrorKind::Busy) if the engine needs the writer slot for it.
    ///
    /// ```
    /// # use arbour_core::{Batch, Durability, KvStore, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// for name in ["ada", "bob"] {
    ///     let mut batch = Batch::new();
    ///     batch.put(&users, name.as_bytes(), b"");
    ///     store.apply(batch, Durability::None)?;
    /// }
    /// store.sync()?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn sync(&self) -> Result<()>;

    /// Closes the store. Waits for a running transaction as another writer would. Every later call
    /// fails with [`Closed`](ErrorKind::Closed), except `close` itself, which does nothing.
    ///
    /// Once it has returned `Ok`, everything that was committed is durable, whatever durability was
    /// requested.
    ///
    /// Open snapshots stay readable; the files are released with the last of them.
    ///
    /// # Errors
    /// [`Busy`](ErrorKind::Busy) if a transaction does not end in time; the store then stays open.
    /// Otherwise errors of the engine; the store is then closed. After [`Io`](ErrorKind::Io),
    /// commits that requested less than [`PowerLoss`](Durability::PowerLoss) may not be durable.
    ///
    /// ```
    /// # use arbour_core::{ErrorKind, KvStore, MemoryStore};
    /// # let store = MemoryStore::new();
    /// store.close()?;
    /// store.close()?;
    /// assert_eq!(store.snapshot().err().unwrap().kind(), ErrorKind::Closed);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn close(&self) -> Result<()>;

    /// Returns the size of the store.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed) after [`close`](Self::close), otherwise errors of the engine.
    ///
    /// ```
    /// # use arbour_core::{KvStore, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// store.put(&users, b"ada", b"1815")?;
    /// assert_eq!(store.stats()?.entries, 1);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn stats(&self) -> Result<Stats>;

    /// Returns unused space to the file system and removes empty trees, as far as the engine can.
    /// Meanwhile, reads and writes of other threads may wait or fail with
    /// [`Busy`](ErrorKind::Busy).
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) if the capabilities say so;
    /// [`Busy`](ErrorKind::Busy) if snapshots or transactions are in the way.
    ///
    /// ```
    /// # use arbour_core::{ErrorKind, KvStore, MemoryStore};
    /// let error = MemoryStore::new().compact().unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Unsupported);
    /// ```
    fn compact(&self) -> Result<()> {
        Err(unsupported(self.capabilities(), Operation::Compact, "compact a store"))
    }

    /// Copies the current state of the store to a new store of the same engine at `destination`,
    /// which must not exist yet, while reads and writes continue.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) if the capabilities say so;
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) if something exists at `destination`. After
    /// any other failure nothing is left there.
    ///
    /// ```
    /// # use arbour_core::{ErrorKind, KvStore, MemoryStore};
    /// let error = MemoryStore::new().backup("copy".as_ref()).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Unsupported);
    /// ```
    fn backup(&self, destination: &Path) -> Result<()> {
        let _ = destination;
        Err(unsupported(self.capabilities(), Operation::Backup, "be backed up while in use"))
    }

    /// Resolves a name to a handle. The tree need not hold any entries, now or later.
    ///
    /// It never waits for a writer.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for a name that breaks the rules of
    /// [`TreeName`]; [`Closed`](ErrorKind::Closed) after [`close`](Self::close).
    ///
    /// ```
    /// # use arbour_core::{KvStore, MemoryStore};
    /// let users = MemoryStore::new().tree("users")?;
    /// assert_eq!(users.name(), "users");
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn tree(&self, name: &str) -> Result<Tree> {
        self.open_tree(TreeName::new(name)?)
    }

    /// Begins a write transaction whose commit survives a power loss.
    ///
    /// # Errors
    /// As [`begin_with`](Self::begin_with).
    ///
    /// ```
    /// # use arbour_core::{KvStore, KvWrite, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let transaction = store.begin()?;
    /// transaction.rollback()?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn begin(&self) -> Result<Self::Transaction<'_>> {
        self.begin_with(Durability::default())
    }

    /// Runs a closure with a snapshot. A closure with an error type of its own goes to
    /// [`try_read`](Self::try_read).
    ///
    /// # Errors
    /// Errors of [`snapshot`](Self::snapshot), and the closure's own.
    ///
    /// ```
    /// # use arbour_core::{KvRead, KvStore, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// let count = store.read(|snapshot| snapshot.len(&users))?;
    /// assert_eq!(count, 0);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn read<R>(&self, run: impl FnOnce(&Self::Snapshot<'_>) -> Result<R>) -> Result<R> {
        self.try_read(run)
    }

    /// Like [`read`](Self::read), but the closure returns the program's own error type.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    ///
    /// ```
    /// # use arbour_core::{KvRead, KvStore, MemoryStore};
    /// # let store = MemoryStore::new();
    /// # let users = store.tree("users")?;
    /// let absent: Result<(), Box<dyn std::error::Error>> = store.try_read(|snapshot| {
    ///     if snapshot.contains(&users, b"ada")? { Ok(()) } else { Err("there is no ada".into()) }
    /// });
    /// assert!(absent.is_err());
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn try_read<R, E: From<Error>>(
        &self,
        run: impl FnOnce(&Self::Snapshot<'_>) -> Result<R, E>,
    ) -> Result<R, E> {
        run(&self.snapshot()?)
    }

    /// Runs a closure in a transaction and commits it if the closure returns `Ok`; the commit
    /// survives a power loss. If the closure panics or returns an error, everything is rolled back. A
    /// closure with an error type of its own goes to [`try_write`](Self::try_write).
    ///
    /// The closure runs once on an engine with [one writer](crate::Writers::One). With
    /// [many](crate::Writers::Many), a commit may fail with [`Conflict`](ErrorKind::Conflict); then the closure
    /// runs again in a new transaction, after a short random wait, until the commit succeeds or the
    /// [busy timeout](crate::StoreOptions::busy_timeout) has passed since the first conflict. So that a
    /// program works on every engine, the closure is one that can be called again: it keeps what it
    /// captures (clone a value that the transaction takes), and it has no effect besides its writes that
    /// must not be repeated.
    ///
    /// # Errors
    /// As [`write_with`](Self::write_with).
    ///
    /// ```
    /// # use arbour_core::{KvStore, KvWrite, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// store.write(|transaction| transaction.put(&users, b"ada", b"1815"))?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn write<R>(&self, run: impl FnMut(&mut Self::Transaction<'_>) -> Result<R>) -> Result<R> {
        self.try_write_with(Durability::default(), run)
    }

    /// As [`write`](Self::write), with a commit of at least this durability.
    ///
    /// # Errors
    /// The closure's own error, or errors of [`begin_with`](Self::begin_with) and
    /// [`KvWrite::commit`].
    ///
    /// ```
    /// # use arbour_core::{Durability, KvStore, KvWrite, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// store.write_with(Durability::None, |transaction| transaction.put(&users, b"ada", b"1815"))?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn write_with<R>(
        &self,
        durability: Durability,
        run: impl FnMut(&mut Self::Transaction<'_>) -> Result<R>,
    ) -> Result<R> {
        self.try_write_with(durability, run)
    }

    /// Like [`write`](Self::write), but the closure returns the program's own error type.
    ///
    /// # Errors
    /// As [`write_with`](Self::write_with).
    ///
    /// ```
    /// use arbour_core::{KvRead, KvStore, KvWrite, MemoryStore};
    /// #[derive(Debug)]
    /// enum Refusal { Full, Store(arbour_core::Error) }
    /// impl From<arbour_core::Error> for Refusal {
    ///     fn from(error: arbour_core::Error) -> Self { Refusal::Store(error) }
    /// }
    /// let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// let refused = store.try_write(|transaction| {
    ///     transaction.put(&users, b"ada", b"1815")?;
    ///     if transaction.len(&users)? > 0 { Err(Refusal::Full) } else { Ok(()) }
    /// });
    /// assert!(matches!(refused, Err(Refusal::Full)));
    /// assert!(store.get(&users, b"ada")?.is_none());
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn try_write<R, E: From<Error>>(
        &self,
        run: impl FnMut(&mut Self::Transaction<'_>) -> Result<R, E>,
    ) -> Result<R, E> {
        self.try_write_with(Durability::default(), run)
    }

    /// As [`try_write`](Self::try_write), with a commit of at least this durability.
    ///
    /// # Errors
    /// As [`write_with`](Self::write_with).
    ///
    /// ```
    /// # use arbour_core::{Durability, Error, KvStore, KvWrite, MemoryStore};
    /// # let store = MemoryStore::new();
    /// # let users = store.tree("users")?;
    /// store.try_write_with::<_, Box<dyn std::error::Error>>(Durability::None, |transaction| {
    ///     let year: u16 = "1815".parse()?;
    ///     Ok(transaction.put(&users, b"ada", &year.to_be_bytes())?)
    /// }).unwrap();
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn try_write_with<R, E: From<Error>>(
        &self,
        durability: Durability,
        mut run: impl FnMut(&mut Self::Transaction<'_>) -> Result<R, E>,
    ) -> Result<R, E> {
        let mut backoff = None;
        loop {
            let mut transaction = self.begin_with(durability)?;
            // Dropping the transaction, also by a panic, rolls it back.
            let result = run(&mut transaction)?;
            match transaction.commit() {
                Ok(()) => return Ok(result),
                Err(error) => backoff
                    .get_or_insert_with(|| Backoff::new(self.writer_wait()))
                    .pause_after(error)?,
            }
        }
    }

    /// Returns a copy of the value of a key, or `None` if the key is absent.
    ///
    /// # Errors
    /// As [`snapshot`](Self::snapshot) and [`KvRead::get`].
    ///
    /// ```
    /// # use arbour_core::{KvStore, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// assert_eq!(store.get(&users, b"nobody")?, None);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.snapshot()?.get_with(tree, key, <[u8]>::to_vec)
    }

    /// Stores one value, which survives a power loss once the call has returned.
    ///
    /// # Errors
    /// As [`apply`](Self::apply). While this thread holds a transaction, it fails with
    /// [`Busy`](ErrorKind::Busy): use the transaction.
    ///
    /// ```
    /// # use arbour_core::{KvStore, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// store.put(&users, b"ada", b"1815")?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn put(&self, tree: &Tree, key: &[u8], value: &[u8]) -> Result<()> {
        let mut batch = Batch::new();
        batch.put(tree, key, value);
        self.apply(batch, Durability::default())
    }

    /// Removes one key; the removal survives a power loss once the call has returned. Does nothing
    /// if the key is absent.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    ///
    /// ```
    /// # use arbour_core::{KvStore, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// store.delete(&users, b"nobody")?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn delete(&self, tree: &Tree, key: &[u8]) -> Result<()> {
        let mut batch = Batch::new();
        batch.delete(tree, key);
        self.apply(batch, Durability::default())
    }

    /// Changes a key only if it still has the expected value. `None` stands for an absent key, as
    /// the expected and as the new value.
    ///
    /// # Errors
    /// As [`write`](Self::write). A different value is not an error.
    ///
    /// ```
    /// use arbour_core::{CompareAndSwap, KvStore, MemoryStore};
    /// let store = MemoryStore::new();
    /// let leases = store.tree("leases")?;
    /// let swapped = store.compare_and_swap(&leases, b"job", None, Some(b"me"))?;
    /// assert_eq!(swapped, CompareAndSwap::Swapped);
    /// let refused = store.compare_and_swap(&leases, b"job", None, Some(b"you"))?;
    /// assert_eq!(refused, CompareAndSwap::Differs { actual: Some(b"me".to_vec()) });
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn compare_and_swap(
        &self,
        tree: &Tree,
        key: &[u8],
        expected: Option<&[u8]>,
        new: Option<&[u8]>,
    ) -> Result<CompareAndSwap> {
        self.write(|transaction| {
            let actual = transaction.get_with(tree, key, <[u8]>::to_vec)?;
            if actual.as_deref() != expected {
                return Ok(CompareAndSwap::Differs { actual });
            }
            match new {
                Some(value) => transaction.put(tree, key, value)?,
                None => transaction.delete(tree, key)?,
            }
            Ok(CompareAndSwap::Swapped)
        })
    }

    /// Atomically replaces the value of a key by a function of it, and returns the previous value.
    ///
    /// The closure gets `None` for an absent key.
    ///
    /// # Errors
    /// As [`write`](Self::write); the key then keeps its value.
    ///
    /// ```
    /// use arbour_core::{KvStore, MemoryStore, Update};
    /// let store = MemoryStore::new();
    /// let counters = store.tree("counters")?;
    /// let increment = |value: Option<&[u8]>| {
    ///     let count = value.and_then(|bytes| bytes.first().copied()).unwrap_or(0);
    ///     Update::Put(vec![count + 1])
    /// };
    /// assert_eq!(store.fetch_and_update(&counters, b"visits", increment)?, None);
    /// assert_eq!(store.fetch_and_update(&counters, b"visits", increment)?, Some(vec![1]));
    /// assert_eq!(store.get(&counters, b"visits")?, Some(vec![2]));
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn fetch_and_update(
        &self,
        tree: &Tree,
        key: &[u8],
        mut update: impl FnMut(Option<&[u8]>) -> Update,
    ) -> Result<Option<Vec<u8>>> {
        self.write(|transaction| {
            let previous = transaction.get_with(tree, key, <[u8]>::to_vec)?;
            match update(previous.as_deref()) {
                Update::Put(value) => transaction.put(tree, key, &value)?,
                Update::Delete => transaction.delete(tree, key)?,
                Update::Keep => {}
            }
            Ok(previous)
        })
    }
}

/// The size of a store.
///
/// ```
/// use arbour_core::{KvStore, MemoryStore};
/// assert_eq!(MemoryStore::new().stats()?.entries, 0);
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The number of entries in all trees: exact if the engine keeps count, otherwise an estimate
    /// between half and twice the true number once the store is at rest.
    pub entries: u64,
    /// The size of the store on disk, in bytes; zero if it is not persistent.
    pub disk_bytes: u64,
}

impl Stats {
    /// Creates the size of a store.
    ///
    /// ```
    /// assert_eq!(arbour_core::Stats::new(3, 4096).disk_bytes, 4096);
    /// ```
    #[must_use]
    pub fn new(entries: u64, disk_bytes: u64) -> Self {
        Self { entries, disk_bytes }
    }
}

/// Builds the error for an operation that the capabilities of an engine exclude.
pub(crate) fn unsupported(capabilities: &Capabilities, operation: Operation, what: &str) -> Error {
    let message = format!("a {} store cannot {what}", capabilities.engine);
    Error::new(ErrorKind::Unsupported, operation, message)
}
