//! An interrupted creation leaves a new store, not a broken one.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test panics")]

use std::fs;
use std::path::Path;

use arbour_core::{ErrorKind, KvRead, KvStore, Result, StoreOptions};
use arbour_redb::RedbStore;
use tempfile::TempDir;

/// The length of redb's header, and the end of the magic in it.
const HEADER: usize = 320;
const MAGIC: usize = 9;

/// Every state of a file until redb has written the magic to it.
fn interrupted() -> Vec<(&'static str, Vec<u8>)> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store");
    let store = RedbStore::open(&path, &StoreOptions::new()).unwrap();
    let created = fs::read(&path).unwrap();
    store.close().unwrap();
    let mut unmarked = created.clone();
    unmarked[..MAGIC].fill(0);
    assert!(created[HEADER..].iter().all(|byte| *byte == 0), "nothing else was written");
    vec![("empty", vec![]), ("no header", vec![0; created.len()]), ("no magic", unmarked)]
}

fn is_usable(path: &Path, what: &str) -> Result<()> {
    for round in 0..2_u8 {
        let store = RedbStore::open(path, &StoreOptions::new())?;
        let tree = store.tree("t")?;
        assert_eq!(store.snapshot()?.len(&tree)?, u64::from(round), "{what}");
        store.put(&tree, &[round], b"value")?;
        store.close()?;
    }
    Ok(())
}

#[test]
fn an_interrupted_creation_is_a_new_store() -> Result<()> {
    let folder = TempDir::new().unwrap();
    for (what, bytes) in interrupted() {
        for is_verified in [false, true] {
            let path = folder.path().join(what);
            fs::write(&path, &bytes).unwrap();
            drop(RedbStore::open(&path, &StoreOptions::new().verify(is_verified))?);
            fs::write(&path, &bytes).unwrap();
            is_usable(&path, what)?;
        }
    }
    Ok(())
}

/// Without permission to create, opening fails: an empty store would hide that the data is gone.
#[test]
fn without_leave_to_create_there_is_no_store() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store");
    for (what, bytes) in interrupted() {
        fs::write(&path, &bytes).unwrap();
        let options = StoreOptions::new().create(false);
        for options in [options.clone(), options.clone().verify(true), options.read_only(true)] {
            let error = RedbStore::open(&path, &options).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound, "{what}: {error:?}");
            assert!(fs::read(&path).unwrap() == bytes, "{what}: it was changed");
        }
    }
}

/// A kill between the magic and the flag for an open writer.
#[test]
fn a_store_that_was_never_opened_for_writing_needs_that() -> Result<()> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store");
    let store = RedbStore::open(&path, &StoreOptions::new())?;
    let mut created = fs::read(&path).unwrap();
    store.close()?;
    created[MAGIC] &= !2;
    fs::write(&path, &created).unwrap();
    let error = RedbStore::open(&path, &StoreOptions::new().read_only(true)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ReadOnly, "{error:?}");
    is_usable(&path, "no flag")
}

/// A file that was more than an interrupted creation does not count as one.
#[test]
fn data_behind_a_lost_header_is_damage() -> Result<()> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store");
    let store = RedbStore::open(&path, &StoreOptions::new())?;
    store.put(&store.tree("t")?, b"key", b"value")?;
    let mut bytes = fs::read(&path).unwrap();
    store.close()?;
    bytes[..HEADER].fill(0);
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    let mut last = bytes.clone();
    last[..used].fill(0);
    for bytes in [bytes, last] {
        fs::write(&path, &bytes).unwrap();
        let options = StoreOptions::new();
        for options in [options.clone(), options.clone().create(false), options.read_only(true)] {
            let error = RedbStore::open(&path, &options).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupted, "{error:?}");
            assert!(fs::read(&path).unwrap() == bytes, "it was changed");
        }
    }
    Ok(())
}

#[test]
fn an_unclean_end_is_told_from_damage() -> Result<()> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store");
    let store = RedbStore::open(&path, &StoreOptions::new())?;
    store.put(&store.tree("t")?, b"key", b"value")?;
    let unclosed = fs::read(&path).unwrap();
    store.close()?;
    drop(store);
    let closed = fs::read(&path).unwrap();
    let read_only = StoreOptions::new().read_only(true);
    fs::write(&path, &unclosed).unwrap();
    let error = RedbStore::open(&path, &read_only).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ReadOnly, "{error:?}");
    assert!(error.to_string().contains("open it once for writing"), "{error}");
    for length in [HEADER, 4096, closed.len() / 2, closed.len() - 1] {
        fs::write(&path, &closed[..length]).unwrap();
        let error = RedbStore::open(&path, &read_only).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupted, "cut to {length}: {error:?}");
    }
    Ok(())
}
