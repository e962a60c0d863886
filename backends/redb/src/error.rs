//! Mapping redb's errors to Arbour's.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use arbour_core::engine::{StorePath, unknown_commit};
use arbour_core::{Error, ErrorKind, Operation};
use redb::backends::FileBackend;
use redb::{
    CommitError, CompactionError, DatabaseError, SetDurabilityError, StorageError, TableError,
    TransactionError,
};

use crate::header::{Header, is_new};

pub(crate) fn storage(error: StorageError, operation: Operation) -> Error {
    storage_or(error, operation, "the database file is damaged")
}

/// Maps an error, with a message for damage that fits the occasion.
fn storage_or(error: StorageError, operation: Operation, damaged: &'static str) -> Error {
    let (kind, message) = match &error {
        StorageError::Io(cause) if is_damage(cause) => (ErrorKind::Corrupted, damaged),
        StorageError::Io(_) => return io(error, operation),
        StorageError::Corrupted(_) => (ErrorKind::Corrupted, damaged),
        StorageError::LockPoisoned(_) => {
            (ErrorKind::Corrupted, "redb panicked over damaged pages in an earlier call")
        }
        StorageError::ValueTooLarge(_) => (ErrorKind::TooLarge, "the entry is too large for redb"),
        StorageError::PreviousIo => {
            (ErrorKind::Io, "an earlier I/O error has stopped the store: open it again")
        }
        StorageError::DatabaseClosed => (ErrorKind::Closed, "the database was closed"),
        _ => (ErrorKind::Engine, "redb failed"),
    };
    Error::new(kind, operation, message).with_source(error)
}

fn io(error: StorageError, operation: Operation) -> Error {
    let message = "the operating system failed to read or write the database file";
    match error {
        StorageError::Io(cause) => Error::from_io(cause, operation, message),
        other => Error::new(ErrorKind::Io, operation, message).with_source(other),
    }
}

