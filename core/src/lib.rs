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

mod batch;
mod bound;
mod buffer;
mod capability;
mod cause;
pub mod clock;
mod commit_checks;
mod cursor;
mod decode_error;
mod detached;
mod durability;
mod dynamic;
mod encode_error;
pub mod engine;
mod error;
mod limits;
mod memory;
mod options;
mod range;
mod read;
mod shared;
mod store;
mod tree;
mod update;
mod write;

pub use batch::Batch;
pub use capability::{Capabilities, DamageDetection, Provision, Writers};
pub use cause::Cause;
pub use cursor::Cursor;
pub use decode_error::DecodeError;
pub use detached::{DetachedTransaction, Retry};
pub use durability::Durability;
pub use dynamic::{DynSnapshot, DynStore, DynTransaction, OwnedSnapshot};
pub use encode_error::EncodeError;
pub use error::{Error, ErrorKind, Operation, Result};
pub use limits::Limits;
pub use memory::{MemorySnapshot, MemoryStore, MemoryTransaction};
pub use options::StoreOptions;
pub use range::{Direction, KeyRange};
pub use read::KvRead;
pub use store::{KvStore, Stats};
pub use tree::Tree;
pub use update::{CompareAndSwap, Update};
pub use write::{KvWrite, Savepoint};
