//! Event sourcing (`E1` to `E15`).

use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use arbour::KvStore as _;
use arbour::documents::Ids;
use arbour::events::{EventError, EventQuery, Outcome};
use serde_json::json;

use crate::bed::{Bed, with_every_queue};
use crate::shop::{Shop, old_order, order};
use crate::stores::{Opened, Stores, WAIT, ends, writes};

with_every_queue!(
    a_dispatch_returns_what_came_of_it,
    readers_see_what_was_committed,
    a_position_can_be_waited_for,
    a_backlog_is_applied_by_whoever_comes_next,
    a_follower_applies_what_comes_until_it_is_told_to_stop,
    phases_come_in_their_order,
    sub_events_are_of_their_event,
    what_was_done_is_counted,
    an_event_is_applied_once_whoever_dies,
    things_are_folded_anew_beside_those_that_are_read,
);

fn open_shop(stores: &Stores) -> Opened {
    stores.open_as(1, Ids::Integer, |projection, things| projection.model(Shop::new(things)))
}

/// E1, E3, E5. With a time of its own or the log's.
fn a_dispatch_returns_what_came_of_it(bed: &Bed) {
    let opened = open_shop(&bed.open_all());
    let set = writes().set(&json!({"id": 5, "count": 3})).unwrap().at(7);
    let result = opened.dispatch(set);
    assert_eq!(result["things"], json!({"id": 5, "revision": 1}));
    assert_eq!(opened.dispatch(order(5, 2))["shop"], json!({"thing": 5, "left": 1}));
    let read = opened.events.read(&EventQuery::all()).unwrap();
    assert_eq!(read[0].as_event().time, 7);
    assert!(read[1].as_event().time > 1_600_000_000_000);
}

/// E2, E4. The position of the things is committed with them.
fn readers_see_what_was_committed(bed: &Bed) {
    let opened = bed.open_all().open();
    let before = opened.events.store().snapshot().unwrap();
    opened.dispatch(writes().set(&json!({"id": 5})).unwrap());
    assert!(opened.things.get(&before, 5).unwrap().is_none());
    assert!(opened.get(5).is_some());
    let status = &opened.events.status().unwrap()[0];
    assert_eq!((status.applied, status.lag, status.is_halted), (1, 0, false));
}

/// E6.
fn a_position_can_be_waited_for(bed: &Bed) {
    let stores = bed.open_all();
    ends(move || {
        let opened = stores.open();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let snapshot = opened.events.wait_for("things", 1, WAIT).unwrap();
                opened.things.get(&snapshot, 5).unwrap().is_some()
            });
            opened.dispatch(writes().set(&json!({"id": 5})).unwrap());
            assert!(waiting.join().unwrap());
        });
        let late = opened.events.wait_for("things", 2, Duration::ZERO).map(drop);
        assert!(
            matches!(late.as_ref().unwrap_err().downcast_ref(), Some(EventError::TimedOut { .. })),
            "{late:?}"
        );
    });
}

/// E7. strato-db does nothing until it is asked.
fn a_backlog_is_applied_by_whoever_comes_next(bed: &Bed) {
    let stores = bed.open_all();
    stores.append(writes().set(&json!({"id": 4})).unwrap());
    let opened = stores.open();
    assert!(opened.get(4).is_some(), "opening applies what was appended before");
    stores.append(writes().set(&json!({"id": 5})).unwrap());
    assert_eq!(opened.events.status().unwrap()[0].lag, 1);
    opened.dispatch(writes().set(&json!({"id": 6})).unwrap());
    assert!(opened.get(5).is_some() && opened.get(6).is_some());
    stores.append(writes().set(&json!({"id": 7})).unwrap());
    assert_eq!(opened.events.catch_up("things").unwrap(), 4);
    assert!(opened.get(7).is_some());
}

/// E7.
fn a_follower_applies_what_comes_until_it_is_told_to_stop(bed: &Bed) {
    let stores = bed.open_all();
    ends(move || {
        let opened = stores.open();
        thread::scope(|scope| {
            let follower = scope.spawn(|| opened.events.follow());
            stores.append(writes().set(&json!({"id": 5})).unwrap());
            opened.events.notify();
            while opened.get(5).is_none() {
                thread::yield_now();
            }
            opened.events.shut_down();
            follower.join().unwrap().unwrap();
        });
        let late = opened.events.dispatch_all(writes().remove(5).unwrap());
        assert!(
            matches!(late.as_ref().unwrap_err().downcast_ref(), Some(EventError::ShutDown { .. })),
            "{late:?}"
        );
    });
}

