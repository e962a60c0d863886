//! Reading through one connection.

use std::cell::RefCell;

use arbour_core::{Error, Operation, Result, Tree};
use tokio_postgres::Row;

use crate::error::Failure;
use crate::pool::Pooled;
use crate::shared::Shared;

/// Reads what its connection sees: the state at a moment, if a transaction is open there, and otherwise
/// the current one.
pub(crate) struct Reader<'s> {
    pub(crate) store: &'s Shared,
    pub(crate) session: RefCell<Pooled<'s>>,
    /// Whether a transaction is open. It is rolled back when this is dropped.
    pub(crate) is_open: bool,
}

impl<'s> Reader<'s> {
    pub(crate) fn new(store: &'s Shared, session: Pooled<'s>) -> Self {
        Self { store, session: RefCell::new(session), is_open: false }
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
        let rows = self.session.borrow_mut().query(|prepared| &prepared.get, &[&number, &key]);
        let rows = rows.map_err(|failure| placed(self.failed(failure, Operation::Get)))?;
        Ok(rows.into_iter().next().map(|row| PostgresValue { row }))
    }

    pub(crate) fn failed(&self, failure: Failure, operation: Operation) -> Error {
        failure.into_error(operation).with_path(&self.store.pool.address().name)
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        if self.is_open {
            self.session.borrow_mut().send("ROLLBACK");
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

/// The bytes of a value, within the answer of the server.
///
/// ```
/// fn length(value: &arbour_postgres::PostgresValue) -> usize {
///     value.as_ref().len()
/// }
/// ```
#[derive(Debug)]
pub struct PostgresValue {
    pub(crate) row: Row,
}

impl AsRef<[u8]> for PostgresValue {
    fn as_ref(&self) -> &[u8] {
        self.row.try_get(0).unwrap_or_default()
    }
}
