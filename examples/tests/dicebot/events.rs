//! D10: events in the order of time, whatever bytes the time has.

use crate::bed::{Bed, dump};
use crate::engines::on_every_engine;

on_every_engine!(
    events_are_in_the_order_of_time,
    what_is_older_is_forgotten_in_one_room,
    an_event_is_kept_once,
);

/// Seconds whose bytes contain the delimiters; the sled program could split its keys at the first
/// FF only.
const SECONDS: [u64; 7] = [0, 0xfe, 0xff, 0xfeff, 0xff_fe00, 1 << 40, u64::MAX];

fn named(seconds: u64) -> String {
    format!("${seconds}")
}

fn events_are_in_the_order_of_time(bed: &Bed) {
    let rooms = bed.open().rooms;
    for seconds in SECONDS.into_iter().rev() {
        for room in ["!r", "!r2"] {
            assert!(rooms.should_process_at(room, &named(seconds), seconds).unwrap());
        }
    }
    let expected = SECONDS.map(|seconds| (seconds, named(seconds)));
    assert_eq!(rooms.processed("!r").unwrap(), expected);
    assert!(rooms.processed("!").unwrap().is_empty());
}

fn what_is_older_is_forgotten_in_one_room(bed: &Bed) {
    let rooms = bed.open().rooms;
    for seconds in SECONDS {
        for room in ["!r", "!r2"] {
            rooms.should_process_at(room, &named(seconds), seconds).unwrap();
        }
    }
    assert_eq!(rooms.forget_events_before("!r", 0xfeff).unwrap(), 3);
    assert_eq!(rooms.forget_events_before("!r", 0xfeff).unwrap(), 0);
    let left: Vec<u64> = rooms.processed("!r").unwrap().into_iter().map(|event| event.0).collect();
    assert_eq!(left, SECONDS[3..]);
    assert!(rooms.should_process("!r", &named(0xff)).unwrap());
    assert!(!rooms.should_process("!r", &named(0xfeff)).unwrap());
    assert_eq!(rooms.processed("!r2").unwrap().len(), SECONDS.len());
}

fn an_event_is_kept_once(bed: &Bed) {
    let database = bed.open();
    let rooms = &database.rooms;
    assert!(rooms.should_process_at("!r", "$1", 7).unwrap());
    assert!(!rooms.should_process_at("!r", "$1", 8).unwrap());
    assert_eq!(rooms.processed("!r").unwrap(), [(7, "$1".to_owned())]);
    rooms.forget_events("!r").unwrap();
    for tree in ["roomeventid_timestamp", "roomtimestamp_event"] {
        assert!(dump(&database, tree).is_empty(), "{tree}");
    }
}
