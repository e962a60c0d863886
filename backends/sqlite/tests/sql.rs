//! SQL beside the trees: what a program may do with the connections of a store, and what it may not
//! do.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

use arbour_core::{
    Cursor as _, Durability, Error, ErrorKind, KeyRange, KvRead as _, KvStore as _, KvWrite as _,
    Operation, Result, StoreOptions,
};
use arbour_sqlite::rusqlite::{self, Connection};
use arbour_sqlite::{SqliteOptions, SqliteStore, sql_error};
use tempfile::TempDir;

fn store_in(folder: &TempDir) -> SqliteStore {
    SqliteStore::open(folder.path().join("store"), &StoreOptions::new()).expect("it opens")
}

fn sql(cause: rusqlite::Error) -> Error {
    sql_error(cause, Operation::Apply)
}

fn write_sql(store: &SqliteStore, statements: &str) -> Result<()> {
    store.with_write_connection(Durability::ProcessCrash, |connection| {
        connection.execute_batch(statements).map_err(sql)
    })
}

fn number(connection: &Connection, query: &str) -> i64 {
    connection.query_row(query, [], |row| row.get(0)).expect("a number")
}

fn read_number(store: &SqliteStore, query: &str) -> i64 {
    let read = store.with_read_connection(|connection| Ok::<_, Error>(number(connection, query)));
    read.expect("it can be read")
}

#[test]
fn tables_and_trees_change_together() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(&folder);
    let users = store.tree("users").unwrap();
    store.put(&users, b"ada", b"1815").unwrap();
    write_sql(&store, "CREATE TABLE own (n INTEGER); DELETE FROM tree_users").unwrap();
    assert_eq!(store.get(&users, b"ada").unwrap(), None);
    write_sql(&store, "INSERT INTO own VALUES (7); INSERT INTO tree_users VALUES (x'61', x'62')")
        .unwrap();
    assert_eq!(store.get(&users, b"a").unwrap().as_deref(), Some(&b"b"[..]));
    assert_eq!(read_number(&store, "SELECT n FROM own"), 7);
    // A program's own tables are not trees.
    assert_eq!(store.snapshot().unwrap().trees().unwrap(), ["users"]);
    assert_eq!(store.stats().unwrap().entries, 1);
}

#[test]
fn what_fails_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(&folder);
    write_sql(&store, "CREATE TABLE own (n INTEGER)").unwrap();
    let failed = store.with_write_connection(Durability::PowerLoss, |connection| {
        connection.execute_batch("INSERT INTO own VALUES (1)").map_err(sql)?;
        Err::<(), _>(Error::new(ErrorKind::Decode, Operation::Apply, "the closure's own"))
    });
    assert_eq!(failed.unwrap_err().kind(), ErrorKind::Decode);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        store.with_write_connection(Durability::PowerLoss, |connection| -> Result<()> {
            connection.execute_batch("INSERT INTO own VALUES (1)").map_err(sql)?;
            resume_unwind(Box::new("the closure's own"))
        })
    }));
    assert!(panicked.is_err());
    let in_read = catch_unwind(AssertUnwindSafe(|| {
        store.with_read_connection(|_| -> Result<()> { resume_unwind(Box::new("its own")) })
    }));
    assert!(in_read.is_err());
    assert_eq!(read_number(&store, "SELECT count(*) FROM own"), 0);
    // Nothing is left that would refuse the next commit.
    write_sql(&store, "INSERT INTO own VALUES (2)").unwrap();
    store.put(&store.tree("t").unwrap(), b"a", b"1").unwrap();
    assert_eq!(read_number(&store, "SELECT n FROM own"), 2);
}

#[test]
fn a_closure_cannot_end_the_transaction() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(&folder);
    write_sql(&store, "CREATE TABLE own (n INTEGER)").unwrap();
    for statements in [
        "COMMIT",
        "INSERT INTO own VALUES (1); COMMIT",
        "INSERT INTO own VALUES (1); COMMIT; BEGIN IMMEDIATE",
        "INSERT INTO own VALUES (1); ROLLBACK",
        "INSERT INTO own VALUES (1); ROLLBACK; BEGIN IMMEDIATE; INSERT INTO own VALUES (2)",
    ] {
        let ended = store.with_write_connection(Durability::ProcessCrash, |connection| {
            // The closure may ignore SQLite's error.
            let _ = connection.execute_batch(statements);
            let _ = connection.execute_batch("BEGIN IMMEDIATE");
            Ok::<_, Error>(())
        });
        let error = ended.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{statements}: {error:?}");
        assert_eq!(error.path(), Some(folder.path().join("store").as_path()));
        assert_eq!(read_number(&store, "SELECT count(*) FROM own"), 0, "{statements}");
    }
    let ended =
        store.with_read_connection(|connection| connection.execute_batch("COMMIT").map_err(sql));
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::InvalidArgument);
    // The closure has savepoints of its own.
    write_sql(
        &store,
        "SAVEPOINT a; INSERT INTO own VALUES (3); SAVEPOINT b; INSERT INTO own VALUES (4);
         ROLLBACK TO b; RELEASE a; SAVEPOINT left_open; INSERT INTO own VALUES (5)",
    )
    .unwrap();
    assert_eq!(read_number(&store, "SELECT CAST(group_concat(n, '') AS INTEGER) FROM own"), 35);
}

