//! G10: an event is deleted with its modifiers, and nothing else is.

use std::thread;

use serde_json::json;

use crate::bed::{Bed, dump};
use crate::database::{Op, key};
use crate::engines::on_every_engine;

on_every_engine!(
    an_event_goes_with_its_modifiers,
    an_event_of_nothing_deletes_nothing,
    orphans_go_with_an_event_that_is_gone,
    nobody_sees_an_event_without_its_modifiers,
);

fn an_event_goes_with_its_modifiers(bed: &Bed) {
    let database = bed.open();
    let kept = [
        "event:1%25",
        "event:10",
        "event:1%3Ax",
        "generated:1:x",
        "modifier:10:place",
        "modifier:1%3Ax:place",
        "modifier:1",
        "modifiers:1:place",
    ];
    let gone = ["event:1", "modifier:1:", "modifier:1:place", "modifier:1:日本"];
    let ops = kept.iter().chain(&gone).map(|key| Op::put(*key, 1));
    database.batch(&ops.collect::<Vec<_>>()).unwrap();
    assert_eq!(database.delete_event("1").unwrap(), gone);
    let mut left = kept.to_vec();
    left.sort_unstable();
    assert_eq!(database.keys("").unwrap(), left);
    assert_eq!(
        database.delete_event("1:x").unwrap(),
        [key::join(&["event", "1:x"]), key::join(&["modifier", "1:x", "place"])]
    );
    assert_eq!(database.delete_event("10").unwrap(), ["event:10", "modifier:10:place"]);
}

fn an_event_of_nothing_deletes_nothing(bed: &Bed) {
    let database = bed.open();
    database.batch(&[Op::put("event:10", 1), Op::put("modifier:10:place", 1)]).unwrap();
    let before = dump(&database, "x");
    assert!(database.delete_event("1").unwrap().is_empty());
    assert!(database.delete_event("").unwrap().is_empty());
    assert_eq!(dump(&database, "x"), before);
}

fn orphans_go_with_an_event_that_is_gone(bed: &Bed) {
    let database = bed.open();
    database.put("modifier:1:place", &json!("park")).unwrap();
    assert_eq!(database.delete_event("1").unwrap(), ["modifier:1:place"]);
    assert!(database.keys("").unwrap().is_empty());
}

/// A list is of one moment, so it always has all three or none.
fn nobody_sees_an_event_without_its_modifiers(bed: &Bed) {
    let database = bed.open();
    let all = ["event:1", "modifier:1:mood", "modifier:1:place"].map(|key| Op::put(key, 1));
    thread::scope(|threads| {
        let look = || (0..100).map(|_| database.keys("").unwrap().len()).collect::<Vec<_>>();
        let looking = threads.spawn(look);
        for _ in 0..20 {
            database.buffered().batch(&all).unwrap();
            assert_eq!(database.buffered().delete_event("1").unwrap().len(), 3);
        }
        let seen = looking.join().unwrap();
        assert!(seen.iter().all(|count| [0, 3].contains(count)), "{seen:?}");
    });
}
