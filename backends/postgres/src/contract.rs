//! The store as the contract of core has it.

use std::path::Path;
use std::time::Duration;

use arbour_core::engine::{SendSnapshot, TreeName};
use arbour_core::{
    Batch, Capabilities, Durability, Error, ErrorKind, KvRead as _, KvStore, Operation, Result,
    Stats, Tree,
};

use crate::pool::Use;
use crate::reader::first;
use crate::snapshot::PostgresSnapshot;
use crate::store::PostgresStore;
use crate::transaction::{PostgresTransaction, PostgresWriter};
use crate::writes;

impl KvStore for PostgresStore {
    type Snapshot<'s> = PostgresSnapshot<'s>;
    type Transaction<'s> = PostgresTransaction<'s>;

    fn capabilities(&self) -> &Capabilities {
        &self.shared.capabilities
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.shared.slot.check_open(Operation::Tree)?;
        Ok(self.shared.trees.resolve(name))
    }

    fn snapshot(&self) -> Result<PostgresSnapshot<'_>> {
        self.shared.slot.check_open(Operation::Snapshot)?;
        PostgresSnapshot::take(&self.shared)
    }

    fn send_snapshot(&self) -> Result<SendSnapshot<'_>> {
        Ok(SendSnapshot::new(self.snapshot()?))
    }

    fn begin_with(&self, durability: Durability) -> Result<PostgresTransaction<'_>> {
        Ok(PostgresTransaction::new(PostgresWriter::begin(&self.shared, durability)?))
    }

    fn writer_wait(&self) -> Duration {
        self.shared.slot.wait()
    }

    fn apply(&self, batch: Batch, durability: Durability) -> Result<()> {
        batch.iter().try_for_each(|write| self.shared.check(&write))?;
        if batch.is_empty() {
            self.shared.slot.check_writable(Operation::Apply)?;
            return Ok(());
        }
        let _guard = self.shared.slot.acquire(Operation::Apply)?;
        let mut session = self.shared.pool.take(Operation::Apply, Use::Transaction)?;
        session.begin(self.shared.begin(durability), self.shared.wait);
        writes::commit(&self.shared, &mut session, &batch, Operation::Apply)
    }

    /// A durable commit makes durable what was committed before it.
    fn sync(&self) -> Result<()> {
        self.shared.slot.check_writable(Operation::Sync)?;
        let mut session = self.shared.pool.take(Operation::Sync, Use::Call)?;
        session.begin("BEGIN; SET LOCAL synchronous_commit = on".to_owned(), Duration::ZERO);
        writes::commit(&self.shared, &mut session, &Batch::new(), Operation::Sync)
    }

    fn close(&self) -> Result<()> {
        let Some(_alone) = self.shared.slot.close()? else { return Ok(()) };
        let mut session = self.shared.pool.take(Operation::Close, Use::Call)?;
        let numbers = self.shared.pool.close();
        let schema = &self.shared.pool.address().schema;
        if !session.server.is_standby {
            let forget = format!("DELETE FROM {schema}.commits WHERE session = ANY($1)");
            let forgotten = session.ask(&forget, &[&numbers]);
            forgotten.map_err(|failure| failure.into_error(Operation::Close))?;
        }
        Ok(())
    }

    fn stats(&self) -> Result<Stats> {
        self.shared.slot.check_open(Operation::Stats)?;
        let snapshot = PostgresSnapshot::current(&self.shared, Operation::Stats)?;
        let reader = &snapshot.reader;
        let schema = &self.shared.pool.address().schema;
        let ask = format!(
            "SELECT (SELECT count(*) FROM {schema}.entries), pg_total_relation_size('{schema}.entries')"
        );
        let rows = reader.session.borrow_mut().ask(&ask, &[]);
        let rows = rows.map_err(|failure| reader.failed(failure, Operation::Stats))?;
        let entries: i64 = first(&rows, Operation::Stats)?.unwrap_or(0);
        let bytes: i64 = rows.first().and_then(|row| row.try_get(1).ok()).unwrap_or(0);
        Ok(Stats::new(entries.cast_unsigned(), bytes.cast_unsigned()))
    }

    fn backup(&self, destination: &Path) -> Result<()> {
        let _ = destination;
        let message = "the server makes backups: use pg_dump or pg_basebackup, or arbour's `dump`";
        Err(Error::new(ErrorKind::Unsupported, Operation::Backup, message))
    }

    /// One round trip.
    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.shared.slot.check_open(Operation::Get)?;
        let current = PostgresSnapshot::current(&self.shared, Operation::Get)?;
        current.get_with(tree, key, <[u8]>::to_vec)
    }
}
