//! Writing to a store of any engine.

use super::erased::ErasedWrite;
use super::snapshot::DynCursor;
use super::snapshot::read_through;
use super::value::DynValue;
use crate::batch::Write;
use crate::{Direction, KeyRange, KvRead, KvWrite, Result, Tree};

/// A transaction of a [`DynStore`](crate::DynStore).
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
    /// Erases the type of a transaction or of a [`Savepoint`](crate::Savepoint), so that code
    /// written for a [`DynStore`](crate::DynStore) runs in it.
    ///
    /// ```
    /// use arbour_core::{DynTransaction, KvStore, KvWrite, MemoryStore, Savepoint};
    /// let store = MemoryStore::new();
    /// let users = store.tree("users")?;
    /// let mut transaction = store.begin()?;
    /// let mut part = DynTransaction::new(Savepoint::new(&mut transaction));
    /// part.put(&users, b"ada", b"1815")?;
    /// part.commit()?;
    /// transaction.commit()?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    pub fn new(transaction: impl KvWrite + 's) -> Self {
        Self::from_erased(Box::new(transaction))
    }

    pub(super) fn from_erased(transaction: Box<dyn ErasedWrite + 's>) -> Self {
        Self { transaction }
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

    fn commit(self) -> Result<()> {
        self.transaction.erased_commit()
    }

    fn rollback(self) -> Result<()> {
        self.transaction.erased_rollback()
    }
}
