//! Damage that SQLite itself does not report as such, and damage anywhere: no call panics, and each
//! fails with `Corrupted` or returns something.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what helps a test may panic as the test may"
)]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use arbour::documents::{Collection, Declaration};
use arbour_core::{
    Cursor as _, DamageDetection, Direction, Durability, Error, ErrorKind, KeyRange, KvRead,
    KvStore as _, KvWrite as _, Operation, Result, StoreOptions,
};
use arbour_sqlite::rusqlite::Connection;
use arbour_sqlite::{SqliteStore, sql_error};
use serde_json::json;

fn open(path: &Path) -> Result<SqliteStore> {
    SqliteStore::open(path, &StoreOptions::new())
}

/// Makes a store with two trees and damages it by SQL that SQLite would refuse otherwise.
fn damaged(folder: &Path, sql: &str) -> PathBuf {
    let path = folder.join("store");
    let _ = fs::remove_file(&path);
    let store = open(&path).unwrap();
    for name in ["t", "u"] {
        store.put(&store.tree(name).unwrap(), b"a", b"1").unwrap();
    }
    store.close().unwrap();
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("PRAGMA writable_schema = ON").unwrap();
    connection.execute_batch(sql).unwrap();
    connection.close().unwrap();
    path
}

/// Scans a tree to its end.
fn scan(read: &impl KvRead, tree: &arbour_core::Tree) -> Result<u64> {
    let mut count = 0;
    for direction in [Direction::Forward, Direction::Reverse] {
        let mut cursor = read.scan(tree, KeyRange::all(), direction)?;
        while cursor.next()?.is_some() {
            count += 1;
        }
        // After a failure and after the end it stays where it is.
        cursor.seek(b"a")?;
        cursor.next()?;
        cursor.next()?;
    }
    Ok(count)
}

#[test]
fn a_value_of_another_type_is_damage_and_a_callers_own_column_is_not() {
    let folder = tempfile::tempdir().unwrap();
    // As damage to the type byte of a record would leave it: meanwhile the table does not say
    // `STRICT`.
    let path = damaged(
        folder.path(),
        "UPDATE sqlite_schema SET sql = replace(sql, 'STRICT, WITHOUT', 'WITHOUT')",
    );
    let connection = Connection::open(&path).unwrap();
    let sql = "UPDATE tree_t SET v = 'text'; PRAGMA writable_schema = ON;
               UPDATE sqlite_schema SET sql = replace(sql, 'WITHOUT', 'STRICT, WITHOUT')";
    connection.execute_batch(sql).unwrap();
    connection.close().unwrap();
    let store = open(&path).unwrap();
    let (tree, snapshot) = (store.tree("t").unwrap(), store.snapshot().unwrap());
    for error in [snapshot.get(&tree, b"a").err().unwrap(), scan(&snapshot, &tree).unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::Corrupted, "{error:?}");
        assert_eq!(
            (error.tree(), error.path()),
            (Some("t"), Some(&*fs::canonicalize(&path).unwrap()))
        );
        assert!(error.message().contains("not as the store writes it"), "{error}");
    }
    drop(snapshot);
    let own = store.with_read_connection(|connection| {
        let read = connection.query_row("SELECT 'text'", [], |row| row.get::<_, i64>(0));
        read.map_err(|cause| sql_error(cause, Operation::Get))
    });
    assert_eq!(own.unwrap_err().kind(), ErrorKind::Decode);
    store.close().unwrap();
    let error = SqliteStore::open(&path, &StoreOptions::new().verify(true)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupted, "{error:?}");
    assert!(error.message().contains("tree_t"), "{error}");
}

#[test]
fn a_damaged_schema_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    // The statement that makes a table has another column.
    let path = damaged(
        folder.path(),
        "UPDATE sqlite_schema SET sql = replace(sql, 'v BLOB', 'w BLOB') WHERE name = 'tree_t'",
    );
    let store = open(&path).unwrap();
    let tree = store.tree("t").unwrap();
    let error = store.get(&tree, b"a").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupted, "{error:?}");
    let error = store.put(&tree, b"a", b"2").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupted, "{error:?}");
}

