//! Many writers on a store that has one.

use crate::engine::forward;
use crate::{
    Capabilities, DetachedTransaction, Durability, DynStore, KvStore, KvWrite as _, Result,
    StoreOptions, Writers,
};

/// A store with [many writers](Writers::Many), made of a store of any engine.
///
/// A transaction is a [detached one](DetachedTransaction): it waits for no other, and its commit fails
/// with [`Conflict`](crate::ErrorKind::Conflict) if another transaction has changed what it read. The
/// writer of the store below is taken by commits alone, one after the other. Everything else is as the
/// store below does it.
///
/// It serves programs whose transactions take time between their reads and their commit. Where they
/// take none, and change the same entries, waiting is cheaper than running again.
///
/// ```
/// use arbour_core::engine::OptimisticStore;
/// use arbour_core::{DynStore, ErrorKind, KvRead, KvStore, KvWrite, MemoryStore, StoreOptions};
/// let options = StoreOptions::new();
/// let store = OptimisticStore::new(DynStore::new(MemoryStore::open(&options)?), &options);
/// let stock = store.tree("stock")?;
/// let (mut one, mut other) = (store.begin()?, store.begin()?);
/// for transaction in [&mut one, &mut other] {
///     assert!(!transaction.contains(&stock, b"apples")?);
///     transaction.put(&stock, b"apples", b"1")?;
/// }
/// one.commit()?;
/// assert_eq!(other.commit().unwrap_err().kind(), ErrorKind::Conflict);
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Debug)]
pub struct OptimisticStore {
    store: DynStore,
    capabilities: Capabilities,
    is_read_only: bool,
}

impl OptimisticStore {
    /// Lets many transactions of an open store write at once. The options are those with which it was
    /// opened.
    ///
    /// ```
    /// use arbour_core::engine::OptimisticStore;
    /// use arbour_core::{DynStore, KvStore, MemoryStore, StoreOptions, Writers};
    /// let store = DynStore::new(MemoryStore::new());
    /// let store = OptimisticStore::new(store, &StoreOptions::new());
    /// assert_eq!(store.capabilities().writers, Writers::Many);
    /// ```
    #[must_use]
    pub fn new(store: DynStore, options: &StoreOptions) -> Self {
        let mut capabilities = store.capabilities().clone();
        capabilities.writers = Writers::Many;
        Self { store, capabilities, is_read_only: options.is_read_only() }
    }
}

impl KvStore for OptimisticStore {
    type Snapshot<'s> = <DynStore as KvStore>::Snapshot<'s>;
    type Transaction<'s> = DetachedTransaction;

    forward!(self => self.store; open_tree, snapshot, send_snapshot, writer_wait, apply, sync, close);
    forward!(self => self.store; stats, compact, backup);

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn begin_with(&self, durability: Durability) -> Result<DetachedTransaction> {
        if self.is_read_only {
            // The engine says why it cannot be written.
            self.store.begin_with(durability)?.rollback()?;
        }
        self.store.begin_detached_with(durability)
    }
}
