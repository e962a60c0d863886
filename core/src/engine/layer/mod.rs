//! Transactions and snapshots for engines without them.

mod changed_keys;
mod layered_cursor;
mod layered_snapshot;
mod moment;
mod snapshot_layer;
mod traits;
mod transaction_layer;
mod undo_log;

pub use layered_cursor::LayeredCursor;
pub use layered_snapshot::{LayeredSnapshot, LayeredValue};
pub use snapshot_layer::SnapshotLayer;
pub use traits::{Engine, LiveCursor, LiveEngine, SnapshotEngine};
pub use transaction_layer::{LayeredTransaction, TransactionLayer};
