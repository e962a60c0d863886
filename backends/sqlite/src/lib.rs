//! [SQLite](https://sqlite.org) as an engine of Arbour: one file that other processes and SQL can
//! use too.
//!
//! ```
//! use arbour_core::{KvStore, KvWrite, StoreOptions};
//! use arbour_sqlite::SqliteStore;
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("app.sqlite");
//! let store = SqliteStore::open(&path, &StoreOptions::new())?;
//! let users = store.tree("users")?;
//! store.write(|transaction| transaction.put(&users, b"ada", b"1815"))?;
//! assert_eq!(store.get(&users, b"ada")?.as_deref(), Some(&b"1815"[..]));
//! # Ok::<(), arbour_core::Error>(())
//! ```
//!
//! # How it meets the contract
//! - A tree is a table `(k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL) STRICT, WITHOUT ROWID`, made
//!   when the tree is first written and taken away, once empty, by
//!   [`compact`](arbour_core::KvStore::compact).
//! - The file is in WAL mode. A snapshot is a connection of a pool with a read transaction that is
//!   pinned when it is made; a transaction is `BEGIN IMMEDIATE` on the one connection that writes.
//!   Statements are prepared once for each connection and looked up once for each tree in a
//!   snapshot or transaction. Cursor entries are SQLite's own bytes; a value of
//!   [`get`](arbour_core::KvRead::get) is copied once,
//!   [`get_with`](arbour_core::KvRead::get_with) copies nothing.
//! - After a commit the log moves into the database file once it has
//!   [`checkpoint_pages`](SqliteOptions::checkpoint_pages), and begins anew when nobody reads it.
//!   What an old snapshot keeps from moving is tried again when the log has grown by as many pages,
//!   or by a quarter of what was left if that is more: writing does not slow down beside a snapshot,
//!   and the log is short again some commits after the snapshot has gone. SQLite's own
//!   `wal_autocheckpoint` is off.
//! - Durability: [`PowerLoss`](arbour_core::Durability::PowerLoss) is `synchronous = FULL`,
//!   [`ProcessCrash`](arbour_core::Durability::ProcessCrash) is `NORMAL`.
//!   [`None`](arbour_core::Durability::None) is rounded up to `NORMAL`, for `OFF` lets a loss of
//!   power destroy the file.
//! - Any number of processes and handles may have the file open, for writing too. Their writers wait
//!   for each other, up to the busy timeout; a thread that holds a transaction of one handle waits
//!   as long for itself when it begins one of another handle of the same file.
//! - A commit, a sync or a checkpoint that fails with an I/O error is the last one: the store refuses
//!   further commits until it is opened again, because the system may have dropped what it could not
//!   write. Reading goes on.
//!
//! # Which files make up a store
//! A store at `app.sqlite` has up to three files, in one folder:
//!
//! | file | holds | exists |
//! |---|---|---|
//! | `app.sqlite` | the database | always |
//! | `app.sqlite-wal` | the log: commits that are not in the database file yet | while a handle is open, and after a kill |
//! | `app.sqlite-shm` | an index of the log, which is computed from the log if it is missing | as the log |
//!
//! The path is resolved when the store is opened: a symbolic link leads to the database, and the
//! other two files lie beside the database, not beside the link. A file with a second name (a hard
//! link) is refused, because SQLite would keep a second log beside the second name.
//!
//! **Copy an open store** with [`backup`](arbour_core::KvStore::backup): the copy is one file, of one
//! moment. Copying the files of an open store by other means can lose commits or damage the copy.
//!
//! **Copy a closed store** by copying `app.sqlite` alone. [`close`](arbour_core::KvStore::close), or
//! dropping the store, moves the log into the database and removes the other two files, unless
//! another process or handle has the store open. If snapshots outlive `close`, that happens when the
//! last of them is dropped. A store that only readers had open can leave an empty log behind.
//!
//! **After a kill** the log may hold all of the latest commits: copy or move `app.sqlite` and
//! `app.sqlite-wal` together, or open and close the store first. Never remove a log that is not empty
//! and never put another database beside it: SQLite would take the log for that database's own.
//!
//! A store whose file is renamed, replaced or deleted while it is open fails with
//! [`Moved`](arbour_core::ErrorKind::Moved) at the next commit at `PowerLoss`, and wherever it needs
//! another connection; it neither reads nor writes what was put in its place. Closing it moves the log
//! into the renamed file.
//!
//! # Which damage is detected
//! SQLite keeps no checksums. Detected when it is read, as
//! [`Corrupted`](arbour_core::ErrorKind::Corrupted): a page that is not one, an entry that does not
//! fit its page, a schema or a value that is not as the store writes it, a file that ends too early, a
//! log without its file. Opening with [`verify`](arbour_core::StoreOptions::verify) checks these over
//! the whole file (`PRAGMA integrity_check`), and that every page is in use exactly once and all keys
//! are in order. Not detected: a byte changed within a key or a value, and, after a kill, damage to
//! the log, whose frames from the damaged one on count as never written. A read that the device
//! refuses (`EIO`) is `Io`, or `Corrupted` where SQLite itself does not tell the two apart.
//!
//! # Names of tables
//! The tree `users` is the table `tree_users`. SQLite takes no account of the case of ASCII letters
//! in names, so a capital letter is written as `^` and the small one, and `^` itself as `^^`: the
//! tree `userNames` is the table `"tree_user^names"`. Everything else in a name stays as it is.
//!
//! # SQL close by
//! The file may have tables of your own beside the trees, and their changes commit together with
//! those of trees: see [`SqliteStore::with_write_connection`] and
//! [`SqliteStore::with_read_connection`]. `application_id` and `user_version` of the file are
//! Arbour's.
//!
//! A put is `REPLACE`, which takes a third less time than an upsert where there is an entry. So a
//! table of your own whose foreign key refers to a tree sees an entry deleted and a new one made.
//!
//! With the feature `documents`, `SqliteStore::create_document_views` makes a view of each
//! collection of documents, in which any program that knows SQLite finds them by what is in them:
//!
//! ```
//! use arbour::documents::{Declaration, DocCollection, DocStore, DocWrite, Documents, Ids};
//! use arbour_core::{KvStore, Operation, StoreOptions};
//! use arbour_sqlite::{SqliteStore, sql_error};
//! use serde_json::json;
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("app.sqlite");
//! let store = SqliteStore::open(&path, &StoreOptions::new())?;
//! let rooms = Declaration::new("rooms").id("name", Ids::Chosen);
//! let rooms = Documents::new(&store).collection(rooms)?;
//! store.write(|transaction| {
//!     let mut rooms = rooms.writer(transaction)?;
//!     rooms.set(&json!({"name": "study", "size": 12}))?;
//!     rooms.set(&json!({"name": "hall", "size": 80}))
//! })?;
//! store.create_document_views()?;
//! let large = store.with_read_connection(|connection| {
//!     let sql = "SELECT json ->> '$.name' FROM documents_rooms WHERE json ->> '$.size' > 20";
//!     let name = connection.query_row(sql, [], |row| row.get::<_, String>(0));
//!     name.map_err(|cause| sql_error(cause, Operation::Get))
//! })?;
//! assert_eq!(large, "hall");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`compact`](arbour_core::KvStore::compact) lets the table of an empty tree be where a view reads
//! it.

mod backup;
mod checkpoints;
mod compaction;
mod connection;
mod cursor;
#[cfg(feature = "documents")]
mod document_views;
mod error;
mod format;
mod latch;
mod options;
mod presence;
mod readers;
mod session;
mod snapshot;
mod sql;
mod store;
mod tables;
mod transaction;
mod tree;
mod value;
mod writer;

pub use cursor::SqliteCursor;
pub use error::sql_error;
pub use options::SqliteOptions;
pub use rusqlite;
pub use snapshot::SqliteSnapshot;
pub use store::SqliteStore;
pub use transaction::SqliteTransaction;
pub use value::SqliteValue;
