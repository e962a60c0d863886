//! Remembers the claims of a subscription, so that a claim need not read all of them.

use std::time::{Duration, Instant};

/// After how long all claims are read again, because the subscription may have been forgotten and
/// started anew.
const KNOWN_FOR: Duration = Duration::from_secs(10);

/// Remembers that all positions before `next` are claimed or dealt with, until a time.
///
/// Other consumers cannot invalidate this: they deal with claimed events, which does not free them,
/// and claim events after `next`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    /// The first position that may be free.
    pub(super) next: u64,
    /// When the first of the claims expires, in milliseconds since 1970.
    pub(super) until: i64,
    /// The position from which the claims were read.
    first: u64,
    /// When all claims were last read.
    since: Option<Instant>,
}

impl Default for Taken {
    fn default() -> Self {
        Self { next: 0, until: i64::MAX, first: 0, since: None }
    }
}

impl Taken {
    /// Returns the position to read claims from; `first` is the first that is not acknowledged. If
    /// all claims must be read again, resets what is known.
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
