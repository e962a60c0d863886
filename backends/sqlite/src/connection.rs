//! Connections to the file, each set up alike.

use std::sync::Arc;
use std::time::Duration;

use arbour_core::engine::StorePath;
use arbour_core::{Error, Operation, StoreOptions};
use rusqlite::config::DbConfig;
use rusqlite::types::FromSql;
use rusqlite::{Connection, MAIN_DB, OpenFlags, Result};

use crate::checkpoints::Checkpoints;
use crate::latch::Latch;
use crate::{SqliteOptions, error};

/// How many prepared statements a connection keeps; those not used for longest go first.
const STATEMENTS_MAX: usize = 256;

/// How much a connection caches unless the options say otherwise. SQLite's own 2 MiB do not hold ten
/// thousand small documents with an index: a third of a search was reading pages again.
const CACHE_BYTES: usize = 16 << 20;

/// Opens connections to one file.
pub(crate) struct Connector {
    path: StorePath,
    busy_timeout: Duration,
    cache_bytes: usize,
    sqlite: SqliteOptions,
    checkpoints: Checkpoints,
    latch: Arc<Latch>,
}

impl Connector {
    pub(crate) fn new(path: StorePath, options: &StoreOptions, sqlite: &SqliteOptions) -> Self {
        let latch = Arc::new(Latch::default());
        Self {
            path,
            busy_timeout: options.writer_wait(),
            cache_bytes: options.cache_size().unwrap_or(CACHE_BYTES),
            sqlite: sqlite.clone(),
            checkpoints: Checkpoints::new(sqlite.checkpoint_pages, Arc::clone(&latch)),
            latch,
        }
    }

    /// Returns where the file lies. It is absolute, and so nothing that has another meaning to
    /// SQLite, as `:memory:` and what begins with `file:` have.
    pub(crate) fn path(&self) -> &StorePath {
        &self.path
    }

    /// Returns what remembers a failed commit.
    pub(crate) fn latch(&self) -> &Latch {
        &self.latch
    }

    /// Opens a connection that writes to a file known to be a store.
    pub(crate) fn open_writer(&self, operation: Operation) -> Result<Connection, Error> {
        self.same_file(self.open_unchecked_writer(false), operation)
    }

    /// Opens a connection that reads a file known to be a store.
    pub(crate) fn open_reader(&self, operation: Operation) -> Result<Connection, Error> {
        self.same_file(self.open_unchecked_reader(), operation)
    }

    /// Checks that a connection is one to the file that was opened first. SQLite has the file open by
    /// then but has read nothing of it: what is put in its place after the check does no harm.
    fn same_file(
        &self,
        opened: Result<Connection>,
        operation: Operation,
    ) -> Result<Connection, Error> {
        self.path.check(operation)?;
        let connection = opened.map_err(|cause| error::sql_error(cause, operation))?;
        self.set_cache(&connection).map_err(|cause| error::own(cause, operation))?;
        Ok(connection)
    }

    /// Opens a connection to a file that may be anything: nothing of it is read yet.
    pub(crate) fn open_unchecked_writer(&self, create: bool) -> Result<Connection> {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if create {
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
        }
        let mut connection = Connection::open_with_flags(&*self.path, flags)?;
        if connection.is_readonly(MAIN_DB)? {
            // SQLite reads what it cannot open for writing, whatever the reason: this one may have
            // passed.
            connection = Connection::open_with_flags(&*self.path, flags)?;
        }
        self.configure(&connection)?;
        self.checkpoints.attach(&mut connection)?;
        // SQL is to change tables, not the file beneath them.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        Ok(connection)
    }

