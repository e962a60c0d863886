//! Files: their owner, other processes, and a full disk.

use std::fs::{self, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use arbour_core::{
    Batch, Durability, Error, ErrorKind, KvRead as _, KvStore as _, KvWrite as _, Operation,
    Result, StoreOptions,
};
use arbour_sqlite::rusqlite::Connection;
use arbour_sqlite::{SqliteStore, sql_error};

fn open(path: &Path) -> Result<SqliteStore> {
    SqliteStore::open(path, &StoreOptions::new())
}

#[test]
fn a_newer_format_of_sqlite_is_too_new() {
    let folder = tempfile::tempdir().unwrap();
    // The required version for writing, and the required version for reading.
    for offset in [18, 19] {
        let path = folder.path().join(format!("store {offset}"));
        let store = open(&path).unwrap();
        store.put(&store.tree("t").unwrap(), b"a", b"1").unwrap();
        store.close().unwrap();
        let mut file = OpenOptions::new().write(true).open(&path).unwrap();
        file.seek(SeekFrom::Start(offset)).unwrap();
        file.write_all(&[3]).unwrap();
        drop(file);
        let before = fs::read(&path).unwrap();
        let error = open(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooNew, "{offset}: {error:?}");
        assert!(fs::read(&path).unwrap() == before, "{offset}: the file was changed");
    }
}

#[test]
fn another_engines_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let mut bytes = b"redb\x1a\x0a\xa9\x0d\x0a".to_vec();
    bytes.resize(64 << 10, 0);
    fs::write(&path, &bytes).unwrap();
    let error = open(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupted, "{error:?}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn many_may_create_the_same_store_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..50 {
        let path = folder.path().join(format!("store {round}"));
        thread::scope(|scope| {
            for number in 0..8_u8 {
                let path = &path;
                scope.spawn(move || {
                    let store = open(path).unwrap();
                    store.put(&store.tree("t").unwrap(), &[number], b"").unwrap();
                });
            }
        });
        let store = open(&path).unwrap();
        assert_eq!(store.snapshot().unwrap().len(&store.tree("t").unwrap()).unwrap(), 8);
    }
}

/// SQLite itself does not wait while it switches a file to WAL, which happens to every new store.
#[test]
fn a_store_is_made_of_a_file_somebody_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE; CREATE TABLE o (n)").unwrap();
    let at_once = StoreOptions::new().busy_timeout(Duration::from_millis(20));
    let error = SqliteStore::open(&path, &at_once).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked, "{error:?}");
    thread::scope(|scope| {
        let opening = scope.spawn(|| open(&path));
        thread::sleep(Duration::from_millis(50));
        other.execute_batch("COMMIT").unwrap();
        opening.join().unwrap().unwrap();
    });
}

#[test]
fn another_writer_is_waited_for_in_vain() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let wait = Duration::from_millis(80);
    let store = SqliteStore::open(&path, &StoreOptions::new().busy_timeout(wait)).unwrap();
    let t = store.tree("t").unwrap();
    store.put(&t, b"a", b"1").unwrap();
    // Any other connection stands for another process.
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let began = Instant::now();
    let error = store.begin().err().unwrap();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Busy, Operation::Begin));
    assert!(began.elapsed() >= wait, "it did not wait");
    assert_eq!(error.path(), Some(path.as_path()));
    let error = store.put(&t, b"b", b"1").unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Busy, Operation::Apply));
    assert_eq!(store.sync().unwrap_err().kind(), ErrorKind::Busy);
    assert_eq!(store.compact().unwrap_err().kind(), ErrorKind::Busy);
    assert!(store.get(&t, b"a").unwrap().is_some(), "reading goes on");
    other.execute_batch("COMMIT").unwrap();
    store.put(&t, b"b", b"1").unwrap();
    // Only compacting is affected by another reader.
    other.execute_batch("BEGIN; SELECT count(*) FROM tree_t").unwrap();
    store.put(&t, b"c", b"1").unwrap();
    assert_eq!(store.compact().unwrap_err().kind(), ErrorKind::Busy);
    other.execute_batch("COMMIT").unwrap();
    store.compact().unwrap();
    assert_eq!(store.snapshot().unwrap().len(&t).unwrap(), 3);
}

#[test]
fn a_file_that_another_has_to_itself_is_locked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    open(&path).unwrap().close().unwrap();
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE o (n)")
        .unwrap();
    let options = StoreOptions::new().busy_timeout(Duration::from_millis(20));
    let error = SqliteStore::open(&path, &options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked, "{error:?}");
    drop(other);
    SqliteStore::open(&path, &options).unwrap();
}

