//! Which views exist, and how they change.

use std::path::Path;

use arbour::documents::layout::{CATALOG_TREE, FORMAT, documents_tree};
use arbour_core::{ErrorKind, KvRead as _, KvStore as _, StoreOptions};
use arbour_sqlite::SqliteStore;
use arbour_sqlite::rusqlite::Connection;

use crate::bed::*;

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
    // The call ignores views that do not belong to a collection.
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
    // If nothing has changed, nothing is written.
    let before = (store.data_version().unwrap(), schema(&store));
    assert_eq!(store.create_document_views().unwrap(), ["documents_people", "documents_rooms"]);
    assert_eq!((store.data_version().unwrap(), schema(&store)), before);
    // The id has another path now.
    assert_eq!(ask::<String>(&store, "SELECT id FROM own").unwrap(), ["ada", "mary"]);
    declare(&store, "people", r#"{"id_path": ["size"]}"#);
    store.create_document_views().unwrap();
    assert_eq!(ask::<i64>(&store, "SELECT id FROM own").unwrap(), [7, 12]);
    // A collection without documents exists while it is declared.
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
    // Compacting removes the tables of empty trees, but not one that a view reads.
    store.compact().unwrap();
    assert!(!schema(&store).contains(&"tree_t".to_owned()));
    assert!(ask::<String>(&store, LARGE).unwrap().is_empty());
    assert_eq!(store.snapshot().unwrap().trees().unwrap(), [CATALOG_TREE]);
    assert_eq!(store.stats().unwrap().entries, 1);
    people(&store);
    assert_eq!(ask::<String>(&store, LARGE).unwrap(), ["mary"]);
    // SQL may remove it, and the next write brings it back.
    write_sql(&store, "DROP TABLE \"tree_arbour/doc/people\"").unwrap();
    assert!(ask::<String>(&store, LARGE).is_err());
    assert_eq!(store.snapshot().unwrap().trees().unwrap(), [CATALOG_TREE]);
    store.compact().unwrap();
    people(&store);
    assert_eq!(ask::<String>(&store, LARGE).unwrap(), ["mary"]);
    // The call brings it back too.
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
    let (path, line) = (folder.path().canonicalize().unwrap(), error.in_one_line());
    assert_eq!(error.path(), Some(&*path.join("store")));
    for text in
        ["stores text as UTF-16", "documents are UTF-8", "copy the store", "an engine whose"]
    {
        assert!(line.contains(text), "{text:?} is missing: {line}");
    }
}
