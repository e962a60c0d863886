//! What the last snapshot for another thread saw, for stores that check a detached transaction
//! against it instead of against the current state.

use std::collections::{BTreeMap, HashMap};

use arbour_core::engine::TreeName;
use arbour_core::{Direction, KeyRange, KvRead, KvStore, Result, Tree};

use super::{Entry, Fault, FaultyStore, view};

/// A copy of a whole store.
#[derive(Default)]
pub(super) struct Stale {
    trees: HashMap<Tree, BTreeMap<Vec<u8>, Vec<u8>>>,
    names: Vec<String>,
}

impl Stale {
    pub(super) fn copy(store: &FaultyStore) -> Result<Self> {
        let below = store.pin()?;
        let (names, mut trees) = (below.trees()?, HashMap::new());
        for name in &names {
            let tree = store.below.open_tree(TreeName::stored(name)?)?;
            let all = KeyRange::all();
            let entries = view::ascending(&below, &tree, &all, Direction::Forward, usize::MAX)?;
            trees.insert(tree, entries.into_iter().collect());
        }
        Ok(Self { trees, names })
    }

    fn tree(&self, tree: &Tree) -> impl Iterator<Item = (&Vec<u8>, &Vec<u8>)> {
        self.trees.get(tree).into_iter().flatten()
    }
}

impl FaultyStore {
    /// Reads the copy if the store has the fault and there is a copy.
    fn stale<R>(&self, fault: Fault, read: impl FnOnce(&Stale) -> R) -> Option<R> {
        if self.has(fault) { self.stale.lock().as_ref().map(read) } else { None }
    }

    pub(super) fn stale_value(&self, tree: &Tree, key: &[u8]) -> Option<Option<Vec<u8>>> {
        self.stale(Fault::CheckMissesKeys, |stale| stale.trees.get(tree)?.get(key).cloned())
    }

    pub(super) fn stale_range(
        &self,
        tree: &Tree,
        range: &KeyRange<'_>,
        direction: Direction,
    ) -> Option<Vec<Entry>> {
        let fault = match direction {
            Direction::Forward => Fault::CheckMissesRanges,
            Direction::Reverse => Fault::CheckMissesReverseRanges,
        };
        self.stale(fault, |stale| {
            let entries = stale.tree(tree).filter(|(key, _)| range.contains(key));
            entries.map(|(key, value)| (key.clone(), value.clone())).collect()
        })
    }

    pub(super) fn stale_len(&self, tree: &Tree) -> Option<u64> {
        self.stale(Fault::CheckMissesLengths, |stale| stale.tree(tree).count() as u64)
    }

    pub(super) fn stale_names(&self) -> Option<Vec<String>> {
        self.stale(Fault::CheckMissesTrees, |stale| stale.names.clone())
    }
}
