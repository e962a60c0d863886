//! UUIDs that sort in the order of their creation, whatever the clock says.

use std::time::SystemTime;

use arbour_core::clock;
use parking_lot::Mutex;
use uuid::{ContextV7, Timestamp, Uuid};

/// The last second that fits the 48-bit milliseconds of a UUID, in the year 10889.
const SECONDS_MAX: u64 = ((1 << 48) - 1) / 1000 - 1;

/// Counts within a millisecond, and while the clock stands still or is earlier than before.
static CONTEXT: Mutex<ContextV7> = Mutex::new(ContextV7::new());

/// Returns a new UUID version 7. It is greater than all that this process made before, even if the
/// clock was set back. A time before 1970 or after the year 10889 is clamped.
pub(crate) fn ordered_uuid() -> Uuid {
    let since = clock::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    // The counter is seeded with random bits only for times above zero.
    let seconds = since.as_secs().clamp(1, SECONDS_MAX);
    let context = CONTEXT.lock();
    Uuid::new_v7(Timestamp::from_unix(&*context, seconds, since.subsec_nanos()))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use arbour_core::clock;

    use super::ordered_uuid;

    #[test]
    fn ids_stay_unique_and_ordered_whatever_the_clock_says() {
        let now = SystemTime::now();
        let hours = Duration::from_secs(5 * 3600);
        let after_2554 = SystemTime::UNIX_EPOCH + Duration::from_nanos(u64::MAX) + hours;
        let after_10889 = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40);
        let before_1970 = SystemTime::UNIX_EPOCH - hours;
        let times = [before_1970, now, now, now - hours, after_2554, now, after_10889, before_1970];
        let mut last = ordered_uuid();
        for time in times {
            // The clock stands still within a round.
            for _ in 0..1000 {
                let next = clock::at(time, ordered_uuid);
                assert!(next > last, "{next} follows {last} at {time:?}");
                last = next;
            }
        }
    }
}
