//! Running migrations.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use arbour_core::{Direction, Durability, KvStore, Operation, Result, clock};

use super::error::Halt;
use super::journal::{Journal, JournalChange};
use super::lease::{Held, Waiting};
use super::migrations::{Declared, Migrations};
use super::perform::{Left, perform, place_of};
use super::progress::{Listener, Pulse};
use super::raw_trees::{Bound, reading};
use super::record::{Counts, Record, RecordState};
use super::report::{Report, StepReport};
use super::step::Step;
use super::step_id::StepKey;
use super::step_trees::count;
use super::visit::Budget;
use super::{MigrationError, Target};
use crate::Progress;

/// The options of a run.
///
/// ```
/// use arbour::Durability;
/// use arbour::migrations::{Run, Target};
/// use std::time::Duration;
/// let run = Run::default()
///     .to(Target::number(3))
///     .backup_first("app.before-3.redb")
///     .wait(Duration::from_secs(60))
///     .durability(Durability::ProcessCrash);
/// # let _ = run;
/// ```
#[derive(Clone, Debug)]
pub struct Run {
    pub(super) target: Target,
    pub(super) durability: Durability,
    pub(super) wait: Duration,
    pub(super) lease: Duration,
    pub(super) backup: Option<PathBuf>,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            target: Target::Newest,
            durability: Durability::default(),
            wait: Duration::from_secs(30),
            lease: Duration::from_secs(10),
            backup: None,
        }
    }
}

impl Run {
    /// Sets the target. By default, all steps run.
    ///
    /// ```
    /// # use arbour::migrations::{Run, Target};
    /// let run = Run::default().to(Target::step("rooms", 2));
    /// # let _ = run;
    /// ```
    #[must_use]
    pub fn to(mut self, target: Target) -> Self {
        self.target = target;
        self
    }

    /// Sets what each commit survives. By default, a power loss.
    ///
    /// ```
    /// # use arbour::{Durability, migrations::Run};
    /// let run = Run::default().durability(Durability::ProcessCrash);
    /// # let _ = run;
    /// ```
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Sets how long to wait for another runner. By default, 30 seconds.
    ///
    /// ```
    /// # use arbour::migrations::Run;
    /// # use std::time::Duration;
    /// let impatient = Run::default().wait(Duration::ZERO);
    /// # let _ = impatient;
    /// ```
    #[must_use]
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Sets after how long without a commit other runners may assume that this one is dead. By
    /// default, 10 seconds. If it is still alive, it notices before it writes anything, and fails
    /// with [`Fenced`](MigrationError::Fenced).
    ///
    /// If only one process can open the store, a runner that died with its process is replaced at
    /// once.
    ///
    /// ```
    /// # use arbour::migrations::Run;
    /// # use std::time::Duration;
    /// let slow_device = Run::default().lease(Duration::from_secs(60));
    /// # let _ = slow_device;
    /// ```
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Makes a [backup](KvStore::backup) at a path before the first step runs. It backs up only if
    /// steps are pending and none is unfinished; otherwise the backup of the run that started that
    /// step is the one to keep. Nothing may exist at the path.
    ///
    /// ```
    /// # use arbour::migrations::Run;
    /// let careful = Run::default().backup_first("app.before-2.0.redb");
    /// # let _ = careful;
    /// ```
    #[must_use]
    pub fn backup_first(mut self, path: impl Into<PathBuf>) -> Self {
        self.backup = Some(path.into());
        self
    }
}

