//! Verifying: what it detects, and what it lets pass.

use std::fs;

use arbour_core::{
    Cursor, Durability, ErrorKind, KvRead, KvStore, KvWrite, Operation, Result, StoreOptions,
};
use arbour_redb::RedbStore;

use crate::calls::{is_damage, silence};
use crate::files::{PAGE, Random, SECTOR, folder, images};
use crate::nothing;

type Entries = Vec<(Vec<u8>, Vec<u8>)>;

/// Reads all entries of each tree, forward.
fn contents(store: &RedbStore) -> Result<Vec<Entries>> {
    let snapshot = store.snapshot()?;
    let mut contents = Vec::new();
    for name in snapshot.trees()? {
        let mut cursor = snapshot.prefix(&store.tree(&name)?, b"")?;
        let mut entries = Vec::new();
        while let Some((key, value)) = cursor.next()? {
            entries.push((key.to_vec(), value.to_vec()));
        }
        contents.push(entries);
    }
    Ok(contents)
}

#[test]
fn verifying_detects_every_change_of_what_is_read() {
    let folder = folder().expect("a folder");
    let [_, intact] = images(folder.path()).expect("a store");
    let (path, options) = (folder.path().join("damaged"), StoreOptions::new().verify(true));
    fs::write(&path, &intact).expect("a file");
    let store = RedbStore::open(&path, &options).expect("nothing is damaged");
    let expected = contents(&store).expect("the entries");
    drop(store);
    silence();
    let mut random = Random(5);
    let (mut detected, mut wrong) = (0, Vec::new());
    for sector in (0..intact.len() / SECTOR).step_by(7) {
        for is_zeroed in [false, true] {
            let place = sector * SECTOR + random.below(SECTOR);
            let mut bytes = intact.clone();
            match is_zeroed {
                true => bytes[sector * SECTOR..(sector + 1) * SECTOR].fill(0),
                false => bytes[place] ^= 1 << random.below(8),
            }
            fs::write(&path, &bytes).expect("a file");
            let what = format!("byte {place}, zeroed: {is_zeroed}");
            let is_read_only = random.below(2) == 0;
            match RedbStore::open(&path, &options.clone().read_only(is_read_only)) {
                Ok(store) if contents(&store).is_ok_and(|found| found == expected) => {}
                Ok(_) => wrong.push(what),
                Err(error) if is_damage(&error) => {
                    assert!(fs::read(&path).expect("a file") == bytes, "it was changed");
                    detected += 1;
                }
                Err(error) => wrong.push(format!("{what}: {error:?}")),
            }
        }
    }
    nothing("answers from damaged stores", &wrong);
    assert!(detected > 50, "only {detected} were detected");
}

#[test]
fn compacting_verifies_first() {
    let folder = folder().expect("a folder");
    let [_, intact] = images(folder.path()).expect("a store");
    let path = folder.path().join("damaged");
    // The large values are in pages of their own, which are read only with the values.
    let place = intact.windows(2 * PAGE).position(|bytes| bytes.iter().all(|byte| *byte == 5));
    let mut bytes = intact.clone();
    bytes[place.expect("a large value")] ^= 1;
    fs::write(&path, bytes).expect("a file");
    let store = RedbStore::open(&path, &StoreOptions::new()).expect("the damage is not seen");
    let error = store.compact().expect_err("it is now");
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Corrupted, Operation::Compact));
    assert!(contents(&store).is_ok(), "what redb can read it still reads");
    store.close().expect("the store is as it was");
    RedbStore::open(&path, &StoreOptions::new()).expect("it opens as before");
}

#[test]
fn what_is_not_damaged_passes_verifying() {
    let folder = folder().expect("a folder");
    let path = folder.path().join("store");
    let options = StoreOptions::new().verify(true);
    let store = RedbStore::open(&path, &options).expect("a new store");
    let tree = store.tree("t").expect("a tree");
    for round in 0..20_u32 {
        let durability = [Durability::None, Durability::PowerLoss][round as usize % 2];
        let held = store.snapshot().expect("a snapshot");
        let mut transaction = store.begin_with(durability).expect("a transaction");
        for number in 0..100_u32 {
            transaction.put(&tree, &(number * 3 % 70).to_be_bytes(), &[7; 300]).expect("a put");
        }
        transaction.commit().expect("a commit");
        drop(held);
        // As a killed process leaves it.
        let killed = folder.path().join("killed");
        fs::copy(&path, &killed).expect("a copy");
        drop(RedbStore::open(&killed, &options).expect("nothing is damaged"));
    }
    store.compact().expect("a compaction");
    let outliving = store.snapshot().expect("a snapshot");
    store.close().expect("closed");
    drop(outliving);
    drop(store);
    for is_read_only in [true, false] {
        let options = options.clone().read_only(is_read_only);
        drop(RedbStore::open(&path, &options).expect("nothing is damaged"));
    }
}

#[test]
fn verifying_takes_the_lock() {
    let folder = folder().expect("a folder");
    let path = folder.path().join("store");
    let options = StoreOptions::new().verify(true);
    let store = RedbStore::open(&path, &options).expect("a new store");
    for is_read_only in [true, false] {
        let second = RedbStore::open(&path, &options.clone().read_only(is_read_only));
        assert_eq!(second.expect_err("it is open").kind(), ErrorKind::Locked);
    }
    drop(store);
    let options = options.read_only(true);
    let readers = [(); 2].map(|()| RedbStore::open(&path, &options).expect("readers share it"));
    assert!(readers.iter().all(|reader| reader.stats().is_ok()));
}