/// A quota stands for a full disk: SQLite reports both alike.
#[test]
fn a_full_disk_costs_only_what_did_not_fit() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store")).unwrap();
    let t = store.tree("t").unwrap();
    store.put(&t, b"a", &[1; 10_000]).unwrap();
    let limited = store.with_write_connection(Durability::PowerLoss, |connection| {
        let limit = "PRAGMA max_page_count = 40";
        connection.execute_batch(limit).map_err(|cause| sql_error(cause, Operation::Apply))
    });
    limited.unwrap();
    let full = |error: Error| {
        assert_eq!(error.kind(), ErrorKind::DiskFull, "{error:?}");
        assert!(error.message().contains("full"), "{error}");
    };
    for _ in 0..3 {
        let mut batch = Batch::new();
        batch.put(&t, b"b", b"small");
        batch.put(&t, b"c", &[2; 1 << 20]);
        full(store.apply(batch, Durability::PowerLoss).unwrap_err());
        let mut transaction = store.begin().unwrap();
        transaction.put(&t, b"b", b"small").unwrap();
        full(transaction.put(&t, b"c", &[2; 1 << 20]).unwrap_err());
        // A transaction that SQLite rolled back must not be committed in part.
        let _ = transaction.put(&t, b"d", b"small");
        assert_eq!(transaction.commit().unwrap_err().kind(), ErrorKind::Engine);
        let snapshot = store.snapshot().unwrap();
        assert_eq!(snapshot.len(&t).unwrap(), 1);
        assert_eq!(snapshot.get_with(&t, b"a", <[u8]>::to_vec).unwrap(), Some(vec![1; 10_000]));
    }
    // What fits is written.
    store.put(&t, b"b", b"small").unwrap();
    store.delete(&t, b"a").unwrap();
    store.put(&t, b"a", &[3; 10_000]).unwrap();
    assert_eq!(store.snapshot().unwrap().len(&t).unwrap(), 2);
}

#[test]
fn a_backup_does_not_land_beside_another_databases_log() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store")).unwrap();
    store.put(&store.tree("t").unwrap(), b"a", b"1").unwrap();
    let destination = folder.path().join("copy");
    for ending in ["-wal", "-journal"] {
        let log = folder.path().join(format!("copy{ending}"));
        fs::write(&log, b"of another").unwrap();
        let error = store.backup(&destination).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error:?}");
        assert!(!destination.exists());
        fs::remove_file(&log).unwrap();
    }
    // The leftovers of a killed attempt do no harm.
    fs::write(folder.path().join("copy.unfinished"), b"half").unwrap();
    fs::write(folder.path().join("copy.unfinished-journal"), b"half").unwrap();
    store.backup(&destination).unwrap();
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("copy"))
        .collect();
    names.sort();
    assert_eq!(names, ["copy"]);
}

#[test]
fn a_read_only_store_sees_what_others_commit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = open(&path).unwrap();
    let t = store.tree("t").unwrap();
    store.put(&t, b"a", b"1").unwrap();
    let reader = SqliteStore::open(&path, &StoreOptions::new().read_only(true)).unwrap();
    let in_reader = reader.tree("t").unwrap();
    assert_eq!(reader.get(&in_reader, b"a").unwrap().as_deref(), Some(&b"1"[..]));
    store.put(&t, b"a", b"2").unwrap();
    assert_eq!(reader.get(&in_reader, b"a").unwrap().as_deref(), Some(&b"2"[..]));
    let refused = reader.with_write_connection(Durability::PowerLoss, |_| Ok::<_, Error>(()));
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::ReadOnly);
    reader.backup(&folder.path().join("copy")).unwrap();
    reader.close().unwrap();
    store.close().unwrap();
    assert!(!folder.path().join("store-wal").exists(), "the last to write leaves no log");
}

/// A file at the path that is not a store, and the result of opening it.
#[test]
fn an_absent_or_empty_file_is_no_store_unless_one_may_be_created() {
    let folder = tempfile::tempdir().unwrap();
    let options = [
        StoreOptions::new().create(false),
        StoreOptions::new().read_only(true),
        StoreOptions::new().read_only(true).create(false),
    ];
    for (name, says) in [("absent", "there is no file"), ("empty", "the file is empty")] {
        let path = folder.path().join(name);
        if name == "empty" {
            // As an interrupted creation or damage leaves it.
            let store = open(&path).unwrap();
            store.put(&store.tree("t").unwrap(), b"a", b"1").unwrap();
            store.close().unwrap();
            OpenOptions::new().write(true).open(&path).unwrap().set_len(0).unwrap();
        }
        for options in &options {
            let error = SqliteStore::open(&path, options).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound, "{name}: {error:?}");
            assert!(error.message().contains(says), "{error}");
            assert!(std::error::Error::source(&error).is_some(), "{error:?}");
            assert_eq!(fs::metadata(&path).map_or(0, |file| file.len()), 0, "{name}");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), usize::from(name == "empty"));
        }
        let store = open(&path).unwrap();
        store.put(&store.tree("t").unwrap(), b"a", b"1").unwrap();
        store.close().unwrap();
        fs::remove_file(&path).unwrap();
    }
}

