//! The handle of a tree: its number, and the SQL that reads and writes it.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arbour_core::{Direction, Tree, TreeHandle};

use crate::tables;

/// A tree of a [`SqliteStore`](crate::SqliteStore).
///
/// ```
/// use arbour_core::{KvStore, StoreOptions, Tree};
/// use arbour_sqlite::{SqliteStore, SqliteTree};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.sqlite");
/// let store = SqliteStore::open(&path, &StoreOptions::new())?;
/// let users: SqliteTree = store.tree("users")?;
/// assert_eq!(users.name(), "users");
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Clone)]
pub struct SqliteTree {
    inner: Arc<Inner>,
}

struct Inner {
    handle: TreeHandle,
    sql: TreeSql,
}

/// The statements of a tree, written out once: a connection knows a prepared statement by its text.
pub(crate) struct TreeSql {
    /// The table's name as it is in the schema.
    pub(crate) table: String,
    pub(crate) create: String,
    pub(crate) get: String,
    pub(crate) put: String,
    pub(crate) delete: String,
    pub(crate) count: String,
    quoted: String,
    scans: [String; 8],
}

/// Which of its ends a statement over a range has bounds at. A lower bound is always inclusive and
/// an upper one exclusive: a key and a zero byte is the next key, so others can be told that way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) lower: bool,
    pub(crate) upper: bool,
    pub(crate) direction: Direction,
}

impl Shape {
    const ALL: [Self; 8] = {
        const fn of(lower: bool, upper: bool, direction: Direction) -> Shape {
            Shape { lower, upper, direction }
        }
        [
            of(false, false, Direction::Forward),
            of(true, false, Direction::Forward),
            of(false, true, Direction::Forward),
            of(true, true, Direction::Forward),
            of(false, false, Direction::Reverse),
            of(true, false, Direction::Reverse),
            of(false, true, Direction::Reverse),
            of(true, true, Direction::Reverse),
        ]
    };

    fn index(self) -> usize {
        usize::from(self.lower)
            + 2 * usize::from(self.upper)
            + 4 * usize::from(self.direction == Direction::Reverse)
    }

    fn condition(self) -> &'static str {
        match (self.lower, self.upper) {
            (false, false) => "",
            (true, false) => " WHERE k >= ?1",
            (false, true) => " WHERE k < ?2",
            (true, true) => " WHERE k >= ?1 AND k < ?2",
        }
    }

    fn order(self) -> &'static str {
        match self.direction {
            Direction::Forward => " ORDER BY k",
            Direction::Reverse => " ORDER BY k DESC",
        }
    }
}

impl TreeSql {
    fn new(name: &str) -> Self {
        let table = tables::table_name(name);
        let quoted = tables::quoted(&table);
        let scan = |shape: Shape| {
            format!("SELECT k, v FROM {quoted}{}{}", shape.condition(), shape.order())
        };
        Self {
            create: tables::creation(&quoted),
            get: format!("SELECT v FROM {quoted} WHERE k = ?1"),
            put: format!("REPLACE INTO {quoted} (k, v) VALUES (?1, ?2)"),
            delete: format!("DELETE FROM {quoted} WHERE k = ?1"),
            count: format!("SELECT count(*) FROM {quoted}"),
            scans: Shape::ALL.map(scan),
            table,
            quoted,
        }
    }

    #[inline]
    pub(crate) fn scan(&self, shape: Shape) -> &str {
        self.scans.get(shape.index()).map_or("", String::as_str)
    }

    pub(crate) fn delete_range(&self, shape: Shape) -> String {
        format!("DELETE FROM {}{}", self.quoted, shape.condition())
    }
}

impl SqliteTree {
    pub(crate) fn new(handle: TreeHandle) -> Self {
        let sql = TreeSql::new(handle.name());
        Self { inner: Arc::new(Inner { handle, sql }) }
    }

    #[inline]
    pub(crate) fn handle(&self) -> &TreeHandle {
        &self.inner.handle
    }

    #[inline]
    pub(crate) fn index(&self) -> usize {
        self.inner.handle.index()
    }

    #[inline]
    pub(crate) fn sql(&self) -> &TreeSql {
        &self.inner.sql
    }
}

impl Tree for SqliteTree {
    fn name(&self) -> &str {
        self.inner.handle.name()
    }
}

impl PartialEq for SqliteTree {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.inner.handle == other.inner.handle
    }
}

impl Eq for SqliteTree {}

impl Hash for SqliteTree {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.handle.hash(state);
    }
}

impl fmt::Debug for SqliteTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SqliteTree({:?})", self.name())
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{Shape, TreeSql};

    #[test]
    fn shapes_are_found_by_their_index() {
        for (index, shape) in Shape::ALL.into_iter().enumerate() {
            assert_eq!(shape.index(), index, "{shape:?}");
        }
    }

    /// Asks SQLite how it would run a statement.
    fn plan(connection: &Connection, sql: &str) -> String {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let count = statement.parameter_count();
        let steps = statement
            .query_map(rusqlite::params_from_iter(vec![b"k"; count]), |row| row.get::<_, String>(3))
            .unwrap();
        steps.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn no_statement_scans_or_sorts() {
        let connection = Connection::open_in_memory().unwrap();
        let sql = TreeSql::new("Users");
        connection.execute_batch(&sql.create).unwrap();
        for statement in [&sql.get, &sql.delete] {
            let plan = plan(&connection, statement);
            assert!(plan.contains("USING PRIMARY KEY (k=?)"), "{statement}: {plan}");
        }
        for shape in Shape::ALL {
            let statements = [sql.scan(shape).to_owned(), sql.delete_range(shape)];
            for statement in statements {
                let plan = plan(&connection, &statement);
                let bounded = shape.lower || shape.upper;
                assert_eq!(plan.contains("USING PRIMARY KEY (k"), bounded, "{statement}: {plan}");
                // Nothing is sorted that the tree has in order.
                assert!(!plan.contains("TEMP B-TREE"), "{statement}: {plan}");
            }
        }
    }
}
