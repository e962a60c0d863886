//! The store: a database file, the connection that writes it, and those that read it.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use arbour_core::engine::{StorePath, TreeRegistry, Write, WriterSlot};
use arbour_core::{
    Capabilities, DamageDetection, Durability, Error, Operation, Result, StoreOptions, Tree,
};
use parking_lot::Mutex;
use rusqlite::Connection;

use crate::connection::Connector;
use crate::readers::Readers;
use crate::session::Session;
use crate::statement::number;
use crate::tree::TreeTexts;
use crate::tree_connection::TreeConnection;
use crate::writer::{Writer, check_log};
use crate::{SqliteOptions, error, format, presence, wal};

/// A store in a SQLite file.
///
/// ```
/// use arbour_core::{KvStore, StoreOptions};
/// use arbour_sqlite::SqliteStore;
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.sqlite");
/// let store = SqliteStore::open(&path, &StoreOptions::new())?;
/// let users = store.tree("users")?;
/// store.put(&users, b"ada", b"1815")?;
/// store.close()?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct SqliteStore {
    pub(crate) connector: Connector,
    pub(crate) writer: Writer,
    pub(crate) readers: Readers,
    /// The connection that detects changes by others, opened on first use.
    pub(crate) watcher: Mutex<Option<Connection>>,
    pub(crate) registry: TreeRegistry,
    texts: Arc<TreeTexts>,
    pub(crate) slot: WriterSlot,
    pub(crate) capabilities: Capabilities,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path()).finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens the store in the file at `path`, creating it if it is absent (or empty) and the
    /// options allow. A SQLite database without `application_id` and `user_version` becomes a
    /// store; its tables stay.
    ///
    /// The path is resolved once, here: symbolic links lead to the file itself, and changing the
    /// current folder later has no effect. Opening read-only requires permission to create the
    /// `-wal` and `-shm` files next to the database, or another process that has created them. If
    /// the medium cannot be written, open a copy: there is no way to tell whether such a medium is
    /// being written elsewhere.
    ///
    /// With [`verify`](StoreOptions::verify) the whole file is read and its structure checked; a
    /// changed byte within a value is not detected, because SQLite stores no checksums.
    ///
    /// # Errors
    /// - [`NotFound`](arbour_core::ErrorKind::NotFound) if there is no file, or an empty one, and
    ///   the options do not allow creating a store
    /// - [`Corrupted`](arbour_core::ErrorKind::Corrupted) if the file is damaged or not SQLite's,
    ///   or if it is missing but its log exists
    /// - [`TooNew`](arbour_core::ErrorKind::TooNew) if a newer Arbour or SQLite wrote it
    /// - [`InvalidArgument`](arbour_core::ErrorKind::InvalidArgument) if it belongs to another
    ///   program, if the path is empty or `:memory:`, or if the file has more than one name (hard
    ///   links): SQLite keeps a log next to each name, and two logs damage the file
    /// - [`ReadOnly`](arbour_core::ErrorKind::ReadOnly) if the file, its folder or its file system
    ///   is not writable, or if a store that was not closed is opened read-only where its log
    ///   cannot be recovered
    /// - [`Io`](arbour_core::ErrorKind::Io) for errors of the system,
    ///   [`DiskFull`](arbour_core::ErrorKind::DiskFull) if there is no space to create it
    /// - [`Locked`](arbour_core::ErrorKind::Locked) if another process holds it exclusively for
    ///   longer than the busy timeout
    ///
    /// ```
    /// use arbour_core::{ErrorKind, StoreOptions};
    /// use arbour_sqlite::SqliteStore;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("app.sqlite");
    /// let absent = SqliteStore::open(&path, &StoreOptions::new().create(false));
    /// assert_eq!(absent.unwrap_err().kind(), ErrorKind::NotFound);
    /// let store = SqliteStore::open(&path, &StoreOptions::new())?;
    /// let second = SqliteStore::open(&path, &StoreOptions::new())?; // as other processes may
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn open(path: impl AsRef<Path>, options: &StoreOptions) -> Result<Self> {
        Self::open_with(path, options, &SqliteOptions::new())
    }

    /// Opens the store like [`open`](Self::open), with options that only SQLite has.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    ///
    /// ```
    /// use arbour_core::StoreOptions;
    /// use arbour_sqlite::{SqliteOptions, SqliteStore};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("app.sqlite");
    /// let sqlite = SqliteOptions::new().auto_vacuum(64);
    /// let store = SqliteStore::open_with(&path, &StoreOptions::new(), &sqlite)?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn open_with(
        path: impl AsRef<Path>,
        options: &StoreOptions,
        sqlite: &SqliteOptions,
    ) -> Result<Self> {
        let path = path.as_ref();
        presence::check_name(path).map_err(|error| error.with_path(path))?;
        let connector = Connector::new(StorePath::resolve(path)?, options, sqlite);
        let writer = open_first(&connector, options);
        let writer = writer.map_err(|error| error.with_path(&**connector.path()))?;
        Ok(Self {
            writer: Writer::new(writer),
            slot: WriterSlot::new(options, Some(connector.path().to_path_buf())),
            connector,
            readers: Readers::default(),
            watcher: Mutex::new(None),
            registry: TreeRegistry::new(),
            texts: Arc::default(),
            capabilities: capabilities(options),
        })
    }

    /// Returns a number that changes with every commit to the file, by any process: data read
    /// earlier is current as long as the number stays the same. It is meaningful only while this
    /// store is open.
    ///
    /// # Errors
    /// [`Closed`](arbour_core::ErrorKind::Closed) after [`close`](arbour_core::KvStore::close);
    /// otherwise errors of SQLite.
    ///
    /// ```
    /// use arbour_core::{KvStore, StoreOptions};
    /// use arbour_sqlite::SqliteStore;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("app.sqlite");
    /// let store = SqliteStore::open(&path, &StoreOptions::new())?;
    /// let before = store.data_version()?;
    /// assert_eq!(store.data_version()?, before);
    /// let other = SqliteStore::open(&path, &StoreOptions::new())?;
    /// other.put(&other.tree("users")?, b"ada", b"1815")?;
    /// assert_ne!(store.data_version()?, before);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn data_version(&self) -> Result<i64> {
        let operation = Operation::Stats;
        let mut watcher = self.watcher.lock();
        // Check while holding the lock, because closing takes the connection while holding it.
        self.slot.check_open(operation)?;
        let connection = match watcher.take() {
            Some(connection) => connection,
            None => {
                let opened = self.connector.open_reader(operation);
                opened.map_err(|error| self.locate(error))?
            }
        };
        let version = number(watcher.insert(connection), "data_version");
        version.map_err(|cause| self.locate(error::own(cause, operation)))
    }

    /// Adds the path of the store to an error.
    #[cold]
    pub(crate) fn locate(&self, error: Error) -> Error {
        error.with_path(self.path())
    }

    pub(crate) fn path(&self) -> &Path {
        self.connector.path()
    }

    /// Returns the connection of a snapshot, or `None` for one that is gone. After the last one of
    /// a closed store, the log can be moved to the file.
    pub(crate) fn take_back(&self, connection: Option<Connection>) {
        if self.readers.give(connection) {
            // `close` has already returned. What cannot be moved stays in the log until the store
            // is next opened.
            let _ = self.writer.close(&self.connector);
        }
    }

    /// Starts using a connection.
    #[inline]
    pub(crate) fn session(&self, connection: Connection) -> Session {
        Session::new(self.tree_connection(connection))
    }

    pub(crate) fn tree_connection(&self, connection: Connection) -> TreeConnection {
        TreeConnection::new(connection, Arc::clone(&self.texts))
    }

    pub(crate) fn check_tree(&self, tree: &Tree, operation: Operation) -> Result<()> {
        self.registry.check(tree, operation)
    }

    #[inline]
    pub(crate) fn check(&self, write: &Write<'_>) -> Result<()> {
        self.check_tree(write.tree, write.operation())?;
        self.capabilities.limits.check(write)
    }

    /// Restores a connection after foreign SQL used it, and tells whether that succeeded.
    pub(crate) fn make_fit(&self, connection: &Connection) -> bool {
        is_free(connection) && self.connector.set_up(connection).is_ok()
    }

    /// Does the same for the writing connection.
    pub(crate) fn make_writer_fit(&self, connection: &mut Connection) -> bool {
        is_free(connection) && self.connector.set_up_writer(connection).is_ok()
    }
}

