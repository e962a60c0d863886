//! Temporary folders.

use arbour_core::{Error, ErrorKind, Operation, Result};
use tempfile::TempDir;

/// Makes a folder that is deleted with the returned value.
pub(crate) fn new_folder() -> Result<TempDir> {
    TempDir::with_prefix("arbour-suite-").map_err(io)
}

/// Converts an error of the system to one of the contract.
pub(crate) fn io(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, Operation::Open, "the system failed the test itself")
        .with_source(error)
}
