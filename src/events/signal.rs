//! Waking threads and streams that wait for a commit.

use std::time::Instant;

use parking_lot::{Condvar, Mutex};

/// Counts commits, so that a waiting thread misses none: it reads the count, reads the store, and
/// waits for the count to change.
#[derive(Default)]
pub(super) struct Signal {
    count: Mutex<u64>,
    changed: Condvar,
    /// Wakes streams.
    #[cfg(feature = "tokio")]
    streams: tokio::sync::watch::Sender<()>,
}

impl Signal {
    pub(super) fn count(&self) -> u64 {
        *self.count.lock()
    }

    pub(super) fn notify(&self) {
        *self.count.lock() += 1;
        self.changed.notify_all();
        #[cfg(feature = "tokio")]
        self.streams.send_replace(());
    }

    /// Returns a receiver that is woken by each notification from now on.
    #[cfg(feature = "tokio")]
    pub(super) fn subscribe(&self) -> tokio::sync::watch::Receiver<()> {
        self.streams.subscribe()
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
