//! Backups of a store in use.
//!
//! redb has no backup of its own and its file changes under a reader, so the entries of one
//! snapshot are copied to a new file.

use std::path::Path;

use arbour_core::engine::{copy_entries, write_backup};
use arbour_core::{KvStore as _, Result, StoreOptions};

use crate::RedbStore;

pub(crate) fn backup(store: &RedbStore, destination: &Path) -> Result<()> {
    write_backup(destination, |unfinished| {
        let limits = store.capabilities().limits;
        let copied = RedbStore::open(unfinished, &StoreOptions::new().limits(limits))?;
        copy_entries(store, &copied)?;
        copied.close()
    })
}
