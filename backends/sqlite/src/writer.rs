//! The one connection that writes.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::time::Duration;

use arbour_core::{Durability, Error, ErrorKind, Operation, Result};
use parking_lot::Mutex;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ffi};

use crate::connection::Connector;
use crate::statement::{number, run};
use crate::{checkpoints, error, latch, presence};

/// Pages are returned only if this many times as many are free.
const VACUUM_FACTOR: i64 = 20;

/// The writing connection, while no transaction has it. Taking it requires holding the writer slot.
pub(crate) struct Writer {
    state: Mutex<State>,
    /// Whether the store is read-only and never has such a connection.
    read_only: bool,
}

#[derive(Default)]
struct State {
    /// `None` while it is in use, in a read-only store, and after a failure with unknown
    /// consequences; then a new one is opened.
    idle: Option<Connection>,
    /// The value of `synchronous` last set on it.
    level: Option<Level>,
    /// Whether there are commits that did not wait for the device.
    has_unsynced: bool,
}

/// A level of `synchronous`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Normal,
    Full,
}

impl Level {
    /// `OFF` is not an option: what it saves can cost the whole file at a power loss.
    fn of(durability: Durability) -> Self {
        match durability {
            Durability::None | Durability::ProcessCrash => Self::Normal,
            Durability::PowerLoss => Self::Full,
        }
    }

    fn pragma(self) -> &'static str {
        match self {
            Self::Normal => "PRAGMA synchronous = NORMAL",
            Self::Full => "PRAGMA synchronous = FULL",
        }
    }
}

impl Writer {
    pub(crate) fn new(connection: Option<Connection>) -> Self {
        let read_only = connection.is_none();
        let state = State { idle: connection, ..State::default() };
        Self { state: Mutex::new(state), read_only }
    }

    /// Takes the connection, with `synchronous` set as requested, because that cannot be changed
    /// within a transaction.
    pub(crate) fn take(
        &self,
        connector: &Connector,
        durability: Durability,
        operation: Operation,
    ) -> Result<Connection> {
        connector.latch().check(operation)?;
        let (idle, level) = {
            let mut state = self.state.lock();
            (state.idle.take(), state.level.take())
        };
        let (connection, level) = match idle {
            Some(connection) => (connection, level),
            None => (connector.open_writer(operation)?, None),
        };
        let wanted = Level::of(durability);
        if level != Some(wanted) {
            let set = connection.execute_batch(wanted.pragma());
            set.map_err(|cause| error::own(cause, operation))?;
        }
        self.state.lock().level = Some(wanted);
        Ok(connection)
    }

    pub(crate) fn give(&self, connection: Connection) {
        self.state.lock().idle = Some(connection);
    }

    /// Closes the connection unless it passes the check; the next transaction then opens another.
    pub(crate) fn retain(&self, make_fit: impl FnOnce(&mut Connection) -> bool) {
        let mut state = self.state.lock();
        if let Some(mut connection) = state.idle.take() {
            state.idle = make_fit(&mut connection).then_some(connection);
        }
        // Foreign SQL may have changed it.
        state.level = None;
    }

    /// Syncs the log before the store is closed, if it contains commits that did not wait for the
    /// device. SQLite may close while other connections keep the log, and does not report whether
    /// it could sync or move the log.
    pub(crate) fn sync_log(&self, connector: &Connector) -> Result<()> {
        let (operation, path) = (Operation::Close, connector.path());
        // If the file was moved, `close` moves its log to it.
        if !self.state.lock().has_unsynced || path.check(operation).is_err() {
            return Ok(());
        }
        // After a failed sync the next one would succeed without having written anything.
        connector.latch().check(operation)?;
        match open_log(connector).and_then(|log| log.sync_data()) {
            // Another process has moved all of it to the file, durably.
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
            synced => synced.map_err(|cause| {
                connector.latch().set(&cause);
                let message = "the -wal file cannot be synced, so commits that were not durable yet \
                               may be lost with the power";
                Error::from_io(cause, operation, message)
            }),
        }
    }

