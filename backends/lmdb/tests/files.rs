//! What is refused when a store is opened, and what is only a limit.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test panics")]

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Duration;

use arbour_core::{
    DamageDetection, ErrorKind, KvRead, KvStore, KvWrite, Limits, Operation, Result, StoreOptions,
};
use arbour_lmdb::LmdbStore;
use tempfile::TempDir;

fn open(path: &Path) -> Result<LmdbStore> {
    LmdbStore::open(path, &StoreOptions::new())
}

/// Expects that a store is not opened, in any way, and that nothing in its folder is changed.
#[track_caller]
fn refused(path: &Path, kind: ErrorKind, says: &str) {
    let listed = || {
        let mut names: Vec<_> = fs::read_dir(path)
            .map(|entries| entries.map(|entry| entry.unwrap().file_name()).collect())
            .unwrap_or_default();
        names.sort();
        names
    };
    let before = listed();
    for options in [StoreOptions::new(), StoreOptions::new().read_only(true)] {
        let error = LmdbStore::open(path, &options).unwrap_err();
        assert_eq!((error.kind(), error.operation()), (kind, Operation::Open), "{error:?}");
        assert!(error.to_string().contains(says), "{says:?} is not in: {error}");
        assert_eq!(error.path(), Some(&*fs::canonicalize(path).unwrap()), "{error}");
    }
    assert_eq!(listed(), before, "nothing was made");
}

fn made(folder: &TempDir) -> Result<std::path::PathBuf> {
    let path = folder.path().join("store");
    let store = open(&path)?;
    let tree = store.tree("t")?;
    store.put(&tree, b"key", b"value")?;
    store.close()?;
    Ok(path)
}

#[test]
fn what_is_no_folder_of_a_store_is_refused() -> Result<()> {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "text").unwrap();
    refused(&file, ErrorKind::Corrupted, "a store of LMDB is a folder");
    let other = folder.path().join("other engine");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("CURRENT"), "MANIFEST-000001").unwrap();
    let error = open(&other).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupted, "{error}");
    assert!(error.to_string().contains("CURRENT"), "{error}");
    assert!(!other.join("data.mdb").exists());
    Ok(())
}

/// Replaces bytes wherever they are in the data file.
fn replace(path: &Path, old: &[u8], new: &[u8]) {
    let data = path.join("data.mdb");
    let mut bytes = fs::read(&data).unwrap();
    let places: Vec<_> =
        (0..bytes.len() - old.len()).filter(|place| bytes[*place..].starts_with(old)).collect();
    assert!(!places.is_empty(), "the bytes are there");
    for place in places {
        bytes[place..place + old.len()].copy_from_slice(new);
    }
    fs::write(&data, bytes).unwrap();
}

#[test]
fn a_mark_of_another_format_is_refused() -> Result<()> {
    let folder = TempDir::new().unwrap();
    let path = made(&folder)?;
    replace(&path, b"arbour\x01", b"arbour\x02");
    refused(&path, ErrorKind::TooNew, "format 2");
    replace(&path, b"arbour\x02", b"another");
    refused(&path, ErrorKind::Corrupted, "damaged");
    Ok(())
}

#[test]
fn a_hard_link_is_refused() -> Result<()> {
    let folder = TempDir::new().unwrap();
    let path = made(&folder)?;
    let other = folder.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::hard_link(path.join("data.mdb"), other.join("data.mdb")).unwrap();
    refused(&other, ErrorKind::InvalidArgument, "2 names");
    refused(&path, ErrorKind::InvalidArgument, "2 names");
    fs::remove_file(other.join("data.mdb")).unwrap();
    open(&path)?.close()
}

