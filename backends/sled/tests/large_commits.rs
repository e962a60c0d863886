//! Commits that span segments of sled's log, and separate files, killed midway.
//!
//! The suite's own kills hit small transactions. sled writes a commit of several megabytes in many
//! parts, out of order, and has to detect at recovery that the last ones are missing.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what helps a test may panic as the test may"
)]

use std::env;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use arbour_core::{Durability, KvStore, KvWrite, Result, StoreOptions};
use arbour_sled::SledStore;

const PATH: &str = "ARBOUR_SLED_CHILD_PATH";
const ROUNDS: u64 = 12;
const KEYS: u64 = 1500;

/// Writes the number of a transaction to all keys of two trees, with values of all sizes.
fn commit(store: &SledStore, number: u64) -> Result<()> {
    let trees = [store.tree("t")?, store.tree("u")?];
    store.write_with(Durability::ProcessCrash, |transaction| {
        for key in 0..KEYS {
            let length = if key % 500 == 7 { 300_000 } else { 8 + (key % 40 * 20) as usize };
            let mut value = vec![number as u8; length];
            value[..8].copy_from_slice(&number.to_be_bytes());
            for tree in &trees {
                transaction.put(tree, &key.to_be_bytes(), &value)?;
            }
        }
        Ok(())
    })
}

/// Returns the single transaction that wrote all keys, or zero if there are none.
fn check(store: &SledStore) -> Result<u64> {
    let mut found = Vec::new();
    for name in ["t", "u"] {
        let tree = store.tree(name)?;
        for key in 0..KEYS {
            let value = store.get(&tree, &key.to_be_bytes())?;
            found.push(value.map_or(0, |v| u64::from_be_bytes(v[..8].try_into().unwrap())));
        }
    }
    found.dedup();
    assert_eq!(found.len(), 1, "parts of several transactions: {found:?}");
    Ok(found[0])
}

#[test]
fn are_there_as_a_whole_or_not_at_all() -> Result<()> {
    if let Some(path) = env::var_os(PATH) {
        let store = SledStore::open(path, &StoreOptions::new())?;
        let first = check(&store)? + 1;
        for number in first.. {
            commit(&store, number)?;
            println!("\ncommitted {number}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    for round in 0..ROUNDS {
        let committed = run_and_kill(&path, round);
        let there = check(&SledStore::open(&path, &StoreOptions::new())?)?;
        assert!(there >= committed, "{committed} was acknowledged, {there} is there");
    }
    Ok(())
}

/// Returns the last transaction that a child reported before it was killed.
fn run_and_kill(path: &Path, round: u64) -> u64 {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "are_there_as_a_whole_or_not_at_all", "--nocapture"])
        .env(PATH, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let number = |line: String| line.strip_prefix("committed ").map(|n| n.parse::<u64>().unwrap());
    let first = lines.by_ref().find_map(|line| number(line.unwrap()));
    // Anywhere in the next commit.
    thread::sleep(Duration::from_millis(round * 7 % 60));
    child.kill().unwrap();
    child.wait().unwrap();
    let later = lines.filter_map(|line| number(line.unwrap())).last();
    later.or(first).expect("a child commits until it is killed")
}
