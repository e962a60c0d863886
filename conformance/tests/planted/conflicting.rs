//! The suites on an engine with many writers, one of whose commits in three conflicts at random.
//!
//! Its transactions hold no lock: a commit fails if anything that the transaction has read was changed, and
//! a third of the others fail as well, as those of a server may whose own checks are coarser. What passes
//! here runs every transaction again that has to be. Cases that commit a transaction themselves, or count how
//! often code is run, are spared the conflicts by chance: see `is_undisturbed`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arbour_conformance::{Factory, is_undisturbed};
use arbour_core::engine::{OptimisticStore, forward};
use arbour_core::{
    DetachedTransaction, Durability, DynStore, Error, ErrorKind, KvRead, KvStore, KvWrite,
    MemoryStore, Operation, Result, StoreOptions,
};

struct Conflicting;

impl Factory for Conflicting {
    type Store = ConflictingStore;

    fn open(&self, _: &Path, options: &StoreOptions) -> Result<ConflictingStore> {
        let store = DynStore::new(MemoryStore::open(options)?);
        let store = OptimisticStore::new(store, options);
        Ok(ConflictingStore { store, chance: Arc::default() })
    }
}

arbour_conformance::__planted_engine!(Conflicting);

/// A store in memory with many writers.
struct ConflictingStore {
    store: OptimisticStore,
    chance: Arc<AtomicU64>,
}

impl KvStore for ConflictingStore {
    type Snapshot<'s> = <OptimisticStore as KvStore>::Snapshot<'s>;
    type Transaction<'s> = ConflictingTransaction;

    forward!(self => self.store; capabilities, open_tree, snapshot, send_snapshot, writer_wait);
    forward!(self => self.store; apply, sync, close, stats, compact, backup);

    fn begin_with(&self, durability: Durability) -> Result<ConflictingTransaction> {
        let transaction = self.store.begin_with(durability)?;
        Ok(ConflictingTransaction { transaction, chance: Arc::clone(&self.chance) })
    }
}

struct ConflictingTransaction {
    transaction: DetachedTransaction,
    chance: Arc<AtomicU64>,
}

impl KvRead for ConflictingTransaction {
    forward!(types of DetachedTransaction);
    forward!(self => self.transaction; reads);
}

impl KvWrite for ConflictingTransaction {
    forward!(self => self.transaction; put, delete, delete_range, check, commit_checks, rollback);

    fn commit(self) -> Result<()> {
        // A multiplicative hash of the number of the commit (Knuth).
        let number = self.chance.fetch_add(1, Ordering::Relaxed);
        let is_drawn = (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32).is_multiple_of(3);
        if is_drawn && !is_undisturbed() {
            return Err(Error::new(ErrorKind::Conflict, Operation::Commit, "a conflict by chance"));
        }
        self.transaction.commit()
    }
}
