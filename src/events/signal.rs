//! Waking those who wait for something to be committed.

use std::time::Instant;

use parking_lot::{Condvar, Mutex};

/// Counts what was committed, so that no waiting thread misses it: read the number, read the store, wait for
/// another number.
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

    /// Waits until something is committed that was not when the number was read, or until a time, if
    /// there is one.
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
