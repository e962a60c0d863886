//! Opening and closing stores (`S1`, `S2`, `S11`, `D1`).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread;

use arbour::documents::{DocError, Field, Index};
use arbour::{Error, ErrorKind, KvRead as _, KvStore as _, Operation, Registry, StoreOptions};
use serde_json::json;

use crate::bed::{Bed, on_every_engine, on_every_persistent_engine};
use crate::collection::Things;
use crate::things;

on_every_engine!(
    a_store_can_be_opened_when_it_is_first_used,
    what_is_done_at_opening_is_a_scheme_of_ones_own,
    a_collection_that_is_declared_otherwise_is_told,
);

on_every_persistent_engine!(a_closed_store_can_be_opened_again, a_store_can_be_opened_to_read);

/// S1. Whoever comes meanwhile waits for the one who opens it.
fn a_store_can_be_opened_when_it_is_first_used(bed: &Bed) {
    let opened = AtomicUsize::new(0);
    let store = LazyLock::new(|| {
        opened.fetch_add(1, Ordering::Relaxed);
        bed.open()
    });
    assert!(bed.is_empty());
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| store.tree("things").unwrap());
        }
    });
    assert_eq!(opened.load(Ordering::Relaxed), 1);
}

/// S1.
fn a_closed_store_can_be_opened_again(bed: &Bed) {
    let things = Things::open(bed, things::declaration("things"));
    things.fill(&[json!({"id": 5})]);
    things.store.close().unwrap();
    assert_eq!(things.store.snapshot().err().unwrap().kind(), ErrorKind::Closed);
    drop(things);
    assert!(Things::open(bed, things::declaration("things")).get(5).is_some());
}

/// S2. Its error fails the opening.
fn what_is_done_at_opening_is_a_scheme_of_ones_own(bed: &Bed) {
    let mut registry = Registry::built_in();
    let noting = registry.register("noting", |url, options| {
        let store = arbour::open_with(url, options)?;
        store.put(&store.tree("notes")?, b"opened", b"yes")?;
        Ok(store)
    });
    let failing = registry.register("failing", |url, options| {
        arbour::open_with(url, options)?;
        Err(Error::new(ErrorKind::InvalidArgument, Operation::Open, "not today"))
    });
    noting.and(failing).unwrap();
    let refused = registry.open(&format!("failing:{}", bed.url())).unwrap_err();
    assert_eq!(refused.message(), "not today");
    let store = registry.open(&format!("noting:{}", bed.url())).unwrap();
    let notes = store.tree("notes").unwrap();
    assert!(store.snapshot().unwrap().contains(&notes, b"opened").unwrap());
}

/// S11. An engine that cannot says so.
fn a_store_can_be_opened_to_read(bed: &Bed) {
    let things = Things::open(bed, things::declaration("things"));
    things.fill(&[json!({"id": 5})]);
    let is_possible = things.store.capabilities().read_only;
    things.store.close().unwrap();
    drop(things);
    let store = match arbour::open_with(&bed.url(), &StoreOptions::new().read_only(true)) {
        Ok(store) => Arc::new(store),
        Err(error) => {
            return assert_eq!((error.kind(), is_possible), (ErrorKind::Unsupported, false));
        }
    };
    let things = Things::open_in(&store, things::declaration("things")).unwrap();
    assert!(things.get(5).is_some());
    let refused = things.set(&json!({"id": 6})).unwrap_err();
    assert!(matches!(&refused, DocError::Store(error) if error.kind() == ErrorKind::ReadOnly));
}

/// D1. The same name may be opened twice, but a handle never works with an old declaration.
fn a_collection_that_is_declared_otherwise_is_told(bed: &Bed) {
    let things = Things::open(bed, things::declaration("things"));
    let same = Things::open_in(&things.store, things::declaration("things")).unwrap();
    same.set(&json!({"id": 5})).unwrap();
    assert!(things.get(5).is_some());
    let other = things::declaration("things").field(Field::path("name")).index(Index::on("name"));
    let other = Things::open_in(&things.store, other).unwrap();
    let told = things.set(&json!({"id": 6})).unwrap_err();
    assert!(matches!(told, DocError::Redeclared { .. }), "{told}");
    other.set(&json!({"id": 6, "name": "six"})).unwrap();
}
