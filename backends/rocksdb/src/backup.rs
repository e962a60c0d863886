//! Backups of a store in use.

use std::path::Path;

use arbour_core::engine::{copy_entries, write_backup};
use arbour_core::{KvStore as _, Operation, Result, StoreOptions};
use rocksdb::checkpoint::Checkpoint;

use crate::database::Database;
use crate::{RocksdbStore, error};

/// Creates a checkpoint: files that no longer change are linked if the file system supports it; the
/// others are copied.
pub(crate) fn backup(database: &Database, destination: &Path) -> Result<()> {
    write_backup(destination, |unfinished| {
        let made = Checkpoint::new(&database.db)
            .and_then(|checkpoint| checkpoint.create_checkpoint(unfinished));
        made.map_err(|cause| error::engine(cause, Operation::Backup).with_path(destination))
    })
}

/// Copies the entries of a store that is opened read-only, because RocksDB cannot create a
/// checkpoint of it.
pub(crate) fn copy_out(store: &RocksdbStore, destination: &Path) -> Result<()> {
    write_backup(destination, |unfinished| {
        let limits = store.capabilities().limits;
        let copied = RocksdbStore::open(unfinished, &StoreOptions::new().limits(limits))?;
        copy_entries(store, &copied)?;
        copied.close()
    })
}
