//! Dry runs: running steps without writing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use arbour_core::engine::{CommitChecks, TreeName, Write};
use arbour_core::{Cursor, Direction, Error, KeyRange, KvStore, Result, Savepoint, Tree};

use super::error::Halt;
use super::journal::Journal;
use super::migrations::{Declared, Migrations};
use super::perform::{Left, perform};
use super::progress::Silent;
use super::raw_trees::{Bound, RawTrees, Unwritable, reading};
use super::record::Record;
use super::report::{Report, StepReport, TreeChanges};
use super::step_id::{StepId, StepKey};
use super::{MigrationError, Target};

impl Migrations {
    /// Runs the pending steps and their checks on a snapshot, as [`run`](Self::run) would, and reports
    /// what would change. Nothing is written and other writers are not blocked; the writes of the steps
    /// stay in memory and are discarded. The code of the steps runs, so what it does outside the store
    /// is done.
    ///
    /// # Errors
    /// The error with which the run would end.
    ///
    /// ```
    /// use arbour::{KvStore, MemoryStore};
    /// use arbour::migrations::{Group, Migrations, Step};
    /// let store = MemoryStore::new();
    /// store.put(&store.tree("rooms")?, b"attic", b"")?;
    /// let step = Step::numbered(1).atomic(|trees| {
    ///     trees.delete("rooms", b"attic")?;
    ///     Ok(trees.put("rooms", b"study", b"books")?)
    /// });
    /// let migrations = Migrations::new("app", "1.2").group(Group::new("rooms").step(step));
    /// let changes = migrations.dry_run(&store)?.changes;
    /// assert_eq!((changes[0].tree.as_str(), changes[0].added.count), ("rooms", 1));
    /// assert_eq!(changes[0].removed.samples, ["attic"]);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn dry_run<S: KvStore>(&self, store: &S) -> Result<Report> {
        self.dry_run_to(store, Target::Newest)
    }

    /// Does everything [`run_to`](Self::run_to) would do, without writing.
    ///
    /// # Errors
    /// The error with which the run would end.
    ///
    /// ```
    /// # use arbour::migrations::{Migrations, Target};
    /// let dry = Migrations::new("app", "1.2").dry_run_to(&arbour::MemoryStore::new(), Target::number(1))?;
    /// assert!(dry.steps.is_empty());
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn dry_run_to<S: KvStore>(&self, store: &S, target: Target) -> Result<Report> {
        let declared = self.declared()?;
        let mut snapshot = Unwritable::pin(store)?;
        let found = self.look(&declared, &mut Bound::new(store, &mut snapshot), &target)?;
        let Some((journal, found)) = found else { return Ok(Report::default()) };
        if !found.is_read_only {
            Self::refuse_beyond(&journal, &target)?;
        }
        let mut dry = Report { is_read_only: found.is_read_only, ..Report::default() };
        let after = {
            let mut savepoint = Savepoint::new(&mut snapshot);
            let raw = &mut Bound::new(store, &mut savepoint);
            let mut noting = Noting { raw, touched: BTreeMap::new() };
            for key in &found.pending {
                dry.steps.push(self.try_step(&declared, &journal, key, &mut noting)?);
            }
            noting.values()?
        };
        let before = Bound::new(store, &mut snapshot);
        for (tree, values) in after {
            let mut changes = TreeChanges { tree, ..TreeChanges::default() };
            for (key, after) in values {
                let before = before.get(&changes.tree, &key)?;
                match (before, after) {
                    (None, Some(_)) => changes.added.add(&key),
                    (Some(_), None) => changes.removed.add(&key),
                    (Some(before), Some(after)) if before != after => changes.changed.add(&key),
                    _ => {}
                }
            }
            if [&changes.added, &changes.changed, &changes.removed].iter().any(|t| t.count > 0) {
                dry.changes.push(changes);
            }
        }
        Ok(dry)
    }

    fn try_step(
        &self,
        declared: &Declared<'_>,
        journal: &Journal,
        key: &StepKey,
        raw: &mut dyn RawTrees,
    ) -> Result<StepReport> {
        let mut done = StepReport::new(key);
        let began = Instant::now();
        let record = journal.records.get(key);
        let mut cursor = record.and_then(|record: &Record| record.cursor.clone());
        while let Some(step) = declared.steps.get(key).filter(|_| !done.is_done) {
            let budget = &self.budget;
            let ran = perform(key, step, raw, &mut Silent, cursor.as_deref(), budget);
            let (left, counts) = ran.map_err(failed)?;
            done.counts.add(counts);
            match left {
                Left::Nothing => done.is_done = true,
                Left::Behind(next) => cursor = Some(next),
            }
        }
        done.took = began.elapsed();
        Ok(done)
    }

    /// Runs a completed step again and commits its changes without a journal entry. This is only
    /// meant for tests that check whether running a step a second time is harmless.
    #[doc(hidden)]
    pub fn run_once_more<S: KvStore>(&self, store: &S, group: &str, step: &StepId) -> Result<()> {
        let declared = self.declared()?;
        let key = StepKey::new(group, step);
        let journal = reading(store, |raw| Journal::load(raw))?;
        if journal.records.get(&key).is_none_or(Record::is_running) {
            return Err(MigrationError::NotFound { group: key.group, step: key.id }.into());
        }
        store.write(|transaction| {
            let raw = &mut Bound::new(store, transaction);
            self.try_step(&declared, &Journal::default(), &key, raw).map(drop)
        })
    }
}

