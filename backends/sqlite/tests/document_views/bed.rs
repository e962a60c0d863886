//! What the tests of views share: a store, and documents in it.

use arbour::documents::DocId;
use arbour::documents::layout::{CATALOG_TREE, FORMAT, Header, documents_tree};
use arbour_core::engine::TreeName;
use arbour_core::{Durability, Error, KvStore as _, Operation, Result, StoreOptions, Tree};
use arbour_sqlite::rusqlite;
use arbour_sqlite::rusqlite::types::FromSql;
use arbour_sqlite::{SqliteStore, sql_error};
use tempfile::TempDir;

pub(crate) const JSON: u8 = 1;

pub(crate) fn store_in(folder: &TempDir) -> SqliteStore {
    SqliteStore::open(folder.path().join("store"), &StoreOptions::new()).expect("it opens")
}

pub(crate) fn sql(cause: rusqlite::Error) -> Error {
    sql_error(cause, Operation::Apply)
}

pub(crate) fn write_sql(store: &SqliteStore, statements: &str) -> Result<()> {
    store.with_write_connection(Durability::ProcessCrash, |connection| {
        connection.execute_batch(statements).map_err(sql)
    })
}

/// Reads the first column of all rows.
pub(crate) fn ask<T: FromSql>(store: &SqliteStore, query: &str) -> Result<Vec<T>> {
    store.with_read_connection(|connection| {
        let mut statement = connection.prepare(query).map_err(sql)?;
        let rows = statement.query_map([], |row| row.get(0)).map_err(sql)?;
        rows.collect::<rusqlite::Result<_>>().map_err(sql)
    })
}

pub(crate) fn layer_tree(store: &SqliteStore, name: &str) -> Tree {
    store.open_tree(TreeName::layer(name).expect("it is a layer's")).expect("it is open")
}

pub(crate) fn documents(store: &SqliteStore, collection: &str) -> Tree {
    layer_tree(store, &documents_tree(collection))
}

pub(crate) fn declaration_key(collection: &str) -> Vec<u8> {
    [b"collection\xff", collection.as_bytes()].concat()
}

/// Writes a declaration to the catalog, in JSON.
pub(crate) fn declare(store: &SqliteStore, collection: &str, declaration: &str) {
    let value = [&[FORMAT], declaration.as_bytes()].concat();
    let catalog = layer_tree(store, CATALOG_TREE);
    store.put(&catalog, &declaration_key(collection), &value).expect("it is written");
}

pub(crate) fn value(header: Header, body: &[u8]) -> Vec<u8> {
    let mut value = Vec::new();
    header.encode(&mut value);
    value.extend_from_slice(body);
    value
}

pub(crate) fn set(store: &SqliteStore, collection: &str, id: &str, body: &str) {
    let mut key = Vec::new();
    DocId::from(id).encode(&mut key);
    let header = Header { codec: JSON, schema: 1, revision: 1 };
    let value = value(header, body.as_bytes());
    store.put(&documents(store, collection), &key, &value).expect("it is written");
}

pub(crate) fn people(store: &SqliteStore) {
    declare(store, "people", r#"{"ids": "chosen", "id_path": ["name"]}"#);
    set(store, "people", "ada", r#"{"name": "ada", "size": 7}"#);
    set(store, "people", "mary", r#"{"name": "mary", "size": 12}"#);
}

/// The tables and views of a file, except SQLite's own.
pub(crate) fn schema(store: &SqliteStore) -> Vec<String> {
    ask(store, "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY name")
        .expect("the schema can be read")
}

pub(crate) const LARGE: &str =
    "SELECT json ->> '$.name' FROM documents_people WHERE json ->> '$.size' > 10";
