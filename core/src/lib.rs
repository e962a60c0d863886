//! The storage contract of Arbour: what an engine author implements and an application uses.
//!
//! Start with [`KvStore`], the contract, and [`MemoryStore`], an engine that is always there. An
//! engine author implements [`KvStore`] directly, or one of the smaller traits of [`Engine`] and
//! lets [`TransactionLayer`] and [`SnapshotLayer`] add what the engine lacks. An application that
//! chooses its engine at run time uses [`DynStore`].
//!
//! ```
//! use arbour_core::{KvStore, KvWrite, MemoryStore};
//! let store = MemoryStore::new();
//! let users = store.tree("users")?;
//! store.write(|transaction| transaction.put(&users, b"ada", b"1815"))?;
//! assert_eq!(store.get(&users, b"ada")?.as_deref(), Some(&b"1815"[..]));
//! # Ok::<(), arbour_core::Error>(())
//! ```
//!
//! # Cargo features
//! - `bincode`, `json`, `zerocopy` (all on by default): the [codecs](codec) of those names.
//! - `documents` (on by default): what [documents] are and promise.

mod backup;
mod batch;
mod buffer;
mod capability;
mod cause;
pub mod clock;
pub mod codec;
mod copy_entries;
mod cursor;
#[cfg(feature = "documents")]
pub mod documents;
mod durability;
mod dynamic;
mod error;
mod group_commit;
pub mod key;
mod layer;
mod lazy_store;
mod limits;
mod memory;
mod options;
mod overlay;
mod range;
mod read;
mod shared;
mod shield;
mod store;
mod store_lock;
mod store_path;
mod tree;
mod tree_name;
mod tree_registry;
mod typed;
mod update;
mod write;
mod writer_slot;

pub use backup::write_backup;
pub use batch::{Batch, Write};
pub use capability::{Capabilities, DamageDetection, Provision};
pub use cause::Cause;
pub use codec::{DecodeError, EncodeError};
pub use copy_entries::copy_entries;
pub use cursor::Cursor;
pub use durability::Durability;
pub use dynamic::{DynCursor, DynSnapshot, DynStore, DynTransaction, DynValue};
pub use error::{Error, ErrorKind, Operation, Result};
pub use group_commit::GroupCommit;
pub use layer::{
    Engine, LayeredCursor, LayeredSnapshot, LayeredTransaction, LayeredValue, LiveCursor,
    LiveEngine, SnapshotEngine, SnapshotLayer, TransactionLayer,
};
pub use lazy_store::LazyStore;
pub use limits::Limits;
pub use memory::{MemoryCursor, MemorySnapshot, MemoryStore, MemoryTransaction};
pub use options::StoreOptions;
pub use overlay::{MergeCursor, OverlayValue, Savepoint};
pub use range::{Direction, KeyRange};
pub use read::KvRead;
pub use shield::{panic_text, shielded};
pub use store::{KvStore, Stats};
pub use store_lock::StoreLock;
pub use store_path::StorePath;
pub use tree::{Tree, foreign_tree};
pub use tree_name::TreeName;
pub use tree_registry::TreeRegistry;
pub use typed::{OpenTree, TypedCursor, TypedEntries, TypedTree};
pub use update::{CompareAndSwap, Update};
pub use write::KvWrite;
pub use writer_slot::{SharedGuard, WriterGuard, WriterSlot};
