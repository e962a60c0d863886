//! Iterating over the entries of a tree.

use std::ops::Bound;
use std::path::Path;

use arbour_core::{Cursor, Direction, Error, KeyRange, Operation, Result, Tree};
use rusqlite::{CachedStatement, Row, Rows};
use self_cell::{MutBorrow, self_cell};

use crate::tree::Shape;
use crate::tree_connection::{TreeConnection, failed};

self_cell!(
    /// A statement together with its rows, which borrow it.
    struct Stepping<'t> {
        owner: MutBorrow<CachedStatement<'t>>,
        #[covariant]
        dependent: Rows,
    }
);

/// A cursor of a [`SqliteStore`](crate::SqliteStore): it lends the bytes of SQLite's own row.
///
/// ```
/// use arbour_core::{Cursor, KvRead, KvStore, StoreOptions};
/// use arbour_sqlite::{SqliteCursor, SqliteStore};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.sqlite");
/// let store = SqliteStore::open(&path, &StoreOptions::new())?;
/// let users = store.tree("users")?;
/// let snapshot = store.snapshot()?;
/// let mut cursor: SqliteCursor<'_> = snapshot.prefix(&users, b"a")?;
/// assert_eq!(cursor.next()?, None);
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct SqliteCursor<'t> {
    base: &'t TreeConnection,
    path: &'t Path,
    tree: Tree,
    /// The running statement; `None` if there is nothing to read.
    stepping: Option<Stepping<'t>>,
    shape: Shape,
    range: KeyRange<'static>,
    direction: Direction,
    failed: bool,
}

/// Returns which bounds a statement over a range needs.
#[inline]
fn shape(range: &KeyRange<'_>, direction: Direction) -> Shape {
    let is_bounded = |bound: Bound<&[u8]>| bound != Bound::Unbounded;
    Shape { lower: is_bounded(range.start()), upper: is_bounded(range.end()), direction }
}

/// Binds the bounds of a range to a statement of its shape.
#[inline]
pub(crate) fn bind(
    statement: &mut CachedStatement<'_>,
    range: &KeyRange<'_>,
) -> rusqlite::Result<()> {
    let next = |key: &[u8]| [key, &[0]].concat();
    match range.start() {
        Bound::Unbounded => {}
        Bound::Included(key) => statement.raw_bind_parameter(1, key)?,
        Bound::Excluded(key) => statement.raw_bind_parameter(1, next(key))?,
    }
    // The upper bound is always parameter 2, even without a lower bound.
    match range.end() {
        Bound::Unbounded => {}
        Bound::Excluded(key) => statement.raw_bind_parameter(2, key)?,
        Bound::Included(key) => statement.raw_bind_parameter(2, next(key))?,
    }
    Ok(())
}

/// Returns the shape of a deletion.
pub(crate) fn shape_to_delete(range: &KeyRange<'_>) -> Shape {
    shape(range, Direction::Forward)
}

impl<'t> SqliteCursor<'t> {
    #[inline]
    pub(crate) fn new(
        base: &'t TreeConnection,
        path: &'t Path,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<Self> {
        let mut cursor = Self {
            base,
            path,
            tree: tree.clone(),
            stepping: None,
            shape: shape(&range, direction),
            range: range.into_owned(),
            direction,
            failed: false,
        };
        if !cursor.range.is_empty() {
            let statement = cursor.prepare(cursor.shape)?;
            cursor.stepping = cursor.start(statement, &cursor.range)?;
        }
        Ok(cursor)
    }

    fn prepare(&self, shape: Shape) -> Result<Option<CachedStatement<'t>>> {
        let sql = self.base.sql(&self.tree);
        let prepared = self.base.prepare(&self.tree, sql.scan(shape), Operation::Scan);
        prepared.map_err(|error| error.with_path(self.path))
    }

    /// Binds a statement to a range, without the first step, which is left to
    /// [`next`](Cursor::next).
    #[inline]
    fn start(
        &self,
        statement: Option<CachedStatement<'t>>,
        range: &KeyRange<'_>,
    ) -> Result<Option<Stepping<'t>>> {
        let Some(mut statement) = statement else {
            return Ok(None);
        };
        match bind(&mut statement, range) {
            Ok(()) => {
                let owner = MutBorrow::new(statement);
                Ok(Some(Stepping::new(owner, |statement| statement.borrow_mut().raw_query())))
            }
            Err(cause) => Err(failed(cause, Operation::Scan, &self.tree).with_path(self.path)),
        }
    }

    fn begin_at(&mut self, key: &[u8]) -> Result<()> {
        let used = self.stepping.take().map(|stepping| stepping.into_owner().into_inner());
        let rest = self.range.from_key(key, self.direction);
        if rest.is_empty() {
            return Ok(());
        }
        let shape = shape(&rest, self.direction);
        let statement = match used {
            Some(statement) if shape == self.shape => Some(statement),
            used => {
                // Dropping it returns it to where the next statement is looked up.
                drop(used);
                self.prepare(shape)?
            }
        };
        let stepping = self.start(statement, &rest)?;
        self.shape = shape;
        self.stepping = stepping;
        Ok(())
    }
}

/// Lends the key and value of a row.
#[inline]
fn entry<'r>(row: &'r Row<'_>) -> rusqlite::Result<(&'r [u8], &'r [u8])> {
    Ok((row.get_ref(0)?.as_blob()?, row.get_ref(1)?.as_blob()?))
}

/// Returns the error of a step, unless it only says that the table no longer exists.
#[cold]
fn ended(
    base: &TreeConnection,
    path: &Path,
    tree: &Tree,
    cause: rusqlite::Error,
) -> Result<(), Error> {
    base.absent_or(tree, cause, Operation::Scan).map_err(|error| error.with_path(path))
}

impl Cursor for SqliteCursor<'_> {
    #[inline]
    fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        let Self { base, path, tree, stepping, failed, .. } = self;
        let Some(stepping) = stepping else {
            return Ok(None);
        };
        // After the last row and after an error SQLite's rows are finished and stay so.
        let stepped = stepping.with_dependent_mut(|_, rows| match rows.next() {
            Ok(Some(row)) if !*failed => entry(row).map(Some),
            Ok(_) => Ok(None),
            Err(cause) => Err(cause),
        });
        stepped.or_else(|cause| match ended(base, path, tree, cause) {
            Ok(()) => Ok(None),
            Err(error) => {
                *failed = true;
                Err(error)
            }
        })
    }

    fn seek(&mut self, key: &[u8]) -> Result<()> {
        if self.failed {
            return Ok(());
        }
        self.begin_at(key).inspect_err(|_| self.failed = true)
    }
}
