//! The status of a store: which steps have run.

use std::fmt;

use arbour_core::{KvStore, Result};

use super::StepId;
use super::journal::Journal;
use super::lease::Lease;
use super::migrations::{Declared, Migrations};
use super::raw_trees::reading;
use super::record::{Kind, Record, RecordState};
use super::step_id::StepKey;

/// The steps that have run in a store, compared with those the program declares.
///
/// ```
/// use arbour::migrations::Migrations;
/// let status = Migrations::new("app", "1.2").status(&arbour::MemoryStore::new())?;
/// assert!(status.steps.is_empty() && status.runner.is_none());
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Every step that is declared or has run, in order.
    pub steps: Vec<StepStatus>,
    /// The data format required to read the store; `None` if no step requires one.
    pub min_reader: Option<u32>,
    /// The data format required to write to the store; `None` if no step requires one.
    pub min_writer: Option<u32>,
    /// The runner that is migrating the store now, according to the clock.
    pub runner: Option<String>,
    /// Whether a migration has begun and is not complete: [`run`](Migrations::run) completes it, and
    /// [`abandon`](Migrations::abandon) takes it back.
    pub is_unfinished: bool,
}

/// A step of a [`Status`] or of a [`Plan`](super::Plan).
///
/// ```
/// use arbour::migrations::{Group, Migrations, Step};
/// let step = Step::numbered(1).atomic(|_| Ok(()));
/// let migrations = Migrations::new("app", "1.2").group(Group::new("rooms").step(step));
/// let status = migrations.status(&arbour::MemoryStore::new())?;
/// assert!(status.steps[0].is_declared && status.steps[0].record.is_none());
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepStatus {
    /// The group.
    pub group: String,
    /// The step.
    pub step: StepId,
    /// Whether the program declares it.
    pub is_declared: bool,
    /// Whether it runs in chunks.
    pub is_chunked: bool,
    /// Its journal entry, which counts what it has done so far; `None` if it has not run.
    pub record: Option<Record>,
    /// Whether it belongs to the migration that is unfinished and has run, in full or in part:
    /// [`abandon`](Migrations::abandon) undoes it.
    pub is_unfinished: bool,
    /// Whether the program declares how to undo what the step has done so far.
    pub can_be_undone: bool,
    /// Whether programs that do not know the step may use the store: see
    /// [`Step::compatible`](super::Step::compatible).
    pub is_compatible: bool,
}

impl StepStatus {
    pub(super) fn of_each<'k>(
        keys: impl IntoIterator<Item = &'k StepKey>,
        declared: &Declared<'_>,
        journal: &Journal,
    ) -> Vec<Self> {
        let unfinished = journal.unfinished();
        let status = |key: &StepKey| {
            let (step, record) = (declared.steps.get(key), journal.records.get(key));
            let kind = step.map(|step| step.kind()).or(record.map(|record| record.kind));
            let is_part = record.is_some_and(Record::is_running);
            Self {
                group: key.group.clone(),
                step: key.id.clone(),
                is_declared: step.is_some(),
                is_chunked: kind.is_some_and(|kind| kind != Kind::Atomic),
                record: record.cloned(),
                is_unfinished: unfinished.contains(key),
                can_be_undone: record.is_some() && step.is_some_and(|step| step.can_undo(is_part)),
                is_compatible: record.is_some_and(Record::is_compatible),
            }
        };
        keys.into_iter().map(status).collect()
    }
}

/// Formats the state of the step on one line, with what can be done about it.
impl fmt::Display for StepStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {} of {:?}: ", self.step, self.group)?;
        let Some(record) = &self.record else { return f.write_str("pending") };
        let entries = record.counts.entries;
        match record.state {
            RecordState::Running => write!(f, "under way, {entries} entries read")?,
            RecordState::Done => write!(f, "done, {entries} entries read")?,
            RecordState::Adopted => f.write_str("adopted")?,
        }
        f.write_str(if self.can_be_undone { "; can be undone" } else { "; cannot be undone" })?;
        let is_compatible = self.is_compatible;
        f.write_str(if is_compatible { "; the earlier program may open the store" } else { "" })
    }
}

impl Migrations {
    /// Returns which steps have run, when and by which program, which of them can be undone, and
    /// which runner is active. Nothing is written.
    ///
    /// # Errors
    /// As [`plan`](Self::plan).
    ///
    /// ```
    /// # use arbour::migrations::Migrations;
    /// for step in Migrations::new("app", "1.2").status(&arbour::MemoryStore::new())?.steps {
    ///     println!("{step}");
    /// }
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn status<S: KvStore>(&self, store: &S) -> Result<Status> {
        let declared = self.declared()?;
        reading(store, |raw| {
            let journal = Journal::load(raw)?;
            let head = journal.head();
            let mut keys: Vec<&StepKey> =
                journal.records.keys().chain(declared.steps.keys()).collect();
            keys.sort();
            keys.dedup();
            let lease = Lease::load(raw)?;
            Ok(Status {
                steps: StepStatus::of_each(keys, &declared, &journal),
                min_reader: head.min_reader,
                min_writer: head.min_writer,
                runner: lease.filter(Lease::is_held).map(|lease| lease.holder),
                is_unfinished: !journal.unfinished().is_empty(),
            })
        })
    }
}
