//! The log: how often it is moved into the database file while somebody reads, and that it is short
//! again afterwards.

use std::fs;
use std::path::Path;

use arbour_core::{
    Batch, Durability, Error, KvRead as _, KvStore as _, KvWrite as _, Operation, StoreOptions,
};
use arbour_sqlite::{SqliteOptions, SqliteStore, sql_error};

fn open(path: &Path, pages: u32) -> SqliteStore {
    let sqlite = SqliteOptions::new().checkpoint_pages(pages).wal_limit_bytes(64 << 10);
    SqliteStore::open_with(path, &StoreOptions::new(), &sqlite).expect("it opens")
}

/// Commits once, by one of the ways there are.
fn commit(store: &SqliteStore, number: u32) {
    let t = store.tree("t").expect("it has a good name");
    let (key, value) = ((number % 64).to_be_bytes(), [number as u8; 1000]);
    let durability = Durability::ProcessCrash;
    match number % 3 {
        0 => {
            let mut batch = Batch::new();
            batch.put(&t, &key, &value);
            store.apply(batch, durability).expect("it is written");
        }
        1 => store
            .write_with(durability, |transaction| transaction.put(&t, &key, &value))
            .expect("it is written"),
        _ => store
            .with_write_connection(durability, |connection| {
                let sql = "REPLACE INTO tree_t (k, v) VALUES (?1, ?2)";
                let written = connection.execute(sql, (&key[..], &value[..]));
                written.map(drop).map_err(|cause| sql_error(cause, Operation::Apply))
            })
            .expect("it is written"),
    }
}

fn wal_bytes(path: &Path) -> u64 {
    fs::metadata(path.with_file_name("store-wal")).expect("there is a log").len()
}

/// Each commit has one snapshot more that it leaves behind, so that trying to move the log would
/// move a little of it each time.
#[test]
fn the_log_is_not_moved_at_every_commit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = open(&path, 20);
    commit(&store, 0);
    let mut held = store.snapshot().unwrap();
    let mut seen = fs::read(&path).unwrap();
    let mut moves = 0;
    for number in 1..600 {
        commit(&store, number);
        let next = store.snapshot().unwrap();
        drop(std::mem::replace(&mut held, next));
        let file = fs::read(&path).unwrap();
        moves += u32::from(file != seen);
        seen = file;
    }
    assert!(wal_bytes(&path) > 600 * 4096, "the log began anew: {}", wal_bytes(&path));
    assert!((10..=100).contains(&moves), "it was moved {moves} times");
}

#[test]
fn the_log_is_short_again_after_a_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = open(&path, 20);
    for round in 0..2 {
        let t = store.tree("t").unwrap();
        commit(&store, 0);
        let snapshot = store.snapshot().unwrap();
        let before = snapshot.len(&t).unwrap();
        (0..600).for_each(|number| commit(&store, number));
        assert_eq!(snapshot.len(&t).unwrap(), before);
        assert!(wal_bytes(&path) > 600 * 4096, "round {round}: it had a snapshot to keep");
        drop(snapshot);
        // It has to grow by a part of itself before it is moved.
        let commits = (1..600).find(|&number| {
            commit(&store, number);
            wal_bytes(&path) <= 64 << 10
        });
        assert!(commits.is_some_and(|commits| commits < 400), "round {round}: {commits:?}");
        for number in 0..200 {
            commit(&store, number);
            assert!(wal_bytes(&path) <= 160 << 10, "it grows again: {}", wal_bytes(&path));
        }
    }
}

/// Another handle stands for another process: neither knows of the other's tries.
#[test]
fn two_processes_move_one_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let (store, other) = (open(&path, 20), open(&path, 20));
    commit(&store, 0);
    let snapshot = other.snapshot().unwrap();
    (0..300).for_each(|number| commit(if number % 2 == 0 { &store } else { &other }, number));
    assert!(wal_bytes(&path) > 300 * 4096);
    drop(snapshot);
    // One alone suffices, although the other may have been the last to try.
    (0..200).for_each(|number| commit(&store, number));
    (0..100).for_each(|number| {
        commit(if number % 2 == 0 { &store } else { &other }, number);
        assert!(wal_bytes(&path) <= 160 << 10, "it grows: {}", wal_bytes(&path));
    });
}

/// SQL may say how long the log gets, but only until its transaction is over.
#[test]
fn a_closure_does_not_change_when_the_log_is_moved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = open(&path, 20);
    commit(&store, 0);
    for pragma in ["PRAGMA wal_autocheckpoint = 0", "PRAGMA wal_autocheckpoint = 100000"] {
        let set = store.with_write_connection(Durability::PowerLoss, |connection| {
            connection.execute_batch(pragma).unwrap();
            Ok::<_, Error>(())
        });
        set.unwrap();
        for number in 0..200 {
            commit(&store, number);
            assert!(wal_bytes(&path) <= 160 << 10, "{pragma}: {}", wal_bytes(&path));
        }
    }
}
