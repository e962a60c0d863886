//! Views of documents: one for each collection, which shows its JSON to SQL.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::ops::Range;

use arbour_core::engine::document_layout::{
    CATALOG_TREE, FORMAT, HEADER_BYTES, JSON_CODEC, documents_tree,
};
use arbour_core::{DecodeError, Durability, Error, ErrorKind, Operation, Result};
use rusqlite::Connection;

use crate::statement::has_table;
use crate::{SqliteStore, error, tables};

const OPERATION: Operation = Operation::Apply;

/// The prefix of the name of each view.
const PREFIX: &str = "documents_";

/// Distinguishes these views from others with such names.
const MARK: &str = "/* made by Arbour's create_document_views */";

/// The prefix of the keys of declarations.
const DECLARATION_PREFIX: &[u8] = b"collection\xff";

/// The position of the schema version in a header.
const SCHEMA: Range<usize> = 2..6;

/// The position of the revision in a header.
const REVISION: Range<usize> = 6..HEADER_BYTES;

impl SqliteStore {
    /// Creates a view for each collection of documents, for people and programs that read with SQL,
    /// and returns the names of the views, sorted. Views of collections that no longer exist are
    /// dropped. A new collection has no view until this is called again. If all views are up to
    /// date, nothing is written.
    ///
    /// The view of the collection `people` is `documents_people`; capital letters are written as in
    /// the [names of tables](crate#names-of-tables). Its columns:
    ///
    /// | column | type | |
    /// |---|---|---|
    /// | `id` | text or integer | as in `json`, at the path the collection declares; NULL if there is none |
    /// | `revision` | integer | |
    /// | `schema` | integer | the version of the body, which may be an old one: views do not upgrade |
    /// | `json` | text | the body; NULL if it was not written as JSON |
    /// | `key` | blob | the key of the document in its tree, which is indexed |
    ///
    /// A value that is not a document is a row of NULLs with its `key`; a body of damaged JSON is
    /// shown as it is, and `json_valid(json)` detects it. A view always shows the current content
    /// of the store. It is read-only, because writes by SQL would bypass the indexes. Views are
    /// part of the file and of a backup; [`copy_entries`](arbour_core::engine::copy_entries) leaves
    /// them out.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) if something else in the database has the
    /// name of a view, [`Unsupported`](ErrorKind::Unsupported) if the database does not encode text
    /// as UTF-8, [`Decode`](ErrorKind::Decode) if the declaration of a collection cannot be
    /// decoded; as [`with_write_connection`](Self::with_write_connection). In all these cases
    /// nothing has changed.
    ///
    /// ```
    /// use arbour::documents::{Collection, Declaration};
    /// use arbour_core::{KvStore, Operation, StoreOptions};
    /// use arbour_sqlite::{SqliteStore, sql_error};
    /// use serde_json::json;
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("app.sqlite");
    /// let store = SqliteStore::open(&path, &StoreOptions::new())?;
    /// let people = Collection::open(&store, Declaration::new("people"))?;
    /// store.write(|transaction| {
    ///     people.put(transaction, json!({"id": "ada", "born": 1815}))
    /// })?;
    /// assert_eq!(store.create_document_views()?, ["documents_people"]);
    /// let born = store.with_read_connection(|connection| {
    ///     let sql = "SELECT json ->> '$.born' FROM documents_people WHERE id = 'ada'";
    ///     let born = connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    ///     born.map_err(|cause| sql_error(cause, Operation::Get))
    /// })?;
    /// assert_eq!(born, 1815);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create_document_views(&self) -> Result<Vec<String>> {
        let created = self.with_write_connection(Durability::PowerLoss, |connection| {
            check_encoding(connection)?;
            let mut views = BTreeMap::new();
            for (collection, id_path) in collections(connection)? {
                let table = tables::table_name(&documents_tree(&collection));
                let view = tables::spelled(PREFIX, &collection);
                // A collection that is declared but empty has a view too, which needs a table.
                let creation = tables::creation(&tables::quoted(&table));
                connection.execute_batch(&creation).map_err(failed)?;
                let definition = definition(&view, &table, id_path.as_deref());
                views.insert(view, definition);
            }
            replace(connection, &views)?;
            Ok(views.into_keys().collect())
        });
        created.map_err(|error: Error| self.locate(error))
    }
}

