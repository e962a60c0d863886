//! Checks that run right before a commit.

use std::fmt;

use crate::{DynSnapshot, KvRead, Result};

/// Reads the state that is about to be committed, and fails if it must not be.
type Check = Box<dyn Fn(&DynSnapshot<'_>) -> Result<()> + Send>;

/// The checks of a transaction that run right before its commit.
///
/// An engine's transaction has one, lends it by [`KvWrite::commit_checks`], and begins its commit
/// with [`KvWrite::run_checks`]. Programs call [`KvWrite::before_commit`].
///
/// ```
/// use arbour_core::engine::CommitChecks;
/// let checks = CommitChecks::default();
/// assert_eq!(format!("{checks:?}"), "CommitChecks(0)");
/// ```
///
/// [`KvWrite::before_commit`]: crate::KvWrite::before_commit
/// [`KvWrite::commit_checks`]: crate::KvWrite::commit_checks
/// [`KvWrite::run_checks`]: crate::KvWrite::run_checks
#[derive(Default)]
pub struct CommitChecks {
    checks: Vec<Check>,
}

impl CommitChecks {
    pub(crate) fn add(&mut self, check: Check) {
        self.checks.push(check);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.checks.is_empty()
    }

    /// Moves the checks of a savepoint here.
    pub(crate) fn append(&mut self, savepoint: &mut Self) {
        self.checks.append(&mut savepoint.checks);
    }

    pub(crate) fn run<R: KvRead>(&self, reader: &R) -> Result<()> {
        let reader = DynSnapshot::lent(reader);
        self.checks.iter().try_for_each(|check| check(&reader))
    }
}

impl fmt::Debug for CommitChecks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CommitChecks").field(&self.checks.len()).finish()
    }
}
