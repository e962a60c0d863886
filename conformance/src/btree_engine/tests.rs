//! Damage to the log, byte by byte. The suite cannot test it, because a kill almost never tears a
//! write.

use std::fs;

use arbour_core::{ErrorKind, KvRead, KvStore, Result, StoreOptions};

use super::BTreeFactory;
use crate::Factory;

const KEYS: [&[u8]; 3] = [b"one", b"two", b"six"];

/// Writes one record for each of [`KEYS`] and returns the file.
fn three_records(path: &std::path::Path) -> Result<Vec<u8>> {
    let store = BTreeFactory.open(path, &StoreOptions::new())?;
    let tree = store.tree("t")?;
    for key in KEYS {
        store.put(&tree, key, b"value")?;
    }
    store.close()?;
    Ok(fs::read(path).unwrap())
}

/// Returns how many of [`KEYS`] are there; they have to be the first ones.
fn count(store: &impl KvStore) -> Result<usize> {
    let (tree, snapshot) = (store.tree("t")?, store.snapshot()?);
    let found = KEYS.map(|key| snapshot.contains(&tree, key).unwrap());
    assert!(found.is_sorted_by(|one, next| one >= next), "not a beginning: {found:?}");
    Ok(found.iter().filter(|found| **found).count())
}

#[test]
fn torn_tail_is_cut_off_at_every_byte() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let whole = three_records(&path)?;
    let record = (whole.len() - super::log::header(0).len()) / 3;
    for torn in super::log::header(0).len()..whole.len() {
        // Cut short, and followed by garbage where the device had not written yet.
        for garbage in [0, whole.len() - torn] {
            let bytes = [&whole[..torn], &vec![0xa5; garbage]].concat();
            fs::write(&path, bytes).unwrap();
            let kept = (torn - super::log::header(0).len()) / record;
            let reader = BTreeFactory.open(&path, &StoreOptions::new().read_only(true))?;
            assert_eq!(count(&reader)?, kept, "read-only, torn at {torn}");
            reader.close()?;
            let store = BTreeFactory.open(&path, &StoreOptions::new())?;
            assert_eq!(count(&store)?, kept, "torn at {torn}");
            store.put(&store.tree("t")?, b"new", b"")?;
            store.close()?;
            let store = BTreeFactory.open(&path, &StoreOptions::new())?;
            assert_eq!(count(&store)?, kept, "torn at {torn}, written since");
            assert!(store.get(&store.tree("t")?, b"new")?.is_some(), "torn at {torn}");
        }
    }
    Ok(())
}

#[test]
fn damage_before_a_good_record_is_refused_at_every_byte() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let whole = three_records(&path)?;
    let record = (whole.len() - super::log::header(0).len()) / 3;
    for damaged in 0..whole.len() - record {
        let mut bytes = whole.clone();
        bytes[damaged] ^= 0x40;
        fs::write(&path, &bytes).unwrap();
        let error = BTreeFactory.open(&path, &StoreOptions::new()).err().unwrap();
        let expected = match damaged {
            8..12 => ErrorKind::TooNew,
            _ => ErrorKind::Corrupted,
        };
        assert_eq!(error.kind(), expected, "damaged at {damaged}: {error:?}");
        assert_eq!(error.path(), Some(path.as_path()));
        assert_eq!(fs::read(&path).unwrap(), bytes, "what is refused is not touched");
    }
    Ok(())
}
