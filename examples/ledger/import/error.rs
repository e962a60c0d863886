//! Why an import ended early.

use std::error::Error as StdError;

use crate::counted::commits;

/// An import that ended early, for a reason outside of any commit: where, why, and what was
/// appended.
#[derive(Debug, thiserror::Error)]
#[error(
    "the import ended at line {line}: {cause}; {} were appended, and can be imported again",
    commits(*.appended)
)]
pub(crate) struct ImportError {
    /// The last line that was read.
    pub(super) line: u64,
    /// The reason.
    #[source]
    pub(super) cause: Box<dyn StdError + Send + Sync>,
    /// How many commits were appended.
    pub(super) appended: u64,
}
