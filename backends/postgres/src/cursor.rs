//! Scanning a range, a batch of entries at a time.

use std::ops::Bound;

use arbour_core::engine::successor;
use arbour_core::{Cursor, Direction, Error, KeyRange, Operation, Result, Tree};
use tokio_postgres::Row;

use crate::error::Failure;
use crate::reader::{PostgresValue, Reader};

/// How many rows the first batch of a scan has, and the most that one has.
const ROWS_FIRST: i64 = 64;
const ROWS_MAX: i64 = 2048;

/// How many bytes a batch should have.
const BATCH_BYTES: usize = 1 << 20;

/// The entries of a range, read in batches that grow.
///
/// The first batch has 64 entries, and a later one up to 2,048 or about a mebibyte. A value of more than
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
    /// `None` if the tree was never written, the range is empty, or a read has failed.
    number: Option<i32>,
    direction: Direction,
    /// The first key, and the key after the last.
    whole: (Vec<u8>, Option<Vec<u8>>),
    /// What has not been read yet.
    rest: (Vec<u8>, Option<Vec<u8>>),
    /// Whether there is nothing after the rows.
    is_last: bool,
    rows: std::vec::IntoIter<Row>,
    shown: Option<Row>,
    /// The value of the shown row, if it was too long for a batch.
    large: Option<PostgresValue>,
    limit: i64,
}

impl<'t, 's> PostgresCursor<'t, 's> {
    pub(crate) fn new(
        reader: &'t Reader<'s>,
        tree: &Tree,
        range: &KeyRange<'_>,
        direction: Direction,
    ) -> Result<Self> {
        let number = reader.number(tree, Operation::Scan)?.filter(|_| !range.is_empty());
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
        Ok(Self {
            reader,
            tree: tree.clone(),
            number,
            direction,
            whole: (start.clone(), end.clone()),
            rest: (start, end),
            is_last: false,
            rows: Vec::new().into_iter(),
            shown: None,
            large: None,
            limit: ROWS_FIRST,
        })
    }
}

impl PostgresCursor<'_, '_> {
    fn read(&mut self) -> Result<()> {
        let Some(number) = self.number else { return Ok(()) };
        let (start, end) = (self.rest.0.as_slice(), self.rest.1.as_deref());
        let mut session = self.reader.session.borrow_mut();
        let rows =
            match (self.direction, end) {
                (Direction::Forward, Some(end)) => session
                    .query(|prepared| &prepared.forward, &[&number, &self.limit, &start, &end]),
                (Direction::Forward, None) => session
                    .query(|prepared| &prepared.forward_to_end, &[&number, &self.limit, &start]),
                (Direction::Reverse, Some(end)) => session
                    .query(|prepared| &prepared.reverse, &[&number, &self.limit, &start, &end]),
                (Direction::Reverse, None) => session
                    .query(|prepared| &prepared.reverse_from_end, &[&number, &self.limit, &start]),
            };
        drop(session);
        let rows = rows.map_err(|failure| self.failed(failure))?;
        self.is_last = (rows.len() as i64) < self.limit;
        if let Some(last) = rows.last() {
            let key: &[u8] = last.try_get(0).map_err(|cause| self.failed(cause.into()))?;
            match self.direction {
                Direction::Forward => self.rest.0 = successor(key),
                Direction::Reverse => self.rest.1 = Some(key.to_vec()),
            }
            let bytes: usize = rows.iter().map(Row::raw_size_bytes).sum();
            let fitting = BATCH_BYTES.saturating_mul(rows.len()) / bytes.max(1);
            let most = i64::try_from(fitting).unwrap_or(ROWS_MAX).clamp(ROWS_FIRST, ROWS_MAX);
            self.limit = (self.limit * 4).min(most);
        }
        self.rows = rows.into_iter();
        Ok(())
    }

    fn failed(&self, failure: Failure) -> Error {
        self.reader.failed(failure, Operation::Scan).with_tree(self.tree.name())
    }

    /// Skips rows that were read already, if the key lies among them.
    fn skip_to(&mut self, key: &[u8]) -> bool {
        let direction = self.direction;
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
        if self.number.is_none() {
            return Ok(None);
        }
        self.shown = self.rows.next();
        if self.shown.is_none() && !self.is_last {
            self.read().inspect_err(|_| self.number = None)?;
            self.shown = self.rows.next();
        }
        let Some(row) = &self.shown else { return Ok(None) };
        let (key, value) = columns(row).map_err(|cause| self.failed(cause.into()))?;
        if value.is_none() {
            let read = self.reader.get(&self.tree, key);
            self.large = read.inspect_err(|_| self.number = None)?;
        }
        let large = self.large.as_ref().map(AsRef::as_ref);
        Ok(value.or(large).map(|value| (key, value)))
    }

    fn seek(&mut self, key: &[u8]) -> Result<()> {
        if self.skip_to(key) {
            return Ok(());
        }
        self.rest = self.whole.clone();
        match self.direction {
            Direction::Forward if key > self.whole.0.as_slice() => self.rest.0 = key.to_vec(),
            Direction::Reverse => {
                let after = successor(key);
                if self.whole.1.as_ref().is_none_or(|end| after < *end) {
                    self.rest.1 = Some(after);
                }
            }
            Direction::Forward => {}
        }
        self.rows = Vec::new().into_iter();
        self.limit = ROWS_FIRST;
        let is_empty = self.rest.1.as_ref().is_some_and(|end| self.rest.0 >= *end);
        self.is_last = is_empty;
        Ok(())
    }
}
