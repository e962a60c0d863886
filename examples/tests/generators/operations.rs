//! G1, G4, G5, G6: putting, getting, deleting, listing and batches.

use arbour::ErrorKind;
use serde_json::{Value, json};

use crate::bed::{Bed, dump, failed};
use crate::database::{Database, Op};
use crate::engines::{on_every_engine, on_every_persistent_engine};

on_every_engine!(
    the_readme_of_the_original_holds,
    put_replaces_and_get_of_nothing_is_none,
    del_removes_and_forgives_the_missing,
    falsy_values_are_values,
    complex_values_come_back_whole,
    the_last_operation_on_a_key_wins,
    a_batch_that_is_refused_leaves_nothing,
    an_empty_batch_writes_nothing,
);
on_every_persistent_engine!(the_readme_of_the_original_holds_after_reopening);

/// The usage that the README of the original shows, call by call.
fn use_as_the_readme_does(db: &Database) {
    let event = json!({
        "id": "my-id",
        "type": "event-type",
        "description": "Event description",
        "date": "2024-01-01"
    });
    db.put("event:my-id", &event).unwrap();
    assert_eq!(db.get("event:my-id").unwrap(), Some(event));
    db.del("event:my-id").unwrap();
    assert!(db.keys("event:").unwrap().is_empty());
    assert!(db.get_all("event:").unwrap().is_empty());
    db.put("event:old-id", &json!({ "id": "old-id" })).unwrap();
    db.batch(&[
        Op::put("event:id1", json!({ "id": "id1" })),
        Op::put("event:id2", json!({ "id": "id2" })),
        Op::del("event:old-id"),
    ])
    .unwrap();
    db.put("event:2024-01-01-001", &json!({ "date": "2024-01-01" })).unwrap();
    db.put("modifier:2024-01-01-001:location", &json!({ "value": "NYC" })).unwrap();
    db.put("generated:summary:2024-01", &json!({ "text": "quiet" })).unwrap();
}

/// The remaining entries.
fn holds_what_the_readme_says(db: &Database) {
    assert_eq!(db.keys("event:").unwrap(), ["event:2024-01-01-001", "event:id1", "event:id2"]);
    let ids = db.get_all("event:id").unwrap();
    let of = |key: &str, id: &str| (key.to_owned(), json!({ "id": id }));
    assert_eq!(ids, [of("event:id1", "id1"), of("event:id2", "id2")]);
    let location = db.get("modifier:2024-01-01-001:location").unwrap();
    assert_eq!(location, Some(json!({ "value": "NYC" })));
    let all = db.keys("").unwrap();
    assert_eq!(all.len(), 5);
    assert!(all.is_sorted(), "{all:?}");
}

fn the_readme_of_the_original_holds(bed: &Bed) {
    let database = bed.open();
    use_as_the_readme_does(&database);
    holds_what_the_readme_says(&database);
    database.close().unwrap();
}

/// Of the original: "can be called multiple times".
fn the_readme_of_the_original_holds_after_reopening(bed: &Bed) {
    let database = bed.open();
    use_as_the_readme_does(&database);
    database.close().unwrap();
    for _ in 0..2 {
        let database = bed.open();
        holds_what_the_readme_says(&database);
        database.close().unwrap();
    }
}

fn put_replaces_and_get_of_nothing_is_none(bed: &Bed) {
    let database = bed.open();
    assert_eq!(database.get("key").unwrap(), None);
    database.put("key", &json!(1)).unwrap();
    database.put("key", &json!({ "now": 2 })).unwrap();
    assert_eq!(database.get("key").unwrap(), Some(json!({ "now": 2 })));
    assert_eq!(database.get("ke").unwrap(), None);
    assert_eq!(database.get("key2").unwrap(), None);
}

fn del_removes_and_forgives_the_missing(bed: &Bed) {
    let database = bed.open();
    database.put("key", &json!(1)).unwrap();
    database.put("key2", &json!(2)).unwrap();
    for _ in 0..2 {
        database.del("key").unwrap();
        assert_eq!(database.get("key").unwrap(), None);
    }
    assert_eq!(database.keys("").unwrap(), ["key2"]);
}

/// A guard of the original once refused all falsy values, and its engine refuses `null`.
fn falsy_values_are_values(bed: &Bed) {
    let database = bed.open();
    let values = [Value::Null, json!(0), json!(false), json!(""), json!([]), json!({})];
    for (number, value) in values.iter().enumerate() {
        database.put(&format!("put{number}"), value).unwrap();
        database.batch(&[Op::put(format!("batch{number}"), value.clone())]).unwrap();
    }
    for (number, value) in values.iter().enumerate() {
        for way in ["put", "batch"] {
            let found = database.get(&format!("{way}{number}")).unwrap();
            assert_eq!(found.as_ref(), Some(value), "{way}");
        }
    }
    assert_eq!(database.get("missing").unwrap(), None);
    assert_eq!(database.get_all("").unwrap().len(), 12);
}

fn complex_values_come_back_whole(bed: &Bed) {
    let database = bed.open();
    let value = json!({
        "nested": { "list": [1, -2.5, "three", null, { "deep": [[]] }], "日本": "\u{0}\n\"😀" },
        "large": u64::MAX, "small": i64::MIN, "exact": 0.1 + 0.2, "text": "x".repeat(100_000),
    });
    database.put("complex", &value).unwrap();
    assert_eq!(database.get("complex").unwrap(), Some(value.clone()));
    assert_eq!(database.get_all("c").unwrap(), [("complex".to_owned(), value)]);
}

fn the_last_operation_on_a_key_wins(bed: &Bed) {
    let database = bed.open();
    database.batch(&[Op::put("d", 1), Op::del("d")]).unwrap();
    assert_eq!(database.get("d").unwrap(), None);
    database.batch(&[Op::del("d"), Op::put("d", 2)]).unwrap();
    assert_eq!(database.get("d").unwrap(), Some(json!(2)));
    database.batch(&[Op::put("d", 3), Op::del("d"), Op::put("d", 4), Op::put("e", 5)]).unwrap();
    let of = |key: &str, value: u32| (key.to_owned(), json!(value));
    assert_eq!(database.get_all("").unwrap(), [of("d", 4), of("e", 5)]);
}

fn a_batch_that_is_refused_leaves_nothing(bed: &Bed) {
    let database = bed.open();
    database.put("old", &json!(1)).unwrap();
    let before = dump(&database, "x");
    let ops = [
        Op::put("new", 1),
        Op::del("old"),
        Op::put("k".repeat(70_000), 1),
        Op::put("never reached", 1),
    ];
    assert_eq!(failed(database.batch(&ops)), ("BATCH 4 ops".to_owned(), ErrorKind::TooLarge));
    assert_eq!(dump(&database, "x"), before);
    database.batch(&ops[..2]).unwrap();
    assert_eq!(database.keys("").unwrap(), ["new"]);
}

/// The thread that holds the writer fails at once if it requests another: so a call that returns
/// meanwhile did not write.
fn an_empty_batch_writes_nothing(bed: &Bed) {
    use arbour::KvStore as _;

    let database = bed.open();
    let writer = database.store().begin().unwrap();
    database.batch(&[]).unwrap();
    database.batch_across(&[(&database, &[]), (&database, &[])]).unwrap();
    let written = database.batch(&[Op::del("key")]);
    assert_eq!(failed(written), ("BATCH 1 ops".to_owned(), ErrorKind::Busy));
    drop(writer);
}
