//! The path of a store: resolved when it is opened, whatever happens to folders, links and names
//! later.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "what helps a test may panic as the test may")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use arbour_core::{
    Batch, Durability, Error, ErrorKind, KvRead as _, KvStore as _, KvWrite as _, Result,
    StoreOptions,
};
use arbour_sqlite::{SqliteOptions, SqliteStore};

/// Held while a test changes the current folder of the process.
static FOLDER: Mutex<()> = Mutex::new(());

fn open(path: impl AsRef<Path>) -> Result<SqliteStore> {
    SqliteStore::open(path, &StoreOptions::new())
}

#[track_caller]
fn put(store: &SqliteStore, key: &str) {
    store.put(&store.tree("t").unwrap(), key.as_bytes(), b"").unwrap();
}

#[track_caller]
fn keys(store: &SqliteStore) -> Vec<String> {
    let (tree, snapshot) = (store.tree("t").unwrap(), store.snapshot().unwrap());
    let range = arbour_core::KeyRange::all();
    let mut cursor = snapshot.scan(&tree, range, arbour_core::Direction::Forward).unwrap();
    let mut keys = Vec::new();
    while let Some((key, _)) = arbour_core::Cursor::next(&mut cursor).unwrap() {
        keys.push(String::from_utf8(key.to_vec()).unwrap());
    }
    keys
}

