//! Writing to a store of any engine.

use super::erased::ErasedWrite;
use super::snapshot::DynCursor;
use super::snapshot::read_through;
use super::value::DynValue;
use crate::batch::Write;
use crate::engine::{CommitChecks, TreeName};
use crate::{Direction, KeyRange, KvRead, KvWrite, Result, Savepoint, Tree};

/// A transaction of a [`DynStore`](crate::DynStore). It borrows the store, holds the writer and stays on
/// its thread: what is held across an `await` is a
/// [detached transaction](crate::DynStore::begin_detached).
///
/// ```
/// use arbour_core::{DynStore, DynTransaction, KvStore, KvWrite, MemoryStore};
/// let store = DynStore::new(MemoryStore::new());
/// let users = store.tree("users")?;
/// let mut transaction: DynTransaction<'_> = store.begin()?;
/// transaction.put(&users, b"ada", b"1815")?;
/// transaction.commit()?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct DynTransaction<'s> {
    transaction: Box<dyn ErasedWrite + 's>,
}

impl<'s> DynTransaction<'s> {
    pub(super) fn from_erased(transaction: Box<dyn ErasedWrite + 's>) -> Self {
        Self { transaction }
    }

    /// Starts a savepoint in a transaction of any store. Its [`commit`](KvWrite::commit) adds the
    /// changes, and the [checks](KvWrite::before_commit), to that transaction; dropping it discards
    /// them.
    ///
    /// With it, code that is compiled once works in transactions of every type.
    ///
    /// ```
    /// use arbour_core::{DynTransaction, KvRead, KvStore, KvWrite, MemoryStore, Result, Tree};
    /// fn count_visit(transaction: &mut DynTransaction<'_>, visits: &Tree) -> Result<()> {
    ///     let before = transaction.get_with(visits, b"home", |count| count[0])?;
    ///     transaction.put(visits, b"home", &[before.unwrap_or(0) + 1])
    /// }
    /// let store = MemoryStore::new();
    /// let visits = store.tree("visits")?;
    /// store.write(|transaction| {
    ///     let mut savepoint = DynTransaction::within(transaction);
    ///     count_visit(&mut savepoint, &visits)?;
    ///     savepoint.commit()
    /// })?;
    /// assert_eq!(store.get(&visits, b"home")?, Some(vec![1]));
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn within<W: KvWrite>(transaction: &'s mut W) -> Self {
        Self::from_erased(Box::new(Savepoint::new(transaction)))
    }
}

read_through!(DynTransaction, transaction);

impl KvWrite for DynTransaction<'_> {
    fn put(&mut self, tree: &Tree, key: &[u8], value: &[u8]) -> Result<()> {
        self.transaction.erased_put(tree, key, value)
    }

    fn delete(&mut self, tree: &Tree, key: &[u8]) -> Result<()> {
        self.transaction.erased_delete(tree, key)
    }

    fn delete_range(&mut self, tree: &Tree, range: KeyRange<'_>) -> Result<()> {
        self.transaction.erased_delete_range(tree, range)
    }

    fn check(&self, write: &Write<'_>) -> Result<()> {
        self.transaction.erased_check(write)
    }

    fn commit_checks(&mut self) -> &mut CommitChecks {
        self.transaction.erased_commit_checks()
    }

    fn commit(self) -> Result<()> {
        self.transaction.erased_commit()
    }

    fn rollback(self) -> Result<()> {
        self.transaction.erased_rollback()
    }
}
