//! Backups of a store in use.
//!
//! sled has no backup of its own and its files change all the time, so the entries of one snapshot
//! are copied to a new database.

use std::path::Path;

use arbour_core::engine::{copy_entries, write_backup};
use arbour_core::{KvStore as _, Result, StoreOptions};

use crate::SledStore;

pub(crate) fn backup(store: &SledStore, destination: &Path) -> Result<()> {
    write_backup(destination, |unfinished| {
        let limits = store.capabilities().limits;
        let copied = SledStore::open(unfinished, &StoreOptions::new().limits(limits))?;
        copy_entries(store, &copied)?;
        copied.close()
    })
}
