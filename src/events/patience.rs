//! How long a thread waits.

use std::time::{Duration, Instant};

/// Until when a thread waits: until its own deadline, or, if it has none, until nothing has happened for
/// the stall timeout.
pub(super) struct Patience {
    until: Option<Instant>,
    stall: Duration,
    applied: u64,
    /// When something happened last.
    since: Instant,
}

impl Patience {
    pub(super) fn new(until: Option<Instant>, stall: Duration) -> Self {
        Self { until, stall, applied: 0, since: Instant::now() }
    }

    /// Notes that something happened.
    pub(super) fn restart(&mut self) {
        self.since = Instant::now();
    }

    /// Returns until when to wait for more than was applied so far; `None` for ever.
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

/// Returns the earlier of two times, of which `None` is never.
pub(super) fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