#[test]
fn a_tree_with_a_damaged_name_is_not_missing_silently() {
    let folder = tempfile::tempdir().unwrap();
    for damage in [
        // SQLite compares the two names of a table without regard to case, and so does not detect
        // that one bit of one of them was changed.
        "UPDATE sqlite_schema SET name = 'Tree_t' WHERE name = 'tree_t'",
        "UPDATE sqlite_schema SET name = 'tree_T' WHERE name = 'tree_t'",
        "UPDATE sqlite_schema SET type = 'Table' WHERE name = 'tree_t'",
        "UPDATE sqlite_schema SET sql = replace(sql, 'tree_t', 'Tree_t') WHERE name = 'tree_t'",
        "UPDATE sqlite_schema SET name = 'tree_x' WHERE name = 'tree_t'",
        "UPDATE sqlite_schema SET type = 'tabld' WHERE name = 'tree_t'",
        "UPDATE sqlite_schema SET sql = replace(sql, 'tree_t', 'tree_x') WHERE name = 'tree_t'",
        "UPDATE sqlite_schema SET name = x'ff' WHERE name = 'tree_t'",
    ] {
        let path = damaged(folder.path(), damage);
        let store = match open(&path) {
            Ok(store) => store,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Corrupted, "{damage}: {error:?}");
                continue;
            }
        };
        let trees = store.snapshot().unwrap().trees();
        for (call, result) in [
            ("trees", trees.map(drop)),
            ("stats", store.stats().map(drop)),
            ("compact", store.compact()),
            ("views", store.create_document_views().map(drop)),
        ] {
            let error = result.expect_err(&format!("{damage}: {call}"));
            assert_eq!(error.kind(), ErrorKind::Corrupted, "{damage}: {call}: {error:?}");
        }
        match store.get(&store.tree("t").unwrap(), b"a") {
            Ok(found) => assert_eq!(found.as_deref(), Some(&b"1"[..]), "{damage}"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Corrupted, "{damage}: {error:?}"),
        }
        store.close().unwrap();
        let error = SqliteStore::open(&path, &StoreOptions::new().verify(true)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupted, "{damage}: {error:?}");
    }
}

#[test]
fn verifying_detects_damage_that_reading_does_not_meet() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = open(&path).unwrap();
    assert_eq!(store.capabilities().damage, DamageDetection::Structure);
    let tree = store.tree("t").unwrap();
    for number in 0..200_u8 {
        store.put(&tree, &[number], &[number; 500]).unwrap();
    }
    store.close().unwrap();
    let verify = StoreOptions::new().verify(true);
    for options in [verify.clone(), verify.clone().read_only(true)] {
        SqliteStore::open(&path, &options).unwrap().close().unwrap();
    }
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 4096;
    bytes[last..].fill(0);
    fs::write(&path, &bytes).unwrap();
    open(&path).unwrap().close().unwrap();
    for options in [verify.clone(), verify.read_only(true)] {
        let error = SqliteStore::open(&path, &options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupted, "{error:?}");
        assert!(error.message().contains("the database file is damaged"), "{error}");
        assert_eq!(error.path(), Some(&*fs::canonicalize(&path).unwrap()));
    }
}

/// A bit of `user_version` (bytes 60 to 63 of the file) or `application_id` (68 to 71).
#[test]
fn a_bit_that_changes_whose_file_it_is_may_be_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = open(&path).unwrap();
    store.put(&store.tree("t").unwrap(), b"a", b"1").unwrap();
    store.close().unwrap();
    let whole = fs::read(&path).unwrap();
    for place in (60..64).chain(68..72) {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[place] ^= 1 << bit;
            fs::write(&path, &bytes).unwrap();
            let error = open(&path).unwrap_err();
            let allowed: &[ErrorKind] = match place {
                60..64 => &[ErrorKind::TooNew, ErrorKind::Corrupted],
                _ => &[ErrorKind::InvalidArgument],
            };
            assert!(allowed.contains(&error.kind()), "byte {place}, bit {bit}: {error:?}");
            let says_so = error.message().contains("damaged");
            assert!(says_so || error.kind() == ErrorKind::TooNew, "{error}");
            assert!(fs::read(&path).unwrap() == bytes, "byte {place}, bit {bit}: it was written");
        }
    }
}

