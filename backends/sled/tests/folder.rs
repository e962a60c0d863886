//! Folders that belong to sled alone or to another program, or that were left half made.

#![allow(clippy::unwrap_used, reason = "what helps a test may panic as the test may")]

use std::fs;
use std::path::Path;
use std::thread;

use arbour_core::{Batch, Durability, ErrorKind, KvStore, KvWrite, Result, StoreOptions};
use arbour_sled::SledStore;

fn open(path: &Path) -> Result<SledStore> {
    SledStore::open(path, &StoreOptions::new())
}

/// Lists the files in a folder and their lengths.
fn files(path: &Path) -> Vec<(String, u64)> {
    let file = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.unwrap();
        (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().len())
    };
    let mut files: Vec<_> = fs::read_dir(path).unwrap().map(file).collect();
    files.sort();
    files
}

/// Opens a database of sled alone, once sled's threads have let go of it if it was open before.
fn open_alone(path: &Path) -> sled::Db {
    loop {
        match sled::open(path) {
            Err(sled::Error::Io(error)) if error.to_string().contains("acquire lock") => {
                thread::yield_now();
            }
            opened => return opened.unwrap(),
        }
    }
}

#[test]
fn what_is_not_ours_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = folder.path().join("foreign");
    open_alone(&foreign).insert("key", "value").unwrap();
    let other = folder.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("CURRENT"), "MANIFEST-000004\n").unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"SQLite format 3\0").unwrap();
    for (path, kind) in [
        (&foreign, ErrorKind::InvalidArgument),
        (&other, ErrorKind::Corrupted),
        (&file, ErrorKind::Corrupted),
    ] {
        let before = path.is_dir().then(|| files(path));
        for _ in 0..2 {
            let error = open(path).unwrap_err();
            assert_eq!(error.kind(), kind, "{error:?}");
            assert_eq!(error.path(), Some(path.as_path()));
        }
        assert_eq!(path.is_dir().then(|| files(path)), before, "{}", path.display());
    }
    let found = open_alone(&foreign).get("key").unwrap();
    assert_eq!(found.as_deref(), Some(&b"value"[..]));
}

#[test]
fn an_empty_folder_becomes_a_store() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path())?;
    store.put(&store.tree("t")?, b"a", b"1")?;
    store.close()?;
    let store = open(folder.path())?;
    assert_eq!(store.get(&store.tree("t")?, b"a")?.as_deref(), Some(&b"1"[..]));
    Ok(())
}

/// A process that dies while it creates a store leaves one of these.
#[test]
fn a_store_half_made_is_made_anew() -> Result<()> {
    for left in ["", "arbour-sled 1 new\n"] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("seal"), left).unwrap();
        let store = open(folder.path())?;
        store.put(&store.tree("t")?, b"a", b"1")?;
        store.close()?;
        let store = open(folder.path())?;
        assert!(store.get(&store.tree("t")?, b"a")?.is_some());
    }
    Ok(())
}

#[test]
fn a_bad_seal_is_refused() -> Result<()> {
    for (seal, kind) in [
        ("", ErrorKind::Corrupted),
        ("arbour-sled", ErrorKind::Corrupted),
        ("arbour-sled one open", ErrorKind::Corrupted),
        ("arbour-sled 1 ajar", ErrorKind::Corrupted),
        ("arbour-sled 1 closed", ErrorKind::Corrupted),
        ("arbour-sled 1 closed what", ErrorKind::Corrupted),
        ("arbour-sled 1 closed 0123456789abcdef", ErrorKind::Corrupted),
        ("arbour-sled 1 open and more", ErrorKind::Corrupted),
        ("arbour-sled 2 whatever that means", ErrorKind::TooNew),
        ("another 1 open", ErrorKind::Corrupted),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path())?;
        store.put(&store.tree("t")?, b"a", b"1")?;
        store.close()?;
        fs::write(folder.path().join("seal"), seal).unwrap();
        assert_eq!(open(folder.path()).unwrap_err().kind(), kind, "{seal:?}");
    }
    Ok(())
}

/// sled would start over in a folder whose log is gone.
#[test]
fn a_lost_file_is_noticed() -> Result<()> {
    for crashed in [false, true] {
        for lost in ["db", "conf", "blobs"] {
            let folder = tempfile::tempdir().unwrap();
            let store = open(folder.path())?;
            store.put(&store.tree("t")?, b"a", &vec![7; 1 << 20])?;
            store.close()?;
            let lost_path = folder.path().join(lost);
            match lost {
                "blobs" => fs::remove_dir_all(&lost_path).unwrap(),
                _ => fs::remove_file(&lost_path).unwrap(),
            }
            if crashed {
                fs::write(folder.path().join("seal"), "arbour-sled 1 open\n").unwrap();
            }
            let read = open(folder.path()).and_then(|s| s.get(&s.tree("t")?, b"a"));
            match read {
                // sled's settings are the same in every store, and restored. For a store that was
                // not closed there is no checksum: sled skips a large value whose file is gone as
                // if it had never existed.
                Ok(value) if lost == "conf" => assert!(value.is_some()),
                Ok(value) if crashed && lost == "blobs" => assert!(value.is_none()),
                Ok(value) => panic!("{lost}, crashed {crashed}: {:?}", value.map(|v| v.len())),
                Err(error) => assert_eq!(error.kind(), ErrorKind::Corrupted, "{lost}: {error:?}"),
            }
        }
    }
    Ok(())
}

#[test]
fn sled_alone_and_a_store_lock_each_other_out() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path())?;
    assert!(sled::open(folder.path()).is_err());
    store.close()?;
    let alone = open_alone(folder.path());
    assert_eq!(open(folder.path()).unwrap_err().kind(), ErrorKind::Locked);
    drop(alone);
    Ok(())
}

/// sled's batches take a lock that all databases of a process share.
#[test]
fn two_stores_commit_side_by_side() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let stores = [open(&folder.path().join("one"))?, open(&folder.path().join("two"))?];
    thread::scope(|scope| {
        for store in &stores {
            scope.spawn(move || {
                let (t, u) = (store.tree("t").unwrap(), store.tree("u").unwrap());
                for number in 0..100_u32 {
                    let durability = Durability::ALL[number as usize % 3];
                    let key = number.to_be_bytes();
                    store
                        .write_with(durability, |transaction| {
                            transaction.put(&t, &key, b"1")?;
                            transaction.put(&u, &key, b"1")
                        })
                        .unwrap();
                    let mut batch = Batch::new();
                    batch.delete(&u, &key);
                    store.apply(batch, durability).unwrap();
                }
            });
        }
    });
    for store in &stores {
        assert_eq!(store.stats()?.entries, 100);
    }
    Ok(())
}

/// Closing releases the files even if a handle of a tree lives; if a snapshot lives, dropping the
/// last one releases them.
#[test]
fn files_are_let_go_with_the_last_reader() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path())?;
    let tree = store.tree("t")?;
    store.put(&tree, b"a", b"1")?;
    let (one, two) = (store.snapshot()?, store.snapshot()?);
    store.close()?;
    assert_eq!(open(folder.path()).unwrap_err().kind(), ErrorKind::Locked);
    drop(one);
    assert_eq!(open(folder.path()).unwrap_err().kind(), ErrorKind::Locked);
    drop(two);
    let seal = fs::read_to_string(folder.path().join("seal")).unwrap();
    assert!(seal.starts_with("arbour-sled 1 closed "), "{seal}");
    open(folder.path())?.close()?;
    drop(tree);
    Ok(())
}
