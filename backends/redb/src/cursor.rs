//! Iterating over a table.

use std::mem;
use std::ops::Bound;

use arbour_core::{Cursor, Direction, Error, KeyRange, Operation, Result, Tree};
use redb::{AccessGuard, Range, ReadableTable as _, StorageError, Table};

use crate::catch_panic::{PanicSafe, catch_panic};
use crate::tables::{Bytes, ReadTables};
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
    /// Advances to the next entry and lends it.
    #[inline]
    fn advance(&mut self, direction: Direction) -> Result<Option<(&[u8], &[u8])>> {
        let Self { rest, lent } = self;
        // Before the step: dropping an entry is an atomic operation, which waits for all stores
        // before it, and the step makes many.
        *lent = None;
        match (rest, direction) {
            (Some(rest), Direction::Forward) => lend(rest.next(), lent),
            (Some(rest), Direction::Reverse) => lend(rest.next_back(), lent),
            (None, _) => Ok(None),
        }
    }
}

/// Lends what a step returned from `lent`, which is empty.
///
/// An entry has 24 words, and moving it once more costs as much as the rest of the contract. So this
/// is inlined into each step, and nothing here drops an entry. Otherwise the compiler does not write the
/// entry where it is lent from.
#[inline(always)]
fn lend<'p, 't>(
    next: Option<Result<Entry<'t>, StorageError>>,
    lent: &'p mut Option<Entry<'t>>,
) -> Result<Option<(&'p [u8], &'p [u8])>> {
    match next {
        Some(Ok(entry)) => match lent {
            None => {
                let (key, value) = lent.insert(entry);
                // On a damaged page they may lie outside of it; then redb panics here.
                Ok(Some((key.value(), value.value())))
            }
            Some(_) => {
                mem::forget(entry);
                unreachable!("emptied before the step")
            }
        },
        None => Ok(None),
        Some(Err(cause)) => Err(error::storage(cause, Operation::Scan)),
    }
}

impl Cursor for RedbCursor<'_> {
    #[inline]
    fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        if self.failed {
            return Ok(None);
        }
        let place = &mut *self.place;
        let mut entry = None;
        // A result of this size would be moved twice on its way out.
        let advanced = catch_panic(Operation::Scan, || {
            entry = place.advance(self.direction)?;
            Ok(())
        });
        match advanced {
            Ok(()) => Ok(entry),
            Err(error) => {
                self.failed = true;
                Err(self.store.locate(error.with_tree(self.tree.name())))
            }
        }
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
