//! fjall without Arbour, with the entries where Arbour has them: all trees in one keyspace, each under
//! its number, and a catalog of the numbers.

use std::path::Path;

use arbour_core::Durability;
use arbour_core::engine::keyspace::{CATALOG, TreeNumber, first_of, key_of, stored_key};
use fjall::{Database, Error, Keyspace, KeyspaceCreateOptions, KvSeparationOptions, PersistMode};

use crate::engine::{Attempt, Engine, Refusal, Store};
use crate::model::{Change, Entry, TREES};

pub(super) const ENGINE: Engine = Engine {
    name: "raw-fjall",
    open: |path, _| Ok(Box::new(open(path).map_err(Refusal::raw)?)),
    raw: None,
    verifies: false,
    names_full_device: false,
};

struct Open {
    entries: Keyspace,
    database: Database,
}

fn open(path: &Path) -> Result<Open, Error> {
    let database = Database::builder(path).worker_threads(2).open()?;
    let entries = database.keyspace("entries", || {
        let apart = KvSeparationOptions::default().separation_threshold(4096);
        KeyspaceCreateOptions::default().with_kv_separation(Some(apart))
    })?;
    Ok(Open { entries, database })
}

impl Open {
    /// The number of a tree, and whether the catalog has it.
    fn number(&self, tree: usize) -> Result<(TreeNumber, bool), Error> {
        let found = self.entries.get(stored_key(CATALOG, name(tree)))?;
        let found = found.and_then(|number| number.as_ref().try_into().ok());
        Ok((found.map_or(tree as TreeNumber + 1, TreeNumber::from_be_bytes), found.is_some()))
    }

    fn write(&self, changes: &[Change], durability: Durability) -> Result<(), Error> {
        let mut batch = self.database.batch().durability(match durability {
            Durability::None => None,
            Durability::ProcessCrash => Some(PersistMode::Buffer),
            Durability::PowerLoss => Some(PersistMode::SyncData),
        });
        for tree in 0..TREES.len() {
            let (number, is_known) = self.number(tree)?;
            if !is_known {
                let key = stored_key(CATALOG, name(tree));
                batch.insert(&self.entries, key.as_ref(), number.to_be_bytes());
            }
            for Change { key, value, .. } in changes.iter().filter(|change| change.tree == tree) {
                let key = stored_key(number, key);
                match value {
                    Some(value) => batch.insert(&self.entries, key.as_ref(), value.as_slice()),
                    None => batch.remove(&self.entries, key.as_ref()),
                }
            }
        }
        batch.commit()
    }

    fn scan(&self, tree: usize) -> Result<Vec<Entry>, Error> {
        let (number, _) = self.number(tree)?;
        let entries = self.entries.range(first_of(number)..first_of(number + 1));
        entries
            .map(|entry| {
                let (key, value) = entry.into_inner()?;
                Ok((key_of(&key).to_vec(), value.to_vec()))
            })
            .collect()
    }
}

fn name(tree: usize) -> &'static [u8] {
    TREES.get(tree).copied().unwrap_or_default().as_bytes()
}

impl Store for Open {
    fn commit(&self, changes: &[Change], durability: Durability) -> Attempt<()> {
        self.write(changes, durability).map_err(Refusal::raw)
    }

    fn reads(&self, tree: usize, _: &[&[u8]]) -> Vec<(&'static str, Attempt<Vec<Entry>>)> {
        vec![("scan", self.scan(tree).map_err(Refusal::raw))]
    }

    fn sync(&self) -> Attempt<()> {
        self.database.persist(PersistMode::SyncAll).map_err(Refusal::raw)
    }

    fn close(self: Box<Self>) -> Attempt<()> {
        self.sync()
    }
}
