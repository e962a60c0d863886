//! The log: how often it is moved into the database file while a reader is active, and that it is
//! short again afterwards.

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

/// Commits once, in one of the possible ways.
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

/// Each commit has one older snapshot more, so that each attempt to move the log would move a
/// little of it.
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

/// Another handle stands for another process: neither knows the other's attempts.
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
    // One alone suffices, even if the other made the last attempt.
    (0..200).for_each(|number| commit(&store, number));
    (0..100).for_each(|number| {
        commit(if number % 2 == 0 { &store } else { &other }, number);
        assert!(wal_bytes(&path) <= 160 << 10, "it grows: {}", wal_bytes(&path));
    });
}

/// SQL may set how long the log gets, but only until its transaction is over.
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

/// Reads all keys from a copy of the main file alone.
fn keys_without_log(path: &Path) -> u64 {
    let folder = tempfile::tempdir().expect("there is room");
    let copy = folder.path().join("copy");
    fs::copy(path, &copy).expect("it can be copied");
    let store = open(&copy, 0);
    let snapshot = store.snapshot().expect("it can be read");
    snapshot.len(&store.tree("t").expect("it has a good name")).expect("it can be counted")
}

/// Opens a store and writes one entry, which is only in the log.
fn with_one_entry(path: &Path) -> SqliteStore {
    let store = open(path, 0);
    store.put(&store.tree("t").expect("it has a good name"), b"a", b"1").expect("it is written");
    store
}

#[test]
fn the_log_moves_when_the_last_snapshot_of_a_closed_store_goes() {
    let folder = tempfile::tempdir().unwrap();
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        let path = folder.path().join(format!("store {order:?}"));
        let store = with_one_entry(&path);
        let wal = path.with_file_name(format!("store {order:?}-wal"));
        let t = store.tree("t").unwrap();
        let mut snapshots: Vec<_> = (0..3).map(|_| Some(store.snapshot().unwrap())).collect();
        // A connection that waits for the next snapshot must not keep the log from moving.
        drop(store.snapshot().unwrap());
        store.data_version().unwrap();
        store.close().unwrap();
        for (gone, number) in order.into_iter().enumerate() {
            assert!(wal.exists(), "{order:?}: the log is needed by {} snapshots", 3 - gone);
            let snapshot = snapshots[number].take().unwrap();
            assert_eq!(snapshot.len(&t).unwrap(), 1);
            drop(snapshot);
        }
        assert!(!wal.exists(), "{order:?}: the log is still there");
        assert_eq!(keys_without_log(&path), 1, "{order:?}");
    }
}

/// If a closure leaves the writing connection unusable, it is closed; then only reading connections
/// are left, which cannot move the log.
#[test]
fn the_log_moves_when_the_store_goes() {
    let folder = tempfile::tempdir().unwrap();
    for way in ["dropped", "closed", "without its writer", "beside another handle"] {
        let path = folder.path().join(way);
        let store = with_one_entry(&path);
        drop(store.snapshot().unwrap());
        let other = (way == "beside another handle").then(|| open(&path, 0));
        if way == "without its writer" {
            let left = store.with_write_connection(Durability::PowerLoss, |connection| {
                connection.execute_batch("ROLLBACK; ATTACH ':memory:' AS more; BEGIN").unwrap();
                Ok::<_, Error>(())
            });
            left.unwrap_err();
        }
        if way != "dropped" {
            store.close().unwrap();
        }
        drop(store);
        drop(other);
        assert_eq!(keys_without_log(&path), 1, "{way}");
        assert!(!folder.path().join(format!("{way}-wal")).exists(), "{way}");
    }
}

/// Snapshots that end on other threads while the store is closed: one of them is the last.
#[test]
fn the_log_moves_whichever_thread_ends_last() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..40 {
        let path = folder.path().join(format!("store {round}"));
        let store = with_one_entry(&path);
        let start = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let snapshot = store.snapshot().unwrap();
                    start.wait();
                    drop(snapshot);
                });
            }
            start.wait();
            store.close().unwrap();
        });
        assert_eq!(keys_without_log(&path), 1, "round {round}");
    }
}
