//! What Arbour's engines cost, and what Arbour costs above them.
//!
//! - `cargo bench -p arbour-benches` compares the engines and their raw APIs with criterion, and
//!   ends with a [page](report) that says which engine is for which work.
//! - `cargo run --release -p arbour-benches --bin overhead` runs raw and Arbour alternately in one
//!   process and prints the ratio; `--json` prints a line for each row. With `--documents` it
//!   prints what [documents] cost above writing and reading their entries, with `--events` how fast
//!   [events] are, with `--detached` what [detached transactions](detached) cost above plain ones, with `--transfer` what [moving](transfer) a store costs above loading it.
//! - `cargo run --release -p arbour-benches --bin held_snapshot` prints what a snapshot that is
//!   held for a minute costs concurrent writers.
//! - Each of them writes its figures into a page with `--write docs/figures.md`.
//! - `cargo run --release -p arbour-benches --bin growth` prints how the cost of each operation
//!   [grows](growth) with the contents of a store.
//!
//! Both measure [contenders](contender::Contender): the same work done through Arbour and through
//! an engine's own API. Keys have 16 bytes and values 100.

mod arbour;
pub mod comparison;
pub mod contender;
pub mod detached;
pub mod documents;
pub mod events;
pub mod figures;
mod group_commit;
pub mod growth;
pub mod held_snapshot;
mod layers;
pub mod machine;
pub mod overhead;
#[cfg(feature = "fjall")]
mod raw_fjall;
#[cfg(feature = "lmdb")]
mod raw_lmdb;
mod raw_redb;
#[cfg(feature = "rocksdb")]
mod raw_rocksdb;
#[cfg(feature = "sled")]
mod raw_sled;
#[cfg(feature = "sqlite")]
mod raw_sqlite;
pub mod report;
pub mod roster;
mod scratch;
mod slowed;
mod subject;
mod tables;
mod threads;
pub mod transfer;
pub mod workload;

pub use arbour::Arbour;
#[cfg(feature = "fjall")]
pub use raw_fjall::RawFjall;
#[cfg(feature = "lmdb")]
pub use raw_lmdb::RawLmdb;
pub use raw_redb::RawRedb;
#[cfg(feature = "rocksdb")]
pub use raw_rocksdb::RawRocksdb;
#[cfg(feature = "sled")]
pub use raw_sled::RawSled;
#[cfg(feature = "sqlite")]
pub use raw_sqlite::RawSqlite;
pub use slowed::{Slowed, SlowedTransaction};
pub use subject::ENGINES;
