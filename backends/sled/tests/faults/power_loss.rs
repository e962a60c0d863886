//! What a loss of power leaves of files and names that were not synced.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use arbour_core::{Batch, Durability, ErrorKind, KvStore, KvWrite as _, Result};
use arbour_sled::SledStore;

use crate::bed::{Bed, count_numbers, open, put_numbers};

/// A store with three numbers, open, and what it leaves if it is killed now.
fn three_numbers() -> Result<(Bed, SledStore, PathBuf)> {
    let bed = Bed::new();
    let store = bed.open("store")?;
    put_numbers(&store, 0..3)?;
    let killed = bed.kill("store", "killed");
    Ok((bed, store, killed))
}

/// Opens a store, asserts that it has the three numbers, and closes it.
fn assert_three_numbers(path: &Path) -> Result<()> {
    let store = open(path)?;
    assert_eq!(count_numbers(&store, 0..3)?, 3);
    store.close()
}

/// sled never syncs its settings: their data may be gone, although the length is there.
#[test]
fn settings_that_were_lost_are_restored() -> Result<()> {
    let (bed, store, killed) = three_numbers()?;
    store.close()?;
    for path in [killed, bed.path("store")] {
        let lost = [Some(vec![0; 62]), Some(vec![]), Some(vec![0; 4]), Some(vec![7; 62]), None];
        for left in lost {
            let settings = path.join("conf");
            match left {
                Some(bytes) => fs::write(settings, bytes).unwrap(),
                None => fs::remove_file(settings).unwrap(),
            }
            assert_three_numbers(&path)?;
        }
    }
    Ok(())
}

/// The same for a backup, which is a closed store.
#[test]
fn a_backup_without_its_settings_opens() -> Result<()> {
    let (bed, store, _) = three_numbers()?;
    store.backup(&bed.path("backup"))?;
    fs::write(bed.path("backup").join("conf"), "").unwrap();
    assert_three_numbers(&bed.path("backup"))
}

/// If sled is killed while it writes an index, it treats it as its newest one.
#[test]
fn an_unfinished_index_is_removed() -> Result<()> {
    let (bed, store, killed) = three_numbers()?;
    store.close()?;
    for path in [killed, bed.path("store")] {
        for name in ["snap.FFFFFFFFFFFFFFFF.generating", "snap.0000000000000001.generating"] {
            fs::write(path.join(name), "").unwrap();
            assert_three_numbers(&path)?;
            assert!(!path.join(name).exists());
        }
    }
    Ok(())
}

/// A process may die at any step of creating a store, and no step was acknowledged.
#[test]
fn a_store_half_made_is_made_anew() -> Result<()> {
    const NEW: &str = "arbour-sled 1 new\n";
    let zeros = "\0".repeat(64);
    let index = "snap.00000000000000FF.generating";
    for (seal, files) in [
        ("", &[][..]),
        (zeros.as_str(), &[]),
        (NEW, &[("conf", "")]),
        (NEW, &[("conf", "\0\0\0\0"), ("db", "")]),
        (NEW, &[("conf", "noise that is longer than eight"), ("db", "noise")]),
        (NEW, &[("db", "noise"), (index, ""), ("snap.00000000000000FF", "noise")]),
    ] {
        let bed = Bed::new();
        let path = bed.path("store");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("seal"), seal).unwrap();
        for (name, text) in files {
            fs::write(path.join(name), text).unwrap();
        }
        let store = open(&path)?;
        put_numbers(&store, 0..3)?;
        store.close()?;
        assert_three_numbers(&path)?;
    }
    Ok(())
}

/// Nothing is removed unless the seal says that the store was being created.
#[test]
fn an_empty_seal_over_a_log_is_refused() -> Result<()> {
    let (bed, store, _) = three_numbers()?;
    store.close()?;
    let path = bed.path("store");
    let log = fs::read(path.join("db")).unwrap();
    for seal in ["", "\0\0\0\0"] {
        fs::write(path.join("seal"), seal).unwrap();
        assert_eq!(open(&path).unwrap_err().kind(), ErrorKind::Corrupted);
        assert_eq!(fs::read(path.join("db")).unwrap(), log);
    }
    Ok(())
}

/// The number of the file that sled wrote last.
fn newest(blobs: &Path) -> u64 {
    let number = |entry: std::io::Result<fs::DirEntry>| {
        entry.unwrap().file_name().into_string().unwrap().parse::<u64>().unwrap()
    };
    fs::read_dir(blobs).unwrap().map(number).max().unwrap()
}

/// A missing large value is damage if its commit was acknowledged.
#[test]
fn a_large_value_survives_a_kill_at_each_durability() -> Result<()> {
    let bed = Bed::new();
    let store = bed.open("store")?;
    let tree = store.tree("t")?;
    for (number, durability) in Durability::ALL.into_iter().enumerate() {
        let mut batch = Batch::new();
        batch.put(&tree, &[number as u8], &vec![number as u8; 300_000]);
        batch.put(&tree, &[number as u8, 0], b"small");
        store.apply(batch, durability)?;
    }
    store.sync()?;
    assert!(newest(&bed.path("store").join("blobs")) > 0);
    let killed = open(&bed.kill("store", "killed"))?;
    let tree = killed.tree("t")?;
    for number in 0..Durability::ALL.len() as u8 {
        assert_eq!(killed.get(&tree, &[number])?, Some(vec![number; 300_000]));
        assert!(killed.get(&tree, &[number, 0])?.is_some());
    }
    Ok(())
}

/// sled also writes large values outside commits, and never syncs them: one may be missing after
/// the last durable commit. Then the log after it is ignored; before that commit it is damage.
#[test]
fn the_log_ends_where_a_large_value_is_missing() -> Result<()> {
    for durability in Durability::ALL {
        let (bed, store, _) = three_numbers()?;
        let tree = store.tree("u")?;
        let put = |key: &[u8], bytes| {
            store.write_with(durability, |transaction| transaction.put(&tree, key, &vec![7; bytes]))
        };
        put(b"large", 300_000)?;
        let missing = newest(&bed.path("store").join("blobs"));
        put(b"after", 10)?;
        if durability == Durability::None {
            // sled writes its buffers by itself.
            thread::sleep(Duration::from_secs(1));
        }
        let killed = bed.kill("store", "killed later");
        fs::remove_file(killed.join("blobs").join(missing.to_string())).unwrap();
        if durability == Durability::PowerLoss {
            let error = open(&killed).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupted);
            assert!(error.to_string().contains("a large value is missing"), "{error}");
            continue;
        }
        let store = open(&killed)?;
        assert_eq!(count_numbers(&store, 0..3)?, 3);
        let tree = store.tree("u")?;
        assert_eq!(store.get(&tree, b"after")?, None, "{durability:?}");
        put_numbers(&store, 3..6)?;
        store.close()?;
        assert_eq!(count_numbers(&open(&killed)?, 0..6)?, 6);
    }
    Ok(())
}

/// Stores that were left open by earlier versions, which did not count the flushes.
#[test]
fn an_open_store_of_an_earlier_version_opens() -> Result<()> {
    let (_bed, _store, killed) = three_numbers()?;
    fs::write(killed.join("seal"), format!("{:<63}\n", "arbour-sled 1 open")).unwrap();
    assert_three_numbers(&killed)
}
