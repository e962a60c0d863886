//! Waking threads that wait for a commit.

use std::time::Instant;

use parking_lot::{Condvar, Mutex};

/// Counts commits, so that a waiting thread misses none: it reads the count, reads the store, and
/// waits for the count to change.
#[derive(Default)]
pub(super) struct Signal {
    count: Mutex<u64>,
    changed: Condvar,
}

impl Signal {
    pub(super) fn count(&self) -> u64 {
        *self.count.lock()
    }

    pub(super) fn notify(&self) {
        *self.count.lock() += 1;
        self.changed.notify_all();
    }

    /// Waits until the count differs from `seen`, or until a time if there is one.
    pub(super) fn wait_past(&self, seen: u64, until: Option<Instant>) {
        let mut count = self.count.lock();
        while *count == seen {
            match until {
                Some(until) if self.changed.wait_until(&mut count, until).timed_out() => return,
                Some(_) => {}
                None => self.changed.wait(&mut count),
            }
        }
    }
}
