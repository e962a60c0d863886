//! Reading all trees in one snapshot.

use arbour_core::engine::TreeName;
use arbour_core::{Direction, Error, ErrorKind, KeyRange, KvRead, Operation, Result, Tree};
use rusqlite::Connection;

use crate::send_session::SendSession;
use crate::session::Session;
use crate::statement::run;
use crate::{SqliteCursor, SqliteStore, SqliteValue, error};

/// A snapshot of a [`SqliteStore`]: a connection of its own in a read transaction.
///
/// While it is open the log cannot be truncated, so it grows by what others write. If the store is
/// closed meanwhile, the log is moved to the file when the last snapshot is dropped.
///
/// ```
/// use arbour_core::{KvRead, KvStore, StoreOptions};
/// use arbour_sqlite::{SqliteSnapshot, SqliteStore};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.sqlite");
/// let store = SqliteStore::open(&path, &StoreOptions::new())?;
/// let snapshot: SqliteSnapshot<'_> = store.snapshot()?;
/// assert!(snapshot.trees()?.is_empty());
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct SqliteSnapshot<'s> {
    store: &'s SqliteStore,
    /// Taken only by `drop`.
    session: Option<Session>,
    /// Whether foreign SQL ran on the connection.
    used: bool,
}

/// Begins a read transaction. `BEGIN` alone pins nothing: the first read does.
fn begin(connection: &Connection) -> rusqlite::Result<()> {
    run(connection, "BEGIN")?;
    let mut pin = connection.prepare_cached("PRAGMA main.schema_version")?;
    pin.raw_query().next().map(drop)
}

/// Takes a connection for a new snapshot, and pins the current state with it.
fn pin(store: &SqliteStore) -> Result<Connection> {
    let operation = Operation::Snapshot;
    store.slot.check_open(operation)?;
    let taken = store.readers.take(|| store.connector.open_reader(operation));
    let taken = taken.map_err(|error| {
        store.take_back(None);
        store.locate(error)
    });
    let Some(connection) = taken? else {
        let message = "the store was closed";
        return Err(store.locate(Error::new(ErrorKind::Closed, operation, message)));
    };
    match begin(&connection) {
        Ok(()) => Ok(connection),
        Err(cause) => {
            drop(connection);
            store.take_back(None);
            Err(store.locate(error::own(cause, operation)))
        }
    }
}

/// Returns the connection of a snapshot that ends. If foreign SQL used it, it is checked first.
fn unpin(store: &SqliteStore, connection: Connection, used: bool) {
    let is_fit = run(&connection, "COMMIT").is_ok() && (!used || store.make_fit(&connection));
    // A connection that fails the check is closed first.
    store.take_back(is_fit.then_some(connection));
}

impl<'s> SqliteSnapshot<'s> {
    pub(crate) fn new(store: &'s SqliteStore) -> Result<Self> {
        Ok(Self { store, session: Some(store.session(pin(store)?)), used: false })
    }

    #[inline]
    fn session(&self) -> &Session {
        self.session.as_ref().expect("only dropping takes the session away")
    }

    /// Returns the connection, which must then be checked before another snapshot uses it.
    pub(crate) fn use_connection(&mut self) -> &Connection {
        self.used = true;
        self.session().base().connection()
    }

    /// Returns the connection for reading.
    pub(crate) fn connection(&self) -> &Connection {
        self.session().base().connection()
    }

    pub(crate) fn count_all(&self) -> Result<u64> {
        self.session().base().count_all().map_err(|error| self.store.locate(error))
    }
}

impl Drop for SqliteSnapshot<'_> {
    fn drop(&mut self) {
        let Some(session) = self.session.take() else { return };
        unpin(self.store, session.into_connection(), self.used);
    }
}

/// A snapshot that can move between threads.
pub(crate) struct SqliteSendSnapshot<'s> {
    store: &'s SqliteStore,
    /// Taken only by `drop`.
    session: Option<SendSession>,
}

impl<'s> SqliteSendSnapshot<'s> {
    pub(crate) fn new(store: &'s SqliteStore) -> Result<Self> {
        let session = SendSession::new(store.tree_connection(pin(store)?));
        Ok(Self { store, session: Some(session) })
    }

    fn session(&self) -> &SendSession {
        self.session.as_ref().expect("only dropping takes the session away")
    }
}

impl Drop for SqliteSendSnapshot<'_> {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            unpin(self.store, session.into_connection(), false);
        }
    }
}

/// Implements reading through the session of a snapshot or a transaction.
macro_rules! read_through_session {
    ($type:ident) => {
        impl KvRead for $type<'_> {
            type Value<'t>
                = SqliteValue<'t>
            where
                Self: 't;
            type Cursor<'t>
                = SqliteCursor<'t>
            where
                Self: 't;

            #[inline]
            fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<SqliteValue<'_>>> {
                self.store.check_tree(tree, Operation::Get)?;
                self.session().get(tree, key).map_err(|error| self.store.locate(error))
            }

            #[inline]
            fn get_with<R>(
                &self,
                tree: &Tree,
                key: &[u8],
                read: impl FnOnce(&[u8]) -> R,
            ) -> Result<Option<R>> {
                self.store.check_tree(tree, Operation::Get)?;
                self.session().get_with(tree, key, read).map_err(|error| self.store.locate(error))
            }

            fn contains(&self, tree: &Tree, key: &[u8]) -> Result<bool> {
                Ok(self.get_with(tree, key, |_| ())?.is_some())
            }

            #[inline]
            fn scan(
                &self,
                tree: &Tree,
                range: KeyRange<'_>,
                direction: Direction,
            ) -> Result<SqliteCursor<'_>> {
                self.store.check_tree(tree, Operation::Scan)?;
                SqliteCursor::new(self.session().base(), self.store.path(), tree, range, direction)
            }

            fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
                Ok(self.store.registry.resolve(name))
            }

            fn trees(&self) -> Result<Vec<String>> {
                self.session().base().trees().map_err(|error| self.store.locate(error))
            }

            fn len(&self, tree: &Tree) -> Result<u64> {
                self.store.check_tree(tree, Operation::Scan)?;
                self.session().base().count(tree).map_err(|error| self.store.locate(error))
            }
        }
    };
}

read_through_session!(SqliteSnapshot);
read_through_session!(SqliteSendSnapshot);

pub(crate) use read_through_session;