/// How many damaged stores to open. 4,000 were tried once.
const ROUNDS: u64 = 150;

/// The files of a store: the main one and the log.
#[derive(Clone)]
struct Image {
    main: Vec<u8>,
    log: Vec<u8>,
}

impl Image {
    fn write(&self, path: &Path) {
        for ending in ["-wal", "-shm", "-journal"] {
            let _ = fs::remove_file(path.with_file_name(format!("store{ending}")));
        }
        fs::write(path, &self.main).unwrap();
        if !self.log.is_empty() {
            fs::write(path.with_file_name("store-wal"), &self.log).unwrap();
        }
    }
}

/// Makes a store with trees, large values and documents; returns it closed and as a kill leaves it.
fn images(folder: &Path) -> [Image; 2] {
    let path = folder.join("intact");
    let store = open(&path).unwrap();
    let collection = Collection::open(&store, Declaration::new("people")).unwrap();
    let fill = |round: u8| {
        for name in ["t", "u"] {
            let tree = store.tree(name).unwrap();
            let written = store.write(|transaction| {
                (0..60_u8).try_for_each(|number| {
                    let bytes = if number == 7 { 9000 } else { 40 };
                    transaction.put(&tree, &[round, number], &vec![number; bytes])
                })
            });
            written.unwrap();
        }
        let written = store.write(|transaction| {
            (0..20).try_for_each(|number| {
                let person = json!({"id": format!("{round} {number}")});
                collection.put(transaction, person).map(drop)
            })
        });
        written.unwrap();
    };
    fill(0);
    store.create_document_views().unwrap();
    store.compact().unwrap();
    let closed = Image { main: fs::read(&path).unwrap(), log: Vec::new() };
    fill(1);
    let log = fs::read(path.with_file_name("intact-wal")).unwrap();
    [closed, Image { main: fs::read(&path).unwrap(), log }]
}

/// Numbers that look random and are the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % end.max(1)
    }
}

fn damage(bytes: &mut Vec<u8>, chance: &mut Chance) -> String {
    // Half of it within the first pages, where the schema and the roots are.
    let end = if chance.below(2) == 0 { bytes.len().min(3 * 4096) } else { bytes.len() };
    let at = chance.below(end);
    let sector = at / 512 * 512..(at / 512 * 512 + 512).min(bytes.len());
    match chance.below(4) {
        0 => {
            let bit = chance.below(8);
            bytes[at] ^= 1 << bit;
            format!("bit {bit} of byte {at} flipped")
        }
        1 => {
            bytes[at] = chance.below(256) as u8;
            format!("byte {at} set to {}", bytes[at])
        }
        2 => {
            bytes[sector.clone()].fill(0);
            format!("sector {sector:?} zeroed")
        }
        _ => {
            bytes.truncate(at);
            format!("cut at {at}")
        }
    }
}

