//! Reading the entries in one snapshot.

use std::ops::Range;
use std::sync::Arc;

use arbour_core::engine::{MapSnapshot, TreeSnapshot};
use arbour_core::{Cursor as _, Direction, Operation, Result};
use rocksdb::{ReadOptions, SnapshotWithThreadMode};
use self_cell::self_cell;

use crate::cursor::EntryCursor;
use crate::database::Db;
use crate::{RocksdbEngine, RocksdbValue, error};

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
pub type RocksdbSnapshot<'s> = TreeSnapshot<'s, RocksdbEngine>;

/// A RocksDB snapshot, and read options for it: creating them for each get costs an allocation.
struct Pinned<'d> {
    snapshot: SnapshotWithThreadMode<'d, Db>,
    options: ReadOptions,
}

self_cell!(
    /// RocksDB's own snapshot, of all trees.
    pub struct Pin {
        owner: Arc<RocksdbEngine>,
        #[covariant]
        dependent: Pinned,
    }
);

impl Pin {
    pub(crate) fn now(engine: Arc<RocksdbEngine>) -> Self {
        Self::new(engine, |engine| {
            let snapshot = engine.db.snapshot();
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

    fn db(&self) -> &Db {
        &self.borrow_owner().db
    }
}

impl MapSnapshot for Pin {
    type Value<'t> = RocksdbValue<'t>;
    type Cursor<'t> = EntryCursor<'t>;

    #[inline]
    fn get(&self, key: &[u8]) -> Result<Option<RocksdbValue<'_>>> {
        match self.db().get_pinned_opt(key, &self.borrow_dependent().options) {
            Ok(found) => Ok(found.map(RocksdbValue::new)),
            Err(cause) => Err(error::engine(cause, Operation::Get)),
        }
    }

    #[inline]
    fn scan(&self, range: Range<&[u8]>, direction: Direction) -> Result<EntryCursor<'_>> {
        Ok(EntryCursor::new(self.db(), range, direction, self.options()))
    }

    fn count(&self, range: Range<&[u8]>) -> Result<u64> {
        let mut options = self.options();
        // Counting everything should not evict what others read often.
        options.fill_cache(false);
        let mut entries = EntryCursor::new(self.db(), range, Direction::Forward, options);
        let mut count = 0;
        while entries.next()?.is_some() {
            count += 1;
        }
        Ok(count)
    }
}
