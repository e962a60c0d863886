//! Indexes of a collection whose schema is upgraded.

use std::ops::ControlFlow;

use arbour::documents::{Collection, Declaration, Field, Filter, Index};
use arbour::{KvStore as _, MemoryStore, Result};
use serde_json::{Value, json};

/// Declares upgrades up to a schema; each adds 100 to the indexed field.
fn declared(schema: u32) -> Declaration<Value> {
    let declaration = Declaration::new("things").field(Field::path("n")).index(Index::on("n"));
    (1..schema).fold(declaration, |declaration, from| {
        declaration.upgrade_json(from, |mut thing| {
            thing["n"] = json!(thing["n"].as_u64().unwrap_or(0) + 100);
            Ok(thing)
        })
    })
}

#[test]
fn each_schema_has_indexes_of_its_own() {
    let store = MemoryStore::new();
    for schema in 1..=3 {
        let things = Collection::open(&store, declared(schema)).unwrap();
        if schema == 1 {
            let put = |number: u64| -> Result<()> {
                let thing = json!({"id": format!("thing-{number}"), "n": number});
                store.write(|transaction| things.insert(transaction, thing.clone()).map(drop))
            };
            (0..3).try_for_each(put).unwrap();
        } else {
            let is_finished = things.finish_upgrade(&store, &mut |_| ControlFlow::Continue(()));
            assert!(is_finished.unwrap());
        }
        let snapshot = store.snapshot().unwrap();
        let upgraded = 1 + u64::from(schema - 1) * 100;
        let equal = things.find(Filter::eq("n", upgraded));
        assert_eq!(equal.count(&snapshot).unwrap(), 1, "schema {schema}");
        let below = things.find(Filter::below("n", upgraded)).count(&snapshot).unwrap();
        assert_eq!(below, 1, "schema {schema}");
        assert!(!equal.explain(&snapshot).unwrap().scans_all(), "schema {schema}");
    }
}
