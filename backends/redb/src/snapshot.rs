//! Reading all trees in one snapshot.

use arbour_core::engine::TreeName;
use arbour_core::{Direction, KeyRange, KvRead, Operation, Result, Tree};
use redb::{AccessGuard, ReadOnlyTable, ReadableTableMetadata as _};

use crate::catch_panic::catch_panic;
use crate::cursor::Source;
use crate::database::Database;
use crate::tables::{Bytes, ReadTables};
use crate::value::look_at;
use crate::{RedbCursor, RedbStore, RedbValue, error};

/// A snapshot of a [`RedbStore`]: a read transaction and the tables it has opened.
///
/// ```
/// use arbour_core::{KvRead, KvStore, StoreOptions};
/// use arbour_redb::{RedbSnapshot, RedbStore};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.redb");
/// let store = RedbStore::open(&path, &StoreOptions::new())?;
/// let snapshot: RedbSnapshot<'_> = store.snapshot()?;
/// assert!(snapshot.trees()?.is_empty());
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct RedbSnapshot<'s> {
    store: &'s RedbStore,
    tables: ReadTables,
    /// Keeps the file open while the snapshot exists, even if the store is closed meanwhile.
    /// Dropped last.
    _database: Database,
}

impl<'s> RedbSnapshot<'s> {
    pub(crate) fn new(store: &'s RedbStore) -> Result<Self> {
        let database = store.database(Operation::Snapshot)?;
        let transaction = database.begin_read().map_err(|error| store.locate(error))?;
        Ok(Self { store, tables: ReadTables::new(transaction), _database: database })
    }

    /// Calls `read` with the table of a tree; returns `None` if there is no table.
    #[inline]
    fn with_table<R>(
        &self,
        tree: &Tree,
        operation: Operation,
        read: impl FnOnce(&ReadOnlyTable<Bytes, Bytes>) -> Result<R>,
    ) -> Result<Option<R>> {
        self.store.check_tree(tree, operation)?;
        catch_panic(operation, || self.tables.with(tree, operation, read))
            .map_err(|error| self.store.locate(error))
    }

    /// Stores the value of a key where the caller uses it, because it is too large to be moved
    /// through several results at no cost. The caller uses it after the return: outside
    /// `catch_panic`, and with no table borrowed.
    #[inline]
    fn find(
        &self,
        tree: &Tree,
        key: &[u8],
        found: &mut Option<AccessGuard<'static, Bytes>>,
    ) -> Result<()> {
        let read = self.with_table(tree, Operation::Get, |table| {
            *found = table.get(key).map_err(|cause| error::storage(cause, Operation::Get))?;
            found.iter().for_each(look_at);
            Ok(())
        });
        read.map(drop).map_err(|error| error.with_tree(tree.name()).with_key(key))
    }

    /// Counts the entries of each table that is not empty.
    pub(crate) fn counts(&self, operation: Operation) -> Result<Vec<(String, u64)>> {
        catch_panic(operation, || self.tables.counts(operation))
            .map_err(|error| self.store.locate(error))
    }
}

impl KvRead for RedbSnapshot<'_> {
    type Value<'t>
        = RedbValue<'t>
    where
        Self: 't;
    type Cursor<'t>
        = RedbCursor<'t>
    where
        Self: 't;

    #[inline]
    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<RedbValue<'_>>> {
        let mut found = None;
        self.find(tree, key, &mut found)?;
        Ok(found.map(RedbValue::new))
    }

    #[inline]
    fn get_with<R>(
        &self,
        tree: &Tree,
        key: &[u8],
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<Option<R>> {
        let mut found = None;
        self.find(tree, key, &mut found)?;
        Ok(found.map(|guard| read(guard.value())))
    }

    #[inline]
    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<RedbCursor<'_>> {
        self.store.check_tree(tree, Operation::Scan)?;
        RedbCursor::new(self.store, Source::Snapshot(&self.tables), tree, range, direction)
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        Ok(self.store.registry.resolve(name))
    }

    fn trees(&self) -> Result<Vec<String>> {
        let counts = self.counts(Operation::Trees)?;
        let mut names: Vec<String> = counts.into_iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        Ok(names)
    }

    fn len(&self, tree: &Tree) -> Result<u64> {
        let count = self.with_table(tree, Operation::Scan, |table| {
            table.len().map_err(|cause| error::storage(cause, Operation::Scan))
        })?;
        Ok(count.unwrap_or(0))
    }
}
