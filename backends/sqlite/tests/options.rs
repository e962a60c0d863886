//! The options: each has its documented effect.

use std::fs;
use std::path::Path;

use arbour_core::{Durability, Error, KvRead as _, KvStore as _, KvWrite as _, StoreOptions};
use arbour_sqlite::{SqliteOptions, SqliteStore};

fn open(path: &Path, sqlite: &SqliteOptions) -> SqliteStore {
    SqliteStore::open_with(path, &StoreOptions::new(), sqlite).expect("it opens")
}

fn fill(store: &SqliteStore, megabytes: u32) {
    let t = store.tree("t").expect("it has a good name");
    for number in 0..megabytes {
        let value = vec![number as u8; 1 << 20];
        store.put(&t, &number.to_be_bytes(), &value).expect("it is written");
    }
}

fn wal_bytes(path: &Path) -> u64 {
    fs::metadata(path.with_file_name("store-wal")).expect("there is a log").len()
}

fn setting(store: &SqliteStore, durability: Durability, pragma: &str) -> i64 {
    let read = store.with_write_connection(durability, |connection| {
        let sql = format!("PRAGMA {pragma}");
        Ok::<_, Error>(connection.query_row(&sql, [], |row| row.get(0)).expect("a number"))
    });
    read.expect("it can be read")
}

#[test]
fn the_log_is_cut_to_its_limit() {
    let folder = tempfile::tempdir().unwrap();
    for (name, limit) in [("small", 1 << 20), ("large", 64 << 20)] {
        fs::create_dir(folder.path().join(name)).unwrap();
        let path = folder.path().join(name).join("store");
        let store = open(&path, &SqliteOptions::new().wal_limit_bytes(limit));
        let t = store.tree("t").unwrap();
        store
            .write(|transaction| {
                (0..12_u8).try_for_each(|number| transaction.put(&t, &[number], &vec![7; 1 << 20]))
            })
            .unwrap();
        // The log begins again with the first commit after all of it has moved.
        store.put(&t, b"a", b"1").unwrap();
        store.put(&t, b"a", b"2").unwrap();
        let cut = wal_bytes(&path) <= limit && limit < 12 << 20;
        assert_eq!(cut, name == "small", "{name}: {} bytes", wal_bytes(&path));
    }
}

#[test]
fn the_log_moves_when_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = open(&path, &SqliteOptions::new().checkpoint_pages(0));
    fill(&store, 12);
    assert!(wal_bytes(&path) > 12 << 20, "it moved: {}", wal_bytes(&path));
    assert!(fs::metadata(&path).unwrap().len() < 1 << 20);
    store.close().unwrap();
    assert!(fs::metadata(&path).unwrap().len() > 12 << 20, "closing moves all of it");
    let store = open(&path, &SqliteOptions::new().checkpoint_pages(100));
    fill(&store, 12);
    assert!(wal_bytes(&path) < 6 << 20, "it did not move: {}", wal_bytes(&path));
}

#[test]
fn free_pages_are_given_back_by_and_by() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let with = SqliteOptions::new().auto_vacuum(16);
    let store = open(&path, &with);
    fill(&store, 8);
    let t = store.tree("t").unwrap();
    store.write(|transaction| transaction.delete_range(&t, arbour_core::KeyRange::all())).unwrap();
    let free = || setting(&store, Durability::ProcessCrash, "freelist_count");
    let before = free();
    assert!(before > 1000, "{before} pages are free");
    for _ in 0..10 {
        store.put(&t, b"a", b"1").unwrap();
    }
    let after = free();
    // Reading the count is a transaction too, and frees some.
    assert!((160..=200).contains(&(before - after)), "from {before} to {after}");
    for _ in 0..200 {
        store.put(&t, b"a", b"1").unwrap();
    }
    assert!((200..=320).contains(&free()), "{} pages are left free", free());
    assert_eq!(store.get(&t, b"a").unwrap().as_deref(), Some(&b"1"[..]));
    // A file that was made without the option takes part after it was compacted.
    let path = folder.path().join("other");
    open(&path, &SqliteOptions::new()).close().unwrap();
    let store = open(&path, &with);
    assert_eq!(setting(&store, Durability::PowerLoss, "auto_vacuum"), 0);
    store.compact().unwrap();
    assert_eq!(setting(&store, Durability::PowerLoss, "auto_vacuum"), 2);
}

#[test]
fn durability_is_synchronous() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store"), &SqliteOptions::new());
    let t = store.tree("t").unwrap();
    for _ in 0..2 {
        for (durability, level) in
            [(Durability::PowerLoss, 2), (Durability::ProcessCrash, 1), (Durability::None, 1)]
        {
            assert_eq!(setting(&store, durability, "synchronous"), level, "{durability}");
            store.write_with(durability, |transaction| transaction.put(&t, b"a", b"")).unwrap();
        }
    }
    assert_eq!(setting(&store, Durability::PowerLoss, "fullfsync"), 1);
}

#[test]
fn the_cache_has_the_size_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let asked = StoreOptions::new().cache_bytes(8 << 20);
    for (options, kibibytes) in [(asked, -8192), (StoreOptions::new(), -16384)] {
        let store = SqliteStore::open(folder.path().join("store"), &options).unwrap();
        assert_eq!(setting(&store, Durability::PowerLoss, "cache_size"), kibibytes);
        let of_reader = store.with_read_connection(|connection| {
            let size = connection.query_row("PRAGMA cache_size", [], |row| row.get(0));
            Ok::<i64, Error>(size.unwrap())
        });
        assert_eq!(of_reader.unwrap(), kibibytes);
        store.close().unwrap();
    }
}

#[test]
fn the_data_version_tells_of_every_commit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = open(&path, &SqliteOptions::new());
    let other = open(&path, &SqliteOptions::new());
    let (t, in_other) = (store.tree("t").unwrap(), other.tree("t").unwrap());
    let mut last = store.data_version().unwrap();
    let mut changed = |what: &str, expected: bool| {
        let now = store.data_version().unwrap();
        assert_eq!(now != last, expected, "{what}");
        last = now;
    };
    changed("nothing", false);
    store.put(&t, b"a", b"1").unwrap();
    changed("its own commit", true);
    other.put(&in_other, b"b", b"1").unwrap();
    changed("another's commit", true);
    assert_eq!(store.snapshot().unwrap().len(&t).unwrap(), 2);
    let mut transaction = store.begin().unwrap();
    transaction.put(&t, b"c", b"1").unwrap();
    changed("an open transaction", false);
    transaction.rollback().unwrap();
    changed("a rollback", false);
    store.close().unwrap();
    assert_eq!(store.data_version().unwrap_err().kind(), arbour_core::ErrorKind::Closed);
}
