//! What the author of an engine needs. Applications do not use it.
//!
//! An engine implements [`KvStore`](crate::KvStore) itself, or one of three smaller traits, and
//! layers add what it lacks:
//!
//! ```text
//! KvStore            TransactionLayer<E>: writer slot, write set, merge cursor
//!    needs              SnapshotEngine: trees, snapshots and atomic batches (fjall is one)
//!       or gets them from  TreeLayer<M>: a number before each key, a catalog of the numbers
//!          needs              MapEngine: an ordered map, snapshots, atomic batches (RocksDB is one)
//!       or gets them from  SnapshotLayer<E>: pre-images while a snapshot lives
//!          needs              LiveEngine: reads of the current state, atomic batches (sled is one)
//! ```
//!
//! - [`TreeRegistry`] hands out handles and refuses those of other stores.
//! - [`TreeCatalog`] and [`keyspace`] store all trees in one keyspace of an engine whose own trees are
//!   expensive.
//! - [`WriterSlot`] admits one writer at a time, and limits waiting by a deadline.
//! - [`StorePath`] and [`StoreLock`] keep two stores from writing the same files.
//! - [`OptimisticStore`] lets many transactions write at once, on a store that has one writer.
//! - [`Backoff`] says how long a transaction waits after a conflict.
//! - [`StoreFolder`] is a locked folder with a mark that names its engine and format, for engines whose
//!   stores are folders. [`open_folder`] and [`sync_folder`] are parts of it, and [`disk_bytes`] measures
//!   it.
//! - [`WriteLatch`] refuses commits after a failed write or sync, and [`write_over`] mends the log that
//!   such a sync left; [`unknown_commit`] is the error of a commit that may have taken effect.
//! - [`catch_panic`] converts an engine's panic over a damaged file to an error.
//! - [`SendSnapshot`] is a snapshot of any engine that can move between threads.
//! - [`CommitChecks`] are what a transaction runs right before its commit.
//! - [`forward`] forwards methods to a wrapped value.
//! - [`write_backup`] moves a backup to its destination once it is complete; [`backup_by_copy`] writes
//!   one for an engine that cannot.
//!
//! ```
//! use arbour_core::engine::{TreeName, TreeRegistry};
//! use arbour_core::{KvStore, MemoryStore, Operation};
//! let registry = TreeRegistry::new();
//! let users = registry.resolve(TreeName::new("users")?);
//! registry.check(&users, Operation::Get)?;
//! assert!(registry.check(&MemoryStore::new().tree("users")?, Operation::Get).is_err());
//! # Ok::<(), arbour_core::Error>(())
//! ```

mod backoff;
mod backup;
mod catch_panic;
mod copy_entries;
mod disk_bytes;
pub mod document_layout;
mod forward;
pub mod keyspace;
mod layer;
mod optimistic_store;
mod overlay;
mod prefetch;
mod store_folder;
mod store_lock;
mod store_path;
mod tree_catalog;
mod tree_name;
mod tree_registry;
mod unknown_commit;
mod write_latch;
mod write_over;
mod writer_slot;

pub use backoff::Backoff;
pub use backup::{backup_by_copy, write_backup};
pub use catch_panic::{catch_panic, panic_message};
pub use copy_entries::copy_entries;
pub use disk_bytes::disk_bytes;
pub use layer::{
    Engine, LayeredBase, LayeredCursor, LayeredSnapshot, LayeredTransaction, LayeredValue,
    LiveCursor, LiveEngine, MapEngine, MapSnapshot, MapWrites, SnapshotEngine, SnapshotLayer,
    TransactionLayer, TreeCursor, TreeLayer, TreeSnapshot,
};
pub use optimistic_store::OptimisticStore;
pub use overlay::{MergeCursor, OverlayTransaction, OverlayValue, TransactionBase};
pub(crate) use overlay::{WriteSet, keys_in};
pub use prefetch::Prefetch;
pub use store_folder::{StoreFolder, open_folder, sync_folder};
pub use store_lock::StoreLock;
pub use store_path::StorePath;
pub use tree_catalog::TreeCatalog;
pub use tree_name::TreeName;
pub use tree_registry::TreeRegistry;
pub use unknown_commit::unknown_commit;
pub use write_latch::WriteLatch;
pub use write_over::write_over;
pub use writer_slot::{SharedGuard, WriterGuard, WriterSlot, thread_number, with_deadline};

pub use crate::__forward as forward;
pub use crate::batch::Write;
pub use crate::bound::{prefix_end, successor};
pub use crate::buffer::Buffer;
pub use crate::commit_checks::CommitChecks;
pub use crate::dynamic::SendSnapshot;
pub use crate::tree::foreign_tree;