    /// Does the same for reading.
    pub(crate) fn open_unchecked_reader(&self) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&*self.path, flags)?;
        self.configure(&connection)?;
        Ok(connection)
    }

    /// Sets up the connection that writes again after somebody else used it.
    pub(crate) fn set_up_writer(&self, connection: &mut Connection) -> Result<()> {
        self.set_up(connection)?;
        self.checkpoints.attach(connection)
    }

    /// Sets a connection up again after somebody else used it.
    pub(crate) fn set_up(&self, connection: &Connection) -> Result<()> {
        self.configure(connection)?;
        self.set_cache(connection)
    }

    /// Says how much a connection caches, for which SQLite reads the file.
    pub(crate) fn set_cache(&self, connection: &Connection) -> Result<()> {
        // A negative size is in kibibytes, a positive one in pages.
        let kibibytes = (self.cache_bytes / 1024).clamp(1, 1 << 30);
        connection.execute_batch(&format!("PRAGMA cache_size = -{kibibytes}"))
    }

    /// Sets all that SQLite does not read the file for. The level of `synchronous` is the one thing left
    /// to who writes.
    fn configure(&self, connection: &Connection) -> Result<()> {
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        self.set_busy_timeout(connection, self.busy_timeout)?;
        let SqliteOptions { wal_limit_bytes, foreign_keys, .. } = self.sqlite;
        // `fullfsync` has a meaning on macOS only, where fsync does not reach the device.
        connection.execute_batch(&format!(
            "PRAGMA foreign_keys = {foreign_keys};
             PRAGMA fullfsync = TRUE;
             PRAGMA checkpoint_fullfsync = TRUE;
             PRAGMA locking_mode = NORMAL;
             PRAGMA query_only = FALSE;
             PRAGMA journal_size_limit = {wal_limit_bytes};"
        ))
    }

    pub(crate) fn set_busy_timeout(&self, connection: &Connection, wait: Duration) -> Result<()> {
        // SQLite counts milliseconds in 32 bits, and rusqlite panics where they do not suffice.
        connection.busy_timeout(wait.min(Duration::from_millis(i32::MAX as u64)))
    }

    pub(crate) fn busy_timeout(&self) -> Duration {
        self.busy_timeout
    }

    #[cfg(test)]
    pub(crate) fn checkpoints(&self) -> &Checkpoints {
        &self.checkpoints
    }

    pub(crate) fn vacuum_pages(&self) -> Option<u32> {
        self.sqlite.vacuum_pages
    }
}

/// Runs a statement that returns nothing, prepared once for the connection.
pub(crate) fn run(connection: &Connection, sql: &str) -> Result<()> {
    connection.prepare_cached(sql)?.raw_execute().map(drop)
}

/// Runs a statement to its end and returns what is in the one column of its first row.
///
/// A statement that runs by itself commits after its last row, so that a failed commit is an error of
/// the step that follows. `query_row` does not take that step and loses the error.
pub(crate) fn ask<T: FromSql>(connection: &Connection, sql: &str) -> Result<T> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.raw_query();
    let answer = rows.next()?.ok_or(rusqlite::Error::QueryReturnedNoRows)?.get(0)?;
    while rows.next()?.is_some() {}
    Ok(answer)
}

/// Reads a number that a pragma of the main database returns.
pub(crate) fn number(connection: &Connection, pragma: &str) -> Result<i64> {
    ask(connection, &format!("PRAGMA main.{pragma}"))
}

/// Tells whether the database has a table.
pub(crate) fn has_table(connection: &Connection, table: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ?1";
    connection.prepare(sql)?.exists([table])
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::ask;

    /// The commit of a statement that runs by itself comes after its last row.
    #[test]
    fn a_failed_commit_is_not_lost_behind_an_answer() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (n)").unwrap();
        let sql = "INSERT INTO t VALUES (1) RETURNING n";
        assert_eq!(ask::<i64>(&connection, sql), Ok(1));
        connection.commit_hook(Some(|| true)).unwrap();
        assert!(ask::<i64>(&connection, sql).is_err());
        connection.commit_hook(None::<fn() -> bool>).unwrap();
        assert_eq!(ask::<i64>(&connection, "SELECT count(*) FROM t"), Ok(1));
    }
}
