//! The trees of a step as a transaction, for layers above trees.

use arbour_core::engine::{CommitChecks, TreeName, Write};
use arbour_core::{
    Cursor, Direction, Error, ErrorKind, KeyRange, KvRead, KvWrite, Operation, Result, Tree,
};

use super::raw_trees::RawTrees;

/// The transaction of a chunk as documents see it. It cannot end: the runner commits it.
pub(super) struct RawTransaction<'r>(pub(super) &'r mut dyn RawTrees);

impl KvRead for RawTransaction<'_> {
    type Value<'t>
        = Vec<u8>
    where
        Self: 't;
    type Cursor<'t>
        = Box<dyn Cursor + 't>
    where
        Self: 't;

    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.0.get(tree.name(), key)
    }

    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<Box<dyn Cursor + '_>> {
        self.0.scan(tree.name(), range, direction)
    }

    fn trees(&self) -> Result<Vec<String>> {
        self.0.names()
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.0.open(name)
    }
}

impl KvWrite for RawTransaction<'_> {
    fn put(&mut self, tree: &Tree, key: &[u8], value: &[u8]) -> Result<()> {
        self.0.put(tree.name(), key, value)
    }

    fn delete(&mut self, tree: &Tree, key: &[u8]) -> Result<()> {
        self.0.delete(tree.name(), key)
    }

    fn delete_range(&mut self, tree: &Tree, range: KeyRange<'_>) -> Result<()> {
        self.0.delete_range(tree.name(), range)
    }

    fn check(&self, write: &Write<'_>) -> Result<()> {
        self.0.check(write)
    }

    fn commit_checks(&mut self) -> &mut CommitChecks {
        self.0.commit_checks()
    }

    fn commit(self) -> Result<()> {
        let message = "the runner of the migration commits";
        Err(Error::new(ErrorKind::InvalidArgument, Operation::Commit, message))
    }

    fn rollback(self) -> Result<()> {
        Ok(())
    }
}
