//! The object-safe mirror of reading, with one implementation for every snapshot and transaction.

use super::value::DynValue;
use crate::engine::{Prefetch, TreeName};
use crate::{Cursor, Direction, KeyRange, KvRead, Result, Tree};

/// The methods of [`KvRead`], where their guarantees are described.
pub(super) trait ErasedRead {
    fn erased_get(&self, tree: &Tree, key: &[u8]) -> Result<Option<DynValue>>;
    /// Calls `read` with the value if the key is present.
    fn erased_get_with(&self, tree: &Tree, key: &[u8], read: &mut dyn FnMut(&[u8])) -> Result<()>;
    fn erased_scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<Box<dyn Cursor + '_>>;
    fn erased_resolve(&self, name: TreeName<'_>) -> Result<Tree>;
    fn erased_trees(&self) -> Result<Vec<String>>;
    fn erased_contains(&self, tree: &Tree, key: &[u8]) -> Result<bool>;
    fn erased_len(&self, tree: &Tree) -> Result<u64>;
    fn erased_prefetch(&self, reads: &dyn Fn() -> Vec<Prefetch>) -> Result<bool>;
}

impl<R: KvRead> ErasedRead for R {
    fn erased_get(&self, tree: &Tree, key: &[u8]) -> Result<Option<DynValue>> {
        self.get_with(tree, key, DynValue::new)
    }

    fn erased_get_with(&self, tree: &Tree, key: &[u8], read: &mut dyn FnMut(&[u8])) -> Result<()> {
        self.get_with(tree, key, read).map(drop)
    }

    fn erased_scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<Box<dyn Cursor + '_>> {
        Ok(Box::new(self.scan(tree, range, direction)?))
    }

    fn erased_resolve(&self, name: TreeName<'_>) -> Result<Tree> {
        self.open_tree(name)
    }

    fn erased_trees(&self) -> Result<Vec<String>> {
        self.trees()
    }

    fn erased_contains(&self, tree: &Tree, key: &[u8]) -> Result<bool> {
        self.contains(tree, key)
    }

    fn erased_len(&self, tree: &Tree) -> Result<u64> {
        self.len(tree)
    }

    fn erased_prefetch(&self, reads: &dyn Fn() -> Vec<Prefetch>) -> Result<bool> {
        self.prefetch(reads)
    }
}
