//! The bytes of stored documents. They must not change, because stores contain them.

use arbour::documents::{BodyCodec, Collection, Declaration, Field, Ids, Index};
use arbour::{Cursor as _, Direction, KeyRange, KvRead as _, KvStore as _, MemoryStore};
use arbour_core::engine::TreeName;
use serde_json::{Value, json};

/// Reads a tree of the layer, with bytes that are not text escaped.
fn entries(store: &MemoryStore, name: &str) -> Vec<(String, String)> {
    let tree = store.open_tree(TreeName::layer(name).unwrap()).unwrap();
    let snapshot = store.snapshot().unwrap();
    let mut cursor = snapshot.scan(&tree, KeyRange::all(), Direction::Forward).unwrap();
    let mut entries = Vec::new();
    while let Some((key, value)) = cursor.next().unwrap() {
        entries.push((key.escape_ascii().to_string(), value.escape_ascii().to_string()));
    }
    entries
}

fn store(declaration: Declaration<Value>, documents: &[Value]) -> MemoryStore {
    let store = MemoryStore::new();
    let collection = Collection::open(&store, declaration).unwrap();
    let stored = store.write(|transaction| {
        documents
            .iter()
            .cloned()
            .try_for_each(|document| collection.put(transaction, document).map(drop))
    });
    stored.unwrap();
    store
}

#[test]
fn documents_and_their_changes_are_those_of_old() {
    let declaration = Declaration::new("things").with_feed();
    let store = store(declaration, &[json!({"id": "a"}), json!({"id": "a", "n": 1})]);
    let header = r"\x01\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x02";
    let body = r#"{\"id\":\"a\",\"n\":1}"#;
    assert_eq!(entries(&store, "arbour/doc/things"), [("a".into(), format!("{header}{body}"))]);
    let position = |number| format!(r"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x{number:02x}");
    let change = |revision| format!(r"\x01\x00\x00\x00\x00\x00\x00\x00\x{revision:02x}a");
    let feed = [(position(1), change(1)), (position(2), change(2))];
    assert_eq!(entries(&store, "arbour/feed/things"), feed);
}

#[test]
fn entries_of_indexes_are_those_of_old() {
    let declaration = Declaration::new("things")
        .field(Field::path("a"))
        .field(Field::path("b"))
        .index(Index::on("a").then("b"))
        .index(Index::descending("a"));
    let store = store(declaration, &[json!({"id": "x\u{1}", "a": "A", "b": true})]);
    let ascending = r"\x06A\x00\xfe\x04\xffx\x01".to_owned();
    assert_eq!(entries(&store, "arbour/index/things/a,b"), [(ascending, String::new())]);
    let descending = r"\xf7\xbc\xfd\xff\x85\xfc\xfb\xfd".to_owned();
    assert_eq!(entries(&store, "arbour/index/things/-a"), [(descending, String::new())]);
}

#[test]
fn ids_are_those_of_old() {
    for (ids, id, key) in [
        (Ids::Chosen, json!("a b"), "a b"),
        (Ids::Integer, json!(-1), r"\x00\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f"),
        (
            Ids::Uuid,
            json!("01890a5d-ac96-774b-bcce-b302099afdff"),
            r"\x01\x89\n]\xac\x96wK\xbc\xce\xb3\x02\t\x9a\xfd\x01\xfd\x03",
        ),
    ] {
        let declaration = Declaration::new("things").id("id", ids);
        let store = store(declaration, &[json!({ "id": id })]);
        assert_eq!(entries(&store, "arbour/doc/things")[0].0, key);
    }
}

#[test]
fn what_bodies_are_written_with_is_numbered_as_of_old() {
    assert_eq!(BodyCodec::<u32>::json().number, 1);
    #[cfg(feature = "bincode")]
    assert_eq!(BodyCodec::<u32>::bincode().number, 2);
}
