//! A store that tells of every step of its writes, and can be broken at each.

use std::time::Duration;

use arbour::{
    Batch, Capabilities, Direction, Durability, DynSnapshot, DynStore, DynTransaction, Error,
    ErrorKind, KeyRange, KvRead, KvStore, KvWrite, Operation, Result, Stats, Tree, Write,
};
use arbour_core::engine::TreeName;

/// A step of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// A transaction is about to begin.
    Begin,
    /// Something is about to be put or deleted.
    Write,
    /// The transaction is about to be committed.
    Commit,
    /// It was, and nobody knows yet.
    Committed,
}

/// A store with someone who watches it, and breaks it by returning an error.
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

    fn capabilities(&self) -> &Capabilities {
        self.store.capabilities()
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.store.open_tree(name)
    }

    fn snapshot(&self) -> Result<DynSnapshot<'_>> {
        self.store.snapshot()
    }

    fn begin_with(&self, durability: Durability) -> Result<WatchedTransaction<'_>> {
        (self.watch)(Moment::Begin)?;
        Ok(WatchedTransaction { store: self, transaction: self.store.begin_with(durability)? })
    }

    fn writer_wait(&self) -> Duration {
        self.store.writer_wait()
    }

    fn apply(&self, batch: Batch, durability: Durability) -> Result<()> {
        let mut transaction = self.begin_with(durability)?;
        transaction.apply(&batch)?;
        transaction.commit()
    }

    fn sync(&self) -> Result<()> {
        self.store.sync()
    }

    fn close(&self) -> Result<()> {
        self.store.close()
    }

    fn stats(&self) -> Result<Stats> {
        self.store.stats()
    }
}

impl<'s> KvRead for WatchedTransaction<'s> {
    type Value<'t>
        = <DynTransaction<'s> as KvRead>::Value<'t>
    where
        Self: 't;
    type Cursor<'t>
        = <DynTransaction<'s> as KvRead>::Cursor<'t>
    where
        Self: 't;

    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<Self::Value<'_>>> {
        self.transaction.get(tree, key)
    }

    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<Self::Cursor<'_>> {
        self.transaction.scan(tree, range, direction)
    }

    fn trees(&self) -> Result<Vec<String>> {
        self.transaction.trees()
    }
}

impl KvWrite for WatchedTransaction<'_> {
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

    fn check(&self, write: &Write<'_>) -> Result<()> {
        self.transaction.check(write)
    }

    fn commit(self) -> Result<()> {
        (self.store.watch)(Moment::Commit)?;
        self.transaction.commit()?;
        (self.store.watch)(Moment::Committed).map_err(|_| {
            let message = "nobody was told of the commit";
            Error::new(ErrorKind::CommitUnknown, Operation::Commit, message)
        })
    }

    fn rollback(self) -> Result<()> {
        self.transaction.rollback()
    }
}
