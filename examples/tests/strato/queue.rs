//! The queue of events (`Q1` to `Q7`).

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use arbour::KvStore as _;
use arbour::documents::Ids;
use arbour::events::{
    Append, Dispatch, EventError, EventQuery, EventType, Expected, Metadata, Outcome,
};
use serde_json::{Value, json};

use crate::bed::{Bed, with_every_queue};
use crate::stores::{WAIT, ends, writes};

with_every_queue!(
    an_event_keeps_all_that_is_known_of_it,
    events_are_queued_in_order_without_waiting,
    whoever_waits_for_the_next_event_is_woken,
    a_queue_that_lost_its_events_is_found_out,
    an_old_event_is_read_as_one_of_today,
    the_history_is_read_by_type_by_stream_and_backwards,
    what_was_asked_for_twice_happens_once,
);

/// Q1. strato-db keeps the result in the row of the event; here it is kept with the view.
fn an_event_keeps_all_that_is_known_of_it(bed: &Bed) {
    let opened = bed.open_all().open();
    let set = writes().set(&json!({"id": 5})).unwrap().at(1_700_000_000_000);
    let set = set.with_metadata(Metadata::default().with("user", "ada"));
    let append = Append::from(set).key("first");
    let result = opened.dispatch(append.clone());
    let read = opened.events.read(&EventQuery::all()).unwrap();
    let event = read[0].as_event();
    assert_eq!((event.position, event.time), (1, 1_700_000_000_000));
    assert_eq!((event.event_type, event.stream, event.version), ("things/set", "things/5", 1));
    assert_eq!(serde_json::from_slice::<Value>(event.payload).unwrap(), json!({"id": 5}));
    assert_eq!(event.metadata().unwrap().extra["user"], "ada");
    assert_eq!(opened.dispatch(append), result, "told again, and not done again");
    assert_eq!(opened.events.head().unwrap().position, 1);
}

/// Q2, Q4.
fn events_are_queued_in_order_without_waiting(bed: &Bed) {
    let stores = bed.open_all();
    for id in 1..=3 {
        assert_eq!(stores.append(writes().set(&json!({"id": id})).unwrap()), id);
    }
    let opened = stores.open();
    let queued = Dispatch::default().without_waiting();
    let four = writes().set(&json!({"id": 4})).unwrap();
    let dispatched = opened.events.dispatch_with(four, queued).unwrap();
    assert_eq!((dispatched.appended.last, opened.events.head().unwrap().position), (4, 4));
    opened.events.catch_up("things").unwrap();
    assert!((1..=4).all(|id| opened.get(id).is_some()));
}

/// Q3. Without an event the call returns after the given time, and a cancelled call returns too.
fn whoever_waits_for_the_next_event_is_woken(bed: &Bed) {
    let stores = bed.open_all();
    ends(move || {
        let opened = stores.open();
        let mut tail = opened.events.tail(EventQuery::all());
        assert!(tail.next(1, Duration::ZERO).unwrap().is_empty());
        let (woken, wait) = channel();
        thread::scope(|scope| {
            let waiting = scope.spawn(move || {
                woken.send(tail.next(1, WAIT).unwrap()[0].as_event().position).unwrap();
                tail.next(1, WAIT)
            });
            opened.dispatch(writes().set(&json!({"id": 5})).unwrap());
            assert_eq!(wait.recv(), Ok(1));
            opened.events.shut_down();
            let cancelled = waiting.join().unwrap();
            assert!(
                matches!(
                    cancelled.as_ref().unwrap_err().downcast_ref(),
                    Some(EventError::ShutDown { .. })
                ),
                "{cancelled:?}"
            );
        });
    });
}

/// Q5. strato-db can be told to continue numbering after what it knows; here another queue is an
/// error.
fn a_queue_that_lost_its_events_is_found_out(bed: &Bed) {
    let stores = bed.open_all();
    stores.open().dispatch(writes().set(&json!({"id": 5})).unwrap());
    let (projection, _) = stores.projection(1, Ids::Integer);
    let empty = Arc::new(arbour::open("memory:").unwrap());
    let lost = stores.builder().log_in(empty).projection(projection).build().map(drop);
    assert!(
        matches!(
            lost.as_ref().unwrap_err().downcast_ref(),
            Some(EventError::Truncated { applied: 1, newest: 0, .. })
        ),
        "{lost:?}"
    );
}

/// Q6. An event stays as it was written, and its hash proves it: what is repaired is how it is
/// read.
fn an_old_event_is_read_as_one_of_today(bed: &Bed) {
    let stores = bed.open_all();
    let renamed = EventType::<String>::new("renamed");
    stores.append(renamed.event("things/5", &"ho".to_owned()).unwrap());
    let renamed = EventType::<Value>::new("renamed").upcast_json(1, |name| Ok(json!({"to": name})));
    let today = renamed.event("things/5", &json!({"to": "hum"})).unwrap();
    stores.append(today);
    let opened = stores.open();
    let read = opened.events.read(&EventQuery::all()).unwrap();
    let names = read.iter().map(|event| renamed.read(&event.as_event()).unwrap().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), [json!({"to": "ho"}), json!({"to": "hum"})]);
    let snapshot = opened.events.log_store().snapshot().unwrap();
    assert_eq!(opened.events.log().verify(&snapshot, 0).unwrap(), 2);
}

/// Q7.
fn the_history_is_read_by_type_by_stream_and_backwards(bed: &Bed) {
    let stores = bed.open_all();
    let opened = stores.open();
    let (one, two) = (json!({"id": 1}), json!({"id": 2}));
    for event in [writes().set(&one), writes().set(&two), writes().remove(1), writes().set(&one)] {
        opened.dispatch(event.unwrap());
    }
    // From now on by an index, of existing and new events.
    opened.events.log().index_types(opened.events.log_store()).unwrap();
    assert_eq!(opened.history(&EventQuery::all().of_type("things/remove")), ["3 things/remove"]);
    assert_eq!(
        opened.history(&EventQuery::stream("things/1")),
        ["1 things/set", "3 things/remove", "4 things/set"]
    );
    let newest = EventQuery::all().backward().limit(2);
    assert_eq!(opened.history(&newest), ["4 things/set", "3 things/remove"]);
    assert_eq!(opened.events.trim(2).unwrap(), 3, "what nobody needs any more is given up");
    assert_eq!(opened.history(&EventQuery::all()), ["3 things/remove", "4 things/set"]);
}

/// Features that strato-db lacks: idempotency keys and expected versions.
fn what_was_asked_for_twice_happens_once(bed: &Bed) {
    let opened = bed.open_all().open();
    let insert = Append::from(writes().insert(&json!({"id": 5})).unwrap()).key("once");
    let first = opened.events.dispatch_all(insert.clone()).unwrap();
    let again = opened.events.dispatch_all(insert).unwrap();
    assert!(again.appended.is_repeated);
    assert_eq!((again.appended.first, again.projected), (first.appended.first, first.projected));
    let stale = Append::from(writes().remove(5).unwrap()).expect("things/5", Expected::Exact(0));
    let refused = opened.events.dispatch_all(stale).unwrap_err();
    assert!(
        matches!(refused.downcast_ref(), Some(EventError::Expected { actual: 1, .. })),
        "{refused}"
    );
    let known = Append::from(writes().remove(5).unwrap()).expect("things/5", Expected::Exact(1));
    assert!(matches!(opened.outcome(known), Outcome::Applied { .. }));
}
