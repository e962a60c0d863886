//! Opening and closing stores (`S1`, `S2`, `S11`, `D1`).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use arbour::documents::{Field, Filter, Index};
use arbour::{Error, ErrorKind, KvRead as _, KvStore as _, LazyStore, Operation, StoreOptions};
use serde_json::json;

use crate::bed::Bed;
use crate::collection::Things;
use crate::engines::{on_every_engine, on_every_persistent_engine};
use crate::things;

on_every_engine!(
    a_store_can_be_opened_when_it_is_first_used,
    what_is_to_be_done_at_opening_is_done,
    a_collection_that_is_declared_otherwise_goes_on,
);

on_every_persistent_engine!(a_closed_store_can_be_opened_again, a_store_can_be_opened_to_read);

/// S1. Concurrent callers wait for the one that opens it.
fn a_store_can_be_opened_when_it_is_first_used(bed: &Bed) {
    let opened = Arc::new(AtomicUsize::new(0));
    let (url, counted) = (bed.url(), Arc::clone(&opened));
    let lazy = LazyStore::new(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        arbour::open(&url)
    });
    assert!(bed.is_empty() && !lazy.is_open());
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| lazy.get().unwrap().tree("things").unwrap());
        }
    });
    assert_eq!(opened.load(Ordering::Relaxed), 1);
    lazy.close().unwrap();
    lazy.get().unwrap().tree("things").unwrap();
    assert_eq!(opened.load(Ordering::Relaxed), 2);
}

/// S1.
fn a_closed_store_can_be_opened_again(bed: &Bed) {
    let things = Things::open(bed, things::declaration("things"));
    things.fill([json!({"id": 5})]);
    things.store.close().unwrap();
    assert_eq!(things.store.snapshot().err().unwrap().kind(), ErrorKind::Closed);
    drop(things);
    assert!(Things::open(bed, things::declaration("things")).get(5).is_some());
}

/// S2. The error of a hook fails the opening.
fn what_is_to_be_done_at_opening_is_done(bed: &Bed) {
    let (url, calls) = (bed.url(), AtomicUsize::new(0));
    let lazy = LazyStore::new(move || arbour::open(&url))
        .on_open(|store| store.put(&store.tree("notes")?, b"opened", b"yes"))
        .on_open(move |_| match calls.fetch_add(1, Ordering::Relaxed) {
            0 => Err(Error::new(ErrorKind::InvalidArgument, Operation::Open, "not today")),
            _ => Ok(()),
        });
    assert_eq!(lazy.get().unwrap_err().message(), "not today");
    assert!(!lazy.is_open());
    let store = lazy.get().unwrap();
    let notes = store.tree("notes").unwrap();
    assert!(store.snapshot().unwrap().contains(&notes, b"opened").unwrap());
}

/// S11. An engine that cannot do this says so.
fn a_store_can_be_opened_to_read(bed: &Bed) {
    let things = Things::open(bed, things::declaration("things"));
    things.fill([json!({"id": 5})]);
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
    let refused = things.put(json!({"id": 6})).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ReadOnly);
}

/// D1. The same name may be opened twice, also with other indexes: each handle keeps all of them right.
fn a_collection_that_is_declared_otherwise_goes_on(bed: &Bed) {
    let things = Things::open(bed, things::declaration("things"));
    let same = Things::open_in(&things.store, things::declaration("things")).unwrap();
    same.put(json!({"id": 5})).unwrap();
    assert!(things.get(5).is_some());
    let other = things::declaration("things").field(Field::path("name")).index(Index::on("name"));
    let other = Things::open_in(&things.store, other).unwrap();
    things.put(json!({"id": 5, "name": "six"})).unwrap();
    other.put(json!({"id": 6, "name": "six"})).unwrap();
    things.put(json!({"id": 7, "name": "six"})).unwrap();
    assert_eq!(other.find_by_index(Filter::eq("name", "six")), "5 6 7");
}
