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
//! - A tree is a table `(k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL) STRICT, WITHOUT ROWID`,
//!   created when the tree is first written, and removed, once it is empty, by
//!   [`compact`](arbour_core::KvStore::compact).
//! - The file is in WAL mode. A snapshot is a pooled connection with a read transaction that is
//!   pinned at creation; a transaction is `BEGIN IMMEDIATE` on the one connection that writes.
//!   Statements are prepared once for each connection and looked up once for each tree in a
//!   snapshot or transaction. Cursor entries are SQLite's own bytes; a value of
//!   [`get`](arbour_core::KvRead::get) is copied once, [`get_with`](arbour_core::KvRead::get_with)
//!   copies nothing.
//! - After a commit the log is moved to the database file once it has
//!   [`checkpoint_pages`](SqliteOptions::checkpoint_pages), and starts over when there is no
//!   reader. If an old snapshot blocks part of it, the next attempt follows when the log has grown
//!   by as many pages, or by a quarter of what was left if that is more: a snapshot does not slow
//!   down writing, and the log is short again some commits after the snapshot has ended. SQLite's
//!   own `wal_autocheckpoint` is off.
//! - Durability: [`PowerLoss`](arbour_core::Durability::PowerLoss) is `synchronous = FULL`,
//!   [`ProcessCrash`](arbour_core::Durability::ProcessCrash) is `NORMAL`.
//!   [`None`](arbour_core::Durability::None) is rounded up to `NORMAL`, because with `OFF` a power
//!   loss can destroy the file.
//! - Any number of processes and handles may have the file open, for writing too. Their writers
//!   wait for each other, up to the busy timeout. A thread that holds a transaction of one handle
//!   and begins one of another handle of the same file waits that long for itself.
//! - A commit, a sync or a checkpoint that fails with an I/O error is the last one: the store
//!   refuses further commits until it is opened again, because the system may have dropped what it
//!   could not write. Reads continue.
//!
//! # Which files make up a store
//! A store at `app.sqlite` has up to three files, in one folder:
//!
//! | file | holds | exists |
//! |---|---|---|
//! | `app.sqlite` | the database | always |
//! | `app.sqlite-wal` | the log: commits that are not in the database file yet | while a handle is open, and after a kill |
//! | `app.sqlite-shm` | an index of the log, which is rebuilt from the log if it is missing | like the log |
//!
//! The path is resolved when the store is opened: a symbolic link leads to the database, and the
//! other two files lie next to the database, not next to the link. A file with a second name (a
//! hard link) is refused, because SQLite would keep a second log next to the second name.
//!
//! **Copy an open store** with [`backup`](arbour_core::KvStore::backup): the copy is one file, of
//! one snapshot. Copying the files of an open store by other means can lose commits or damage the
//! copy.
//!
//! **Copy a closed store** by copying `app.sqlite` alone. [`close`](arbour_core::KvStore::close),
//! or dropping the store, moves the log to the database and removes the other two files, unless
//! another process or handle has the store open. If snapshots outlive `close`, that happens when
//! the last of them is dropped. If only readers had a store open, an empty log may be left.
//!
//! **After a kill** the log may contain all of the latest commits: copy or move `app.sqlite` and
//! `app.sqlite-wal` together, or open and close the store first. Never remove a log that is not
//! empty, and never put another database next to it: SQLite would take the log for that database's
//! own.
//!
//! A store whose file is renamed, replaced or deleted while it is open fails with
//! [`Moved`](arbour_core::ErrorKind::Moved) at the next commit at `PowerLoss`, and whenever it
//! needs another connection; it neither reads nor writes the file that replaced it. Closing it
//! moves the log to the renamed file.
//!
//! # Which damage is detected
//! SQLite stores no checksums. Detected on reading, as
//! [`Corrupted`](arbour_core::ErrorKind::Corrupted): an invalid page, an entry that does not fit
//! its page, a schema or a value that differs from what the store writes, a file that ends too
//! early, a log without its file. Opening with [`verify`](arbour_core::StoreOptions::verify) checks
//! the whole file for these (`PRAGMA integrity_check`), and also that every page is in use exactly
//! once and all keys are in order. Not detected: a byte changed within a key or a value, and, after
//! a kill, damage to the log, whose frames from the damaged one on count as never written. A read
//! that the device refuses (`EIO`) is `Io`, or `Corrupted` if SQLite itself does not distinguish
//! the two.
//!
//! # Names of tables
//! The tree `users` is the table `tree_users`. SQLite ignores the case of ASCII letters in names,
//! so a capital letter is written as `^` and the small letter, and `^` itself as `^^`: the tree
//! `userNames` is the table `"tree_user^names"`. All other characters stay as they are.
//!
//! # SQL next to trees
//! The file may have tables of your own next to the trees, and their changes commit together with
//! those of trees: see [`SqliteStore::with_write_connection`] and
//! [`SqliteStore::with_read_connection`]. `application_id` and `user_version` of the file belong to
//! Arbour.
//!
//! A put is `REPLACE`, which takes a third less time than an upsert of an existing entry. If a
//! table of your own has a foreign key that refers to a tree, it therefore sees an entry deleted
//! and a new one inserted.
//!
//! [`SqliteStore::create_document_views`] creates a view for each collection of documents, which any
//! program that can use SQLite can query by content:
//!
//! ```
//! use arbour::documents::{Collection, Declaration, Ids};
//! use arbour_core::{KvStore, Operation, StoreOptions};
//! use arbour_sqlite::{SqliteStore, sql_error};
//! use serde_json::json;
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("app.sqlite");
//! let store = SqliteStore::open(&path, &StoreOptions::new())?;
//! let rooms = Declaration::new("rooms").id("name", Ids::Chosen);
//! let rooms = Collection::open(&store, rooms)?;
//! store.write(|transaction| {
//!     rooms.put(transaction, json!({"name": "study", "size": 12}))?;
//!     rooms.put(transaction, json!({"name": "hall", "size": 80}))
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
//! [`compact`](arbour_core::KvStore::compact) keeps the table of an empty tree if a view reads it.

mod backup;
mod checkpoints;
mod compaction;
mod connection;
mod contract;
mod cursor;
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
mod statement;
mod store;
mod tables;
mod transaction;
mod tree;
mod value;
mod wal;
mod writer;

pub use cursor::SqliteCursor;
pub use error::sql_error;
pub use options::SqliteOptions;
pub use rusqlite;
pub use snapshot::SqliteSnapshot;
pub use store::SqliteStore;
pub use transaction::SqliteTransaction;
pub use value::SqliteValue;