/// SQLite treats such a file as a new database and removes the log, which has all the data.
#[test]
fn a_log_without_its_file_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = open(&path).unwrap();
    store.put(&store.tree("t").unwrap(), b"a", b"1").unwrap();
    let (file, log) =
        (fs::read(&path).unwrap(), fs::read(path.with_file_name("store-wal")).unwrap());
    store.close().unwrap();
    for cut in [true, false] {
        let copy = folder.path().join("copy");
        let beside = folder.path().join("copy-wal");
        fs::write(&beside, &log).unwrap();
        if cut {
            fs::write(&copy, b"").unwrap();
        }
        for options in [StoreOptions::new(), StoreOptions::new().read_only(true)] {
            let error = SqliteStore::open(&copy, &options).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupted, "{error:?}");
            assert!(error.message().contains("-wal file holds"), "{error}");
            assert!(fs::read(&beside).unwrap() == log, "the log was changed");
        }
        fs::write(&copy, &file).unwrap();
        let store = open(&copy).unwrap();
        assert!(store.get(&store.tree("t").unwrap(), b"a").unwrap().is_some());
        store.close().unwrap();
        fs::remove_file(&copy).unwrap();
    }
}

/// A link that leads nowhere stands for a folder in which no -shm file can be made.
#[cfg(unix)]
#[test]
fn reading_says_that_it_needs_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = open(&path).unwrap();
    store.put(&store.tree("t").unwrap(), b"a", b"1").unwrap();
    store.close().unwrap();
    std::os::unix::fs::symlink("absent/shm", folder.path().join("store-shm")).unwrap();
    let error = SqliteStore::open(&path, &StoreOptions::new().read_only(true)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error:?}");
    for says in ["-wal and -shm", "writable"] {
        assert!(error.message().contains(says), "{error}");
    }
}

/// A copy is made in steps of 4 MiB.
#[test]
fn a_large_store_is_backed_up() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store")).unwrap();
    let t = store.tree("t").unwrap();
    let value = |number: u8| vec![number; 1 << 20];
    store
        .write(|transaction| {
            (0..8).try_for_each(|number| transaction.put(&t, &[number], &value(number)))
        })
        .unwrap();
    let destination = folder.path().join("copy");
    store.backup(&destination).unwrap();
    let copy = open(&destination).unwrap();
    let in_copy = copy.tree("t").unwrap();
    for number in 0..8 {
        let found = copy.get(&in_copy, &[number]).unwrap();
        assert!(found.as_deref() == Some(&value(number)[..]), "{number}");
    }
    assert_eq!(copy.snapshot().unwrap().len(&in_copy).unwrap(), 8);
}

/// Root can write everywhere, so this proves something for other users only.
#[cfg(unix)]
#[test]
fn what_cannot_be_written_is_read_only() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = open(&path).unwrap();
    store.put(&store.tree("t").unwrap(), b"a", b"1").unwrap();
    store.close().unwrap();
    let set_mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let read_only = StoreOptions::new().read_only(true);
    set_mode(&path, 0o444);
    if OpenOptions::new().write(true).open(&path).is_ok() {
        return;
    }
    let error = open(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ReadOnly, "{error:?}");
    assert!(error.message().contains("open the store read-only"), "{error}");
    let store = SqliteStore::open(&path, &read_only).unwrap();
    assert!(store.get(&store.tree("t").unwrap(), b"a").unwrap().is_some());
    store.close().unwrap();
    for ending in ["-wal", "-shm"] {
        fs::remove_file(folder.path().join(format!("store{ending}"))).unwrap();
    }
    set_mode(folder.path(), 0o555);
    for options in [&StoreOptions::new(), &read_only] {
        let error = SqliteStore::open(&path, options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ReadOnly, "{error:?}");
        for says in ["-wal and -shm", "make the folder writable"] {
            assert!(error.message().contains(says), "{error}");
        }
    }
    set_mode(folder.path(), 0o755);
}