impl Migrations {
    /// Runs all pending steps, in order. If none is pending, that costs one read.
    ///
    /// Everything is checked before anything runs. Each step, or each chunk of it, is committed
    /// together with its progress in the journal, so after any interruption the next run continues
    /// after the last commit. One runner is active at a time; others wait, and then find the work
    /// done. Readers and other writers continue meanwhile, and see a step in chunks half done.
    ///
    /// # Errors
    /// Before anything is written: [`Invalid`](MigrationError::Invalid),
    /// [`Damaged`](MigrationError::Damaged), [`TooNew`](MigrationError::TooNew),
    /// [`Refused`](MigrationError::Refused), [`NotFound`](MigrationError::NotFound),
    /// [`Busy`](MigrationError::Busy).
    ///
    /// From a step: [`Step`](MigrationError::Step), [`Panicked`](MigrationError::Panicked),
    /// [`StoreInStep`](MigrationError::StoreInStep), [`Ahead`](MigrationError::Ahead),
    /// [`Standing`](MigrationError::Standing), [`CheckFailed`](MigrationError::CheckFailed): what
    /// was not committed is rolled back. [`Fenced`](MigrationError::Fenced) if another runner took
    /// over.
    ///
    /// ```
    /// use arbour::migrations::{Group, Migrations, Step};
    /// let step = Step::numbered(1).atomic(|trees| Ok(trees.put("rooms", b"study", b"")?));
    /// let migrations = Migrations::new("app", "1.2").group(Group::new("rooms").step(step));
    /// let store = arbour::MemoryStore::new();
    /// assert_eq!(migrations.run(&store)?.steps.len(), 1);
    /// assert_eq!(migrations.run(&store)?.steps.len(), 0);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn run<S: KvStore>(&self, store: &S) -> Result<Report> {
        self.run_options(store, &Run::default(), None)
    }

    /// Runs all pending steps up to a target.
    ///
    /// # Errors
    /// As [`run`](Self::run); [`NotFound`](MigrationError::NotFound) if the target is not a
    /// declared step, and [`Beyond`](MigrationError::Beyond) if the store is beyond it.
    ///
    /// ```
    /// use arbour::migrations::{Group, Migrations, Step, Target};
    /// let nothing = |number| Step::numbered(number).atomic(|_| Ok(()));
    /// let rooms = Group::new("rooms").step(nothing(1)).step(nothing(2));
    /// let migrations = Migrations::new("app", "1.2").group(rooms);
    /// let store = arbour::MemoryStore::new();
    /// assert_eq!(migrations.run_to(&store, Target::number(1))?.steps.len(), 1);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn run_to<S: KvStore>(&self, store: &S, target: Target) -> Result<Report> {
        self.run_options(store, &Run::default().to(target), None)
    }

    /// Runs the pending steps with options, and reports progress when a step starts, after each commit, and at
    /// least four times a second while a step reads or writes, also within an atomic step or a long
    /// chunk. [`ControlFlow::Break`] cancels the run: the chunk or the atomic step in progress is
    /// rolled back, and what was committed stays.
    ///
    /// # Errors
    /// As [`run_to`](Self::run_to); [`NoBackup`](MigrationError::NoBackup), and errors of the store
    /// from the requested backup, before anything ran.
    ///
    /// ```
    /// use arbour::migrations::{Group, Migrations, Run, Step};
    /// use std::ops::ControlFlow;
    /// let step = Step::numbered(1).atomic(|trees| Ok(trees.put("rooms", b"study", b"")?));
    /// let migrations = Migrations::new("app", "1.2").group(Group::new("rooms").step(step));
    /// let store = arbour::MemoryStore::new();
    /// let report = migrations.run_with(&store, &Run::default(), &mut |progress| {
    ///     println!("{} of {}: {} entries", progress.number, progress.of, progress.done);
    ///     ControlFlow::Break(())
    /// })?;
    /// assert!(report.is_cancelled && report.steps.is_empty());
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn run_with<S: KvStore>(
        &self,
        store: &S,
        options: &Run,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Report> {
        self.run_options(store, options, Some(progress))
    }

    fn run_options<S: KvStore>(
        &self,
        store: &S,
        options: &Run,
        progress: Option<Listener<'_>>,
    ) -> Result<Report> {
        let declared = self.declared()?;
        let target = &options.target;
        let mut waiting = Waiting::new();
        let held = loop {
            // Look again in each round: another runner may have done everything meanwhile.
            let found = reading(store, |raw| self.look(&declared, raw, target))?;
            let Some((journal, found)) = found else { return Ok(Report::default()) };
            if !found.is_read_only {
                Self::refuse_beyond(&journal, target)?;
            }
            if found.pending.is_empty() {
                return Ok(Report { is_read_only: found.is_read_only, ..Report::default() });
            }
            if options.backup.is_some() && !store.capabilities().hot_backup {
                return Err(MigrationError::NoBackup { engine: store.capabilities().engine }.into());
            }
            if let Some(held) = waiting.take(store, options.lease, options.wait)? {
                break held;
            }
        };
        held.during(store, || self.run_held(store, options, &declared, &held, progress))
    }

    fn run_held<S: KvStore>(
        &self,
        store: &S,
        options: &Run,
        declared: &Declared<'_>,
        held: &Held,
        progress: Option<Listener<'_>>,
    ) -> Result<Report> {
        // Look again: the previous holder of the lease may have done everything.
        let found = reading(store, |raw| self.look(declared, raw, &options.target))?;
        let Some((journal, found)) = found else { return Ok(Report::default()) };
        let mut report = Report { is_read_only: found.is_read_only, ..Report::default() };
        if found.pending.is_empty() {
            return Ok(report);
        }
        let is_under_way = journal.records.values().any(Record::is_running);
        if let Some(path) = options.backup.as_ref().filter(|_| !is_under_way) {
            held.hold_while(store, || store.backup(path))?;
        }
        let is_heard = progress.is_some();
        let mut silent = |_: Progress| ControlFlow::Continue(());
        let listener = progress.unwrap_or(&mut silent);
        let pulse = Pulse::new(listener, found.pending.len());
        let (migrations, budget) = (self, self.budget);
        let mut runner =
            Runner { migrations, store, options, held, journal, pulse, is_heard, budget };
        runner.journal.begin(&found.pending);
        for key in &found.pending {
            let Some(step) = declared.steps.get(key) else { continue };
            let mut done = StepReport::new(key);
            let ended = runner.run_step(key, step, &mut done);
            if !report.end_step(done, ended)? {
                break;
            }
        }
        Ok(report)
    }
}

