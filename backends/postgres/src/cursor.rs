//! Scanning a range, a batch of entries at a time.

use std::ops::Bound;

use arbour_core::engine::successor;
use arbour_core::{Cursor, Direction, Error, KeyRange, Operation, Result, Tree};
use tokio_postgres::Row;

use crate::error::Failure;
use crate::reader::Reader;
use crate::statements::Scan;
use crate::value::PostgresValue;

/// How many rows the first batch of a scan has, and the most that one has.
const ROWS_FIRST: i64 = 32;
const ROWS_MAX: i64 = 2048;

/// How many bytes a batch should have.
const BATCH_BYTES: usize = 1 << 20;

/// The entries of a range, read in batches that grow.
///
/// The first batch has 32 entries, and a later one up to 2,048 or about a mebibyte. A value of more than
/// 64 KiB is not part of a batch: it is asked for when the cursor comes to it.
///
/// ```
/// use arbour_core::{Cursor, Result};
/// use arbour_postgres::PostgresCursor;
/// fn is_at_end(cursor: &mut PostgresCursor<'_, '_>) -> Result<bool> {
///     Ok(cursor.next()?.is_none())
/// }
/// ```
pub struct PostgresCursor<'t, 's> {
    reader: &'t Reader<'s>,
    tree: Tree,
    /// The whole range; `None` if the tree was never written, the range is empty, or a read has failed.
    whole: Option<Scan>,
    /// What is read next.
    rest: Option<Scan>,
    rows: std::vec::IntoIter<Row>,
    shown: Option<Row>,
    /// The value of the shown row, if it was too long for a batch.
    large: Option<PostgresValue>,
}

impl Scan {
    /// The first batch of a range.
    pub(crate) fn new(tree: i32, range: &KeyRange<'_>, direction: Direction) -> Self {
        let start = match range.start() {
            Bound::Unbounded => Vec::new(),
            Bound::Included(key) => key.to_vec(),
            Bound::Excluded(key) => successor(key),
        };
        let end = match range.end() {
            Bound::Unbounded => None,
            Bound::Excluded(key) => Some(key.to_vec()),
            Bound::Included(key) => Some(successor(key)),
        };
        Self { tree, start, end, direction, limit: ROWS_FIRST }
    }

    /// What comes after these rows; `None` if nothing does.
    fn after(mut self, rows: &[Row]) -> Result<Option<Self>, tokio_postgres::Error> {
        let Some(last) = rows.last().filter(|_| rows.len() as i64 == self.limit) else {
            return Ok(None);
        };
        let key: &[u8] = last.try_get(0)?;
        match self.direction {
            Direction::Forward => self.start = successor(key),
            Direction::Reverse => self.end = Some(key.to_vec()),
        }
        let bytes: usize = rows.iter().map(Row::raw_size_bytes).sum();
        let fitting = BATCH_BYTES.saturating_mul(rows.len()) / bytes.max(1);
        let most = i64::try_from(fitting).unwrap_or(ROWS_MAX).clamp(ROWS_FIRST, ROWS_MAX);
        self.limit = (self.limit * 4).min(most);
        Ok(Some(self))
    }

    /// What is left of it from a key on, in its direction; `None` if nothing is.
    fn from(mut self, key: &[u8]) -> Option<Self> {
        match self.direction {
            Direction::Forward if *key > *self.start => self.start = key.to_vec(),
            Direction::Forward => {}
            Direction::Reverse => {
                let after = successor(key);
                self.end = Some(self.end.map_or(after.clone(), |end| end.min(after)));
            }
        }
        (self.end.as_ref().is_none_or(|end| self.start < *end)).then_some(self)
    }
}

impl<'t, 's> PostgresCursor<'t, 's> {
    pub(crate) fn new(
        reader: &'t Reader<'s>,
        tree: &Tree,
        range: &KeyRange<'_>,
        direction: Direction,
    ) -> Result<Self> {
        let number = reader.number(tree, Operation::Scan)?.filter(|_| !range.is_empty());
        let whole = number.map(|number| Scan::new(number, range, direction));
        let (tree, rest, rows) = (tree.clone(), whole.clone(), Vec::new().into_iter());
        Ok(Self { reader, tree, whole, rest, rows, shown: None, large: None })
    }
}

impl PostgresCursor<'_, '_> {
    /// Reads the next batch, if there is one.
    fn read(&mut self) -> Result<()> {
        let Some(scan) = self.rest.take() else { return Ok(()) };
        let rows = self.reader.scan(&scan).map_err(|failure| self.failed(failure))?;
        self.rest = scan.after(&rows).map_err(|cause| self.failed(cause.into()))?;
        self.rows = rows.into_iter();
        Ok(())
    }

    fn failed(&self, failure: Failure) -> Error {
        self.reader.failed(failure, Operation::Scan).with_tree(self.tree.name())
    }

    /// Skips rows that were read already, if the key lies among them.
    fn skip_to(&mut self, key: &[u8]) -> bool {
        let Some(direction) = self.whole.as_ref().map(|whole| whole.direction) else {
            return false;
        };
        let is_before = |row: &Row| {
            let at: &[u8] = row.try_get(0).unwrap_or_default();
            match direction {
                Direction::Forward => at < key,
                Direction::Reverse => at > key,
            }
        };
        // What lies before the first row may have been passed.
        let rows = self.rows.as_slice();
        if !(rows.first().is_some_and(is_before) && rows.last().is_some_and(|row| !is_before(row)))
        {
            return false;
        }
        let count = rows.partition_point(is_before);
        self.rows.by_ref().take(count).for_each(drop);
        true
    }
}

/// A key, and its value if it is not too long for a batch.
fn columns(row: &Row) -> Result<(&[u8], Option<&[u8]>), tokio_postgres::Error> {
    Ok((row.try_get(0)?, row.try_get(1)?))
}

impl Cursor for PostgresCursor<'_, '_> {
    fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        self.shown = self.rows.next();
        if self.shown.is_none() {
            self.read().inspect_err(|_| self.whole = None)?;
            self.shown = self.rows.next();
        }
        let Some(row) = &self.shown else { return Ok(None) };
        let (key, value) = columns(row).map_err(|cause| self.failed(cause.into()))?;
        if value.is_none() {
            let read = self.reader.get(&self.tree, key);
            self.large = read.inspect_err(|_| {
                (self.whole, self.rest, self.rows) = (None, None, Vec::new().into_iter());
            })?;
        }
        let large = self.large.as_ref().map(AsRef::as_ref);
        Ok(value.or(large).map(|value| (key, value)))
    }

    fn seek(&mut self, key: &[u8]) -> Result<()> {
        if !self.skip_to(key) {
            self.rows = Vec::new().into_iter();
            self.rest = self.whole.clone().and_then(|whole| whole.from(key));
        }
        Ok(())
    }
}
