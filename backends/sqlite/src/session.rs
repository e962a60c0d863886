//! A connection in use, with its cached statements.
//!
//! A connection keeps its prepared statements by their text, and a lookup costs a third of a read.
//! A session looks each up once and then keeps it by the number of its tree. It cannot keep them
//! longer: a statement must stay on its thread, and a connection may change threads between two
//! sessions.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use arbour_core::engine::Write;
use arbour_core::{Operation, Result, Tree};
use rusqlite::{CachedStatement, Connection};
use self_cell::self_cell;

use crate::SqliteValue;
use crate::error::is_of_statement;
use crate::statement::has_table;
use crate::tree::TreeSql;
use crate::tree_connection::{TreeConnection, failed, find};

self_cell!(
    struct Lent {
        owner: TreeConnection,
        #[not_covariant]
        dependent: Statements,
    }
);

/// Reads and writes trees through one connection.
pub(crate) struct Session {
    lent: Lent,
    /// Memory for the next value.
    spare: Cell<Vec<u8>>,
}

/// The statements of each tree used, by its number: what a session keeps does not grow with the
/// number of handles that the store has given out.
#[derive(Default)]
struct Statements<'c> {
    /// The statements of the first trees, which are all that most stores have: 20 ns quicker than
    /// the map.
    first: RefCell<Vec<Slots<'c>>>,
    rest: RefCell<BTreeMap<usize, Slots<'c>>>,
}

/// How many trees are kept in `first`.
const FIRST_TREES: usize = 64;

/// The statements of one tree. Each is taken out while it runs, because the caller may use the same
/// statement again while handling the row.
#[derive(Default)]
struct Slots<'c> {
    get: Slot<'c>,
    put: Slot<'c>,
    delete: Slot<'c>,
    /// The table does not exist, so the tree is empty.
    absent: Cell<bool>,
}

type Slot<'c> = Cell<Option<Box<CachedStatement<'c>>>>;

#[derive(Clone, Copy)]
enum Kind {
    Get,
    Put,
    Delete,
}

impl Kind {
    fn sql(self, sql: &TreeSql) -> &str {
        match self {
            Self::Get => &sql.get,
            Self::Put => &sql.put,
            Self::Delete => &sql.delete,
        }
    }

    fn slot<'s, 'c>(self, slots: &'s Slots<'c>) -> &'s Slot<'c> {
        match self {
            Self::Get => &slots.get,
            Self::Put => &slots.put,
            Self::Delete => &slots.delete,
        }
    }
}

impl<'c> Statements<'c> {
    #[inline]
    fn with<R>(&self, tree: &Tree, run: impl FnOnce(&Slots<'c>) -> R) -> R {
        if let Some(slots) = self.first.borrow().get(tree.number() as usize) {
            return run(slots);
        }
        if (tree.number() as usize) >= FIRST_TREES {
            return run(self.rest.borrow_mut().entry(tree.number() as usize).or_default());
        }
        let mut first = self.first.borrow_mut();
        first.resize_with((tree.number() as usize) + 1, Slots::default);
        run(first.last().unwrap_or(&Slots::default()))
    }

    /// Runs a statement of a tree; `None` if the tree has no table.
    #[inline]
    fn run<R>(
        &self,
        base: &'c TreeConnection,
        tree: &Tree,
        kind: Kind,
        run: impl FnOnce(&mut CachedStatement<'c>) -> rusqlite::Result<R>,
    ) -> rusqlite::Result<Option<R>> {
        // Take the statement out, and borrow nothing while it runs: `run` may call this again.
        let (kept, absent) = self.with(tree, |slots| (kind.slot(slots).take(), slots.absent.get()));
        // A session sees one moment, or has the only writer: a missing table stays missing until the
        // session creates it.
        if absent {
            return Ok(None);
        }
        let mut statement = match kept {
            Some(statement) => statement,
            None => match self.prepare(base, tree, kind)? {
                Some(statement) => statement,
                None => return Ok(None),
            },
        };
        let result = run(&mut statement);
        self.with(tree, |slots| kind.slot(slots).set(Some(statement)));
        match result {
            Ok(result) => Ok(Some(result)),
            Err(cause) => self.absent_or(base, tree, cause),
        }
    }

    /// Prepares a statement of a tree; `None` if the tree has no table.
    #[cold]
    fn prepare(
        &self,
        base: &'c TreeConnection,
        tree: &Tree,
        kind: Kind,
    ) -> rusqlite::Result<Option<Box<CachedStatement<'c>>>> {
        let sql = base.sql(tree);
        if !base.may_have_table(&sql)? {
            self.with(tree, |slots| slots.absent.set(true));
            return Ok(None);
        }
        match base.connection().prepare_cached(kind.sql(&sql)) {
            Ok(statement) => Ok(Some(Box::new(statement))),
            Err(cause) => self.absent_or(base, tree, cause),
        }
    }

    /// A statement prepared while the table existed can fail like one prepared without it: another
    /// process may have removed an empty table.
    #[cold]
    fn absent_or<R>(
        &self,
        base: &TreeConnection,
        tree: &Tree,
        cause: rusqlite::Error,
    ) -> rusqlite::Result<Option<R>> {
        if is_of_statement(&cause) && !has_table(base.connection(), &base.sql(tree).table)? {
            self.with(tree, |slots| slots.absent.set(true));
            return Ok(None);
        }
        Err(cause)
    }
}

impl Session {
    pub(crate) fn new(base: TreeConnection) -> Self {
        Self { lent: Lent::new(base, |_| Statements::default()), spare: Cell::default() }
    }

