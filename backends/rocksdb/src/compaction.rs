//! Compaction.

use arbour_core::engine::keyspace::{CATALOG, stored_key};
use arbour_core::{Operation, Result};
use rocksdb::{BottommostLevelCompaction, CompactOptions, WaitForCompactOptions, WriteBatch};

use crate::catalog::Catalog;
use crate::database::Database;

/// Merges all files into new ones that contain only what can still be read, and removes empty trees
/// from the catalog. The caller must exclude writers.
pub(crate) fn compact(database: &Database, catalog: &Catalog, empty: &[String]) -> Result<()> {
    let (db, operation) = (&database.db, Operation::Compact);
    let failed = |cause| database.fail(cause, operation);
    // RocksDB creates the new files by the path of the folder.
    database.check_place(operation)?;
    if !empty.is_empty() {
        let mut writes = WriteBatch::default();
        for name in empty {
            writes.delete(stored_key(CATALOG, name.as_bytes()));
        }
        // From now on, every write to them enters them again; do this first, because a failed
        // removal may have been partly applied.
        catalog.leave_out(empty);
        db.write(writes).map_err(failed)?;
    }
    db.flush().map_err(failed)?;
    let mut options = CompactOptions::default();
    // Also files that are already at the bottom level: they may contain deleted entries kept for
    // old snapshots.
    options.set_bottommost_level_compaction(BottommostLevelCompaction::ForceOptimized);
    db.compact_range_opt(None::<&[u8]>, None::<&[u8]>, &options);
    // Compacting reports nothing, but a failure stops the background work, which this call reports.
    // It also waits until the replaced files are gone.
    db.wait_for_compact(&WaitForCompactOptions::default()).map_err(failed)
}
