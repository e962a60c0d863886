//! Going back to an earlier step.

use arbour_core::{KvStore, Result};

#[cfg(doc)]
use super::MigrationError;
use super::Target;
use super::journal::Journal;
use super::migrations::Migrations;
use super::report::Report;
use super::run::Run;
use super::step_id::StepKey;

impl Migrations {
    /// Undoes the steps after a target, newest first: in chunks with the
    /// [`undo_each`](super::Step::undo_each) of a step, or in one commit with its
    /// [`down`](super::Step::down). The last commit of a step also removes its journal entry. To take
    /// back only what a failed or cancelled run has done, call [`abandon`](Self::abandon).
    ///
    /// # Errors
    /// Before anything is undone: [`NoDown`](MigrationError::NoDown) if a step has neither, or is
    /// not declared, [`Unfinished`](MigrationError::Unfinished) if one is unfinished and has no
    /// `undo_each`,
    /// [`NotFound`](MigrationError::NotFound) if the target is not a declared step; as
    /// [`run`](Self::run). From undoing: the same errors as from a step. The changes of its chunk are
    /// rolled back; what was undone earlier stays undone.
    ///
    /// ```
    /// use arbour::migrations::{Group, Migrations, Step, Target};
    /// let store = arbour::MemoryStore::new();
    /// let step = Step::numbered(1)
    ///     .atomic(|trees| Ok(trees.put("rooms", b"study", b"")?))
    ///     .down(|trees| Ok(trees.delete("rooms", b"study")?));
    /// let migrations = Migrations::new("app", "1.2").group(Group::new("rooms").step(step));
    /// migrations.run(&store)?;
    /// assert_eq!(migrations.downgrade(&store, Target::Nothing)?.steps.len(), 1);
    /// assert_eq!(migrations.plan(&store)?.steps.len(), 1);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn downgrade<S: KvStore>(&self, store: &S, target: Target) -> Result<Report> {
        self.downgrade_with(store, &Run::default().to(target))
    }

    /// Does the same as [`downgrade`](Self::downgrade), with options.
    ///
    /// # Errors
    /// As [`downgrade`](Self::downgrade); [`NoBackup`](MigrationError::NoBackup), and errors of the
    /// store from the requested backup.
    ///
    /// ```
    /// use arbour::migrations::{Migrations, Run, Target};
    /// use std::time::Duration;
    /// let impatient = Run::default().to(Target::Nothing).wait(Duration::ZERO);
    /// let report = Migrations::new("app", "1.2").downgrade_with(&arbour::MemoryStore::new(), &impatient)?;
    /// assert!(report.steps.is_empty());
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn downgrade_with<S: KvStore>(&self, store: &S, options: &Run) -> Result<Report> {
        self.take_back(store, options, &|journal| beyond(journal, &options.target), None)
    }
}

/// Returns the steps that have run after a target, newest first.
fn beyond(journal: &Journal, target: &Target) -> Vec<StepKey> {
    journal.records.keys().rev().filter(|key| !target.covers(key)).cloned().collect()
}
