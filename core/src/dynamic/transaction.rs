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
    pub(super) fn new(transaction: Box<dyn ErasedWrite + 's>) -> Self {
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
