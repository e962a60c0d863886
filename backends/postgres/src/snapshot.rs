//! Snapshots.

use std::borrow::Cow;

use arbour_core::engine::{Prefetch, TreeName};
use arbour_core::{Direction, Error, KeyRange, KvRead, Operation, Result, Tree};

use crate::cursor::PostgresCursor;
use crate::error::Failure;
use crate::pool::Use;
use crate::reader::{Reader, first};
use crate::shared::Shared;
use crate::value::PostgresValue;

/// A snapshot: a transaction of the server that only reads. It takes one of the store's connections for
/// as long as it is open.
///
/// Keep it short. While it is open, the server cannot remove what was deleted or replaced since.
///
/// ```no_run
/// use arbour_core::{KvRead, KvStore, StoreOptions};
/// use arbour_postgres::{PostgresSnapshot, PostgresStore};
/// let store = PostgresStore::open("postgres://localhost/app", &StoreOptions::new())?;
/// let snapshot: PostgresSnapshot<'_> = store.snapshot()?;
/// assert!(snapshot.trees()?.is_empty());
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct PostgresSnapshot<'s> {
    pub(crate) reader: Reader<'s>,
}

impl<'s> PostgresSnapshot<'s> {
    /// Takes one; a query pins it.
    pub(crate) fn take(store: &'s Shared) -> Result<Self> {
        let mut reader = Reader::new(store, store.pool.take(Operation::Snapshot, Use::Snapshot)?);
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SELECT 1";
        let begun = reader.session.get_mut().execute(begin);
        reader.is_open = true;
        begun.map_err(|failure| reader.failed(failure, Operation::Snapshot))?;
        Ok(Self { reader })
    }

    /// Reads the current state, in a transaction of its own for each call.
    pub(crate) fn current(store: &'s Shared, operation: Operation) -> Result<Self> {
        Ok(Self { reader: Reader::new(store, store.pool.take(operation, Use::Call)?) })
    }
}

impl<'s> KvRead for PostgresSnapshot<'s> {
    type Value<'t>
        = PostgresValue
    where
        Self: 't;
    type Cursor<'t>
        = PostgresCursor<'t, 's>
    where
        Self: 't;

    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<PostgresValue>> {
        self.reader.get(tree, key)
    }

    fn contains(&self, tree: &Tree, key: &[u8]) -> Result<bool> {
        let placed = |error: Error| error.with_tree(tree.name()).with_key(key);
        let Some(number) = self.reader.number(tree, Operation::Get).map_err(placed)? else {
            return Ok(false);
        };
        let rows =
            self.reader.session.borrow_mut().query(|prepared| &prepared.exists, &[&number, &key]);
        let rows = rows.map_err(|failure| placed(self.reader.failed(failure, Operation::Get)))?;
        Ok(!rows.is_empty())
    }

    fn prefetch(&self, reads: &dyn Fn() -> Vec<Prefetch>) -> Result<bool> {
        self.reader.prefetch(&reads())?;
        Ok(true)
    }

    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<PostgresCursor<'_, 's>> {
        PostgresCursor::new(&self.reader, tree, &range, direction)
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        Ok(self.reader.store.trees.resolve(name))
    }

    fn trees(&self) -> Result<Vec<String>> {
        let failed = |failure: Failure| self.reader.failed(failure, Operation::Trees);
        let rows = self
            .reader
            .session
            .borrow_mut()
            .query(|prepared| &prepared.trees, &[])
            .map_err(failed)?;
        let names = rows.iter().map(|row| row.try_get::<_, &[u8]>(0).map(String::from_utf8_lossy));
        let names: Result<Vec<_>, _> = names.map(|name| name.map(Cow::into_owned)).collect();
        names.map_err(|cause| failed(cause.into()))
    }

    fn len(&self, tree: &Tree) -> Result<u64> {
        let Some(number) = self.reader.number(tree, Operation::Scan)? else { return Ok(0) };
        let rows = self.reader.session.borrow_mut().query(|prepared| &prepared.count, &[&number]);
        let rows = rows.map_err(|failure| {
            self.reader.failed(failure, Operation::Scan).with_tree(tree.name())
        })?;
        let count: Option<i64> = first(&rows, Operation::Scan)?;
        Ok(count.unwrap_or(0).cast_unsigned())
    }
}
