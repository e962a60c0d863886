//! sled's errors, case by case, as Arbour's.

use std::io;

use arbour_core::{Error, ErrorKind, Operation};

/// sled reports a lock that another holds as an I/O error that only its text tells apart.
const LOCK_REFUSED: &str = "could not acquire lock";

pub(crate) fn engine(error: sled::Error, operation: Operation) -> Error {
    let (kind, message) = match &error {
        sled::Error::Corruption { .. } => (ErrorKind::Corrupted, "the database is damaged"),
        sled::Error::CollectionNotFound(_) => {
            (ErrorKind::Corrupted, "the database is damaged: a tree has lost its root")
        }
        sled::Error::Io(cause) if is_damage(cause) => {
            (ErrorKind::Corrupted, "the database is damaged: a file ends too early or is missing")
        }
        sled::Error::Io(cause) if cause.to_string().contains(LOCK_REFUSED) => {
            (ErrorKind::Locked, "another process or handle has the database open")
        }
        sled::Error::Io(_) => (ErrorKind::Io, "the operating system refused"),
        sled::Error::Unsupported(_) => {
            (ErrorKind::Unsupported, "sled does not support what was asked of it")
        }
        sled::Error::ReportableBug(_) => (ErrorKind::Engine, "sled found a fault of its own"),
    };
    let error_here = Error::new(kind, operation, message);
    match error {
        sled::Error::Io(cause) => error_here.with_source(cause),
        other => error_here.with_source(other),
    }
}

/// A file that ends too early, holds what sled cannot read, or is not there: it keeps large values
/// in files of their own.
fn is_damage(cause: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, NotFound, UnexpectedEof};

    matches!(cause.kind(), InvalidData | UnexpectedEof | NotFound)
}

pub(crate) fn system(cause: io::Error, operation: Operation, message: &'static str) -> Error {
    Error::new(ErrorKind::Io, operation, message).with_source(cause)
}

/// Says of a failure in the midst of a commit what it means to the caller.
pub(crate) fn unknown_commit(cause: Error) -> Error {
    let message = "the commit failed; open the store again to see whether it took effect";
    Error::new(ErrorKind::CommitUnknown, cause.operation(), message).with_source(cause)
}

#[cold]
pub(crate) fn closed(operation: Operation) -> Error {
    Error::new(ErrorKind::Closed, operation, "the store was closed")
}
