//! Mapping RocksDB's errors to Arbour's.
//!
//! RocksDB reports a status and a text; what only the text tells is parsed from it.

use arbour_core::engine::unknown_commit;
use arbour_core::{Error, ErrorKind, Operation};
use rocksdb::ErrorKind as Status;

/// Maps a failure of RocksDB.
#[cold]
pub(crate) fn engine(cause: rocksdb::Error, operation: Operation) -> Error {
    let (kind, message) = meaning(cause.kind(), cause.as_ref());
    Error::new(kind, operation, message).with_source(cause)
}

/// Maps a failure to open a database. The database exists, so a missing file is damage.
#[cold]
pub(crate) fn open(cause: rocksdb::Error) -> Error {
    let says = |words: &str| cause.as_ref().contains(words);
    let is_missing = match cause.kind() {
        Status::IOError => says("No such file or directory"),
        Status::InvalidArgument => says("create_if_missing is false"),
        _ => false,
    };
    if is_missing {
        let message = "a file of the store is missing";
        return Error::new(ErrorKind::Corrupted, Operation::Open, message).with_source(cause);
    }
    engine(cause, Operation::Open)
}

fn meaning(status: Status, text: &str) -> (ErrorKind, &'static str) {
    let says = |words: &str| text.contains(words);
    // RocksDB opens a file twice to learn whether direct I/O works there, and takes any reason that
    // prevents the first or both for the answer. Arbour requests no direct I/O.
    let is_of_open = says("Direct I/O is not supported by the specified DB")
        || says("Found options incompatible with filesystem");
    let is_of_system =
        status == Status::IOError || is_of_open || says("Failed to create RocksDB directory");
    match status {
        Status::Corruption if says("created with newer version of RocksDB") => (
            ErrorKind::TooNew,
            "a file was written by a newer version of RocksDB than this program reads",
        ),
        Status::Corruption => (ErrorKind::Corrupted, "the files are damaged"),
        // The lock of this process, and that of another one.
        Status::IOError if says("lock hold by current process") || says("While lock file") => {
            (ErrorKind::Locked, "another process or handle has the store open")
        }
        // The binding creates the folder itself, and reports only a text if it cannot.
        _ if is_of_system && (says("No space left on device") || says("quota exceeded")) => {
            (ErrorKind::DiskFull, "the device or the quota on it is full")
        }
        Status::Unknown | Status::InvalidArgument if is_of_open => (
            ErrorKind::Io,
            "the operating system refused to open a file, and RocksDB hides why: is the disk full?",
        ),
        Status::Unknown | Status::InvalidArgument if is_of_system => {
            (ErrorKind::Io, "the operating system failed to read or write a file")
        }
        Status::IOError if says("Read-only file system") => {
            (ErrorKind::ReadOnly, "the file system is mounted read-only")
        }
        Status::IOError => (ErrorKind::Io, "the operating system failed to read or write a file"),
        Status::InvalidArgument => (ErrorKind::InvalidArgument, "RocksDB refuses the call"),
        Status::NotSupported => (ErrorKind::Unsupported, "RocksDB does not support the call"),
        Status::Busy
        | Status::TimedOut
        | Status::TryAgain
        | Status::Incomplete
        | Status::MergeInProgress => (ErrorKind::Busy, "RocksDB is busy"),
        Status::ShutdownInProgress => (ErrorKind::Closed, "RocksDB is shutting down"),
        Status::NotFound
        | Status::Aborted
        | Status::Expired
        | Status::CompactionTooLarge
        | Status::ColumnFamilyDropped
        | Status::Unknown => (ErrorKind::Engine, "RocksDB failed"),
    }
}

/// Maps a failure of a write. Once a batch is on its way into the log, it is unknown how far it
/// got; what RocksDB refuses before that changes nothing.
#[cold]
pub(crate) fn write(cause: rocksdb::Error) -> Error {
    let cause = engine(cause, Operation::Apply);
    match cause.kind() {
        ErrorKind::InvalidArgument
        | ErrorKind::Unsupported
        | ErrorKind::Busy
        | ErrorKind::Closed => cause,
        _ => unknown_commit(cause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_its_kind() {
        use ErrorKind::*;
        let table = [
            (Status::Corruption, "block checksum mismatch", Corrupted),
            (Status::Corruption, "created with newer version of RocksDB", TooNew),
            (Status::IOError, "While fsync: /a/000004.log: Input/output error", Io),
            (Status::IOError, "While appending to file: No space left on device", DiskFull),
            (Status::IOError, "While appending to file: Disk quota exceeded", DiskFull),
            (Status::IOError, "While open a file for appending: Read-only file system", ReadOnly),
            (Status::IOError, "lock hold by current process, acquire time 1", Locked),
            (Status::IOError, "While lock file: /a/LOCK: Resource temporarily unavailable", Locked),
            (Status::InvalidArgument, "Direct I/O is not supported by the specified DB", Io),
            (
                Status::Unknown,
                "Failed to create RocksDB directory: No space left on device",
                DiskFull,
            ),
            (Status::Unknown, "Failed to create RocksDB directory: Permission denied", Io),
            (Status::InvalidArgument, "unknown column family", InvalidArgument),
            (Status::NotSupported, "not implemented", Unsupported),
            (Status::Busy, "", Busy),
            (Status::TimedOut, "", Busy),
            (Status::TryAgain, "", Busy),
            (Status::Incomplete, "", Busy),
            (Status::MergeInProgress, "", Busy),
            (Status::ShutdownInProgress, "", Closed),
            (Status::NotFound, "", Engine),
            (Status::Aborted, "", Engine),
            (Status::Expired, "", Engine),
            (Status::CompactionTooLarge, "", Engine),
            (Status::ColumnFamilyDropped, "", Engine),
            (Status::Unknown, "", Engine),
        ];
        for (status, text, kind) in table {
            let shown = format!("{status:?} {text:?}");
            assert_eq!(meaning(status, text).0, kind, "{shown}");
        }
    }
}
