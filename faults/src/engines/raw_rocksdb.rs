//! RocksDB without Arbour. Arbour keeps all trees in one column family, by number; here each tree
//! is a family, so this engine can open Arbour's stores but finds no trees there.

use std::path::Path;

use arbour_core::Durability;
use rocksdb::{DB, Error, IteratorMode, Options, WriteBatch, WriteOptions};

use crate::engine::{Attempt, Engine, Refusal, Store};
use crate::model::{Change, Entry, TREES};

pub(super) const ENGINE: Engine = Engine {
    name: "raw-rocksdb",
    open: |path, _| Ok(Box::new(Open(open(path).map_err(Refusal::raw)?))),
    raw: None,
    verifies: false,
    names_full_device: false,
};

struct Open(DB);

fn open(path: &Path) -> Result<DB, Error> {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    let mut families = DB::list_cf(&options, path).unwrap_or_default();
    families.extend(TREES.map(str::to_owned));
    families.sort();
    families.dedup();
    DB::open_cf(&options, path, families)
}

impl Open {
    fn write(&self, changes: &[Change], is_synced: bool) -> Result<(), Error> {
        let mut batch = WriteBatch::default();
        for Change { tree, key, value } in changes {
            let name = TREES.get(*tree).copied().unwrap_or_default();
            let Some(family) = self.0.cf_handle(name) else { continue };
            match value {
                Some(value) => batch.put_cf(family, key, value),
                None => batch.delete_cf(family, key),
            }
        }
        let mut options = WriteOptions::default();
        options.set_sync(is_synced);
        self.0.write_opt(batch, &options)
    }

    fn scan(&self, tree: usize) -> Result<Vec<Entry>, Error> {
        let name = TREES.get(tree).copied().unwrap_or_default();
        let Some(family) = self.0.cf_handle(name) else { return Ok(Vec::new()) };
        let entries = self.0.iterator_cf(family, IteratorMode::Start);
        entries.map(|entry| entry.map(|(key, value)| (key.into(), value.into()))).collect()
    }
}

impl Store for Open {
    fn commit(&self, changes: &[Change], durability: Durability) -> Attempt<()> {
        self.write(changes, durability == Durability::PowerLoss).map_err(Refusal::raw)
    }

    fn reads(&self, tree: usize, _: &[&[u8]]) -> Vec<(&'static str, Attempt<Vec<Entry>>)> {
        vec![("scan", self.scan(tree).map_err(Refusal::raw))]
    }

    fn sync(&self) -> Attempt<()> {
        self.0.flush_wal(true).map_err(Refusal::raw)
    }

    fn close(self: Box<Self>) -> Attempt<()> {
        self.sync()
    }
}
