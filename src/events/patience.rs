//! How long a thread waits.

use std::time::{Duration, Instant};

/// The end of a wait: the caller's deadline or, if there is none, the moment at which nothing has
/// happened for the stall timeout.
pub(super) struct Patience {
    until: Option<Instant>,
    stall: Duration,
    applied: u64,
    /// The time of the last progress.
    since: Instant,
}

impl Patience {
    pub(super) fn new(until: Option<Instant>, stall: Duration) -> Self {
        Self { until, stall, applied: 0, since: Instant::now() }
    }

    /// Restarts the stall timeout.
    pub(super) fn restart(&mut self) {
        self.since = Instant::now();
    }

    /// Returns when to stop waiting for progress beyond `applied`; `None` for never.
    pub(super) fn end(&mut self, applied: u64) -> Option<Instant> {
        if self.applied != applied {
            self.applied = applied;
            self.restart();
        }
        self.until.or_else(|| self.since.checked_add(self.stall))
    }

    pub(super) fn is_over(&mut self, applied: u64) -> bool {
        self.end(applied).is_some_and(|end| Instant::now() >= end)
    }
}

/// Returns the earlier of two times, where `None` means never.
pub(super) fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_goes_on_from_what_happened_last() {
        const STALL: Duration = Duration::from_secs(60);
        let mut patience = Patience::new(None, STALL);
        let happens = |patience: &mut Patience, applied, happens: fn(&mut Patience)| {
            let before = patience.end(applied);
            std::thread::sleep(Duration::from_millis(2));
            happens(patience);
            before
        };
        let before = happens(&mut patience, 0, |_| {});
        assert_eq!(patience.end(0), before, "nothing has happened");
        assert!(patience.end(1) > before, "an event was applied");
        let before = happens(&mut patience, 1, Patience::restart);
        assert!(patience.end(1) > before, "something happened");
        let until = Instant::now() + STALL / 2;
        let mut patience = Patience::new(Some(until), STALL);
        happens(&mut patience, 0, Patience::restart);
        assert_eq!(patience.end(0), Some(until), "a deadline stays what it is");
    }
}
