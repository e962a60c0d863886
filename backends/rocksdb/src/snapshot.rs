//! Reading all trees in one snapshot.

use std::sync::Arc;

use arbour_core::engine::keyspace::{CATALOG, first_of, is_of, stored_key};
use arbour_core::engine::{TreeCatalog, TreeName};
use arbour_core::{Direction, KeyRange, KvRead, Operation, Result, Tree};
use rocksdb::{DBRawIteratorWithThreadMode, ReadOptions, SnapshotWithThreadMode};
use self_cell::self_cell;

use crate::cursor::EntryCursor;
use crate::database::{Database, Db};
use crate::{RocksdbCursor, RocksdbEngine, RocksdbValue};

/// A RocksDB snapshot, and read options for it: creating them for each get costs an allocation.
struct Pinned<'d> {
    snapshot: SnapshotWithThreadMode<'d, Db>,
    options: ReadOptions,
}

self_cell!(
    struct Pin {
        owner: Arc<Database>,
        #[covariant]
        dependent: Pinned,
    }
);

impl Pin {
    fn now(database: Arc<Database>) -> Self {
        Self::new(database, |database| {
            let snapshot = database.db.snapshot();
            let mut options = ReadOptions::default();
            options.set_snapshot(&snapshot);
            Pinned { snapshot, options }
        })
    }

    /// Returns new options for reading the snapshot.
    fn options(&self) -> ReadOptions {
        let mut options = ReadOptions::default();
        options.set_snapshot(&self.borrow_dependent().snapshot);
        options
    }
}

/// A snapshot of a [`RocksdbStore`](crate::RocksdbStore). It keeps the database open for its
/// lifetime, even if the store is closed meanwhile.
///
/// ```
/// use arbour_core::{KvRead, KvStore, StoreOptions};
/// use arbour_rocksdb::{RocksdbSnapshot, RocksdbStore};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.rocksdb");
/// let store = RocksdbStore::open(&path, &StoreOptions::new())?;
/// let snapshot: RocksdbSnapshot<'_> = store.snapshot()?;
/// assert!(snapshot.trees()?.is_empty());
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct RocksdbSnapshot<'s> {
    catalog: &'s TreeCatalog,
    pin: Pin,
}

impl<'s> RocksdbSnapshot<'s> {
    /// Pins the current state, as part of an operation.
    pub(crate) fn new(engine: &'s RocksdbEngine, operation: Operation) -> Result<Self> {
        Ok(Self { catalog: &engine.catalog, pin: Pin::now(engine.database(operation)?) })
    }

    fn database(&self) -> &Database {
        self.pin.borrow_owner()
    }

    /// Counts the entries of all trees, by reading them.
    pub(crate) fn count(&self, operation: Operation) -> Result<u64> {
        let mut options = self.pin.options();
        // Counting everything should not evict what others read often.
        options.fill_cache(false);
        options.set_iterate_lower_bound(first_of(CATALOG + 1).into_vec());
        let mut iterator = self.database().db.raw_iterator_opt(options);
        iterator.seek_to_first();
        let mut count = 0;
        while iterator.valid() {
            count += 1;
            iterator.next();
        }
        iterator.status().map_err(|cause| self.database().fail(cause, operation))?;
        Ok(count)
    }

    /// Divides the trees of the catalog into those with entries and those without; both sorted by
    /// name.
    pub(crate) fn used_and_empty(
        &self,
        operation: Operation,
    ) -> Result<(Vec<String>, Vec<String>)> {
        let (mut used, mut empty) = (Vec::new(), Vec::new());
        let mut probe = self.database().db.raw_iterator_opt(self.pin.options());
        let mut entries = EntryCursor::of_tree(self.database(), CATALOG, self.pin.options());
        while let Some((name, number)) = entries.next(operation)? {
            let (name, number) = TreeCatalog::entry(name, number, operation)
                .map_err(|error| self.database().locate(error))?;
            let list =
                if self.is_used(&mut probe, number, operation)? { &mut used } else { &mut empty };
            list.push(name.to_owned());
        }
        Ok((used, empty))
    }

    fn is_used(
        &self,
        probe: &mut DBRawIteratorWithThreadMode<'_, Db>,
        number: u32,
        operation: Operation,
    ) -> Result<bool> {
        probe.seek(first_of(number));
        match probe.key() {
            Some(key) => Ok(is_of(number, key)),
            None => {
                let end = probe.status().map(|()| false);
                end.map_err(|cause| self.database().fail(cause, operation))
            }
        }
    }
}

impl KvRead for RocksdbSnapshot<'_> {
    type Value<'t>
        = RocksdbValue<'t>
    where
        Self: 't;
    type Cursor<'t>
        = RocksdbCursor<'t>
    where
        Self: 't;

    #[inline]
    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<RocksdbValue<'_>>> {
        self.catalog.check(tree, Operation::Get)?;
        let options = &self.pin.borrow_dependent().options;
        match self.database().db.get_pinned_opt(stored_key(tree.number(), key), options) {
            Ok(found) => Ok(found.map(RocksdbValue::new)),
            Err(cause) => {
                let error = self.database().fail(cause, Operation::Get);
                Err(error.with_tree(tree.name()).with_key(key))
            }
        }
    }

    #[inline]
    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<RocksdbCursor<'_>> {
        self.catalog.check(tree, Operation::Scan)?;
        Ok(RocksdbCursor::new(self.database(), tree, &range, direction, self.pin.options()))
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.catalog.resolve(name)
    }

    fn trees(&self) -> Result<Vec<String>> {
        Ok(self.used_and_empty(Operation::Trees)?.0)
    }
}
