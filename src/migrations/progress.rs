//! Reporting the progress of a run, and cancelling it.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::StepId;
use super::step_id::StepKey;
use crate::Progress;

/// How often progress is reported while a step works.
const INTERVAL: Duration = Duration::from_millis(250);

/// The progress callback, which returns whether to continue.
pub(super) type Listener<'l> = &'l mut dyn FnMut(Progress) -> ControlFlow<()>;

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
        let done = self.before + self.committed + entries;
        let step = format!("{} {}", self.key.group, self.key.id);
        let reached = Progress::new(step, self.began, self.before).at(done, self.total);
        let told = (self.listener)(reached.numbered(self.number, self.of));
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