    /// Returns the connection for what needs no kept statement.
    #[inline]
    pub(crate) fn base(&self) -> &TreeConnection {
        self.lent.borrow_owner()
    }

    /// Returns the connection, which keeps what was prepared on it.
    pub(crate) fn into_connection(self) -> Connection {
        self.lent.into_owner().into_connection()
    }

    #[inline]
    pub(crate) fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<SqliteValue<'_>>> {
        self.get_with(tree, key, |value| SqliteValue::new(value, &self.spare))
    }

    /// Calls `read` with SQLite's own bytes.
    #[inline]
    pub(crate) fn get_with<R>(
        &self,
        tree: &Tree,
        key: &[u8],
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<Option<R>> {
        let found = self.lent.with_dependent(|base, statements| {
            statements.run(base, tree, Kind::Get, |statement| find(statement, key, read))
        });
        match found {
            Ok(found) => Ok(found.flatten()),
            Err(cause) => Err(failed(cause, Operation::Get, tree).with_key(key)),
        }
    }

    #[inline]
    pub(crate) fn put(
        &self,
        tree: &Tree,
        key: &[u8],
        value: &[u8],
        operation: Operation,
    ) -> Result<()> {
        let put = self.try_put(tree, key, value);
        put.map_err(|cause| failed(cause, operation, tree).with_key(key))
    }

    /// Makes the puts that `next` returns, in a tree that has a table. The statement is looked up
    /// once, which saves a hundredth of a put.
    pub(crate) fn put_each<'w>(
        &self,
        tree: &Tree,
        mut next: impl FnMut() -> Option<Write<'w>>,
        operation: Operation,
    ) -> Result<()> {
        let mut last: &[u8] = &[];
        let put = self.lent.with_dependent(|base, statements| {
            statements.run(base, tree, Kind::Put, |statement| {
                while let Some(Write { key, value: Some(value), .. }) = next() {
                    last = key;
                    set(statement, key, value)?;
                }
                Ok(())
            })
        });
        // Nobody else can drop the table during the transaction.
        let put = put.and_then(|put| put.ok_or(rusqlite::Error::InvalidQuery));
        put.map_err(|cause| failed(cause, operation, tree).with_key(last))
    }

    /// Runs the put statement, and again after creating the table if it did not exist.
    #[inline]
    fn try_put(&self, tree: &Tree, key: &[u8], value: &[u8]) -> rusqlite::Result<()> {
        let put = |statement: &mut CachedStatement<'_>| set(statement, key, value);
        self.lent.with_dependent(|base, statements| {
            if statements.run(base, tree, Kind::Put, put)?.is_some() {
                return Ok(());
            }
            // The table belongs to the transaction, and goes with it if that is rolled back.
            base.connection().execute_batch(&base.sql(tree).create)?;
            statements.with(tree, |slots| slots.absent.set(false));
            let made = statements.run(base, tree, Kind::Put, put)?;
            made.ok_or(rusqlite::Error::InvalidQuery)
        })
    }

    #[inline]
    pub(crate) fn delete(&self, tree: &Tree, key: &[u8], operation: Operation) -> Result<()> {
        let deleted = self.lent.with_dependent(|base, statements| {
            statements.run(base, tree, Kind::Delete, |statement| {
                statement.raw_bind_parameter(1, key)?;
                statement.raw_execute()
            })
        });
        deleted.map(drop).map_err(|cause| failed(cause, operation, tree).with_key(key))
    }
}

/// Runs the statement that puts an entry.
#[inline]
fn set(put: &mut CachedStatement<'_>, key: &[u8], value: &[u8]) -> rusqlite::Result<()> {
    put.raw_bind_parameter(1, key)?;
    put.raw_bind_parameter(2, value)?;
    put.raw_execute().map(drop)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arbour_core::engine::{TreeName, TreeRegistry};
    use arbour_core::{Operation, Tree};
    use rusqlite::Connection;

    use super::Session;
    use crate::tree_connection::TreeConnection;

    #[test]
    fn a_session_keeps_nothing_for_handles_that_it_was_not_given() {
        let registry = TreeRegistry::new();
        let tree = |number: usize| {
            let name = format!("t{number}");
            registry.resolve(TreeName::new(&name).unwrap())
        };
        let trees: Vec<Tree> = (0..10_000).map(tree).collect();
        let connection = Connection::open_in_memory().unwrap();
        let session = Session::new(TreeConnection::new(connection, Arc::default()));
        let kept = || {
            session.lent.with_dependent(|_, statements| {
                statements.first.borrow().len() + statements.rest.borrow().len()
            })
        };
        for (number, kept_then) in [(9_999, 1), (0, 2), (64, 3), (63, 66), (5_000, 67)] {
            session.put(&trees[number], b"a", b"1", Operation::Put).unwrap();
            assert!(session.get(&trees[number], b"a").unwrap().is_some());
            assert_eq!(kept(), kept_then);
        }
    }
}
