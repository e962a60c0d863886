//! The rows of a view.

use arbour::documents::layout::{FORMAT, Header, documents_tree};
use arbour::documents::{BodyCodec, Collection, Declaration, Field, Ids, Index, Precondition};
use arbour_core::{ErrorKind, KvRead as _, KvStore as _, Limits};
use arbour_sqlite::rusqlite::types::Value;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::bed::*;

#[test]
fn documents_are_found_by_what_is_in_them() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(&folder);
    assert!(store.create_document_views().unwrap().is_empty());
    people(&store);
    assert_eq!(store.create_document_views().unwrap(), ["documents_people"]);
    assert_eq!(ask::<String>(&store, LARGE).unwrap(), ["mary"]);
    // A view shows the current state.
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
    // Documents are written through their collection, which maintains their indexes.
    for statement in
        ["DELETE FROM documents_people", "INSERT INTO documents_people (key) VALUES (x'61')"]
    {
        let refused = write_sql(&store, statement).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidArgument, "{statement}: {refused:?}");
    }
}

/// The documented layout is the one that is written.
#[test]
fn collections_are_seen_as_they_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(&folder);
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
        let collection = Collection::open(&store, declaration).unwrap();
        store
            .write(|transaction| {
                let id = collection.put_if(transaction, body, Precondition::Absent)?.id;
                collection.update_json(transaction, &id, &json!({"n": 7}))
            })
            .unwrap();
    }
    let numbers = Declaration::<Numbers>::new("bincode").codec(BodyCodec::bincode());
    let numbers = Collection::open(&store, numbers).unwrap();
    let body = Numbers { id: "ada".to_owned(), n: 7 };
    store.write(|transaction| numbers.insert(transaction, body.clone())).unwrap();
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

#[derive(Clone, Serialize, Deserialize)]
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
        // SQLite has no numbers above i64; no document is written that often.
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
    // A query into the JSON fails if there is none, and can leave that row out.
    assert!(ask::<String>(&store, LARGE).is_err());
    let valid = "SELECT json ->> '$.name' FROM documents_people \
                 WHERE CASE WHEN json_valid(json) THEN json ->> '$.size' END > 10";
    assert_eq!(ask::<String>(&store, valid).unwrap(), ["mary"]);
}

/// SQLite reads JSON of up to 1,000 levels, and so everything that a collection accepts.
const SQLITE_LEVELS_MAX: usize = 1000;

/// Returns a JSON body of this many levels; the innermost has a member `end`.
fn nested(id: &str, levels: usize) -> String {
    let inner = levels - 2;
    let (open, close) = (r#"{"next": "#.repeat(inner), "}".repeat(inner));
    format!(r#"{{"id": "{id}", "next": {open}{{"end": "here"}}{close}}}"#)
}

/// Returns the path to the member `end` of such a body.
fn end_of(levels: usize) -> String {
    format!("${}.end", ".next".repeat(levels - 1))
}

#[test]
fn sql_reads_values_as_deep_as_documents_are_nested() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(&folder);
    let deep = Collection::open(&store, Declaration::<serde_json::Value>::new("deep")).unwrap();
    let put = |levels: usize| {
        let innermost = json!({"end": "here"});
        let inner = (2..levels).fold(innermost, |inner, _| json!({"next": inner}));
        let body = json!({"id": "deepest", "next": inner});
        store.write(|transaction| deep.put(transaction, body.clone()).map(drop))
    };
    let most = Limits::DEPTH_MAX;
    put(most).unwrap();
    store.create_document_views().unwrap();
    let ends = |levels: usize| {
        let end = end_of(levels);
        let ends = format!("SELECT json ->> '{end}' FROM documents_deep WHERE id = 'deepest'");
        ask::<Option<String>>(&store, &ends).unwrap()
    };
    assert_eq!(ends(most), [Some("here".to_owned())]);
    let refused = put(most + 1).unwrap_err();
    assert!(refused.to_string().contains(&most.to_string()), "{refused}");
    assert_eq!(ends(most), [Some("here".to_owned())], "what was refused is not there");
}

/// Only a program that bypasses the collections writes bodies that are nested deeper. The view
/// shows what SQLite can read of them, unlike a collection; beyond that the row is there without an
/// id.
#[test]
fn what_is_nested_too_deep_does_not_hide_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(&folder);
    let deep = Collection::open(&store, Declaration::<serde_json::Value>::new("deep")).unwrap();
    let levels = [2, Limits::DEPTH_MAX + 1, SQLITE_LEVELS_MAX, SQLITE_LEVELS_MAX + 1];
    for levels in levels {
        let id = format!("{levels:04}");
        set(&store, "deep", &id, &nested(&id, levels));
    }
    store.create_document_views().unwrap();
    let rows = "SELECT format('%s %s %d', CAST(key AS TEXT), quote(id), json_valid(json)) \
                FROM documents_deep ORDER BY key";
    let expected = ["0002 '0002' 1", "0128 '0128' 1", "1000 '1000' 1", "1001 NULL 0"];
    assert_eq!(ask::<String>(&store, rows).unwrap(), expected);
    for levels in levels {
        let ends = format!(
            "SELECT json ->> '$.next.end' FROM documents_deep \
             WHERE key = CAST('{levels:04}' AS BLOB)"
        );
        let ends = ask::<Option<String>>(&store, &ends);
        assert_eq!(ends.is_ok(), levels <= SQLITE_LEVELS_MAX, "{levels}: {ends:?}");
        let snapshot = store.snapshot().unwrap();
        let read = deep.get(&snapshot, format!("{levels:04}").as_str());
        assert_eq!(read.is_ok(), levels <= Limits::DEPTH_MAX, "{levels}: {read:?}");
    }
    // The whole text is there, to be inspected and repaired.
    let text = "SELECT json FROM documents_deep WHERE id IS NULL";
    let deepest = nested("1001", SQLITE_LEVELS_MAX + 1);
    assert_eq!(ask::<String>(&store, text).unwrap(), [deepest]);
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
