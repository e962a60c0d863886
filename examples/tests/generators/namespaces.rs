//! G11: namespaces are separate, and can be written together.

use arbour::ErrorKind;
use serde_json::json;

use crate::bed::{Bed, dump, failed};
use crate::database::Op;
use crate::engines::on_every_engine;

on_every_engine!(
    namespaces_are_isolated,
    clearing_a_parent_leaves_its_children,
    a_batch_across_namespaces_is_atomic,
    a_name_that_is_none_is_an_error,
);

const NAMES: [&str; 4] = ["x", "x/global", "xy", "y"];

/// In the original the keys of a child are among those of its parent, as `!x!a`, and leak.
fn namespaces_are_isolated(bed: &Bed) {
    let database = bed.open();
    for name in NAMES {
        let namespace = database.namespace(name).unwrap();
        for key in ["a", "/global", "!x!a", "x/global", name] {
            namespace.put(key, &json!(name)).unwrap();
        }
    }
    for name in NAMES {
        let namespace = database.namespace(name).unwrap();
        let entries = namespace.get_all("").unwrap();
        assert!(entries.iter().all(|(_, value)| *value == json!(name)), "{name}: {entries:?}");
        let count = if name == "x/global" { 4 } else { 5 };
        assert_eq!(entries.len(), count, "{name}");
    }
    database.namespace("x").unwrap().del("a").unwrap();
    for name in ["x/global", "xy", "y"] {
        let namespace = database.namespace(name).unwrap();
        assert_eq!(namespace.get("a").unwrap(), Some(json!(name)));
    }
    assert!(database.namespace("never written").unwrap().keys("").unwrap().is_empty());
}

/// In the original it clears them too, which once left half a schema.
fn clearing_a_parent_leaves_its_children(bed: &Bed) {
    let database = bed.open();
    for name in NAMES {
        database.namespace(name).unwrap().put("a", &json!(name)).unwrap();
    }
    let before = NAMES.map(|name| dump(&database, name));
    database.namespace("x").unwrap().clear().unwrap();
    assert!(dump(&database, "x").is_empty());
    assert_eq!(NAMES.map(|name| dump(&database, name))[1..], before[1..]);
}

fn a_batch_across_namespaces_is_atomic(bed: &Bed) {
    let database = bed.open();
    let [x, global, _, y] = NAMES.map(|name| database.namespace(name).unwrap());
    x.put("old", &json!(1)).unwrap();
    let (of_x, of_y) = ([Op::put("a", 1), Op::del("old")], [Op::put("a", 2)]);
    let too_long = [Op::put("k".repeat(70_000), 1)];

    let before = NAMES.map(|name| dump(&database, name));
    let refused = database.batch_across(&[(&x, &of_x), (&y, &of_y), (&global, &too_long)]);
    assert_eq!(failed(refused), ("BATCH 4 ops".to_owned(), ErrorKind::TooLarge));
    assert_eq!(NAMES.map(|name| dump(&database, name)), before);

    database.batch_across(&[(&x, &of_x), (&y, &of_y), (&global, &[])]).unwrap();
    assert_eq!(x.get_all("").unwrap(), [("a".to_owned(), json!(1))]);
    assert_eq!(y.get_all("").unwrap(), [("a".to_owned(), json!(2))]);

    let elsewhere = Bed::of("memory").open();
    let foreign =
        database.batch_across(&[(&x, &of_x), (&elsewhere.namespace("x").unwrap(), &of_x)]);
    assert_eq!(failed(foreign), ("BATCH 4 ops".to_owned(), ErrorKind::InvalidArgument));
    assert_eq!(x.keys("").unwrap(), ["a"]);
}

fn a_name_that_is_none_is_an_error(bed: &Bed) {
    let database = bed.open();
    for name in ["", "a\0b", "arbour/migration"] {
        let refused = database.namespace(name);
        let expected = (format!("NAMESPACE {name}"), ErrorKind::InvalidArgument);
        assert_eq!(failed(refused), expected);
    }
}
