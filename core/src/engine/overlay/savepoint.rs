//! Savepoints: undoing part of a transaction.

use super::{MergeCursor, OverlayValue, WriteSet};
use crate::{Direction, KeyRange, KvRead, KvWrite, Result, Tree, Write};

/// A part of a transaction that is kept or undone as a whole; see [`KvWrite::savepoint`].
///
/// Its writes stay in memory until [`commit`](KvWrite::commit) passes them to the transaction
/// below; dropping it discards them. A savepoint is itself a transaction, so savepoints nest, and
/// code written for one runs in the other.
///
/// ```
/// use arbour_core::{KvStore, KvWrite, MemoryStore, Savepoint};
/// let store = MemoryStore::new();
/// let users = store.tree("users")?;
/// let mut transaction = store.begin()?;
/// let mut savepoint = Savepoint::new(&mut transaction);
/// savepoint.put(&users, b"ada", b"1815")?;
/// savepoint.rollback()?;
/// transaction.commit()?;
/// assert!(store.get(&users, b"ada")?.is_none());
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct Savepoint<'w, W: KvWrite> {
    below: &'w mut W,
    writes: WriteSet,
}

impl<'w, W: KvWrite> Savepoint<'w, W> {
    /// Begins a savepoint. [`KvWrite::savepoint`] also ends it, and is usually what you want.
    ///
    /// ```
    /// # use arbour_core::{KvStore, KvWrite, MemoryStore, Savepoint};
    /// # let store = MemoryStore::new();
    /// let mut transaction = store.begin()?;
    /// let savepoint = Savepoint::new(&mut transaction);
    /// savepoint.commit()?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn new(below: &'w mut W) -> Self {
        Self { below, writes: WriteSet::new() }
    }
}

impl<W: KvWrite> KvRead for Savepoint<'_, W> {
    type Value<'t>
        = OverlayValue<'t, W::Value<'t>>
    where
        Self: 't;
    type Cursor<'t>
        = MergeCursor<'t, W::Cursor<'t>>
    where
        Self: 't;

    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<Self::Value<'_>>> {
        match self.writes.get(tree, key) {
            Some(written) => Ok(written.map(OverlayValue::Written)),
            None => Ok(self.below.get(tree, key)?.map(OverlayValue::Below)),
        }
    }

    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<Self::Cursor<'_>> {
        let below = self.below.scan(tree, range.clone(), direction)?;
        Ok(MergeCursor::new(below, &self.writes, tree, range, direction))
    }

    fn trees(&self) -> Result<Vec<String>> {
        self.writes.trees_over(self, self.below.trees()?)
    }

    fn contains(&self, tree: &Tree, key: &[u8]) -> Result<bool> {
        self.writes.contains_over(self.below, tree, key)
    }

    fn get_with<R>(
        &self,
        tree: &Tree,
        key: &[u8],
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<Option<R>> {
        self.writes.get_with_over(self.below, tree, key, read)
    }

    fn len(&self, tree: &Tree) -> Result<u64> {
        self.writes.len_over(self.below, tree)
    }
}

impl<W: KvWrite> KvWrite for Savepoint<'_, W> {
    fn put(&mut self, tree: &Tree, key: &[u8], value: &[u8]) -> Result<()> {
        self.check(&Write { tree, key, value: Some(value) })?;
        self.writes.put(tree, key, value);
        Ok(())
    }

    fn delete(&mut self, tree: &Tree, key: &[u8]) -> Result<()> {
        self.check(&Write { tree, key, value: None })?;
        self.writes.delete(tree, key);
        Ok(())
    }

    fn delete_range(&mut self, tree: &Tree, range: KeyRange<'_>) -> Result<()> {
        let keys = super::keys_in(self.scan(tree, range, Direction::Forward)?)?;
        self.writes.delete_all(tree, &keys);
        Ok(())
    }

    fn check(&self, write: &Write<'_>) -> Result<()> {
        self.below.check(write)
    }

    fn commit(self) -> Result<()> {
        self.below.apply(self.writes.batch())
    }

    fn rollback(self) -> Result<()> {
        Ok(())
    }

    fn conflicted(&self) -> bool {
        self.below.conflicted()
    }
}
