//! What is known of the claims of a subscription, so that not all of them are read at each claim.

use std::time::{Duration, Instant};

/// After how long all claims are read again: the subscription may have been forgotten, and begun again.
const KNOWN_FOR: Duration = Duration::from_secs(10);

/// That all positions before one are claimed or dealt with, until a time.
///
/// It stays true whatever other consumers do: they deal with events, which are not free then either, and
/// claim those that come after.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    /// The position.
    pub(super) next: u64,
    /// When the first of the claims runs out, in milliseconds since 1970.
    pub(super) until: i64,
    /// Where the claims were read from.
    first: u64,
    /// When all of them were read.
    since: Option<Instant>,
}

impl Default for Taken {
    fn default() -> Self {
        Self { next: 0, until: i64::MAX, first: 0, since: None }
    }
}

impl Taken {
    /// Returns the position to read claims from, of those from a first one on that is not acknowledged. If all
    /// are to be read, nothing is known any more.
    pub(super) fn resume(&mut self, first: u64, now: i64) -> u64 {
        let is_recent = self.since.is_some_and(|since| since.elapsed() < KNOWN_FOR);
        if is_recent && self.until > now && first >= self.first {
            self.next = self.next.max(first);
        } else {
            *self = Self { next: first, first, since: Some(Instant::now()), ..Self::default() };
        }
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::Taken;

    #[test]
    fn all_claims_are_read_again_when_one_has_run_out_or_the_subscription_went_back() {
        let mut taken = Taken::default();
        assert_eq!(taken.resume(5, 100), 5);
        (taken.next, taken.until) = (20, 200);
        assert_eq!(taken.clone().resume(5, 199), 20);
        assert_eq!(taken.clone().resume(30, 199), 30, "more was acknowledged meanwhile");
        assert_eq!(taken.clone().resume(5, 200), 5, "a claim has run out");
        assert_eq!(taken.clone().resume(4, 199), 4, "it was forgotten, and began again");
    }
}
