//! Verifying that the results of migrations still hold.

use std::collections::BTreeMap;

use arbour_core::{Error, KvStore, Result};

use super::error::Halt;
use super::journal::Journal;
use super::migrations::Migrations;
use super::perform::check;
use super::progress::Silent;
use super::raw_trees::reading;
use super::step_trees::StepTrees;
use super::{MigrationError, Target};

impl Migrations {
    /// Reads the whole journal and compares it with the program, and runs the
    /// [check](super::Step::check) of the newest completed step of each group that has one. Returns
    /// what is wrong: the error with which a run would refuse the store, and each check that failed.
    /// Empty if nothing is. Nothing is written.
    ///
    /// # Errors
    /// [`Invalid`](MigrationError::Invalid) for an invalid declaration,
    /// [`Damaged`](MigrationError::Damaged) for a journal that was changed, and errors of the
    /// store, also within a check.
    ///
    /// ```
    /// use arbour::{KvStore, MemoryStore};
    /// use arbour::migrations::{Group, Migrations, Step};
    /// let store = MemoryStore::new();
    /// let step = Step::numbered(1)
    ///     .atomic(|trees| Ok(trees.put("rooms", b"study", b"")?))
    ///     .check(|trees| trees.get("rooms", b"study")?.map(drop).ok_or("no study".into()));
    /// let migrations = Migrations::new("app", "1.2").group(Group::new("rooms").step(step));
    /// migrations.run(&store)?;
    /// store.delete(&store.tree("rooms")?, b"study")?;
    /// assert_eq!(migrations.verify(&store)?.len(), 1);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn verify<S: KvStore>(&self, store: &S) -> Result<Vec<Error>> {
        let declared = self.declared()?;
        reading(store, |raw| {
            let journal = Journal::load(raw)?;
            let resolution = self.resolve(&declared, &journal, &Target::Newest)?;
            let mut newest = BTreeMap::new();
            for (key, record) in &journal.records {
                let step = declared.steps.get(key).filter(|step| step.check.is_some());
                if let Some(step) = step.filter(|_| !record.is_running()) {
                    newest.insert(&key.group, (key, *step));
                }
            }
            let mut failed = Vec::from_iter(self.refuse(&resolution).err());
            for (key, step) in newest.into_values() {
                let mut silent = Silent;
                match check(key, step, &mut StepTrees::new(raw, &mut silent)) {
                    Ok(()) | Err(Halt::Cancelled) => {}
                    Err(Halt::Failed(error)) => match error.downcast_ref() {
                        None | Some(MigrationError::StoreInStep { .. }) => return Err(error),
                        Some(_) => failed.push(error),
                    },
                }
            }
            Ok(failed)
        })
    }
}
