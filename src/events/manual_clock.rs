//! A clock that a test sets.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arbour_core::clock;
use parking_lot::Mutex;

/// A clock that stands still until it is set, for tests. Clones are the same clock.
///
/// [`EventsBuilder::clock`](super::EventsBuilder::clock) takes it: new events then have its time,
/// and claims run out by it. Timeouts and backoffs go by the time of the machine.
///
/// ```
/// use arbour::events::{EventQuery, Events, ManualClock, NewEvent};
/// use std::time::{Duration, SystemTime};
/// let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
/// let events = Events::builder(arbour::open("memory:")?, "main").clock(clock.clone()).build()?;
/// clock.advance(Duration::from_secs(5));
/// events.dispatch_all(NewEvent::raw("diary", "noted", 1, Vec::new()))?;
/// assert_eq!(events.read(&EventQuery::all())?[0].as_event().time, 5000);
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock {
    now: Arc<Mutex<SystemTime>>,
}

impl ManualClock {
    /// Creates a clock that stands at a time.
    ///
    /// ```
    /// # use arbour::events::ManualClock;
    /// # use std::time::SystemTime;
    /// let clock = ManualClock::new(SystemTime::now());
    /// # let _ = clock;
    /// ```
    #[must_use]
    pub fn new(now: SystemTime) -> Self {
        Self { now: Arc::new(Mutex::new(now)) }
    }

    /// Returns its time.
    ///
    /// ```
    /// # use arbour::events::ManualClock;
    /// # use std::time::SystemTime;
    /// assert_eq!(ManualClock::new(SystemTime::UNIX_EPOCH).now(), SystemTime::UNIX_EPOCH);
    /// ```
    #[must_use]
    pub fn now(&self) -> SystemTime {
        *self.now.lock()
    }

    /// Sets its time, which may be an earlier one. The times of a log do not go back: new events then
    /// have the time of the event before.
    ///
    /// ```
    /// # use arbour::events::ManualClock;
    /// # use std::time::{Duration, SystemTime};
    /// let clock = ManualClock::new(SystemTime::now());
    /// clock.set(SystemTime::UNIX_EPOCH);
    /// assert_eq!(clock.now(), SystemTime::UNIX_EPOCH);
    /// ```
    pub fn set(&self, now: SystemTime) {
        *self.now.lock() = now;
    }

    /// Moves it forward. It stays where it is if the result is later than any time there is.
    ///
    /// ```
    /// # use arbour::events::ManualClock;
    /// # use std::time::{Duration, SystemTime};
    /// let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    /// clock.advance(Duration::from_secs(1));
    /// assert_eq!(clock.now(), SystemTime::UNIX_EPOCH + Duration::from_secs(1));
    /// clock.advance(Duration::MAX);
    /// ```
    pub fn advance(&self, by: Duration) {
        let mut now = self.now.lock();
        *now = now.checked_add(by).unwrap_or(*now);
    }

    /// Returns its time in milliseconds since 1970 (UTC).
    pub(super) fn unix_millis(&self) -> i64 {
        clock::at(self.now(), clock::unix_millis)
    }
}
