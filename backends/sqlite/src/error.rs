//! SQLite's errors, case by case, as Arbour's.

use arbour_core::{Error, ErrorKind, Operation};
use rusqlite::ffi;

/// Makes an error of Arbour from one of SQLite: what a closure over a connection returns where it
/// has no error type of its own.
///
/// ```
/// use arbour_core::{Error, ErrorKind, Operation, StoreOptions};
/// use arbour_sqlite::{SqliteStore, sql_error};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.sqlite");
/// let store = SqliteStore::open(&path, &StoreOptions::new())?;
/// let failed = store.with_read_connection(|connection| {
///     let count = connection.query_row("SELECT count(*) FROM absent", [], |row| row.get(0));
///     count.map_err(|cause| sql_error(cause, Operation::Get))
/// });
/// let failed: Result<i64, Error> = failed;
/// assert_eq!(failed.unwrap_err().kind(), ErrorKind::InvalidArgument);
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[must_use]
#[cold]
pub fn sql_error(cause: rusqlite::Error, operation: Operation) -> Error {
    let (kind, message) = match &cause {
        rusqlite::Error::SqliteFailure(failure, _) => failed(failure.extended_code),
        rusqlite::Error::SqlInputError { error, .. } => failed(error.extended_code),
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::Utf8Error(..) => {
            (ErrorKind::Decode, "a column is not of the type it is read as")
        }
        rusqlite::Error::InvalidParameterName(_)
        | rusqlite::Error::InvalidParameterCount(..)
        | rusqlite::Error::InvalidColumnIndex(_)
        | rusqlite::Error::InvalidColumnName(_)
        | rusqlite::Error::NulError(_)
        | rusqlite::Error::InvalidPath(_)
        | rusqlite::Error::ToSqlConversionFailure(_)
        | rusqlite::Error::ExecuteReturnedResults
        | rusqlite::Error::InvalidQuery
        | rusqlite::Error::MultipleStatement => {
            (ErrorKind::InvalidArgument, "SQLite cannot be called that way")
        }
        _ => (ErrorKind::Engine, "SQLite failed"),
    };
    Error::new(kind, operation, message).with_source(cause)
}

/// Tells what a result code means to the caller.
fn failed(code: i32) -> (ErrorKind, &'static str) {
    match code {
        ffi::SQLITE_IOERR_CORRUPTFS | ffi::SQLITE_IOERR_DATA => {
            return (
                ErrorKind::Corrupted,
                "the file system or a checksum says the file is damaged",
            );
        }
        ffi::SQLITE_IOERR_NOMEM => return (ErrorKind::Engine, "SQLite got no memory"),
        ffi::SQLITE_READONLY_CANTINIT | ffi::SQLITE_READONLY_RECOVERY => {
            let message = "the -wal and -shm files beside the database cannot be made or changed, \
                           which reading it needs: open it once for writing";
            return (ErrorKind::Io, message);
        }
        _ => {}
    }
    match code & 0xff {
        ffi::SQLITE_ERROR => {
            (ErrorKind::InvalidArgument, "the statement does not fit the tables there are")
        }
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED | ffi::SQLITE_PROTOCOL => {
            (ErrorKind::Busy, "another process or handle did not let go of the database in time")
        }
        ffi::SQLITE_READONLY => (ErrorKind::ReadOnly, "the database cannot be written"),
        ffi::SQLITE_FULL => (ErrorKind::Io, "the disk is full, or the database as large as it may"),
        ffi::SQLITE_CANTOPEN => (ErrorKind::Io, "the database file cannot be opened"),
        ffi::SQLITE_IOERR => (ErrorKind::Io, "the operating system refused"),
        ffi::SQLITE_PERM | ffi::SQLITE_NOLFS => (ErrorKind::Io, "the operating system forbids it"),
        ffi::SQLITE_CORRUPT => (ErrorKind::Corrupted, "the database file is damaged"),
        ffi::SQLITE_NOTADB => (ErrorKind::Corrupted, "the file is no SQLite database"),
        ffi::SQLITE_TOOBIG => (ErrorKind::TooLarge, "the entry is too large for SQLite"),
        ffi::SQLITE_NOMEM => (ErrorKind::Engine, "SQLite got no memory"),
        ffi::SQLITE_CONSTRAINT | ffi::SQLITE_MISMATCH => {
            (ErrorKind::InvalidArgument, "a constraint of the database forbids it")
        }
        ffi::SQLITE_AUTH | ffi::SQLITE_MISUSE | ffi::SQLITE_RANGE => {
            (ErrorKind::InvalidArgument, "SQLite cannot be called that way")
        }
        _ => (ErrorKind::Engine, "SQLite failed"),
    }
}

/// Returns the result code of SQLite behind an error.
pub(crate) fn code(cause: &rusqlite::Error) -> Option<i32> {
    match cause {
        rusqlite::Error::SqliteFailure(failure, _) => Some(failure.extended_code),
        rusqlite::Error::SqlInputError { error, .. } => Some(error.extended_code),
        _ => None,
    }
}

/// Tells whether a statement failed because of what it says, as it does where its table is missing.
pub(crate) fn is_of_statement(cause: &rusqlite::Error) -> bool {
    code(cause) == Some(ffi::SQLITE_ERROR)
}

/// Tells whether somebody else was in the way.
pub(crate) fn is_busy(cause: &rusqlite::Error) -> bool {
    code(cause).is_some_and(|code| code & 0xff == ffi::SQLITE_BUSY)
}

/// An I/O error may come after the mark that makes the commit: what the system was given cannot be
/// asked back. Everything else comes before.
pub(crate) fn commit(cause: rusqlite::Error, operation: Operation) -> Error {
    let is_unknown = code(&cause).is_some_and(|code| code & 0xff == ffi::SQLITE_IOERR);
    let error = sql_error(cause, operation);
    if !is_unknown || operation == Operation::Sync {
        return error;
    }
    let message = "the commit failed; open the store again to see whether it took effect";
    Error::new(ErrorKind::CommitUnknown, operation, message).with_source(error)
}

/// What fails while a store is opened. Whoever keeps it from being opened at all has it locked.
pub(crate) fn open(cause: rusqlite::Error) -> Error {
    let error = sql_error(cause, Operation::Open);
    if error.kind() != ErrorKind::Busy {
        return error;
    }
    let message = "another process or handle has the database to itself";
    Error::new(ErrorKind::Locked, Operation::Open, message).with_source(error)
}
