//! Writing through a transaction.

use std::ops::Bound;
use std::sync::Arc;

use arbour_core::engine::keyspace::{lower_bound, stored_key, upper_bound};
use arbour_core::engine::{CommitChecks, TreeName, Write, forward};
use arbour_core::{
    Direction, Durability, Error, ErrorKind, KeyRange, KvRead, KvWrite, Operation, Result, Tree,
};
use heed::RwTxn;
use self_cell::self_cell;

use crate::catalog::{Numbers, View};
use crate::reader::Reader;
use crate::store::Writing;
use crate::{LmdbCursor, LmdbStore, error};

/// LMDB's transaction, until it is committed.
type Open<'e> = Option<RwTxn<'e>>;

self_cell!(
    struct OpenTransaction {
        owner: Arc<View>,
        #[covariant]
        dependent: Open,
    }
);

/// A transaction of a [`LmdbStore`].
///
/// ```
/// use arbour_core::{KvStore, KvWrite, StoreOptions};
/// use arbour_lmdb::{LmdbStore, LmdbTransaction};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.lmdb");
/// let store = LmdbStore::open(&path, &StoreOptions::new())?;
/// let users = store.tree("users")?;
/// let mut transaction: LmdbTransaction<'_> = store.begin()?;
/// transaction.put(&users, b"ada", b"1815")?;
/// transaction.commit()?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct LmdbTransaction<'s> {
    store: &'s LmdbStore,
    /// Before the locks: LMDB's transaction has to end before another one begins.
    open: OpenTransaction,
    numbers: Numbers,
    durability: Durability,
    /// Set after a failure of LMDB, when the content of the transaction is unknown.
    failed: Option<ErrorKind>,
    checks: CommitChecks,
    _writing: Writing<'s>,
}

impl<'s> LmdbTransaction<'s> {
    pub(crate) fn new(
        store: &'s LmdbStore,
        durability: Durability,
        operation: Operation,
    ) -> Result<Self> {
        let writing = store.acquire(operation)?;
        let view = store.view(operation)?;
        let open = OpenTransaction::try_new(Arc::clone(&view), |view| {
            view.environment.write(operation).map(Some)
        });
        let open = open.map_err(|error| store.locate(error))?;
        Ok(Self {
            store,
            open,
            numbers: Numbers::new(view),
            durability,
            failed: None,
            checks: CommitChecks::default(),
            _writing: writing,
        })
    }

    #[inline]
    fn reader(&self, operation: Operation) -> Result<Reader<'_>> {
        match (self.open.borrow_dependent(), self.failed) {
            (Some(transaction), None) => {
                Ok(Reader { store: self.store, numbers: &self.numbers, transaction })
            }
            (_, kind) => Err(self.rolled_back(kind, operation)),
        }
    }

    #[cold]
    fn rolled_back(&self, kind: Option<ErrorKind>, operation: Operation) -> Error {
        let message =
            "the transaction was rolled back, because an earlier write in it failed: run it again";
        self.store.locate(Error::new(kind.unwrap_or(ErrorKind::Engine), operation, message))
    }

    /// Changes LMDB's transaction. After a failure it cannot be committed.
    #[inline]
    fn change(
        &mut self,
        tree: &Tree,
        operation: Operation,
        change: impl FnOnce(&mut RwTxn<'_>, &Numbers) -> Result<()>,
    ) -> Result<()> {
        if self.failed.is_some() {
            return Err(self.rolled_back(self.failed, operation));
        }
        let numbers = &self.numbers;
        let changed = self.open.with_dependent_mut(|_, transaction| match transaction {
            Some(transaction) => change(transaction, numbers),
            None => Err(Error::new(ErrorKind::Engine, operation, "the transaction has ended")),
        });
        changed.map_err(|error| {
            self.failed = Some(error.kind());
            self.store.locate(error).with_tree(tree.name())
        })
    }

    #[inline]
    pub(crate) fn write(&mut self, write: &Write<'_>) -> Result<()> {
        let (tree, operation) = (write.tree, write.operation());
        self.change(tree, operation, |transaction, numbers| {
            let entries = numbers.entries();
            let written = match write.value {
                Some(value) => {
                    let number = numbers.get_or_enter(transaction, tree, operation)?;
                    entries.put(transaction, &stored_key(number, write.key), value)
                }
                None => match numbers.get(transaction, tree, operation)? {
                    Some(number) => {
                        entries.delete(transaction, &stored_key(number, write.key)).map(drop)
                    }
                    None => Ok(()),
                },
            };
            written.map_err(|cause| error::engine(cause, operation))
        })
    }

    pub(crate) fn commit_as(mut self, operation: Operation) -> Result<()> {
        if self.failed.is_some() {
            return Err(self.rolled_back(self.failed, operation));
        }
        self.run_checks()?;
        let environment = self.numbers.environment();
        if let Some(transaction) = self.open.with_dependent_mut(|_, open| open.take()) {
            self.store.commit(environment, transaction, self.durability, operation)?;
        }
        self.store.publish(self.numbers.take_found());
        Ok(())
    }
}

impl KvRead for LmdbTransaction<'_> {
    type Value<'t>
        = &'t [u8]
    where
        Self: 't;
    type Cursor<'t>
        = LmdbCursor<'t>
    where
        Self: 't;

    forward!(self => self.reader(Operation::Get)?; get);
    forward!(self => self.reader(Operation::Trees)?; trees);

    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<LmdbCursor<'_>> {
        LmdbCursor::new(self.reader(Operation::Scan)?, tree, range, direction)
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        Ok(self.store.registry.resolve(name))
    }
}

impl KvWrite for LmdbTransaction<'_> {
    #[inline]
    fn put(&mut self, tree: &Tree, key: &[u8], value: &[u8]) -> Result<()> {
        let write = Write { tree, key, value: Some(value) };
        self.check(&write)?;
        self.write(&write)
    }

    fn delete(&mut self, tree: &Tree, key: &[u8]) -> Result<()> {
        let write = Write { tree, key, value: None };
        self.check(&write)?;
        self.write(&write)
    }

    fn delete_range(&mut self, tree: &Tree, range: KeyRange<'_>) -> Result<()> {
        const OPERATION: Operation = Operation::DeleteRange;
        self.store.check_tree(tree, OPERATION)?;
        if range.is_empty() {
            return Ok(());
        }
        self.change(tree, OPERATION, |transaction, numbers| {
            let Some(number) = numbers.get(transaction, tree, OPERATION)? else { return Ok(()) };
            let start = lower_bound(number, range.start());
            let end = upper_bound(number, range.end());
            let stored = (Bound::Included(&*start), Bound::Excluded(&*end));
            let deleted = numbers.entries().delete_range(transaction, &stored);
            deleted.map(drop).map_err(|cause| error::engine(cause, OPERATION))
        })
    }

    fn check(&self, write: &Write<'_>) -> Result<()> {
        self.store.check(write)
    }

    fn commit_checks(&mut self) -> &mut CommitChecks {
        &mut self.checks
    }

    fn commit(self) -> Result<()> {
        self.commit_as(Operation::Commit)
    }

    fn rollback(self) -> Result<()> {
        Ok(())
    }
}
