//! SQL next to trees: a program's own tables in the same file, and in the same transactions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arbour_core::{Durability, Error, ErrorKind, KvStore as _, Operation, Result};
use rusqlite::Connection;

use crate::{SqliteStore, error, format};

impl SqliteStore {
    /// Runs a closure with a reading connection, in a read transaction: it sees one state of the
    /// file, as a snapshot does. It cannot write.
    ///
    /// [`sql_error`](crate::sql_error) converts an error of SQLite to one of Arbour.
    ///
    /// # Errors
    /// The closure's own error; as [`snapshot`](arbour_core::KvStore::snapshot);
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) if the closure ended the transaction.
    ///
    /// ```
    /// use arbour_core::{KvStore, Operation, StoreOptions};
    /// use arbour_sqlite::{SqliteStore, sql_error};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("app.sqlite");
    /// let store = SqliteStore::open(&path, &StoreOptions::new())?;
    /// store.put(&store.tree("users")?, b"ada", b"1815")?;
    /// let count = store.with_read_connection(|connection| {
    ///     let sql = "SELECT count(*) FROM tree_users WHERE v = x'31383135'";
    ///     let count = connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    ///     count.map_err(|cause| sql_error(cause, Operation::Get))
    /// })?;
    /// assert_eq!(count, 1);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn with_read_connection<R, E: From<Error>>(
        &self,
        run: impl FnOnce(&Connection) -> Result<R, E>,
    ) -> Result<R, E> {
        let mut snapshot = self.snapshot()?;
        let result = run(snapshot.use_connection());
        if snapshot.connection().is_autocommit() {
            return Err(self.ended_by_closure(Operation::Snapshot).into());
        }
        result
    }

    /// Runs a closure with the writing connection, in a transaction that is committed if the
    /// closure returns `Ok`, and rolled back on an error or a panic. Trees may be changed too: they
    /// are the tables `tree_NAME` with the columns `k` and `v`, both blobs.
    ///
    /// The closure holds the writer slot: calls that need it, such as
    /// [`begin`](arbour_core::KvStore::begin) or [`put`](arbour_core::KvStore::put) of this store,
    /// fail with [`Busy`](ErrorKind::Busy). Savepoints are allowed.
    ///
    /// # Errors
    /// The closure's own error; as [`begin_with`](arbour_core::KvStore::begin_with) and
    /// [`KvWrite::commit`](arbour_core::KvWrite::commit);
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) if the closure committed or rolled back
    /// itself, ignored an error that rolled back, such as a full disk, or changed `application_id`
    /// or `user_version`. In these cases nothing was written.
    ///
    /// ```
    /// use arbour_core::{Durability, KvStore, Operation, StoreOptions};
    /// use arbour_sqlite::{SqliteStore, sql_error};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("app.sqlite");
    /// let store = SqliteStore::open(&path, &StoreOptions::new())?;
    /// let users = store.tree("users")?;
    /// store.put(&users, b"ada", b"1815")?;
    /// store.with_write_connection(Durability::PowerLoss, |connection| {
    ///     let sql = "CREATE TABLE births (name TEXT, year TEXT) STRICT;
    ///                INSERT INTO births SELECT CAST(k AS TEXT), CAST(v AS TEXT) FROM tree_users;
    ///                DELETE FROM tree_users";
    ///     connection.execute_batch(sql).map_err(|cause| sql_error(cause, Operation::Apply))
    /// })?;
    /// assert_eq!(store.get(&users, b"ada")?, None);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn with_write_connection<R, E: From<Error>>(
        &self,
        durability: Durability,
        run: impl FnOnce(&Connection) -> Result<R, E>,
    ) -> Result<R, E> {
        let operation = Operation::Begin;
        let _guard = self.slot.acquire(operation)?;
        let begun = self.writer.begin(&self.connector, durability, operation);
        let connection = begun.map_err(|error| self.locate(error))?;
        let mut lent = Lent { store: self, connection: Some(connection), ended: Arc::default() };
        lent.watch().map_err(|cause| self.locate(error::sql_error(cause, operation)))?;
        let result = run(lent.connection())?;
        lent.commit()?;
        Ok(result)
    }

    fn ended_by_closure(&self, operation: Operation) -> Error {
        let message =
            "the transaction ended before its closure, which ended it or ignored an error";
        self.locate(Error::new(ErrorKind::InvalidArgument, operation, message))
    }
}

/// The writing connection while a closure uses it. Dropping it rolls back.
struct Lent<'s> {
    store: &'s SqliteStore,
    /// Taken when the transaction ends.
    connection: Option<Connection>,
    /// Whether the closure has tried to end the transaction.
    ended: Arc<AtomicBool>,
}

impl Lent<'_> {
    fn connection(&self) -> &Connection {
        self.connection.as_ref().expect("only its end takes the connection away")
    }

    /// Refuses commits, and records rollbacks.
    fn watch(&mut self) -> rusqlite::Result<()> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        let (committed, rolled_back) = (Arc::clone(&self.ended), Arc::clone(&self.ended));
        connection.commit_hook(Some(move || {
            committed.store(true, Ordering::Relaxed);
            true
        }))?;
        connection.rollback_hook(Some(move || rolled_back.store(true, Ordering::Relaxed)))
    }

    /// Takes the connection back from the closure; `None` if that was already done.
    fn take(&mut self) -> rusqlite::Result<Option<Connection>> {
        let Some(mut connection) = self.connection.take() else { return Ok(None) };
        connection.commit_hook(None::<fn() -> bool>)?;
        connection.rollback_hook(None::<fn()>)?;
        Ok(Some(connection))
    }

    fn commit(mut self) -> Result<()> {
        let operation = Operation::Commit;
        let store = self.store;
        if self.ended.load(Ordering::Relaxed) || self.connection().is_autocommit() {
            return Err(store.ended_by_closure(operation));
        }
        let is_ours = format::is_ours(self.connection());
        if !is_ours.map_err(|cause| store.locate(error::sql_error(cause, operation)))? {
            let message = "the closure changed application_id or user_version, by which Arbour knows its files";
            let error = Error::new(ErrorKind::InvalidArgument, operation, message);
            return Err(store.locate(error));
        }
        let taken = self.take();
        let taken = taken.map_err(|cause| store.locate(error::sql_error(cause, operation)))?;
        let Some(connection) = taken else { return Ok(()) };
        let committed = store.writer.commit(&store.connector, connection, operation);
        self.look_over();
        committed.map_err(|error| store.locate(error))
    }

    /// Resets the returned connection for further use, or closes it.
    fn look_over(&self) {
        self.store.writer.retain(|connection| self.store.make_writer_fit(connection));
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if let Ok(Some(connection)) = self.take() {
            // If a connection cannot roll back, it is closed, which rolls back.
            let _ = self.store.writer.rollback(connection, Operation::Rollback);
            self.look_over();
        }
    }
}
