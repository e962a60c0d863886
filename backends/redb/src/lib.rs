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
//! - A tree is a redb table of the same name, from bytes to bytes. A table is created when its tree
//!   is first written, and removed, once it is empty, by
//!   [`compact`](arbour_core::KvStore::compact).
//! - A snapshot is a read transaction that keeps the tables it has opened; a transaction keeps the
//!   tables it has opened for writing and reads the others from a snapshot. Values and cursor
//!   entries are redb's own pages, not copies.
//! - Durability: redb has no middle level, so
//!   [`ProcessCrash`](arbour_core::Durability::ProcessCrash) is rounded up to
//!   [`PowerLoss`](arbour_core::Durability::PowerLoss). Closing or dropping the store makes commits
//!   of [`None`](arbour_core::Durability::None) durable; they are lost if the process dies.
//! - After an I/O error nothing more is committed until the store is opened again. Later errors
//!   name the first one.
//! - Either one process has the file open for writing, or several for reading only.
//! - A store is one file. [`backup`](arbour_core::KvStore::backup) copies it while it is open; a
//!   store that was closed can be copied like any file.
//!
//! # After a crash
//! Opening a store that was not closed rewrites the file once with its own content, syncs it, and
//! lets redb repair it. The time is proportional to the size of the file. An interrupted creation
//! is completed as a new store.
//!
//! # Damage
//! redb stores checksums but compares them only during a repair. Otherwise a changed byte in a key
//! or value is returned as it is, and one in redb's own structures is
//! [`Corrupted`](arbour_core::ErrorKind::Corrupted) once it is read.
//! [`verify`](arbour_core::StoreOptions::verify) compares every checksum when the store is opened,
//! without changing anything, and [`compact`](arbour_core::KvStore::compact) does so before it
//! starts. Three limits are redb's own:
//!
//! - In a store that was not closed, damage to what the last commit wrote looks like an interrupted
//!   commit: the one before it is restored.
//! - If the list of freed pages is damaged, redb aborts the process at a later commit or when the
//!   store is closed. A store that passed `verify` is safe from that.
//! - redb panics over much of the damage. These panics are caught in every call and drop, but not
//!   in a program built with `panic = "abort"`.

mod catch_panic;
mod compaction;
mod contract;
mod cursor;
mod database;
#[cfg(test)]
mod device;
mod error;
mod failure;
mod file;
mod header;
mod progress;
mod snapshot;
mod store;
mod tables;
mod transaction;
mod value;
mod verification;

pub use cursor::RedbCursor;
pub use snapshot::RedbSnapshot;
pub use store::RedbStore;
pub use transaction::RedbTransaction;
pub use value::RedbValue;
