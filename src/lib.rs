//! One contract for embedded storage, many engines behind it.
//!
//! A store holds *trees*: named, ordered maps from bytes to bytes. A program reads them through a
//! *snapshot*, which sees one moment, and writes them in a *transaction*, which is one commit over all
//! trees. It does so on redb, SQLite, LMDB, RocksDB, fjall, sled or in memory, and every engine answers alike: the same
//! bytes in the same order, the same kind of error. On top of the contract are documents, events,
//! migrations and transfers, which therefore run on every engine too.
//!
//! ```
//! use arbour::{KvRead, KvStore, KvWrite};
//!
//! let store = arbour::open("memory:")?; // or "redb:app.redb", "sqlite:app.db", "rocksdb:app", ...
//! let (users, rooms) = (store.tree("users")?, store.tree("rooms")?);
//!
//! // All of it or nothing, over all trees; durable when it returns.
//! store.write(|transaction| {
//!     transaction.put(&users, b"ada", b"1815")?;
//!     transaction.put(&rooms, b"study", b"ada")
//! })?;
//!
//! // A snapshot sees one moment, whatever is written later.
//! let snapshot = store.snapshot()?;
//! store.delete(&users, b"ada")?;
//! assert!(snapshot.contains(&users, b"ada")?);
//! # Ok::<(), arbour::Error>(())
//! ```
//!
//! # Where to begin
//!
//! - [`open`] opens a store by a URL; [`KvStore`], [`KvRead`] and [`KvWrite`] are the contract that every
//!   store meets. [`StoreOptions`] says how a store is opened, [`Capabilities`] what its engine can do.
//! - [`prelude`] holds the names that most programs need, [`documents`] collections of your own types.
//! - [`TypedTree`] gives a tree typed [keys](key) and values by a [codec]; [`OpenTree`] is one in a store.
//! - [`GroupCommit`] lets many threads share a commit, [`DynStore`] is an engine chosen at run time,
//!   [`LazyStore`] opens a store at its first use.
//! - [`DynStore::retry`] runs a [`DetachedTransaction`], which holds no lock and may live across an `await`.
//! - [`Error`] says what failed, why, and what to do next; [`ErrorKind`] is the same on every engine.
//!
//! # Modules
//!
//! | module | holds | feature |
//! |---|---|---|
//! | [`codec`] | how values become bytes: JSON, bincode, zero-copy, raw | |
//! | [`key`] | typed keys, prefixes, and the order of their bytes | |
//! | [`documents`] | JSON or your own types in collections, with indexes, pages, a planner and a feed | `documents` |
//! | [`events`] | event sourcing: logs, projections, subscriptions, replicas | `events` |
//! | [`migrations`] | steps that bring stores of every version up to the program | `migrations` |
//! | [`testing`] | tests of an application on every engine | `testing` |
//! | [`transfer`] | copies of whole stores to other engines, dumps, digests | `transfer` |
//! | [`tokio`] | the store for async programs, and changes as streams | `tokio` |
//! | [`traced`] | a store that reports its transactions by `tracing` and in numbers | `tracing` |
//! | [`redb`] | the engine redb, pure Rust | `redb` |
//! | [`lmdb`] | the engine LMDB, a memory map for many readers and processes | `lmdb` |
//! | [`sqlite`] | the engine SQLite, open to SQL and to other processes | `sqlite` |
//! | [`fjall`] | the engine fjall, pure Rust | `fjall` |
//! | [`sled`] | the engine sled, pure Rust | `sled` |
//! | [`rocksdb`] | the engine RocksDB, for much writing | `rocksdb` |
//! | [`postgres`] | PostgreSQL, a store that programs on many machines share | `postgres` |
//!
//! The engine in memory, [`MemoryStore`], is always there.
//!
//! # Cargo features
//!
//! | feature | default | adds | needs beside Rust |
//! |---|---|---|---|
//! | `redb` | yes | the engine redb and its scheme `redb:` | |
//! | `lmdb` | | the engine LMDB, compiled in, and `lmdb:` | a C compiler |
//! | `sqlite` | | the engine SQLite, compiled in, and `sqlite:`; with `documents`, views of collections for SQL | a C compiler |
//! | `fjall` | | the engine fjall and `fjall:` | |
//! | `sled` | | the engine sled and `sled:` | |
//! | `rocksdb` | | the engine RocksDB, compiled in once for ten minutes or more, and `rocksdb:` | a C++ compiler and libclang (`apt-get install g++ libclang-dev`) |
//! | `postgres` | | the engine PostgreSQL and `postgres:` | a server: PostgreSQL 15 or later |
//! | `bincode`, `json`, `zerocopy` | yes | the [codecs](codec) of those names | |
//! | `derive` | yes | the derive macros `Document`, `IndexValue` and, with `events`, `Event`; switches on `documents` | |
//! | `documents` | yes | the module `documents` | |
//! | `events` | yes | the module `events`; switches on `documents` and `tracing` | |
//! | `migrations` | yes | the module `migrations` | |
//! | `testing` | | the module `testing` and the attribute `#[arbour::test]`; for dev-dependencies | |
//! | `tokio` | | the module `tokio`; with `documents` and `events`, their changes as streams | |
//! | `tracing` | yes | the module `traced` | |
//! | `transfer` | yes | the module `transfer` | |
//!
//! Features combine freely. A URL of an engine that is not built in fails with an error that names the
//! feature.
//!
//! The repository has a guide and reference pages in its folder `docs`: what is on disk, locks and waiting,
//! figures, a glossary.

