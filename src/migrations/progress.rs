//! Reporting the progress of a run, and cancelling it.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::StepId;
use super::step_id::StepKey;

/// How often progress is reported while a step works.
const INTERVAL: Duration = Duration::from_millis(250);

/// The progress of a run.
///
/// It is reported when a step starts, after each commit, and at least four times a second while a
/// step reads or writes, including within atomic steps and long chunks.
///
/// ```
/// use arbour::migrations::{Group, Migrations, Run, Step};
/// use std::ops::ControlFlow;
/// let step = Step::numbered(1).atomic(|trees| Ok(trees.put("rooms", b"study", b"")?));
/// let migrations = Migrations::new("app", "1.2").group(Group::new("rooms").step(step));
/// let mut told = Vec::new();
/// migrations.run_with(&arbour::MemoryStore::new(), &Run::default(), &mut |progress| {
///     told.push(format!("{} of {}: step {} of {}", progress.number, progress.of, progress.step, progress.group));
///     ControlFlow::Continue(())
/// })?;
/// assert_eq!(told[0], "1 of 1: step 1 of rooms");
/// # Ok::<(), arbour::migrations::MigrationError>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Progress<'p> {
    /// The group of the step that runs.
    pub group: &'p str,
    /// The step that runs.
    pub step: &'p StepId,
    /// The number of the step in this run, from 1.
    pub number: usize,
    /// How many steps this run has.
    pub of: usize,
    /// How many entries the step has read, including earlier runs.
    pub entries: u64,
    /// The total number of entries, including those already read, if known: for a step that visits
    /// each entry.
    pub total: Option<u64>,
    /// How long the step has been running in this run.
    pub elapsed: Duration,
    /// How many of the entries were read in this run.
    fresh: u64,
}

impl Progress<'_> {
    /// Returns how many entries the step reads per second in this run.
    ///
    /// ```
    /// # use arbour::migrations::Progress;
    /// fn show(progress: Progress<'_>) -> String {
    ///     format!("{} entries, {:.0} a second", progress.entries, progress.rate())
    /// }
    /// ```
    #[must_use]
    pub fn rate(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        if seconds > 0.0 { self.fresh as f64 / seconds } else { 0.0 }
    }

    /// Returns how long the step will still take at this rate; `None` if unknown.
    ///
    /// ```
    /// # use arbour::migrations::Progress;
    /// fn show(progress: Progress<'_>) -> String {
    ///     progress.left().map_or("?".into(), |left| format!("{} s left", left.as_secs()))
    /// }
    /// ```
    #[must_use]
    pub fn left(&self) -> Option<Duration> {
        let left = self.total?.checked_sub(self.entries)?;
        let rate = self.rate();
        (rate > 0.0).then(|| Duration::try_from_secs_f64(left as f64 / rate).ok())?
    }
}

/// The progress callback, which returns whether to continue.
pub(super) type Listener<'l> = &'l mut dyn FnMut(Progress<'_>) -> ControlFlow<()>;

/// Receives the heartbeat of a working step.
pub(super) trait Beat {
    /// Takes the number of entries read since the last commit.
    fn beat(&mut self, entries: u64) -> ControlFlow<()>;
}

/// Reports no progress.
pub(super) struct Silent;

impl Beat for Silent {
    fn beat(&mut self, _: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Reports the progress of a run to its callback; between commits at most once per interval.
pub(super) struct Pulse<'l> {
    listener: Listener<'l>,
    key: StepKey,
    number: usize,
    of: usize,
    /// The entries read in earlier runs, and in this run up to the last commit.
    before: u64,
    committed: u64,
    pub(super) total: Option<u64>,
    began: Instant,
    told: Instant,
    is_cancelled: bool,
}

impl<'l> Pulse<'l> {
    pub(super) fn new(listener: Listener<'l>, of: usize) -> Self {
        let now = Instant::now();
        Self {
            listener,
            key: StepKey::new("", &StepId::Number(0)),
            number: 0,
            of,
            before: 0,
            committed: 0,
            total: None,
            began: now,
            told: now,
            is_cancelled: false,
        }
    }

    /// Reports the start of a step that has read `before` entries in earlier runs.
    pub(super) fn begin(&mut self, key: &StepKey, before: u64) -> ControlFlow<()> {
        self.key = key.clone();
        self.number += 1;
        (self.before, self.committed, self.total) = (before, 0, None);
        self.began = Instant::now();
        self.tell(0)
    }

    /// Reports that `entries` more entries were committed.
    pub(super) fn commit(&mut self, entries: u64) -> ControlFlow<()> {
        self.committed += entries;
        self.tell(0)
    }

    fn tell(&mut self, entries: u64) -> ControlFlow<()> {
        if self.is_cancelled {
            return ControlFlow::Break(());
        }
        let fresh = self.committed + entries;
        let entries = self.before + fresh;
        let told = (self.listener)(Progress {
            group: &self.key.group,
            step: &self.key.id,
            number: self.number,
            of: self.of,
            entries,
            // Entries written by others meanwhile may have raised the total.
            total: self.total.map(|total| total.max(entries)),
            elapsed: self.began.elapsed(),
            fresh,
        });
        self.told = Instant::now();
        self.is_cancelled = told.is_break();
        told
    }
}

impl Beat for Pulse<'_> {
    fn beat(&mut self, entries: u64) -> ControlFlow<()> {
        if self.told.elapsed() < INTERVAL { ControlFlow::Continue(()) } else { self.tell(entries) }
    }
}
