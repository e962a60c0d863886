//! The failure after which a store commits nothing more.

use std::error::Error as _;
use std::fmt::Display;
use std::io;
use std::sync::OnceLock;

use crate::{Error, ErrorKind, Operation, Result};

/// Remembers the first failed write or sync of a store.
///
/// When a write or an fsync fails, the system may drop the pages that it could not write and report
/// success from then on. This process can no longer tell what is on the device, so the store
/// accepts no more commits; opening it again reads what is there.
///
/// The rule is that of PostgreSQL since 2018, which ends the whole server after a failed fsync.
///
/// ```
/// use arbour_core::engine::WriteLatch;
/// use arbour_core::{ErrorKind, Operation};
/// let latch = WriteLatch::default();
/// assert!(latch.check(Operation::Begin).is_ok());
/// latch.set("the device is gone");
/// assert_eq!(latch.check(Operation::Begin).unwrap_err().kind(), ErrorKind::Io);
/// ```
#[derive(Debug, Default)]
pub struct WriteLatch {
    failure: OnceLock<(ErrorKind, String)>,
}

impl WriteLatch {
    /// Remembers a failure of the system, unless there was a failure already.
    ///
    /// ```
    /// # use arbour_core::engine::WriteLatch;
    /// # use arbour_core::Operation;
    /// let latch = WriteLatch::default();
    /// latch.set("first");
    /// latch.set("second");
    /// assert!(latch.check(Operation::Sync).unwrap_err().in_one_line().contains("first"));
    /// ```
    pub fn set(&self, failure: impl Display) {
        self.failure.get_or_init(|| (ErrorKind::Io, failure.to_string()));
    }

    /// Remembers a commit or sync that failed, unless there was a failure already. If the engine found
    /// damage, that stays known.
    ///
    /// ```
    /// use arbour_core::engine::{WriteLatch, unknown_commit};
    /// use arbour_core::{Error, ErrorKind, Operation};
    /// let latch = WriteLatch::default();
    /// let damage = Error::new(ErrorKind::Corrupted, Operation::Apply, "the files are damaged");
    /// latch.set_failed(&unknown_commit(damage));
    /// assert_eq!(latch.check(Operation::Close).unwrap_err().kind(), ErrorKind::Corrupted);
    /// ```
    pub fn set_failed(&self, error: &Error) {
        let cause = error.source().and_then(|cause| cause.downcast_ref::<Error>());
        let kind = match cause.unwrap_or(error).kind() {
            ErrorKind::Corrupted => ErrorKind::Corrupted,
            _ => ErrorKind::Io,
        };
        self.failure.get_or_init(|| (kind, error.in_one_line()));
    }

    /// Fails if there was a failure, which becomes the source of the error.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io), or [`Corrupted`](ErrorKind::Corrupted) if the failure was damage.
    ///
    /// ```
    /// # use arbour_core::engine::WriteLatch;
    /// # use arbour_core::Operation;
    /// assert!(WriteLatch::default().check(Operation::Begin).is_ok());
    /// ```
    pub fn check(&self, operation: Operation) -> Result<()> {
        let Some((kind, failure)) = self.failure.get() else { return Ok(()) };
        let message = match kind {
            ErrorKind::Corrupted => {
                "an earlier commit or sync met damaged files; the store takes no more commits until \
                 it is opened again"
            }
            _ => {
                "an earlier commit, sync or checkpoint failed while writing to the device; the \
                 store takes no more commits until it is opened again"
            }
        };
        let error = Error::new(*kind, operation, message);
        Err(error.with_source(io::Error::other(failure.clone())))
    }
}
