//! Views of documents: what SQL sees of collections.

use std::path::Path;

use arbour::documents::{
    BodyCodec, Declaration, DocCollection as _, DocId, DocStore as _, DocWrite as _, Documents,
    Field, Ids, Index,
};
use arbour_core::documents::layout::{CATALOG_TREE, FORMAT, Header, documents_tree};
use arbour_core::{
    Durability, Error, ErrorKind, KvRead as _, KvStore as _, Operation, Result, StoreOptions,
    TreeName,
};
use arbour_sqlite::rusqlite::types::{FromSql, Value};
use arbour_sqlite::rusqlite::{self, Connection};
use arbour_sqlite::{SqliteStore, SqliteTree, sql_error};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tempfile::TempDir;

const JSON: u8 = 1;

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

/// Reads the first column of all rows.
fn ask<T: FromSql>(store: &SqliteStore, query: &str) -> Result<Vec<T>> {
    store.with_read_connection(|connection| {
        let mut statement = connection.prepare(query).map_err(sql)?;
        let rows = statement.query_map([], |row| row.get(0)).map_err(sql)?;
        rows.collect::<rusqlite::Result<_>>().map_err(sql)
    })
}

fn layer_tree(store: &SqliteStore, name: &str) -> SqliteTree {
    store.open_tree(TreeName::layer(name).expect("it is a layer's")).expect("it is open")
}

fn documents(store: &SqliteStore, collection: &str) -> SqliteTree {
    layer_tree(store, &documents_tree(collection))
}

fn declaration_key(collection: &str) -> Vec<u8> {
    [b"collection\xff", collection.as_bytes()].concat()
}

/// Writes a declaration to the catalog, in JSON.
fn declare(store: &SqliteStore, collection: &str, declaration: &str) {
    let value = [&[FORMAT], declaration.as_bytes()].concat();
    let catalog = layer_tree(store, CATALOG_TREE);
    store.put(&catalog, &declaration_key(collection), &value).expect("it is written");
}

fn value(header: Header, body: &[u8]) -> Vec<u8> {
    let mut value = Vec::new();
    header.encode(&mut value);
    value.extend_from_slice(body);
    value
}

fn set(store: &SqliteStore, collection: &str, id: &str, body: &str) {
    let mut key = Vec::new();
    DocId::from(id).encode(&mut key);
    let header = Header { codec: JSON, schema: 1, revision: 1 };
    let value = value(header, body.as_bytes());
    store.put(&documents(store, collection), &key, &value).expect("it is written");
}

