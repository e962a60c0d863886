//! The engine in memory, the one that owes all to the layers, and the same without its type.

use std::path::Path;

use arbour_conformance::{BTreeFactory, DynFactory, Factory, mirror, seed};
use arbour_core::{MemoryStore, Result, StoreOptions};

struct Memory;

impl Factory for Memory {
    type Store = MemoryStore;

    fn open(&self, _: &Path, options: &StoreOptions) -> Result<MemoryStore> {
        Ok(MemoryStore::with_options(options))
    }
}

#[test]
fn memory_and_btree_answer_alike() {
    mirror(&Memory, &BTreeFactory, seed(), 64);
}

#[test]
fn btree_answers_alike_behind_dyn_store() {
    mirror(&BTreeFactory, &DynFactory(BTreeFactory), seed(), 16);
}