/// E8.
fn phases_come_in_their_order(bed: &Bed) {
    let mut calls = Arc::default();
    let opened = bed.open_all().open_as(1, Ids::Integer, |projection, things| {
        let shop = Shop::new(things);
        calls = Arc::clone(&shop.calls);
        projection.model(shop)
    });
    opened.dispatch(writes().set(&json!({"id": 5, "count": 1})).unwrap());
    calls.lock().unwrap().clear();
    opened.dispatch(old_order(5));
    let sub_event = |name: &str| {
        ["preprocess", "reduce", "derive", "transact"].map(|phase| format!("{phase} things/{name}"))
    };
    let own = |calls: &[&str]| calls.iter().map(|call| call.to_string()).collect::<Vec<_>>();
    let expected = [
        own(&["preprocess one-ordered", "reduce ordered", "derive ordered"]),
        sub_event("update").to_vec(),
        own(&["transact ordered"]),
        sub_event("insert").to_vec(),
        sub_event("update").to_vec(),
    ];
    assert_eq!(*calls.lock().unwrap(), expected.concat());
    let thing = json!({"id": 5, "count": 0, "ordered": 2, "note": 6});
    assert_eq!(opened.get(5), Some(thing), "each saw what those before it had done");
    assert_eq!(opened.history(&EventQuery::all()), ["1 things/set", "2 one-ordered"]);
}

/// E9, M3. Sub-events need no dispatch of their own, disappear with a failing one, and cannot be
/// endless.
fn sub_events_are_of_their_event(bed: &Bed) {
    let stores = bed.open_all();
    let opened = open_shop(&stores);
    opened.dispatch(writes().set(&json!({"id": 5, "count": 3})).unwrap());
    let Outcome::Applied { sub_events, .. } = opened.outcome(order(5, 1)) else {
        panic!("it is applied")
    };
    assert_eq!(sub_events[0].event_type, "things/update");
    assert_eq!(opened.get(5).unwrap()["count"], 2);
    assert_eq!(opened.events.head().unwrap().position, 2);
    let shallow = stores.open_as(1, Ids::Integer, |projection, things| {
        projection.model(Shop::new(things)).sub_events(100, 0)
    });
    let outcome = shallow.outcome(order(5, 1));
    assert!(matches!(outcome, Outcome::Halted { position: 3, .. }), "{outcome:?}");
    assert_eq!(shallow.get(5).unwrap()["count"], 2, "nothing of it was done");
}

/// E11.
fn what_was_done_is_counted(bed: &Bed) {
    let opened = open_shop(&bed.open_all());
    opened.dispatch(writes().set(&json!({"id": 5, "count": 3})).unwrap());
    opened.outcome(order(9, 1));
    let counters = opened.events.counters();
    assert_eq!((counters.appended(), counters.applied(), counters.failed()), (2, 1, 1));
}

/// E13. Whichever process died between queueing and applying, only the position of the things
/// counts.
fn an_event_is_applied_once_whoever_dies(bed: &Bed) {
    let stores = bed.open_all();
    open_shop(&stores).dispatch(writes().set(&json!({"id": 5, "count": 3})).unwrap());
    stores.append(order(5, 1));
    for _ in 0..2 {
        let opened = open_shop(&stores);
        opened.events.catch_up("things").unwrap();
        assert_eq!(opened.get(5).unwrap()["count"], 2);
    }
}

/// E15. The old ones are read until the new ones have caught up.
fn things_are_folded_anew_beside_those_that_are_read(bed: &Bed) {
    let stores = bed.open_all();
    let opened = open_shop(&stores);
    opened.dispatch(writes().set(&json!({"id": 5, "count": 3})).unwrap());
    opened.dispatch(order(5, 3));
    let shop = |version| {
        let (projection, things) = stores.projection(version, Ids::Integer);
        projection.model(Shop::new(&things))
    };
    let both = stores.builder().projection(shop(1)).projection(shop(2)).build().unwrap();
    assert_eq!(both.active_version("things").unwrap(), Some(1));
    assert!(both.rebuild("things", 2, &mut |_| ControlFlow::Continue(())).unwrap());
    assert_eq!(both.active_version("things").unwrap(), Some(2));
    assert_eq!(both.digest("things", 1).unwrap(), both.digest("things", 2).unwrap());
    both.forget("things", 1).unwrap();
    assert_eq!(opened.get(5), None, "the old ones are gone");
    let (_, things) = stores.projection(2, Ids::Integer);
    let snapshot = stores.store.snapshot().unwrap();
    assert_eq!(things.get(&snapshot, 5).unwrap().unwrap()["count"], 0);
}