fn people(store: &SqliteStore) {
    declare(store, "people", r#"{"ids": "chosen", "id_path": ["name"]}"#);
    set(store, "people", "ada", r#"{"name": "ada", "size": 7}"#);
    set(store, "people", "mary", r#"{"name": "mary", "size": 12}"#);
}

/// The tables and views of a file, but for SQLite's own.
fn schema(store: &SqliteStore) -> Vec<String> {
    ask(store, "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY name")
        .expect("the schema can be read")
}

const LARGE: &str = "SELECT json ->> '$.name' FROM documents_people WHERE json ->> '$.size' > 10";

#[test]
fn documents_are_found_by_what_is_in_them() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(&folder);
    assert!(store.create_document_views().unwrap().is_empty());
    people(&store);
    assert_eq!(store.create_document_views().unwrap(), ["documents_people"]);
    assert_eq!(ask::<String>(&store, LARGE).unwrap(), ["mary"]);
    // A view shows what is there now.
    set(&store, "people", "grace", r#"{"name": "grace", "size": 40}"#);
    assert_eq!(ask::<String>(&store, LARGE).unwrap(), ["grace", "mary"]);
    let row = store.with_read_connection(|connection| {
        let query = "SELECT * FROM documents_people WHERE id = 'ada'";
        let mut statement = connection.prepare(query).map_err(sql)?;
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        assert_eq!(columns, ["id", "revision", "schema", "json", "key"]);
        let row = statement.query_row([], |row| (0..5).map(|column| row.get(column)).collect());
        row.map_err(sql)
    });
    let row: Vec<Value> = row.unwrap();
    let expected = [
        Value::Text("ada".to_owned()),
        Value::Integer(1),
        Value::Integer(1),
        Value::Text(r#"{"name": "ada", "size": 7}"#.to_owned()),
        Value::Blob(b"ada".to_vec()),
    ];
    assert_eq!(row, expected);
    // Documents are written through their collection, which knows their indexes.
    for statement in
        ["DELETE FROM documents_people", "INSERT INTO documents_people (key) VALUES (x'61')"]
    {
        let refused = write_sql(&store, statement).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidArgument, "{statement}: {refused:?}");
    }
}

/// What the layout says of itself above is what is written in truth.
#[test]
fn collections_are_seen_as_they_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(&folder);
    let documents = Documents::new(&store);
    let id = "fdfefffd-0102-7fe0-9d01-00fdfefd0302";
    let slug = Ids::Slug { field: "title".to_owned() };
    let declarations = [
        ("Chosen", Ids::Chosen, json!({"meta": {"id": "ada"}}), json!("ada")),
        ("number", Ids::ChosenInteger, json!({"meta": {"id": i64::MIN}}), json!(i64::MIN)),
        ("made", Ids::Integer, json!({"n": 1}), json!(1)),
        ("uuid", Ids::Uuid, json!({"meta": {"id": id}}), json!(id)),
        ("slug", slug, json!({"title": "The Tale of Genji"}), json!("the-tale-of-genji")),
    ];
    for (name, ids, body, _) in &declarations {
        let declaration = Declaration::new(name)
            .id("meta.id", ids.clone())
            .field(Field::path("title"))
            .field(Field::path("n"))
            .index(Index::on("n"))
            .with_feed();
        let collection = documents.collection(declaration).unwrap();
        store
            .write(|transaction| {
                let mut writer = collection.writer(transaction)?;
                let id = writer.insert(body)?.id;
                writer.update(&id, &json!({"n": 7}))
            })
            .unwrap();
    }
    let numbers = Declaration::<Numbers>::new("bincode").codec(BodyCodec::bincode());
    let numbers = documents.collection(numbers).unwrap();
    let body = Numbers { id: "ada".to_owned(), n: 7 };
    store.write(|transaction| numbers.writer(transaction)?.insert(&body)).unwrap();
    let views = store.create_document_views().unwrap();
    let expected = ["bincode", "^chosen", "made", "number", "slug", "uuid"];
    let mut expected = expected.map(|name| format!("documents_{name}"));
    expected.sort_unstable();
    assert_eq!(views, expected);
    for (name, _, _, id) in &declarations {
        let view = if *name == "Chosen" { "^chosen" } else { name };
        let shown = format!(
            "SELECT json_object('id', id, 'n', json ->> '$.n', 'revision', revision, \
             'schema', schema) FROM \"documents_{view}\""
        );
        let shown = ask::<String>(&store, &shown).unwrap();
        let [shown] = shown.as_slice() else { panic!("{name}: {shown:?}") };
        let shown: serde_json::Value = serde_json::from_str(shown).unwrap();
        assert_eq!(shown, json!({"id": id, "n": 7, "revision": 2, "schema": 1}), "{name}");
    }
    let opaque = "SELECT key FROM documents_bincode WHERE json IS NULL AND revision = 1";
    assert_eq!(ask::<Vec<u8>>(&store, opaque).unwrap(), [b"ada"]);
}

#[derive(Serialize, Deserialize)]
struct Numbers {
    id: String,
    n: u32,
}

#[test]
fn a_key_is_found_without_a_scan() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(&folder);
    people(&store);
    store.create_document_views().unwrap();
    let plan = store.with_read_connection(|connection| {
        let query = "EXPLAIN QUERY PLAN SELECT id, json FROM documents_people \
                     WHERE key >= x'6d' ORDER BY key";
        connection.query_row(query, [], |row| row.get::<_, String>(3)).map_err(sql)
    });
    let plan: String = plan.unwrap();
    assert!(plan.contains("USING PRIMARY KEY (k>?)"), "{plan}");
    let found = "SELECT id FROM documents_people WHERE key = CAST('mary' AS BLOB)";
    assert_eq!(ask::<String>(&store, found).unwrap(), ["mary"]);
}

#[test]
fn numbers_of_the_header_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(&folder);
    let tree = documents(&store, "numbers");
    let numbers = [
        (1, 1),
        (0, 0),
        (0x0102_0304, 0x0506_0708_090a_0b0c),
        (0xfedc_ba98, 0x7654_3210_0fed_cba9),
        (0x8000_0000, 1 << 62),
        (u32::MAX, i64::MAX as u64),
        // SQLite has no larger numbers than i64's; no document is written that often.
        (7, u64::MAX),
    ];
    for (at, (schema, revision)) in numbers.into_iter().enumerate() {
        let header = Header { codec: JSON, schema, revision };
        store.put(&tree, &[at as u8], &value(header, b"{}")).unwrap();
    }
    store.create_document_views().unwrap();
    let schemas = ask::<i64>(&store, "SELECT schema FROM documents_numbers ORDER BY key").unwrap();
    assert_eq!(schemas, numbers.map(|(schema, _)| i64::from(schema)));
    let revisions = "SELECT revision FROM documents_numbers ORDER BY key";
    let revisions = ask::<i64>(&store, revisions).unwrap();
    assert_eq!(revisions, numbers.map(|(_, revision)| revision as i64));
}

