//! Iterating over entries.

use std::ops::Range;

use arbour_core::engine::TreeCursor;
use arbour_core::{Cursor, Direction, Operation, Result};
use rocksdb::{DBRawIteratorWithThreadMode, ReadOptions};

use crate::database::Db;
use crate::{RocksdbEngine, error};

/// A cursor of a [`RocksdbStore`](crate::RocksdbStore): it lends the bytes of RocksDB's own blocks.
///
/// ```
/// use arbour_core::{Cursor, KvRead, KvStore, StoreOptions};
/// use arbour_rocksdb::{RocksdbCursor, RocksdbStore};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.rocksdb");
/// let store = RocksdbStore::open(&path, &StoreOptions::new())?;
/// let users = store.tree("users")?;
/// let snapshot = store.snapshot()?;
/// let mut cursor: RocksdbCursor<'_> = snapshot.prefix(&users, b"a")?;
/// assert_eq!(cursor.next()?, None);
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub type RocksdbCursor<'t> = TreeCursor<'t, RocksdbEngine>;

/// RocksDB's iterator over a range, whose bounds it enforces itself.
pub struct EntryCursor<'t> {
    iterator: DBRawIteratorWithThreadMode<'t, Db>,
    place: Place,
    direction: Direction,
}

/// The position of the iterator.
#[derive(Clone, Copy)]
enum Place {
    /// Not positioned yet, which saves positioning at the start before a seek.
    Unplaced,
    /// On the entry to be lent next, if there is one.
    Ahead,
    /// On the entry lent last.
    Lent,
}

impl<'t> EntryCursor<'t> {
    /// Creates a cursor; the snapshot to read must be set in `options`.
    #[inline]
    pub(crate) fn new(
        db: &'t Db,
        range: Range<&[u8]>,
        direction: Direction,
        mut options: ReadOptions,
    ) -> Self {
        options.set_iterate_lower_bound(range.start);
        options.set_iterate_upper_bound(range.end);
        Self { iterator: db.raw_iterator_opt(options), place: Place::Unplaced, direction }
    }
}

impl Cursor for EntryCursor<'_> {
    #[inline]
    fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        let iterator = &mut self.iterator;
        match (self.place, self.direction) {
            (Place::Lent, Direction::Forward) => iterator.next(),
            (Place::Lent, Direction::Reverse) => iterator.prev(),
            (Place::Unplaced, Direction::Forward) => iterator.seek_to_first(),
            (Place::Unplaced, Direction::Reverse) => iterator.seek_to_last(),
            (Place::Ahead, _) => {}
        }
        self.place = Place::Lent;
        let item = iterator.item();
        if item.is_none() {
            // An iterator that meets an error looks as if it were at its end.
            iterator.status().map_err(|cause| error::engine(cause, Operation::Scan))?;
        }
        Ok(item)
    }

    /// RocksDB stays within the bounds.
    fn seek(&mut self, key: &[u8]) -> Result<()> {
        match self.direction {
            Direction::Forward => self.iterator.seek(key),
            Direction::Reverse => self.iterator.seek_for_prev(key),
        }
        self.place = Place::Ahead;
        Ok(())
    }
}
