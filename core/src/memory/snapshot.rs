//! Reading the trees of one version.

use super::cursor::MemoryCursor;
use super::store::{Entries, Trees};
use crate::engine::{TreeName, TreeRegistry};
use crate::{Direction, KeyRange, KvRead, Operation, Result, Tree};

/// A snapshot of a [`MemoryStore`](crate::MemoryStore): a reference to the trees of one version.
///
/// ```
/// use arbour_core::{KvRead, KvStore, MemorySnapshot, MemoryStore};
/// let store = MemoryStore::new();
/// let snapshot: MemorySnapshot<'_> = store.snapshot()?;
/// assert!(snapshot.trees()?.is_empty());
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct MemorySnapshot<'s> {
    registry: &'s TreeRegistry,
    pub(super) trees: Trees,
}

impl<'s> MemorySnapshot<'s> {
    pub(super) fn new(registry: &'s TreeRegistry, trees: Trees) -> Self {
        Self { registry, trees }
    }

    fn entries(&self, tree: &Tree, operation: Operation) -> Result<Option<&Entries>> {
        self.registry.check(tree, operation)?;
        Ok(self.trees.get(tree.number() as usize))
    }
}

impl KvRead for MemorySnapshot<'_> {
    type Value<'t>
        = &'t [u8]
    where
        Self: 't;
    type Cursor<'t>
        = MemoryCursor<'t>
    where
        Self: 't;

    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<&[u8]>> {
        let entries = self.entries(tree, Operation::Get)?;
        Ok(entries.and_then(|entries| entries.get(key)).map(AsRef::as_ref))
    }

    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<MemoryCursor<'_>> {
        let entries = self.entries(tree, Operation::Scan)?;
        Ok(MemoryCursor::new(entries, range, direction))
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        Ok(self.registry.resolve(name))
    }

    fn trees(&self) -> Result<Vec<String>> {
        Ok(self.registry.names(|number| {
            self.trees.get(number as usize).is_some_and(|entries| !entries.is_empty())
        }))
    }

    fn len(&self, tree: &Tree) -> Result<u64> {
        Ok(self.entries(tree, Operation::Scan)?.map_or(0, |entries| entries.len() as u64))
    }
}
