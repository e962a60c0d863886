//! A connection in use that can move between threads.

use std::cell::Cell;

use arbour_core::{Result, Tree};
use rusqlite::Connection;

use crate::SqliteValue;
use crate::tree_connection::TreeConnection;

/// Reads trees through one connection, like a [`Session`](crate::session::Session) without
/// statements of its own: each read looks its statement up in the connection's cache, which costs a
/// third of a small read. A prepared statement that lies beside its connection must stay on its
/// thread, and so must a session that has some.
pub(crate) struct SendSession {
    base: TreeConnection,
    /// Memory for the next value.
    spare: Cell<Vec<u8>>,
}

impl SendSession {
    pub(crate) fn new(base: TreeConnection) -> Self {
        Self { base, spare: Cell::default() }
    }

    pub(crate) fn base(&self) -> &TreeConnection {
        &self.base
    }

    pub(crate) fn into_connection(self) -> Connection {
        self.base.into_connection()
    }

    pub(crate) fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<SqliteValue<'_>>> {
        self.get_with(tree, key, |value| SqliteValue::new(value, &self.spare))
    }

    pub(crate) fn get_with<R>(
        &self,
        tree: &Tree,
        key: &[u8],
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<Option<R>> {
        self.base.get_with(tree, key, read)
    }
}
