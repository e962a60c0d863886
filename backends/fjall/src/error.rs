//! Mapping fjall's errors to Arbour's.

use std::borrow::Cow;
use std::io;

use arbour_core::engine::unknown_commit;
use arbour_core::{Error, ErrorKind, Operation};
use fjall::LsmError;

/// Maps a failure of fjall.
#[cold]
pub(crate) fn engine(cause: fjall::Error, operation: Operation) -> Error {
    let (kind, message) = meaning(&cause);
    Error::new(kind, operation, message).with_source(cause)
}

/// Maps a failure to open a database.
#[cold]
pub(crate) fn open(cause: fjall::Error) -> Error {
    engine(cause, Operation::Open)
}

fn meaning(cause: &fjall::Error) -> (ErrorKind, &'static str) {
    use fjall::Error;

    match cause {
        Error::Io(cause) | Error::Storage(LsmError::Io(cause)) => of_system(cause),
        Error::Storage(cause) => of_tree(cause),
        Error::JournalRecovery(_) => (ErrorKind::Corrupted, "the journal is damaged"),
        Error::InvalidVersion(_) => (
            ErrorKind::Unsupported,
            "the files have a format of fjall that this program does not read",
        ),
        Error::Decompress(_)
        | Error::InvalidTrailer
        | Error::InvalidTag(_)
        | Error::Unrecoverable => (ErrorKind::Corrupted, "the files are damaged"),
        Error::Poisoned => (
            ErrorKind::Io,
            "fjall failed earlier while writing to the device (is the disk full?); the store takes \
             no more commits until it is opened again",
        ),
        Error::Locked => (ErrorKind::Locked, "another process or handle has the store open"),
        _ => (ErrorKind::Engine, "fjall failed"),
    }
}

fn of_tree(cause: &LsmError) -> (ErrorKind, &'static str) {
    match cause {
        LsmError::Io(cause) => of_system(cause),
        LsmError::InvalidVersion(_) => (
            ErrorKind::TooNew,
            "a file was written by a newer version of fjall than this program reads",
        ),
        LsmError::Decompress(_)
        | LsmError::Unrecoverable
        | LsmError::ChecksumMismatch { .. }
        | LsmError::InvalidTag(_)
        | LsmError::InvalidTrailer
        | LsmError::InvalidHeader(_)
        | LsmError::Utf8(_) => (ErrorKind::Corrupted, "the files are damaged"),
        _ => (ErrorKind::Engine, "fjall failed"),
    }
}

/// Maps an error of the system. fjall's files exist and are complete, so one that is missing or ends
/// early is damaged: fjall then reads past its end, or before its start.
fn of_system(cause: &io::Error) -> (ErrorKind, &'static str) {
    match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            (ErrorKind::DiskFull, "the device or the quota on it is full")
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            (ErrorKind::ReadOnly, "the file system is mounted read-only")
        }
        io::ErrorKind::NotFound => (ErrorKind::Corrupted, "a file of the store is missing"),
        io::ErrorKind::UnexpectedEof => (
            ErrorKind::Corrupted,
            "a file is shorter than it was, or the device returned too little",
        ),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            (ErrorKind::Corrupted, "the files are damaged")
        }
        _ => (ErrorKind::Io, "the operating system failed to read or write a file"),
    }
}

/// Maps a failure of a commit. Once a batch is on its way into the journal, it is unknown how far it
/// got; what fjall refuses before that changes nothing.
#[cold]
pub(crate) fn write(cause: fjall::Error, operation: Operation) -> Error {
    let refused = matches!(cause, fjall::Error::Poisoned);
    let cause = engine(cause, operation);
    if refused {
        return cause;
    }
    unknown_commit(cause)
}

/// What is in the folder is not what fjall or Arbour wrote.
#[cold]
pub(crate) fn corrupted(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Corrupted, Operation::Open, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_has_its_kind() {
        use ErrorKind::*;
        use fjall::Error::*;

        let system = |kind: io::ErrorKind| fjall::Error::Io(kind.into());
        let table = [
            (system(io::ErrorKind::StorageFull), DiskFull),
            (system(io::ErrorKind::QuotaExceeded), DiskFull),
            (system(io::ErrorKind::ReadOnlyFilesystem), ReadOnly),
            (system(io::ErrorKind::NotFound), Corrupted),
            (system(io::ErrorKind::UnexpectedEof), Corrupted),
            (system(io::ErrorKind::InvalidInput), Corrupted),
            (system(io::ErrorKind::PermissionDenied), ErrorKind::Io),
            (Storage(LsmError::Io(io::ErrorKind::StorageFull.into())), DiskFull),
            (Storage(LsmError::Unrecoverable), Corrupted),
            (Storage(LsmError::InvalidHeader("block")), Corrupted),
            (Storage(LsmError::InvalidTrailer), Corrupted),
            (Storage(LsmError::InvalidTag(("tag", 9))), Corrupted),
            (Storage(LsmError::InvalidVersion(9)), TooNew),
            (JournalRecovery(fjall::JournalRecoveryError::ChecksumMismatch), Corrupted),
            (InvalidVersion(None), Unsupported),
            (InvalidTrailer, Corrupted),
            (InvalidTag(("tag", 9)), Corrupted),
            (fjall::Error::Unrecoverable, Corrupted),
            (Poisoned, ErrorKind::Io),
            (fjall::Error::Locked, ErrorKind::Locked),
            (KeyspaceDeleted, Engine),
        ];
        for (cause, kind) in table {
            let shown = format!("{cause:?}");
            assert_eq!(engine(cause, Operation::Get).kind(), kind, "{shown}");
        }
    }

    #[test]
    fn a_refused_commit_changed_nothing_and_a_failed_one_is_unknown() {
        assert_eq!(write(fjall::Error::Poisoned, Operation::Apply).kind(), ErrorKind::Io);
        let full = fjall::Error::Io(io::ErrorKind::StorageFull.into());
        assert_eq!(write(full, Operation::Apply).kind(), ErrorKind::CommitUnknown);
    }
}
