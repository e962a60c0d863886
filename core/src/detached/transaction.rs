//! A transaction that is checked when it commits.

use std::sync::Arc;

use super::home::Home;
use super::recording_cursor::RecordingCursor;
use super::work::Work;
use crate::batch::Write;
use crate::engine::{CommitChecks, MergeCursor, OverlayValue, TreeName, forward, keys_in};
use crate::{
    Direction, Durability, DynStore, KeyRange, KvRead, KvStore, KvWrite, Operation, OwnedSnapshot,
    Result, Tree,
};

/// A transaction that holds no lock and borrows nothing: it can be held across an `await`, for as
/// long as needed, and be moved to another thread.
///
/// [`DynStore::begin_detached`] begins it. It reads a snapshot that is pinned then, and its own
/// writes over it. Its commit takes the store's writer, checks that everything it has read is still
/// the same, and writes; otherwise it fails with [`Conflict`](crate::ErrorKind::Conflict) and writes
/// nothing. So the transactions that commit are serializable: each is as if it had run at the moment
/// of its commit. [`DynStore::retry`] runs one again after a conflict.
///
/// - What counts as read: keys that were got or looked for, whether they exist or not; the entries
///   that cursors returned, and that there were none between them; lengths and the list of trees,
///   if they were asked for. What it wrote before it read it does not count. Reads of a savepoint
///   that was undone do.
/// - Values are compared, so an entry that was changed and changed back is no conflict. A write to
///   an entry that was not read is none either: the last commit wins.
/// - [`delete_range`](KvWrite::delete_range) reads the keys of its range.
/// - [Checks](KvWrite::before_commit) run first, on what this transaction sees; what they read counts
///   as read.
/// - A transaction without writes commits without the writer and without a check: it was right at
///   the moment of its snapshot.
/// - The check reads again what was read, while it holds the writer. What it read and wrote is kept in
///   memory, except for values beyond a mebibyte.
///
/// It can be used by one thread at a time: it is [`Send`] but not [`Sync`]. Dropping it rolls it back.
///
/// ```
/// use arbour_core::{DynStore, ErrorKind, KvRead, KvStore, KvWrite, MemoryStore};
/// let store = DynStore::new(MemoryStore::new());
/// let stock = store.tree("stock")?;
/// store.put(&stock, b"apples", b"1")?;
///
/// let mut sale = store.begin_detached()?;
/// assert!(sale.contains(&stock, b"apples")?);
/// sale.delete(&stock, b"apples")?;
/// // Meanwhile another caller is faster. It does not wait: the sale holds no lock.
/// store.delete(&stock, b"apples")?;
///
/// let error = sale.commit().unwrap_err();
/// assert_eq!((error.kind(), error.key()), (ErrorKind::Conflict, Some("apples")));
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct DetachedTransaction {
    /// Taken by its end.
    work: Option<Box<Work>>,
    /// Where it comes back to when it is dropped, if its code took it by value.
    home: Option<Arc<Home>>,
}

impl DynStore {
    /// Begins a transaction that holds no lock, and whose commit survives a power loss.
    ///
    /// # Errors
    /// As [`snapshot`](KvStore::snapshot). It never waits for a writer.
    ///
    /// ```
    /// use arbour_core::{DynStore, KvStore, KvWrite, MemoryStore};
    /// let store = DynStore::new(MemoryStore::new());
    /// let users = store.tree("users")?;
    /// let mut transaction = store.begin_detached()?;
    /// transaction.put(&users, b"ada", b"1815")?;
    /// transaction.commit()?;
    /// assert!(store.get(&users, b"ada")?.is_some());
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn begin_detached(&self) -> Result<DetachedTransaction> {
        self.begin_detached_with(Durability::default())
    }

    /// Begins a transaction that holds no lock, and whose commit has at least this durability.
    ///
    /// # Errors
    /// As [`begin_detached`](Self::begin_detached).
    ///
    /// ```
    /// use arbour_core::{Durability, DynStore, KvWrite, MemoryStore};
    /// let store = DynStore::new(MemoryStore::new());
    /// store.begin_detached_with(Durability::ProcessCrash)?.rollback()?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn begin_detached_with(&self, durability: Durability) -> Result<DetachedTransaction> {
        let snapshot =
            self.owned_snapshot().map_err(|error| error.with_operation(Operation::Begin))?;
        let work = Work::new(snapshot, durability);
        Ok(DetachedTransaction::from_work(Box::new(work)))
    }
}

impl DetachedTransaction {
    pub(super) fn from_work(work: Box<Work>) -> Self {
        Self { work: Some(work), home: None }
    }

