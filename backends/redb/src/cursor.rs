//! Iterating over a table.

use std::ops::Bound;

use arbour_core::{Cursor, Direction, Error, KeyRange, Operation, Result, Tree};
use redb::{AccessGuard, Range, ReadableTable as _, Table};

use crate::catch_panic::{PanicSafe, catch_panic};
use crate::tables::{Bytes, ReadTables};
use crate::value::look_at;
use crate::{RedbStore, error};

/// A cursor of a [`RedbStore`](crate::RedbStore): it lends the bytes of redb's own pages.
///
/// ```
/// use arbour_core::{Cursor, KvRead, KvStore, StoreOptions};
/// use arbour_redb::{RedbCursor, RedbStore};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.redb");
/// let store = RedbStore::open(&path, &StoreOptions::new())?;
/// let users = store.tree("users")?;
/// let snapshot = store.snapshot()?;
/// let mut cursor: RedbCursor<'_> = snapshot.prefix(&users, b"a")?;
/// assert_eq!(cursor.next()?, None);
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct RedbCursor<'t> {
    store: &'t RedbStore,
    source: Source<'t>,
    tree: Tree,
    place: PanicSafe<Place<'t>>,
    range: KeyRange<'static>,
    direction: Direction,
    failed: bool,
}

/// The position of a cursor.
#[derive(Default)]
struct Place<'t> {
    /// What is left to read; `None` if nothing is.
    rest: Option<Range<'t, Bytes, Bytes>>,
    /// The entry lent last.
    lent: Option<Entry<'t>>,
}

/// A key and a value on redb's page.
type Entry<'t> = (AccessGuard<'t, Bytes>, AccessGuard<'t, Bytes>);

/// Where a seek starts again: redb's ranges cannot seek.
#[derive(Clone, Copy)]
pub(crate) enum Source<'t> {
    Snapshot(&'t ReadTables),
    Table(&'t Table<'t, Bytes, Bytes>),
}

impl<'t> Source<'t> {
    /// Opens a range and stores it in the cursor: redb's range is too large to be moved through
    /// several results at no cost.
    #[inline]
    fn open(
        self,
        tree: &Tree,
        range: &KeyRange<'_>,
        rest: &mut Option<Range<'t, Bytes, Bytes>>,
    ) -> Result<()> {
        let bounds: (Bound<&[u8]>, Bound<&[u8]>) = (range.start(), range.end());
        let failed = |cause| error::storage(cause, Operation::Scan).with_tree(tree.name());
        catch_panic(Operation::Scan, || match self {
            Self::Snapshot(tables) => tables
                .with(tree, Operation::Scan, |table| {
                    *rest = Some(table.range::<&[u8]>(bounds).map_err(failed)?);
                    Ok(())
                })
                .map(drop),
            Self::Table(table) => {
                *rest = Some(table.range::<&[u8]>(bounds).map_err(failed)?);
                Ok(())
            }
        })
    }
}

impl<'t> RedbCursor<'t> {
    #[inline]
    pub(crate) fn new(
        store: &'t RedbStore,
        source: Source<'t>,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<Self> {
        let mut cursor = Self {
            store,
            source,
            tree: tree.clone(),
            place: PanicSafe::new(Place::default()),
            range: range.into_owned(),
            direction,
            failed: false,
        };
        if !cursor.range.is_empty() {
            let opened = source.open(tree, &cursor.range, &mut cursor.place.rest);
            opened.map_err(|error| cursor.fail(error))?;
        }
        Ok(cursor)
    }

    #[cold]
    fn fail(&mut self, error: Error) -> Error {
        self.failed = true;
        self.place = PanicSafe::new(Place::default());
        self.store.locate(error.with_tree(self.tree.name()))
    }
}

impl Place<'_> {
    /// Advances to the next entry and stores it in place: it is too large to be moved through
    /// several results at no cost.
    #[inline]
    fn advance(&mut self, direction: Direction) -> Result<()> {
        let next = match (&mut self.rest, direction) {
            (Some(rest), Direction::Forward) => rest.next(),
            (Some(rest), Direction::Reverse) => rest.next_back(),
            (None, _) => None,
        };
        match next {
            Some(Ok(entry)) => {
                let (key, value) = self.lent.insert(entry);
                look_at(key);
                look_at(value);
            }
            None => self.lent = None,
            Some(Err(cause)) => return Err(error::storage(cause, Operation::Scan)),
        }
        Ok(())
    }
}

impl Cursor for RedbCursor<'_> {
    #[inline]
    fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        let place = &mut *self.place;
        if let Err(error) = catch_panic(Operation::Scan, || place.advance(self.direction)) {
            return Err(self.fail(error));
        }
        Ok(self.place.lent.as_ref().map(|(key, value)| (key.value(), value.value())))
    }

    fn seek(&mut self, key: &[u8]) -> Result<()> {
        if self.failed {
            return Ok(());
        }
        let rest = self.range.from_key(key, self.direction);
        self.place = PanicSafe::new(Place::default());
        if rest.is_empty() {
            return Ok(());
        }
        let sought = self.source.open(&self.tree, &rest, &mut self.place.rest);
        sought.map_err(|error| self.fail(error))
    }
}
