//! Writing through a transaction.

use crate::batch::Write;
use crate::engine::{
    CommitChecks, MergeCursor, OverlayValue, TreeName, WriteSet, forward, keys_in,
};
use crate::{Batch, Direction, DynSnapshot, KeyRange, KvRead, Result, Tree};

/// A write transaction: it reads its own writes, and commits all of them or none.
///
/// Writes take `&mut self`, so that writing while a cursor is open does not compile: the effect
/// would differ between engines.
///
/// ```compile_fail,E0502
/// use arbour_core::{Cursor, KeyRange, KvRead, KvStore, KvWrite, MemoryStore};
/// let store = MemoryStore::new();
/// let users = store.tree("users")?;
/// let mut transaction = store.begin()?;
/// let mut cursor = transaction.scan(&users, KeyRange::all(), Default::default())?;
/// transaction.put(&users, b"ada", b"1815")?; // the cursor still reads
/// cursor.next()?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
///
/// A transaction of [`KvStore::begin`](crate::KvStore::begin) holds the store's writer slot and stays
/// on its thread; sending it to another does not compile. A
/// [`DetachedTransaction`](crate::DetachedTransaction) holds no slot and can be sent.
///
/// ```compile_fail,E0277
/// use arbour_core::{KvStore, KvWrite, MemoryStore};
/// let store = MemoryStore::new();
/// std::thread::scope(|scope| {
///     let transaction = store.begin().unwrap();
///     scope.spawn(move || transaction.commit());
/// });
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a transaction",
    label = "cannot be written",
    note = "write within a transaction: `store.write(|transaction| ..)` lends one to its closure and \
            commits it; a snapshot can only be read"
)]
pub trait KvWrite: KvRead + Sized {
    /// Stores a value under a key, replacing any earlier value.
    ///
    /// # Errors
    /// [`TooLarge`](crate::ErrorKind::TooLarge) or
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the store cannot hold the key or
    /// the value, or for a handle of another store; nothing was written, and the transaction can
    /// continue. After any other error, either this write had no effect or the transaction refuses
    /// to commit; it never commits half a write.
    ///
    /// ```
    /// # use arbour_core::{KvRead, KvStore, KvWrite, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// let mut transaction = store.begin()?;
    /// transaction.put(&users, b"ada", b"1815")?;
    /// assert!(transaction.contains(&users, b"ada")?); // its own write
    /// assert!(!store.snapshot()?.contains(&users, b"ada")?); // not yet committed
    /// transaction.commit()?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn put(&mut self, tree: &Tree, key: &[u8], value: &[u8]) -> Result<()>;

    /// Removes a key. Does nothing if it is absent.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    ///
    /// ```
    /// # use arbour_core::{KvStore, KvWrite, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// store.write(|transaction| transaction.delete(&users, b"nobody"))?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn delete(&mut self, tree: &Tree, key: &[u8]) -> Result<()>;

    /// Removes every key of a range. Does nothing if the range is empty or inverted.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    ///
    /// ```
    /// # use arbour_core::{KeyRange, KvRead, KvStore, KvWrite, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// store.put(&users, b"ada", b"1815")?;
    /// store.write(|transaction| transaction.delete_range(&users, KeyRange::prefix(b"a")))?;
    /// assert_eq!(store.snapshot()?.len(&users)?, 0);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn delete_range(&mut self, tree: &Tree, range: KeyRange<'_>) -> Result<()>;

