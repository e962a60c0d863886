//! Waiting between the tries of a transaction.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Error, ErrorKind, Result};

/// The most that a transaction waits after its first conflict. It doubles with each further one.
const FIRST_WAIT_MAX: Duration = Duration::from_micros(200);

/// The most that it ever waits at a time.
const WAIT_MAX: Duration = Duration::from_millis(50);

/// How long a transaction that met a conflict waits before it is run again.
///
/// After each conflict it is a random time between zero and a bound that doubles, so that transactions
/// which met once do not meet again ("full jitter": Marc Brooker, "Exponential Backoff And Jitter",
/// 2015). It ends after a time limit.
///
/// ```
/// use arbour_core::engine::Backoff;
/// use arbour_core::{Error, ErrorKind, Operation};
/// use std::time::Duration;
/// let conflict = || Error::new(ErrorKind::Conflict, Operation::Commit, "a changed entry");
/// assert!(Backoff::new(Duration::from_secs(5)).wait_after(conflict()).is_ok());
///
/// let error = Backoff::new(Duration::ZERO).wait_after(conflict()).unwrap_err();
/// assert_eq!(error.message(), "run once within 0ns, still in conflict: a changed entry");
/// ```
#[derive(Debug)]
pub struct Backoff {
    limit: Duration,
    since: Instant,
    tries: u32,
}

impl Backoff {
    /// Begins the time of a transaction, which may be run again until the limit has passed.
    ///
    /// ```
    /// # use arbour_core::engine::Backoff;
    /// # use std::time::Duration;
    /// # let _ =
    /// Backoff::new(Duration::from_secs(5));
    /// ```
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        Self { limit, since: Instant::now(), tries: 0 }
    }

    /// Sets another limit; the time began when this was created.
    ///
    /// ```
    /// # use arbour_core::engine::Backoff;
    /// # use std::time::Duration;
    /// # let _ =
    /// Backoff::new(Duration::from_secs(5)).limit(Duration::from_secs(60));
    /// ```
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Returns how long to wait before the next try.
    ///
    /// # Errors
    /// The given error, unless it is a [`Conflict`](ErrorKind::Conflict) and there is time left. A
    /// conflict that is returned says how often the transaction was run.
    ///
    /// ```
    /// # use arbour_core::engine::Backoff;
    /// # use arbour_core::{Error, ErrorKind, Operation};
    /// # use std::time::Duration;
    /// let full = Error::new(ErrorKind::Full, Operation::Commit, "no space left");
    /// let error = Backoff::new(Duration::from_secs(5)).wait_after(full).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Full);
    /// ```
    pub fn wait_after(&mut self, error: Error) -> Result<Duration> {
        if error.kind() != ErrorKind::Conflict {
            return Err(error);
        }
        self.tries = self.tries.saturating_add(1);
        let left = self.limit.saturating_sub(self.since.elapsed());
        if left.is_zero() {
            let times = match self.tries {
                1 => "once".to_owned(),
                tries => format!("{tries} times"),
            };
            let (limit, message) = (self.limit, error.message());
            let message = format!("run {times} within {limit:?}, still in conflict: {message}");
            return Err(error.with_message(message));
        }
        Ok(random_up_to(wait_max(self.tries)).min(left))
    }

    /// Waits before the next try.
    ///
    /// # Errors
    /// As [`wait_after`](Self::wait_after).
    ///
    /// ```
    /// # use arbour_core::engine::Backoff;
    /// # use arbour_core::{Error, ErrorKind, Operation};
    /// # use std::time::Duration;
    /// let conflict = Error::new(ErrorKind::Conflict, Operation::Commit, "a changed entry");
    /// Backoff::new(Duration::from_secs(5)).pause_after(conflict)?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn pause_after(&mut self, error: Error) -> Result<()> {
        thread::sleep(self.wait_after(error)?);
        Ok(())
    }
}

/// Returns the longest wait after so many tries.
fn wait_max(tries: u32) -> Duration {
    let doubled = 1_u32.checked_shl(tries.saturating_sub(1)).unwrap_or(u32::MAX);
    FIRST_WAIT_MAX.saturating_mul(doubled).min(WAIT_MAX)
}

fn random_up_to(max: Duration) -> Duration {
    // The standard library seeds each of its hashers at random.
    let random = RandomState::new().build_hasher().finish();
    let max = u64::try_from(max.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(random % max.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_wait_doubles_up_to_a_bound() {
        assert_eq!(wait_max(1), FIRST_WAIT_MAX);
        assert_eq!(wait_max(3), FIRST_WAIT_MAX * 4);
        assert_eq!(wait_max(40), WAIT_MAX);
        assert_eq!(wait_max(u32::MAX), WAIT_MAX);
    }

    #[test]
    fn waits_are_random_within_their_bound() {
        let waits: Vec<_> = (0..100).map(|_| random_up_to(WAIT_MAX)).collect();
        assert!(waits.iter().all(|wait| *wait <= WAIT_MAX));
        assert!(waits.windows(2).any(|two| two[0] != two[1]), "all waits are {:?}", waits[0]);
        assert_eq!(random_up_to(Duration::ZERO), Duration::ZERO);
    }
}
