//! Undoing steps, newest first.

use std::ops::ControlFlow;
use std::time::Instant;

use arbour_core::{KvStore, Operation, Result};

use super::error::Halt;
use super::journal::{Journal, JournalChange};
use super::lease::{Held, Waiting};
use super::migrations::{Declared, Migrations};
use super::perform::{Left, place_of, undo};
use super::problem::{Problem, ProblemKind};
use super::progress::{Listener, Pulse};
use super::raw_trees::{Bound, RawTrees, reading};
use super::record::{Counts, Record, RecordState};
use super::report::{Report, StepReport};
use super::run::{Run, go_on};
use super::step::Step;
use super::step_id::StepKey;
use super::{MigrationError, Target};
use crate::Progress;

/// Chooses the steps to undo, newest first.
type Choose<'c> = &'c dyn Fn(&Journal) -> Vec<StepKey>;

impl Migrations {
    /// Undoes the chosen steps, if all of them can be undone.
    pub(super) fn take_back<S: KvStore>(
        &self,
        store: &S,
        options: &Run,
        choose: Choose<'_>,
        progress: Option<Listener<'_>>,
    ) -> Result<Report> {
        let declared = self.declared()?;
        let mut waiting = Waiting::new();
        let look = || reading(store, |raw| self.undone(&declared, raw, &options.target, choose));
        let held = loop {
            if look()?.1.is_empty() {
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
            // Look again: the previous holder of the lease may have changed everything.
            let (journal, undone) = look()?;
            if let Some(path) = options.backup.as_ref().filter(|_| !undone.is_empty()) {
                held.hold_while(store, || store.backup(path))?;
            }
            let mut silent = |_: Progress| ControlFlow::Continue(());
            let pulse = Pulse::new(progress.unwrap_or(&mut silent), undone.len());
            let (migrations, held) = (self, &held);
            let mut undoer = Undoer { migrations, store, options, held, journal, pulse };
            undoer.undo_all(&declared, &undone)
        };
        held.during(store, run)
    }

    /// Returns the journal and the steps to undo, newest first, if all of them can be undone.
    fn undone(
        &self,
        declared: &Declared<'_>,
        raw: &dyn RawTrees,
        target: &Target,
        choose: Choose<'_>,
    ) -> Result<(Journal, Vec<StepKey>)> {
        let journal = Journal::load(raw)?;
        let mut found = self.resolve(declared, &journal, target)?;
        // Steps that have not run do not matter here.
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
        let undone = choose(&journal);
        for key in &undone {
            let (group, id) = (key.group.clone(), key.id.clone());
            let step = declared.steps.get(key);
            let is_running = journal.records.get(key).is_some_and(Record::is_running);
            if step.is_some_and(|step| step.can_undo(is_running)) {
                continue;
            }
            return Err(match step {
                Some(step) if step.can_undo(false) || is_running => {
                    MigrationError::Unfinished { group, step: id }
                }
                _ => MigrationError::NoDown { group, step: id },
            }
            .into());
        }
        Ok((journal, undone))
    }
}

/// What undoes steps while it holds the lease.
struct Undoer<'u, S: KvStore> {
    migrations: &'u Migrations,
    store: &'u S,
    options: &'u Run,
    held: &'u Held,
    journal: Journal,
    pulse: Pulse<'u>,
}

impl<S: KvStore> Undoer<'_, S> {
    fn undo_all(&mut self, declared: &Declared<'_>, undone: &[StepKey]) -> Result<Report> {
        let mut report = Report::default();
        for key in undone {
            let Some(step) = declared.steps.get(key) else { continue };
            let mut done = StepReport::new(key);
            let ended = self.undo_step(key, step, &mut done);
            if !report.end_step(done, ended)? {
                break;
            }
        }
        Ok(report)
    }

    fn undo_step(&mut self, key: &StepKey, step: &Step, done: &mut StepReport) -> Result<(), Halt> {
        go_on(self.pulse.begin(key, 0))?;
        while let Some(record) = self.journal.records.get(key).cloned() {
            let began = Instant::now();
            let (change, counts) =
                self.undo_chunk(key, step, &record).map_err(|halt| match halt {
                    Halt::Failed(cause) if cause.operation() != Operation::Layer => {
                        MigrationError::StoreInStep { at: place_of(key), cause }.into()
                    }
                    other => other,
                })?;
            self.journal.accept(change);
            done.counts.add(counts);
            done.took += began.elapsed();
            done.is_done = !self.journal.records.contains_key(key);
            go_on(self.pulse.commit(counts.entries))?;
        }
        Ok(())
    }

    /// Undoes a chunk, and commits it together with the journal: the step is then done up to where
    /// the chunk began.
    fn undo_chunk(
        &mut self,
        key: &StepKey,
        step: &Step,
        record: &Record,
    ) -> Result<(JournalChange, Counts), Halt> {
        let (store, held, journal) = (self.store, self.held, &self.journal);
        let (budget, pulse) = (&self.migrations.budget, &mut self.pulse);
        store.try_write_with(self.options.durability, |transaction| {
            let raw = &mut Bound::new(store, transaction);
            held.check(raw)?;
            let (left, counts) = undo(key, step, raw, pulse, record.cursor.as_deref(), budget)?;
            let change = match left {
                Left::Nothing => journal.delete(raw, key)?,
                Left::Behind(cursor) => {
                    let mut record = record.clone();
                    record.state = RecordState::Running;
                    record.cursor = Some(cursor);
                    record.epoch = held.epoch;
                    let entries = record.counts.entries.saturating_sub(counts.entries);
                    record.counts.entries = entries;
                    journal.put(raw, key, record)?
                }
            };
            held.renew(raw)?;
            Ok((change, counts))
        })
    }
}