/// Makes every call of a store; a failed call does not prevent the others.
fn call_everything(store: &SqliteStore) -> Vec<Result<()>> {
    let mut done: Vec<Result<()>> = Vec::new();
    for name in ["t", "u", "absent"] {
        let tree = store.tree(name).unwrap();
        done.push(store.snapshot().and_then(|snapshot| {
            let results = [
                snapshot.get(&tree, &[0, 7]).map(drop),
                snapshot.get_with(&tree, &[1, 7], <[u8]>::len).map(drop),
                snapshot.contains(&tree, &[0, 8]).map(drop),
                snapshot.len(&tree).map(drop),
                scan(&snapshot, &tree).map(drop),
                snapshot.trees().map(drop),
            ];
            results.into_iter().collect()
        }));
        done.push(store.write_with(Durability::ProcessCrash, |transaction| {
            let _ = transaction.put(&tree, &[0, 9], &[1; 5000]);
            transaction.put(&tree, &[2, 9], b"")
        }));
        let begun = store.begin_with(Durability::ProcessCrash);
        done.push(begun.and_then(|mut transaction| {
            let nested = transaction.savepoint(|savepoint| {
                let put = savepoint.put(&tree, &[0, 10], b"2");
                let deleted = savepoint.delete(&tree, &[0, 7]);
                let scanned = scan(savepoint, &tree).map(drop);
                put.and(deleted).and(scanned)
            });
            let ranged = transaction.delete_range(&tree, KeyRange::prefix(&[1]));
            let committed = transaction.commit();
            [nested, ranged, committed].into_iter().collect()
        }));
    }
    let documents = Collection::open(store, Declaration::<serde_json::Value>::new("people"));
    // Documents have errors of their own for an invalid document.
    let _ = documents.and_then(|people| {
        let snapshot = store.snapshot()?;
        let found = people.get(&snapshot, "0 3").map(drop);
        people.all().count(&snapshot).map(drop).and(found)
    });
    drop(store.create_document_views());
    let counted = store.with_read_connection(|connection| {
        let sql = "SELECT count(id), count(json) FROM documents_people";
        let _ = connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        Ok::<_, Error>(())
    });
    done.push(counted);
    done.push(store.stats().map(drop));
    done.push(store.data_version().map(drop));
    done.push(store.sync());
    done.push(store.delete(&store.tree("t").unwrap(), &[0, 11]));
    let written = store.with_write_connection(Durability::ProcessCrash, |_| Ok::<_, Error>(()));
    done.push(written);
    done
}

/// Returns the kind of an error, or of the earlier error in the transaction that is its source.
fn first_kind(error: &Error) -> ErrorKind {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<Error>());
    match source {
        Some(earlier) if error.kind() == ErrorKind::Engine => earlier.kind(),
        _ => error.kind(),
    }
}

#[test]
fn no_damage_makes_a_call_panic_or_fail_in_another_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let images = images(folder.path());
    let (mut opened, mut refused) = (0, 0);
    for round in 0..ROUNDS {
        let mut chance = Chance(round);
        let mut image = images[chance.below(2)].clone();
        let in_log = !image.log.is_empty() && chance.below(2) == 0;
        let bytes = if in_log { &mut image.log } else { &mut image.main };
        let file = if in_log { "log" } else { "file" };
        let what = format!("round {round}, {file}: {}", damage(bytes, &mut chance));
        image.write(&path);
        let options =
            StoreOptions::new().verify(chance.below(8) == 0).read_only(chance.below(8) == 0);
        let done = catch_unwind(AssertUnwindSafe(|| {
            let store = SqliteStore::open(&path, &options)?;
            let mut done =
                if options.is_read_only() { Vec::new() } else { call_everything(&store) };
            done.push(store.backup(&folder.path().join("copy")));
            if !options.is_read_only() && chance.below(3) == 0 {
                done.push(store.compact());
            }
            done.push(store.close());
            Ok::<_, Error>(done)
        }));
        let _ = fs::remove_file(folder.path().join("copy"));
        match done.unwrap_or_else(|_| panic!("a panic after {what}")) {
            Ok(done) => {
                opened += 1;
                for error in done.into_iter().filter_map(Result::err) {
                    assert_eq!(first_kind(&error), ErrorKind::Corrupted, "{what}: {error:?}");
                }
            }
            Err(error) => {
                refused += 1;
                // The damage may be in the numbers that identify the owner of the file.
                let kinds = [ErrorKind::Corrupted, ErrorKind::TooNew, ErrorKind::InvalidArgument];
                assert!(kinds.contains(&error.kind()), "{what}: {error:?}");
            }
        }
    }
    assert!(opened > ROUNDS / 4 && refused > ROUNDS / 16, "{opened} opened, {refused} refused");
}
