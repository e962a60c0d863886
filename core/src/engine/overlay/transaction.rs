//! A transaction that keeps its writes and makes them all at its commit.

use super::{MergeCursor, OverlayValue, WriteSet, keys_in};
use crate::batch::Write;
use crate::engine::{CommitChecks, TreeName, forward};
use crate::{Batch, Direction, KeyRange, KvRead, KvWrite, Operation, Result, Tree};

/// What lies below the writes of an [`OverlayTransaction`]: it reads, and it makes all writes at once.
///
/// It holds whatever the transaction holds of the engine, such as a snapshot and the right to write. To
/// drop it rolls the transaction back.
///
/// ```
/// use arbour_core::engine::TransactionBase;
/// use arbour_core::{Batch, Result};
/// fn commit_nothing(base: impl TransactionBase) -> Result<()> {
///     base.commit(Batch::new())
/// }
/// ```
pub trait TransactionBase: KvRead + Sized {
    /// Checks that the handle is of this store.
    ///
    /// # Errors
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) for a handle of another store.
    ///
    /// ```
    /// use arbour_core::engine::TransactionBase;
    /// use arbour_core::{Operation, Tree};
    /// fn is_ours(base: &impl TransactionBase, tree: &Tree) -> bool {
    ///     base.check_tree(tree, Operation::Put).is_ok()
    /// }
    /// ```
    fn check_tree(&self, tree: &Tree, operation: Operation) -> Result<()>;

    /// Checks a write before it is kept.
    ///
    /// # Errors
    /// As [`KvWrite::check`].
    ///
    /// ```
    /// use arbour_core::engine::{TransactionBase, Write};
    /// use arbour_core::Tree;
    /// fn admits(base: &impl TransactionBase, tree: &Tree, key: &[u8]) -> bool {
    ///     base.check(&Write { tree, key, value: None }).is_ok()
    /// }
    /// ```
    fn check(&self, write: &Write<'_>) -> Result<()>;

    /// Makes the writes, in order, and commits. The batch may be empty.
    ///
    /// # Errors
    /// As [`KvWrite::commit`].
    ///
    /// ```
    /// use arbour_core::engine::TransactionBase;
    /// use arbour_core::{Batch, Result, Tree};
    /// fn delete(base: impl TransactionBase, tree: &Tree, key: &[u8]) -> Result<()> {
    ///     let mut batch = Batch::new();
    ///     batch.delete(tree, key);
    ///     base.commit(batch)
    /// }
    /// ```
    fn commit(self, batch: Batch) -> Result<()>;
}

/// A transaction that keeps its writes in memory, reads them over what lies below, and hands them all
/// to its [`TransactionBase`] when it commits.
///
/// It serves an engine that takes writes as one batch, and one for which each write would be a round
/// trip to a server.
///
/// ```
/// use arbour_core::engine::{OverlayTransaction, TransactionBase};
/// use arbour_core::{KvWrite, Result, Tree};
/// fn put(base: impl TransactionBase, users: &Tree) -> Result<()> {
///     let mut transaction = OverlayTransaction::new(base);
///     transaction.put(users, b"ada", b"1815")?;
///     transaction.commit()
/// }
/// ```
pub struct OverlayTransaction<B: TransactionBase> {
    base: B,
    writes: WriteSet,
    checks: CommitChecks,
}

impl<B: TransactionBase> OverlayTransaction<B> {
    /// Begins without writes.
    ///
    /// See [`OverlayTransaction`] for an example.
    #[must_use]
    pub fn new(base: B) -> Self {
        Self { base, writes: WriteSet::new(), checks: CommitChecks::default() }
    }
}

impl<B: TransactionBase> KvRead for OverlayTransaction<B> {
    type Value<'t>
        = OverlayValue<'t, B::Value<'t>>
    where
        Self: 't;
    type Cursor<'t>
        = MergeCursor<'t, B::Cursor<'t>>
    where
        Self: 't;

    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<Self::Value<'_>>> {
        match self.writes.get(tree, key) {
            Some(written) => Ok(written.map(OverlayValue::Written)),
            None => Ok(self.base.get(tree, key)?.map(OverlayValue::Below)),
        }
    }

    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<Self::Cursor<'_>> {
        let below = self.base.scan(tree, range.clone(), direction)?;
        Ok(MergeCursor::new(below, &self.writes, tree, range, direction))
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.base.open_tree(name)
    }

    fn trees(&self) -> Result<Vec<String>> {
        self.writes.trees_over(self, self.base.trees()?)
    }

    fn contains(&self, tree: &Tree, key: &[u8]) -> Result<bool> {
        self.writes.contains_over(&self.base, tree, key)
    }

    fn get_with<R>(
        &self,
        tree: &Tree,
        key: &[u8],
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<Option<R>> {
        self.writes.get_with_over(&self.base, tree, key, read)
    }

    fn len(&self, tree: &Tree) -> Result<u64> {
        self.writes.len_over(&self.base, tree)
    }

    forward!(self => self.base; prefetch);
}

impl<B: TransactionBase> KvWrite for OverlayTransaction<B> {
    #[inline]
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
        self.base.check_tree(tree, Operation::DeleteRange)?;
        let keys = keys_in(self.scan(tree, range, Direction::Forward)?)?;
        self.writes.delete_all(tree, &keys);
        Ok(())
    }

    #[inline]
    fn check(&self, write: &Write<'_>) -> Result<()> {
        self.base.check(write)
    }

    fn commit_checks(&mut self) -> &mut CommitChecks {
        &mut self.checks
    }

    fn commit(mut self) -> Result<()> {
        self.run_checks()?;
        self.base.commit(self.writes.into_batch())
    }

    fn rollback(self) -> Result<()> {
        Ok(())
    }
}
