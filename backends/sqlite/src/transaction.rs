//! Writing through a transaction.

use arbour_core::engine::{CommitChecks, TreeName, Write, WriterGuard};
use arbour_core::{
    Batch, Direction, Durability, Error, KeyRange, KvRead, KvWrite, Operation, Result, Tree,
};

use crate::cursor::{bind, shape_to_delete};
use crate::session::Session;
use crate::snapshot::read_through_session;
use crate::tree_connection::failed;
use crate::{SqliteCursor, SqliteStore, SqliteValue, writer};

/// A transaction of a [`SqliteStore`]: `BEGIN IMMEDIATE` on the writing connection.
///
/// ```
/// use arbour_core::{KvStore, KvWrite, StoreOptions};
/// use arbour_sqlite::{SqliteStore, SqliteTransaction};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.sqlite");
/// let store = SqliteStore::open(&path, &StoreOptions::new())?;
/// let users = store.tree("users")?;
/// let mut transaction: SqliteTransaction<'_> = store.begin()?;
/// transaction.put(&users, b"ada", b"1815")?;
/// transaction.commit()?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct SqliteTransaction<'s> {
    store: &'s SqliteStore,
    /// Taken when the transaction ends.
    session: Option<Session>,
    /// The first failure of SQLite, after which the content of the transaction is unknown: some
    /// failures roll all of it back.
    failure: Option<Error>,
    checks: CommitChecks,
    _guard: WriterGuard<'s>,
}

impl<'s> SqliteTransaction<'s> {
    /// Begins a transaction as part of an operation.
    pub(crate) fn begin(
        store: &'s SqliteStore,
        durability: Durability,
        operation: Operation,
    ) -> Result<Self> {
        let guard = store.slot.acquire(operation)?;
        let begun = store.writer.begin(&store.connector, durability, operation);
        let connection = begun.map_err(|error| store.locate(error))?;
        let session = Some(store.session(connection));
        let checks = CommitChecks::default();
        Ok(Self { store, session, failure: None, checks, _guard: guard })
    }

    #[inline]
    fn session(&self) -> &Session {
        self.session.as_ref().expect("only its end takes the session of a transaction")
    }

    /// Makes a change. After a failure the transaction cannot be committed: SQLite may have rolled
    /// back, and would then autocommit each further change.
    #[inline]
    fn change(&mut self, change: impl FnOnce(&Session) -> Result<()>) -> Result<()> {
        if let Some(failure) = &self.failure {
            return Err(self.store.locate(writer::doomed(failure)));
        }
        change(self.session()).map_err(|error| {
            let error = self.store.locate(error);
            self.failure = Some(error.clone());
            error
        })
    }

    /// Applies the writes of a checked batch.
    pub(crate) fn set_all(&mut self, batch: &Batch, operation: Operation) -> Result<()> {
        let mut writes = batch.iter().peekable();
        while let Some(Write { tree, key, value }) = writes.next() {
            self.change(|session| {
                let Some(value) = value else { return session.delete(tree, key, operation) };
                session.put(tree, key, value, operation)?;
                let is_alike = |write: &Write<'_>| write.tree == tree && write.value.is_some();
                session.put_each(tree, || writes.next_if(is_alike), operation)
            })?;
        }
        Ok(())
    }

    pub(crate) fn commit_as(mut self, operation: Operation) -> Result<()> {
        let Some(session) = self.session.take() else { return Ok(()) };
        // No statement may be running when SQLite commits.
        let connection = session.into_connection();
        let committed = if let Some(failure) = &self.failure {
            // The failure of the transaction matters more than the result of the rollback.
            let _ = self.store.writer.rollback(connection, operation);
            Err(writer::doomed(failure))
        } else {
            self.store.writer.commit(&self.store.connector, connection, operation)
        };
        committed.map_err(|error| self.store.locate(error))
    }
}

impl Drop for SqliteTransaction<'_> {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            // If a connection cannot roll back, it is closed, which rolls back.
            let _ = self.store.writer.rollback(session.into_connection(), Operation::Rollback);
        }
    }
}

read_through_session!(SqliteTransaction);

impl KvWrite for SqliteTransaction<'_> {
    #[inline]
    fn put(&mut self, tree: &Tree, key: &[u8], value: &[u8]) -> Result<()> {
        self.check(&Write { tree, key, value: Some(value) })?;
        self.change(|session| session.put(tree, key, value, Operation::Put))
    }

    fn delete(&mut self, tree: &Tree, key: &[u8]) -> Result<()> {
        self.check(&Write { tree, key, value: None })?;
        self.change(|session| session.delete(tree, key, Operation::Delete))
    }

    fn delete_range(&mut self, tree: &Tree, range: KeyRange<'_>) -> Result<()> {
        let operation = Operation::DeleteRange;
        self.store.check_tree(tree, operation)?;
        if range.is_empty() {
            return Ok(());
        }
        self.change(|session| {
            let base = session.base();
            let sql = base.sql(tree).delete_range(shape_to_delete(&range));
            let Some(mut delete) = base.prepare(tree, &sql, operation)? else {
                return Ok(());
            };
            bind(&mut delete, &range).map_err(|cause| failed(cause, operation, tree))?;
            match delete.raw_execute() {
                Ok(_) => Ok(()),
                Err(cause) => base.absent_or(tree, cause, operation),
            }
        })
    }

    fn check(&self, write: &Write<'_>) -> Result<()> {
        self.store.check(write)
    }

    fn commit_checks(&mut self) -> &mut CommitChecks {
        &mut self.checks
    }

    fn commit(mut self) -> Result<()> {
        // After a failure a check would read an unknown state.
        if self.failure.is_none() {
            self.run_checks()?;
        }
        self.commit_as(Operation::Commit)
    }

    fn rollback(mut self) -> Result<()> {
        let Some(session) = self.session.take() else { return Ok(()) };
        let connection = session.into_connection();
        let rolled_back = self.store.writer.rollback(connection, Operation::Rollback);
        rolled_back.map_err(|error| self.store.locate(error))
    }
}