    /// Commits as a part of another transaction of the same store: checks there that everything
    /// this one has read is still the same, and makes its writes there. They are committed, and
    /// durable, with that transaction. With `arbour::GroupCommit`, detached transactions of many
    /// callers share a commit in this way. If that transaction is run again after a conflict, so is this
    /// call; dropping this one afterwards does nothing.
    ///
    /// # Errors
    /// The error of a [check](KvWrite::before_commit), or [`Conflict`](crate::ErrorKind::Conflict) if
    /// anything has changed; nothing was written then. Errors of reading and writing in the other
    /// transaction; part of this one's writes may have been made there then, so undo them by a
    /// [savepoint](KvWrite::savepoint) or a rollback.
    ///
    /// ```
    /// use arbour_core::{DynStore, KvRead, KvStore, KvWrite, MemoryStore};
    /// let store = DynStore::new(MemoryStore::new());
    /// let users = store.tree("users")?;
    /// let mut detached = store.begin_detached()?;
    /// detached.put(&users, b"ada", b"1815")?;
    /// store.write(|transaction| {
    ///     transaction.put(&users, b"bob", b"1900")?;
    ///     detached.commit_in(transaction)
    /// })?;
    /// assert_eq!(store.read(|snapshot| snapshot.len(&users))?, 2);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn commit_in(&mut self, transaction: &mut impl KvWrite) -> Result<()> {
        // It must not come back to be committed by itself.
        self.home = None;
        self.run_checks()?;
        self.work().join(transaction)
    }

    /// Makes it come back to a place when it is dropped.
    pub(super) fn with_home(mut self, home: &Arc<Home>) -> Self {
        self.home = Some(Arc::clone(home));
        self
    }

    fn work(&self) -> &Work {
        self.work.as_ref().expect("only its end takes the work of a transaction")
    }

    fn work_mut(&mut self) -> &mut Work {
        self.work.as_mut().expect("only its end takes the work of a transaction")
    }

    fn take_work(&mut self) -> Box<Work> {
        self.work.take().expect("only its end takes the work of a transaction")
    }

    /// Runs the checks, and takes what is to be committed.
    fn take_checked(&mut self) -> Result<Box<Work>> {
        // One without a home, because it has ended even if a check fails.
        let mut ending = Self::from_work(self.take_work());
        ending.run_checks()?;
        Ok(ending.take_work())
    }
}

impl Drop for DetachedTransaction {
    fn drop(&mut self) {
        if let Some(home) = self.home.take() {
            home.receive(self.work.take());
        }
    }
}

impl KvRead for DetachedTransaction {
    type Value<'t> = OverlayValue<'t, <OwnedSnapshot as KvRead>::Value<'t>>;
    type Cursor<'t> = MergeCursor<'t, RecordingCursor<'t>>;

    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<Self::Value<'_>>> {
        let work = self.work();
        match work.writes.get(tree, key) {
            Some(written) => Ok(written.map(OverlayValue::Written)),
            None => Ok(work.below.get(tree, key)?.map(OverlayValue::Below)),
        }
    }

    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<Self::Cursor<'_>> {
        let work = self.work();
        let below = work.below.scan(tree, range.clone(), direction)?;
        Ok(MergeCursor::new(below, &work.writes, tree, range, direction))
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.work().below.open_tree(name)
    }

    fn trees(&self) -> Result<Vec<String>> {
        let work = self.work();
        work.writes.trees_over(self, work.below.trees()?)
    }

    fn contains(&self, tree: &Tree, key: &[u8]) -> Result<bool> {
        let work = self.work();
        work.writes.contains_over(&work.below, tree, key)
    }

    fn get_with<R>(
        &self,
        tree: &Tree,
        key: &[u8],
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<Option<R>> {
        let work = self.work();
        work.writes.get_with_over(&work.below, tree, key, read)
    }

    fn len(&self, tree: &Tree) -> Result<u64> {
        let work = self.work();
        work.writes.len_over(&work.below, tree)
    }

    forward!(self => self.work().below; prefetch);
}

impl KvWrite for DetachedTransaction {
    fn put(&mut self, tree: &Tree, key: &[u8], value: &[u8]) -> Result<()> {
        self.check(&Write { tree, key, value: Some(value) })?;
        self.work_mut().writes.put(tree, key, value);
        Ok(())
    }

    fn delete(&mut self, tree: &Tree, key: &[u8]) -> Result<()> {
        self.check(&Write { tree, key, value: None })?;
        self.work_mut().writes.delete(tree, key);
        Ok(())
    }

    fn delete_range(&mut self, tree: &Tree, range: KeyRange<'_>) -> Result<()> {
        let work = self.work_mut();
        work.check_tree(tree, Operation::DeleteRange)?;
        let below = work.below.scan_keys(tree, range.clone())?;
        let keys = MergeCursor::new(below, &work.writes, tree, range, Direction::Forward);
        let keys = keys_in(keys)?;
        work.writes.delete_all(tree, &keys);
        Ok(())
    }

    fn check(&self, write: &Write<'_>) -> Result<()> {
        let work = self.work();
        work.check_tree(write.tree, write.operation())?;
        work.store().capabilities().limits.check(write)
    }

    fn commit_checks(&mut self) -> &mut CommitChecks {
        &mut self.work_mut().checks
    }

    /// Checks what was read, and commits the writes.
    ///
    /// # Errors
    /// The error of a [check](KvWrite::before_commit) that fails.
    /// [`Conflict`](crate::ErrorKind::Conflict) if anything that was read has changed; the error
    /// names the tree and the key. [`Busy`](crate::ErrorKind::Busy) if the writer does not become
    /// free in time, and at once if this thread holds it. Nothing was written then. Otherwise as for
    /// any transaction.
    fn commit(mut self) -> Result<()> {
        let committed = self.take_checked().and_then(|work| work.commit());
        committed.map_err(|error| match error.operation() {
            // The caller did not begin a transaction itself, so report its own operation.
            Operation::Begin | Operation::Apply => error.with_operation(Operation::Commit),
            _ => error,
        })
    }

    fn rollback(mut self) -> Result<()> {
        drop(self.take_work());
        Ok(())
    }
}

const _: () = {
    const fn can_be_moved<T: Send + 'static>() {}
    can_be_moved::<DetachedTransaction>();
    can_be_moved::<OwnedSnapshot>();
};
