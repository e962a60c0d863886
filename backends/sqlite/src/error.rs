//! Mapping SQLite's errors to Arbour's.

use arbour_core::engine::unknown_commit;
use arbour_core::{Error, ErrorKind, Operation};
use rusqlite::ffi;

/// Converts an error of SQLite to one of Arbour, for closures over a connection that have no error
/// type of their own.
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
            (ErrorKind::InvalidArgument, "SQLite refuses the call")
        }
        _ => (ErrorKind::Engine, "SQLite failed"),
    };
    Error::new(kind, operation, message).with_source(cause)
}

/// Returns what a result code means to the caller: some extended codes mean something else than the
/// code they refine.
fn failed(code: i32) -> (ErrorKind, &'static str) {
    match code {
        ffi::SQLITE_IOERR_DATA => {
            (ErrorKind::Corrupted, "a checksum shows that the file is damaged")
        }
        ffi::SQLITE_IOERR_SHORT_READ => (ErrorKind::Corrupted, "the file ends too early"),
        ffi::SQLITE_IOERR_NOMEM => (ErrorKind::Engine, "SQLite could not allocate memory"),
        ffi::SQLITE_IOERR_SHMSIZE => {
            (ErrorKind::Io, "the -shm file beside the database cannot grow: is the disk full?")
        }
        ffi::SQLITE_READONLY_CANTINIT
        | ffi::SQLITE_READONLY_RECOVERY
        | ffi::SQLITE_READONLY_ROLLBACK => {
            let message = "the store was not closed, and its -wal and -shm files cannot be changed \
                           to read it: open it once for writing";
            (ErrorKind::ReadOnly, message)
        }
        ffi::SQLITE_READONLY_DIRECTORY => (
            ErrorKind::ReadOnly,
            "the folder of the database cannot be written, which SQLite needs",
        ),
        ffi::SQLITE_READONLY_DBMOVED => {
            (ErrorKind::Moved, "the database file was renamed or deleted while it was open")
        }
        code => failed_generally(code & 0xff),
    }
}

/// Does the same for the primary codes.
fn failed_generally(code: i32) -> (ErrorKind, &'static str) {
    match code {
        ffi::SQLITE_ERROR => {
            (ErrorKind::InvalidArgument, "the statement does not fit the tables there are")
        }
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED | ffi::SQLITE_PROTOCOL => {
            (ErrorKind::Busy, "another process or handle kept the database locked for too long")
        }
        ffi::SQLITE_READONLY => (ErrorKind::ReadOnly, "the database cannot be written"),
        ffi::SQLITE_FULL => (
            ErrorKind::DiskFull,
            "the device or the quota on it is full, or the database is at its size limit",
        ),
        ffi::SQLITE_CANTOPEN => (ErrorKind::Io, "the database file cannot be opened"),
        ffi::SQLITE_IOERR => {
            (ErrorKind::Io, "the operating system failed to read or write the file")
        }
        ffi::SQLITE_PERM | ffi::SQLITE_NOLFS => {
            (ErrorKind::Io, "the operating system forbids access to the file")
        }
        // Within a statement SQLite also reports this code for a read that the device refuses.
        ffi::SQLITE_CORRUPT => {
            (ErrorKind::Corrupted, "the database file is damaged, or its device cannot read it")
        }
        ffi::SQLITE_NOTADB => (ErrorKind::Corrupted, "the file is no SQLite database"),
        ffi::SQLITE_TOOBIG => (ErrorKind::TooLarge, "the entry is too large for SQLite"),
        ffi::SQLITE_NOMEM => (ErrorKind::Engine, "SQLite could not allocate memory"),
        ffi::SQLITE_CONSTRAINT | ffi::SQLITE_MISMATCH => {
            (ErrorKind::InvalidArgument, "a constraint of the database forbids it")
        }
        ffi::SQLITE_AUTH | ffi::SQLITE_MISUSE | ffi::SQLITE_RANGE => {
            (ErrorKind::InvalidArgument, "SQLite refuses the call")
        }
        _ => (ErrorKind::Engine, "SQLite failed"),
    }
}

/// Returns SQLite's result code behind an error.
pub(crate) fn code(cause: &rusqlite::Error) -> Option<i32> {
    match cause {
        rusqlite::Error::SqliteFailure(failure, _) => Some(failure.extended_code),
        rusqlite::Error::SqlInputError { error, .. } => Some(error.extended_code),
        _ => None,
    }
}

/// Tells whether a statement failed because of its text, for example because its table is missing.
pub(crate) fn is_of_statement(cause: &rusqlite::Error) -> bool {
    code(cause).is_some_and(|code| code & 0xff == ffi::SQLITE_ERROR)
}

/// Converts a failure of a statement of the store's own. Such statements fit the tables and values
/// that the store writes, so if one does not fit the content of the file, the caller's call is not
/// at fault.
#[cold]
pub(crate) fn own(cause: rusqlite::Error, operation: Operation) -> Error {
    let does_not_fit = is_of_statement(&cause) || {
        use rusqlite::Error as E;
        matches!(
            cause,
            E::FromSqlConversionFailure(..)
                | E::InvalidColumnType(..)
                | E::IntegralValueOutOfRange(..)
                | E::Utf8Error(..)
        )
    };
    let error = sql_error(cause, operation);
    if !does_not_fit {
        return error;
    }
    let message = "a table or value of the store is not as the store writes it: the file is damaged, \
                   or other SQL changed it";
    Error::new(ErrorKind::Corrupted, operation, message).with_source(error)
}