    /// Checks whether [`put`](Self::put) or [`delete`](Self::delete) would accept the handle and
    /// the lengths, without writing.
    ///
    /// # Errors
    /// [`TooLarge`](crate::ErrorKind::TooLarge) or
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument), as the write itself would return.
    ///
    /// ```
    /// # use arbour_core::{ErrorKind, KvStore, KvWrite, MemoryStore};
    /// # use arbour_core::engine::Write;
    /// # let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// let write = Write { tree: &users, key: &[0; 70_000], value: Some(b"") };
    /// let error = store.begin()?.check(&write).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::TooLarge);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn check(&self, write: &Write<'_>) -> Result<()>;

    /// Lends the checks that run right before the commit. An engine keeps them for its transaction;
    /// programs call [`before_commit`](Self::before_commit).
    ///
    /// ```
    /// # use arbour_core::{KvStore, KvWrite, MemoryStore};
    /// let store = MemoryStore::new();
    /// assert_eq!(format!("{:?}", store.begin()?.commit_checks()), "CommitChecks(0)");
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn commit_checks(&mut self) -> &mut CommitChecks;

    /// Commits: all writes become visible at once, with the durability requested at begin. The
    /// [checks](Self::before_commit) run before that.
    ///
    /// # Errors
    /// The error of the first check that fails; nothing was written, and the later checks did not run.
    ///
    /// After [`CommitUnknown`](crate::ErrorKind::CommitUnknown) either all writes took effect or
    /// none, and only opening the store again tells which. After any other error none did.
    ///
    /// ```
    /// # use arbour_core::{Durability, KvStore, KvWrite, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// let mut transaction = store.begin_with(Durability::ProcessCrash)?;
    /// transaction.put(&users, b"ada", b"1815")?;
    /// transaction.commit()?;
    /// assert!(store.get(&users, b"ada")?.is_some());
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn commit(self) -> Result<()>;

    /// Rolls back all writes. Dropping the transaction does the same, and so does a panic.
    ///
    /// # Errors
    /// Errors of the engine. The writes are rolled back even then.
    ///
    /// ```
    /// # use arbour_core::{KvStore, KvWrite, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// let mut transaction = store.begin()?;
    /// transaction.put(&users, b"ada", b"1815")?;
    /// transaction.rollback()?;
    /// assert!(store.get(&users, b"ada")?.is_none());
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn rollback(self) -> Result<()>;

    /// Adds a check that runs right before the commit: for a rule that need not hold after each write
    /// but must hold at the end. The check reads the state to be committed, with all writes of the
    /// transaction. If it fails or panics, the commit does, and everything is rolled back.
    ///
    /// Checks run in the order in which they were added. They do not run if the transaction is
    /// rolled back. A check that was added in a [savepoint](Self::savepoint) belongs to the
    /// transaction once the savepoint is kept, and is dropped if the savepoint is undone.
    ///
    /// ```
    /// use arbour_core::{Error, ErrorKind, KvRead, KvStore, KvWrite, MemoryStore, Operation};
    /// let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// let refused = store.write(|transaction| {
    ///     let never_empty = users.clone();
    ///     transaction.before_commit(move |reader| match reader.len(&never_empty)? {
    ///         0 => Err(Error::new(ErrorKind::InvalidArgument, Operation::Commit, "no user is left")),
    ///         _ => Ok(()),
    ///     });
    ///     transaction.delete(&users, b"ada")
    /// });
    /// assert_eq!(refused.unwrap_err().message(), "no user is left");
    /// # Ok::<(), Error>(())
    /// ```
    fn before_commit(&mut self, check: impl Fn(&DynSnapshot<'_>) -> Result<()> + Send + 'static) {
        self.commit_checks().add(Box::new(check));
    }

    /// Runs the checks that were [added](Self::before_commit) so far now instead of right before the
    /// commit. In a savepoint it runs those of the savepoint: one that stands for a transaction of
    /// its own, such as a member of a group, ends with it, and so fails alone.
    ///
    /// # Errors
    /// The error of the first check that fails. All of them then stay, and run again before the
    /// commit.
    ///
    /// ```
    /// use arbour_core::{Error, ErrorKind, KvStore, KvWrite, MemoryStore, Operation};
    /// let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// store.write(|transaction| {
    ///     let refused = transaction.savepoint(|savepoint| {
    ///         let error = Error::new(ErrorKind::InvalidArgument, Operation::Commit, "refused");
    ///         savepoint.before_commit(move |_| Err(error.clone()));
    ///         savepoint.put(&users, b"ada", b"1815")?;
    ///         savepoint.run_checks()
    ///     });
    ///     assert!(refused.is_err());
    ///     transaction.put(&users, b"bob", b"1900")
    /// })?;
    /// assert_eq!((store.get(&users, b"ada")?, store.stats()?.entries), (None, 1));
    /// # Ok::<(), Error>(())
    /// ```
    fn run_checks(&mut self) -> Result<()> {
        let checks = std::mem::take(self.commit_checks());
        // Without checks, which is usual, a commit pays for no reader.
        if checks.is_empty() {
            return Ok(());
        }
        let checked = checks.run(self);
        if checked.is_err() {
            *self.commit_checks() = checks;
        }
        checked
    }

    /// Applies the writes of a batch in this transaction, in order.
    ///
    /// # Errors
    /// As [`put`](Self::put) and [`delete`](Self::delete); the writes before the refused one stay
    /// in the transaction.
    ///
    /// ```
    /// # use arbour_core::{Batch, KvStore, KvWrite, MemoryStore};
    /// # let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// let mut batch = Batch::new();
    /// batch.put(&users, b"ada", b"1815");
    /// store.write(|transaction| transaction.apply(&batch))?;
    /// assert_eq!(store.get(&users, b"ada")?.as_deref(), Some(&b"1815"[..]));
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn apply(&mut self, batch: &Batch) -> Result<()> {
        batch.iter().try_for_each(|write| match write.value {
            Some(value) => self.put(write.tree, write.key, value),
            None => self.delete(write.tree, write.key),
        })
    }

    /// Runs a closure whose writes are undone if it fails, while the transaction continues.
    ///
    /// The closure's writes are held in memory until it returns `Ok`, so an engine needs no
    /// savepoints of its own. Savepoints may be nested.
    ///
    /// # Errors
    /// The closure's own error, after its writes were undone; or errors of the engine.
    ///
    /// ```
    /// use arbour_core::{Error, ErrorKind, KvRead, KvStore, KvWrite, MemoryStore, Operation};
    /// let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// store.write(|transaction| {
    ///     transaction.put(&users, b"ada", b"1815")?;
    ///     let undone = transaction.savepoint(|savepoint| {
    ///         savepoint.put(&users, b"bob", b"?")?;
    ///         Err::<(), _>(Error::new(ErrorKind::InvalidArgument, Operation::Put, "no year"))
    ///     });
    ///     assert!(undone.is_err() && !transaction.contains(&users, b"bob")?);
    ///     Ok(())
    /// })?;
    /// assert!(store.get(&users, b"ada")?.is_some());
    /// # Ok::<(), Error>(())
    /// ```
    fn savepoint<R>(
        &mut self,
        run: impl FnOnce(&mut Savepoint<'_, Self>) -> Result<R>,
    ) -> Result<R> {
        let mut savepoint = Savepoint::new(self);
        let result = run(&mut savepoint)?;
        savepoint.commit()?;
        Ok(result)
    }
}

/// A part of a transaction that is kept or undone as a whole; see [`KvWrite::savepoint`].
///
/// Its writes stay in memory until [`commit`](KvWrite::commit) passes them, and the
/// [checks](KvWrite::before_commit), to the transaction below; dropping it discards both. A savepoint
/// is itself a transaction: savepoints nest, and code written for a transaction runs in a savepoint.
///
/// ```
/// use arbour_core::{KvStore, KvWrite, MemoryStore, Savepoint};
/// let store = MemoryStore::new();
/// let users = store.tree("users")?;
/// let mut transaction = store.begin()?;
/// let mut savepoint = Savepoint::new(&mut transaction);
/// savepoint.put(&users, b"ada", b"1815")?;
/// savepoint.rollback()?;
/// transaction.commit()?;
/// assert!(store.get(&users, b"ada")?.is_none());
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct Savepoint<'w, W: KvWrite> {
    below: &'w mut W,
    writes: WriteSet,
    checks: CommitChecks,
}

