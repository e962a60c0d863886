//! Why an import ended early.

use std::error::Error as StdError;

use crate::counted::packages;

/// An import that ended early, for a reason outside of any record: where, why, and what is stored.
#[derive(Debug, thiserror::Error)]
#[error(
    "the import ended at line {line}: {cause}; {} are stored, and can be imported again",
    packages(*.stored)
)]
pub(crate) struct ImportError {
    /// The last line that was read.
    pub(super) line: u64,
    /// The reason.
    #[source]
    pub(super) cause: Box<dyn StdError + Send + Sync>,
    /// How many packages are stored.
    pub(super) stored: u64,
}
