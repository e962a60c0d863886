//! The engine in memory, the one whose features come from the layers, and the same behind
//! `DynStore`.

use arbour_conformance::{BTreeFactory, DynFactory, MemoryFactory, mirror, seed};

#[test]
fn memory_and_btree_answer_alike() {
    mirror(&MemoryFactory, &BTreeFactory, seed(), 64);
}

#[test]
fn btree_answers_alike_behind_dyn_store() {
    mirror(&BTreeFactory, &DynFactory::new(BTreeFactory), seed(), 16);
}
