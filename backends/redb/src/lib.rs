//! [redb](https://docs.rs/redb) as an engine of Arbour: the embedded default, pure Rust.
//!
//! ```
//! use arbour_core::{KvStore, KvWrite, StoreOptions};
//! use arbour_redb::RedbStore;
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("app.redb");
//! let store = RedbStore::open(&path, &StoreOptions::new())?;
//! let users = store.tree("users")?;
//! store.write(|transaction| transaction.put(&users, b"ada", b"1815"))?;
//! assert_eq!(store.get(&users, b"ada")?.as_deref(), Some(&b"1815"[..]));
//! # Ok::<(), arbour_core::Error>(())
//! ```
//!
//! # How it meets the contract
//! - A tree is a redb table of the same name from bytes to bytes. A table is made when its tree is
//!   first written and taken away, once empty, by [`compact`](arbour_core::KvStore::compact).
//! - A snapshot is a read transaction that keeps its opened tables; a transaction keeps the tables
//!   it opened for writing and reads the others from a snapshot. Values and cursor entries are
//!   redb's own pages, not copies.
//! - Durability: redb has no middle level, so
//!   [`ProcessCrash`](arbour_core::Durability::ProcessCrash) is rounded up to
//!   [`PowerLoss`](arbour_core::Durability::PowerLoss). Closing or dropping the store makes
//!   commits of [`None`](arbour_core::Durability::None) durable; the death of the process loses
//!   them.
//! - One process has the file open for writing, or several for reading only.

mod backup;
mod cursor;
mod error;
mod shield;
mod snapshot;
mod store;
mod tables;
mod transaction;
mod value;

pub use cursor::RedbCursor;
pub use snapshot::RedbSnapshot;
pub use store::RedbStore;
pub use transaction::RedbTransaction;
pub use value::RedbValue;
