//! Moving whole stores: from engine to engine, and to files and back.
//!
//! | to do | with |
//! |---|---|
//! | move a store to another engine | [`copy`] |
//! | write a store to a file that any engine reads | [`dump`] |
//! | read it back | [`load`]; from a pipe [`load_stream`] |
//! | see how far it is, break it off, replace what is there | [`Transfer`] |
//! | prove two stores equal | [`digest`] |
//!
//! A store that is being filled has a mark in the tree `arbour/transfer`, written before anything else and
//! removed when all is there, durable, and was read back with the digest of the source. Whoever finds it
//! ([`is_unfinished`]) has a store that is not whole: the same call again makes it so.
//!
//! All trees are moved, those of Arbour's layers too, so that documents, logs, views and journals arrive as
//! they are. Left out are the mark, and `arbour/lease`: who works on one store does not on the other.
//!
//! # What a dump is
//! Numbers are big-endian.
//!
//! ```text
//! dump    magic (89 41 52 42 0D 0A 1A 0A), version (2 bytes: 1), blocks, end; nothing behind it
//! block   42, length of the records (4), length of what follows the header (4), CRC-32 (4) of both lengths
//!         and what follows; then the records, compressed as an LZ4 block
//!         52, likewise, the records as they are: where compression gains nothing
//! end     45, CRC-32 (4) of the rest, trees (8), entries (8), SHA-256 of all records (32)
//! record  01, length (4), name: the entries that follow are of this tree
//!         02, length of the key (4), of the value (4), key, value
//! ```
//!
//! Records do not cross blocks. Trees come in the order of their names, each once; entries in the order of
//! their keys. The SHA-256 over the records is the [`digest`] of the store.

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
pub use error::{TransferError, TransferResult};
pub use load::{load, load_stream};
pub use mark::is_unfinished;
pub use progress::TransferProgress;
pub use transfer::{Transfer, Transferred};
