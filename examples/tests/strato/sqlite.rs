//! Features of SQLite alone: SQL, and its settings (`S3`, `S4`, `S6` to `S9`, `J5`, `Q7`).

use std::time::Duration;

use arbour::documents::Collection;
use arbour::sqlite::{SqliteOptions, SqliteStore, rusqlite, sql_error};
use arbour::{
    Durability, Error, ErrorKind, KvRead as _, KvStore as _, KvWrite as _, Operation, StoreOptions,
};
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use crate::things;

fn open_with(folder: &TempDir, options: &StoreOptions, sqlite: &SqliteOptions) -> SqliteStore {
    SqliteStore::open_with(folder.path().join("store"), options, sqlite).unwrap()
}

fn open(folder: &TempDir) -> SqliteStore {
    open_with(folder, &StoreOptions::new(), &SqliteOptions::new())
}

fn sql(cause: rusqlite::Error) -> Error {
    sql_error(cause, Operation::Apply)
}

fn number(connection: &Connection, query: &str) -> Result<i64, Error> {
    connection.query_row(query, [], |row| row.get(0)).map_err(sql)
}

/// Returns a setting of the connection that writes.
fn setting(store: &SqliteStore, name: &str) -> i64 {
    let read = |connection: &Connection| number(connection, &format!("PRAGMA {name}"));
    store.with_write_connection(Durability::default(), read).unwrap()
}

/// S3. The program's own tables change with the things, all or nothing.
#[test]
fn sql_and_things_are_one_transaction() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let notes = store.tree("notes").unwrap();
    store.put(&notes, b"5", b"hi").unwrap();
    let copy = |fails: bool| {
        store.with_write_connection(Durability::default(), |connection| {
            let batch = "CREATE TABLE own (id INTEGER, note TEXT);
                         INSERT INTO own SELECT CAST(k AS TEXT), CAST(v AS TEXT) FROM tree_notes;
                         DELETE FROM tree_notes";
            connection.execute_batch(batch).map_err(sql)?;
            connection.execute("INSERT INTO own VALUES (?1, ?2)", (6, "ho")).map_err(sql)?;
            if fails { number(connection, "SELECT no_such_column FROM own") } else { Ok(0) }
        })
    };
    copy(true).unwrap_err();
    assert_eq!(store.get(&notes, b"5").unwrap().as_deref(), Some(&b"hi"[..]));
    copy(false).unwrap();
    assert_eq!(store.get(&notes, b"5").unwrap(), None);
    let sum =
        store.with_read_connection(|connection| number(connection, "SELECT sum(id) FROM own"));
    assert_eq!(sum.unwrap(), 11);
}

/// S3, J5, Q7. The things are a view, in which any SQL finds them.
#[test]
fn things_are_a_view_for_sql() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let things = Collection::open(&store, things::declaration("things")).unwrap();
    let put = |id: i64, count: i64| {
        let body = json!({"id": id, "count": count});
        store.write(|transaction| things.put(transaction, body.clone())).unwrap();
    };
    put(5, 3);
    assert_eq!(store.create_document_views().unwrap(), ["documents_things"]);
    put(6, 4);
    let select = "SELECT sum(id * (json ->> '$.count')) FROM documents_things";
    let selected = store.with_read_connection(|connection| number(connection, select));
    assert_eq!(selected.unwrap(), 5 * 3 + 6 * 4);
}

/// S4.
#[test]
fn a_statement_is_prepared_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let sum = store.with_read_connection(|connection| {
        let mut sum = 0;
        for number in 1..=3_i64 {
            let mut statement = connection.prepare_cached("SELECT ?1 * 2").map_err(sql)?;
            sum += statement.query_row([number], |row| row.get::<_, i64>(0)).map_err(sql)?;
        }
        Ok::<_, Error>(sum)
    });
    assert_eq!(sum.unwrap(), 12);
}

/// S6. The waiting caller is another process or another handle; strato-db also retries.
#[test]
fn a_writer_waits_as_long_as_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (patient, hasty) = (open(&folder), StoreOptions::new().busy_timeout(Duration::ZERO));
    let hasty = open_with(&folder, &hasty, &SqliteOptions::new());
    let tree = hasty.tree("things").unwrap();
    let transaction = patient.begin().unwrap();
    assert_eq!(hasty.put(&tree, b"5", b"").unwrap_err().kind(), ErrorKind::Busy);
    transaction.rollback().unwrap();
    hasty.put(&tree, b"5", b"").unwrap();
}

/// S7, S8.
#[test]
fn settings_are_options() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteOptions::new().wal_limit_bytes(1 << 20).auto_vacuum(64).foreign_keys(false);
    let store = open_with(&folder, &StoreOptions::new().cache_bytes(2 << 20), &sqlite);
    let settings =
        ["journal_size_limit", "auto_vacuum", "foreign_keys", "cache_size", "synchronous"];
    assert_eq!(settings.map(|name| setting(&store, name)), [1 << 20, 2, 0, -2048, 2]);
    store.close().unwrap();
    let plain = open(&folder);
    let settings = ["journal_size_limit", "foreign_keys", "synchronous"];
    assert_eq!(settings.map(|name| setting(&plain, name)), [4 << 20, 1, 2]);
}

/// S9. Migrations keep the version of what is stored, not a number of the file.
#[test]
fn changes_of_others_are_seen_in_the_data_version() {
    let folder = tempfile::tempdir().unwrap();
    let (store, other) = (open(&folder), open(&folder));
    let before = store.data_version().unwrap();
    assert_eq!(store.data_version().unwrap(), before);
    other.put(&other.tree("things").unwrap(), b"5", b"").unwrap();
    assert_ne!(store.data_version().unwrap(), before);
    assert_eq!(store.snapshot().unwrap().len(&store.tree("things").unwrap()).unwrap(), 1);
}
