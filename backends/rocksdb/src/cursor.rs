//! Iterating over the entries of a tree.

use arbour_core::engine::keyspace::{key_of, lower_bound, stored_key, upper_bound};
use arbour_core::{Cursor, Direction, KeyRange, Operation, Result, Tree};
use rocksdb::{DBRawIteratorWithThreadMode, ReadOptions};

use crate::database::{Database, Db};

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
pub struct RocksdbCursor<'t> {
    /// `None` if the range can contain no key.
    entries: Option<EntryCursor<'t>>,
    tree: Tree,
}

impl<'t> RocksdbCursor<'t> {
    /// Creates a cursor; the snapshot to read must be set in `options`.
    #[inline]
    pub(crate) fn new(
        database: &'t Database,
        tree: &Tree,
        range: &KeyRange<'_>,
        direction: Direction,
        options: ReadOptions,
    ) -> Self {
        let open = || EntryCursor::new(database, tree.number(), range, direction, options);
        Self { entries: (!range.is_empty()).then(open), tree: tree.clone() }
    }
}

impl Cursor for RocksdbCursor<'_> {
    #[inline]
    fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        let Some(entries) = &mut self.entries else { return Ok(None) };
        let tree = &self.tree;
        entries.next(Operation::Scan).map_err(|error| error.with_tree(tree.name()))
    }

    fn seek(&mut self, key: &[u8]) -> Result<()> {
        if let Some(entries) = &mut self.entries {
            entries.seek(key);
        }
        Ok(())
    }
}

/// RocksDB's iterator over a range of one tree. It enforces the bounds itself.
pub(crate) struct EntryCursor<'t> {
    iterator: DBRawIteratorWithThreadMode<'t, Db>,
    place: Place,
    direction: Direction,
    number: u32,
    database: &'t Database,
}

/// The position of the iterator.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Not positioned yet, which saves positioning at the start before a seek.
    Unplaced,
    /// On the entry to be lent next, if there is one.
    Ahead,
    /// On the entry lent last.
    Lent,
    /// On an error.
    Failed,
}

impl<'t> EntryCursor<'t> {
    #[inline]
    pub(crate) fn new(
        database: &'t Database,
        number: u32,
        range: &KeyRange<'_>,
        direction: Direction,
        mut options: ReadOptions,
    ) -> Self {
        options.set_iterate_lower_bound(lower_bound(number, range.start()).into_vec());
        options.set_iterate_upper_bound(upper_bound(number, range.end()).into_vec());
        let iterator = database.db.raw_iterator_opt(options);
        Self { iterator, place: Place::Unplaced, direction, number, database }
    }

    /// Reads a whole tree from its start.
    pub(crate) fn of_tree(database: &'t Database, number: u32, options: ReadOptions) -> Self {
        Self::new(database, number, &KeyRange::all(), Direction::Forward, options)
    }

    #[inline]
    pub(crate) fn next(&mut self, operation: Operation) -> Result<Option<(&[u8], &[u8])>> {
        let iterator = &mut self.iterator;
        match (self.place, self.direction) {
            (Place::Lent, Direction::Forward) => iterator.next(),
            (Place::Lent, Direction::Reverse) => iterator.prev(),
            (Place::Unplaced, Direction::Forward) => iterator.seek_to_first(),
            (Place::Unplaced, Direction::Reverse) => iterator.seek_to_last(),
            (Place::Ahead, _) => {}
            (Place::Failed, _) => return Ok(None),
        }
        self.place = Place::Lent;
        let item = iterator.item();
        if item.is_none() {
            // An iterator that meets an error looks as if it were at its end.
            if let Err(cause) = iterator.status() {
                self.place = Place::Failed;
                return Err(self.database.fail(cause, operation));
            }
        }
        Ok(item.map(|(key, value)| (key_of(key), value)))
    }

    /// Moves to a key, or to the next one in the cursor's direction. RocksDB stays within the
    /// bounds.
    pub(crate) fn seek(&mut self, key: &[u8]) {
        if self.place == Place::Failed {
            return;
        }
        let stored = stored_key(self.number, key);
        match self.direction {
            Direction::Forward => self.iterator.seek(&stored),
            Direction::Reverse => self.iterator.seek_for_prev(&stored),
        }
        self.place = Place::Ahead;
    }
}
