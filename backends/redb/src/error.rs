//! redb's errors, case by case, as Arbour's.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use arbour_core::{Error, ErrorKind, Operation};
use redb::{
    CommitError, CompactionError, DatabaseError, SetDurabilityError, StorageError, TableError,
    TransactionError,
};

/// The version of redb's file format that this backend writes.
const FORMAT_VERSION: u8 = 3;

/// Where a redb file says so: the first byte of each of its two commit slots.
const FORMAT_VERSION_OFFSETS: [usize; 2] = [64, 192];

pub(crate) fn storage(error: StorageError, operation: Operation) -> Error {
    storage_or(error, operation, "the database file is damaged")
}

/// The same, with words for damage that fit the occasion.
fn storage_or(error: StorageError, operation: Operation, damaged: &'static str) -> Error {
    let (kind, message) = match &error {
        StorageError::Corrupted(_) => (ErrorKind::Corrupted, damaged),
        StorageError::ValueTooLarge(_) => (ErrorKind::TooLarge, "the entry is too large for redb"),
        StorageError::Io(cause) if is_damage(cause) => (ErrorKind::Corrupted, damaged),
        StorageError::Io(_) => (ErrorKind::Io, "the operating system refused"),
        StorageError::PreviousIo => {
            (ErrorKind::Io, "an earlier I/O error has stopped the database")
        }
        StorageError::DatabaseClosed => (ErrorKind::Closed, "the database was closed"),
        _ => (ErrorKind::Engine, "redb failed"),
    };
    let error_here = Error::new(kind, operation, message);
    match error {
        StorageError::Io(cause) => error_here.with_source(cause),
        other => error_here.with_source(other),
    }
}

/// A file that ends too early or holds what redb cannot read.
fn is_damage(cause: &io::Error) -> bool {
    matches!(cause.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
}

pub(crate) fn table(error: TableError, operation: Operation) -> Error {
    match error {
        TableError::Storage(cause) => storage(cause, operation),
        TableError::TableTypeMismatch { .. }
        | TableError::TableIsMultimap(_)
        | TableError::TypeDefinitionChanged { .. } => {
            let message = "the table was not made by Arbour: it is not from bytes to bytes";
            Error::new(ErrorKind::InvalidArgument, operation, message).with_source(error)
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
    let message = "redb refuses the durability asked for";
    Error::new(ErrorKind::Engine, Operation::Begin, message).with_source(error)
}

/// After a failed commit redb promises that all or nothing is there, but not which.
pub(crate) fn commit(error: CommitError, operation: Operation) -> Error {
    match error {
        CommitError::Storage(cause) => unknown_commit(storage(cause, operation)),
        other => {
            let message = "an earlier failure in the transaction rolled it back";
            Error::new(ErrorKind::Engine, operation, message).with_source(other)
        }
    }
}

/// Says of a failure in the midst of a commit what it means to the caller.
pub(crate) fn unknown_commit(cause: Error) -> Error {
    let message = "the commit failed; open the store again to see whether it took effect";
    Error::new(ErrorKind::CommitUnknown, cause.operation(), message).with_source(cause)
}

pub(crate) fn compaction(error: CompactionError) -> Error {
    match error {
        CompactionError::Storage(cause) => storage(cause, Operation::Compact),
        other => {
            let message = "snapshots, transactions or savepoints are in the way";
            Error::new(ErrorKind::Busy, Operation::Compact, message).with_source(other)
        }
    }
}

pub(crate) fn open(error: DatabaseError, path: &Path) -> Error {
    let operation = Operation::Open;
    match error {
        DatabaseError::DatabaseAlreadyOpen => {
            let message = "another process or handle has the database open";
            Error::new(ErrorKind::Locked, operation, message).with_source(error)
        }
        DatabaseError::RepairAborted => {
            let message = "the database was not closed cleanly: open it once for writing first";
            Error::new(ErrorKind::ReadOnly, operation, message).with_source(error)
        }
        DatabaseError::UpgradeRequired(_) => {
            let message = "the file is of an older format of redb: upgrade it with redb 2.6";
            Error::new(ErrorKind::Unsupported, operation, message).with_source(error)
        }
        DatabaseError::Storage(StorageError::Corrupted(_)) if is_newer(path) => {
            let message = "the file was written by a newer version of redb";
            Error::new(ErrorKind::TooNew, operation, message).with_source(error)
        }
        DatabaseError::Storage(cause) => {
            storage_or(cause, operation, "the file is no redb database, or it is damaged")
        }
        other => Error::new(ErrorKind::Engine, operation, "redb cannot open the database")
            .with_source(other),
    }
}

/// Tells whether a file is redb's and of a format to come. redb reports that as corruption, with
/// a message only a person can tell apart.
fn is_newer(path: &Path) -> bool {
    const MAGIC: &[u8] = b"redb\x1a\x0a\xa9\x0d\x0a";
    let mut header = [0; 256];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    let is_newer = |offset: &usize| header.get(*offset).is_some_and(|v| *v > FORMAT_VERSION);
    read.is_ok() && header.starts_with(MAGIC) && FORMAT_VERSION_OFFSETS.iter().any(is_newer)
}
