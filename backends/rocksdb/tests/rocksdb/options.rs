//! Options that only RocksDB has.

use arbour_core::{KvRead as _, KvStore as _, KvWrite as _, Result, StoreOptions};
use arbour_rocksdb::{Compression, RocksdbOptions, RocksdbStore};
use tempfile::tempdir;

use crate::contents::ending;

/// Writes a megabyte that compresses well and returns the size of the closed store.
fn size(path: &std::path::Path, own: &RocksdbOptions) -> Result<u64> {
    let store = RocksdbStore::open_with(path, &StoreOptions::new(), own)?;
    let t = store.tree("t")?;
    store.write(|transaction| {
        (0..1000_u32).try_for_each(|key| transaction.put(&t, &key.to_be_bytes(), &[7; 1000]))
    })?;
    store.compact()?;
    let bytes = store.stats()?.disk_bytes;
    store.close()?;
    Ok(bytes)
}

#[test]
fn compression_is_read_under_any() -> Result<()> {
    let folder = tempdir().unwrap();
    let (plain, small) = (folder.path().join("plain"), folder.path().join("small"));
    let uncompressed = RocksdbOptions::new().compression(Compression::None);
    assert!(size(&plain, &uncompressed)? > 1_000_000);
    assert!(size(&small, &RocksdbOptions::new())? < 300_000);
    for (path, own) in [(&plain, RocksdbOptions::new()), (&small, uncompressed)] {
        let store = RocksdbStore::open_with(path, &StoreOptions::new(), &own)?;
        assert_eq!(store.snapshot()?.len(&store.tree("t")?)?, 1000);
    }
    Ok(())
}

/// Buffers that fill repeatedly: nothing is lost on the way to sorted files and when they are
/// merged, read with hardly any cache and few open files.
#[test]
fn small_buffers_lose_nothing() -> Result<()> {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store");
    let general = StoreOptions::new().cache_bytes(64 << 10);
    let own = RocksdbOptions::new().write_buffer_bytes(64 << 10).open_files_max(0);
    let store = RocksdbStore::open_with(&path, &general, &own)?;
    let t = store.tree("t")?;
    for round in 0..3_u8 {
        for part in 0..20_u32 {
            store.write(|transaction| {
                (0..200_u32).try_for_each(|number| {
                    let key = (number * 20 + part).to_be_bytes();
                    transaction.put(&t, &key, &[round; 200])
                })
            })?;
        }
    }
    assert!(!ending(&path, ".sst").is_empty(), "the buffer never filled");
    for round in 0..2 {
        let snapshot = store.snapshot()?;
        assert_eq!(snapshot.len(&t)?, 4000, "in round {round}");
        for number in 0..4000_u32 {
            let value = snapshot.get_with(&t, &number.to_be_bytes(), <[u8]>::to_vec)?;
            assert_eq!(value, Some(vec![2; 200]), "{number} in round {round}");
        }
        drop(snapshot);
        store.compact()?;
    }
    Ok(())
}
