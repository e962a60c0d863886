//! Reading all trees in one snapshot.

use arbour_core::engine::{TreeName, forward};
use arbour_core::{Direction, KeyRange, KvRead, Operation, Result, Tree};
use heed::{RoTxn, WithoutTls};

use crate::catalog::Numbers;
use crate::reader::Reader;
use crate::{LmdbCursor, LmdbStore};

/// A snapshot of a [`LmdbStore`]: a read transaction of LMDB.
///
/// ```
/// use arbour_core::{KvRead, KvStore, StoreOptions};
/// use arbour_lmdb::{LmdbSnapshot, LmdbStore};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.lmdb");
/// let store = LmdbStore::open(&path, &StoreOptions::new())?;
/// let snapshot: LmdbSnapshot<'_> = store.snapshot()?;
/// assert!(snapshot.trees()?.is_empty());
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct LmdbSnapshot<'s> {
    store: &'s LmdbStore,
    /// Before the environment, which it needs to end.
    transaction: RoTxn<'static, WithoutTls>,
    numbers: Numbers,
}

impl<'s> LmdbSnapshot<'s> {
    pub(crate) fn new(store: &'s LmdbStore, operation: Operation) -> Result<Self> {
        let view = store.view(operation)?;
        let transaction = view.environment.read(operation).map_err(|error| store.locate(error))?;
        Ok(Self { store, transaction, numbers: Numbers::new(view) })
    }

    #[inline]
    pub(crate) fn reader(&self) -> Reader<'_> {
        Reader { store: self.store, numbers: &self.numbers, transaction: &self.transaction }
    }
}

impl KvRead for LmdbSnapshot<'_> {
    type Value<'t>
        = &'t [u8]
    where
        Self: 't;
    type Cursor<'t>
        = LmdbCursor<'t>
    where
        Self: 't;

    forward!(self => self.reader(); get, trees);

    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<LmdbCursor<'_>> {
        LmdbCursor::new(self.reader(), tree, range, direction)
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        Ok(self.store.registry.resolve(name))
    }
}

impl Drop for LmdbSnapshot<'_> {
    /// Lets later snapshots know the numbers that this one had to look up.
    fn drop(&mut self) {
        self.store.publish(self.numbers.take_found());
    }
}
