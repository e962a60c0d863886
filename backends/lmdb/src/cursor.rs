//! Iterating over a tree.

use std::ops::Bound;

use arbour_core::engine::keyspace::{TreeNumber, key_of, lower_bound, upper_bound};
use arbour_core::{Cursor, Direction, Error, KeyRange, Operation, Result, Tree};
use heed::types::Bytes;
use heed::{RoRange, RoRevRange};

use crate::error;
use crate::range_end::RangeEnd;
use crate::reader::Reader;

/// A cursor of a [`LmdbStore`](crate::LmdbStore): it lends bytes of the memory map.
///
/// ```
/// use arbour_core::{Cursor, KvRead, KvStore, StoreOptions};
/// use arbour_lmdb::{LmdbCursor, LmdbStore};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.lmdb");
/// let store = LmdbStore::open(&path, &StoreOptions::new())?;
/// let users = store.tree("users")?;
/// let snapshot = store.snapshot()?;
/// let mut cursor: LmdbCursor<'_> = snapshot.prefix(&users, b"a")?;
/// assert_eq!(cursor.next()?, None);
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct LmdbCursor<'t> {
    reader: Reader<'t>,
    tree: Tree,
    /// `None` if the tree was never written, and after an error.
    number: Option<TreeNumber>,
    range: KeyRange<'static>,
    direction: Direction,
    rest: Rest<'t>,
    end: Option<RangeEnd>,
}

/// What is left to read. LMDB's ranges cannot seek, so a seek makes a new one.
enum Rest<'t> {
    Nothing,
    Forward(RoRange<'t, Bytes, Bytes>),
    Reverse(RoRevRange<'t, Bytes, Bytes>),
}

impl<'t> LmdbCursor<'t> {
    #[inline]
    pub(crate) fn new(
        reader: Reader<'t>,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<Self> {
        reader.store.check_tree(tree, Operation::Scan)?;
        let mut cursor = Self {
            reader,
            tree: tree.clone(),
            number: None,
            range: KeyRange::all(),
            direction,
            rest: Rest::Nothing,
            end: None,
        };
        cursor.number = reader
            .numbers
            .get(reader.transaction, tree, Operation::Scan)
            .map_err(|error| cursor.fail(error))?;
        cursor.rest = cursor.open(&range)?;
        cursor.range = range.into_owned();
        Ok(cursor)
    }

    fn open(&mut self, range: &KeyRange<'_>) -> Result<Rest<'t>> {
        let Some(number) = self.number.filter(|_| !range.is_empty()) else {
            return Ok(Rest::Nothing);
        };
        let (entries, transaction) = (self.reader.numbers.entries(), self.reader.transaction);
        let opened = match self.direction {
            Direction::Forward => {
                self.end = Some(RangeEnd::new(number, range.end(), self.direction));
                let start = lower_bound(number, range.start());
                let stored = (Bound::Included(&*start), Bound::Unbounded);
                entries.range(transaction, &stored).map(Rest::Forward)
            }
            Direction::Reverse => {
                self.end = Some(RangeEnd::new(number, range.start(), self.direction));
                let end = upper_bound(number, range.end());
                let stored = (Bound::Unbounded, Bound::Excluded(&*end));
                entries.rev_range(transaction, &stored).map(Rest::Reverse)
            }
        };
        opened.map_err(|cause| self.fail(error::engine(cause, Operation::Scan)))
    }

    #[cold]
    fn fail(&mut self, error: Error) -> Error {
        self.number = None;
        self.rest = Rest::Nothing;
        self.reader.store.locate(error).with_tree(self.tree.name())
    }
}

impl Cursor for LmdbCursor<'_> {
    #[inline]
    fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        let next = match &mut self.rest {
            Rest::Forward(range) => range.next(),
            Rest::Reverse(range) => range.next(),
            Rest::Nothing => None,
        };
        match next {
            Some(Ok((key, value))) if self.end.as_ref().is_some_and(|end| end.admits(key)) => {
                Ok(Some((key_of(key), value)))
            }
            Some(Ok(_)) | None => {
                // LMDB's range would begin anew.
                self.rest = Rest::Nothing;
                Ok(None)
            }
            Some(Err(cause)) => Err(self.fail(error::engine(cause, Operation::Scan))),
        }
    }

    fn seek(&mut self, key: &[u8]) -> Result<()> {
        let range = std::mem::replace(&mut self.range, KeyRange::all());
        let opened = self.open(&range.from_key(key, self.direction));
        self.range = range;
        self.rest = opened?;
        Ok(())
    }
}
