//! [fjall](https://github.com/fjall-rs/fjall) as an engine of Arbour: a log-structured tree for
//! write-heavy work, in pure Rust.
//!
//! ```
//! use arbour_core::{KvStore, KvWrite, StoreOptions};
//! use arbour_fjall::FjallStore;
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("app.fjall");
//! let store = FjallStore::open(&path, &StoreOptions::new())?;
//! let users = store.tree("users")?;
//! store.write(|transaction| transaction.put(&users, b"ada", b"1815"))?;
//! assert_eq!(store.get(&users, b"ada")?.as_deref(), Some(&b"1815"[..]));
//! # Ok::<(), arbour_core::Error>(())
//! ```
//!
//! # How it meets the contract
//! - A store is a folder that belongs to fjall. All trees share one keyspace of fjall; the key of an
//!   entry is the number of its tree, four bytes, followed by the key
//!   ([`keyspace`](arbour_core::engine::keyspace)). So a key has at most 65,531 bytes.
//! - A snapshot is fjall's own. Values and entries are lent from its blocks, not copied.
//! - A transaction is core's [`TransactionLayer`](arbour_core::engine::TransactionLayer): an ordered
//!   write set on top of a snapshot, committed as one fjall batch.
//! - Durability: a commit with [`None`](arbour_core::Durability::None) stays in fjall's buffer until
//!   a later one passes it on, in order; [`ProcessCrash`](arbour_core::Durability::ProcessCrash)
//!   passes the journal to the system, and [`PowerLoss`](arbour_core::Durability::PowerLoss) waits
//!   for the device.
//! - Closing or dropping the store moves everything from the journal to sorted files, each block of
//!   which has a checksum, and ends fjall's threads. After a crash the journal is cut after its last
//!   complete commit and replayed: a prefix of the commits, never part of one.
//! - Values of 4 KiB and more are in files of their own, so that merging sorted files does not copy
//!   them.
//! - One process has the folder open. fjall cannot open a folder read-only.
//!
//! # Files and damage
//! - A store is the whole folder. [`backup`](arbour_core::KvStore::backup) copies its entries while
//!   it is open; a closed folder can be copied as it is.
//! - The checksum of each block is compared whenever the block is read, and opening with
//!   [`verify`](arbour_core::StoreOptions::verify) reads every entry. After a crash the checksums of
//!   the commits in the journal are compared too. A commit that lacks whole sectors is taken for one
//!   that a loss of power tore, and the journal ends before it.
//! - After a failed write fjall refuses all others until the store is opened again.

mod contract;
mod cursor;
mod database;
mod engine;
mod error;
mod file_list;
mod folder;
mod journal;
mod snapshot;
mod store;
mod transaction;
mod value;

pub use cursor::FjallCursor;
pub use engine::FjallEngine;
pub use snapshot::FjallSnapshot;
pub use store::FjallStore;
pub use transaction::FjallTransaction;
pub use value::FjallValue;
