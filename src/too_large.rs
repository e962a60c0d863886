//! Transactions that an engine refuses for their size.

use arbour_core::{Error, ErrorKind, Operation};

/// Tells whether a transaction failed because it has more writes or bytes than the engine accepts. A key or
/// a value that is too long is refused by its put.
pub(crate) fn is_transaction_too_large(error: &Error) -> bool {
    error.kind() == ErrorKind::TooLarge
        && matches!(error.operation(), Operation::Commit | Operation::Apply)
}
