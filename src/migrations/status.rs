//! The status of a store: which steps have run.

use arbour_core::{KvStore, Result};

use super::StepId;
use super::journal::Journal;
use super::lease::Lease;
use super::migrations::Migrations;
use super::raw_trees::reading;
use super::record::Record;
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
}

/// A step of a [`Status`].
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
    /// Its journal entry; `None` if it has not run.
    pub record: Option<Record>,
}

impl Migrations {
    /// Returns which steps have run, when and by which program, and which runner is active. Nothing
    /// is written.
    ///
    /// # Errors
    /// As [`plan`](Self::plan).
    ///
    /// ```
    /// # use arbour::migrations::Migrations;
    /// for step in Migrations::new("app", "1.2").status(&arbour::MemoryStore::new())?.steps {
    ///     println!("{} {}: {:?}", step.group, step.step, step.record);
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
            let status = |key: &StepKey| StepStatus {
                group: key.group.clone(),
                step: key.id.clone(),
                is_declared: declared.steps.contains_key(key),
                record: journal.records.get(key).cloned(),
            };
            let lease = Lease::load(raw)?;
            Ok(Status {
                steps: keys.into_iter().map(status).collect(),
                min_reader: head.min_reader,
                min_writer: head.min_writer,
                runner: lease.filter(Lease::is_held).map(|lease| lease.holder),
            })
        })
    }
}
