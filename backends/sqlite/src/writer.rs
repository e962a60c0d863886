//! The one connection that writes.

use arbour_core::{Durability, Error, ErrorKind, Operation, Result};
use parking_lot::Mutex;
use rusqlite::Connection;

use crate::connection::{Connector, number, run};
use crate::error;

/// How many times the pages that are given back at once have to be free.
const VACUUM_FACTOR: i64 = 20;

/// The connection that writes, while no transaction has it. Whoever takes it holds the writer slot.
pub(crate) struct Writer {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// `None` while it is in use, and after a failure that nobody knows the consequences of; then a
    /// new one is opened.
    idle: Option<Connection>,
    /// What `synchronous` was last set to on it.
    level: Option<Level>,
}

/// A level of `synchronous`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Normal,
    Full,
}

impl Level {
    /// `OFF` is none of them: what it saves can cost the whole file when power is lost.
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
        Self { state: Mutex::new(State { idle: connection, level: None }) }
    }

    /// Takes the connection, with `synchronous` as asked for: that cannot be changed later, within a
    /// transaction.
    pub(crate) fn take(
        &self,
        connector: &Connector,
        durability: Durability,
        operation: Operation,
    ) -> Result<Connection> {
        let State { idle, level } = std::mem::take(&mut *self.state.lock());
        let (connection, level) = match idle {
            Some(connection) => (connection, level),
            None => {
                let opened = connector.open_writer();
                (opened.map_err(|cause| error::sql_error(cause, operation))?, None)
            }
        };
        let wanted = Level::of(durability);
        if level != Some(wanted) {
            let set = connection.execute_batch(wanted.pragma());
            set.map_err(|cause| error::sql_error(cause, operation))?;
        }
        self.state.lock().level = Some(wanted);
        Ok(connection)
    }

    pub(crate) fn give(&self, connection: Connection) {
        self.state.lock().idle = Some(connection);
    }

    /// Lets go of the connection unless it passes; the next transaction opens another.
    pub(crate) fn retain(&self, make_fit: impl FnOnce(&mut Connection) -> bool) {
        let mut state = self.state.lock();
        if let Some(mut connection) = state.idle.take() {
            state.idle = make_fit(&mut connection).then_some(connection);
        }
        // Somebody may have changed it.
        state.level = None;
    }

    /// Closes the connection, which writes the log into the file if it is the last one.
    pub(crate) fn close(&self) -> Result<()> {
        let State { idle, .. } = std::mem::take(&mut *self.state.lock());
        match idle.map(Connection::close) {
            None | Some(Ok(())) => Ok(()),
            Some(Err((_, cause))) => Err(error::sql_error(cause, Operation::Close)),
        }
    }

    /// Takes the connection and begins a transaction with it.
    pub(crate) fn begin(
        &self,
        connector: &Connector,
        durability: Durability,
        operation: Operation,
    ) -> Result<Connection> {
        let connection = self.take(connector, durability, operation)?;
        match run(&connection, "BEGIN IMMEDIATE") {
            Ok(()) => Ok(connection),
            Err(cause) => {
                self.give(connection);
                Err(error::sql_error(cause, operation))
            }
        }
    }

    /// Commits, and gives the connection back.
    pub(crate) fn commit(
        &self,
        connector: &Connector,
        connection: Connection,
        operation: Operation,
    ) -> Result<()> {
        let vacuumed = match connector.vacuum_pages() {
            Some(pages) => vacuum(&connection, pages),
            None => Ok(()),
        };
        let committed =
            vacuumed.map_err(|cause| error::sql_error(cause, operation)).and_then(|()| {
                run(&connection, "COMMIT").map_err(|cause| error::commit(cause, operation))
            });
        match committed {
            Ok(()) => {
                self.give(connection);
                Ok(())
            }
            Err(failure) => {
                // What is left of it is not to be committed by the next. The first failure tells more.
                let _ = self.rollback(connection, operation);
                Err(failure)
            }
        }
    }

    /// Rolls back, and gives the connection back. One that cannot roll back is let go, which does.
    pub(crate) fn rollback(&self, connection: Connection, operation: Operation) -> Result<()> {
        // Some failures have rolled back by themselves.
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

/// Gives some free pages back to the file system, if there are many.
fn vacuum(connection: &Connection, pages: u32) -> rusqlite::Result<()> {
    if number(connection, "freelist_count")? < VACUUM_FACTOR * i64::from(pages) {
        return Ok(());
    }
    let mut statement = connection.prepare(&format!("PRAGMA main.incremental_vacuum({pages})"))?;
    let mut steps = statement.raw_query();
    // Each step gives one page back.
    while steps.next()?.is_some() {}
    Ok(())
}

/// Says why a transaction that had a failure does not commit.
pub(crate) fn doomed() -> Error {
    let message = "an earlier failure in the transaction rolled it back";
    Error::new(ErrorKind::Engine, Operation::Commit, message)
}
