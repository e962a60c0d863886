//! [LMDB](https://www.symas.com/mdb) as an engine of Arbour: a memory map that many processes read
//! at memory speed, by way of [heed](https://docs.rs/heed).
//!
//! ```
//! use arbour_core::{KvStore, KvWrite, StoreOptions};
//! use arbour_lmdb::LmdbStore;
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("app.lmdb");
//! let store = LmdbStore::open(&path, &StoreOptions::new())?;
//! let users = store.tree("users")?;
//! store.write(|transaction| transaction.put(&users, b"ada", b"1815"))?;
//! assert_eq!(store.get(&users, b"ada")?.as_deref(), Some(&b"1815"[..]));
//! # Ok::<(), arbour_core::Error>(())
//! ```
//!
//! # How it meets the contract
//! - A store is a folder: LMDB's `data.mdb` and `lock.mdb`, and `writer.lock`. All trees are in one
//!   database of LMDB; the key of an entry begins with the number of its tree, in four bytes.
//! - Keys can be as long as a quarter of a page allows: 1,978 bytes with pages of 4 KiB.
//!   [`Capabilities::limits`](arbour_core::Capabilities::limits) has the number. Files with keys of
//!   more than 511 bytes can be read by other programs with LMDB, but those cannot look up such keys
//!   unless LMDB was compiled in the same way.
//! - A snapshot is a read transaction, a transaction is a write transaction. Values and cursor
//!   entries are bytes of the memory map, not copies.
//! - Several processes, and several handles of one, can have the store open. One of them writes at a
//!   time; the others wait up to the busy timeout, on the lock of `writer.lock`. A program that
//!   writes with LMDB alone does not take that lock, and is waited for without end.
//! - 4,096 snapshots can be open, in all processes together
//!   ([`Capabilities::snapshots_max`](arbour_core::Capabilities::snapshots_max)). One more fails with
//!   [`Busy`](arbour_core::ErrorKind::Busy). What a killed process has left is cleared when a store
//!   is opened, and when all are taken.
//! - While a snapshot is open, the space of what was deleted since is not used again, and the file
//!   grows. LMDB never shrinks its file; a [`backup`](arbour_core::KvStore::backup) is as small as
//!   can be.
//! - The file grows by itself: 1 TiB of address space is reserved, which costs neither memory nor
//!   space on the device. If the system allows a process less, as much as it allows is reserved, and
//!   a write that would exceed it fails with [`DiskFull`](arbour_core::ErrorKind::DiskFull).
//!
//! # Durability
//! A commit of [`PowerLoss`](arbour_core::Durability::PowerLoss) is on the device when the call
//! returns. A commit of [`ProcessCrash`](arbour_core::Durability::ProcessCrash), to which
//! [`None`](arbour_core::Durability::None) is rounded up, syncs its pages but not the head of the file,
//! which takes about half the time: after a loss of power it may be missing, and the store is intact.
//! LMDB can also commit without any sync (`MDB_NOSYNC`), but then a loss of power may destroy the
//! whole store, with commits that were durable before. Arbour does not use that, nor `MDB_WRITEMAP`.
//!
//! After an I/O error nothing more is committed by the process until the store is opened again.
//!
//! # Damage
//! LMDB has no checksums and trusts its file. Opening checks the head of the file, and verifies all of
//! it if it is shorter than the head says. [`verify`](arbour_core::StoreOptions::verify) always does:
//! it reads every page and detects damage to the structure, but no changed byte within a value. Without
//! it, a damaged page may be read as wrong entries, or end the process. So does a program that truncates
//! the file while it is open.

#[cfg(not(target_pointer_width = "64"))]
compile_error!(
    "arbour-lmdb needs 64 bits: it reserves address space for the whole life of a store"
);

mod backup;
mod catalog;
mod contract;
mod cursor;
mod environment;
mod error;
mod folder;
mod meta;
mod range_end;
mod reader;
mod snapshot;
mod store;
mod transaction;
mod verification;
mod writer_lock;

pub use cursor::LmdbCursor;
pub use snapshot::LmdbSnapshot;
pub use store::LmdbStore;
pub use transaction::LmdbTransaction;
