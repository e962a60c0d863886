//! The SQL that reads and writes a tree.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arbour_core::{Direction, Tree};
use parking_lot::RwLock;

use crate::tables;

/// The SQL of the trees of a store, by the number of the tree. Sessions are short: building the
/// texts for each session would cost a quarter of a read.
#[derive(Default)]
pub(crate) struct TreeTexts {
    texts: RwLock<Vec<Option<Arc<TreeSql>>>>,
}

impl TreeTexts {
    /// Returns the SQL of a tree, which is built on first use.
    pub(crate) fn of(&self, tree: &Tree) -> Arc<TreeSql> {
        let place = tree.number() as usize;
        if let Some(Some(sql)) = self.texts.read().get(place) {
            return Arc::clone(sql);
        }
        let mut texts = self.texts.write();
        if texts.len() <= place {
            texts.resize(place + 1, None);
        }
        let sql = Arc::new(TreeSql::new(tree.name()));
        if let Some(text) = texts.get_mut(place) {
            *text = Some(Arc::clone(&sql));
        }
        sql
    }
}

/// The statements of a tree, built once: a connection finds a prepared statement by its text.
pub(crate) struct TreeSql {
    /// The table's name in the schema.
    pub(crate) table: String,
    pub(crate) create: String,
    /// Returns the columns of the table that the other statements would find, and nothing if there
    /// is none.
    pub(crate) columns: String,
    pub(crate) get: String,
    pub(crate) put: String,
    pub(crate) delete: String,
    pub(crate) count: String,
    /// Whether a connection has found the table. It may be gone again: another process may drop it,
    /// and a transaction that created it may be rolled back.
    pub(crate) was_found: AtomicBool,
    quoted: String,
    scans: [String; 8],
}

/// Which bounds a statement over a range has. A lower bound is always inclusive and an upper one
/// exclusive: a key followed by a zero byte is the next key, so other bounds can be expressed that
/// way.
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
            columns: format!("PRAGMA main.table_info({})", tables::identifier(&table)),
            get: format!("SELECT v FROM {quoted} WHERE k = ?1"),
            put: format!("REPLACE INTO {quoted} (k, v) VALUES (?1, ?2)"),
            delete: format!("DELETE FROM {quoted} WHERE k = ?1"),
            count: format!("SELECT count(*) FROM {quoted}"),
            scans: Shape::ALL.map(scan),
            was_found: AtomicBool::new(false),
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

    /// Returns SQLite's plan for a statement.
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
                // The tree already has this order, so nothing is sorted.
                assert!(!plan.contains("TEMP B-TREE"), "{statement}: {plan}");
            }
        }
    }
}
