#![doc = include_str!("../README.md")]

#[cfg(feature = "documents")]
pub mod documents;
mod engines;
#[cfg(feature = "events")]
pub mod events;
#[cfg(feature = "migrations")]
pub mod migrations;
mod open;
#[cfg(feature = "documents")]
mod ordered_uuid;
mod registry;
#[cfg(feature = "tracing")]
pub mod traced;
#[cfg(feature = "transfer")]
pub mod transfer;

pub use arbour_core::{
    Batch, Capabilities, Cause, CompareAndSwap, Cursor, DamageDetection, DecodeError, Direction,
    Durability, DynCursor, DynSnapshot, DynStore, DynTransaction, DynValue, EncodeError, Error,
    ErrorKind, GroupCommit, KeyRange, KvRead, KvStore, KvWrite, LazyStore, Limits, MemoryCursor,
    MemorySnapshot, MemoryStore, MemoryTransaction, OpenTree, Operation, Provision, Result,
    Savepoint, Stats, StoreOptions, Tree, TypedCursor, TypedEntries, TypedTree, Update, Write,
    codec, key,
};
#[cfg(feature = "redb")]
pub use arbour_redb as redb;
#[cfg(feature = "rocksdb")]
pub use arbour_rocksdb as rocksdb;
#[cfg(feature = "sled")]
pub use arbour_sled as sled;
#[cfg(feature = "sqlite")]
pub use arbour_sqlite as sqlite;
pub use open::{open, open_with, register, schemes};
pub use registry::Registry;