/// Tells whether a file ends too early or has content that redb cannot read.
fn is_damage(cause: &io::Error) -> bool {
    matches!(cause.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
}

pub(crate) fn table(error: TableError, operation: Operation) -> Error {
    match error {
        TableError::Storage(cause) => storage(cause, operation),
        TableError::TableTypeMismatch { .. }
        | TableError::TableIsMultimap(_)
        | TableError::TypeDefinitionChanged { .. } => {
            let message = "the table is not from bytes to bytes: the file is damaged, or another \
                           program made the table";
            Error::new(ErrorKind::Corrupted, operation, message).with_source(error)
        }
        other => Error::new(ErrorKind::Engine, operation, "redb cannot open the table")
            .with_source(other),
    }
}

pub(crate) fn transaction(error: TransactionError, operation: Operation) -> Error {
    match error {
        TransactionError::Storage(cause) => storage(cause, operation),
        other => Error::new(ErrorKind::Engine, operation, "redb cannot begin a transaction")
            .with_source(other),
    }
}

pub(crate) fn durability(error: SetDurabilityError) -> Error {
    let message = "redb refuses the requested durability";
    Error::new(ErrorKind::Engine, Operation::Begin, message).with_source(error)
}

/// After a failed commit redb guarantees that all of it or nothing is there, but not which.
pub(crate) fn commit(error: CommitError, operation: Operation) -> Error {
    match error {
        CommitError::Storage(cause) => unknown_commit(storage(cause, operation)),
        other => {
            let message = "the transaction was rolled back, because an earlier write in it failed: run it again";
            Error::new(ErrorKind::Engine, operation, message).with_source(other)
        }
    }
}

pub(crate) fn compaction(error: CompactionError) -> Error {
    match error {
        CompactionError::Storage(cause) => storage(cause, Operation::Compact),
        other => {
            let message =
                "redb compacts only a file that nothing uses: end all snapshots and transactions";
            Error::new(ErrorKind::Busy, Operation::Compact, message).with_source(other)
        }
    }
}

/// Maps a failure to open the file at a path. redb reports several causes with the same error; what
/// exists at the path distinguishes them.
pub(crate) fn open(error: DatabaseError, operation: Operation, path: &StorePath) -> Error {
    let error = match error {
        DatabaseError::Storage(StorageError::Io(cause)) if is_missing(&cause, path) => {
            return absent(cause, path).with_operation(operation);
        }
        error => error,
    };
    let (kind, message) = match &error {
        DatabaseError::DatabaseAlreadyOpen => {
            (ErrorKind::Locked, "another process or handle has the database open")
        }
        DatabaseError::RepairAborted if needs_writer(path) => {
            (ErrorKind::ReadOnly, "the store was not closed cleanly: open it once for writing")
        }
        DatabaseError::RepairAborted => (
            ErrorKind::Corrupted,
            "the file is damaged: it was closed cleanly, but is not as it was left",
        ),
        DatabaseError::UpgradeRequired(_) => (
            ErrorKind::Unsupported,
            "the file is in an older format of redb: upgrade it with redb 2.6 (or its version \
             bytes are damaged)",
        ),
        DatabaseError::Storage(StorageError::Corrupted(_)) if is_newer(path) => (
            ErrorKind::TooNew,
            "the file was written by a newer version of redb (or its version bytes are damaged)",
        ),
        DatabaseError::Storage(StorageError::Io(cause)) if is_protected(cause, path) => {
            (ErrorKind::ReadOnly, "the file is read-only: open it with `read_only(true)`")
        }
        DatabaseError::Storage(_) => return open_storage(error, operation),
        _ => (ErrorKind::Engine, "redb cannot open the database"),
    };
    Error::new(kind, operation, message).with_source(error)
}

fn absent(cause: io::Error, path: &StorePath) -> Error {
    path.open_error(match cause.kind() {
        io::ErrorKind::NotFound => cause,
        // A file too short for redb does not contain a store yet.
        _ => io::Error::new(io::ErrorKind::NotFound, cause),
    })
}

fn open_storage(error: DatabaseError, operation: Operation) -> Error {
    match error {
        DatabaseError::Storage(cause) => {
            storage_or(cause, operation, "the file is no redb database, or it is damaged")
        }
        other => Error::new(ErrorKind::Engine, operation, "redb failed").with_source(other),
    }
}

fn look<R>(path: &Path, look: impl FnOnce(&FileBackend) -> io::Result<R>) -> Option<R> {
    let file = FileBackend::new(File::open(path).ok()?).ok()?;
    look(&file).ok()
}

fn is_newer(path: &Path) -> bool {
    look(path, |file| Header::read(file)).flatten().is_some_and(|header| header.is_newer())
}

fn needs_writer(path: &Path) -> bool {
    let header = look(path, |file| Header::read(file)).flatten();
    header.is_some_and(|header| header.is_unclean() || header.is_unused())
}

/// Tells whether there is no file, or one that does not contain a store yet.
fn is_missing(cause: &io::Error, path: &Path) -> bool {
    cause.kind() == io::ErrorKind::NotFound
        || is_damage(cause) && look(path, |file| is_new(file)).unwrap_or(false)
}

/// Tells whether writing is refused because of the file's permissions.
fn is_protected(cause: &io::Error, path: &Path) -> bool {
    cause.kind() == io::ErrorKind::PermissionDenied
        && fs::metadata(path).is_ok_and(|file| file.permissions().readonly())
}

#[cfg(test)]
mod tests {
    use std::io;

    use arbour_core::ErrorKind::{
        Busy, Closed, CommitUnknown, Corrupted, DiskFull, Engine, Io, Locked, NotFound, ReadOnly,
        TooLarge, Unsupported,
    };
    use arbour_core::engine::StorePath;
    use arbour_core::{Error, ErrorKind, Operation};
    use redb::{
        CommitError, CompactionError, DatabaseError, SetDurabilityError, StorageError, TableError,
        TransactionError, TypeName, Value as _,
    };

    /// The path of a store that does not exist.
    fn nowhere() -> StorePath {
        StorePath::resolve(std::env::temp_dir().join("arbour: no store"))
            .expect("its folder is there")
    }

    fn storage_errors() -> Vec<(StorageError, ErrorKind)> {
        let io = |kind: io::ErrorKind| StorageError::Io(kind.into());
        vec![
            (StorageError::Corrupted("a page".to_owned()), Corrupted),
            (StorageError::ValueTooLarge(4 << 30), TooLarge),
            (StorageError::PreviousIo, Io),
            (StorageError::DatabaseClosed, Closed),
            (StorageError::LockPoisoned(std::panic::Location::caller()), Corrupted),
            (StorageError::Unsupported, Engine),
            (io(io::ErrorKind::InvalidData), Corrupted),
            (io(io::ErrorKind::UnexpectedEof), Corrupted),
            (io(io::ErrorKind::StorageFull), DiskFull),
            (io(io::ErrorKind::QuotaExceeded), DiskFull),
            (io(io::ErrorKind::ReadOnlyFilesystem), ReadOnly),
            (io(io::ErrorKind::PermissionDenied), Io),
            (io(io::ErrorKind::FileTooLarge), Io),
            (io(io::ErrorKind::Interrupted), Io),
            (io(io::ErrorKind::Other), Io),
        ]
    }

    fn expect(error: &Error, kind: ErrorKind) {
        assert_eq!(error.kind(), kind, "{error:?}");
        assert!(std::error::Error::source(error).is_some(), "{error:?} has lost its source");
    }

    #[test]
    fn errors_of_storage_have_one_kind_each_wherever_they_occur() {
        let operation = Operation::Get;
        for (cause, kind) in storage_errors() {
            expect(&super::storage(cause, operation), kind);
        }
        for (cause, kind) in storage_errors() {
            expect(&super::table(TableError::Storage(cause), operation), kind);
        }
        for (cause, kind) in storage_errors() {
            expect(&super::transaction(TransactionError::Storage(cause), operation), kind);
        }
        for (cause, kind) in storage_errors() {
            expect(&super::compaction(CompactionError::Storage(cause)), kind);
        }
        for (cause, kind) in storage_errors() {
            let cause = DatabaseError::Storage(cause);
            expect(&super::open(cause, Operation::Open, &nowhere()), kind);
        }
    }

    /// The cause says whether the store is damaged; the kind says that the commit may have taken
    /// effect.
    #[test]
    fn a_commit_that_failed_in_storage_is_unknown() {
        for (cause, kind) in storage_errors() {
            let error = super::commit(CommitError::Storage(cause), Operation::Commit);
            expect(&error, CommitUnknown);
            let source = std::error::Error::source(&error).unwrap();
            assert_eq!(source.downcast_ref::<Error>().unwrap().kind(), kind);
        }
        expect(&super::commit(CommitError::TransactionPoisoned, Operation::Commit), Engine);
    }

    #[test]
    fn a_table_of_other_types_is_damage() {
        let (name, text) = (|| "t".to_owned(), TypeName::new("text"));
        let bytes = <&[u8]>::type_name();
        let place = std::panic::Location::caller();
        for (error, kind) in [
            (TableError::TableTypeMismatch { table: name(), key: text, value: bytes }, Corrupted),
            (TableError::TableIsMultimap(name()), Corrupted),
            (
                TableError::TypeDefinitionChanged {
                    name: <&[u8]>::type_name(),
                    alignment: 8,
                    width: None,
                },
                Corrupted,
            ),
            (TableError::TableIsNotMultimap(name()), Engine),
            (TableError::TableExists(name()), Engine),
            (TableError::TableDoesNotExist(name()), Engine),
            (TableError::TableAlreadyOpen(name(), place), Engine),
        ] {
            expect(&super::table(error, Operation::Get), kind);
        }
    }

    #[test]
    fn what_is_in_the_way_of_a_compaction_is_busy() {
        for error in [
            CompactionError::PersistentSavepointExists,
            CompactionError::EphemeralSavepointExists,
            CompactionError::TransactionInProgress,
        ] {
            expect(&super::compaction(error), Busy);
        }
        expect(&super::durability(SetDurabilityError::PersistentSavepointModified), Engine);
    }

    #[test]
    fn opening_has_a_kind_for_each_cause() {
        for (error, kind) in [
            (DatabaseError::DatabaseAlreadyOpen, Locked),
            (DatabaseError::UpgradeRequired(2), Unsupported),
            (DatabaseError::TransactionInProgress, Engine),
            (DatabaseError::RepairAborted, Corrupted),
            (io::Error::from(io::ErrorKind::NotFound).into(), NotFound),
        ] {
            expect(&super::open(error, Operation::Open, &nowhere()), kind);
        }
        // Writing is refused because of the file, not because of a folder.
        let folder = tempfile::tempdir().unwrap();
        let file = StorePath::resolve(folder.path().join("store")).unwrap();
        std::fs::write(&file, b"").unwrap();
        let denied = || io::Error::from(io::ErrorKind::PermissionDenied).into();
        expect(&super::open(denied(), Operation::Open, &file), Io);
        let mut permissions = std::fs::metadata(&file).unwrap().permissions();
        permissions.set_readonly(true);
        std::fs::set_permissions(&file, permissions).unwrap();
        expect(&super::open(denied(), Operation::Open, &file), ReadOnly);
    }
}
