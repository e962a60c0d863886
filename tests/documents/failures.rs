//! A write that the engine fails midway is undone, and the transaction can continue.

use std::collections::BTreeMap;

use arbour::documents::{Collection, Declaration, Field, Index};
use arbour::{
    Cursor as _, Direction, ErrorKind, KeyRange, KvRead, KvStore as _, KvWrite as _, MemoryStore,
    Result, Tree,
};
use arbour_core::engine::TreeName;
use serde_json::{Value, json};

use crate::failing::Failing;

type Contents = BTreeMap<(String, Vec<u8>), Vec<u8>>;

/// Reads everything.
fn contents<R: KvRead>(reader: &R, tree: impl Fn(&str) -> Tree) -> Contents {
    let mut contents = Contents::new();
    for name in reader.trees().unwrap() {
        let tree = tree(&name);
        let mut cursor = reader.scan(&tree, KeyRange::all(), Direction::Forward).unwrap();
        while let Some((key, value)) = cursor.next().unwrap() {
            contents.insert((name.clone(), key.to_vec()), value.to_vec());
        }
    }
    contents
}

/// A change of documents, in a transaction that may fail it.
type Change = fn(&Collection<Value>, &mut Failing<'_>) -> Result<()>;

/// Fails each write of a change in turn, and checks whether it left anything.
fn leaves_nothing(change: Change) {
    let store = MemoryStore::new();
    let things = Declaration::<Value>::new("things")
        .field(Field::path("size"))
        .field(Field::path("tags").many())
        .index(Index::on("size").unique())
        .index(Index::on("tags"))
        .with_feed();
    let things = Collection::open(&store, things).unwrap();
    let stored = store.write(|transaction| {
        let thing = json!({"id": "a", "size": 1, "tags": ["x", "y"]});
        things.insert(transaction, thing)
    });
    stored.unwrap();
    let tree = |name: &str| store.open_tree(TreeName::stored(name).unwrap()).unwrap();
    let mut failures = 0;
    loop {
        let mut failing = Failing::new(store.begin().unwrap(), failures);
        let before = contents(&failing, tree);
        let changed = change(&things, &mut failing);
        let after = contents(&failing, tree);
        failing.rollback().unwrap();
        match changed {
            Ok(()) => {
                assert_ne!(after, before);
                break;
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Io, "{error}");
                assert_eq!(after, before, "write {failures} was failed, and left something");
            }
        }
        failures += 1;
    }
    assert!(failures >= 4, "only {failures} writes were there to be failed");
}

#[test]
fn a_failed_insert_leaves_nothing() {
    leaves_nothing(|things, transaction| {
        things.insert(transaction, json!({"id": "b", "size": 2, "tags": ["y", "z"]})).map(drop)
    });
}

#[test]
fn a_failed_update_leaves_nothing() {
    leaves_nothing(|things, transaction| {
        things.put(transaction, json!({"id": "a", "size": 2, "tags": ["y", "z"]})).map(drop)
    });
}

#[test]
fn a_failed_removal_leaves_nothing() {
    leaves_nothing(|things, transaction| things.delete(transaction, "a").map(drop));
}
