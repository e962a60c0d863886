//! What makes a weak engine strong: transactions and snapshots for engines that have none.
//!
//! ```text
//! KvStore            TransactionLayer<E>: writer slot, write set, merge cursor
//!    needs              SnapshotEngine: snapshots and atomic batches (RocksDB is one)
//!       or gets them from  SnapshotLayer<E>: pre-images while a snapshot lives
//!          needs              LiveEngine: reads of now and atomic batches (sled is one)
//! ```

mod changed_keys;
mod engine;
mod layered_cursor;
mod layered_snapshot;
mod snapshot_layer;
mod transaction_layer;
mod undo_log;

pub use engine::{Engine, LiveCursor, LiveEngine, SnapshotEngine};
pub use layered_cursor::LayeredCursor;
pub use layered_snapshot::{LayeredSnapshot, LayeredValue};
pub use snapshot_layer::SnapshotLayer;
pub use transaction_layer::{LayeredTransaction, TransactionLayer};
