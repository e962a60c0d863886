//! Trees by name in any store, through which this whole layer reads and writes.
//!
//! A step is one closure for every engine, so its argument has no type parameter. The types are
//! erased here, at the cost of one virtual call per operation, and the rest of the layer is
//! compiled once for all engines.

use std::cell::RefCell;
use std::collections::HashMap;

use arbour_core::engine::{CommitChecks, TreeName, Write, forward};
use arbour_core::{
    Cursor, Direction, Error, ErrorKind, KeyRange, KvRead, KvStore, KvWrite, Limits, Operation,
    Result, Tree,
};

/// Trees by name. Reading a tree that does not exist finds nothing.
#[cfg_attr(
    not(feature = "documents"),
    allow(dead_code, reason = "steps over documents alone use some of the methods")
)]
pub(super) trait RawTrees {
    fn get(&self, tree: &str, key: &[u8]) -> Result<Option<Vec<u8>>>;
    fn scan<'r>(
        &'r self,
        tree: &str,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<Box<dyn Cursor + 'r>>;
    fn names(&self) -> Result<Vec<String>>;
    /// Returns the handle of a tree.
    fn open(&self, name: TreeName<'_>) -> Result<Tree>;
    /// Makes every check by which the store could refuse a write.
    fn check(&self, write: &Write<'_>) -> Result<()>;
    fn put(&mut self, tree: &str, key: &[u8], value: &[u8]) -> Result<()>;
    fn delete(&mut self, tree: &str, key: &[u8]) -> Result<()>;
    fn delete_range(&mut self, tree: &str, range: KeyRange<'_>) -> Result<()>;
    /// Lends the checks that run before the commit of the transaction.
    fn commit_checks(&mut self) -> &mut CommitChecks;
}

/// A transaction of a store, with the handles of the trees opened so far.
pub(super) struct Bound<'b, S: KvStore, W> {
    store: &'b S,
    transaction: &'b mut W,
    trees: RefCell<HashMap<String, Tree>>,
}

impl<'b, S: KvStore, W: KvWrite> Bound<'b, S, W> {
    pub(super) fn new(store: &'b S, transaction: &'b mut W) -> Self {
        Self { store, transaction, trees: RefCell::default() }
    }

    fn tree(&self, name: &str) -> Result<Tree> {
        if let Some(tree) = self.trees.borrow().get(name) {
            return Ok(tree.clone());
        }
        let tree = self.store.open_tree(TreeName::stored(name)?)?;
        self.trees.borrow_mut().insert(name.to_owned(), tree.clone());
        Ok(tree)
    }
}

impl<S: KvStore, W: KvWrite> RawTrees for Bound<'_, S, W> {
    fn get(&self, tree: &str, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.transaction.get_with(&self.tree(tree)?, key, <[u8]>::to_vec)
    }

    fn scan<'r>(
        &'r self,
        tree: &str,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<Box<dyn Cursor + 'r>> {
        Ok(Box::new(self.transaction.scan(&self.tree(tree)?, range, direction)?))
    }

    fn names(&self) -> Result<Vec<String>> {
        self.transaction.trees()
    }

    fn open(&self, name: TreeName<'_>) -> Result<Tree> {
        self.tree(name.as_str())
    }

    fn check(&self, write: &Write<'_>) -> Result<()> {
        self.transaction.check(write)
    }

    fn put(&mut self, tree: &str, key: &[u8], value: &[u8]) -> Result<()> {
        let tree = self.tree(tree)?;
        self.transaction.put(&tree, key, value)
    }

    fn delete(&mut self, tree: &str, key: &[u8]) -> Result<()> {
        let tree = self.tree(tree)?;
        self.transaction.delete(&tree, key)
    }

    fn delete_range(&mut self, tree: &str, range: KeyRange<'_>) -> Result<()> {
        let tree = self.tree(tree)?;
        self.transaction.delete_range(&tree, range)
    }

    fn commit_checks(&mut self) -> &mut CommitChecks {
        self.transaction.commit_checks()
    }
}

/// Calls `run` with the trees of a snapshot. Writes are refused.
pub(super) fn reading<S: KvStore, R>(
    store: &S,
    run: impl FnOnce(&mut dyn RawTrees) -> Result<R>,
) -> Result<R> {
    let mut snapshot = Unwritable::pin(store)?;
    run(&mut Bound::new(store, &mut snapshot))
}

/// A snapshot in the form of a transaction that refuses writes, so that a savepoint can be created
/// on it.
pub(super) struct Unwritable<R> {
    snapshot: R,
    limits: Limits,
    checks: CommitChecks,
}

impl<'s, R> Unwritable<R> {
    pub(super) fn pin<S: KvStore<Snapshot<'s> = R>>(store: &'s S) -> Result<Self> {
        let (snapshot, limits) = (store.snapshot()?, store.capabilities().limits);
        Ok(Self { snapshot, limits, checks: CommitChecks::default() })
    }
}

fn refused<T>(operation: Operation) -> Result<T> {
    Err(Error::new(ErrorKind::ReadOnly, operation, "this view of the store only reads"))
}

impl<R: KvRead> KvRead for Unwritable<R> {
    forward!(types of R);
    forward!(self => self.snapshot; reads);
}

impl<R: KvRead> KvWrite for Unwritable<R> {
    fn put(&mut self, _: &Tree, _: &[u8], _: &[u8]) -> Result<()> {
        refused(Operation::Put)
    }

    fn delete(&mut self, _: &Tree, _: &[u8]) -> Result<()> {
        refused(Operation::Delete)
    }

    fn delete_range(&mut self, _: &Tree, _: KeyRange<'_>) -> Result<()> {
        refused(Operation::DeleteRange)
    }

    fn check(&self, write: &Write<'_>) -> Result<()> {
        self.limits.check(write)
    }

    fn commit_checks(&mut self) -> &mut CommitChecks {
        &mut self.checks
    }

    fn commit(self) -> Result<()> {
        refused(Operation::Commit)
    }

    fn rollback(self) -> Result<()> {
        Ok(())
    }
}
