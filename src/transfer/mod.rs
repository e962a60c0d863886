//! Moving whole stores: between engines, and to files and back.
//!
//! | to do | with |
//! |---|---|
//! | move a store to another engine | [`copy`] |
//! | write a store to a file that any engine can load | [`dump`] |
//! | load it again | [`load`]; from a pipe [`load_stream`] |
//! | watch progress, cancel, replace existing entries | [`Transfer`] |
//! | prove two stores equal | [`digest`] |
//!
//! A store being filled has a mark in the tree `arbour/transfer`. It is written before anything
//! else, and removed when everything is there, durable, and was read back with the digest of the
//! source. A store with a mark ([`is_unfinished`]) is incomplete; repeating the same call completes
//! it.
//!
//! All trees are moved, including those of Arbour's layers, so documents, logs, views and journals
//! arrive unchanged. The mark and `arbour/lease` are left out: a lease on one store means nothing
//! in the other.
//!
//! # Format of a dump
//! Numbers are big-endian.
//!
//! ```text
//! dump    magic (89 41 52 42 0D 0A 1A 0A), version (2 bytes: 1), blocks, end; nothing follows
//! block   42, length of the records (4), length of what follows the header (4), CRC-32 (4) of
//!         both lengths and what follows; then the records, compressed as an LZ4 block
//!         52, likewise, but the records uncompressed, if compression gains nothing
//! end     45, CRC-32 (4) of the rest, trees (8), entries (8), SHA-256 of all records (32)
//! record  01, length (4), name: the following entries belong to this tree
//!         02, length of the key (4), of the value (4), key, value
//! ```
//!
//! Records do not cross blocks. Trees are in the order of their names, each once; entries are in
//! the order of their keys. The SHA-256 of the records is the [`digest`] of the store.

mod batches;
mod block;
mod copy;
mod digest;
mod dump;
mod entries;
mod error;
mod load;
mod loader;
mod mark;
mod progress;
mod record;
#[expect(clippy::module_inception, reason = "the type is what the module is about")]
mod transfer;
mod undump;

pub use copy::copy;
pub use digest::Digest;
pub use dump::dump;
pub use entries::digest;
pub use error::TransferError;
pub use load::{load, load_stream};
pub use mark::is_unfinished;
pub use transfer::{Transfer, Transferred};
