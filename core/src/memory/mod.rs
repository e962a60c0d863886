//! The engine that is always available: ordered maps in memory.
//!
//! Each tree is a persistent B-tree, so a snapshot is one reference and a transaction copies only
//! the nodes it changes. Nothing outlives the store.

mod contract;
mod cursor;
mod snapshot;
mod store;
mod transaction;

pub use snapshot::MemorySnapshot;
pub use store::MemoryStore;
pub use transaction::MemoryTransaction;
