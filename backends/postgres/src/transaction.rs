//! Write transactions.

use arbour_core::engine::{OverlayTransaction, TransactionBase, Write, WriterGuard, forward};
use arbour_core::{Batch, Durability, KvRead, Operation, Result, Tree};

use crate::cursor::PostgresCursor;
use crate::pool::Use;
use crate::reader::Reader;
use crate::shared::Shared;
use crate::snapshot::PostgresSnapshot;
use crate::value::PostgresValue;
use crate::writes;

/// A write transaction: its writes are kept here and sent with its commit.
///
/// In its program it is the only one from its beginning to its end, and on all machines from its first read
/// or its commit: that is when it asks the server for its turn, and fails with
/// [`Busy`](arbour_core::ErrorKind::Busy) if another one has it for too long.
///
/// ```no_run
/// use arbour_core::{KvStore, KvWrite, StoreOptions};
/// use arbour_postgres::{PostgresStore, PostgresTransaction};
/// let store = PostgresStore::open("postgres://localhost/app", &StoreOptions::new())?;
/// let users = store.tree("users")?;
/// let mut transaction: PostgresTransaction<'_> = store.begin()?;
/// transaction.put(&users, b"ada", b"1815")?;
/// transaction.commit()?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub type PostgresTransaction<'s> = OverlayTransaction<PostgresWriter<'s>>;

/// What lies below the writes of a [`PostgresTransaction`]: an open transaction of the server.
///
/// ```
/// use arbour_core::{KvRead, Result};
/// use arbour_postgres::PostgresWriter;
/// fn names(writer: &PostgresWriter<'_>) -> Result<Vec<String>> {
///     writer.trees()
/// }
/// ```
pub struct PostgresWriter<'s> {
    /// Reads what the transaction sees.
    below: PostgresSnapshot<'s>,
    _guard: WriterGuard<'s>,
}

impl<'s> PostgresWriter<'s> {
    pub(crate) fn begin(store: &'s Shared, durability: Durability) -> Result<Self> {
        let guard = store.slot.acquire(Operation::Begin)?;
        let session = store.pool.take(Operation::Begin, Use::Transaction)?;
        let mut reader = Reader::new(store, session);
        reader.session.get_mut().begin(store.begin(durability), store.wait);
        reader.is_open = true;
        Ok(Self { below: PostgresSnapshot { reader }, _guard: guard })
    }
}

impl<'s> KvRead for PostgresWriter<'s> {
    type Value<'t>
        = PostgresValue
    where
        Self: 't;
    type Cursor<'t>
        = PostgresCursor<'t, 's>
    where
        Self: 't;

    forward!(self => self.below; reads);
}

impl TransactionBase for PostgresWriter<'_> {
    fn check_tree(&self, tree: &Tree, operation: Operation) -> Result<()> {
        self.below.reader.store.trees.check(tree, operation)
    }

    fn check(&self, write: &Write<'_>) -> Result<()> {
        self.below.reader.store.check(write)
    }

    fn commit(mut self, batch: Batch) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let reader = &mut self.below.reader;
        reader.is_open = false;
        let (store, session) = (reader.store, reader.session.get_mut());
        writes::commit(store, session, &batch, Operation::Commit)
    }
}
