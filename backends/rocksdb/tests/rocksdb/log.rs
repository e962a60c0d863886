//! The write-ahead log: what a crash leaves of it, and what closing does.

use std::fs;
use std::path::Path;

use arbour_core::{Durability, KvRead as _, KvStore as _, KvWrite as _, Result, StoreOptions};
use arbour_rocksdb::RocksdbStore;
use tempfile::tempdir;

use crate::contents::{copy_folder, ending, files, keys};

const COMMITS: u8 = 40;

/// Enough commits for the log to have several of its blocks of 32 KiB.
const VALUE_BYTES: usize = 2000;

/// Commits numbers to two trees, one by one, and returns what a crash at that moment would leave.
fn crashed(path: &Path, copy: &Path) -> Result<()> {
    let store = RocksdbStore::open(path, &StoreOptions::new())?;
    let (t, u) = (store.tree("t")?, store.tree("u")?);
    for number in 0..COMMITS {
        let durability =
            if number % 4 == 0 { Durability::PowerLoss } else { Durability::ProcessCrash };
        let mut transaction = store.begin_with(durability)?;
        transaction.put(&t, &[number], &[number; VALUE_BYTES])?;
        transaction.put(&u, &[number], &[number; VALUE_BYTES])?;
        transaction.commit()?;
    }
    copy_folder(path, copy);
    Ok(())
}

fn log_of(path: &Path) -> (String, Vec<u8>) {
    let log = files(path).into_iter().filter(|(name, _)| name.ends_with(".log"));
    let (name, (_, bytes)) = log.max_by_key(|(_, (_, bytes))| bytes.len()).expect("there is one");
    (name, bytes)
}

/// Asserts that both trees hold the numbers up to the same one, and returns the count.
fn prefix_of_commits(path: &Path) -> Result<u8> {
    let store = RocksdbStore::open(path, &StoreOptions::new())?;
    let (in_t, in_u) = (keys(&store, "t")?, keys(&store, "u")?);
    let expected: Vec<_> = (0..in_t.len() as u8).map(|number| vec![number]).collect();
    assert_eq!(in_t, expected, "a commit in between is missing");
    assert_eq!(in_t, in_u, "a commit is there by half");
    // Whatever is left continues to work as a store.
    store.put(&store.tree("t")?, b"later", b"")?;
    store.close()?;
    Ok(in_t.len() as u8)
}

#[test]
fn of_a_crash_holds_every_commit() -> Result<()> {
    let folder = tempdir().unwrap();
    let copy = folder.path().join("copy");
    crashed(&folder.path().join("store"), &copy)?;
    assert_eq!(prefix_of_commits(&copy)?, COMMITS);
    Ok(())
}

/// A loss of power tears a log anywhere after what was synced: the rest is a prefix.
#[test]
fn torn_is_read_up_to_there() -> Result<()> {
    let folder = tempdir().unwrap();
    let copy = folder.path().join("copy");
    crashed(&folder.path().join("store"), &copy)?;
    let (name, bytes) = log_of(&copy);
    let mut left_before = COMMITS;
    for cut in (0..bytes.len()).rev().step_by(bytes.len() / 23) {
        let (before, behind) = bytes.split_at(cut);
        // What comes after that position may be gone or whole.
        let far_behind = behind.get(500..).unwrap_or_default();
        for rest in [vec![], vec![0; 5000], vec![0xa5; 5000], [&[0xa5; 500], far_behind].concat()] {
            let torn = folder.path().join("torn");
            copy_folder(&copy, &torn);
            fs::write(torn.join(&name), [before, &rest].concat()).unwrap();
            let left = prefix_of_commits(&torn)?;
            assert!(left <= left_before, "more is left of less");
            left_before = left;
            fs::remove_dir_all(&torn).unwrap();
        }
    }
    assert_eq!(left_before, 0);
    Ok(())
}

/// Data that is only in the log when the store is closed would be lost unnoticed with the log;
/// damage in a sorted file is detected.
#[test]
fn is_empty_after_closing_and_dropping() -> Result<()> {
    let folder = tempdir().unwrap();
    for close in [true, false] {
        let path = folder.path().join(format!("close {close}"));
        let store = RocksdbStore::open(&path, &StoreOptions::new())?;
        store.put(&store.tree("t")?, b"a", b"1")?;
        assert!(!log_of(&path).1.is_empty());
        if close {
            store.close()?;
        }
        drop(store);
        assert!(log_of(&path).1.is_empty());
        assert_eq!(ending(&path, ".sst").len(), 1);
        assert_eq!(keys(&RocksdbStore::open(&path, &StoreOptions::new())?, "t")?, [b"a"]);
    }
    Ok(())
}

/// A store that is opened read-only after a crash replays the log in memory.
#[test]
fn is_read_without_being_changed() -> Result<()> {
    let folder = tempdir().unwrap();
    let copy = folder.path().join("copy");
    crashed(&folder.path().join("store"), &copy)?;
    let before = files(&copy);
    let store = RocksdbStore::open(&copy, &StoreOptions::new().read_only(true))?;
    assert_eq!(store.snapshot()?.len(&store.tree("u")?)?, u64::from(COMMITS));
    store.close()?;
    assert!(files(&copy) == before);
    Ok(())
}
