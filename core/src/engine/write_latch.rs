//! The failure after which a store commits nothing more.

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
    failure: OnceLock<String>,
}

impl WriteLatch {
    /// Remembers a failure, unless there was one already.
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
        self.failure.get_or_init(|| failure.to_string());
    }

    /// Fails if there was a failure, which becomes the source of the error.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io).
    ///
    /// ```
    /// # use arbour_core::engine::WriteLatch;
    /// # use arbour_core::Operation;
    /// assert!(WriteLatch::default().check(Operation::Begin).is_ok());
    /// ```
    pub fn check(&self, operation: Operation) -> Result<()> {
        let Some(failure) = self.failure.get() else { return Ok(()) };
        let message = "an earlier commit, sync or checkpoint failed while writing to the device; \
                       the store takes no more commits until it is opened again";
        let error = Error::new(ErrorKind::Io, operation, message);
        Err(error.with_source(io::Error::other(failure.clone())))
    }
}
