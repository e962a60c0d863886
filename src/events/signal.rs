//! Waking threads and streams that wait for a commit.

use std::time::{Duration, Instant};

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
    /// When events were last appended in a transaction whose commit is not reported here.
    expected_since: Mutex<Option<Instant>>,
}

/// The shortest poll interval.
const POLL_MIN: Duration = Duration::from_millis(1);

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

    /// Makes waiting threads poll often, because a transaction has appended events and will be
    /// committed without a notification.
    pub(super) fn expect(&self) {
        *self.expected_since.lock() = Some(Instant::now());
        self.notify();
    }

    /// Returns how long to wait before reading the store again: `poll`, or a quarter of the time
    /// since the last [`expect`](Self::expect) if that is shorter. The interval grows with that time,
    /// so the delay is in proportion to how long the transaction took, and the polls become as rare
    /// as before.
    pub(super) fn poll_interval(&self, poll: Duration) -> Duration {
        let since = *self.expected_since.lock();
        since.map_or(poll, |since| (since.elapsed() / 4).max(POLL_MIN).min(poll))
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
