//! The wall clock, and how to set it in tests.

use std::cell::Cell;
use std::time::{Duration, SystemTime};

thread_local! {
    static SET: Cell<Option<SystemTime>> = const { Cell::new(None) };
}

/// Returns the current time: the system's, or the one set by [`at`].
///
/// ```
/// assert!(arbour_core::clock::now() > std::time::SystemTime::UNIX_EPOCH);
/// ```
#[must_use]
pub fn now() -> SystemTime {
    SET.get().unwrap_or_else(SystemTime::now)
}

/// Returns the current time in milliseconds since 1970 (UTC). It is negative before 1970 and
/// saturates at the ends of the range.
///
/// ```
/// use arbour_core::clock;
/// use std::time::{Duration, SystemTime};
/// let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
/// assert_eq!(clock::at(before, clock::unix_millis), -1000);
/// ```
#[must_use]
pub fn unix_millis() -> i64 {
    let millis = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    match now().duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => millis(since),
        Err(before) => -millis(before.duration()),
    }
}

/// Runs a closure with the clock stopped at a time, on this thread only. It is meant for tests: of
/// wrong clocks, and of programs whose events have times.
///
/// ```
/// use arbour_core::clock;
/// use std::time::{Duration, SystemTime};
/// let party = SystemTime::UNIX_EPOCH + Duration::from_secs(946_684_799);
/// clock::at(party, || assert_eq!(clock::now(), party));
/// assert_ne!(clock::now(), party);
/// ```
pub fn at<R>(time: SystemTime, run: impl FnOnce() -> R) -> R {
    /// Restores the clock, even if the closure panics.
    struct Reset(Option<SystemTime>);
    impl Drop for Reset {
        fn drop(&mut self) {
            SET.set(self.0);
        }
    }
    let _reset = Reset(SET.replace(Some(time)));
    run()
}
