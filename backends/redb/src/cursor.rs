//! The entries of a table in order.

use std::ops::Bound;

use arbour_core::{Cursor, Direction, Error, KeyRange, Operation, Result, Tree as _, TreeHandle};
use redb::{AccessGuard, Range, ReadableTable as _, Table};

use crate::RedbSnapshot;
use crate::error;
use crate::shield::shielded;
use crate::tables::Bytes;

/// A cursor of a [`RedbStore`](crate::RedbStore): lends the bytes of redb's own pages.
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
    source: Source<'t>,
    tree: TreeHandle,
    /// What is left to read; `None` if that is nothing.
    rest: Option<Range<'t, Bytes, Bytes>>,
    lent: Option<Entry<'t>>,
    range: KeyRange<'static>,
    direction: Direction,
    failed: bool,
}

/// A key and a value on redb's page.
type Entry<'t> = (AccessGuard<'t, Bytes>, AccessGuard<'t, Bytes>);

/// Where a seek begins anew: redb's own ranges only go on.
#[derive(Clone, Copy)]
pub(crate) enum Source<'t> {
    Snapshot(&'t RedbSnapshot<'t>),
    Table(&'t Table<'t, Bytes, Bytes>),
}

impl<'t> Source<'t> {
    fn range(
        self,
        tree: &TreeHandle,
        range: &KeyRange<'_>,
    ) -> Result<Option<Range<'t, Bytes, Bytes>>> {
        if range.is_empty() {
            return Ok(None);
        }
        let bounds: (Bound<&[u8]>, Bound<&[u8]>) = (range.start(), range.end());
        let failed = |cause| error::storage(cause, Operation::Scan).with_tree(tree.name());
        match self {
            Self::Snapshot(snapshot) => snapshot.with_table(tree, Operation::Scan, |table| {
                table.range::<&[u8]>(bounds).map_err(failed)
            }),
            Self::Table(table) => {
                shielded(Operation::Scan, || table.range::<&[u8]>(bounds).map(Some).map_err(failed))
            }
        }
    }
}

impl<'t> RedbCursor<'t> {
    pub(crate) fn new(
        source: Source<'t>,
        tree: &TreeHandle,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<Self> {
        Ok(Self {
            source,
            tree: tree.clone(),
            rest: source.range(tree, &range)?,
            lent: None,
            range: range.into_owned(),
            direction,
            failed: false,
        })
    }

    #[inline]
    fn advance(&mut self) -> Result<Option<Entry<'t>>> {
        let Some(rest) = &mut self.rest else {
            return Ok(None);
        };
        let entry = match self.direction {
            Direction::Forward => rest.next(),
            Direction::Reverse => rest.next_back(),
        };
        entry.transpose().map_err(|cause| error::storage(cause, Operation::Scan))
    }

    #[cold]
    fn fail(&mut self, error: Error) -> Error {
        self.failed = true;
        self.rest = None;
        error.with_tree(self.tree.name())
    }
}

impl Cursor for RedbCursor<'_> {
    #[inline]
    fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        match shielded(Operation::Scan, || self.advance()) {
            Ok(Some(entry)) => {
                let (key, value) = self.lent.insert(entry);
                Ok(Some((key.value(), value.value())))
            }
            Ok(None) => {
                self.rest = None;
                Ok(None)
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    fn seek(&mut self, key: &[u8]) -> Result<()> {
        if self.failed {
            return Ok(());
        }
        let rest = self.range.from_key(key, self.direction);
        self.rest = self.source.range(&self.tree, &rest).inspect_err(|_| self.failed = true)?;
        Ok(())
    }
}
