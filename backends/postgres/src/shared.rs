//! What the store, its snapshots and its transactions use.

use std::time::Duration;

use arbour_core::engine::{TreeRegistry, Write, WriterSlot};
use arbour_core::{Capabilities, Durability, Result};

use crate::numbers::Numbers;
use crate::pool::Pool;

/// The parts of an open store.
pub(crate) struct Shared {
    pub(crate) pool: Pool,
    pub(crate) trees: TreeRegistry,
    pub(crate) numbers: Numbers,
    pub(crate) capabilities: Capabilities,
    pub(crate) wait: Duration,
    /// Whether the server has to be told to wait for its device.
    pub(crate) is_lazy: bool,
    pub(crate) slot: WriterSlot,
}

impl Shared {
    pub(crate) fn check(&self, write: &Write<'_>) -> Result<()> {
        self.trees.check(write.tree, write.operation())?;
        self.capabilities.limits.check(write)
    }

    /// The text that begins a write transaction, with the lock that makes it the only one.
    ///
    /// The server takes the snapshot of the transaction at its first query, so under the lock:
    /// `LOCK TABLE` is none.
    pub(crate) fn begin(&self, durability: Durability) -> String {
        let flush = match durability {
            Durability::None => "SET LOCAL synchronous_commit = off;",
            Durability::ProcessCrash | Durability::PowerLoss if self.is_lazy => {
                "SET LOCAL synchronous_commit = on;"
            }
            // What the server is set to may be more than `on`.
            Durability::ProcessCrash | Durability::PowerLoss => "",
        };
        let address = self.pool.address();
        // 0 would be no limit. A statement may wait for the lock besides what it takes itself.
        let wait = self.wait.as_millis().max(1);
        let limit = (self.wait + address.timeout).as_millis();
        let schema = &address.schema;
        format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL lock_timeout = {wait}; \
             SET LOCAL statement_timeout = {limit}; LOCK TABLE {schema}.arbour IN EXCLUSIVE MODE; {flush}"
        )
    }
}
