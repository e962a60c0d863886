//! Mapping the engine's errors to Arbour's.

use arbour_core::{Error, ErrorKind, Operation};

use crate::toy::ToyError;

/// Maps an error of the engine. **Yours**: one case at a time, because programs act on the kind. An error
/// without a case of its own is `ErrorKind::Engine`. Keep the engine's own error as the source.
pub(crate) fn engine(cause: ToyError, operation: Operation) -> Error {
    match cause {
        // The kind by that of the system: a full device, a read-only one, or any other failure.
        ToyError::Io(cause) => {
            Error::from_io(cause, operation, "the log cannot be read or written")
        }
        ToyError::Damaged { .. } => {
            let message = "the log is damaged: restore a backup";
            Error::new(ErrorKind::Corrupted, operation, message).with_source(cause)
        }
    }
}