/// Tells whether the device or the system failed to read or write.
pub(crate) fn is_io(cause: &rusqlite::Error) -> bool {
    code(cause)
        .is_some_and(|code| code & 0xff == ffi::SQLITE_IOERR && code != ffi::SQLITE_IOERR_NOMEM)
}

/// Tells whether another connection was in the way.
pub(crate) fn is_busy(cause: &rusqlite::Error) -> bool {
    code(cause).is_some_and(|code| code & 0xff == ffi::SQLITE_BUSY)
}

/// An I/O error may come after the mark that makes the commit take effect, and data handed to the
/// system cannot be taken back. All other errors come before that.
pub(crate) fn commit(cause: rusqlite::Error, operation: Operation) -> Error {
    let is_unknown = code(&cause).is_some_and(|code| code & 0xff == ffi::SQLITE_IOERR);
    let error = sql_error(cause, operation);
    if !is_unknown || operation == Operation::Sync {
        return error;
    }
    unknown_commit(error)
}

/// Converts a failure to open a store. If another process keeps it from being opened, it has locked
/// it.
pub(crate) fn open(cause: rusqlite::Error) -> Error {
    let error = own(cause, Operation::Open);
    if error.kind() != ErrorKind::Busy {
        return error;
    }
    let message = "another process or handle has the database to itself";
    Error::new(ErrorKind::Locked, Operation::Open, message).with_source(error)
}

#[cfg(test)]
mod tests {
    use arbour_core::ErrorKind::{
        self, Busy, Corrupted, DiskFull, Engine, InvalidArgument, Io, Moved, ReadOnly, TooLarge,
    };
    use arbour_core::Operation;
    use rusqlite::ffi;

    use super::{commit, open, own, sql_error};

    fn failure(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
    }