/// A dry run has no progress callback, so a step cannot be cancelled.
fn failed(halt: Halt) -> Error {
    match halt {
        Halt::Failed(error) => error,
        Halt::Cancelled => MigrationError::Invalid {
            program: String::new(),
            reason: "it was cancelled".to_owned(),
        }
        .into(),
    }
}

/// Trees that record which keys are written.
struct Noting<'n> {
    raw: &'n mut dyn RawTrees,
    touched: BTreeMap<String, BTreeSet<Vec<u8>>>,
}

/// The values of keys, by tree.
type Values = BTreeMap<String, Vec<(Vec<u8>, Option<Vec<u8>>)>>;

impl Noting<'_> {
    fn note(&mut self, tree: &str, key: &[u8]) {
        let keys = match self.touched.get_mut(tree) {
            Some(keys) => keys,
            None => self.touched.entry(tree.to_owned()).or_default(),
        };
        if !keys.contains(key) {
            keys.insert(key.to_vec());
        }
    }

    /// Reads the current value of each key that was written.
    fn values(self) -> Result<Values> {
        let mut values = Values::new();
        for (tree, keys) in self.touched {
            let mut of_tree = Vec::with_capacity(keys.len());
            for key in keys {
                let value = self.raw.get(&tree, &key)?;
                of_tree.push((key, value));
            }
            values.insert(tree, of_tree);
        }
        Ok(values)
    }
}

impl RawTrees for Noting<'_> {
    fn commit_checks(&mut self) -> &mut CommitChecks {
        self.raw.commit_checks()
    }

    fn get(&self, tree: &str, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.raw.get(tree, key)
    }

    fn scan<'r>(
        &'r self,
        tree: &str,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<Box<dyn Cursor + 'r>> {
        self.raw.scan(tree, range, direction)
    }

    fn names(&self) -> Result<Vec<String>> {
        self.raw.names()
    }

    fn open(&self, name: TreeName<'_>) -> Result<Tree> {
        self.raw.open(name)
    }

    fn check(&self, write: &Write<'_>) -> Result<()> {
        self.raw.check(write)
    }

    fn put(&mut self, tree: &str, key: &[u8], value: &[u8]) -> Result<()> {
        self.raw.put(tree, key, value)?;
        self.note(tree, key);
        Ok(())
    }

    fn delete(&mut self, tree: &str, key: &[u8]) -> Result<()> {
        self.raw.delete(tree, key)?;
        self.note(tree, key);
        Ok(())
    }

    fn delete_range(&mut self, tree: &str, range: KeyRange<'_>) -> Result<()> {
        let mut keys = Vec::new();
        let mut cursor = self.raw.scan(tree, range.clone(), Direction::Forward)?;
        while let Some((key, _)) = cursor.next()? {
            keys.push(key.to_vec());
        }
        drop(cursor);
        self.raw.delete_range(tree, range)?;
        keys.iter().for_each(|key| self.note(tree, key));
        Ok(())
    }
}