// A module that is not built in cannot be linked to.
#![cfg_attr(
    not(all(
        feature = "documents",
        feature = "events",
        feature = "lmdb",
        feature = "migrations",
        feature = "fjall",
        feature = "postgres",
        feature = "redb",
        feature = "rocksdb",
        feature = "sled",
        feature = "sqlite",
        feature = "testing",
        feature = "tokio",
        feature = "tracing",
        feature = "transfer",
    )),
    allow(rustdoc::broken_intra_doc_links)
)]

#[cfg(feature = "documents")]
mod chunk_size;
pub mod codec;
#[cfg(feature = "events")]
mod conditional_write;
#[cfg(feature = "documents")]
pub mod documents;
mod engines;
#[cfg(feature = "events")]
pub mod events;
mod group_commit;
pub mod key;
mod lazy_store;
#[cfg(feature = "migrations")]
pub mod migrations;
mod open;
#[cfg(feature = "documents")]
mod ordered_uuid;
pub mod prelude;
#[cfg(any(feature = "documents", feature = "migrations", feature = "transfer"))]
mod progress;
mod registry;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "tokio")]
pub mod tokio;
#[cfg(any(feature = "documents", feature = "migrations"))]
mod too_large;
#[cfg(feature = "tracing")]
pub mod traced;
#[cfg(feature = "transfer")]
pub mod transfer;
mod typed;
#[cfg_attr(
    not(any(
        feature = "fjall",
        feature = "lmdb",
        feature = "redb",
        feature = "rocksdb",
        feature = "sled",
        feature = "sqlite"
    )),
    allow(dead_code, reason = "no engine that is built in keeps its stores at a path")
)]
mod url;

pub use arbour_core::{
    Batch, Capabilities, Cause, CompareAndSwap, Cursor, DamageDetection, DecodeError,
    DetachedTransaction, Direction, Durability, DynSnapshot, DynStore, DynTransaction, EncodeError,
    Error, ErrorKind, KeyRange, KvRead, KvStore, KvWrite, Limits, MemorySnapshot, MemoryStore,
    MemoryTransaction, Operation, OwnedSnapshot, Provision, Result, Retry, Savepoint, Stats,
    StoreOptions, Tree, Update, Writers,
};
/// Makes tests of a function, one for each engine; see [`testing`].
#[cfg(feature = "testing")]
pub use arbour_derive::test;
#[cfg(feature = "fjall")]
pub use arbour_fjall as fjall;
#[cfg(feature = "lmdb")]
pub use arbour_lmdb as lmdb;
#[cfg(feature = "postgres")]
pub use arbour_postgres as postgres;
#[cfg(feature = "redb")]
pub use arbour_redb as redb;
#[cfg(feature = "rocksdb")]
pub use arbour_rocksdb as rocksdb;
#[cfg(feature = "sled")]
pub use arbour_sled as sled;
#[cfg(feature = "sqlite")]
pub use arbour_sqlite as sqlite;
pub use group_commit::GroupCommit;
pub use lazy_store::LazyStore;
pub use open::{open, open_with, register, schemes};
#[cfg(any(feature = "documents", feature = "migrations", feature = "transfer"))]
pub use progress::Progress;
pub use registry::Registry;
pub use typed::{OpenTree, TypedCursor, TypedTree};

/// What a closure of the program returns that may fail with any error, or a text: a step of a
/// [migration](migrations::Step), a [model](events::Model) of events.
///
/// ```
/// use arbour::AnyResult;
/// fn check(cents: i64) -> AnyResult {
///     if cents < 0 { Err("the account is empty".into()) } else { Ok(()) }
/// }
/// assert!(check(-1).is_err());
/// ```
pub type AnyResult<T = ()> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// What the code that the derive macros write refers to.
#[cfg(feature = "derive")]
#[doc(hidden)]
pub mod __private {
    pub use serde_json::Value;

    #[cfg(feature = "events")]
    pub use crate::events::Form;
}

/// The programs of the pages, compiled and run as tests.
#[cfg(all(
    doctest,
    feature = "json",
    feature = "derive",
    feature = "events",
    feature = "migrations",
    feature = "transfer"
))]
mod pages {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../docs/guide.md")]
    struct Guide;
    #[cfg(all(feature = "jiff", feature = "rust_decimal"))]
    #[doc = include_str!("../docs/documents.md")]
    struct Documents;
    #[doc = include_str!("../docs/deploying.md")]
    struct Deploying;
    #[doc = include_str!("../docs/ids.md")]
    struct Ids;
    #[doc = include_str!("../docs/detached.md")]
    struct Detached;
    #[doc = include_str!("../docs/events.md")]
    struct Events;
    #[doc = include_str!("../docs/migrations.md")]
    struct Migrations;
    #[doc = include_str!("../docs/moving.md")]
    struct Moving;
    #[doc = include_str!("../docs/engines.md")]
    struct Engines;
    #[cfg(feature = "postgres")]
    #[doc = include_str!("../docs/servers.md")]
    struct Servers;
    #[cfg(feature = "testing")]
    #[doc = include_str!("../docs/testing.md")]
    struct Testing;
    #[cfg(feature = "tokio")]
    #[doc = include_str!("../docs/web_service.md")]
    struct WebService;
}
