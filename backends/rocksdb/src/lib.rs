//! [RocksDB](https://rocksdb.org) as an engine of Arbour: a log-structured tree for write-heavy
//! work.
//!
//! ```
//! use arbour_core::{KvStore, KvWrite, StoreOptions};
//! use arbour_rocksdb::RocksdbStore;
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("app.rocksdb");
//! let store = RocksdbStore::open(&path, &StoreOptions::new())?;
//! let users = store.tree("users")?;
//! store.write(|transaction| transaction.put(&users, b"ada", b"1815"))?;
//! assert_eq!(store.get(&users, b"ada")?.as_deref(), Some(&b"1815"[..]));
//! # Ok::<(), arbour_core::Error>(())
//! ```
//!
//! # How it meets the contract
//! - A store is a folder that belongs to RocksDB. All trees share one column family; the key of an
//!   entry is the number of its tree, four bytes, followed by the key. A catalog, which is tree
//!   number zero, maps each name to its number; the batch that first writes to a tree enters it
//!   there.
//! - A snapshot is RocksDB's own. Values and entries are lent from its blocks, not copied.
//! - A transaction is core's [`TransactionLayer`](arbour_core::engine::TransactionLayer): an
//!   ordered write set on top of a snapshot, committed as one RocksDB batch. RocksDB's own
//!   transactions do not detect phantoms, and its transaction database cannot be backed up.
//! - Durability: [`ProcessCrash`](arbour_core::Durability::ProcessCrash) passes the write-ahead log
//!   to the system, [`PowerLoss`](arbour_core::Durability::PowerLoss) waits for the device.
//!   [`None`](arbour_core::Durability::None) is rounded up to the former: without the log, a later
//!   durable commit could survive although an earlier one is lost.
//! - Closing or dropping the store moves everything from the log to sorted files, each block of
//!   which has a checksum. After a crash the log is read up to where it ends or is torn: a prefix
//!   of the commits, never part of one.
//! - Either one process has the folder open for writing, or several for reading only.
//!
//! # Files and damage
//! - A store is the whole folder. [`backup`](arbour_core::KvStore::backup) copies it while it is
//!   open; a closed folder can be copied as it is.
//! - The checksum of each block is verified whenever the block is read, and opening with
//!   [`verify`](arbour_core::StoreOptions::verify) reads every block. RocksDB cannot distinguish
//!   two kinds of damage from an earlier state of the store: a log that is damaged after a crash,
//!   and a manifest that ends early at the end of one of its records.
//! - A store whose folder was renamed or replaced while it was open is not closed: RocksDB keeps
//!   its files open, and its path locked, until the process ends.
//! - After a failed write, RocksDB refuses all others until the store is opened again.

mod contract;
mod cursor;
mod database;
mod engine;
mod error;
mod folder;
mod options;
mod snapshot;
mod store;
mod transaction;
mod value;

pub use cursor::RocksdbCursor;
pub use engine::RocksdbEngine;
pub use options::{Compression, RocksdbOptions};
pub use snapshot::RocksdbSnapshot;
pub use store::RocksdbStore;
pub use transaction::RocksdbTransaction;
pub use value::RocksdbValue;
