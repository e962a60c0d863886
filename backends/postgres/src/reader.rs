//! Reading through one connection.

use std::cell::RefCell;

use arbour_core::engine::Prefetch;
use arbour_core::{Error, Operation, Result, Tree};
use tokio_postgres::Row;

use crate::error::Failure;
use crate::pool::Pooled;
use crate::prefetched::Prefetched;
use crate::shared::Shared;
use crate::statements::Scan;
use crate::value::PostgresValue;

/// Reads what its connection sees: the state at a moment, if a transaction is open there, and otherwise
/// the current one.
pub(crate) struct Reader<'s> {
    pub(crate) store: &'s Shared,
    pub(crate) session: RefCell<Pooled<'s>>,
    /// What was read before it was asked for.
    prefetched: RefCell<Prefetched>,
    /// Whether a transaction is open. It is rolled back when this is dropped.
    pub(crate) is_open: bool,
}

impl<'s> Reader<'s> {
    pub(crate) fn new(store: &'s Shared, session: Pooled<'s>) -> Self {
        let (session, prefetched) = (RefCell::new(session), RefCell::default());
        Self { store, session, prefetched, is_open: false }
    }

    /// Returns the number of a tree; `None` if nothing was ever written to it.
    pub(crate) fn number(&self, tree: &Tree, operation: Operation) -> Result<Option<i32>> {
        self.store.trees.check(tree, operation)?;
        if let Some(number) = self.store.numbers.get(tree) {
            return Ok(Some(number));
        }
        let name = tree.name().as_bytes();
        let rows = self.session.borrow_mut().query(|prepared| &prepared.number, &[&name]);
        let number = first(&rows.map_err(|failure| self.failed(failure, operation))?, operation)?;
        if let Some(number) = number {
            self.store.numbers.keep(tree, number);
        }
        Ok(number)
    }

    pub(crate) fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<PostgresValue>> {
        let placed = |error: Error| error.with_tree(tree.name()).with_key(key);
        let Some(number) = self.number(tree, Operation::Get).map_err(placed)? else {
            return Ok(None);
        };
        if let Some(value) = self.prefetched.borrow().value(number, key) {
            return Ok(value);
        }
        let rows = self.session.borrow_mut().query(|prepared| &prepared.get, &[&number, &key]);
        let rows = rows.map_err(|failure| placed(self.failed(failure, Operation::Get)))?;
        Ok(rows.into_iter().next().and_then(PostgresValue::of))
    }

    /// Reads the first entries of a span.
    pub(crate) fn scan(&self, scan: &Scan) -> Result<Vec<Row>, Failure> {
        match self.prefetched.borrow_mut().take_first(scan) {
            Some(rows) => Ok(rows),
            None => self.session.borrow_mut().scan(scan),
        }
    }

    /// Reads what is about to be read, in one round trip, after one more if the numbers of trees are not
    /// known yet.
    pub(crate) fn prefetch(&self, reads: &[Prefetch]) -> Result<()> {
        let mut values: Vec<(i32, Vec<&[u8]>)> = Vec::new();
        let mut scans = Vec::new();
        for read in reads {
            match read {
                Prefetch::Value(tree, key) => {
                    let Some(number) = self.number(tree, Operation::Get)? else { continue };
                    if self.prefetched.borrow().value(number, key).is_some() {
                        continue;
                    }
                    match values.iter_mut().find(|(tree, _)| *tree == number) {
                        Some((_, keys)) => keys.push(key),
                        None => values.push((number, vec![key])),
                    }
                }
                Prefetch::First(tree, range, direction) => {
                    let number = self.number(tree, Operation::Scan)?;
                    scans.extend(number.map(|number| Scan::new(number, range, *direction)));
                }
            }
        }
        if values.is_empty() && scans.is_empty() {
            return Ok(());
        }
        let read = self.session.borrow_mut().read_all(&values, &scans);
        let (found, rows) = read.map_err(|failure| self.failed(failure, Operation::Get))?;
        let mut prefetched = self.prefetched.borrow_mut();
        for ((tree, keys), found) in values.into_iter().zip(found) {
            for (key, row) in keys.into_iter().zip(found) {
                prefetched.add_value(tree, key, PostgresValue::of(row));
            }
        }
        scans.into_iter().zip(rows).for_each(|(scan, rows)| prefetched.add_first(scan, rows));
        Ok(())
    }

    pub(crate) fn failed(&self, failure: Failure, operation: Operation) -> Error {
        failure.into_error(operation).with_path(&self.store.pool.address().name)
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        if self.is_open {
            self.session.borrow_mut().roll_back();
        }
    }
}

/// Returns the first column of the first row.
pub(crate) fn first<'r, T: tokio_postgres::types::FromSql<'r>>(
    rows: &'r [Row],
    operation: Operation,
) -> Result<Option<T>> {
    let value = rows.first().map(|row| row.try_get(0)).transpose();
    value.map_err(|cause| Failure::from(cause).into_error(operation))
}
