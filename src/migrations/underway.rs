//! The steps of the migration under way.

use std::collections::{BTreeMap, BTreeSet};

use arbour_core::Result;

use super::MigrationError;
use super::layout::{BEGUN_TREE, FORMAT, HEAD_KEY, seal, unseal};
use super::raw_trees::RawTrees;
use super::record::{Reader, Record, put_bytes};
use super::step_id::StepKey;

/// The steps that runs set out to run. The store has them from the first change of the journal until all
/// are done or none has run.
#[derive(Clone, Debug, Default)]
pub(super) struct Underway {
    begun: BTreeSet<StepKey>,
    ran: Ran,
    /// What the store has of them.
    stored: BTreeSet<StepKey>,
    /// Whether the store has all of them.
    is_stored: bool,
}

/// How many of the steps have run, in full or in part, and how many of these are done. They are counted on,
/// because a migration may have thousands of steps.
#[derive(Clone, Copy, Debug, Default)]
struct Ran {
    any: usize,
    done: usize,
}

impl Ran {
    fn of(record: Option<&Record>) -> Self {
        let done = record.is_some_and(|record| !record.is_running());
        Self { any: usize::from(record.is_some()), done: usize::from(done) }
    }
}

/// What the change of a record makes of them.
#[derive(Clone, Copy)]
pub(super) struct UnderwayChange {
    ran: Ran,
    /// Whether all are done, or none has run.
    is_over: bool,
}

impl Underway {
    pub(super) fn load(raw: &dyn RawTrees, records: &BTreeMap<StepKey, Record>) -> Result<Self> {
        let mut begun = BTreeSet::new();
        if let Some(value) = raw.get(BEGUN_TREE, HEAD_KEY)? {
            let mut reader = Reader(unseal(BEGUN_TREE, HEAD_KEY, &value, FORMAT)?.1);
            let damaged = |cause| MigrationError::damaged(BEGUN_TREE, HEAD_KEY, cause);
            while !reader.0.is_empty() {
                begun.insert(reader.bytes().and_then(StepKey::decode).map_err(damaged)?);
            }
        }
        let (ran, stored) = (Self::count(&begun, records), begun.clone());
        Ok(Self { begun, ran, stored, is_stored: true })
    }

    fn count(begun: &BTreeSet<StepKey>, records: &BTreeMap<StepKey, Record>) -> Ran {
        let ran = begun.iter().map(|key| Ran::of(records.get(key)));
        ran.fold(Ran::default(), |sum, ran| Ran {
            any: sum.any + ran.any,
            done: sum.done + ran.done,
        })
    }

    /// Returns those that the store has.
    pub(super) fn stored(&self) -> &BTreeSet<StepKey> {
        &self.stored
    }

    /// Adds steps that a run sets out to run.
    pub(super) fn begin(
        &mut self,
        pending: &[StepKey],
        is_new: bool,
        records: &BTreeMap<StepKey, Record>,
    ) {
        if is_new {
            self.begun.clear();
        }
        self.begun.extend(pending.iter().cloned());
        self.is_stored = self.begun == self.stored;
        self.ran = Self::count(&self.begun, records);
    }

    /// Returns what the change of a record makes of them.
    pub(super) fn change(
        &self,
        key: &StepKey,
        before: Option<&Record>,
        after: Option<&Record>,
    ) -> UnderwayChange {
        let mut ran = self.ran;
        if self.begun.contains(key) {
            let (before, after) = (Ran::of(before), Ran::of(after));
            ran.any = ran.any - before.any + after.any;
            ran.done = ran.done - before.done + after.done;
        }
        UnderwayChange { ran, is_over: ran.any == 0 || ran.done == self.begun.len() }
    }

    /// Writes which steps are under way after a change, if the store has others.
    pub(super) fn write(&self, raw: &mut dyn RawTrees, change: UnderwayChange) -> Result<()> {
        if change.is_over {
            return if self.stored.is_empty() { Ok(()) } else { raw.delete(BEGUN_TREE, HEAD_KEY) };
        }
        if self.is_stored {
            return Ok(());
        }
        let mut body = vec![FORMAT];
        self.begun.iter().for_each(|key| put_bytes(&mut body, &key.encode()));
        raw.put(BEGUN_TREE, HEAD_KEY, &seal(HEAD_KEY, body))
    }

    /// Applies a change that was committed.
    pub(super) fn accept(&mut self, change: UnderwayChange) {
        if change.is_over {
            *self = Self { is_stored: true, ..Self::default() };
            return;
        }
        self.ran = change.ran;
        if !self.is_stored {
            self.stored = self.begun.clone();
            self.is_stored = true;
        }
    }
}