#[cold]
fn failed(cause: rusqlite::Error) -> Error {
    error::own(cause, OPERATION)
}

/// Bytes can be cast to text only if the text encoding of the database is UTF-8.
fn check_encoding(connection: &Connection) -> Result<()> {
    let encoding = connection.query_row("PRAGMA main.encoding", [], |row| row.get::<_, String>(0));
    let encoding = encoding.map_err(failed)?;
    if encoding == "UTF-8" {
        return Ok(());
    }
    let message = format!(
        "the database stores text as {encoding}, and documents are UTF-8: copy the store to a new file"
    );
    Err(Error::new(ErrorKind::Unsupported, OPERATION, message))
}

/// Returns the collections that are declared or have documents, each with the path of its id in
/// SQLite's notation, if it is known.
fn collections(connection: &Connection) -> Result<BTreeMap<String, Option<String>>> {
    let mut collections = BTreeMap::new();
    for collection in stored(connection)? {
        collections.insert(collection, None);
    }
    collections.extend(declared(connection)?);
    Ok(collections)
}

/// Returns the collections that have documents.
fn stored(connection: &Connection) -> Result<Vec<String>> {
    let mut collections = Vec::new();
    for (tree, table) in tables::of_trees(connection, OPERATION)? {
        let Some(collection) = tree.strip_prefix(&documents_tree("")) else { continue };
        let sql = format!("SELECT 1 FROM {}", tables::quoted(&table));
        let mut first = connection.prepare(&sql).map_err(failed)?;
        if first.exists([]).map_err(failed)? {
            collections.push(collection.to_owned());
        }
    }
    Ok(collections)
}