#[test]
fn a_closure_cannot_change_what_the_file_is() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(&folder);
    for statements in [
        "PRAGMA user_version = 7; CREATE TABLE own (n)",
        "PRAGMA application_id = 7; CREATE TABLE own (n)",
    ] {
        let error = write_sql(&store, statements).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error:?}");
    }
    assert_eq!(read_number(&store, "SELECT count(*) FROM sqlite_schema"), 0);
    // Nor its connections permanently.
    write_sql(&store, "ATTACH ':memory:' AS other; CREATE TEMP TABLE tree_t (k, v)").unwrap();
    write_sql(&store, "PRAGMA query_only = ON; PRAGMA locking_mode = EXCLUSIVE").unwrap();
    let attached = store.with_read_connection(|connection| {
        connection.execute_batch("ATTACH ':memory:' AS other").map_err(sql)
    });
    attached.unwrap();
    for _ in 0..2 {
        assert_eq!(read_number(&store, "SELECT count(*) FROM pragma_database_list"), 1);
        let t = store.tree("t").unwrap();
        store.put(&t, b"a", b"1").unwrap();
        let pragma = "SELECT count(*) FROM pragma_database_list";
        let databases = store.with_write_connection(Durability::PowerLoss, |connection| {
            Ok::<_, Error>(number(connection, pragma))
        });
        assert_eq!(databases.unwrap(), 1);
    }
    assert_eq!(store.get(&store.tree("t").unwrap(), b"a").unwrap().as_deref(), Some(&b"1"[..]));
}

#[test]
fn reading_sql_sees_one_moment_and_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(&folder);
    let t = store.tree("t").unwrap();
    store.put(&t, b"a", b"1").unwrap();
    store
        .with_read_connection(|connection| {
            store.put(&t, b"b", b"1").unwrap();
            assert_eq!(number(connection, "SELECT count(*) FROM tree_t"), 1);
            // Not even on request.
            let _ = connection.execute_batch("PRAGMA query_only = OFF");
            let refused = connection.execute_batch("DELETE FROM tree_t").map_err(sql).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ReadOnly);
            Ok::<_, Error>(())
        })
        .unwrap();
    assert_eq!(store.snapshot().unwrap().len(&t).unwrap(), 2);
}

#[test]
fn a_write_within_a_write_is_busy_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(&folder);
    let t = store.tree("t").unwrap();
    let outcome = store.with_write_connection(Durability::PowerLoss, |_| {
        assert_eq!(store.put(&t, b"a", b"1").unwrap_err().kind(), ErrorKind::Busy);
        let nested = store.with_write_connection(Durability::PowerLoss, |_| Ok::<_, Error>(()));
        assert_eq!(nested.unwrap_err().kind(), ErrorKind::Busy);
        assert_eq!(store.close().unwrap_err().kind(), ErrorKind::Busy);
        Ok::<_, Error>(())
    });
    outcome.unwrap();
}

#[test]
fn kept_statements_survive_changes_of_the_schema() {
    let folder = tempfile::tempdir().unwrap();
    let (store, other) = (store_in(&folder), store_in(&folder));
    let (t, in_other) = (store.tree("t").unwrap(), other.tree("t").unwrap());
    for round in 0..3 {
        store.put(&t, b"a", b"1").unwrap();
        assert!(store.get(&t, b"a").unwrap().is_some());
        let before = store.snapshot().unwrap();
        let mut cursor = before.scan(&t, KeyRange::all(), Default::default()).unwrap();
        match round {
            0 => write_sql(&store, "DROP TABLE tree_t").unwrap(),
            1 => write_sql(&other, "DROP TABLE tree_t").unwrap(),
            _ => other.delete(&in_other, b"a").unwrap(),
        }
        assert_eq!(cursor.next().unwrap(), Some((&b"a"[..], &b"1"[..])), "round {round}");
        drop(cursor);
        assert_eq!(before.len(&t).unwrap(), 1);
        drop(before);
        if round == 2 {
            other.compact().unwrap();
        }
        // Prepared while there was such a table.
        let snapshot = store.snapshot().unwrap();
        assert!(snapshot.get(&t, b"a").unwrap().is_none(), "round {round}");
        let mut cursor = snapshot.scan(&t, KeyRange::all(), Default::default()).unwrap();
        assert_eq!(cursor.next().unwrap(), None);
        cursor.seek(b"a").unwrap();
        assert_eq!(cursor.next().unwrap(), None);
        drop(cursor);
        assert_eq!(snapshot.len(&t).unwrap(), 0);
        drop(snapshot);
        let mut transaction = store.begin().unwrap();
        transaction.delete(&t, b"a").unwrap();
        transaction.delete_range(&t, KeyRange::all()).unwrap();
        assert!(transaction.get(&t, b"a").unwrap().is_none());
        transaction.put(&t, b"a", b"2").unwrap();
        assert!(transaction.get(&t, b"a").unwrap().is_some());
        transaction.commit().unwrap();
        let seen = other.get(&in_other, b"a").unwrap();
        assert_eq!(seen.as_deref(), Some(&b"2"[..]), "round {round}");
    }
}

