//! The error of a commit that may have taken effect.

use crate::{Error, ErrorKind};

/// Converts the failure of a commit that was already being written: the engine cannot tell whether it
/// took effect. The failure becomes the source of the error. Commits that failed before anything was
/// written keep their own error.
///
/// ```
/// use arbour_core::engine::unknown_commit;
/// use arbour_core::{Error, ErrorKind, Operation};
/// let failed = Error::new(ErrorKind::Io, Operation::Apply, "the log cannot be synced");
/// assert_eq!(unknown_commit(failed).kind(), ErrorKind::CommitUnknown);
/// ```
#[must_use]
#[cold]
pub fn unknown_commit(cause: Error) -> Error {
    let message = "the commit failed; open the store again to see whether it took effect";
    Error::new(ErrorKind::CommitUnknown, cause.operation(), message).with_source(cause)
}
