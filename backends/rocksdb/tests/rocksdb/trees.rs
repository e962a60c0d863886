//! Trees: their numbers in the catalog.

use std::sync::Barrier;
use std::thread;

use arbour_core::{
    Batch, Durability, Error, KeyRange, KvRead as _, KvStore as _, KvWrite as _, Result,
    StoreOptions,
};
use arbour_rocksdb::{Compression, RocksdbOptions, RocksdbStore};
use tempfile::tempdir;

use crate::contents::keys;

/// Concurrent batches are the first to write to the same trees.
#[test]
fn entered_by_many_at_once() -> Result<()> {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store");
    let store = RocksdbStore::open(&path, &StoreOptions::new())?;
    let names: Vec<String> = (0..20).map(|number| format!("tree {number:02}")).collect();
    let start = Barrier::new(4);
    thread::scope(|scope| {
        let write = |writer: u8| {
            start.wait();
            for name in &names {
                let mut batch = Batch::new();
                batch.put(&store.tree(name)?, &[writer], b"");
                store.apply(batch, Durability::ProcessCrash)?;
            }
            Ok::<_, Error>(())
        };
        let writers = [0, 1, 2, 3].map(|writer| scope.spawn(move || write(writer)));
        writers.into_iter().try_for_each(|writer| writer.join().unwrap())
    })?;
    store.close()?;
    drop(store);
    let store = RocksdbStore::open(&path, &StoreOptions::new())?;
    assert_eq!(store.snapshot()?.trees()?, names);
    for name in &names {
        assert_eq!(keys(&store, name)?, [[0], [1], [2], [3]], "{name}");
    }
    Ok(())
}

/// Compacting forgets empty trees. Handles of such a tree stay valid, and so do snapshots in which it
/// was not empty.
#[test]
fn forgotten_when_empty() -> Result<()> {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store");
    let store = RocksdbStore::open(&path, &StoreOptions::new())?;
    let (t, u) = (store.tree("t")?, store.tree("u")?);
    store.put(&t, b"a", b"1")?;
    store.put(&u, b"a", b"2")?;
    let before = store.snapshot()?;
    store.delete(&u, b"a")?;
    store.compact()?;
    assert_eq!(before.trees()?, ["t", "u"]);
    assert_eq!(before.get_with(&u, b"a", <[u8]>::to_vec)?, Some(b"2".to_vec()));
    assert_eq!(store.snapshot()?.trees()?, ["t"]);
    drop(before);
    store.close()?;
    drop(store);

    // The number may be used again: nothing is left of its earlier tree.
    let store = RocksdbStore::open(&path, &StoreOptions::new())?;
    let v = store.tree("v")?;
    store.put(&v, b"b", b"3")?;
    let (u, w) = (store.tree("u")?, store.tree("w")?);
    assert_eq!(store.snapshot()?.len(&u)?, 0);
    store.put(&w, b"c", b"")?;
    store.delete(&w, b"c")?;
    store.compact()?;
    store.write(|transaction| transaction.put(&w, b"d", b""))?;
    store.close()?;
    drop(store);
    let store = RocksdbStore::open(&path, &StoreOptions::new())?;
    assert_eq!(store.snapshot()?.trees()?, ["t", "v", "w"]);
    assert_eq!(keys(&store, "w")?, [b"d"]);
    Ok(())
}

/// An entry deleted long after it reached a sorted file takes space until files are merged.
#[test]
fn emptied_gives_its_room_back() -> Result<()> {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store");
    let plain = RocksdbOptions::new().compression(Compression::None);
    let open = || RocksdbStore::open_with(&path, &StoreOptions::new(), &plain);
    let store = open()?;
    let (t, u) = (store.tree("t")?, store.tree("u")?);
    store.put(&u, b"a", b"1")?;
    store.write(|transaction| {
        (0..100_u8).try_for_each(|key| transaction.put(&t, &[key], &[key; 20_000]))
    })?;
    store.close()?;
    drop(store);
    let store = open()?;
    let t = store.tree("t")?;
    store.write(|transaction| transaction.delete_range(&t, KeyRange::all()))?;
    store.close()?;
    drop(store);
    let store = open()?;
    assert!(store.stats()?.disk_bytes > 2_000_000);
    store.compact()?;
    assert!(store.stats()?.disk_bytes < 500_000, "{:?}", store.stats()?);
    assert_eq!(keys(&store, "u")?, [b"a"]);
    Ok(())
}

/// Numbers are assigned when names are resolved, in the order of that run.
#[test]
fn found_again_in_any_order() -> Result<()> {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store");
    let orders = [["a", "b", "c"], ["c", "a", "b"], ["b", "c", "a"]];
    for (round, order) in orders.iter().enumerate() {
        let store = RocksdbStore::open(&path, &StoreOptions::new())?;
        let never_written = store.tree(&format!("never written {round}"))?;
        assert_eq!(store.snapshot()?.len(&never_written)?, 0);
        for name in order {
            store.put(&store.tree(name)?, &[round as u8], name.as_bytes())?;
        }
        store.close()?;
    }
    let store = RocksdbStore::open(&path, &StoreOptions::new())?;
    assert_eq!(store.snapshot()?.trees()?, ["a", "b", "c"]);
    for name in ["a", "b", "c"] {
        assert_eq!(keys(&store, name)?, [[0], [1], [2]], "{name}");
        assert_eq!(store.get(&store.tree(name)?, &[1])?.as_deref(), Some(name.as_bytes()));
    }
    Ok(())
}
