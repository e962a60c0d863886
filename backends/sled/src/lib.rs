//! [sled](https://docs.rs/sled/0.34.7) as an engine of Arbour: pure Rust, concurrent reads.
//!
//! ```
//! use arbour_core::{KvStore, KvWrite, StoreOptions};
//! use arbour_sled::SledStore;
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("app.sled");
//! let store = SledStore::open(&path, &StoreOptions::new())?;
//! let users = store.tree("users")?;
//! store.write(|transaction| transaction.put(&users, b"ada", b"1815"))?;
//! assert_eq!(store.get(&users, b"ada")?.as_deref(), Some(&b"1815"[..]));
//! # Ok::<(), arbour_core::Error>(())
//! ```
//!
//! # How it meets the contract
//! - A tree is a tree of sled's, made when it is first written. Its name there is `tree/` and its
//!   own.
//! - sled has no snapshots, and its transactions cannot scan. Core's
//!   [`SnapshotLayer`](arbour_core::engine::SnapshotLayer) and
//!   [`TransactionLayer`](arbour_core::engine::TransactionLayer) add both; a commit is one batch of sled's,
//!   which its recovery takes as a whole or not at all, however many trees it spans.
//! - Durability: [`None`](arbour_core::Durability::None) leaves a commit in sled's buffers, which
//!   it writes out every 500 ms and when the store is closed or dropped.
//!   [`ProcessCrash`](arbour_core::Durability::ProcessCrash) is sled's flush, which hands
//!   everything to the system but does not have the device write down what is in its cache.
//!   [`PowerLoss`](arbour_core::Durability::PowerLoss) does that too, also for the files sled keeps
//!   large values in.
//!   At every level these files are on the device before the log names them, because sled's recovery
//!   passes over a file that is missing and takes the rest of the commit. sled also writes such
//!   files by itself, when it splits or moves pages: if one of those is missing after a loss of power,
//!   the log is cut there before sled opens it.
//! - A folder is one store's, and one process's at a time. Its path is resolved once, when the
//!   store is opened; links lead to the one store. A durable commit to a folder that was renamed,
//!   replaced or deleted is refused with [`Moved`](arbour_core::ErrorKind::Moved).
//! - After a commit or a sync that failed half-way the store refuses everything but closing. sled
//!   would write what there is of a batch that failed; so the log is held while a batch is written,
//!   and never goes on after one that failed. sled then keeps its files until the process ends.
//! - sled notes the first write that fails, and leaves some threads waiting for it. A thread of each
//!   store wakes them up: a commit, a read, a sync and closing end within 100 ms of the failure, and
//!   the store refuses everything but closing. sled does not note that it cannot write the file of a
//!   part of a page, as when a read splits a page that has grown, and a flush would wait for ever. So
//!   the flush that follows a call which failed runs on a thread of its own, for 5 s at most. If
//!   instead a thread of sled's meets that failure, which moves pages, no call fails, and the next
//!   flush does wait until the process ends. Waiting for each flush on another thread would bound
//!   that; it was measured to make a durable commit 4 to 10 % slower.
//! - A read that fails while sled recovers is the end of the log to it, and it overwrites the rest.
//!   So what was written since the store was last opened is kept in memory while it is opened, up to
//!   64 MiB, put back if sled found less, and recovered once more.
//!
//! # What damage is detected
//! sled takes a damaged log for one that ends there. So beside its files lies a seal:
//! - *Of a store that was closed* it holds the checksum of all files. Every change to them is
//!   [`Corrupted`](arbour_core::ErrorKind::Corrupted) when the store is opened; opening and closing
//!   read all files once for it.
//! - *Of a store whose process died* it says how far the log has to reach. The headers of the log's
//!   segments are checked, and the records that were written since the store was last opened.
//!   sled itself compares the checksum of everything it reads, so that a changed byte does not pass
//!   for data. Three kinds of damage may go unseen, and then the newest commits are missing, or keys
//!   have an earlier value or are missing: damage behind the last durable commit, a damaged record
//!   before which its segment holds nothing that is still needed, and the file of a large value that
//!   is damaged, or missing from before the store was last opened. [`verify`](arbour_core::StoreOptions::verify) reads
//!   every entry, but does not miss what sled has passed over.
//!
//! # What to know of sled
//! - All databases of a process share a lock: while one applies a batch the others wait, readers
//!   too. No code of a caller runs under it.
//! - sled can lock up without any failure: a commit that begins a segment of the log waits for a
//!   thread of sled's to shorten the file, while all of these threads wait for that commit. It was
//!   seen with thousands of commits in a row at [`None`](arbour_core::Durability::None), which leave
//!   their writes to these threads. A durable commit waits for its writes.
//! - sled keeps the pages it reads in memory, up to 1 GiB unless
//!   [`cache_bytes`](arbour_core::StoreOptions::cache_bytes) says otherwise.
//! - Files do not shrink on demand, and sled has no read-only mode.

mod backup;
mod blobs;
mod catch_panic;
mod changes;
mod checksum;
mod cursor;
mod database;
mod engine;
mod error;
mod folder;
mod gap;
mod index;
mod key;
mod log_end;
mod record;
mod recovery;
mod seal;
mod segments;
mod settings;
mod snapshot;
mod store;
mod tail;
mod transaction;
mod watch;

pub use cursor::{SledCursor, SledLiveCursor};
pub use engine::SledEngine;
pub use snapshot::SledSnapshot;
pub use store::SledStore;
pub use transaction::SledTransaction;