/// Tells whether a connection has no open transaction and no attached database.
fn is_free(connection: &Connection) -> bool {
    // The first two databases are the file and the one for temporary tables.
    connection.is_autocommit() && connection.db_name(2).is_err()
}

/// Opens the first connection of a store and checks the file with it. Returns the connection if it
/// is for writing.
fn open_first(connector: &Connector, options: &StoreOptions) -> Result<Option<Connection>> {
    let (path, read_only) = (connector.path(), options.is_read_only());
    let create = options.may_create() && !read_only;
    presence::check(path, create)?;
    let opened = if read_only {
        connector.open_unchecked_reader()
    } else {
        connector.open_unchecked_writer(create)
    };
    let mut connection = opened.map_err(error::open)?;
    // SQLite has created the file by now, and has read nothing of it.
    path.pin()?;
    if read_only {
        format::prepare_reader(&connection, path)?;
    } else {
        let vacuum = connector.vacuum_pages().is_some();
        format::prepare_writer(&connection, path, connector.busy_timeout(), vacuum)?;
        if let Some(cause) = wal::rewrite(&connection, path, connector.busy_timeout())? {
            drop(connection);
            check_log(connector, cause, Operation::Open)?;
            // The next connection may be able to write.
            connection = connector.open_writer(Operation::Open)?;
            if let Some(cause) = wal::rewrite(&connection, path, connector.busy_timeout())? {
                return Err(error::open(cause));
            }
        }
    }
    if options.verifies() {
        format::verify(&connection)?;
    }
    connector.set_cache(&connection).map_err(error::open)?;
    Ok((!read_only).then_some(connection))
}

fn capabilities(options: &StoreOptions) -> Capabilities {
    let mut capabilities = Capabilities::new("sqlite");
    capabilities.persistent = true;
    capabilities.durability = vec![Durability::ProcessCrash, Durability::PowerLoss];
    let mut most = capabilities.limits;
    // A row with its key and value has at most 1,000,000,000 bytes.
    most.key_bytes_max = 400_000_000;
    most.value_bytes_max = 500_000_000;
    capabilities.limits = options.requested_limits().within(most);
    capabilities.multi_process = true;
    capabilities.read_only = true;
    capabilities.hot_backup = true;
    capabilities.compaction = true;
    // SQLite stores no checksums: `verify` reads the whole structure, but detects no changed value.
    capabilities.damage = DamageDetection::Structure;
    capabilities
}
