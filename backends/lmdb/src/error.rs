//! Mapping LMDB's errors to Arbour's.

use std::io;

use arbour_core::{Error, ErrorKind, Operation};
use heed::MdbError;

/// Maps an error of LMDB, case by case.
#[cold]
pub(crate) fn engine(cause: heed::Error, operation: Operation) -> Error {
    let code = match cause {
        heed::Error::Io(cause) => {
            let message = "the operating system failed to read or write the files of the store";
            return Error::from_io(cause, operation, message);
        }
        heed::Error::Mdb(code) => code,
        heed::Error::EnvAlreadyOpened => {
            let message = "another part of this program has opened the folder with LMDB";
            return Error::new(ErrorKind::Locked, operation, message).with_source(cause);
        }
        _ => return Error::new(ErrorKind::Engine, operation, "LMDB failed").with_source(cause),
    };
    let (kind, message) = match code {
        // What LMDB calls incompatible is a database of another kind than its flags say: Arbour makes no
        // other kind.
        MdbError::PageNotFound | MdbError::Corrupted | MdbError::Incompatible => {
            (ErrorKind::Corrupted, "the data file is damaged")
        }
        MdbError::Invalid => (ErrorKind::Corrupted, "the data file is none of LMDB, or damaged"),
        MdbError::VersionMismatch => (
            ErrorKind::TooNew,
            "the data file, or the lock file of the processes that have it open, is of another version of LMDB",
        ),
        MdbError::MapFull => {
            (ErrorKind::DiskFull, "the store has filled the address space that was reserved for it")
        }
        MdbError::MapResized => (
            ErrorKind::Io,
            "another process has made the store larger than the address space that this process \
             reserved for it",
        ),
        MdbError::ReadersFull => (
            ErrorKind::Busy,
            "all readers are taken, by snapshots of this and other processes: drop some",
        ),
        MdbError::TxnFull => (
            ErrorKind::TooLarge,
            "the transaction changes more pages than LMDB can hold: use several transactions",
        ),
        MdbError::BadValSize => (ErrorKind::TooLarge, "the key or value is too long for LMDB"),
        MdbError::Panic => (
            ErrorKind::Io,
            "an earlier failure to write the head of the file has stopped the store",
        ),
        MdbError::BadTxn => {
            (ErrorKind::Engine, "an earlier write of the transaction failed: run it again")
        }
        _ => (ErrorKind::Engine, "LMDB failed"),
    };
    Error::new(kind, operation, message).with_source(code)
}

/// The stored bytes are not what Arbour or LMDB wrote.
#[cold]
pub(crate) fn corrupted(operation: Operation, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Corrupted, operation, message.into())
}

/// The system failed while a store was being opened.
#[cold]
pub(crate) fn unreachable(cause: io::Error) -> Error {
    Error::from_io(cause, Operation::Open, "the folder of the store cannot be reached")
}
