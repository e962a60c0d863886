//! Telling how far a run is, and being told to stop.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::StepId;
use super::step_id::StepKey;

/// How often progress is told while a step works.
const INTERVAL: Duration = Duration::from_millis(250);

/// How far a run is.
///
/// It is told when a step begins, after each commit, and at least four times a second while a step reads or
/// writes, within atomic steps and long chunks too.
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
    /// Which of the steps of this run it is: 1 is the first.
    pub number: usize,
    /// How many steps this run has.
    pub of: usize,
    /// How many entries the step has read, those of earlier runs among them.
    pub entries: u64,
    /// How many there are, those that it has read among them, if it is known: for a step that visits each.
    pub total: Option<u64>,
    /// How long the step has been running in this run.
    pub elapsed: Duration,
    /// How many of the entries it has read in this run.
    fresh: u64,
}

impl Progress<'_> {
    /// Returns how many entries a second the step reads, in this run.
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

    /// Returns how long the step will still take at this rate; `None` as long as that cannot be said.
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

/// Who is told of progress, and says whether to go on.
pub(super) type Listener<'l> = &'l mut dyn FnMut(Progress<'_>) -> ControlFlow<()>;

/// What a step that works tells that it does.
pub(super) trait Beat {
    /// Is told how many entries were read since the last commit.
    fn beat(&mut self, entries: u64) -> ControlFlow<()>;
}

/// Nobody is told.
pub(super) struct Silent;

impl Beat for Silent {
    fn beat(&mut self, _: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// The pulse of a run: tells its listener, not too often.
pub(super) struct Pulse<'l> {
    listener: Listener<'l>,
    key: StepKey,
    number: usize,
    of: usize,
    /// Entries that were read in earlier runs, and in this one by commits.
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

    /// Tells that a step begins, which has read so many entries in earlier runs.
    pub(super) fn begin(&mut self, key: &StepKey, before: u64) -> ControlFlow<()> {
        self.key = key.clone();
        self.number += 1;
        (self.before, self.committed, self.total) = (before, 0, None);
        self.began = Instant::now();
        self.tell(0)
    }

    /// Tells that so many entries more are committed.
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
            // What was written meanwhile may have added to them.
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
