//! What the last snapshot for another thread saw, for stores that check a detached transaction
//! against it instead of against the current state.

use std::collections::{BTreeMap, HashMap};

use arbour_core::engine::TreeName;
use arbour_core::{Direction, KeyRange, KvRead, KvStore, Result, Tree};

use super::Entry;
use crate::{BTreeStore, entries};

/// A copy of a whole store.
pub(super) struct Stale {
    trees: HashMap<Tree, BTreeMap<Vec<u8>, Vec<u8>>>,
    names: Vec<String>,
}

impl Stale {
    pub(super) fn copy(store: &BTreeStore) -> Result<Self> {
        let snapshot = store.snapshot()?;
        let (names, mut trees) = (snapshot.trees()?, HashMap::new());
        for name in &names {
            let tree = store.open_tree(TreeName::stored(name)?)?;
            let cursor = snapshot.scan(&tree, KeyRange::all(), Direction::Forward)?;
            let found = entries(cursor)?.into_iter().collect();
            trees.insert(tree, found);
        }
        Ok(Self { trees, names })
    }

    pub(super) fn value(&self, tree: &Tree, key: &[u8]) -> Option<Vec<u8>> {
        self.trees.get(tree)?.get(key).cloned()
    }

    pub(super) fn range(&self, tree: &Tree, range: &KeyRange<'_>) -> Vec<Entry> {
        let entries = self.trees.get(tree).into_iter().flatten();
        let entries = entries.filter(|(key, _)| range.contains(key));
        entries.map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    pub(super) fn len(&self, tree: &Tree) -> u64 {
        self.trees.get(tree).map_or(0, |entries| entries.len() as u64)
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.names.clone()
    }
}