/// Damage to the structure is found by a verification, and a short file without one.
#[test]
fn damage_is_found_by_verification() -> Result<()> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store");
    let store = open(&path)?;
    assert_eq!(store.capabilities().damage, DamageDetection::StructureOnVerify);
    let (tree, long) = (store.tree("t")?, vec![7; 20_000]);
    for number in 0..200_u32 {
        let key = number.to_be_bytes();
        store.write(|transaction| {
            transaction.put(&tree, &key, &long[..number as usize * 100])?;
            transaction.delete(&tree, &number.wrapping_sub(50).to_be_bytes())
        })?;
    }
    store.close()?;
    let data = path.join("data.mdb");
    let intact = fs::read(&data).unwrap();
    let verified = StoreOptions::new().verify(true);
    LmdbStore::open(&path, &verified)?.close()?;
    LmdbStore::open(&path, &verified.clone().read_only(true))?.close()?;
    let mut found = 0;
    for page in 2..intact.len() / 4096 {
        let mut damaged = intact.clone();
        // The head of the page, or the beginning of a list or value that is longer than a page.
        damaged[page * 4096..page * 4096 + 16].fill(0xff);
        fs::write(&data, damaged).unwrap();
        match LmdbStore::open(&path, &verified) {
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Corrupted, "page {page}: {error:?}");
                assert!(error.to_string().contains("page"), "{error}");
                found += 1;
            }
            // A free page, or the middle of a long value.
            Ok(store) => store.close()?,
        }
    }
    assert!(found > 50, "of {} pages only {found} were found damaged", intact.len() / 4096);
    fs::write(&data, &intact[..intact.len() / 2]).unwrap();
    refused(&path, ErrorKind::Corrupted, "the file ends before it");
    fs::write(&data, &intact).unwrap();
    open(&path)?.close()
}

/// Flips a bit of the number of the last page, in one of the two heads, and returns what was there.
fn flip_last_page(path: &Path, head: usize, bit: usize) -> Vec<u8> {
    let data = path.join("data.mdb");
    let intact = fs::read(&data).unwrap();
    let place = head * 4096 + 16 + 120 + bit / 8;
    let file = fs::File::options().write(true).open(&data).unwrap();
    file.write_all_at(&[intact[place] ^ (1 << (bit % 8))], place as u64).unwrap();
    intact
}

#[test]
fn a_flipped_bit_in_the_number_of_pages_is_damage() -> Result<()> {
    let folder = TempDir::new().unwrap();
    let path = made(&folder)?;
    let verified = StoreOptions::new().verify(true);
    let mut found = [0, 0];
    for (head, bit) in (0..2).flat_map(|head| (0..64).map(move |bit| (head, bit))) {
        let intact = flip_last_page(&path, head, bit);
        match LmdbStore::open(&path, &verified) {
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Corrupted, "head {head}, bit {bit}: {error:?}");
                found[head] += 1;
            }
            Ok(store) => store.close()?,
        }
        fs::write(path.join("data.mdb"), intact).unwrap();
    }
    assert_eq!(found.iter().max(), Some(&64), "every bit of the head that is in force: {found:?}");
    open(&path)?.close()
}

#[test]
fn a_head_that_is_damaged_while_the_store_is_open_is_damage() -> Result<()> {
    let folder = TempDir::new().unwrap();
    let path = made(&folder)?;
    let store = open(&path)?;
    let intact = flip_last_page(&path, 0, 60);
    flip_last_page(&path, 1, 60);
    for error in [store.snapshot().err().unwrap(), store.begin().err().unwrap()] {
        assert_eq!(error.kind(), ErrorKind::Corrupted, "{error:?}");
        assert!(error.to_string().contains("the head of the data file"), "{error}");
    }
    flip_last_page(&path, 0, 60);
    flip_last_page(&path, 1, 60);
    assert!(fs::read(path.join("data.mdb")).unwrap() == intact, "nothing was written");
    assert_eq!(store.get(&store.tree("t")?, b"key")?.as_deref(), Some(&b"value"[..]));
    store.close()
}

/// LMDB leaves free pages at the end of the file out. That is no truncation.
#[test]
fn a_file_without_its_last_free_pages_is_whole() -> Result<()> {
    let folder = TempDir::new().unwrap();
    let path = made(&folder)?;
    let store = open(&path)?;
    let tree = store.tree("t")?;
    store.put(&tree, b"long", &vec![1; 1 << 20])?;
    for _ in 0..3 {
        store.put(&tree, b"long", b"short")?;
    }
    store.close()?;
    let data = fs::File::options().write(true).open(path.join("data.mdb")).unwrap();
    let whole = data.metadata().unwrap().len();
    assert!(whole > 1 << 20);
    data.set_len(whole - (1 << 19)).unwrap();
    for options in [StoreOptions::new().read_only(true), StoreOptions::new()] {
        let store = LmdbStore::open(&path, &options)?;
        assert_eq!(store.get(&store.tree("t")?, b"long")?.as_deref(), Some(&b"short"[..]));
        store.close()?;
    }
    assert_eq!(data.metadata().unwrap().len(), whole, "closing has made it whole");
    Ok(())
}

