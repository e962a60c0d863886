//! Counting and reporting the progress of a transfer.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use arbour_core::Result;

use super::TransferError;
use crate::Progress;

/// The interval at which progress is reported.
const INTERVAL: Duration = Duration::from_millis(200);

/// After how many entries the clock is read.
const ENTRIES_PER_LOOK: u64 = 128;

/// The progress callback, which returns whether to continue.
pub(super) type Report<'p> = dyn FnMut(Progress) -> ControlFlow<()> + 'p;

/// Counts what is done, and reports it at intervals.
pub(super) struct Meter<'m, 'p> {
    report: Option<&'m mut Report<'p>>,
    progress: Progress,
    began: Instant,
    reported: Instant,
}

impl<'m, 'p> Meter<'m, 'p> {
    /// Begins a step of a transfer: its name, its number and how many there are.
    pub(super) fn new(
        report: Option<&'m mut Report<'p>>,
        (step, number, of): (&'static str, usize, usize),
        total: Option<u64>,
    ) -> Self {
        let now = Instant::now();
        let progress = Progress::new(step, now, 0).numbered(number, of).at(0, total);
        Self { report, progress, began: now, reported: now }
    }

    /// Counts an entry.
    pub(super) fn entry(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.progress.done += 1;
        self.progress.bytes += (key.len() + value.len()) as u64;
        if self.progress.done.is_multiple_of(ENTRIES_PER_LOOK)
            && self.reported.elapsed() >= INTERVAL
        {
            return self.show();
        }
        Ok(())
    }

    /// Reports the progress.
    pub(super) fn show(&mut self) -> Result<()> {
        self.reported = Instant::now();
        self.progress.elapsed = self.began.elapsed();
        match self.report.as_mut().map(|report| report(self.progress.clone())) {
            Some(ControlFlow::Break(())) => Err(TransferError::Cancelled.into()),
            _ => Ok(()),
        }
    }

    /// Reports the end of a step, and returns the number of entries and bytes.
    pub(super) fn finish(mut self) -> Result<(u64, u64)> {
        self.show()?;
        Ok((self.progress.done, self.progress.bytes))
    }
}
