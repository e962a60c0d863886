//! Damaged files: every call returns the data or fails with `Corrupted`, and none panics.
//!
//! The manifest is the exception: RocksDB treats one that ends early, or seems to, as an earlier
//! state of the store.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use arbour_core::{
    Cursor as _, Direction, Error, ErrorKind, KeyRange, KvRead as _, KvStore as _, KvWrite as _,
    Operation, Result, StoreOptions,
};
use arbour_rocksdb::RocksdbStore;
use tempfile::tempdir;

use crate::contents::files;

const ENTRIES: u32 = 400;

/// How many damaged stores are opened.
const ROUNDS: u64 = 150;

fn value(number: u32) -> Vec<u8> {
    let seed = number.wrapping_mul(2_654_435_761).to_le_bytes();
    seed.iter().copied().cycle().take(150).collect()
}

fn make(path: &Path) -> Result<()> {
    let store = RocksdbStore::open(path, &StoreOptions::new())?;
    let t = store.tree("t")?;
    store.write(|transaction| {
        (0..ENTRIES).try_for_each(|n| transaction.put(&t, &n.to_be_bytes(), &value(n)))
    })?;
    store.close()
}

/// A number that looks random and is the same in every run (SplitMix64).
fn number(seed: u64) -> u64 {
    let mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x1234_5678_9abc_def0);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 27)
}

/// Damages one file: a bit, a sector of zeros, or the end cut off.
fn damage(bytes: &mut Vec<u8>, round: u64) {
    let place = number(round * 3 + 1) as usize % bytes.len();
    match round % 4 {
        0 => bytes.truncate(place),
        1 => bytes.iter_mut().skip(place / 512 * 512).take(512).for_each(|byte| *byte = 0),
        _ => flip(bytes, place, number(round * 3 + 2) % 8),
    }
}

fn flip(bytes: &mut [u8], place: usize, bit: u64) {
    *bytes.get_mut(place).expect("a place within the file") ^= 1 << bit;
}

/// Opens the store, makes every kind of call and returns whether all of the data was read. Nothing
/// else may be read.
fn use_all(path: &Path, verify: bool) -> Result<bool> {
    let store = RocksdbStore::open(path, &StoreOptions::new().verify(verify))?;
    let t = store.tree("t")?;
    let snapshot = store.snapshot()?;
    let mut counts = [0; 3];
    for n in 0..ENTRIES {
        if let Some(found) = snapshot.get(&t, &n.to_be_bytes())? {
            assert_eq!(found.as_ref(), value(n), "entry {n}");
            counts[0] += 1;
        }
    }
    for (count, direction) in counts[1..].iter_mut().zip([Direction::Forward, Direction::Reverse]) {
        let mut cursor = snapshot.scan(&t, KeyRange::all(), direction)?;
        while let Some((key, found)) = cursor.next()? {
            let n = u32::from_be_bytes(key.try_into().expect("a key of four bytes"));
            assert_eq!(found, value(n), "entry {n}");
            *count += 1;
        }
    }
    drop(snapshot);
    let mut transaction = store.begin()?;
    let undone = transaction.savepoint(|savepoint| {
        savepoint.delete_range(&t, KeyRange::all())?;
        assert!(savepoint.first(&t, KeyRange::all())?.is_none());
        Err::<(), _>(Error::new(ErrorKind::Conflict, Operation::DeleteRange, "undone"))
    });
    if let Err(error) = undone.map_err(|error| (error.kind(), error))
        && error.0 != ErrorKind::Conflict
    {
        return Err(error.1);
    }
    transaction.put(&t, &0_u32.to_be_bytes(), &value(0))?;
    transaction.commit()?;
    store.stats()?;
    let copy = path.with_extension("copy");
    let _ = fs::remove_dir_all(&copy);
    store.backup(&copy)?;
    store.compact()?;
    store.close()?;
    Ok(counts == [ENTRIES; 3])
}

#[test]
fn is_detected_and_never_panics() -> Result<()> {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store");
    make(&path)?;
    let whole = files(&path);
    let names: Vec<_> = whole
        .iter()
        .filter(|(name, (_, bytes))| !name.starts_with("LO") && !bytes.is_empty())
        .map(|(name, _)| name.clone())
        .collect();
    let (mut refused, mut read) = (0, 0);
    for round in 0..ROUNDS {
        // The leftovers of the last round are replaced by the whole store.
        fs::remove_dir_all(&path).unwrap();
        fs::create_dir(&path).unwrap();
        let damaged = &names[number(round * 3) as usize % names.len()];
        for (name, (_, bytes)) in &whole {
            let mut bytes = bytes.clone();
            if name == damaged {
                damage(&mut bytes, round);
            }
            fs::write(path.join(name), bytes).unwrap();
        }
        let used = catch_unwind(AssertUnwindSafe(|| use_all(&path, round % 2 == 0)));
        match used {
            Ok(Ok(is_whole)) => {
                assert!(is_whole || damaged.starts_with("MANIFEST"), "{round}: lost by {damaged}");
                read += 1;
            }
            Ok(Err(error)) => {
                assert_eq!(error.kind(), ErrorKind::Corrupted, "{round}, {damaged}: {error:?}");
                refused += 1;
            }
            Err(_) => panic!("{round}: damage in {damaged} caused a panic or wrong data"),
        }
    }
    assert!(refused > 20 && read > 5, "{refused} were refused, {read} were read");
    Ok(())
}

#[test]
fn anywhere_in_a_sorted_file_is_found_by_verifying() -> Result<()> {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store");
    make(&path)?;
    let (name, (_, bytes)) =
        files(&path).into_iter().find(|(name, _)| name.ends_with(".sst")).expect("there is one");
    // The blocks of data come first; what follows them is read only if it is needed.
    for place in (0..bytes.len() / 2).step_by(bytes.len() / 40) {
        let mut damaged = bytes.clone();
        flip(&mut damaged, place, 4);
        fs::write(path.join(&name), damaged).unwrap();
        let error = RocksdbStore::open(&path, &StoreOptions::new().verify(true)).err();
        assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::Corrupted), "at {place}");
    }
    fs::write(path.join(&name), bytes).unwrap();
    RocksdbStore::open(&path, &StoreOptions::new().verify(true)).map(drop)
}
