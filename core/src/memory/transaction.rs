//! Writing the trees of the next version.

use std::sync::Arc;

use super::cursor::MemoryCursor;
use super::{MemorySnapshot, MemoryStore};
use crate::batch::Write;
use crate::engine::{CommitChecks, TreeName, WriterGuard, keys_in};
use crate::{Direction, KeyRange, KvRead, KvWrite, Operation, Result, Tree};

/// A transaction of a [`MemoryStore`]: its own version of the trees, which the commit swaps in.
///
/// ```
/// use arbour_core::{KvStore, KvWrite, MemoryStore, MemoryTransaction};
/// let store = MemoryStore::new();
/// let users = store.tree("users")?;
/// let mut transaction: MemoryTransaction<'_> = store.begin()?;
/// transaction.put(&users, b"ada", b"1815")?;
/// transaction.commit()?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct MemoryTransaction<'s> {
    store: &'s MemoryStore,
    version: MemorySnapshot<'s>,
    checks: CommitChecks,
    /// How many writes it has, and the bytes of their keys and values.
    written: (usize, usize),
    _guard: WriterGuard<'s>,
}

impl<'s> MemoryTransaction<'s> {
    pub(super) fn new(store: &'s MemoryStore, guard: WriterGuard<'s>) -> Self {
        let trees = store.trees.read().clone();
        let version = MemorySnapshot::new(&store.registry, trees);
        Self { store, version, checks: CommitChecks::default(), written: (0, 0), _guard: guard }
    }

    /// Applies a checked write. Not inlined: too much code for every caller.
    #[inline(never)]
    pub(super) fn set(&mut self, tree: &Tree, key: &[u8], value: Option<&[u8]>) {
        self.written.0 += 1;
        self.written.1 += key.len() + value.map_or(0, <[u8]>::len);
        let trees = &mut self.version.trees;
        if value.is_some() {
            while trees.len() <= tree.number() as usize {
                trees.push_back(Default::default());
            }
        }
        let Some(entries) = trees.get_mut(tree.number() as usize) else {
            return;
        };
        match value {
            Some(value) => {
                // Keep the allocation of an existing key, which other versions may share.
                match entries.get_mut(key) {
                    Some(stored) => *stored = Arc::from(value),
                    None => {
                        entries.insert(Arc::from(key), Arc::from(value));
                    }
                }
            }
            None => {
                entries.remove(key);
            }
        }
    }
}

impl KvRead for MemoryTransaction<'_> {
    type Value<'t>
        = &'t [u8]
    where
        Self: 't;
    type Cursor<'t>
        = MemoryCursor<'t>
    where
        Self: 't;

    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<&[u8]>> {
        self.version.get(tree, key)
    }

    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<MemoryCursor<'_>> {
        self.version.scan(tree, range, direction)
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.version.open_tree(name)
    }

    fn trees(&self) -> Result<Vec<String>> {
        self.version.trees()
    }

    fn len(&self, tree: &Tree) -> Result<u64> {
        self.version.len(tree)
    }
}

impl KvWrite for MemoryTransaction<'_> {
    fn put(&mut self, tree: &Tree, key: &[u8], value: &[u8]) -> Result<()> {
        self.check(&Write { tree, key, value: Some(value) })?;
        self.set(tree, key, Some(value));
        Ok(())
    }

    fn delete(&mut self, tree: &Tree, key: &[u8]) -> Result<()> {
        self.check(&Write { tree, key, value: None })?;
        self.set(tree, key, None);
        Ok(())
    }

    fn delete_range(&mut self, tree: &Tree, range: KeyRange<'_>) -> Result<()> {
        self.store.check_tree(tree, Operation::DeleteRange)?;
        for key in keys_in(self.scan(tree, range, Direction::Forward)?)? {
            self.set(tree, &key, None);
        }
        Ok(())
    }

    fn check(&self, write: &Write<'_>) -> Result<()> {
        self.store.check(write)
    }

    fn commit_checks(&mut self) -> &mut CommitChecks {
        &mut self.checks
    }

    fn commit(mut self) -> Result<()> {
        self.run_checks()?;
        self.store.check_transaction(self.written)?;
        let previous = std::mem::replace(&mut *self.store.trees.write(), self.version.trees);
        // Free what no snapshot shares after releasing the lock, so that readers do not wait for
        // it.
        drop(previous);
        Ok(())
    }

    fn rollback(self) -> Result<()> {
        Ok(())
    }
}
