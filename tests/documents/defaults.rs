//! What is summed up over the values of a field, and which documents have none.

use arbour::documents::{Collection, Declaration, Field, Filter, Index};
use arbour::{KvStore as _, MemoryStore, Result};
use serde_json::{Value, json};

#[test]
fn what_is_summed_up_fits_the_documents() {
    let store = MemoryStore::new();
    let declaration = Declaration::<Value>::new("things")
        .field(Field::path("n"))
        .field(Field::path("mixed"))
        .field(Field::path("code"))
        .index(Index::on("n"))
        .index(Index::on("code").unique());
    let things = Collection::open(&store, declaration).unwrap();
    let documents = [
        json!({"id": "a", "n": 7, "mixed": "text", "code": 1}),
        json!({"id": "b", "n": -3, "mixed": 4, "code": 2}),
        json!({"id": "c", "n": 2.5, "mixed": 1.5, "code": 3}),
        json!({"id": "d", "n": 7, "mixed": true, "code": 4}),
        json!({"id": "e", "mixed": null, "code": 5}),
    ];
    store
        .write(|transaction| -> Result<()> {
            documents
                .clone()
                .into_iter()
                .try_for_each(|document| things.insert(transaction, document).map(drop))
        })
        .unwrap();
    let snapshot = store.snapshot().unwrap();
    // Without an index the values are read from the documents.
    for field in ["n", "mixed"] {
        for filter in [Filter::All, Filter::at_least("n", 2.5), Filter::eq("n", 99)] {
            let found = things.find(filter);
            let all = found.list(&snapshot).unwrap();
            let values: Vec<&Value> =
                all.iter().map(|found| &found[field]).filter(|value| !value.is_null()).collect();
            let distinct = found.distinct(&snapshot, field).unwrap();
            assert_eq!(found.min(&snapshot, field).unwrap().as_ref(), distinct.first());
            assert_eq!(found.max(&snapshot, field).unwrap().as_ref(), distinct.last());
            assert!(distinct.iter().all(|value| values.contains(&value)));
            assert!(values.iter().all(|value| distinct.contains(value)));
            assert_eq!(found.exists(&snapshot).unwrap(), !all.is_empty());
        }
    }
    let of = |filter: Filter<Value>| {
        let found = things.find(filter);
        let sum = found.sum(&snapshot, "n").unwrap().as_f64().unwrap();
        (sum, found.average(&snapshot, "n").unwrap())
    };
    assert_eq!(of(Filter::All), (13.5, Some(3.375)));
    assert_eq!(of(Filter::at_least("n", 2.5)), (16.5, Some(5.5)));
    assert_eq!(of(Filter::eq("n", 99)), (0.0, None));
    let first = things.all().ascending("n").first(&snapshot).unwrap();
    assert_eq!(first.unwrap()["id"], "e", "null comes first");
    let distinct = things.all().distinct(&snapshot, "n").unwrap();
    assert_eq!(distinct, [json!(-3), json!(2.5), json!(7)]);
    let by_code = things.get_by(&snapshot, "code", 3).unwrap();
    assert_eq!(by_code.unwrap()["id"], "c");
    let refused = things.get_by(&snapshot, "n", 7).unwrap_err().to_string();
    assert!(refused.contains("no unique index is over \"n\" alone"), "{refused}");
    let many = things.get_many(&snapshot, ["d", "nobody", "a"]).unwrap();
    let found: Vec<_> = many.into_iter().map(|one| one.map(|one| one["id"].clone())).collect();
    assert_eq!(found, [Some(json!("d")), None, Some(json!("a"))]);
}

/// Not null is a range that an index has.
#[test]
fn an_index_finds_what_is_not_null() {
    let store = MemoryStore::new();
    let things = ["tags", "shelf"].map(|field| {
        let field = if field == "tags" { Field::path(field).many() } else { Field::path(field) };
        let index = Index::on(&field.name);
        let name = format!("by-{}", field.name);
        let declaration = Declaration::<Value>::new(&name).field(field).index(index);
        Collection::open(&store, declaration).unwrap()
    });
    for (things, field) in things.iter().zip(["tags", "shelf"]) {
        store
            .write(|transaction| -> Result<()> {
                let some = json!({"id": "some", "tags": [null, "x", "y"], "shelf": 7});
                things.insert(transaction, some)?;
                (0..50).try_for_each(|number| {
                    let thing = json!({"id": format!("none-{number}"), "tags": [], "shelf": null});
                    things.insert(transaction, thing).map(drop)
                })
            })
            .unwrap();
        let snapshot = store.snapshot().unwrap();
        let filled = things.find(Filter::is_null(field).not());
        let found = filled.list(&snapshot).unwrap();
        assert_eq!(found.iter().map(|found| &found["id"]).collect::<Vec<_>>(), ["some"]);
        assert_eq!(things.find(Filter::is_null(field)).count(&snapshot).unwrap(), 50);
        let explained = filled.explain(&snapshot).unwrap();
        // For a multi-valued field the ranges leave out documents with several values.
        assert_eq!(explained.scans_all(), field == "tags", "{explained}");
    }
}
