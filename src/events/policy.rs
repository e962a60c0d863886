//! What a projection does with an event that fails.

use std::time::Duration;

/// What a projection does with an event that fails: it retries, and then acts as configured.
///
/// ```
/// use arbour::events::FailurePolicy;
/// use std::time::Duration;
/// let patient = FailurePolicy::dead_letter().retry(3, Duration::from_millis(100));
/// # let _ = patient;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FailurePolicy {
    pub(super) retries: u32,
    backoff: Duration,
    pub(super) on_exhausted: FailureAction,
}

/// What to do with an event when all tries have failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum FailureAction {
    #[default]
    Halt,
    DeadLetter,
    Quarantine,
}

const DELAY_MAX: Duration = Duration::from_secs(60);

impl FailurePolicy {
    fn new(on_exhausted: FailureAction) -> Self {
        Self { on_exhausted, ..Self::default() }
    }

    /// Halts the projection before the event until it is [resumed](super::Events::resume). No event is
    /// left out. This is the default.
    #[must_use]
    pub fn halt() -> Self {
        Self::new(FailureAction::Halt)
    }

    /// Moves the event to the dead-letter queue, and continues.
    #[must_use]
    pub fn dead_letter() -> Self {
        Self::new(FailureAction::DeadLetter)
    }

    /// Dead-letters the event and all later events of its stream, and continues.
    #[must_use]
    pub fn quarantine() -> Self {
        Self::new(FailureAction::Quarantine)
    }

    /// Retries this many times first, waiting this long before the first retry and twice as long before
    /// each further one, up to a minute. Without this, an event is tried once.
    #[must_use]
    pub fn retry(mut self, retries: u32, backoff: Duration) -> Self {
        (self.retries, self.backoff) = (retries, backoff);
        self
    }

    /// Returns how long to wait after this many failed tries.
    pub(super) fn delay(&self, tries: u32) -> Duration {
        let factor = 2_u32.checked_pow(tries).unwrap_or(u32::MAX);
        self.backoff.saturating_mul(factor).min(DELAY_MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::FailurePolicy;

    #[test]
    fn delays_double_up_to_a_minute() {
        let policy = FailurePolicy::halt().retry(9, Duration::from_secs(1));
        assert_eq!([0, 2, 8].map(|tries| policy.delay(tries).as_secs()), [1, 4, 60]);
        assert_eq!(policy.delay(u32::MAX).as_secs(), 60);
    }
}
