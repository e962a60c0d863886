//! The failure after which nothing more is committed.

use std::io;
use std::sync::OnceLock;

use arbour_core::{Error, ErrorKind, Operation, Result};

use crate::error;

/// Remembers the first I/O error of a commit, a sync or a checkpoint of a store.
///
/// When a write or an fsync fails, the system may drop the pages that it could not write and report
/// success from then on. This process can no longer tell what is on the device, so the store
/// accepts no more commits; opening it again reads what is there.
#[derive(Debug, Default)]
pub(crate) struct Latch {
    failure: OnceLock<String>,
}

impl Latch {
    /// Remembers an error if it is an I/O error. A full disk is not: SQLite reports it before it
    /// acknowledges anything, and earlier data is intact.
    pub(crate) fn note(&self, cause: &rusqlite::Error) {
        if error::is_io(cause) {
            self.failure.get_or_init(|| cause.to_string());
        }
    }

    /// Fails after such an error.
    pub(crate) fn check(&self, operation: Operation) -> Result<()> {
        let Some(failure) = self.failure.get() else { return Ok(()) };
        let message = "an earlier commit, sync or checkpoint failed while writing to the device; \
                       the store takes no more commits until it is opened again";
        let error = Error::new(ErrorKind::Io, operation, message);
        Err(error.with_source(io::Error::other(failure.clone())))
    }
}

#[cfg(test)]
mod tests {
    use arbour_core::{ErrorKind, Operation};
    use rusqlite::ffi;

    use super::Latch;

    fn failure(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn only_an_io_error_stays() {
        let latch = Latch::default();
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_BUSY, ffi::SQLITE_IOERR_NOMEM] {
            latch.note(&failure(code));
            assert!(latch.check(Operation::Begin).is_ok(), "{code}");
        }
        latch.note(&failure(ffi::SQLITE_IOERR_FSYNC));
        latch.note(&failure(ffi::SQLITE_IOERR_WRITE));
        for operation in [Operation::Begin, Operation::Sync] {
            let error = latch.check(operation).unwrap_err();
            assert_eq!((error.kind(), error.operation()), (ErrorKind::Io, operation));
            assert!(error.message().contains("opened again"), "{error}");
            assert!(error.in_one_line().contains("1034"), "{}", error.in_one_line());
        }
    }
}
