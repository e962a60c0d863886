//! Snapshots and transactions of any type.
//!
//! What documents do with them goes through these traits, which are object-safe. So a program compiles it
//! once, inside arbour, and not for each type of snapshot and transaction that it reads and writes.

use std::ops::ControlFlow;

use arbour_core::engine::{Prefetch, TreeName, Write};
use arbour_core::{Cursor as _, Direction, DynSnapshot, KeyRange, KvRead, KvWrite, Result, Tree};

/// The result of a visitor: whether to continue.
pub(crate) type Visited = Result<ControlFlow<()>>;

/// Visits entries, each a key and its value.
pub(crate) type VisitEntry<'v> = &'v mut dyn FnMut(&[u8], &[u8]) -> Visited;

/// A check that runs right before the commit.
pub(crate) type CommitCheck = Box<dyn Fn(&DynSnapshot<'_>) -> Result<()> + Send>;

/// A snapshot or a transaction.
pub(crate) trait AnyReader {
    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree>;

    /// Passes the value of a key to a closure. Returns whether there is one.
    fn get(&self, tree: &Tree, key: &[u8], read: &mut dyn FnMut(&[u8])) -> Result<bool>;

    fn contains(&self, tree: &Tree, key: &[u8]) -> Result<bool>;

    fn len(&self, tree: &Tree) -> Result<u64>;

    /// Tells the engine what is about to be read. Returns whether it reads ahead.
    fn prefetch(&self, reads: &dyn Fn() -> Vec<Prefetch>) -> Result<bool>;

    /// Visits the entries of a range in a direction, until the visitor says to stop.
    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
        visit: VisitEntry<'_>,
    ) -> Visited;
}

/// A transaction.
pub(crate) trait AnyTransaction: AnyReader {
    fn put(&mut self, tree: &Tree, key: &[u8], value: &[u8]) -> Result<()>;

    fn delete(&mut self, tree: &Tree, key: &[u8]) -> Result<()>;

    fn delete_range(&mut self, tree: &Tree, range: KeyRange<'_>) -> Result<()>;

    /// Fails as the write would if it was made.
    fn check(&self, write: &Write<'_>) -> Result<()>;

    /// Adds a check that runs right before the commit.
    fn before_commit(&mut self, check: CommitCheck);
}

impl<R: KvRead> AnyReader for R {
    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        KvRead::open_tree(self, name)
    }

    fn get(&self, tree: &Tree, key: &[u8], read: &mut dyn FnMut(&[u8])) -> Result<bool> {
        Ok(self.get_with(tree, key, read)?.is_some())
    }

    fn contains(&self, tree: &Tree, key: &[u8]) -> Result<bool> {
        KvRead::contains(self, tree, key)
    }

    fn len(&self, tree: &Tree) -> Result<u64> {
        KvRead::len(self, tree)
    }

    fn prefetch(&self, reads: &dyn Fn() -> Vec<Prefetch>) -> Result<bool> {
        KvRead::prefetch(self, reads)
    }

    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
        visit: VisitEntry<'_>,
    ) -> Visited {
        let mut cursor = KvRead::scan(self, tree, range, direction)?;
        while let Some((key, value)) = cursor.next()? {
            if visit(key, value)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

impl<W: KvWrite> AnyTransaction for W {
    fn put(&mut self, tree: &Tree, key: &[u8], value: &[u8]) -> Result<()> {
        KvWrite::put(self, tree, key, value)
    }

    fn delete(&mut self, tree: &Tree, key: &[u8]) -> Result<()> {
        KvWrite::delete(self, tree, key)
    }

    fn delete_range(&mut self, tree: &Tree, range: KeyRange<'_>) -> Result<()> {
        KvWrite::delete_range(self, tree, range)
    }

    fn check(&self, write: &Write<'_>) -> Result<()> {
        KvWrite::check(self, write)
    }

    fn before_commit(&mut self, check: CommitCheck) {
        KvWrite::before_commit(self, check);
    }
}

impl dyn AnyReader + '_ {
    /// Returns the value of a key.
    pub(super) fn value(&self, tree: &Tree, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let mut found = None;
        self.get(tree, key, &mut |value| found = Some(value.to_vec()))?;
        Ok(found)
    }

    /// Returns the highest key of a tree; `None` if it is empty.
    pub(super) fn last_key(&self, tree: &Tree) -> Result<Option<Vec<u8>>> {
        let mut last = None;
        let flow = self.scan(tree, KeyRange::all(), Direction::Reverse, &mut |key, _| {
            last = Some(key.to_vec());
            Ok(ControlFlow::Break(()))
        });
        flow.map(|_| last)
    }
}