impl<'w, W: KvWrite> Savepoint<'w, W> {
    /// Begins a savepoint. [`KvWrite::savepoint`] also ends it, and is usually what you want.
    ///
    /// ```
    /// # use arbour_core::{KvStore, KvWrite, MemoryStore, Savepoint};
    /// # let store = MemoryStore::new();
    /// let mut transaction = store.begin()?;
    /// let savepoint = Savepoint::new(&mut transaction);
    /// savepoint.commit()?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn new(below: &'w mut W) -> Self {
        Self { below, writes: WriteSet::new(), checks: CommitChecks::default() }
    }
}

impl<W: KvWrite> KvRead for Savepoint<'_, W> {
    type Value<'t>
        = OverlayValue<'t, W::Value<'t>>
    where
        Self: 't;
    type Cursor<'t>
        = MergeCursor<'t, W::Cursor<'t>>
    where
        Self: 't;

    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<Self::Value<'_>>> {
        match self.writes.get(tree, key) {
            Some(written) => Ok(written.map(OverlayValue::Written)),
            None => Ok(self.below.get(tree, key)?.map(OverlayValue::Below)),
        }
    }

    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<Self::Cursor<'_>> {
        let below = self.below.scan(tree, range.clone(), direction)?;
        Ok(MergeCursor::new(below, &self.writes, tree, range, direction))
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.below.open_tree(name)
    }

    fn trees(&self) -> Result<Vec<String>> {
        self.writes.trees_over(self, self.below.trees()?)
    }

    fn contains(&self, tree: &Tree, key: &[u8]) -> Result<bool> {
        self.writes.contains_over(self.below, tree, key)
    }

    fn get_with<R>(
        &self,
        tree: &Tree,
        key: &[u8],
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<Option<R>> {
        self.writes.get_with_over(self.below, tree, key, read)
    }

    fn len(&self, tree: &Tree) -> Result<u64> {
        self.writes.len_over(self.below, tree)
    }

    forward!(self => self.below; prefetch);
}

impl<W: KvWrite> KvWrite for Savepoint<'_, W> {
    fn put(&mut self, tree: &Tree, key: &[u8], value: &[u8]) -> Result<()> {
        self.check(&Write { tree, key, value: Some(value) })?;
        self.writes.put(tree, key, value);
        Ok(())
    }

    fn delete(&mut self, tree: &Tree, key: &[u8]) -> Result<()> {
        self.check(&Write { tree, key, value: None })?;
        self.writes.delete(tree, key);
        Ok(())
    }

    fn delete_range(&mut self, tree: &Tree, range: KeyRange<'_>) -> Result<()> {
        let keys = keys_in(self.scan(tree, range, Direction::Forward)?)?;
        self.writes.delete_all(tree, &keys);
        Ok(())
    }

    fn check(&self, write: &Write<'_>) -> Result<()> {
        self.below.check(write)
    }

    fn commit_checks(&mut self) -> &mut CommitChecks {
        &mut self.checks
    }

    fn commit(mut self) -> Result<()> {
        // Before the writes, so that no write is kept without its check if a later one fails.
        self.below.commit_checks().append(&mut self.checks);
        self.below.apply(self.writes.batch())
    }

    fn rollback(self) -> Result<()> {
        Ok(())
    }
}
