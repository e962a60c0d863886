//! A transaction that counts its reads and fails one of its writes.

use std::cell::Cell;

use arbour::{
    Error, ErrorKind, KeyRange, KvRead, KvWrite, MemoryTransaction, Operation, Result, Tree,
};
use arbour_core::engine::forward;

/// A transaction of a store in memory whose write of this number fails, counted down to zero.
pub(crate) struct Failing<'t> {
    pub(crate) below: MemoryTransaction<'t>,
    pub(crate) left: usize,
    /// The number of gets.
    pub(crate) gets: Cell<usize>,
}

impl<'t> Failing<'t> {
    pub(crate) fn new(below: MemoryTransaction<'t>, left: usize) -> Self {
        Self { below, left, gets: Cell::new(0) }
    }
    fn count(&mut self, operation: Operation) -> Result<()> {
        self.left = self.left.wrapping_sub(1);
        if self.left == usize::MAX {
            return Err(Error::new(ErrorKind::Io, operation, "the device is gone"));
        }
        Ok(())
    }
}

impl<'s> KvRead for Failing<'s> {
    forward!(types of MemoryTransaction<'s>);
    forward!(self => self.below; scan, open_tree, trees);

    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<Self::Value<'_>>> {
        self.gets.set(self.gets.get() + 1);
        self.below.get(tree, key)
    }
}

impl KvWrite for Failing<'_> {
    forward!(self => self.below; check, commit_checks, commit, rollback);

    fn put(&mut self, tree: &Tree, key: &[u8], value: &[u8]) -> Result<()> {
        self.count(Operation::Put)?;
        self.below.put(tree, key, value)
    }

    fn delete(&mut self, tree: &Tree, key: &[u8]) -> Result<()> {
        self.count(Operation::Delete)?;
        self.below.delete(tree, key)
    }

    fn delete_range(&mut self, tree: &Tree, range: KeyRange<'_>) -> Result<()> {
        self.count(Operation::DeleteRange)?;
        self.below.delete_range(tree, range)
    }
}
