//! What a projection does with an event that fails.

use std::time::Duration;

/// What a projection does with an event that fails: it retries, and then acts as configured.
///
/// ```
/// use arbour::events::{FailurePolicy, FailureAction};
/// use std::time::Duration;
/// let policy = FailurePolicy::default().retry(3, Duration::from_millis(100)).then(FailureAction::DeadLetter);
/// assert_eq!(policy.delay(2), Duration::from_millis(400));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailurePolicy {
    /// How many times it is retried.
    pub retries: u32,
    /// How long to wait before the first retry; doubled for each further one, up to a minute.
    pub backoff: Duration,
    /// What to do when all tries have failed.
    pub on_exhausted: FailureAction,
}

/// What to do with an event when all tries have failed.
///
/// ```
/// assert_eq!(arbour::events::FailureAction::default(), arbour::events::FailureAction::Halt);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailureAction {
    /// Halt the projection before the event until it is resumed. No event is left out.
    #[default]
    Halt,
    /// Move the event to the dead-letter queue, and continue.
    DeadLetter,
    /// Dead-letter the event and all later events of its stream, and continue.
    Quarantine,
}

const DELAY_MAX: Duration = Duration::from_secs(60);

impl FailurePolicy {
    /// Retries this many times, waiting this long before the first retry and twice as long before
    /// each further one.
    ///
    /// ```
    /// # use arbour::events::FailurePolicy;
    /// # use std::time::Duration;
    /// assert_eq!(FailurePolicy::default().retry(3, Duration::ZERO).retries, 3);
    /// ```
    #[must_use]
    pub fn retry(mut self, retries: u32, backoff: Duration) -> Self {
        (self.retries, self.backoff) = (retries, backoff);
        self
    }

    /// Sets what to do when all tries have failed.
    ///
    /// ```
    /// # use arbour::events::{FailurePolicy, FailureAction};
    /// assert_eq!(FailurePolicy::default().then(FailureAction::Quarantine).on_exhausted, FailureAction::Quarantine);
    /// ```
    #[must_use]
    pub fn then(mut self, action: FailureAction) -> Self {
        self.on_exhausted = action;
        self
    }

    /// Returns how long to wait after this many failed tries.
    ///
    /// ```
    /// # use arbour::events::FailurePolicy;
    /// # use std::time::Duration;
    /// let policy = FailurePolicy::default().retry(9, Duration::from_secs(1));
    /// assert_eq!((policy.delay(0).as_secs(), policy.delay(8).as_secs()), (1, 60));
    /// ```
    #[must_use]
    pub fn delay(&self, tries: u32) -> Duration {
        let factor = 2_u32.checked_pow(tries).unwrap_or(u32::MAX);
        self.backoff.saturating_mul(factor).min(DELAY_MAX)
    }
}
