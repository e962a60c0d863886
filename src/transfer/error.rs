//! Errors of transfers.

use std::io;
use std::sync::Arc;

use arbour_core::{Error, ErrorKind};

use super::digest::Digest;

/// Why a transfer failed. [`Error::downcast_ref`] returns it.
///
/// A failure after the destination was marked leaves the mark there. The same call resumes the
/// transfer, or starts it again.
///
/// ```
/// use arbour::transfer::TransferError;
/// let error = TransferError::Truncated { at: 17 };
/// assert_eq!(error.to_string(), "the dump ends at byte 17, before its end: get it again");
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// The destination is not empty: choose an empty store, or ask for it to be
    /// [replaced](super::Transfer::replace). Nothing was written.
    #[error(
        "the destination has entries, for example in the tree {tree:?}: choose an empty one, or call \
         `replace`"
    )]
    NotEmpty {
        /// A tree that has entries.
        tree: String,
    },

    /// The source is itself the destination of an unfinished transfer: finish that first.
    #[error(
        "the source is itself the destination of a transfer that did not finish: finish that transfer first"
    )]
    Unfinished,

    /// The destination does not return what was written to it: the store or the storage below it is
    /// faulty. The mark stays.
    #[error(
        "the digest of the destination is {found}, and that of what was written is {expected}: do not \
         use it, check its device, and transfer again"
    )]
    Differs {
        /// The digest of what was written.
        expected: Digest,
        /// The digest of what was read back.
        found: Digest,
    },

    /// The progress callback cancelled it.
    #[error("the transfer was cancelled: call it again to resume")]
    Cancelled,

    /// The file could not be read or written.
    #[error("the dump cannot be {}: {source}", if *.is_writing { "written" } else { "read" })]
    Io {
        /// Whether it was being written.
        is_writing: bool,
        /// The error of the operating system.
        source: Arc<io::Error>,
    },

    /// The file is not a dump.
    #[error("the file is not a dump of a store: check its name")]
    NotADump,

    /// The dump was written by a newer program: use that.
    #[error(
        "the dump has version {found}, and this program reads versions up to {known}: upgrade the \
         program"
    )]
    TooNew {
        /// The version of the dump.
        found: u16,
        /// The newest version this program reads.
        known: u16,
    },

    /// The dump ends too early. A destination that was empty is empty again.
    #[error("the dump ends at byte {at}, before its end: get it again")]
    Truncated {
        /// Where it ends, in bytes from its start.
        at: u64,
    },

    /// The dump was altered. A destination that was empty is empty again, unless the dump was
    /// altered while it was being loaded.
    #[error("the dump was altered in the part that begins at byte {at} ({reason}): get it again")]
    Altered {
        /// Where the altered part begins, in bytes from the start of the dump.
        at: u64,
        /// What is wrong with it.
        reason: String,
    },

    /// An entry is larger than a dump can hold: [`copy`](super::copy()) the store instead.
    #[error(
        "an entry of {bytes} bytes in the tree {tree:?} is larger than a dump can hold: `copy` the \
         store instead"
    )]
    TooLarge {
        /// Its tree.
        tree: String,
        /// The bytes of its key and value.
        bytes: usize,
    },
}

impl TransferError {
    /// Tells whether the dump itself cannot be loaded, as opposed to a failure of the store or a
    /// cancellation.
    pub(super) fn is_of_dump(&self) -> bool {
        matches!(
            self,
            Self::Io { is_writing: false, .. }
                | Self::NotADump
                | Self::TooNew { .. }
                | Self::Truncated { .. }
                | Self::Altered { .. }
        )
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotEmpty { .. } => ErrorKind::Exists,
            Self::Unfinished => ErrorKind::InvalidArgument,
            Self::Cancelled => ErrorKind::Failed,
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::DiskFull,
                _ => ErrorKind::Io,
            },
            Self::TooNew { .. } => ErrorKind::TooNew,
            Self::TooLarge { .. } => ErrorKind::TooLarge,
            Self::Differs { .. }
            | Self::NotADump
            | Self::Truncated { .. }
            | Self::Altered { .. } => ErrorKind::Corrupted,
        }
    }

    pub(super) fn writing(cause: io::Error) -> Self {
        Self::Io { is_writing: true, source: Arc::new(cause) }
    }

    pub(super) fn reading(cause: io::Error) -> Self {
        Self::Io { is_writing: false, source: Arc::new(cause) }
    }
}

impl From<TransferError> for Error {
    fn from(error: TransferError) -> Self {
        Self::layered(error.kind(), error)
    }
}
