//! A connection, and the SQL of the store's trees.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use arbour_core::{Error, Operation, Result, Tree};
use rusqlite::{CachedStatement, Connection};

use crate::error::{is_of_statement, own};
use crate::statement::{ask, has_table};
use crate::tables;
use crate::tree::{TreeSql, TreeTexts};

/// A connection that knows the SQL of trees. It may move to another thread: it holds no statement
/// outside of the connection's own cache.
pub(crate) struct TreeConnection {
    connection: Connection,
    texts: Arc<TreeTexts>,
}

impl TreeConnection {
    pub(crate) fn new(connection: Connection, texts: Arc<TreeTexts>) -> Self {
        Self { connection, texts }
    }

    #[inline]
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Returns the connection, which keeps what was prepared on it.
    pub(crate) fn into_connection(self) -> Connection {
        self.connection
    }

    /// Returns the SQL of a tree.
    pub(crate) fn sql(&self, tree: &Tree) -> Arc<TreeSql> {
        self.texts.of(tree)
    }

    /// Calls `read` with SQLite's own bytes.
    pub(crate) fn get_with<R>(
        &self,
        tree: &Tree,
        key: &[u8],
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<Option<R>> {
        let operation = Operation::Get;
        let Some(mut get) = self.prepare(tree, &self.sql(tree).get, operation)? else {
            return Ok(None);
        };
        let found = find(&mut get, key, read);
        let found = found.or_else(|cause| self.absent_or(tree, cause, operation).map(|()| None));
        found.map_err(|error| error.with_key(key))
    }

    /// Tells whether the tree's table may exist. It is looked for only until it was found once.
    ///
    /// Preparing a statement of a missing table would be an error. SQLite keeps the memory of a
    /// connection's first error and then clears it after every statement, which costs half a percent
    /// of a put.
    pub(crate) fn may_have_table(&self, sql: &TreeSql) -> rusqlite::Result<bool> {
        if sql.was_found.load(Ordering::Relaxed) {
            return Ok(true);
        }
        let found = self.connection.prepare(&sql.columns)?.exists([])?;
        sql.was_found.fetch_or(found, Ordering::Relaxed);
        Ok(found)
    }

    /// Prepares a statement of a tree; `None` if the tree has no table.
    pub(crate) fn prepare<'t>(
        &'t self,
        tree: &Tree,
        sql: &str,
        operation: Operation,
    ) -> Result<Option<CachedStatement<'t>>> {
        match self.connection.prepare_cached(sql) {
            Ok(statement) => Ok(Some(statement)),
            Err(cause) => self.absent_or(tree, cause, operation).map(|()| None),
        }
    }

    /// Returns the error, unless it only says that the tree has no table.
    #[cold]
    pub(crate) fn absent_or(
        &self,
        tree: &Tree,
        cause: rusqlite::Error,
        operation: Operation,
    ) -> Result<()> {
        if is_of_statement(&cause) {
            let found = has_table(&self.connection, &self.sql(tree).table);
            if !found.map_err(|cause| failed(cause, operation, tree))? {
                return Ok(());
            }
        }
        Err(failed(cause, operation, tree))
    }

    pub(crate) fn count(&self, tree: &Tree) -> Result<u64> {
        let operation = Operation::Scan;
        let Some(mut count) = self.prepare(tree, &self.sql(tree).count, operation)? else {
            return Ok(0);
        };
        match count.query_row([], |row| row.get::<_, i64>(0)) {
            Ok(count) => Ok(count as u64),
            Err(cause) => self.absent_or(tree, cause, operation).map(|()| 0),
        }
    }

    /// Evaluates `sql` for each tree table, with `{}` in it replaced by the table, and returns the
    /// results by table name. Such statements are used too rarely to be kept.
    fn ask_all(&self, sql: &str, operation: Operation) -> Result<Vec<(String, i64)>> {
        let trees = tables::of_trees(&self.connection, operation)?.into_iter();
        let answers = trees.map(|(name, table)| {
            let answer = ask(&self.connection, &sql.replace("{}", &tables::quoted(&table)));
            match answer {
                Ok(answer) => Ok((name, answer)),
                Err(cause) => Err(own(cause, operation).with_tree(&name)),
            }
        });
        answers.collect()
    }

    pub(crate) fn trees(&self) -> Result<Vec<String>> {
        let used = self.ask_all("SELECT EXISTS (SELECT 1 FROM {})", Operation::Trees)?;
        let used = used.into_iter().filter(|(_, used)| *used != 0);
        let mut names: Vec<String> = used.map(|(name, _)| name).collect();
        names.sort_unstable();
        Ok(names)
    }

    /// Counts the entries of all trees.
    pub(crate) fn count_all(&self) -> Result<u64> {
        let counts = self.ask_all("SELECT count(*) FROM {}", Operation::Stats)?;
        Ok(counts.into_iter().map(|(_, count)| count as u64).sum())
    }
}

/// Runs the statement that gets the value of a key.
#[inline]
pub(crate) fn find<R>(
    get: &mut CachedStatement<'_>,
    key: &[u8],
    read: impl FnOnce(&[u8]) -> R,
) -> rusqlite::Result<Option<R>> {
    get.raw_bind_parameter(1, key)?;
    let mut rows = get.raw_query();
    match rows.next()? {
        Some(row) => Ok(Some(read(row.get_ref(0)?.as_blob()?))),
        None => Ok(None),
    }
}

#[cold]
pub(crate) fn failed(cause: rusqlite::Error, operation: Operation, tree: &Tree) -> Error {
    own(cause, operation).with_tree(tree.name())
}
