//! Which errors of SQLite end the commits of a store.

use arbour_core::engine::WriteLatch;

use crate::error;

/// Remembers an error if it is an I/O error. A full disk is not: SQLite reports it before it
/// acknowledges anything, and earlier data is intact.
pub(crate) fn note(latch: &WriteLatch, cause: &rusqlite::Error) {
    if error::is_io(cause) {
        latch.set(cause);
    }
}

#[cfg(test)]
mod tests {
    use arbour_core::engine::WriteLatch;
    use arbour_core::{ErrorKind, Operation};
    use rusqlite::ffi;

    use super::note;

    fn failure(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn only_an_io_error_stays() {
        let latch = WriteLatch::default();
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_BUSY, ffi::SQLITE_IOERR_NOMEM] {
            note(&latch, &failure(code));
            assert!(latch.check(Operation::Begin).is_ok(), "{code}");
        }
        note(&latch, &failure(ffi::SQLITE_IOERR_FSYNC));
        note(&latch, &failure(ffi::SQLITE_IOERR_WRITE));
        for operation in [Operation::Begin, Operation::Sync] {
            let error = latch.check(operation).unwrap_err();
            assert_eq!((error.kind(), error.operation()), (ErrorKind::Io, operation));
            assert!(error.message().contains("opened again"), "{error}");
            assert!(error.in_one_line().contains("1034"), "{}", error.in_one_line());
        }
    }
}
