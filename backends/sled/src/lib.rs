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
//! - A tree is a sled tree, created when it is first written. Its name there is `tree/` and its
//!   own.
//! - sled has no snapshots, and its transactions cannot scan. Core's
//!   [`SnapshotLayer`](arbour_core::engine::SnapshotLayer) and
//!   [`TransactionLayer`](arbour_core::engine::TransactionLayer) add both; a commit is one batch of
//!   sled, which its recovery applies completely or not at all, however many trees it spans.
//! - Durability: [`None`](arbour_core::Durability::None) leaves a commit in sled's buffers, which
//!   it writes every 500 ms and when the store is closed or dropped.
//!   [`ProcessCrash`](arbour_core::Durability::ProcessCrash) is sled's flush, which passes
//!   everything to the system but does not flush the device's cache.
//!   [`PowerLoss`](arbour_core::Durability::PowerLoss) does that too, also for the files in which
//!   sled keeps large values. At every level these files are on the device before the log names
//!   them, because sled's recovery skips a missing file and applies the rest of the commit. sled
//!   also writes such files by itself, when it splits or moves pages: if one of those is missing
//!   after a power loss, the log is cut there before sled opens it.
//! - A folder belongs to one store, and to one process at a time. Its path is resolved once, when
//!   the store is opened; links lead to the same store. A durable commit to a folder that was
//!   renamed, replaced or deleted is refused with [`Moved`](arbour_core::ErrorKind::Moved).
//! - After a commit or a sync that failed half-way the store refuses everything but closing. sled
//!   would write what there is of a failed batch; so the log is held while a batch is written, and
//!   never continues after a failed one. sled then keeps its files until the process ends.
//! - sled records the first write that fails, but leaves some threads waiting for it. A thread of
//!   each store wakes them: a commit, a read, a sync and closing end within 100 ms of the failure,
//!   and the store refuses everything but closing. sled does not record a failure to write the file
//!   of part of a page, for example when a read splits a page that has grown, and a flush would
//!   wait forever. So the flush after a failed call runs on a thread of its own, for at most 5 s.
//!   If instead a thread of sled that moves pages meets that failure, no call fails, and the next
//!   flush does wait until the process ends. Waiting for each flush on another thread would limit
//!   that; it was measured to make a durable commit 4 to 10 % slower.
//! - If a read fails while sled recovers, sled takes that for the end of the log and overwrites the
//!   rest. So everything written since the store was last opened is kept in the file `undo` while
//!   it is opened, up to 64 MiB, and if sled found less, it is restored and recovered once more. If
//!   the device is full, it is kept in memory instead.
//! - Every 500 ms a thread of sled syncs the log too, and hides a failure of that. A commit syncs the
//!   log through a file that the store has open itself, and Linux reports a failed sync to each open
//!   file once (since 4.13), so the next commit hears of it and is refused. A system that reports it
//!   to one of them only can lose the commit that sled was writing then.
//! - sled syncs its log once more while it stops, and hides a failure of that. So when the store is
//!   closed, what sled wrote last is written and synced once more before the seal says so.
//!
//! # What damage is detected
//! sled takes a damaged log for one that ends there. So next to its files lies a seal:
//! - *For a store that was closed* it holds the checksum of all files. Every change to them is
//!   [`Corrupted`](arbour_core::ErrorKind::Corrupted) when the store is opened; opening and closing
//!   read all files once for it.
//! - *For a store whose process died* it says how far the log must reach. The headers of the log's
//!   segments are checked, and the records that were written since the store was last opened. sled
//!   itself verifies the checksum of everything it reads, so a changed byte is never returned as
//!   data. Three kinds of damage may go undetected: damage after the last durable commit, a damaged
//!   record before which its segment holds nothing that is still needed, and a file of a large
//!   value that is damaged, or missing since before the store was last opened. The newest commits
//!   are then missing, or keys are missing or have an earlier value.
//!   [`verify`](arbour_core::StoreOptions::verify) reads every entry, but does not notice what sled
//!   has skipped.
//!
//! # Limitations of sled
//! - All databases of a process share a lock: while one applies a batch, the others wait, including
//!   readers. No code of a caller runs under it.
//! - sled can deadlock without any failure: a commit that begins a segment of the log waits for a
//!   thread of sled to truncate the file, while all of these threads wait for that commit. This was
//!   observed with thousands of commits in a row at [`None`](arbour_core::Durability::None), which
//!   leave their writes to these threads. A durable commit waits for its writes.
//! - sled keeps the pages it reads in memory, up to 1 GiB unless
//!   [`cache_bytes`](arbour_core::StoreOptions::cache_bytes) sets another limit.
//! - Files do not shrink on demand, and sled has no read-only mode.

mod blobs;
mod catch_panic;
mod changes;
mod checksum;
mod contract;
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
mod undo;
mod watch;

pub use cursor::{SledCursor, SledLiveCursor};
pub use engine::SledEngine;
pub use snapshot::SledSnapshot;
pub use store::SledStore;
pub use transaction::SledTransaction;
