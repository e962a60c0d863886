//! Folders that are not, or not completely, stores.

use std::fs;
use std::path::{Path, PathBuf};

use arbour_core::{Error, ErrorKind, KvStore, StoreOptions};
use arbour_fjall::FjallStore;
use fjall::{Database, KeyspaceCreateOptions};

fn open(path: &Path) -> Result<FjallStore, Error> {
    FjallStore::open(path, &StoreOptions::new())
}

/// Makes a closed store with one entry.
fn make(path: &Path) {
    let store = open(path).expect("a new store");
    let tree = store.tree("t").expect("a tree");
    store.put(&tree, b"key", b"value").expect("a put");
    store.close().expect("a close");
}

/// Asserts that a folder is refused, twice, and that its files stay.
fn assert_refused(path: &Path, kind: ErrorKind, part: &str) {
    for _ in 0..2 {
        let refused = open(path).expect_err("it is no store");
        assert_eq!(refused.kind(), kind, "{refused}");
        assert!(refused.to_string().contains(part), "{refused}");
        assert_eq!(refused.path().map(Path::file_name), Some(path.file_name()), "{refused}");
    }
}

#[test]
fn a_database_that_arbour_did_not_make_is_refused_and_kept() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("foreign");
    let database = Database::builder(&path).open().unwrap();
    let entries = database.keyspace("entries", KeyspaceCreateOptions::default).unwrap();
    entries.insert("key", "value").unwrap();
    drop((entries, database));
    assert_refused(&path, ErrorKind::InvalidArgument, "Arbour did not make");
    let database = Database::builder(&path).open().unwrap();
    let entries = database.keyspace("entries", KeyspaceCreateOptions::default).unwrap();
    assert_eq!(entries.get("key").unwrap().as_deref(), Some(&b"value"[..]));
}

#[test]
fn a_file_and_a_folder_of_something_else_are_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let (file, folder) = (scratch.path().join("file"), scratch.path().join("folder"));
    fs::write(&file, "text").unwrap();
    assert_refused(&file, ErrorKind::Corrupted, "is a folder");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("app.redb"), "text").unwrap();
    assert_refused(&folder, ErrorKind::Corrupted, "not a store of fjall");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
}

#[test]
fn a_newer_fjall_and_a_newer_arbour_are_too_new() {
    for (file, text) in [("version", &b"FJL\x04"[..]), ("arbour", b"arbour-fjall 2\n")] {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("store");
        make(&path);
        fs::write(path.join(file), text).unwrap();
        assert_refused(&path, ErrorKind::TooNew, "newer version");
    }
}

/// fjall itself would make each of these an empty store, or would panic.
#[test]
fn a_store_without_one_of_its_files_is_damaged() {
    for missing in ["version", "0.jnl", "keyspaces/0/current", "keyspaces/1/current"] {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("store");
        make(&path);
        fs::remove_file(path.join(missing)).unwrap();
        assert_refused(&path, ErrorKind::Corrupted, "missing");
    }
    for (file, text) in [
        ("arbour", &b"arbour-fjall x\n"[..]),
        // One bit less than a finished one.
        ("arbour", b"arbour-fjall 0\n"),
        ("arbour", b"\xff"),
        ("arbour", b""),
        ("version", b"FJL"),
        ("keyspaces/1/current", b"\0"),
    ] {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("store");
        make(&path);
        fs::write(path.join(file), text).unwrap();
        let says = if file.ends_with("current") { "list of a keyspace's files" } else { file };
        assert_refused(&path, ErrorKind::Corrupted, says);
        let absent = FjallStore::open(&path, &StoreOptions::new().create(false)).unwrap_err();
        assert_eq!(absent.kind(), ErrorKind::Corrupted, "{absent}");
    }
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("store");
    make(&path);
    fs::create_dir(path.join("keyspaces/copy")).unwrap();
    assert_refused(&path, ErrorKind::Corrupted, "something else");
}