    /// Closes the connection, which moves the log to the file if it is the last one. After a failed
    /// write or sync the log stays as it is: the device may lack parts of it that this process still
    /// sees, and a loss of power while they are moved would leave half a transaction in the file.
    pub(crate) fn close(&self, connector: &Connector) -> Result<()> {
        let operation = Operation::Close;
        let idle = self.state.lock().idle.take();
        if self.read_only || connector.latch().check(operation).is_err() {
            return Ok(());
        }
        let connection = match idle {
            Some(connection) => connection,
            // A reading connection cannot move the log.
            None => connector.open_writer(operation)?,
        };
        if connector.path().check(operation).is_err() {
            // SQLite leaves the log alone if the file is no longer in its place. This connection
            // has both files open, so the moved file can still receive what only the log has.
            let moved = connector
                .set_busy_timeout(&connection, Duration::ZERO)
                .and_then(|()| checkpoints::move_all(&connection));
            moved.map_err(|cause| error::own(cause, operation))?;
        }
        let moves = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false);
        moves.map_err(|cause| error::own(cause, operation))?;
        connection.close().map_err(|(_, cause)| error::sql_error(cause, operation))
    }

    /// Takes the connection and begins a transaction with it.
    pub(crate) fn begin(
        &self,
        connector: &Connector,
        durability: Durability,
        operation: Operation,
    ) -> Result<Connection> {
        let connection = self.take(connector, durability, operation)?;
        let cause = match run(&connection, "BEGIN IMMEDIATE") {
            Ok(()) => return Ok(connection),
            Err(cause) if is_read_only(&cause) => cause,
            Err(cause) => {
                self.give(connection);
                return Err(error::own(cause, operation));
            }
        };
        // A connection that could not open the log for writing can never write; the next one may.
        drop(connection);
        check_log(connector, cause, operation)?;
        let connection = self.take(connector, durability, operation)?;
        match run(&connection, "BEGIN IMMEDIATE") {
            Ok(()) => Ok(connection),
            Err(cause) if is_read_only(&cause) => {
                let message = "SQLite could not open the -wal or -shm file for writing, which may be \
                               possible by now: close the store and open it again";
                Err(Error::new(ErrorKind::Io, operation, message).with_source(cause))
            }
            Err(cause) => Err(error::own(cause, operation)),
        }
    }

    /// Commits, and returns the connection.
    ///
    /// A durable commit is refused if the file is no longer in its place: the acknowledged data
    /// would be missing when the store is next opened.
    pub(crate) fn commit(
        &self,
        connector: &Connector,
        connection: Connection,
        operation: Operation,
    ) -> Result<()> {
        let is_durable = self.state.lock().level == Some(Level::Full);
        let placed = if is_durable { connector.path().check(operation) } else { Ok(()) };
        let committed = placed.and_then(|()| {
            if let Some(pages) = connector.vacuum_pages() {
                vacuum(&connection, pages).map_err(|cause| error::own(cause, operation))?;
            }
            run(&connection, "COMMIT").map_err(|cause| {
                latch::note(connector.latch(), &cause);
                error::commit(cause, operation)
            })
        });
        match committed {
            Ok(()) => {
                self.state.lock().has_unsynced |= !is_durable;
                self.give(connection);
                Ok(())
            }
            Err(failure) => {
                // Roll back, so that the next transaction does not commit leftovers. The first
                // failure is the one to report.
                let _ = self.rollback(connection, operation);
                Err(failure)
            }
        }
    }

    /// Rolls back, and returns the connection. If that fails, the connection is closed, which rolls
    /// back.
    pub(crate) fn rollback(&self, connection: Connection, operation: Operation) -> Result<()> {
        // Some failures have already rolled back.
        let rolled_back =
            if connection.is_autocommit() { Ok(()) } else { run(&connection, "ROLLBACK") };
        match rolled_back {
            Ok(()) => {
                self.give(connection);
                Ok(())
            }
            Err(cause) => Err(error::sql_error(cause, operation)),
        }
    }
}

pub(crate) fn is_read_only(cause: &rusqlite::Error) -> bool {
    error::code(cause) == Some(ffi::SQLITE_READONLY)
}

/// Checks whether the files of the log are writable. If SQLite cannot open a file for writing, it
/// reads it and does not pass the system's error on, so the operation is repeated here.
pub(crate) fn check_log(
    connector: &Connector,
    cause: rusqlite::Error,
    operation: Operation,
) -> Result<()> {
    // Do not open the index: closing it would release SQLite's locks.
    let index = fs::metadata(presence::beside(connector.path(), "-shm"));
    let may_write = !index.is_ok_and(|index| index.permissions().readonly());
    match open_log(connector) {
        Ok(_) if may_write => Ok(()),
        Err(refused) if refused.kind() != io::ErrorKind::PermissionDenied => {
            let message = "the -wal file beside the database cannot be opened for writing";
            Err(Error::from_io(refused, operation, message))
        }
        _ => Err(error::own(cause, operation)),
    }
}

/// Opens the log for writing. SQLite holds no lock on this file that closing it would release.
fn open_log(connector: &Connector) -> io::Result<File> {
    OpenOptions::new().write(true).open(presence::beside(connector.path(), "-wal"))
}

/// Returns some free pages to the file system, if there are many.
fn vacuum(connection: &Connection, pages: u32) -> rusqlite::Result<()> {
    if number(connection, "freelist_count")? < VACUUM_FACTOR * i64::from(pages) {
        return Ok(());
    }
    let mut statement = connection.prepare(&format!("PRAGMA main.incremental_vacuum({pages})"))?;
    let mut steps = statement.raw_query();
    // Each step returns one page.
    while steps.next()?.is_some() {}
    Ok(())
}

/// Returns why a transaction after a failure accepts no changes and cannot be committed.
#[cold]
pub(crate) fn doomed(failure: &Error) -> Error {
    let message =
        "the transaction was rolled back, because an earlier write in it failed: run it again";
    Error::new(ErrorKind::Engine, Operation::Commit, message).with_source(failure.clone())
}
