//! The path of a store, and what happens if it changes.

use std::fs;
use std::io;

use arbour_core::{Durability, ErrorKind, KvStore, KvWrite as _, Result, StoreOptions};
use arbour_sled::SledStore;

use crate::bed::{Bed, count_numbers, open, put_numbers};

#[test]
fn an_absent_store_is_not_found() {
    let bed = Bed::new();
    let keep = StoreOptions::new().create(false);
    fs::create_dir(bed.path("empty")).unwrap();
    for name in ["absent", "empty"] {
        let error = SledStore::open(bed.path(name), &keep).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{name}");
        assert_eq!(error.path(), Some(bed.path(name).as_path()));
    }
    assert!(!bed.path("absent").exists());
    assert_eq!(fs::read_dir(bed.path("empty")).unwrap().count(), 0);
}

/// The folder is renamed, deleted, or replaced by another.
#[test]
fn a_moved_store_refuses_durable_commits() -> Result<()> {
    for durability in [Durability::ProcessCrash, Durability::PowerLoss] {
        for replaced in [false, true] {
            let bed = Bed::new();
            let store = bed.open("store")?;
            put_numbers(&store, 0..3)?;
            fs::rename(bed.path("store"), bed.path("moved")).unwrap();
            if replaced {
                bed.open("store")?.close()?;
            }
            let tree = store.tree("t")?;
            let result = store.write_with(durability, |transaction| {
                transaction.put(&tree, b"large", &vec![7; 300_000])
            });
            let error = result.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Moved);
            assert_eq!(error.path(), Some(bed.path("store").as_path()));
            assert_eq!(store.sync().unwrap_err().kind(), ErrorKind::Moved);
            assert_eq!(store.close().unwrap_err().kind(), ErrorKind::Moved);
            drop(store);
            // The replacement is unchanged, and the moved store is whole.
            if replaced {
                assert_eq!(count_numbers(&bed.open("store")?, 0..3)?, 0);
            }
            assert_eq!(count_numbers(&bed.open("moved")?, 0..3)?, 3);
        }
    }
    Ok(())
}

/// Data that sled keeps only in memory is written out even though the store was moved.
#[test]
fn closing_a_moved_store_loses_nothing() -> Result<()> {
    let bed = Bed::new();
    let store = bed.open("store")?;
    let tree = store.tree("t")?;
    store.write_with(Durability::None, |transaction| transaction.put(&tree, b"a", b"1"))?;
    fs::rename(bed.path("store"), bed.path("moved")).unwrap();
    assert_eq!(store.close().unwrap_err().kind(), ErrorKind::Moved);
    let moved = bed.open("moved")?;
    assert!(moved.get(&moved.tree("t")?, b"a")?.is_some());
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_link_leads_to_the_one_store() -> Result<()> {
    use std::os::unix::fs::symlink;

    let bed = Bed::new();
    for link in ["one", "two"] {
        symlink("store", bed.path(link)).unwrap();
    }
    let store = bed.open("one")?;
    put_numbers(&store, 0..3)?;
    for name in ["store", "one", "two"] {
        assert_eq!(bed.open(name).unwrap_err().kind(), ErrorKind::Locked, "{name}");
    }
    // Killed, and opened through a link.
    let killed = bed.kill("store", "killed");
    symlink(&killed, bed.path("three")).unwrap();
    assert_eq!(count_numbers(&bed.open("three")?, 0..3)?, 3);
    // A link that is replaced while the store is open is not followed again.
    fs::remove_file(bed.path("one")).unwrap();
    symlink(&killed, bed.path("one")).unwrap();
    put_numbers(&store, 3..6)?;
    store.backup(&bed.path("backup"))?;
    store.close()?;
    assert_eq!(count_numbers(&bed.open("store")?, 0..6)?, 6);
    assert_eq!(count_numbers(&bed.open("backup")?, 0..6)?, 6);
    assert_eq!(count_numbers(&open(&killed)?, 0..6)?, 3);
    Ok(())
}

/// A process changes its folder after it opened a store by a relative path. The folder belongs to
/// the whole process, so another process does it.
#[test]
fn a_relative_path_is_resolved_once() -> Result<()> {
    use std::env;
    use std::process::Command;

    const PARENT: &str = "ARBOUR_SLED_RELATIVE_PARENT";
    if let Some(parent) = env::var_os(PARENT) {
        env::set_current_dir(&parent).unwrap();
        let store = SledStore::open("store", &StoreOptions::new())?;
        fs::create_dir("elsewhere").unwrap();
        env::set_current_dir("elsewhere").unwrap();
        let tree = store.tree("t")?;
        store.put(&tree, b"large", &vec![7; 300_000])?;
        put_numbers(&store, 0..3)?;
        store.stats()?;
        store.backup("backup".as_ref())?;
        assert!(!fs::exists("store").map_err(|_: io::Error| ()).unwrap());
        return store.close();
    }
    let bed = Bed::new();
    let name = "place::a_relative_path_is_resolved_once";
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", name])
        .env(PARENT, bed.path(""))
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
    assert_eq!(count_numbers(&bed.open("store")?, 0..3)?, 3);
    assert_eq!(count_numbers(&bed.open("elsewhere/backup")?, 0..3)?, 3);
    Ok(())
}