/// Returns the collections of the catalog, each with the path of its id.
fn declared(connection: &Connection) -> Result<Vec<(String, Option<String>)>> {
    let table = tables::table_name(CATALOG_TREE);
    if !has_table(connection, &table).map_err(failed)? {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT k, v FROM {}", tables::quoted(&table));
    let mut entries = connection.prepare(&sql).map_err(failed)?;
    let entries = entries.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(failed)?;
    let entries = entries.collect::<rusqlite::Result<Vec<(Vec<u8>, Vec<u8>)>>>().map_err(failed)?;
    let mut collections = Vec::new();
    for (key, value) in entries {
        let Some(name) = key.strip_prefix(DECLARATION_PREFIX) else { continue };
        let collection =
            String::from_utf8(name.to_vec()).map_err(|cause| undecoded(&key, cause))?;
        collections.push((collection, id_path(connection, &key, value)?));
    }
    Ok(collections)
}

/// Reads the path of the id from a declaration, for example `$."meta"."id"`.
fn id_path(connection: &Connection, key: &[u8], value: Vec<u8>) -> Result<Option<String>> {
    let json = match value.split_first() {
        Some((&FORMAT, json)) => json.to_vec(),
        other => {
            let found = format!("format {:?}", other.map(|(format, _)| format));
            return Err(undecoded(key, DecodeError::new("format 1", found)));
        }
    };
    let json = String::from_utf8(json).map_err(|cause| undecoded(key, cause))?;
    let sql = "SELECT '$' || group_concat('.' || json_quote(value), '') \
               FROM json_each(?1, '$.id_path')";
    let path = connection.query_row(sql, [json], |row| row.get(0));
    path.map_err(|cause| undecoded(key, cause))
}

#[cold]
fn undecoded(key: &[u8], cause: impl StdError + Send + Sync + 'static) -> Error {
    let message = "the declaration of a collection cannot be read";
    Error::new(ErrorKind::Decode, OPERATION, message)
        .with_tree(CATALOG_TREE)
        .with_key(key)
        .with_source(cause)
}

/// Returns the text after `CREATE VIEW` for a view of the documents in a table.
///
/// It works with any SQLite that can read the tables, from 3.37 on.
fn definition(view: &str, table: &str, id_path: Option<&str>) -> String {
    let id = match id_path {
        Some(path) => {
            let path = path.replace('\'', "''");
            // A body of invalid JSON must not end the whole query.
            format!("CASE WHEN json_valid(json) THEN json_extract(json, '{path}') END")
        }
        None => "NULL".to_owned(),
    };
    let (schema, revision) = (number(SCHEMA), number(REVISION));
    let json = JSON_CODEC;
    let body = HEADER_BYTES + 1;
    let (view, table) = (tables::identifier(view), tables::identifier(table));
    format!(
        "{view} (id, revision, schema, json, key) AS {MARK}
SELECT
  {id},
  CASE WHEN is_document THEN {revision} END,
  CASE WHEN is_document THEN {schema} END,
  json,
  k
FROM (
  SELECT k, v, is_document,
    CASE WHEN is_document AND substr(v, 2, 1) = x'{json:02X}'
      THEN CAST(substr(v, {body}) AS TEXT) END AS json
  FROM (
    SELECT k, v, length(v) >= {HEADER_BYTES} AND substr(v, 1, 1) = x'{FORMAT:02X}' AS is_document
    FROM {table}
  )
)"
    )
}

/// Returns an expression that reads a number from bytes of the header. SQLite has no function for
/// that, so each hexadecimal digit is valued by its position in a string of all digits.
fn number(bytes: Range<usize>) -> String {
    let hex = format!("hex(substr(v, {}, {}))", bytes.start + 1, bytes.len());
    let digits = 2 * bytes.len();
    let digit = |at: usize| {
        let shift = 4 * (digits - at);
        // `<<` does not bind more tightly than `|`.
        format!("(instr('123456789ABCDEF', substr({hex}, {at}, 1)) << {shift})")
    };
    (1..=digits).map(digit).collect::<Vec<_>>().join(" | ")
}

/// Creates, replaces and drops views; the map holds the text after `CREATE VIEW` by name.
fn replace(connection: &Connection, views: &BTreeMap<String, String>) -> Result<()> {
    let mut present = present(connection).map_err(failed)?;
    for (view, sql) in &present {
        let is_good = views.get(view).is_some_and(|definition| *sql == creation("", definition));
        if !is_good {
            let sql = format!("DROP VIEW {}", tables::quoted(view));
            connection.execute_batch(&sql).map_err(failed)?;
        }
    }
    for (view, definition) in views {
        if present.remove(view).is_some_and(|sql| sql == creation("", definition)) {
            continue;
        }
        connection.execute_batch(&creation("main.", definition)).map_err(|cause| {
            if !error::is_of_statement(&cause) {
                return failed(cause);
            }
            let message = format!("the database has something else named {view}: rename it");
            Error::new(ErrorKind::InvalidArgument, OPERATION, message).with_source(cause)
        })?;
    }
    Ok(())
}

/// Returns the statement that creates a view. With an empty database name it equals the statement
/// that SQLite stores.
fn creation(database: &str, definition: &str) -> String {
    format!("CREATE VIEW {database}{definition}")
}

/// Returns the existing views, with the statements that created them, by name.
fn present(connection: &Connection) -> rusqlite::Result<BTreeMap<String, String>> {
    let sql = "SELECT name, sql FROM main.sqlite_schema WHERE type = 'view' AND instr(sql, ?1)";
    let mut views = connection.prepare(sql)?;
    let views = views.query_map([MARK], |row| Ok((row.get(0)?, row.get(1)?)))?;
    views.collect()
}
