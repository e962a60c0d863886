//! A store that reports every step of its writes, and can be broken at each.

use arbour::{
    Batch, Durability, DynSnapshot, DynStore, DynTransaction, Error, ErrorKind, KeyRange, KvRead,
    KvStore, KvWrite, Operation, Result, Tree,
};
use arbour_core::engine::forward;

/// A step of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// A transaction is about to begin.
    Begin,
    /// An entry is about to be put or deleted.
    Write,
    /// The transaction is about to be committed.
    Commit,
    /// It was committed, but the caller does not know yet.
    Committed,
}

/// A store with a watcher, which breaks it by returning an error.
pub(crate) struct Watched {
    store: DynStore,
    watch: Box<dyn Fn(Moment) -> Result<()> + Send + Sync>,
}

impl Watched {
    pub(crate) fn over(
        store: &DynStore,
        watch: impl Fn(Moment) -> Result<()> + Send + Sync + 'static,
    ) -> DynStore {
        DynStore::new(Self { store: store.clone(), watch: Box::new(watch) })
    }
}

pub(crate) struct WatchedTransaction<'s> {
    store: &'s Watched,
    transaction: DynTransaction<'s>,
}

impl KvStore for Watched {
    type Snapshot<'s> = DynSnapshot<'s>;
    type Transaction<'s> = WatchedTransaction<'s>;

    forward!(self => self.store; capabilities, open_tree, snapshot, send_snapshot, writer_wait);
    forward!(self => self.store; sync, close, stats, compact, backup);

    fn begin_with(&self, durability: Durability) -> Result<WatchedTransaction<'_>> {
        (self.watch)(Moment::Begin)?;
        Ok(WatchedTransaction { store: self, transaction: self.store.begin_with(durability)? })
    }

    fn apply(&self, batch: Batch, durability: Durability) -> Result<()> {
        let mut transaction = self.begin_with(durability)?;
        transaction.apply(&batch)?;
        transaction.commit()
    }
}

impl<'s> KvRead for WatchedTransaction<'s> {
    forward!(types of DynTransaction<'s>);
    forward!(self => self.transaction; reads);
}

impl KvWrite for WatchedTransaction<'_> {
    forward!(self => self.transaction; check, commit_checks, rollback);

    fn put(&mut self, tree: &Tree, key: &[u8], value: &[u8]) -> Result<()> {
        (self.store.watch)(Moment::Write)?;
        self.transaction.put(tree, key, value)
    }

    fn delete(&mut self, tree: &Tree, key: &[u8]) -> Result<()> {
        (self.store.watch)(Moment::Write)?;
        self.transaction.delete(tree, key)
    }

    fn delete_range(&mut self, tree: &Tree, range: KeyRange<'_>) -> Result<()> {
        (self.store.watch)(Moment::Write)?;
        self.transaction.delete_range(tree, range)
    }

    fn commit(self) -> Result<()> {
        (self.store.watch)(Moment::Commit)?;
        self.transaction.commit()?;
        (self.store.watch)(Moment::Committed).map_err(|_| {
            let message = "nobody was told of the commit";
            Error::new(ErrorKind::CommitUnknown, Operation::Commit, message)
        })
    }
}
