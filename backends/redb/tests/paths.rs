//! Stores that are missing, or whose file is moved while they are open.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test panics")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use arbour_core::{
    Batch, Durability, ErrorKind, KvRead, KvStore, KvWrite, Operation, Result, StoreOptions,
};
use arbour_redb::RedbStore;
use tempfile::TempDir;

fn folder() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = fs::canonicalize(folder.path()).unwrap();
    (folder, path)
}

fn open(path: impl AsRef<Path>) -> Result<RedbStore> {
    RedbStore::open(path, &StoreOptions::new())
}

fn put(store: &RedbStore, key: &[u8]) -> Result<()> {
    store.put(&store.tree("t")?, key, b"value")
}

fn has(store: &RedbStore, key: &[u8]) -> Result<bool> {
    store.snapshot()?.contains(&store.tree("t")?, key)
}

#[test]
fn a_missing_store_is_not_found() {
    let (_guard, folder) = folder();
    symlink("nothing", folder.join("link")).unwrap();
    for name in ["absent", "link"] {
        let options = StoreOptions::new().create(false);
        for options in [options.clone(), options.clone().verify(true), options.read_only(true)] {
            let error = RedbStore::open(folder.join(name), &options).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
            assert!(error.to_string().contains("there is no store"), "{error}");
            assert!(!folder.join(name).exists(), "nothing was made");
        }
    }
}

/// Makes every write that has to notice that the file is gone.
fn refused(store: &RedbStore, what: &str) -> Result<()> {
    let tree = store.tree("t")?;
    let mut batch = Batch::new();
    batch.put(&tree, b"batch", b"");
    let mut transaction = store.begin()?;
    transaction.put(&tree, b"transaction", b"")?;
    for (operation, result) in [
        (Operation::Commit, transaction.commit()),
        (Operation::Apply, store.apply(batch, Durability::PowerLoss)),
        (Operation::Sync, store.sync()),
        (Operation::Compact, store.compact()),
    ] {
        let error = result.expect_err(what);
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Moved, operation), "{what}");
    }
    assert!(!has(store, b"batch")? && !has(store, b"transaction")?, "{what}: nothing was written");
    Ok(())
}

#[test]
fn a_file_that_is_renamed_replaced_or_deleted_is_noticed() -> Result<()> {
    let (_guard, folder) = folder();
    let path = folder.join("store");
    let store = open(&path)?;
    put(&store, b"1")?;
    fs::rename(&path, folder.join("elsewhere")).unwrap();
    refused(&store, "renamed")?;
    put(&open(&path)?, b"other")?;
    let other = fs::read(&path).unwrap();
    refused(&store, "replaced")?;
    assert!(has(&store, b"1")? && !has(&store, b"other")?);
    store.close()?;
    assert!(fs::read(&path).unwrap() == other, "the other store is as it was");
    let store = open(folder.join("elsewhere"))?;
    assert!(has(&store, b"1")? && !has(&store, b"other")?);
    fs::remove_file(folder.join("elsewhere")).unwrap();
    refused(&store, "deleted")?;
    // Data that is only in memory so far would go where nothing finds it, so closing fails.
    let tree = store.tree("t")?;
    let mut transaction = store.begin_with(Durability::None)?;
    transaction.put(&tree, b"2", b"")?;
    transaction.commit()?;
    assert_eq!(store.close().unwrap_err().kind(), ErrorKind::Moved);
    Ok(())
}
