//! Transactions, snapshots and trees for engines without them.

mod changed_keys;
mod layered_cursor;
mod layered_snapshot;
mod map_engine;
mod moment;
mod snapshot_layer;
mod traits;
mod transaction_layer;
mod tree_layer;
mod tree_snapshot;
mod undo_log;

pub use layered_cursor::LayeredCursor;
pub use layered_snapshot::{LayeredSnapshot, LayeredValue};
pub use map_engine::{MapEngine, MapSnapshot, MapWrites};
pub use snapshot_layer::SnapshotLayer;
pub use traits::{Engine, LiveCursor, LiveEngine, SnapshotEngine};
pub use transaction_layer::{LayeredBase, LayeredTransaction, TransactionLayer};
pub use tree_layer::TreeLayer;
pub use tree_snapshot::{TreeCursor, TreeSnapshot};
