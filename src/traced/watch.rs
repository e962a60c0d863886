//! The observer of one store.

use std::time::{Duration, Instant};

use arbour_core::{ErrorKind, Operation, Result};

use super::counters::{Counting, count};

/// Observes one store, and reports what happens.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) engine: &'static str,
    pub(super) slow: Duration,
    pub(super) counting: Counting,
}

impl Watch {
    /// Runs an operation, and reports it if it fails or takes too long. Also returns how long it
    /// took.
    pub(super) fn time<T>(
        &self,
        operation: Operation,
        run: impl FnOnce() -> Result<T>,
    ) -> Result<(T, Duration)> {
        let began = Instant::now();
        let done = run();
        let took = began.elapsed();
        let engine = self.engine;
        if took >= self.slow {
            count(&self.counting.slow);
            tracing::warn!(target: "arbour::store", engine, %operation, ?took, "slow");
        }
        match done {
            Ok(done) => Ok((done, took)),
            Err(error) if error.kind() == ErrorKind::Conflict => {
                self.conflict(operation);
                Err(error)
            }
            Err(error) => {
                count(&self.counting.failed);
                tracing::warn!(target: "arbour::store", engine, %operation, %error, "failed");
                Err(error)
            }
        }
    }

    pub(super) fn conflict(&self, operation: Operation) {
        count(&self.counting.conflicts);
        tracing::debug!(target: "arbour::store", engine = self.engine, %operation, "conflict");
    }
}

#[cfg(test)]
mod tests {
    use arbour_core::Error;

    use super::*;

    #[test]
    fn a_conflict_is_no_failure() {
        let watch = Watch { engine: "none", slow: Duration::MAX, counting: Counting::default() };
        for kind in [ErrorKind::Conflict, ErrorKind::Io] {
            let failed = || Err::<(), _>(Error::new(kind, Operation::Commit, "on purpose"));
            assert_eq!(watch.time(Operation::Commit, failed).unwrap_err().kind(), kind);
        }
        let counters = watch.counting.read();
        assert_eq!((counters.conflicts, counters.failed, counters.slow), (1, 1, 0));
    }
}
