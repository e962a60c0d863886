//! The storage contract of Arbour: what an engine author implements and an application uses.
//!
//! Start with [`KvStore`], the contract, and [`MemoryStore`], an engine that is always available.
//! An application that chooses its engine at run time uses [`DynStore`]. The author of an engine
//! finds everything needed in [`engine`].
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
//! - `documents` (on by default): the model and guarantees of [documents].

mod batch;
mod buffer;
mod capability;
mod cause;
pub mod clock;
pub mod codec;
mod cursor;
#[cfg(feature = "documents")]
pub mod documents;
mod durability;
mod dynamic;
pub mod engine;
mod error;
mod group_commit;
pub mod key;
mod lazy_store;
mod limits;
mod memory;
mod options;
mod range;
mod read;
mod shared;
mod store;
mod tree;
mod typed;
mod update;
mod write;

pub use batch::{Batch, Write};
pub use capability::{Capabilities, DamageDetection, Provision};
pub use cause::Cause;
pub use codec::{DecodeError, EncodeError};
pub use cursor::Cursor;
pub use durability::Durability;
pub use dynamic::{DynCursor, DynSnapshot, DynStore, DynTransaction, DynValue};
pub use error::{Error, ErrorKind, Operation, Result};
pub use group_commit::GroupCommit;
pub use lazy_store::LazyStore;
pub use limits::Limits;
pub use memory::{MemoryCursor, MemorySnapshot, MemoryStore, MemoryTransaction};
pub use options::StoreOptions;
pub use range::{Direction, KeyRange};
pub use read::KvRead;
pub use store::{KvStore, Stats};
pub use tree::Tree;
pub use typed::{OpenTree, TypedCursor, TypedEntries, TypedTree};
pub use update::{CompareAndSwap, Update};
pub use write::{KvWrite, Savepoint};
