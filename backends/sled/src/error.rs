//! Mapping sled's errors to Arbour's.

use std::borrow::Cow;
use std::io;

use arbour_core::{Error, ErrorKind, Operation};

/// sled reports a lock held by another process as an I/O error that only its text distinguishes.
const LOCK_REFUSED: &str = "could not acquire lock";

pub(crate) fn engine(error: sled::Error, operation: Operation) -> Error {
    let (kind, message) = match error {
        sled::Error::Io(cause) => return from_io(cause, operation),
        // sled also reports this for a read that the device refuses.
        sled::Error::Corruption { .. } => {
            (ErrorKind::Corrupted, "the database is damaged, or its device cannot read it")
        }
        sled::Error::CollectionNotFound(_) => {
            (ErrorKind::Corrupted, "the database is damaged: a tree has lost its root")
        }
        sled::Error::Unsupported(_) => (ErrorKind::Unsupported, "sled does not support the call"),
        sled::Error::ReportableBug(_) => (ErrorKind::Engine, "sled reports a bug of its own"),
    };
    Error::new(kind, operation, message).with_source(error)
}

fn from_io(cause: io::Error, operation: Operation) -> Error {
    use io::ErrorKind::{InvalidData, NotFound, UnexpectedEof};

    let (kind, message) = match cause.kind() {
        InvalidData | UnexpectedEof => {
            (ErrorKind::Corrupted, "the database is damaged: a file ends too early")
        }
        // sled stores large values in files of their own.
        NotFound => (ErrorKind::Corrupted, "the database is damaged: a file is missing"),
        _ if cause.to_string().contains(LOCK_REFUSED) => {
            (ErrorKind::Locked, "another process or handle has the database open")
        }
        _ => {
            return Error::from_io(
                cause,
                operation,
                "the operating system failed to read or write a file",
            );
        }
    };
    Error::new(kind, operation, message).with_source(cause)
}

/// Creates the error for a file that cannot be opened or read while the store is opened. The store
/// exists, so a missing file is damage.
pub(crate) fn not_opened(cause: io::Error) -> Error {
    if cause.kind() == io::ErrorKind::NotFound {
        return damaged("a file of the database is missing").with_source(cause);
    }
    Error::from_io(cause, Operation::Open, "cannot open the files of the database")
}

/// Creates the error for files that cannot be sealed when the store is closed.
pub(crate) fn not_closed(cause: io::Error) -> Error {
    Error::from_io(cause, Operation::Close, "cannot seal the database's files")
}

/// Creates the error for files that differ from how they were left.
pub(crate) fn damaged(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Corrupted, Operation::Open, message)
}

/// Creates the error for a failure in the middle of a commit, whose outcome is unknown. If sled is
/// stuck, it holds its files until the process ends.
pub(crate) fn unknown_commit(cause: Error, is_stuck: bool) -> Error {
    if !is_stuck {
        return arbour_core::engine::unknown_commit(cause);
    }
    let message = "the commit failed, and sled holds its files until this process ends; open the store \
                   again then to see whether the commit took effect";
    Error::new(ErrorKind::CommitUnknown, cause.operation(), message).with_source(cause)
}

/// Creates the error for a flush that would never end, because sled could not write part of a page
/// in the call that failed with `cause`.
#[cold]
pub(crate) fn stuck(cause: Error, operation: Operation) -> Error {
    let message = "sled waits for what an earlier call could not write, and holds its files until this \
                   process ends; open the store again then";
    Error::new(cause.kind(), operation, message).with_source(cause)
}

/// Creates the error for a call after the failure that stopped the database.
#[cold]
pub(crate) fn stopped(cause: &Error, operation: Operation) -> Error {
    let message = "an earlier failure stopped the database; close the store and open it again";
    Error::new(cause.kind(), operation, message).with_source(cause.clone())
}

#[cold]
pub(crate) fn closed(operation: Operation) -> Error {
    Error::new(ErrorKind::Closed, operation, "the store was closed")
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::io;

    use arbour_core::{ErrorKind, Operation};

    use super::{LOCK_REFUSED, engine, stopped, stuck, unknown_commit};

    #[test]
    fn each_error_of_sled_has_its_kind() {
        let io = |kind, text: &str| sled::Error::Io(io::Error::new(kind, text));
        for (error, kind) in [
            (sled::Error::Corruption { at: None, bt: () }, ErrorKind::Corrupted),
            (sled::Error::CollectionNotFound("t".into()), ErrorKind::Corrupted),
            (io(io::ErrorKind::UnexpectedEof, "cut"), ErrorKind::Corrupted),
            (io(io::ErrorKind::InvalidData, "noise"), ErrorKind::Corrupted),
            (io(io::ErrorKind::NotFound, "gone"), ErrorKind::Corrupted),
            (io(io::ErrorKind::Other, LOCK_REFUSED), ErrorKind::Locked),
            (io(io::ErrorKind::Other, "failed"), ErrorKind::Io),
            (io(io::ErrorKind::PermissionDenied, "refused"), ErrorKind::Io),
            (io(io::ErrorKind::StorageFull, "full"), ErrorKind::DiskFull),
            (io(io::ErrorKind::QuotaExceeded, "full"), ErrorKind::DiskFull),
            (io(io::ErrorKind::ReadOnlyFilesystem, "mounted"), ErrorKind::ReadOnly),
            (sled::Error::Unsupported("what".into()), ErrorKind::Unsupported),
            (sled::Error::ReportableBug("what".into()), ErrorKind::Engine),
        ] {
            let found = engine(error.clone(), Operation::Get);
            assert_eq!((found.kind(), found.operation()), (kind, Operation::Get), "{error:?}");
            assert!(found.source().is_some(), "{error:?}");
        }
    }

    #[test]
    fn a_failed_commit_keeps_its_cause() {
        let full = sled::Error::Io(io::ErrorKind::StorageFull.into());
        let cause = engine(full, Operation::Apply);
        for is_stuck in [false, true] {
            let error = unknown_commit(cause.clone(), is_stuck);
            assert_eq!(error.kind(), ErrorKind::CommitUnknown);
            assert!(error.source().is_some());
            assert_eq!(error.to_string().contains("until this process ends"), is_stuck, "{error}");
        }
        let waiting = stuck(cause.clone(), Operation::Sync);
        assert_eq!((waiting.kind(), waiting.operation()), (ErrorKind::DiskFull, Operation::Sync));
        assert!(waiting.source().is_some());
        let later = stopped(&cause, Operation::Get);
        assert_eq!((later.kind(), later.operation()), (ErrorKind::DiskFull, Operation::Get));
        assert!(later.source().is_some());
    }
}
