//! The trees in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use arbour_core::engine::TreeRegistry;
use arbour_core::{Batch, Direction, KeyRange, Tree};
use parking_lot::RwLock;

/// One tree. A reader shares a value without copying it.
type Entries = BTreeMap<Vec<u8>, Arc<[u8]>>;

/// The trees by the number of their handle; a tree that was never written may be missing.
#[derive(Default)]
pub(super) struct Trees(RwLock<Vec<Entries>>);

impl Trees {
    /// Applies one write of the log, before anything is read.
    pub(super) fn replay(&mut self, tree: &Tree, key: &[u8], value: Option<&[u8]>) {
        set(self.0.get_mut(), tree, key, value);
    }

    /// Applies a batch; no reader sees only a part of it.
    pub(super) fn apply(&self, batch: &Batch) {
        let mut trees = self.0.write();
        for write in batch.iter() {
            set(&mut trees, write.tree, write.key, write.value);
        }
    }

    pub(super) fn get(&self, tree: &Tree, key: &[u8]) -> Option<Arc<[u8]>> {
        let trees = self.0.read();
        trees.get(tree.number() as usize).and_then(|entries| entries.get(key)).cloned()
    }

    /// Returns the first entry of a range in the current state.
    pub(super) fn next_entry(
        &self,
        tree: usize,
        range: &KeyRange<'_>,
        direction: Direction,
    ) -> Option<(Vec<u8>, Arc<[u8]>)> {
        if range.is_empty() {
            return None; // the map would panic on an inverted range
        }
        let trees = self.0.read();
        let mut entries = trees.get(tree)?.range::<[u8], _>((range.start(), range.end()));
        let (key, value) = match direction {
            Direction::Forward => entries.next(),
            Direction::Reverse => entries.next_back(),
        }?;
        Some((key.clone(), Arc::clone(value)))
    }

    /// Returns the names of the trees that hold an entry.
    pub(super) fn names(&self, registry: &TreeRegistry) -> Vec<String> {
        let trees = self.0.read();
        let is_used =
            |number: u32| trees.get(number as usize).is_some_and(|entries| !entries.is_empty());
        registry.names(is_used)
    }

    /// Counts the entries of all trees.
    pub(super) fn count(&self) -> u64 {
        self.0.read().iter().map(|entries| entries.len() as u64).sum()
    }
}

fn set(trees: &mut Vec<Entries>, tree: &Tree, key: &[u8], value: Option<&[u8]>) {
    let tree = tree.number() as usize;
    if trees.len() <= tree {
        trees.resize_with(tree + 1, Entries::new);
    }
    if let Some(entries) = trees.get_mut(tree) {
        match value {
            Some(value) => entries.insert(key.to_vec(), Arc::from(value)),
            None => entries.remove(key),
        };
    }
}
