//! The numbers of trees.

use std::collections::HashMap;

use arbour_core::Tree;
use parking_lot::RwLock;

/// The numbers of trees in the table of entries, as far as they are known. A number never changes.
#[derive(Default)]
pub(crate) struct Numbers {
    by_handle: RwLock<HashMap<Tree, i32>>,
}

impl Numbers {
    pub(crate) fn get(&self, tree: &Tree) -> Option<i32> {
        self.by_handle.read().get(tree).copied()
    }

    /// Keeps the number of a tree that has been committed.
    pub(crate) fn keep(&self, tree: &Tree, number: i32) {
        self.by_handle.write().insert(tree.clone(), number);
    }
}
