//! What a copy of the file holds after closing and syncing, and what happens after the store is
//! dropped.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test panics")]

use std::fs;
use std::path::Path;

use arbour_core::{Batch, Durability, KvRead, KvStore, KvWrite, Result, StoreOptions};
use arbour_redb::RedbStore;
use tempfile::TempDir;

const LEVELS: [Durability; 3] = [Durability::None, Durability::ProcessCrash, Durability::PowerLoss];

/// Opens a copy of the current file, as a process does after this one was killed.
fn copied(path: &Path) -> Result<RedbStore> {
    let copy = path.with_extension("copy");
    fs::copy(path, &copy).unwrap();
    RedbStore::open(copy, &StoreOptions::new().create(false))
}

fn has(store: &RedbStore, key: &[u8]) -> Result<bool> {
    store.snapshot()?.contains(&store.tree("t")?, key)
}

/// Commits one entry in each of the two ways.
fn commit(store: &RedbStore, durability: Durability) -> Result<()> {
    let tree = store.tree("t")?;
    let mut transaction = store.begin_with(durability)?;
    transaction.put(&tree, b"transaction", b"value")?;
    transaction.commit()?;
    let mut batch = Batch::new();
    batch.put(&tree, b"batch", b"value");
    store.apply(batch, durability)
}

#[test]
fn closing_makes_every_commit_durable_while_a_snapshot_lives() -> Result<()> {
    for durability in LEVELS {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("store");
        let store = RedbStore::open(&path, &StoreOptions::new())?;
        let tree = store.tree("t")?;
        store.put(&tree, b"before", b"value")?;
        // The snapshot keeps the file open, so the copy has only what `close` itself writes.
        let snapshot = store.snapshot()?;
        commit(&store, durability)?;
        store.close()?;
        let copy = copied(&path)?;
        assert!(has(&copy, b"transaction")? && has(&copy, b"batch")?, "{durability:?}");
        assert!(snapshot.contains(&tree, b"before")? && !snapshot.contains(&tree, b"batch")?);
    }
    Ok(())
}

#[test]
fn syncing_makes_every_commit_durable() -> Result<()> {
    for durability in LEVELS {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("store");
        let store = RedbStore::open(&path, &StoreOptions::new())?;
        commit(&store, durability)?;
        let is_durable = durability != Durability::None;
        assert_eq!(has(&copied(&path)?, b"batch")?, is_durable, "{durability:?}: before");
        store.sync()?;
        let copy = copied(&path)?;
        assert!(has(&copy, b"transaction")? && has(&copy, b"batch")?, "{durability:?}");
    }
    Ok(())
}