#[test]
fn what_is_no_json_does_not_hide_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(&folder);
    people(&store);
    let tree = documents(&store, "people");
    let header = Header { codec: JSON, schema: 1, revision: 9 };
    let damaged = value(header, br#"{"name": "#);
    store.put(&tree, b"a damaged", &damaged).unwrap();
    let bincode = value(Header { codec: 2, ..header }, br#"{"name": "looks like JSON"}"#);
    store.put(&tree, b"b bincode", &bincode).unwrap();
    let mut other_format = value(header, b"{}");
    other_format[0] = FORMAT + 1;
    store.put(&tree, b"c format", &other_format).unwrap();
    store.put(&tree, b"d short", &damaged[..13]).unwrap();
    store.put(&tree, b"e empty", b"").unwrap();
    store.put(&tree, b"f no body", &damaged[..14]).unwrap();
    store.create_document_views().unwrap();
    let shown = "SELECT format('%s|%s|%s|%s', CAST(key AS TEXT), quote(id), quote(revision), \
                 quote(json)) FROM documents_people ORDER BY key";
    let expected = [
        r#"a damaged|NULL|9|'{"name": '"#,
        "ada|'ada'|1|'{\"name\": \"ada\", \"size\": 7}'",
        "b bincode|NULL|9|NULL",
        "c format|NULL|NULL|NULL",
        "d short|NULL|NULL|NULL",
        "e empty|NULL|NULL|NULL",
        "f no body|NULL|9|''",
        "mary|'mary'|1|'{\"name\": \"mary\", \"size\": 12}'",
    ];
    assert_eq!(ask::<String>(&store, shown).unwrap(), expected);
    // A query into the JSON says so where there is none, and can leave that out.
    assert!(ask::<String>(&store, LARGE).is_err());
    let valid = "SELECT json ->> '$.name' FROM documents_people \
                 WHERE CASE WHEN json_valid(json) THEN json ->> '$.size' END > 10";
    assert_eq!(ask::<String>(&store, valid).unwrap(), ["mary"]);
}

#[test]
fn any_name_of_a_collection_will_do() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(&folder);
    let path = r#"{"id_path": ["me\"ta", "the.id's"]}"#;
    let names = ["people", "People", "PEOPLE", "a\"b'c", "\u{c4}rger ^ /*", "it's; --"];
    for name in names {
        declare(&store, name, path);
        set(&store, name, name, r#"{"me\"ta": {"the.id's": 7}, "meta": {"id": 8}}"#);
    }
    let views = store.create_document_views().unwrap();
    let mut expected = [
        "documents_people",
        "documents_^people",
        "documents_^p^e^o^p^l^e",
        "documents_a\"b'c",
        "documents_\u{c4}rger ^^ /*",
        "documents_it's; --",
    ];
    expected.sort_unstable();
    assert_eq!(views, expected);
    for name in names {
        let trees = store.snapshot().unwrap().trees().unwrap();
        assert!(trees.contains(&documents_tree(name)), "{name}: {trees:?}");
    }
    for view in &views {
        let query = format!("SELECT id FROM \"{}\"", view.replace('"', "\"\""));
        assert_eq!(ask::<i64>(&store, &query).unwrap(), [7], "{view}");
    }
    store.compact().unwrap();
    assert_eq!(store.create_document_views().unwrap(), expected);
}

#[test]
fn a_declaration_may_say_little() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(&folder);
    for (name, declaration) in [("silent", "{}"), ("empty", r#"{"id_path": []}"#)] {
        declare(&store, name, declaration);
        set(&store, name, "ada", r#"{"id": "ada"}"#);
    }
    set(&store, "undeclared", "ada", r#"{"id": "ada"}"#);
    declare(&store, "unwritten", r#"{"id_path": ["id"]}"#);
    let views = store.create_document_views().unwrap();
    let expected =
        ["documents_empty", "documents_silent", "documents_undeclared", "documents_unwritten"];
    assert_eq!(views, expected);
    for view in expected {
        let bodies = ask::<String>(&store, &format!("SELECT json FROM {view} WHERE id IS NULL"));
        let count = usize::from(view != "documents_unwritten");
        assert_eq!(bodies.unwrap().len(), count, "{view}");
    }
    set(&store, "unwritten", "ada", r#"{"id": "ada"}"#);
    let id = "SELECT id FROM documents_unwritten";
    assert_eq!(ask::<String>(&store, id).unwrap(), ["ada"]);
}

#[test]
fn a_declaration_that_cannot_be_read_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(&folder);
    people(&store);
    store.create_document_views().unwrap();
    let catalog = layer_tree(&store, CATALOG_TREE);
    let not_json = [FORMAT, b'{'];
    let not_text = [FORMAT, b'"', 0xff, b'"'];
    for value in [&[][..], &[FORMAT + 1, b'{', b'}'], &not_json, &not_text] {
        store.put(&catalog, &declaration_key("broken"), value).unwrap();
        let error = store.create_document_views().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{value:?}: {error:?}");
        assert_eq!(error.tree(), Some(CATALOG_TREE));
        assert!(error.key().unwrap().ends_with("broken"), "{error:?}");
        assert_eq!(error.path(), Some(folder.path().join("store").as_path()));
    }
    store.delete(&catalog, &declaration_key("broken")).unwrap();
    store.put(&catalog, b"collection\xff\xfe", b"\x01{}").unwrap();
    assert_eq!(store.create_document_views().unwrap_err().kind(), ErrorKind::Decode);
    store.delete(&catalog, b"collection\xff\xfe").unwrap();
    // What is no collection's is none of its business.
    store.put(&catalog, b"something else", b"").unwrap();
    assert_eq!(store.create_document_views().unwrap(), ["documents_people"]);
}

#[test]
fn views_follow_the_collections() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(&folder);
    people(&store);
    set(&store, "rooms", "study", r#"{"name": "study"}"#);
    write_sql(
        &store,
        "CREATE VIEW documents_own AS SELECT 7 AS n; CREATE TABLE documents_table (n);
         CREATE VIEW own AS SELECT id FROM documents_people",
    )
    .unwrap();
    assert_eq!(store.create_document_views().unwrap(), ["documents_people", "documents_rooms"]);
    // Where nothing has changed nothing is written.
    let before = (store.data_version().unwrap(), schema(&store));
    assert_eq!(store.create_document_views().unwrap(), ["documents_people", "documents_rooms"]);
    assert_eq!((store.data_version().unwrap(), schema(&store)), before);
    // The id stands elsewhere now.
    assert_eq!(ask::<String>(&store, "SELECT id FROM own").unwrap(), ["ada", "mary"]);
    declare(&store, "people", r#"{"id_path": ["size"]}"#);
    store.create_document_views().unwrap();
    assert_eq!(ask::<i64>(&store, "SELECT id FROM own").unwrap(), [7, 12]);
    // A collection without documents is one while it is declared.
    for id in ["ada", "mary"] {
        store.delete(&documents(&store, "people"), id.as_bytes()).unwrap();
    }
    store.delete(&documents(&store, "rooms"), b"study").unwrap();
    assert_eq!(store.create_document_views().unwrap(), ["documents_people"]);
    store.delete(&layer_tree(&store, CATALOG_TREE), &declaration_key("people")).unwrap();
    assert!(store.create_document_views().unwrap().is_empty());
    write_sql(&store, "DROP VIEW own").unwrap();
    store.compact().unwrap();
    assert_eq!(schema(&store), ["documents_own", "documents_table"]);
}

#[test]
fn what_else_has_the_name_stays() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(&folder);
    people(&store);
    set(&store, "Rooms", "study", r#"{"name": "study"}"#);
    for (own, drop) in [
        ("CREATE TABLE Documents_People (n)", "DROP TABLE documents_people"),
        ("CREATE VIEW documents_people AS SELECT 7 AS n", "DROP VIEW documents_people"),
        ("CREATE TABLE own (n); CREATE INDEX documents_people ON own (n)", "DROP TABLE own"),
    ] {
        write_sql(&store, own).unwrap();
        let before = schema(&store);
        let error = store.create_document_views().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{own}: {error:?}");
        assert!(error.to_string().contains("documents_people"), "{own}: {error}");
        assert_eq!(schema(&store), before, "{own}");
        write_sql(&store, drop).unwrap();
    }
    assert_eq!(store.create_document_views().unwrap(), ["documents_^rooms", "documents_people"]);
}

#[test]
fn a_view_outlives_its_table() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(&folder);
    people(&store);
    store.put(&store.tree("t").unwrap(), b"a", b"1").unwrap();
    store.create_document_views().unwrap();
    write_sql(&store, "DELETE FROM \"tree_arbour/doc/people\"; DELETE FROM tree_t").unwrap();
    // Compacting takes away the tables of empty trees, but not from under a view.
    store.compact().unwrap();
    assert!(!schema(&store).contains(&"tree_t".to_owned()));
    assert!(ask::<String>(&store, LARGE).unwrap().is_empty());
    assert_eq!(store.snapshot().unwrap().trees().unwrap(), [CATALOG_TREE]);
    assert_eq!(store.stats().unwrap().entries, 1);
    people(&store);
    assert_eq!(ask::<String>(&store, LARGE).unwrap(), ["mary"]);
    // SQL may take it away, and the next write brings it back.
    write_sql(&store, "DROP TABLE \"tree_arbour/doc/people\"").unwrap();
    assert!(ask::<String>(&store, LARGE).is_err());
    assert_eq!(store.snapshot().unwrap().trees().unwrap(), [CATALOG_TREE]);
    store.compact().unwrap();
    people(&store);
    assert_eq!(ask::<String>(&store, LARGE).unwrap(), ["mary"]);
    // So does the call.
    write_sql(&store, "DROP TABLE \"tree_arbour/doc/people\"").unwrap();
    store.create_document_views().unwrap();
    assert!(ask::<String>(&store, LARGE).unwrap().is_empty());
}

#[test]
fn compacting_keeps_the_table_of_any_view() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(&folder);
    for name in ["userNames", "a\"b", "t"] {
        let tree = store.tree(name).unwrap();
        store.put(&tree, b"a", b"1").unwrap();
        store.delete(&tree, b"a").unwrap();
    }
    write_sql(
        &store,
        "CREATE VIEW names AS SELECT k FROM \"Tree_User^Names\";
         CREATE VIEW quoted AS SELECT k FROM \"tree_a\"\"b\"",
    )
    .unwrap();
    store.compact().unwrap();
    assert_eq!(schema(&store), ["names", "quoted", "tree_a\"b", "tree_user^names"]);
    assert!(store.snapshot().unwrap().trees().unwrap().is_empty());
}

#[test]
fn views_are_part_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("store"), folder.path().join("copy"));
    let store = store_in(&folder);
    people(&store);
    store.create_document_views().unwrap();
    // Another program, without Arbour.
    let plain = |path: &Path| {
        let connection = Connection::open(path).unwrap();
        connection.query_row(LARGE, [], |row| row.get::<_, String>(0)).unwrap()
    };
    assert_eq!(plain(&path), "mary");
    let other = Connection::open_in_memory().unwrap();
    other.execute("ATTACH ?1 AS store", [path.to_str().unwrap()]).unwrap();
    let large = LARGE.replace("documents_", "store.documents_");
    let attached = other.query_row(&large, [], |row| row.get::<_, String>(0));
    assert_eq!(attached.unwrap(), "mary");
    drop(other);
    store.backup(&copy).unwrap();
    store.close().unwrap();
    drop(store);
    assert_eq!(plain(&copy), "mary");
    for path in [&path, &copy] {
        let store = SqliteStore::open(path, &StoreOptions::new()).unwrap();
        let trees = store.snapshot().unwrap().trees().unwrap();
        assert_eq!(trees, [CATALOG_TREE, &documents_tree("people")]);
        set(&store, "people", "grace", r#"{"name": "grace", "size": 40}"#);
        assert_eq!(ask::<String>(&store, LARGE).unwrap(), ["grace", "mary"]);
        assert_eq!(store.create_document_views().unwrap(), ["documents_people"]);
    }
    let reader = SqliteStore::open(&path, &StoreOptions::new().read_only(true)).unwrap();
    assert_eq!(ask::<String>(&reader, LARGE).unwrap(), ["grace", "mary"]);
    assert_eq!(reader.create_document_views().unwrap_err().kind(), ErrorKind::ReadOnly);
}

#[test]
fn text_of_another_encoding_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let plain = Connection::open(folder.path().join("store")).unwrap();
    plain.execute_batch("PRAGMA encoding = 'UTF-16'; CREATE TABLE own (n)").unwrap();
    drop(plain);
    let store = store_in(&folder);
    people(&store);
    let error = store.create_document_views().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error:?}");
}
