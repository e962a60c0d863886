//! The progress of a long call.

use std::time::{Duration, Instant};

/// How far a long call has come: a migration, a transfer, the build of an index, a scrub, a projection
/// that catches up.
///
/// The callback of such a call gets it, and returns whether to continue. What was committed before a
/// break is kept, and the next call resumes there.
///
/// ```
/// use std::ops::ControlFlow;
/// use arbour::Progress;
///
/// fn show(progress: Progress) -> ControlFlow<()> {
///     let total = progress.total.map_or("?".into(), |total| total.to_string());
///     eprintln!("{}: {} of {total}, {:.0} a second", progress.step, progress.done, progress.rate());
///     ControlFlow::Continue(())
/// }
/// # use arbour::documents::{Collection, Declaration};
/// # let store = arbour::MemoryStore::new();
/// # let notes = Collection::open(&store, Declaration::<serde_json::Value>::new("notes"))?;
/// notes.build(&store, &mut show)?;
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// What is being done: the group and the step of a migration, such as `rooms 3`; `copy`, `dump`,
    /// `check`, `load` or `verify` in a transfer; otherwise the name of the collection, projection or
    /// log.
    pub step: String,
    /// The number of this step in this call, from 1.
    pub number: usize,
    /// How many steps this call has.
    pub of: usize,
    /// How many entries, documents or events of this step are done, including those that earlier calls
    /// did before they were interrupted.
    pub done: u64,
    /// How many there are, including those already done; `None` if unknown. Writers may add to them
    /// meanwhile.
    pub total: Option<u64>,
    /// How many bytes of keys and values are done. Only a transfer counts them.
    pub bytes: u64,
    /// How long this call has been working on this step.
    pub elapsed: Duration,
    /// How many earlier calls did.
    before: u64,
}

impl Progress {
    /// Describes the only step of a call that began at `began`, when `before` were done.
    pub(crate) fn new(step: impl Into<String>, began: Instant, before: u64) -> Self {
        Self {
            step: step.into(),
            number: 1,
            of: 1,
            done: before,
            total: None,
            bytes: 0,
            elapsed: began.elapsed(),
            before,
        }
    }

    /// Sets which step of how many it is.
    #[cfg(any(feature = "migrations", feature = "transfer"))]
    pub(crate) fn numbered(mut self, number: usize, of: usize) -> Self {
        (self.number, self.of) = (number, of);
        self
    }

    /// Sets how many are done, and how many there are.
    pub(crate) fn at(mut self, done: u64, total: Option<u64>) -> Self {
        self.done = done;
        // Those that were added meanwhile may have raised the total.
        self.total = total.map(|total| total.max(done));
        self
    }

    /// Returns how many entries, documents or events this call does per second; 0 before the first.
    #[must_use]
    pub fn rate(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        let fresh = self.done.saturating_sub(self.before);
        if seconds > 0.0 { fresh as f64 / seconds } else { 0.0 }
    }

    /// Returns how long this step will still take at this rate; `None` if unknown.
    #[must_use]
    pub fn left(&self) -> Option<Duration> {
        let left = self.total?.checked_sub(self.done)?;
        let rate = self.rate();
        (rate > 0.0).then(|| Duration::try_from_secs_f64(left as f64 / rate).ok())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_counts_only_what_this_call_did() {
        let mut progress = Progress::new("rooms 3", Instant::now(), 100).at(150, Some(250));
        progress.elapsed = Duration::from_secs(5);
        assert_eq!((progress.rate(), progress.left()), (10.0, Some(Duration::from_secs(10))));
    }

    #[test]
    fn nothing_is_left_when_more_was_added_than_expected() {
        let mut progress = Progress::new("notes", Instant::now(), 0).at(30, Some(20));
        progress.elapsed = Duration::from_secs(1);
        assert_eq!((progress.total, progress.left()), (Some(30), Some(Duration::ZERO)));
    }
}
