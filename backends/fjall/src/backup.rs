//! Backups of a store in use.
//!
//! fjall has no backup of its own and replaces its files in the background, so the entries of one
//! snapshot are copied to a new store.

use std::path::Path;

use arbour_core::engine::{copy_entries, write_backup};
use arbour_core::{KvStore as _, Operation, Result, StoreOptions};

use crate::FjallStore;

pub(crate) fn backup(store: &FjallStore, destination: &Path) -> Result<()> {
    let written = write_backup(destination, |unfinished| {
        let limits = store.capabilities().limits;
        let copied = FjallStore::open(unfinished, &StoreOptions::new().limits(limits))?;
        copy_entries(store, &copied)?;
        copied.close()
    });
    written.map_err(|error| error.with_operation(Operation::Backup))
}
