//! The progress of a transfer.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::{TransferError, TransferResult};

/// The interval at which progress is reported.
const INTERVAL: Duration = Duration::from_millis(200);

/// After how many entries the clock is read.
const ENTRIES_PER_LOOK: u64 = 128;

/// The progress of a transfer.
///
/// ```
/// use arbour::transfer::Transfer;
/// use arbour::{KvStore, MemoryStore};
/// use std::ops::ControlFlow;
/// let (old, new) = (MemoryStore::new(), MemoryStore::new());
/// old.put(&old.tree("users")?, b"ada", b"1815")?;
/// let mut shown = Vec::new();
/// Transfer::new()
///     .progress(|progress| {
///         shown.push((progress.step, progress.entries, progress.total));
///         ControlFlow::Continue(())
///     })
///     .copy(&old, &new)?;
/// assert_eq!(shown.last(), Some(&("verify", 1, 1)));
/// # Ok::<(), arbour::transfer::TransferError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TransferProgress {
    /// The current step: `copy`, `dump`, `check` (of the dump), `load` or `verify` (of the
    /// destination).
    pub step: &'static str,
    /// How many entries of this step are done.
    pub entries: u64,
    /// How many entries there are; 0 if unknown.
    pub total: u64,
    /// How many bytes of keys and values of this step are done.
    pub bytes: u64,
    /// How long this step has taken so far.
    pub elapsed: Duration,
}

impl TransferProgress {
    /// Returns how many entries are done per second.
    ///
    /// ```
    /// # fn show(progress: &arbour::transfer::TransferProgress) {
    /// println!("{:.0} entries/s", progress.rate());
    /// # }
    /// ```
    #[must_use]
    pub fn rate(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        if seconds > 0.0 { self.entries as f64 / seconds } else { 0.0 }
    }

    /// Returns how long this step will still take at this rate; `None` if unknown.
    ///
    /// ```
    /// # fn show(progress: &arbour::transfer::TransferProgress) {
    /// if let Some(left) = progress.left() {
    ///     println!("{} s left", left.as_secs());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn left(&self) -> Option<Duration> {
        let rate = self.rate();
        if self.total == 0 || rate <= 0.0 {
            return None;
        }
        let left = self.total.saturating_sub(self.entries) as f64;
        Duration::try_from_secs_f64(left / rate).ok()
    }
}

/// The progress callback, which returns whether to continue.
pub(super) type Report<'p> = dyn FnMut(&TransferProgress) -> ControlFlow<()> + 'p;

/// Counts what is done, and reports it at intervals.
pub(super) struct Meter<'m, 'p> {
    report: Option<&'m mut Report<'p>>,
    progress: TransferProgress,
    began: Instant,
    reported: Instant,
}

impl<'m, 'p> Meter<'m, 'p> {
    pub(super) fn new(report: Option<&'m mut Report<'p>>, step: &'static str, total: u64) -> Self {
        let now = Instant::now();
        let progress =
            TransferProgress { step, entries: 0, total, bytes: 0, elapsed: Duration::ZERO };
        Self { report, progress, began: now, reported: now }
    }

    /// Counts an entry.
    pub(super) fn entry(&mut self, key: &[u8], value: &[u8]) -> TransferResult<()> {
        self.progress.entries += 1;
        self.progress.bytes += (key.len() + value.len()) as u64;
        if self.progress.entries.is_multiple_of(ENTRIES_PER_LOOK)
            && self.reported.elapsed() >= INTERVAL
        {
            return self.show();
        }
        Ok(())
    }

    /// Reports the progress.
    pub(super) fn show(&mut self) -> TransferResult<()> {
        self.reported = Instant::now();
        self.progress.elapsed = self.began.elapsed();
        match self.report.as_mut().map(|report| report(&self.progress)) {
            Some(ControlFlow::Break(())) => Err(TransferError::Cancelled),
            _ => Ok(()),
        }
    }

    /// Reports the end of a step, and returns the number of entries and bytes.
    pub(super) fn finish(mut self) -> TransferResult<(u64, u64)> {
        self.show()?;
        Ok((self.progress.entries, self.progress.bytes))
    }
}
