//! Undoing steps.

use std::time::Instant;

use arbour_core::{Error, KvStore, Operation, Result};

use super::error::Halt;
use super::journal::Journal;
use super::lease::Waiting;
use super::migrations::{Declared, Migrations};
use super::perform::{place_of, undo};
use super::problem::{Problem, ProblemKind};
use super::progress::Silent;
use super::raw_trees::{Bound, RawTrees, reading};
use super::report::{Report, StepReport};
use super::run::Run;
use super::step_id::StepKey;
use super::{MigrationError, Target};

impl Migrations {
    /// Undoes the steps after a target, newest first, with the [`down`](super::Step::down) of each.
    /// Each is a commit that also removes the step's journal entry.
    ///
    /// # Errors
    /// Before anything is undone: [`NoDown`](MigrationError::NoDown) if a step has no `down` or is
    /// not declared, [`Unfinished`](MigrationError::Unfinished) if one is unfinished,
    /// [`NotFound`](MigrationError::NotFound) if the target is not a declared step; as
    /// [`run`](Self::run). From a `down`: the same errors as from a step. Its changes are rolled
    /// back; steps undone earlier stay undone.
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
        let declared = self.declared()?;
        let mut waiting = Waiting::new();
        let held = loop {
            let undone = reading(store, |raw| self.undone(&declared, raw, &options.target))?;
            if undone.1.is_empty() {
                return Ok(Report::default());
            }
            if options.backup.is_some() && !store.capabilities().hot_backup {
                return Err(MigrationError::NoBackup { engine: store.capabilities().engine }.into());
            }
            if let Some(held) = waiting.take(store, options.lease, options.wait)? {
                break held;
            }
        };
        let run = || {
            let (mut journal, undone) =
                reading(store, |raw| self.undone(&declared, raw, &options.target))?;
            if let Some(path) = options.backup.as_ref().filter(|_| !undone.is_empty()) {
                held.hold_while(store, || store.backup(path))?;
            }
            let mut report = Report::default();
            for key in &undone {
                let Some(step) = declared.steps.get(key) else { continue };
                let (mut done, began) = (StepReport::new(key), Instant::now());
                let ended = store.try_write_with(options.durability, |transaction| {
                    let raw = &mut Bound::new(store, transaction);
                    held.check(raw)?;
                    let counts = undo(key, step, raw, &mut Silent)?;
                    let change = journal.delete(raw, key)?;
                    held.renew(raw)?;
                    Ok::<_, Halt>((change, counts))
                });
                let (change, counts) = ended.map_err(|halt| failed(key, halt))?;
                journal.accept(change);
                done.counts = counts;
                (done.took, done.is_done) = (began.elapsed(), true);
                report.steps.push(done);
            }
            Ok(report)
        };
        held.during(store, run)
    }

    /// Returns the journal and the steps to undo, newest first, if all of them can be undone.
    fn undone(
        &self,
        declared: &Declared<'_>,
        raw: &dyn RawTrees,
        target: &Target,
    ) -> Result<(Journal, Vec<StepKey>)> {
        let journal = Journal::load(raw)?;
        let mut found = self.resolve(declared, &journal, target)?;
        // Steps that have not run do not matter to a downgrade.
        let has_run = |problem: &Problem| {
            !matches!(
                problem.kind,
                ProblemKind::NotFound | ProblemKind::OutOfOrder { .. } | ProblemKind::Late { .. }
            )
        };
        found.problems.retain(has_run);
        found.problems.iter_mut().for_each(|problem| {
            problem.is_refused |= matches!(problem.kind, ProblemKind::Newer { .. });
        });
        self.refuse(&found)?;
        let undone: Vec<StepKey> =
            journal.records.keys().rev().filter(|key| !target.covers(key)).cloned().collect();
        for key in &undone {
            let (group, step) = (key.group.clone(), key.id.clone());
            if journal.records.get(key).is_some_and(|record| record.is_running()) {
                return Err(MigrationError::Unfinished { group, step }.into());
            }
            if declared.steps.get(key).is_none_or(|step| step.down.is_none()) {
                return Err(MigrationError::NoDown { group, step }.into());
            }
        }
        Ok((journal, undone))
    }
}

fn failed(key: &StepKey, halt: Halt) -> Error {
    match halt {
        Halt::Failed(cause) if cause.operation() != Operation::Layer => {
            MigrationError::StoreInStep { at: place_of(key), cause }.into()
        }
        Halt::Failed(error) => error,
        Halt::Cancelled => {
            MigrationError::Unfinished { group: key.group.clone(), step: key.id.clone() }.into()
        }
    }
}
