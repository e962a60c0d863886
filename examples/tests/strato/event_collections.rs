//! A collection whose writes are events (`M1` to `M10`).

use arbour::Result;
use arbour::documents::Ids;
use arbour::events::{EventQuery, Metadata, NewEvent};
use serde_json::{Value, json};

use crate::bed::{Bed, with_every_queue};
use crate::shop::{Shop, order};
use crate::stores::{WAIT, writes};

with_every_queue!(
    each_write_is_an_event,
    a_write_is_read_when_it_returns_and_says_who_made_it,
    a_write_that_is_refused_is_no_failure,
    ids_are_made_one_after_another,
    a_model_may_write_directly,
    a_new_collection_says_so_once,
);

/// M1, M6, M10.
fn each_write_is_an_event(bed: &Bed) {
    let opened = bed.open_all().open();
    let write = |event: Result<NewEvent>| opened.dispatch(event.unwrap())["things"].clone();
    assert_eq!(write(writes().insert(&json!({"id": 5}))), json!({"id": 5, "revision": 1}));
    write(writes().set(&json!({"id": 5, "name": "hi"})));
    write(writes().update(5, &json!({"name": null, "count": 3})));
    write(writes().upsert(&json!({"id": 5, "name": "ho"})));
    assert_eq!(opened.get(5), Some(json!({"id": 5, "count": 3, "name": "ho"})));
    write(writes().upsert(&json!({"id": 6})));
    write(writes().change_id(5, 50));
    assert_eq!(write(writes().remove(50)), json!({"removed": true}));
    assert_eq!(
        (opened.get(5), opened.get(50), opened.get(6)),
        (None, None, Some(json!({"id": 6})))
    );
    let types = ["insert", "set", "update", "upsert", "upsert", "change-id", "remove"];
    let lines = types.iter().zip(1..).map(|(name, position)| format!("{position} things/{name}"));
    assert_eq!(opened.history(&EventQuery::all()), lines.collect::<Vec<_>>());
}

/// M2.
fn a_write_is_read_when_it_returns_and_says_who_made_it(bed: &Bed) {
    let opened = bed.open_all().open();
    let set = writes().set(&json!({"id": 5})).unwrap();
    let by_ada = set.with_metadata(Metadata::default().with("user", "ada"));
    let dispatched = opened.events.dispatch_all(by_ada).unwrap();
    assert!(opened.get(5).is_some());
    assert!(opened.events.wait_for("things", dispatched.appended.last, WAIT).is_ok());
    let read = opened.events.read(&EventQuery::all()).unwrap();
    assert_eq!(read[0].as_event().metadata().unwrap().extra["user"], "ada");
}

/// M5. It is in the queue, and later events are applied.
fn a_write_that_is_refused_is_no_failure(bed: &Bed) {
    let opened = bed.open_all().open();
    let thing = json!({"id": 5, "count": 3});
    opened.dispatch(writes().insert(&thing).unwrap());
    for (write, kind) in [
        (writes().insert(&thing), "exists"),
        (writes().update(6, &json!({"count": 1})), "missing"),
        (writes().set(&json!({"id": 7, "count": "three"})), "wrong-type"),
    ] {
        assert_eq!(opened.dispatch(write.unwrap())["things"]["kind"], kind);
    }
    assert_eq!(opened.dispatch(writes().remove(6).unwrap())["things"], json!({"removed": false}));
    assert_eq!(opened.get(5), Some(thing));
}

/// M7. This includes ids of sub-events, which see each other's.
fn ids_are_made_one_after_another(bed: &Bed) {
    let opened = bed
        .open_all()
        .open_as(1, Ids::Integer, |projection, things| projection.model(Shop::new(things)));
    let made = |body: Value| opened.dispatch(writes().set(&body).unwrap())["things"]["id"].clone();
    assert_eq!(
        [made(json!({"count": 1})), made(json!({"id": 7, "count": 1})), made(json!({}))],
        [1, 7, 8]
    );
    opened.dispatch(order(1, 1));
    opened.dispatch(order(7, 1));
    assert_eq!(opened.get(1).unwrap()["note"], 9);
    assert_eq!(opened.get(7).unwrap()["note"], 10);
}

/// M8.
fn a_model_may_write_directly(bed: &Bed) {
    let opened = bed
        .open_all()
        .open_as(1, Ids::Integer, |projection, things| projection.model(Shop::new(things)));
    opened.dispatch(writes().set(&json!({"id": 5, "count": 3})).unwrap());
    opened.dispatch(order(5, 1));
    assert_eq!(opened.get(5).unwrap()["ordered"], 2, "its deriver wrote it");
}

/// M9.
fn a_new_collection_says_so_once(bed: &Bed) {
    let stores = bed.open_all();
    for _ in 0..2 {
        stores.open().dispatch(writes().init());
    }
    assert_eq!(stores.open().history(&EventQuery::all()), ["1 things/init"]);
}
