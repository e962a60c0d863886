//! Adopting stores that were migrated by other means.

use arbour_core::{KvStore, Result};

use super::journal::Journal;
use super::lease::Waiting;
use super::migrations::Migrations;
use super::perform::check_key;
use super::raw_trees::{Bound, RawTrees, reading};
use super::record::RecordState;
use super::run::Run;
use super::step_id::StepKey;
use super::{MigrationError, StepId, Target};

impl Migrations {
    /// Records steps as done, up to a target, without running them: for a store older than its
    /// journal, whose version is known by other means. [`run`](Self::run) continues after them.
    /// This is a single commit.
    ///
    /// # Errors
    /// [`Journaled`](MigrationError::Journaled) if the journal already has an entry;
    /// [`NotFound`](MigrationError::NotFound) if the target is not a declared step; as
    /// [`run`](Self::run). In these cases nothing was written.
    ///
    /// ```
    /// use arbour::migrations::{Group, Migrations, Step, StepId, Target};
    /// let store = arbour::MemoryStore::new();
    /// let nothing = |number| Step::numbered(number).atomic(|_| Ok(()));
    /// let rooms = Group::new("rooms").step(nothing(1)).step(nothing(2)).step(nothing(3));
    /// let migrations = Migrations::new("app", "1.2").group(rooms);
    /// migrations.adopt(&store, Target::number(2))?; // the version it had reached
    /// assert_eq!(migrations.run(&store)?.steps[0].step, StepId::Number(3));
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn adopt<S: KvStore>(&self, store: &S, target: Target) -> Result<()> {
        let declared = self.declared()?;
        let options = Run::default();
        let journal = |raw: &dyn RawTrees| -> Result<Journal> {
            let journal = Journal::load(raw)?;
            self.resolve(&declared, &journal, &target)?;
            match journal.records.keys().next() {
                Some(StepKey { group, id }) => {
                    Err(MigrationError::Journaled { group: group.clone(), step: StepId::clone(id) }
                        .into())
                }
                None => Ok(journal),
            }
        };
        let mut waiting = Waiting::new();
        let held = loop {
            reading(store, |raw| {
                let mut covered = declared.steps.keys().filter(|key| target.covers(key));
                journal(raw)?;
                covered.try_for_each(|key| check_key(key, raw))
            })?;
            if let Some(held) = waiting.take(store, options.lease, options.wait)? {
                break held;
            }
        };
        let adopt = || {
            store.write_with(options.durability, |transaction| {
                let raw = &mut Bound::new(store, transaction);
                held.check(raw)?;
                let mut journal = journal(raw)?;
                for (key, step) in declared.steps.iter().filter(|(key, _)| target.covers(key)) {
                    let mut record = self.record(step, held.epoch);
                    record.state = RecordState::Adopted;
                    let change = journal.put(raw, key, record)?;
                    journal.accept(change);
                }
                Ok(())
            })
        };
        held.during(store, adopt)
    }
}