/// A run that holds the lease.
struct Runner<'r, S: KvStore> {
    migrations: &'r Migrations,
    store: &'r S,
    options: &'r Run,
    held: &'r Held,
    journal: Journal,
    pulse: Pulse<'r>,
    is_heard: bool,
    /// The limits of a chunk: lower than declared once the engine refused one as too large.
    budget: Budget,
}

impl<S: KvStore> Runner<'_, S> {
    fn run_step(&mut self, key: &StepKey, step: &Step, done: &mut StepReport) -> Result<(), Halt> {
        let before = self.journal.records.get(key).map_or(0, |record| record.counts.entries);
        go_on(self.pulse.begin(key, before))?;
        self.count_what_is_left(key, step, before)?;
        while !done.is_done {
            let began = Instant::now();
            let ran = self.run_chunk(key, step, began);
            if let Err(Halt::Failed(error)) = &ran
                && step.body.source().is_some()
                && self.budget.shrinks_after(error)
            {
                continue;
            }
            let (change, counts) = ran.map_err(|halt| match halt {
                // The error comes from the commit, which belongs to the step.
                Halt::Failed(cause) if cause.operation() != Operation::Layer => {
                    MigrationError::StoreInStep { at: place_of(key), cause }.into()
                }
                other => other,
            })?;
            self.journal.accept(change);
            done.counts.add(counts);
            done.took += began.elapsed();
            done.is_done = !self.journal.records.get(key).is_some_and(Record::is_running);
            go_on(self.pulse.commit(counts.entries))?;
        }
        Ok(())
    }

    /// Performs a chunk and commits it with its progress in the journal, unless another runner has
    /// taken over.
    fn run_chunk(
        &mut self,
        key: &StepKey,
        step: &Step,
        began: Instant,
    ) -> Result<(JournalChange, Counts), Halt> {
        let (store, held, journal) = (self.store, self.held, &self.journal);
        let (migrations, budget, pulse) = (self.migrations, &self.budget, &mut self.pulse);
        let before = journal.records.get(key);
        let cursor = before.and_then(|record| record.cursor.as_deref());
        store.try_write_with(self.options.durability, |transaction| {
            let raw = &mut Bound::new(store, transaction);
            // In the same transaction as the changes, so that a runner that lost its lease commits
            // nothing.
            held.check(raw)?;
            let (left, counts) = perform(key, step, raw, pulse, cursor, budget)?;
            let mut record = migrations.record(step, held.epoch);
            if let Some(before) = before {
                (record.counts, record.took) = (before.counts, before.took);
                record.started = before.started;
            }
            record.counts.add(counts);
            record.took += began.elapsed();
            (record.state, record.cursor) = match left {
                Left::Nothing => (RecordState::Done, None),
                Left::Behind(cursor) => (RecordState::Running, Some(cursor)),
            };
            let change = journal.put(raw, key, record)?;
            held.renew(raw)?;
            Ok((change, counts))
        })
    }

    /// Counts the entries that a step will visit, if there is a progress callback.
    fn count_what_is_left(&mut self, key: &StepKey, step: &Step, before: u64) -> Result<(), Halt> {
        let Some(source) = step.body.source() else { return Ok(()) };
        if !self.is_heard {
            return Ok(());
        }
        let cursor = self.journal.records.get(key).and_then(|record| record.cursor.as_deref());
        let left = reading(self.store, |raw| {
            let range = source.rest(Direction::Forward, cursor);
            count(raw, &mut self.pulse, &source.tree, range, 0)
        })?;
        let left = left.ok_or(Halt::Cancelled)?;
        self.pulse.total = Some(before.saturating_add(left));
        Ok(())
    }
}

impl Migrations {
    /// Creates the journal entry of a step that starts.
    pub(super) fn record(&self, step: &Step, epoch: u64) -> Record {
        Record {
            state: RecordState::Done,
            revision: step.revision,
            counts: Counts::default(),
            started: clock::unix_millis(),
            took: Duration::ZERO,
            program: self.signature(),
            format: self.format,
            min_reader: step.min_reader,
            min_writer: step.min_writer,
            epoch,
            kind: step.kind(),
            cursor: None,
        }
    }
}

pub(super) fn go_on(told: ControlFlow<()>) -> Result<(), Halt> {
    if told.is_break() { Err(Halt::Cancelled) } else { Ok(()) }
}
