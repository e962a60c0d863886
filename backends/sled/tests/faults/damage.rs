//! Damaged files, of closed stores and of stores that were not closed.

use std::fs;
use std::path::Path;

use arbour_core::{Batch, Durability, ErrorKind, KvStore, Result, StoreOptions};
use arbour_sled::SledStore;

use crate::bed::{Bed, count_numbers, open, put_numbers, value};

fn damage(file: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(file).unwrap();
    change(&mut bytes);
    fs::write(file, bytes).unwrap();
}

/// If the header of a segment is damaged, sled skips the segment, and everything it writes there
/// later.
#[test]
fn a_damaged_header_of_a_segment_is_detected() -> Result<()> {
    let bed = Bed::new();
    let store = bed.open("store")?;
    put_numbers(&store, 0..20)?;
    for place in 0..20 {
        let killed = bed.kill("store", &format!("killed {place}"));
        damage(&killed.join("db"), |bytes| bytes[place] ^= 1);
        let error = open(&killed).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupted, "byte {place}");
        // Nothing was changed: a repaired file can be opened.
        damage(&killed.join("db"), |bytes| bytes[place] ^= 1);
        assert_eq!(count_numbers(&open(&killed)?, 0..20)?, 20);
    }
    Ok(())
}

/// sled treats damage in its log as the end of the log.
#[test]
fn a_log_that_ends_before_durable_commits_is_detected() -> Result<()> {
    let bed = Bed::new();
    let store = bed.open("store")?;
    put_numbers(&store, 0..200)?;
    let bytes = fs::read(bed.path("store").join("db")).unwrap();
    let end = bytes.iter().rposition(|&byte| byte != 0).unwrap();
    for place in (20..end).step_by(end / 40) {
        let killed = bed.kill("store", &format!("killed {place}"));
        damage(&killed.join("db"), |bytes| bytes[place] ^= 0x55);
        match open(&killed) {
            Ok(store) => assert_eq!(count_numbers(&store, 0..200)?, 200, "byte {place}"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Corrupted, "byte {place}: {error}"),
        }
    }
    Ok(())
}

/// The same in a store that was closed, opened again, and killed at once.
#[test]
fn what_was_closed_stays_covered() -> Result<()> {
    let bed = Bed::new();
    let store = bed.open("store")?;
    put_numbers(&store, 0..20)?;
    store.close()?;
    let _store = bed.open("store")?;
    let killed = bed.kill("store", "killed");
    damage(&killed.join("db"), |bytes| {
        let end = bytes.iter().rposition(|&byte| byte != 0).unwrap();
        bytes[end - 200] ^= 1;
    });
    assert_eq!(open(&killed).unwrap_err().kind(), ErrorKind::Corrupted);
    Ok(())
}

/// After a damaged record sled skips the rest of the segment, and continues with the next one.
#[test]
fn a_damaged_record_in_the_middle_of_the_log_is_detected() -> Result<()> {
    const KEYS: u32 = 600;

    let bed = Bed::new();
    let store = bed.open("store")?;
    let tree = store.tree("t")?;
    for round in 0..5_u32 {
        for key in 0..KEYS {
            // Every seventh key, so that each commit changes a page of its own.
            let key = key * 7 % KEYS;
            let mut batch = Batch::new();
            batch.put(&tree, &key.to_be_bytes(), &[round as u8; 600]);
            store.apply(batch, Durability::None)?;
        }
    }
    store.sync()?;
    let length = fs::metadata(bed.path("store").join("db")).unwrap().len() as usize;
    assert!(length > 4 << 19, "{length}");
    for place in (1 << 16..length).step_by(1 << 17) {
        let killed = bed.kill("store", &format!("killed {place}"));
        damage(&killed.join("db"), |bytes| bytes[place] ^= 1);
        match open(&killed) {
            Err(error) => assert_eq!(error.kind(), ErrorKind::Corrupted, "byte {place}"),
            Ok(store) => {
                let tree = store.tree("t")?;
                for key in 0..KEYS {
                    let found = store.get(&tree, &key.to_be_bytes())?;
                    assert_eq!(found, Some(vec![4; 600]), "byte {place}, key {key}");
                }
            }
        }
    }
    Ok(())
}

/// What is already in sled's index is not read when the store is opened, unless that is requested.
#[test]
fn verifying_reads_everything() -> Result<()> {
    let bed = Bed::new();
    let store = bed.open("store")?;
    let (tree, mut batch) = (store.tree("t")?, Batch::new());
    for number in 0..4000_u32 {
        batch.put(&tree, &number.to_be_bytes(), &value(number));
    }
    store.apply(batch, Durability::PowerLoss)?;
    store.close()?;
    let _store = bed.open("store")?;
    let log = fs::read(bed.path("store").join("db")).unwrap();
    let end = log.iter().rposition(|&byte| byte != 0).unwrap();
    let mut refused = [0; 2];
    for place in (20..end).step_by(end / 20) {
        for verify in [false, true] {
            let killed = bed.kill("store", &format!("killed {place} {verify}"));
            damage(&killed.join("db"), |bytes| bytes[place] ^= 0x55);
            match SledStore::open(&killed, &StoreOptions::new().verify(verify)) {
                Ok(store) if verify => assert_eq!(count_numbers(&store, 0..4000)?, 4000, "{place}"),
                Ok(_) => {}
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Corrupted, "byte {place}: {error}");
                    refused[usize::from(verify)] += 1;
                }
            }
        }
    }
    assert!(refused[0] < refused[1], "{refused:?}");
    Ok(())
}