#[test]
fn trees_stay_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(&folder);
    let names = store.tree("userNames").unwrap();
    store.put(&names, b"a", b"1").unwrap();
    // Text sorts apart from blobs, and no get would find it.
    let error = write_sql(&store, "INSERT INTO \"tree_user^names\" VALUES ('b', x'')").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error:?}");
    assert_eq!(read_number(&store, "SELECT count(*) FROM \"tree_user^names\""), 1);
    // A table of another shape under a tree's name looks like damage, and the text names both
    // causes.
    write_sql(&store, "CREATE TABLE tree_odd (n INTEGER)").unwrap();
    let odd = store.tree("odd").unwrap();
    for error in [store.get(&odd, b"a").unwrap_err(), store.put(&odd, b"a", b"1").unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::Corrupted, "{error:?}");
        assert!(error.message().contains("damaged, or other SQL changed it"), "{error}");
    }
    write_sql(
        &store,
        "CREATE TABLE tree_loose (k PRIMARY KEY, v); INSERT INTO tree_loose VALUES (x'61', 7)",
    )
    .unwrap();
    let loose = store.tree("loose").unwrap();
    assert_eq!(store.get(&loose, b"a").unwrap_err().kind(), ErrorKind::Corrupted);
}

#[test]
fn foreign_keys_are_enforced_unless_told_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let schema = "CREATE TABLE parent (id INTEGER PRIMARY KEY);
                  CREATE TABLE child (parent REFERENCES parent DEFERRABLE INITIALLY DEFERRED)";
    let store = store_in(&folder);
    write_sql(&store, schema).unwrap();
    let error = write_sql(&store, "INSERT INTO child VALUES (1)").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error:?}");
    assert_eq!(read_number(&store, "SELECT count(*) FROM child"), 0);
    store.close().unwrap();
    let sqlite = SqliteOptions::new().foreign_keys(false);
    let store = SqliteStore::open_with(&path, &StoreOptions::new(), &sqlite).unwrap();
    write_sql(&store, "INSERT INTO child VALUES (1)").unwrap();
}

#[test]
fn a_database_of_ones_own_becomes_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let plain = |path: &Path| Connection::open(path).unwrap();
    plain(&path).execute_batch("CREATE TABLE own (n); INSERT INTO own VALUES (7)").unwrap();
    let store = store_in(&folder);
    assert_eq!(read_number(&store, "SELECT n FROM own"), 7);
    store.put(&store.tree("t").unwrap(), b"a", b"1").unwrap();
    store.close().unwrap();
    assert_eq!(number(&plain(&path), "SELECT count(*) FROM tree_t"), 1);
    // But not one of another program.
    for mark in ["PRAGMA application_id = 7", "PRAGMA user_version = 7"] {
        let path = folder.path().join(mark);
        plain(&path).execute_batch(&format!("CREATE TABLE own (n); {mark}")).unwrap();
        let before = std::fs::read(&path).unwrap();
        let error = SqliteStore::open(&path, &StoreOptions::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error:?}");
        assert!(std::fs::read(&path).unwrap() == before, "{mark}: the file was changed");
    }
}

/// Every kind of table in SQLite, most of which come in pairs with tables of their own.
#[test]
fn tables_of_any_kind_are_no_trees_and_no_damage() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("store"), &StoreOptions::new()).unwrap();
    store.put(&store.tree("Mine").unwrap(), b"a", b"1").unwrap();
    let made = store.with_write_connection(Durability::ProcessCrash, |connection| {
        let sql = "CREATE TABLE Counted (n INTEGER PRIMARY KEY AUTOINCREMENT);
                   INSERT INTO Counted DEFAULT VALUES;
                   CREATE TABLE \"tree_Not One\" AS SELECT 1 AS n;
                   ALTER TABLE Counted RENAME TO Renamed;
                   CREATE INDEX OfCounted ON Renamed (n);
                   CREATE VIEW Seen AS SELECT n FROM Renamed;
                   CREATE TRIGGER Pulled AFTER DELETE ON Renamed BEGIN SELECT 1; END;
                   CREATE VIRTUAL TABLE Words USING fts5 (text);
                   CREATE TEMP TABLE tree_passing (n);
                   ANALYZE";
        connection.execute_batch(sql).map_err(|cause| sql_error(cause, Operation::Apply))
    });
    made.unwrap();
    assert_eq!(store.snapshot().unwrap().trees().unwrap(), ["Mine"]);
    assert_eq!(store.stats().unwrap().entries, 1);
    store.compact().unwrap();
    store.close().unwrap();
    let verified = StoreOptions::new().verify(true);
    let store = SqliteStore::open(folder.path().join("store"), &verified).unwrap();
    assert_eq!(store.snapshot().unwrap().trees().unwrap(), ["Mine"]);
}
