//! Giving space back.

use arbour_core::{Operation, Result};
use rocksdb::{BottommostLevelCompaction, CompactOptions, WaitForCompactOptions, WriteBatch};

use crate::catalog::Catalog;
use crate::database::Database;
use crate::keyspace::{CATALOG, stored_key};

/// Merges all files into new ones that hold only what can still be read, and takes empty trees out
/// of the catalog. Nobody may write meanwhile.
pub(crate) fn compact(database: &Database, catalog: &Catalog, empty: &[String]) -> Result<()> {
    let (db, operation) = (&database.db, Operation::Compact);
    let failed = |cause| database.fail(cause, operation);
    // The new files are made by the path of the folder.
    database.check_place(operation)?;
    if !empty.is_empty() {
        let mut writes = WriteBatch::default();
        for name in empty {
            writes.delete(stored_key(CATALOG, name.as_bytes()));
        }
        // Whatever is written to them from now on enters them again; also if the removal fails and
        // nobody knows how far it came.
        catalog.leave_out(empty);
        db.write(writes).map_err(failed)?;
    }
    db.flush().map_err(failed)?;
    let mut options = CompactOptions::default();
    // Also files that lie at the bottom already: deleted entries may be among those of old
    // snapshots there.
    options.set_bottommost_level_compaction(BottommostLevelCompaction::ForceOptimized);
    db.compact_range_opt(None::<&[u8]>, None::<&[u8]>, &options);
    // Compacting reports nothing, but a failure stops the background work, which is asked here. It
    // also waits until the files that were replaced are gone.
    db.wait_for_compact(&WaitForCompactOptions::default()).map_err(failed)
}