fn names(folder: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let names = fs::read_dir(folder).unwrap().map(|entry| name(entry).into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn any_other_name_is_the_name_of_a_file() {
    let _alone = FOLDER.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    std::env::set_current_dir(folder.path()).unwrap();
    for name in ["./:memory:", "file:app?mode=memory", "file:app", "app", "./app 2", "-app"] {
        let store = open(name).unwrap();
        store.put(&store.tree("t").unwrap(), b"a", name.as_bytes()).unwrap();
        store.close().unwrap();
        assert!(folder.path().join(name).is_file(), "{name}");
        let store = open(name).unwrap();
        let found = store.get(&store.tree("t").unwrap(), b"a").unwrap();
        assert_eq!(found.as_deref(), Some(name.as_bytes()), "{name}");
    }
}

#[test]
fn a_store_in_memory_is_refused_and_the_error_says_how_to_open_one() {
    let _alone = FOLDER.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    std::env::set_current_dir(folder.path()).unwrap();
    for name in [":memory:", ""] {
        for options in [StoreOptions::new(), StoreOptions::new().read_only(true)] {
            let error = SqliteStore::open(name, &options).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{name:?}: {error:?}");
            for says in ["`MemoryStore`", "`memory:`"] {
                assert!(error.message().contains(says), "{name:?}: {error}");
            }
            assert_eq!(error.path(), Some(name.as_ref()));
        }
    }
    assert!(names(folder.path()).is_empty());
}

#[test]
fn a_relative_path_is_resolved_once() {
    let _alone = FOLDER.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    for name in [&one, &other] {
        fs::create_dir(name).unwrap();
    }
    std::env::set_current_dir(&other).unwrap();
    put(&open("store").unwrap(), "other");
    let before = fs::read(other.join("store")).unwrap();
    std::env::set_current_dir(&one).unwrap();
    let store = open("store").unwrap();
    put(&store, "a");
    std::env::set_current_dir(&other).unwrap();
    // Every call that opens a connection or examines a file.
    let held = [store.snapshot().unwrap(), store.snapshot().unwrap()];
    store.data_version().unwrap();
    put(&store, "b");
    assert_eq!(keys(&store), ["a", "b"]);
    let bytes = store.stats().unwrap().disk_bytes;
    assert!(bytes > fs::metadata(other.join("store")).unwrap().len(), "{bytes}");
    store.backup(Path::new("copy")).unwrap();
    drop(held);
    store.compact().unwrap();
    // A connection that a closure leaves unusable is replaced by another.
    let attached = store.with_write_connection(Durability::PowerLoss, |connection| {
        connection.execute_batch("ROLLBACK; ATTACH ':memory:' AS more; BEGIN").unwrap();
        Ok::<_, Error>(())
    });
    assert_eq!(attached.unwrap_err().kind(), ErrorKind::InvalidArgument);
    put(&store, "c");
    store.close().unwrap();
    assert_eq!(names(&other), ["copy", "store"]);
    assert_eq!(names(&one), ["store"]);
    assert!(fs::read(other.join("store")).unwrap() == before, "the other store was written");
    assert_eq!(keys(&open("copy").unwrap()), ["a", "b"]);
    assert_eq!(keys(&open(one.join("store")).unwrap()), ["a", "b", "c"]);
}

const CHILD: &str = "ARBOUR_CHILD_PATH";

/// Runs a test of this executable again, in a process that is told a path and ends abruptly.
fn run_child(test: &str, path: &Path) {
    let mut child = Command::new(std::env::current_exe().unwrap());
    let status = child.args([test, "--exact", "--nocapture"]).env(CHILD, path).status().unwrap();
    assert!(!status.success(), "the child ended as usual");
}

/// Commits one key by a path and dies.
fn commit_and_die(path: &Path) -> ! {
    let store = open(path).unwrap();
    put(&store, "from the child");
    std::process::abort();
}

#[test]
fn links_lead_to_the_store_also_after_a_kill() {
    if let Some(path) = std::env::var_os(CHILD) {
        commit_and_die(Path::new(&path));
    }
    let test = "links_lead_to_the_store_also_after_a_kill";
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    symlink("data/store", folder.path().join("link")).unwrap();
    symlink(folder.path().join("link"), folder.path().join("link of link")).unwrap();
    symlink("data", folder.path().join("folder")).unwrap();
    let ways = ["link", "link of link", "folder/store", "data/store"];
    for killed in ways {
        for reopened in ways {
            run_child(test, &folder.path().join(killed));
            assert_eq!(names(&data), ["store", "store-shm", "store-wal"], "{killed}");
            let store = open(folder.path().join(reopened)).unwrap();
            assert_eq!(keys(&store), ["from the child"], "{killed}, then {reopened}");
            store.close().unwrap();
            assert_eq!(names(folder.path()), ["data", "folder", "link", "link of link"]);
            fs::remove_file(data.join("store")).unwrap();
        }
    }
}

#[test]
fn two_links_are_one_store() {
    let folder = tempfile::tempdir().unwrap();
    for link in ["a", "b"] {
        symlink("store", folder.path().join(link)).unwrap();
    }
    let at_once = StoreOptions::new().busy_timeout(std::time::Duration::ZERO);
    let a = SqliteStore::open(folder.path().join("a"), &at_once).unwrap();
    let b = SqliteStore::open(folder.path().join("b"), &at_once).unwrap();
    put(&a, "a");
    put(&b, "b");
    assert_eq!((keys(&a), keys(&b)), (keys(&b), vec!["a".into(), "b".into()]));
    let writing = a.begin().unwrap();
    assert_eq!(b.begin().err().unwrap().kind(), ErrorKind::Busy);
    drop(writing);
    // Replacing a link changes nothing for the store that is open.
    fs::remove_file(folder.path().join("a")).unwrap();
    symlink("absent", folder.path().join("a")).unwrap();
    put(&a, "c");
    assert_eq!(keys(&b), ["a", "b", "c"]);
}

/// SQLite keeps the log beside each name: two logs would damage the file.
#[test]
fn a_file_with_two_names_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (path, second) = (folder.path().join("store"), folder.path().join("second"));
    let store = open(&path).unwrap();
    put(&store, "a");
    fs::hard_link(&path, &second).unwrap();
    // The open store continues.
    put(&store, "b");
    store.close().unwrap();
    for path in [&path, &second] {
        for options in [StoreOptions::new(), StoreOptions::new().read_only(true)] {
            let error = SqliteStore::open(path, &options).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error:?}");
            assert!(error.message().contains("2 names (hard links)"), "{error}");
        }
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(keys(&open(&second).unwrap()), ["a", "b"]);
}

/// Opens a store with one entry in its log and none in the file.
fn store_with_log(path: &Path) -> SqliteStore {
    let sqlite = SqliteOptions::new().checkpoint_pages(0);
    let store = SqliteStore::open_with(path, &StoreOptions::new(), &sqlite).unwrap();
    put(&store, "a");
    store
}

/// Asserts that every call that would write durably, or open the file again, is refused.
fn refuses_as_moved(store: &SqliteStore) {
    let tree = store.tree("t").unwrap();
    let mut batch = Batch::new();
    batch.put(&tree, b"b", b"");
    let mut transaction = store.begin().unwrap();
    transaction.put(&tree, b"b", b"").unwrap();
    let nothing = |_: &arbour_sqlite::rusqlite::Connection| Ok::<_, Error>(());
    let refused = [
        ("commit", transaction.commit()),
        ("apply", store.apply(batch, Durability::PowerLoss)),
        ("put", store.put(&tree, b"b", b"")),
        ("sync", store.sync()),
        ("compact", store.compact()),
        ("stats", store.stats().map(drop)),
        ("closure", store.with_write_connection(Durability::PowerLoss, nothing)),
        ("watcher", store.data_version().map(drop)),
    ];
    for (call, result) in refused {
        let error = result.expect_err(call);
        assert_eq!(error.kind(), ErrorKind::Moved, "{call}: {error:?}");
        assert_eq!(
            error.path(),
            Some(&*fs::canonicalize(store_folder(&error)).unwrap().join("store"))
        );
    }
    // An open snapshot can still be read; a snapshot that needs another connection is refused.
    let held = store.snapshot().unwrap();
    assert_eq!(held.len(&tree).unwrap(), 1);
    assert_eq!(store.snapshot().err().unwrap().kind(), ErrorKind::Moved);
}

fn store_folder(error: &Error) -> PathBuf {
    error.path().unwrap().parent().unwrap().to_owned()
}

#[test]
fn a_store_that_was_renamed_takes_no_durable_commit() {
    let folder = tempfile::tempdir().unwrap();
    let (path, moved) = (folder.path().join("store"), folder.path().join("moved"));
    let store = store_with_log(&path);
    assert_eq!(keys(&store), ["a"]);
    fs::rename(&path, &moved).unwrap();
    refuses_as_moved(&store);
    // Back in its place it continues.
    fs::rename(&moved, &path).unwrap();
    put(&store, "b");
    fs::rename(&path, &moved).unwrap();
    store.close().unwrap();
    // Closing moved the log into the file, wherever that is, and left none for a new store.
    assert_eq!(keys(&open(&moved).unwrap()), ["a", "b"]);
    assert_eq!(keys(&open(&path).unwrap()), [""; 0]);
}

#[test]
fn a_store_put_in_its_place_is_neither_read_nor_written() {
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("store"), folder.path().join("other"));
    let at_other = open(&other).unwrap();
    put(&at_other, "other");
    put(&at_other, "too");
    at_other.close().unwrap();
    let before = fs::read(&other).unwrap();
    let store = store_with_log(&path);
    assert_eq!(keys(&store), ["a"]);
    fs::rename(&other, &path).unwrap();
    refuses_as_moved(&store);
    store.close().unwrap();
    assert!(fs::read(&path).unwrap() == before, "the other store was written");
    assert_eq!(keys(&open(&path).unwrap()), ["other", "too"]);
}

#[test]
fn a_store_that_was_deleted_takes_no_durable_commit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = store_with_log(&path);
    assert_eq!(keys(&store), ["a"]);
    fs::remove_file(&path).unwrap();
    refuses_as_moved(&store);
    store.close().unwrap();
    assert!(!path.exists(), "closing made a file");
}