/// fjall itself does not notice: one bit of the list hides a sorted file and its commits.
#[test]
fn a_damaged_list_of_files_is_noticed() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("store");
    make(&path);
    let files = fs::read_dir(path.join("keyspaces/1")).unwrap().map(|file| file.unwrap().path());
    let is_list = |file: &PathBuf| file.is_file() && !file.ends_with("current");
    let lists: Vec<_> = files.filter(is_list).collect();
    assert!(!lists.is_empty());
    for list in lists {
        let mut bytes = fs::read(&list).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 4;
        fs::write(&list, bytes).unwrap();
    }
    assert_refused(&path, ErrorKind::Corrupted, "list of a keyspace's files");
}

/// It is in no checksum of fjall's.
#[test]
fn verification_compares_the_length_of_a_large_value() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("store");
    let store = open(&path).unwrap();
    store.put(&store.tree("t").unwrap(), b"key", &[7; 5000]).unwrap();
    store.close().unwrap();
    let verified = || FjallStore::open(&path, &StoreOptions::new().verify(true));
    verified().unwrap().close().unwrap();
    // A value begins with four bytes, a checksum of 16, a number of 8, and the length of its key.
    let values = path.join("keyspaces/1/blobs/0");
    let mut bytes = fs::read(&values).unwrap();
    let length: [u8; 4] = bytes[30..34].try_into().unwrap();
    assert_eq!(u32::from_le_bytes(length), 5000);
    bytes[31] ^= 0x20;
    fs::write(&values, bytes).unwrap();
    let error = verified().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupted, "{error}");
    assert!(error.to_string().contains("13192 bytes, and had 5000"), "{error}");
}

/// Whatever an interrupted creation left, nothing was committed yet.
#[test]
fn an_interrupted_creation_starts_over() {
    let scratch = tempfile::tempdir().unwrap();
    for left in ["", "0.jnl", "version", "lock"] {
        let path = scratch.path().join(format!("store {left}"));
        fs::create_dir_all(path.join("keyspaces/0")).unwrap();
        fs::write(path.join("arbour"), "arbour-fjall -\n").unwrap();
        if !left.is_empty() {
            fs::write(path.join(left), "half").unwrap();
        }
        let absent = FjallStore::open(&path, &StoreOptions::new().create(false)).unwrap_err();
        assert_eq!(absent.kind(), ErrorKind::NotFound, "{absent}");
        make(&path);
        let store = open(&path).unwrap();
        let tree = store.tree("t").unwrap();
        assert_eq!(store.get(&tree, b"key").unwrap().as_deref(), Some(&b"value"[..]));
    }
}

#[test]
fn a_closed_store_needs_no_journal_and_has_none_to_damage() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("store");
    make(&path);
    assert_eq!(fs::metadata(path.join("0.jnl")).unwrap().len(), 0);
    fs::write(path.join("0.jnl"), "noise").unwrap();
    let store = open(&path).unwrap();
    let tree = store.tree("t").unwrap();
    assert_eq!(store.get(&tree, b"key").unwrap().as_deref(), Some(&b"value"[..]));
}

/// fjall's threads and its lock end with the store, or with its last snapshot.
#[test]
fn closing_and_opening_at_once_works() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("store");
    for round in 0..20_u32 {
        let store = open(&path).unwrap();
        let tree = store.tree("t").unwrap();
        store.put(&tree, &round.to_be_bytes(), &[7; 5000]).unwrap();
        assert_eq!(store.stats().unwrap().entries, u64::from(round) + 1);
        store.close().unwrap();
    }
    let store = open(&path).unwrap();
    let snapshot = store.snapshot().unwrap();
    store.close().unwrap();
    assert_eq!(open(&path).unwrap_err().kind(), ErrorKind::Locked);
    drop(snapshot);
    assert!(open(&path).is_ok());
}

#[test]
fn read_only_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("store");
    make(&path);
    let refused = FjallStore::open(&path, &StoreOptions::new().read_only(true)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unsupported, "{refused}");
}
