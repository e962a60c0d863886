//! What a run or a dry run did.

use std::time::Duration;

use arbour_core::Result;

use super::error::Halt;
use super::record::Counts;
use super::step_id::{StepId, StepKey};

/// How many keys of each kind of change are listed.
const SAMPLES: usize = 5;

/// The result of a run or a dry run.
///
/// ```
/// use arbour::migrations::Migrations;
/// let report = Migrations::new("app", "1.2").run(&arbour::MemoryStore::new())?;
/// assert!(report.steps.is_empty() && !report.is_cancelled && !report.is_read_only);
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The steps that ran, or would run, in order. Steps that another runner ran
    /// meanwhile are not included.
    pub steps: Vec<StepReport>,
    /// Whether the program may only read the store, because a newer program has migrated it: open it
    /// again, read-only. See [`allow_reading_newer`](super::Migrations::allow_reading_newer).
    pub is_read_only: bool,
    /// Whether it was cancelled before it was complete. What was committed stays, and the next run
    /// continues there.
    pub is_cancelled: bool,
    /// What a dry run found that would change, for each tree that would, sorted by name; empty after
    /// a real run. The journal is left out.
    pub changes: Vec<TreeChanges>,
}

impl Report {
    /// Adds what was done for a step, and how that ended. Returns whether to continue.
    ///
    /// # Errors
    /// The error with which the step failed.
    pub(super) fn end_step(&mut self, done: StepReport, ended: Result<(), Halt>) -> Result<bool> {
        if done.counts.chunks > 0 {
            self.steps.push(done);
        }
        match ended {
            Ok(()) => Ok(true),
            Err(Halt::Failed(error)) => Err(error),
            Err(Halt::Cancelled) => {
                self.is_cancelled = true;
                Ok(false)
            }
        }
    }
}

/// What a run did for a step.
///
/// ```
/// use arbour::migrations::{Group, Migrations, Step};
/// let step = Step::numbered(1).atomic(|trees| Ok(trees.put("rooms", b"study", b"")?));
/// let migrations = Migrations::new("app", "1.2").group(Group::new("rooms").step(step));
/// let report = migrations.run(&arbour::MemoryStore::new())?;
/// assert!(report.steps[0].is_done && report.steps[0].counts.puts == 1);
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepReport {
    /// The group.
    pub group: String,
    /// The step.
    pub step: StepId,
    /// How much of it this run did.
    pub counts: Counts,
    /// How long this run spent on it.
    pub took: Duration,
    /// Whether the step is complete.
    pub is_done: bool,
}

impl StepReport {
    pub(super) fn new(key: &StepKey) -> Self {
        Self {
            group: key.group.clone(),
            step: key.id.clone(),
            counts: Counts::default(),
            took: Duration::ZERO,
            is_done: false,
        }
    }
}

/// The changes to a tree.
///
/// ```
/// # use arbour::migrations::TreeChanges;
/// fn show(changes: &TreeChanges) -> String {
///     let (added, changed, removed) = (&changes.added, &changes.changed, &changes.removed);
///     format!("{}: +{} ~{} -{}", changes.tree, added.count, changed.count, removed.count)
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TreeChanges {
    /// The tree.
    pub tree: String,
    /// Keys that would be added.
    pub added: Tally,
    /// Keys whose value would change.
    pub changed: Tally,
    /// Keys that would be removed.
    pub removed: Tally,
}

/// A number of keys, with samples.
///
/// ```
/// assert_eq!(arbour::migrations::Tally::default().count, 0);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// The number of keys.
    pub count: u64,
    /// The first five keys, escaped.
    pub samples: Vec<String>,
}

impl Tally {
    pub(super) fn add(&mut self, key: &[u8]) {
        self.count += 1;
        if self.samples.len() < SAMPLES {
            self.samples.push(key.escape_ascii().to_string());
        }
    }
}
