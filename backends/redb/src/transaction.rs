//! Writing through a transaction.

use std::cell::OnceCell;

use arbour_core::engine::{CommitChecks, TreeName, Write, WriterGuard};
use arbour_core::{
    Direction, Durability, Error, ErrorKind, KeyRange, KvRead, KvWrite, Operation, Result, Tree,
};
use redb::{ReadableTable as _, ReadableTableMetadata as _, StorageError, Table, WriteTransaction};
use self_cell::self_cell;

use crate::catch_panic::{PanicSafe, catch_panic};
use crate::cursor::Source;
use crate::tables::{Bytes, WriteTables, set};
use crate::value::look_at;
use crate::{RedbCursor, RedbSnapshot, RedbStore, RedbValue, error};

self_cell!(
    /// A write transaction together with the tables opened in it, which borrow it.
    struct OpenTransaction {
        owner: PanicSafe<WriteTransaction>,
        #[covariant]
        dependent: WriteTables,
    }
);

/// A transaction of a [`RedbStore`].
///
/// ```
/// use arbour_core::{KvStore, KvWrite, StoreOptions};
/// use arbour_redb::{RedbStore, RedbTransaction};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.redb");
/// let store = RedbStore::open(&path, &StoreOptions::new())?;
/// let users = store.tree("users")?;
/// let mut transaction: RedbTransaction<'_> = store.begin()?;
/// transaction.put(&users, b"ada", b"1815")?;
/// transaction.commit()?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct RedbTransaction<'s> {
    store: &'s RedbStore,
    open: OpenTransaction,
    /// Reads the tables that were not opened for writing: committed data cannot change while this
    /// transaction holds the slot.
    committed: OnceCell<RedbSnapshot<'s>>,
    durability: Durability,
    /// Set after a failure of redb, when the content of the transaction is unknown.
    failed: Option<ErrorKind>,
    checks: CommitChecks,
    _guard: WriterGuard<'s>,
}

impl<'s> RedbTransaction<'s> {
    pub(crate) fn new(
        store: &'s RedbStore,
        transaction: PanicSafe<WriteTransaction>,
        durability: Durability,
        guard: WriterGuard<'s>,
    ) -> Self {
        let open = OpenTransaction::new(transaction, |_| WriteTables::default());
        Self {
            store,
            open,
            committed: OnceCell::new(),
            durability,
            failed: None,
            checks: CommitChecks::default(),
            _guard: guard,
        }
    }

    fn committed(&self) -> Result<&RedbSnapshot<'s>> {
        match self.committed.get() {
            Some(snapshot) => Ok(snapshot),
            None => {
                let snapshot = RedbSnapshot::new(self.store)?;
                Ok(self.committed.get_or_init(|| snapshot))
            }
        }
    }

    fn written(&self, tree: &Tree) -> Option<&Table<'_, Bytes, Bytes>> {
        self.open.borrow_dependent().get(tree)
    }

    /// Changes a tree's table. After a failure the transaction cannot be committed.
    #[inline]
    fn change(
        &mut self,
        tree: &Tree,
        operation: Operation,
        change: impl FnOnce(&mut Table<'_, Bytes, Bytes>) -> Result<(), StorageError>,
    ) -> Result<()> {
        let changed = self.open.with_dependent_mut(|transaction, tables| {
            catch_panic(operation, || {
                let table = tables.open(transaction, tree, operation)?;
                change(table)
                    .map_err(|cause| error::storage(cause, operation).with_tree(tree.name()))
            })
        });
        changed.map_err(|error| {
            self.failed = Some(error.kind());
            self.store.locate(error)
        })
    }
}

impl KvRead for RedbTransaction<'_> {
    type Value<'t>
        = RedbValue<'t>
    where
        Self: 't;
    type Cursor<'t>
        = RedbCursor<'t>
    where
        Self: 't;

    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<RedbValue<'_>>> {
        self.store.check_tree(tree, Operation::Get)?;
        match self.written(tree) {
            Some(table) => {
                let value = catch_panic(Operation::Get, || {
                    let value = table.get(key);
                    let value = value.map_err(|cause| error::storage(cause, Operation::Get))?;
                    Ok(value.inspect(look_at).map(RedbValue::new))
                });
                value.map_err(|error| self.store.locate(error.with_tree(tree.name()).with_key(key)))
            }
            None => self.committed()?.get(tree, key),
        }
    }

    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<RedbCursor<'_>> {
        self.store.check_tree(tree, Operation::Scan)?;
        match self.written(tree) {
            Some(table) => {
                RedbCursor::new(self.store, Source::Table(table), tree, range, direction)
            }
            None => self.committed()?.scan(tree, range, direction),
        }
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        Ok(self.store.registry.resolve(name))
    }

    fn trees(&self) -> Result<Vec<String>> {
        let mut names = self.committed()?.trees()?;
        let written =
            catch_panic(Operation::Trees, || self.open.borrow_dependent().counts(Operation::Trees));
        for (name, count) in written.map_err(|error| self.store.locate(error))? {
            names.retain(|known| *known != name);
            if count > 0 {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn len(&self, tree: &Tree) -> Result<u64> {
        self.store.check_tree(tree, Operation::Scan)?;
        match self.written(tree) {
            Some(table) => {
                let count = catch_panic(Operation::Scan, || {
                    table.len().map_err(|cause| error::storage(cause, Operation::Scan))
                });
                count.map_err(|error| self.store.locate(error.with_tree(tree.name())))
            }
            None => self.committed()?.len(tree),
        }
    }
}

impl KvWrite for RedbTransaction<'_> {
    #[inline]
    fn put(&mut self, tree: &Tree, key: &[u8], value: &[u8]) -> Result<()> {
        self.check(&Write { tree, key, value: Some(value) })?;
        self.change(tree, Operation::Put, |table| set(table, key, Some(value)))
    }

    fn delete(&mut self, tree: &Tree, key: &[u8]) -> Result<()> {
        self.check(&Write { tree, key, value: None })?;
        self.change(tree, Operation::Delete, |table| set(table, key, None))
    }

    fn delete_range(&mut self, tree: &Tree, range: KeyRange<'_>) -> Result<()> {
        self.store.check_tree(tree, Operation::DeleteRange)?;
        if range.is_empty() {
            return Ok(());
        }
        self.change(tree, Operation::DeleteRange, |table| {
            table.retain_in::<&[u8], _>((range.start(), range.end()), |_, _| false)
        })
    }

    fn check(&self, write: &Write<'_>) -> Result<()> {
        self.store.check(write)
    }

    fn commit_checks(&mut self) -> &mut CommitChecks {
        &mut self.checks
    }

    fn commit(mut self) -> Result<()> {
        if let Some(kind) = self.failed {
            let message = "the transaction was rolled back, because an earlier write in it failed: run it again";
            return Err(self.store.locate(Error::new(kind, Operation::Commit, message)));
        }
        self.run_checks()?;
        // The tables must be closed before redb commits.
        let transaction = self.open.into_owner();
        self.store.commit(transaction, self.durability, Operation::Commit)
    }

    fn rollback(self) -> Result<()> {
        let transaction = self.open.into_owner();
        let aborted = catch_panic(Operation::Rollback, || {
            let aborted = transaction.into_inner().abort();
            aborted.map_err(|cause| error::storage(cause, Operation::Rollback))
        });
        aborted.map_err(|error| self.store.locate(error))
    }
}
