//! The store as the contract has it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use arbour_core::engine::{SendSnapshot, TreeName};
use arbour_core::{
    Batch, Capabilities, Durability, Error, KvStore, Operation, Result, Stats, Tree,
};

use crate::snapshot::SqliteSendSnapshot;
use crate::{
    SqliteSnapshot, SqliteStore, SqliteTransaction, backup, compaction, error, format, presence,
};

impl KvStore for SqliteStore {
    type Snapshot<'s> = SqliteSnapshot<'s>;
    type Transaction<'s> = SqliteTransaction<'s>;

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.slot.check_open(Operation::Tree)?;
        Ok(self.registry.resolve(name))
    }

    fn snapshot(&self) -> Result<SqliteSnapshot<'_>> {
        SqliteSnapshot::new(self)
    }

    fn send_snapshot(&self) -> Result<SendSnapshot<'_>> {
        Ok(SendSnapshot::new(SqliteSendSnapshot::new(self)?))
    }

    fn begin_with(&self, durability: Durability) -> Result<SqliteTransaction<'_>> {
        SqliteTransaction::begin(self, durability, Operation::Begin)
    }

    fn writer_wait(&self) -> Duration {
        self.slot.wait()
    }

    fn apply(&self, batch: Batch, durability: Durability) -> Result<()> {
        batch.iter().try_for_each(|write| self.check(&write))?;
        if batch.is_empty() {
            return self.slot.acquire(Operation::Apply).map(drop);
        }
        let mut transaction = SqliteTransaction::begin(self, durability, Operation::Apply)?;
        transaction.set_all(&batch, Operation::Apply)?;
        transaction.commit_as(Operation::Apply)
    }

    /// Writes one page and waits until the log, including it, is on the device. A checkpoint is not
    /// enough: it leaves the log alone if an old snapshot blocks all moves.
    fn sync(&self) -> Result<()> {
        let operation = Operation::Sync;
        let _guard = self.slot.acquire(operation)?;
        let begun = self.writer.begin(&self.connector, Durability::PowerLoss, operation);
        let connection = begun.map_err(|error| self.locate(error))?;
        // The page is written although the number stays the same.
        let touched = connection.pragma_update(None, "user_version", format::VERSION);
        let synced = match touched {
            Ok(()) => self.writer.commit(&self.connector, connection, operation),
            Err(cause) => {
                let _ = self.writer.rollback(connection, operation);
                Err(error::own(cause, operation))
            }
        };
        synced.map_err(|error| self.locate(error))
    }

    fn close(&self) -> Result<()> {
        let Some(_alone) = self.slot.close()? else { return Ok(()) };
        drop(self.watcher.lock().take());
        let synced = self.writer.sync_log(&self.connector);
        // The last snapshot must be gone before the log can be moved: see `take_back`.
        let is_last = self.readers.close();
        // Last of all: the last writing connection moves the log to the file when it closes.
        let closed = if is_last { self.writer.close(&self.connector) } else { Ok(()) };
        synced.and(closed).map_err(|error| self.locate(error))
    }

    fn stats(&self) -> Result<Stats> {
        let (operation, path) = (Operation::Stats, self.connector.path());
        let entries = self.snapshot()?.count_all()?;
        path.check(operation)?;
        let file = fs::metadata(path).map_err(|cause| {
            let message = "cannot measure the database file";
            self.locate(Error::from_io(cause, operation, message))
        })?;
        let log = fs::metadata(presence::beside(path, "-wal"));
        Ok(Stats::new(entries, file.len() + log.map_or(0, |log| log.len())))
    }

    fn compact(&self) -> Result<()> {
        compaction::compact(self).map_err(|error| self.locate(error))
    }

    fn backup(&self, destination: &Path) -> Result<()> {
        backup::backup(self, destination)
    }
}

impl Drop for SqliteStore {
    /// Releases the file, as closing does. A caller that must know whether that worked calls
    /// [`close`](KvStore::close) first.
    fn drop(&mut self) {
        let _ = self.close();
    }
}
