//! Several processes with one store. A test starts its own executable in the role of another process.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test panics")]

use std::env;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use arbour_core::{Durability, ErrorKind, KvStore, KvWrite, Result, StoreOptions, Update};
use arbour_lmdb::LmdbStore;
use tempfile::TempDir;

const PATH: &str = "ARBOUR_LMDB_OTHER_PROCESS";

fn open(path: &Path) -> Result<LmdbStore> {
    LmdbStore::open(path, &StoreOptions::new())
}

/// The path of the store, in the other process.
fn other_process() -> Option<PathBuf> {
    env::var_os(PATH).map(PathBuf::from)
}

/// The other process, which ends with the test at the latest.
struct Other(Child);

impl Drop for Other {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a test as the other process, and returns once it has printed "ready".
fn start(test: &str, path: &Path) -> Other {
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(PATH, path)
        .stdout(Stdio::piped())
        .spawn();
    let mut other = Other(child.unwrap());
    let mut lines = BufReader::new(other.0.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("ready")), "the other process is ready");
    // What follows is read, so that the process does not wait for it.
    thread::spawn(move || lines.for_each(drop));
    other
}

fn count(store: &LmdbStore) -> Result<()> {
    let tree = store.tree("t")?;
    for _ in 0..100 {
        store.fetch_and_update(&tree, b"count", |count| {
            let count = count.map_or(0, |count| u32::from_be_bytes(count.try_into().unwrap()));
            Update::Put((count + 1).to_be_bytes().to_vec())
        })?;
        // Both enter new trees.
        let number = store.get(&tree, b"count")?.unwrap();
        let own = store.tree(&format!("{}", u32::from_be_bytes(number.try_into().unwrap()) % 9))?;
        store.write_with(Durability::None, |transaction| {
            transaction.put(&own, &std::process::id().to_be_bytes(), own.name().as_bytes())
        })?;
    }
    Ok(())
}

#[test]
fn two_processes_count_together() -> Result<()> {
    if let Some(path) = other_process() {
        let store = open(&path)?;
        println!("\nready");
        return count(&store);
    }
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store");
    let store = open(&path)?;
    let mut other = start("two_processes_count_together", &path);
    count(&store)?;
    assert!(other.0.wait().unwrap().success());
    let tree = store.tree("t")?;
    assert_eq!(store.get(&tree, b"count")?.as_deref(), Some(&200_u32.to_be_bytes()[..]));
    for number in 0..9 {
        let name = number.to_string();
        let own = store.tree(&name)?;
        let mine = store.get(&own, &std::process::id().to_be_bytes())?;
        assert!(mine.is_none_or(|value| value == name.as_bytes()), "the trees are not mixed up");
    }
    store.close()?;
    LmdbStore::open(&path, &StoreOptions::new().verify(true))?.close()
}

/// A killed process leaves its readers and its lock. Neither is in the way.
#[test]
fn a_killed_process_leaves_nothing() -> Result<()> {
    if let Some(path) = other_process() {
        let store = open(&path)?;
        let tree = store.tree("t")?;
        let mut snapshots = Vec::new();
        while let Ok(snapshot) = store.snapshot() {
            snapshots.push(snapshot);
        }
        let mut transaction = store.begin()?;
        transaction.put(&tree, b"key", b"of the dead")?;
        println!("\nready");
        loop {
            thread::sleep(Duration::from_secs(1));
        }
    }
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store");
    let short = StoreOptions::new().busy_timeout(Duration::from_millis(20));
    let store = LmdbStore::open(&path, &short)?;
    let tree = store.tree("t")?;
    store.put(&tree, b"key", b"value")?;
    let other = start("a_killed_process_leaves_nothing", &path);
    assert_eq!(store.snapshot().err().unwrap().kind(), ErrorKind::Busy, "all readers are taken");
    let error = store.begin().err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
    assert!(error.to_string().contains("another process"), "{error}");
    drop(other);
    assert_eq!(store.get(&tree, b"key")?.as_deref(), Some(&b"value"[..]));
    store.put(&tree, b"key", b"after")?;
    assert_eq!(store.get(&tree, b"key")?.as_deref(), Some(&b"after"[..]));
    Ok(())
}