    /// Every result code of SQLite that a call can return, with its extended codes and their kinds.
    const KINDS: [(i32, ErrorKind); 88] = [
        (ffi::SQLITE_ERROR, InvalidArgument),
        (ffi::SQLITE_ERROR_MISSING_COLLSEQ, InvalidArgument),
        (ffi::SQLITE_ERROR_RETRY, InvalidArgument),
        (ffi::SQLITE_ERROR_SNAPSHOT, InvalidArgument),
        (ffi::SQLITE_INTERNAL, Engine),
        (ffi::SQLITE_PERM, Io),
        (ffi::SQLITE_ABORT, Engine),
        (ffi::SQLITE_ABORT_ROLLBACK, Engine),
        (ffi::SQLITE_BUSY, Busy),
        (ffi::SQLITE_BUSY_RECOVERY, Busy),
        (ffi::SQLITE_BUSY_SNAPSHOT, Busy),
        (ffi::SQLITE_BUSY_TIMEOUT, Busy),
        (ffi::SQLITE_LOCKED, Busy),
        (ffi::SQLITE_LOCKED_SHAREDCACHE, Busy),
        (ffi::SQLITE_LOCKED_VTAB, Busy),
        (ffi::SQLITE_NOMEM, Engine),
        (ffi::SQLITE_READONLY, ReadOnly),
        (ffi::SQLITE_READONLY_RECOVERY, ReadOnly),
        (ffi::SQLITE_READONLY_CANTLOCK, ReadOnly),
        (ffi::SQLITE_READONLY_ROLLBACK, ReadOnly),
        (ffi::SQLITE_READONLY_DBMOVED, Moved),
        (ffi::SQLITE_READONLY_CANTINIT, ReadOnly),
        (ffi::SQLITE_READONLY_DIRECTORY, ReadOnly),
        (ffi::SQLITE_INTERRUPT, Engine),
        (ffi::SQLITE_IOERR, Io),
        (ffi::SQLITE_IOERR_READ, Io),
        (ffi::SQLITE_IOERR_SHORT_READ, Corrupted),
        (ffi::SQLITE_IOERR_WRITE, Io),
        (ffi::SQLITE_IOERR_FSYNC, Io),
        (ffi::SQLITE_IOERR_DIR_FSYNC, Io),
        (ffi::SQLITE_IOERR_TRUNCATE, Io),
        (ffi::SQLITE_IOERR_FSTAT, Io),
        (ffi::SQLITE_IOERR_UNLOCK, Io),
        (ffi::SQLITE_IOERR_RDLOCK, Io),
        (ffi::SQLITE_IOERR_DELETE, Io),
        (ffi::SQLITE_IOERR_BLOCKED, Io),
        (ffi::SQLITE_IOERR_NOMEM, Engine),
        (ffi::SQLITE_IOERR_ACCESS, Io),
        (ffi::SQLITE_IOERR_CHECKRESERVEDLOCK, Io),
        (ffi::SQLITE_IOERR_LOCK, Io),
        (ffi::SQLITE_IOERR_CLOSE, Io),
        (ffi::SQLITE_IOERR_DIR_CLOSE, Io),
        (ffi::SQLITE_IOERR_SHMOPEN, Io),
        (ffi::SQLITE_IOERR_SHMSIZE, Io),
        (ffi::SQLITE_IOERR_SHMLOCK, Io),
        (ffi::SQLITE_IOERR_SHMMAP, Io),
        (ffi::SQLITE_IOERR_SEEK, Io),
        (ffi::SQLITE_IOERR_DELETE_NOENT, Io),
        (ffi::SQLITE_IOERR_MMAP, Io),
        (ffi::SQLITE_IOERR_GETTEMPPATH, Io),
        (ffi::SQLITE_IOERR_CONVPATH, Io),
        (ffi::SQLITE_IOERR_VNODE, Io),
        (ffi::SQLITE_IOERR_AUTH, Io),
        (ffi::SQLITE_IOERR_BEGIN_ATOMIC, Io),
        (ffi::SQLITE_IOERR_COMMIT_ATOMIC, Io),
        (ffi::SQLITE_IOERR_ROLLBACK_ATOMIC, Io),
        (ffi::SQLITE_IOERR_DATA, Corrupted),
        // A read that failed with EIO.
        (ffi::SQLITE_IOERR_CORRUPTFS, Io),
        (ffi::SQLITE_CORRUPT, Corrupted),
        (ffi::SQLITE_CORRUPT_VTAB, Corrupted),
        (ffi::SQLITE_CORRUPT_SEQUENCE, Corrupted),
        (ffi::SQLITE_CORRUPT_INDEX, Corrupted),
        (ffi::SQLITE_NOTFOUND, Engine),
        (ffi::SQLITE_FULL, DiskFull),
        (ffi::SQLITE_CANTOPEN, Io),
        (ffi::SQLITE_CANTOPEN_NOTEMPDIR, Io),
        (ffi::SQLITE_CANTOPEN_ISDIR, Io),
        (ffi::SQLITE_CANTOPEN_FULLPATH, Io),
        (ffi::SQLITE_CANTOPEN_CONVPATH, Io),
        (ffi::SQLITE_CANTOPEN_SYMLINK, Io),
        (ffi::SQLITE_PROTOCOL, Busy),
        (ffi::SQLITE_SCHEMA, Engine),
        (ffi::SQLITE_TOOBIG, TooLarge),
        (ffi::SQLITE_CONSTRAINT, InvalidArgument),
        (ffi::SQLITE_CONSTRAINT_CHECK, InvalidArgument),
        (ffi::SQLITE_CONSTRAINT_FOREIGNKEY, InvalidArgument),
        (ffi::SQLITE_CONSTRAINT_NOTNULL, InvalidArgument),
        (ffi::SQLITE_CONSTRAINT_PRIMARYKEY, InvalidArgument),
        (ffi::SQLITE_CONSTRAINT_TRIGGER, InvalidArgument),
        (ffi::SQLITE_CONSTRAINT_UNIQUE, InvalidArgument),
        (ffi::SQLITE_CONSTRAINT_DATATYPE, InvalidArgument),
        (ffi::SQLITE_MISMATCH, InvalidArgument),
        (ffi::SQLITE_MISUSE, InvalidArgument),
        (ffi::SQLITE_NOLFS, Io),
        (ffi::SQLITE_AUTH, InvalidArgument),
        (ffi::SQLITE_FORMAT, Engine),
        (ffi::SQLITE_RANGE, InvalidArgument),
        (ffi::SQLITE_NOTADB, Corrupted),
    ];

    #[test]
    fn each_code_has_its_kind() {
        for (code, kind) in KINDS {
            let error = sql_error(failure(code), Operation::Get);
            assert_eq!(error.kind(), kind, "{code}: {error}");
            assert!(std::error::Error::source(&error).is_some(), "{code}: {error}");
            let in_own = if code & 0xff == ffi::SQLITE_ERROR { Corrupted } else { kind };
            assert_eq!(own(failure(code), Operation::Get).kind(), in_own, "{code}");
            let at_open = if kind == Busy { ErrorKind::Locked } else { in_own };
            assert_eq!(open(failure(code)).kind(), at_open, "{code}");
            let is_unknown = code & 0xff == ffi::SQLITE_IOERR;
            let committed = if is_unknown { ErrorKind::CommitUnknown } else { kind };
            assert_eq!(commit(failure(code), Operation::Commit).kind(), committed, "{code}");
            assert_eq!(commit(failure(code), Operation::Sync).kind(), kind, "{code}");
        }
    }

    /// A value of another type than expected: a mistake of the caller in the caller's SQL, but
    /// damage in a tree.
    #[test]
    fn a_value_of_another_type_is_damage_in_a_tree_only() {
        let cause = || rusqlite::Error::from(rusqlite::types::FromSqlError::InvalidType);
        assert_eq!(sql_error(cause(), Operation::Get).kind(), ErrorKind::Decode);
        assert_eq!(own(cause(), Operation::Get).kind(), ErrorKind::Corrupted);
    }
}
