//! What a projection does with an event that fails.

use std::time::Duration;

/// What a projection does with an event that fails: it is tried again, and then it is given up.
///
/// ```
/// use arbour::events::{FailurePolicy, GiveUp};
/// use std::time::Duration;
/// let policy = FailurePolicy::default().retry(3, Duration::from_millis(100)).then(GiveUp::DeadLetter);
/// assert_eq!(policy.delay(2), Duration::from_millis(400));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailurePolicy {
    /// How often it is tried again.
    pub retries: u32,
    /// How long it waits before it tries again: doubled each time, up to a minute.
    pub backoff: Duration,
    /// What happens to it in the end.
    pub give_up: GiveUp,
}

/// What happens to an event that is given up.
///
/// ```
/// assert_eq!(arbour::events::GiveUp::default(), arbour::events::GiveUp::Halt);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GiveUp {
    /// The projection stands before it until it is resumed: nothing is left out.
    #[default]
    Halt,
    /// It is put aside, and the projection goes on.
    DeadLetter,
    /// It is put aside, with all that follows in its stream, and the projection goes on.
    Quarantine,
}

const DELAY_MAX: Duration = Duration::from_secs(60);

impl FailurePolicy {
    /// Tries again so often, waiting so long before the first time and twice as long before each
    /// further one.
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

    /// Says what happens in the end.
    ///
    /// ```
    /// # use arbour::events::{FailurePolicy, GiveUp};
    /// assert_eq!(FailurePolicy::default().then(GiveUp::Quarantine).give_up, GiveUp::Quarantine);
    /// ```
    #[must_use]
    pub fn then(mut self, give_up: GiveUp) -> Self {
        self.give_up = give_up;
        self
    }

    /// Returns how long to wait after so many tries that failed again.
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