#[test]
fn keys_and_values_have_limits() -> Result<()> {
    let folder = TempDir::new().unwrap();
    let most =
        Limits { value_bytes_max: usize::MAX, key_bytes_max: usize::MAX, ..Limits::default() };
    let options = StoreOptions::new().limits(most);
    let store = LmdbStore::open(folder.path().join("store"), &options)?;
    let (tree, limits) = (store.tree("t")?, store.capabilities().limits);
    assert_eq!((limits.key_bytes_max, limits.value_bytes_max), (1978, u32::MAX as usize));
    for length in [0, 511, 512, 1978] {
        let key = vec![b'k'; length];
        store.put(&tree, &key, b"value")?;
        assert_eq!(store.get(&tree, &key)?.as_deref(), Some(&b"value"[..]), "{length}");
    }
    let error = store.put(&tree, &[b'k'; 1979], b"value").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
    assert!(error.to_string().contains("1979") && error.to_string().contains("1978"), "{error}");
    // Memory that is never touched: a batch would copy it.
    let value = vec![0; 1 << 32];
    let error = store.write(|transaction| transaction.put(&tree, b"key", &value)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
    assert!(error.to_string().contains("4294967296"), "{error}");
    Ok(())
}

#[test]
fn a_store_that_is_open_read_only_is_not_opened_for_writing() -> Result<()> {
    let folder = TempDir::new().unwrap();
    let path = made(&folder)?;
    let reader = LmdbStore::open(&path, &StoreOptions::new().read_only(true))?;
    let error = open(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked, "{error}");
    assert!(error.to_string().contains("read-only"), "{error}");
    drop(reader);
    let writer = open(&path)?;
    let reader = LmdbStore::open(&path, &StoreOptions::new().read_only(true))?;
    writer.close()?;
    let tree = reader.tree("t")?;
    assert_eq!(reader.put(&tree, b"key", b"").unwrap_err().kind(), ErrorKind::ReadOnly);
    assert_eq!(reader.get(&tree, b"key")?.as_deref(), Some(&b"value"[..]));
    Ok(())
}

#[test]
fn writers_of_two_handles_wait_up_to_the_timeout() -> Result<()> {
    let folder = TempDir::new().unwrap();
    let path = made(&folder)?;
    let first = open(&path)?;
    let short = StoreOptions::new().busy_timeout(Duration::from_millis(30));
    let second = LmdbStore::open(&path, &short)?;
    let transaction = first.begin()?;
    let error = second.begin().err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
    // Reading does not wait.
    assert_eq!(second.get(&second.tree("t")?, b"key")?.as_deref(), Some(&b"value"[..]));
    drop(transaction);
    second.begin()?.rollback()
}

#[test]
fn many_snapshots_are_open_at_once() -> Result<()> {
    let folder = TempDir::new().unwrap();
    let path = made(&folder)?;
    let store = open(&path)?;
    let tree = store.tree("t")?;
    let mut snapshots = Vec::new();
    for number in 0..200_u32 {
        snapshots.push(store.snapshot()?);
        store.put(&tree, b"key", &number.to_be_bytes())?;
    }
    for (number, snapshot) in snapshots.iter().enumerate().skip(1) {
        let found = snapshot.get(&tree, b"key")?.unwrap();
        assert_eq!(*found, (number as u32 - 1).to_be_bytes());
    }
    let most = store.capabilities().snapshots_max.unwrap();
    assert_eq!(most, 4096);
    while snapshots.len() < most {
        snapshots.push(store.snapshot()?);
    }
    let error = store.snapshot().err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
    // Writing needs no reader.
    store.put(&tree, b"key", b"last")?;
    snapshots.pop();
    assert_eq!(store.snapshot()?.get(&tree, b"key")?, Some(&b"last"[..]));
    Ok(())
}
