//! Connections to the file, all set up alike.

use std::sync::Arc;
use std::time::Duration;

use arbour_core::engine::{StorePath, WriteLatch};
use arbour_core::{Error, Operation, StoreOptions};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, MAIN_DB, OpenFlags, Result};

use crate::checkpoints::Checkpoints;
use crate::{SqliteOptions, error};

/// How many prepared statements a connection keeps; the least recently used are dropped first.
const STATEMENTS_MAX: usize = 256;

/// The default cache size of a connection. SQLite's own 2 MiB do not hold ten thousand small
/// documents with an index: a third of a search was spent reading pages again.
const CACHE_BYTES: usize = 16 << 20;

/// Opens connections to one file.
pub(crate) struct Connector {
    path: StorePath,
    busy_timeout: Duration,
    cache_bytes: usize,
    sqlite: SqliteOptions,
    checkpoints: Checkpoints,
    latch: Arc<WriteLatch>,
}

impl Connector {
    pub(crate) fn new(path: StorePath, options: &StoreOptions, sqlite: &SqliteOptions) -> Self {
        let latch = Arc::new(WriteLatch::default());
        Self {
            path,
            busy_timeout: options.writer_wait(),
            cache_bytes: options.cache_size().unwrap_or(CACHE_BYTES),
            sqlite: sqlite.clone(),
            checkpoints: Checkpoints::new(sqlite.checkpoint_pages, Arc::clone(&latch)),
            latch,
        }
    }

    /// Returns the path of the file. It is absolute, so SQLite cannot take it for `:memory:` or a
    /// `file:` URI.
    pub(crate) fn path(&self) -> &StorePath {
        &self.path
    }

    /// Returns the latch that remembers a failed commit.
    pub(crate) fn latch(&self) -> &WriteLatch {
        &self.latch
    }

    /// Opens a writing connection to a file known to be a store.
    pub(crate) fn open_writer(&self, operation: Operation) -> Result<Connection, Error> {
        self.same_file(self.open_unchecked_writer(false), operation)
    }

    /// Opens a reading connection to a file known to be a store.
    pub(crate) fn open_reader(&self, operation: Operation) -> Result<Connection, Error> {
        self.same_file(self.open_unchecked_reader(), operation)
    }

    /// Checks that a connection leads to the file that was opened first. SQLite has the file open
    /// by then but has not read it, so a file that replaces it after the check does no harm.
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

    /// Opens a connection to a file of unknown content; nothing of it is read yet.
    pub(crate) fn open_unchecked_writer(&self, create: bool) -> Result<Connection> {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if create {
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
        }
        let mut connection = Connection::open_with_flags(&*self.path, flags)?;
        if connection.is_readonly(MAIN_DB)? {
            // If SQLite cannot open a file for writing, it opens it for reading, whatever the
            // reason, which may have passed by now.
            connection = Connection::open_with_flags(&*self.path, flags)?;
        }
        self.configure(&connection)?;
        self.checkpoints.attach(&mut connection)?;
        // SQL may change tables, but not the file beneath them.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        // Only `Writer::close` moves the log. A connection that is closed because something failed
        // leaves it alone: the device may lack parts of what this process sees in it.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        Ok(connection)
    }

    /// Does the same for reading.
    pub(crate) fn open_unchecked_reader(&self) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&*self.path, flags)?;
        self.configure(&connection)?;
        Ok(connection)
    }

    /// Sets the writing connection up again after foreign SQL used it.
    pub(crate) fn set_up_writer(&self, connection: &mut Connection) -> Result<()> {
        self.set_up(connection)?;
        self.checkpoints.attach(connection)
    }

    /// Sets a connection up again after foreign SQL used it.
    pub(crate) fn set_up(&self, connection: &Connection) -> Result<()> {
        self.configure(connection)?;
        self.set_cache(connection)
    }

    /// Sets the cache size of a connection, for which SQLite reads the file.
    pub(crate) fn set_cache(&self, connection: &Connection) -> Result<()> {
        // A negative size is in kibibytes, a positive one in pages.
        let kibibytes = (self.cache_bytes / 1024).clamp(1, 1 << 30);
        connection.execute_batch(&format!("PRAGMA cache_size = -{kibibytes}"))
    }

    /// Sets everything that does not require SQLite to read the file. Only `synchronous` is left to
    /// the writer.
    fn configure(&self, connection: &Connection) -> Result<()> {
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        self.set_busy_timeout(connection, self.busy_timeout)?;
        let SqliteOptions { wal_limit_bytes, foreign_keys, .. } = self.sqlite;
        // `fullfsync` has an effect only on macOS, where fsync does not reach the device.
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
        // SQLite counts milliseconds in 32 bits, and rusqlite panics if they do not fit.
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
