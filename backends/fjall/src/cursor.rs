//! Iterating over the entries of a tree.

use std::ops::Bound;

use arbour_core::engine::keyspace::{key_of, lower_bound, upper_bound};
use arbour_core::{Cursor, Direction, KeyRange, Operation, Result, Tree};
use fjall::{Iter, KvPair, Readable as _};

use crate::database::Database;
use crate::engine::STORED_KEY_BYTES_MAX;

/// A cursor of a [`FjallStore`](crate::FjallStore): it lends the bytes of fjall's own blocks.
///
/// ```
/// use arbour_core::{Cursor, KvRead, KvStore, StoreOptions};
/// use arbour_fjall::{FjallCursor, FjallStore};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.fjall");
/// let store = FjallStore::open(&path, &StoreOptions::new())?;
/// let users = store.tree("users")?;
/// let snapshot = store.snapshot()?;
/// let mut cursor: FjallCursor<'_> = snapshot.prefix(&users, b"a")?;
/// assert_eq!(cursor.next()?, None);
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct FjallCursor<'t> {
    pinned: &'t fjall::Snapshot,
    database: &'t Database,
    tree: Tree,
    range: KeyRange<'static>,
    direction: Direction,
    place: Place,
    /// The entry that was lent last.
    lent: Option<KvPair>,
}

/// The position of a cursor.
enum Place {
    /// Not positioned yet, which saves positioning at the start before a seek.
    Unplaced,
    /// Before the next entry of the iterator.
    Before(Iter),
    /// After the last entry.
    Ended,
    /// On an error.
    Failed,
}

impl<'t> FjallCursor<'t> {
    #[inline]
    pub(crate) fn new(
        pinned: &'t fjall::Snapshot,
        database: &'t Database,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Self {
        let range = range.into_owned();
        let (tree, place) = (tree.clone(), Place::Unplaced);
        Self { pinned, database, tree, range, direction, place, lent: None }
    }

    /// Creates fjall's iterator over a range. It cannot be moved, so each seek creates one.
    fn iterate(&self, range: &KeyRange<'_>) -> Place {
        if range.is_empty() {
            return Place::Ended;
        }
        let number = self.tree.number();
        let mut start = lower_bound(number, range.start()).into_vec();
        let mut end = upper_bound(number, range.end()).into_vec();
        // fjall panics at a bound that is longer than its keys. No key lies between such a bound and
        // the longest key that it begins with.
        let start_is_cut = cut(&mut start);
        let start = if start_is_cut { Bound::Excluded(start) } else { Bound::Included(start) };
        let end_is_cut = cut(&mut end);
        let end = if end_is_cut { Bound::Included(end) } else { Bound::Excluded(end) };
        Place::Before(self.pinned.range(&self.database.entries, (start, end)))
    }
}

/// Cuts a bound to the length of fjall's longest key, and tells whether it was longer.
fn cut(bound: &mut Vec<u8>) -> bool {
    let is_longer = bound.len() > STORED_KEY_BYTES_MAX;
    bound.truncate(STORED_KEY_BYTES_MAX);
    is_longer
}

impl Cursor for FjallCursor<'_> {
    #[inline]
    fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        if let Place::Unplaced = self.place {
            self.place = self.iterate(&self.range);
        }
        let Place::Before(iterator) = &mut self.place else { return Ok(None) };
        let found = match self.direction {
            Direction::Forward => iterator.next(),
            Direction::Reverse => iterator.next_back(),
        };
        let Some(entry) = found else {
            self.place = Place::Ended;
            return Ok(None);
        };
        match entry.into_inner() {
            Ok(entry) => {
                let (key, value) = self.lent.insert(entry);
                Ok(Some((key_of(key), value)))
            }
            Err(cause) => {
                self.place = Place::Failed;
                let error = self.database.fail(cause, Operation::Scan);
                Err(error.with_tree(self.tree.name()))
            }
        }
    }

    fn seek(&mut self, key: &[u8]) -> Result<()> {
        if !matches!(self.place, Place::Failed) {
            self.place = self.iterate(&self.range.from_key(key, self.direction));
        }
        Ok(())
    }
}
