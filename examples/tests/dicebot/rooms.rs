//! D8, D9: events are processed once; clearing a room clears that room only.

use std::sync::Barrier;
use std::thread;

use arbour::{DynStore, ErrorKind, KvStore as _};

use crate::bed::{Bed, put_raw};
use crate::database::{Database, Error, RoomInfo};
use crate::engines::{on_every_engine, on_every_persistent_engine};

on_every_engine!(
    one_of_many_threads_processes_an_event,
    clearing_keeps_what_was_processed,
    forgetting_is_of_one_room,
    clearing_is_of_one_room,
    leaving_is_of_one_user,
    a_room_is_what_was_noted_last,
    a_room_that_cannot_be_read_is_an_error,
);
on_every_persistent_engine!(processed_stays_processed_after_reopening);

/// Lets eight threads ask at once; returns how many were told to process the event.
fn ask(database: &Database<DynStore>, room: &str, event: &str) -> usize {
    let together = Barrier::new(8);
    thread::scope(|threads| {
        let asked: Vec<_> = (0..8)
            .map(|_| {
                threads.spawn(|| {
                    together.wait();
                    database.rooms.should_process(room, event).unwrap()
                })
            })
            .collect();
        asked.into_iter().map(|thread| thread.join().unwrap()).filter(|told| *told).count()
    })
}

fn one_of_many_threads_processes_an_event(bed: &Bed) {
    let database = bed.open();
    for event in ["$1", "$2", "$3"] {
        assert_eq!(ask(&database, "!r:x", event), 1);
        assert_eq!(ask(&database, "!r:x", event), 0);
    }
    assert_eq!(ask(&database, "!r2:x", "$1"), 1);
}

/// The bot's rewrite for SQLite erased it, and the bot processed the history of a room again.
fn clearing_keeps_what_was_processed(bed: &Bed) {
    let rooms = bed.open().rooms;
    rooms.add_user("!r:x", "@a:x").unwrap();
    assert!(rooms.should_process("!r:x", "$1").unwrap());
    rooms.clear("!r:x").unwrap();
    assert!(!rooms.should_process("!r:x", "$1").unwrap());
}

fn forgetting_is_of_one_room(bed: &Bed) {
    let database = bed.open();
    for room in ["!r", "!r2"] {
        assert_eq!(ask(&database, room, "$1"), 1);
    }
    database.rooms.forget_events("!r").unwrap();
    assert_eq!(ask(&database, "!r", "$1"), 1);
    assert_eq!(ask(&database, "!r", "$1"), 0);
    assert_eq!(ask(&database, "!r2", "$1"), 0);
}

fn processed_stays_processed_after_reopening(bed: &Bed) {
    for expected in [1, 0] {
        let database = bed.open();
        assert_eq!(ask(&database, "!r:x", "$1"), expected);
        database.rooms.clear("!r:x").unwrap();
        database.store().close().unwrap();
    }
}

fn clearing_is_of_one_room(bed: &Bed) {
    let rooms = bed.open().rooms;
    for (room, user) in [("1", "ada"), ("1", "bob"), ("2", "ada"), ("12", "bob")] {
        rooms.add_user(room, user).unwrap();
        rooms.add_user(room, user).unwrap();
    }
    assert_eq!(rooms.users("1").unwrap(), ["ada", "bob"]);
    rooms.clear("1").unwrap();
    assert!(rooms.users("1").unwrap().is_empty());
    assert_eq!(rooms.users("2").unwrap(), ["ada"]);
    assert_eq!(rooms.users("12").unwrap(), ["bob"]);
    assert_eq!(rooms.rooms_of("ada").unwrap(), ["2"]);
    assert_eq!(rooms.rooms_of("bob").unwrap(), ["12"]);
}

fn leaving_is_of_one_user(bed: &Bed) {
    let rooms = bed.open().rooms;
    for user in ["ada", "bob"] {
        rooms.add_user("1", user).unwrap();
        rooms.add_user("2", user).unwrap();
    }
    rooms.remove_user("1", "ada").unwrap();
    rooms.remove_user("1", "ada").unwrap();
    rooms.remove_user("1", "nobody").unwrap();
    assert_eq!(rooms.users("1").unwrap(), ["bob"]);
    assert_eq!(rooms.rooms_of("ada").unwrap(), ["2"]);
    assert_eq!(rooms.rooms_of("bob").unwrap(), ["1", "2"]);
}

fn info(room: &str, name: &str) -> RoomInfo {
    RoomInfo { room_id: room.to_owned(), room_name: name.to_owned() }
}

fn a_room_is_what_was_noted_last(bed: &Bed) {
    let rooms = bed.open().rooms;
    assert_eq!(rooms.info("!r:x").unwrap(), None);
    for name in ["Lobby", "Study"] {
        rooms.set_info(&info("!r:x", name)).unwrap();
        rooms.set_info(&info("!r2:x", name)).unwrap();
        assert_eq!(rooms.info("!r:x").unwrap(), Some(info("!r:x", name)));
    }
    rooms.clear("!r:x").unwrap();
    assert_eq!(rooms.info("!r:x").unwrap(), None);
    assert_eq!(rooms.info("!r2:x").unwrap(), Some(info("!r2:x", "Study")));
}

/// D11: a truncated entry is reported with its tree and its key, and the others can still be read.
fn a_room_that_cannot_be_read_is_an_error(bed: &Bed) {
    let database = bed.open();
    let rooms = &database.rooms;
    rooms.set_info(&info("!r:x", "Lobby")).unwrap();
    put_raw(&database, "roomid_roominfo", b"!r2:x", b"\x05!r2:x\x05Lob");
    let Err(Error::Store(error)) = rooms.info("!r2:x") else { panic!("it was read") };
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!((error.tree(), error.key()), (Some("roomid_roominfo"), Some("!r2:x")));
    assert_eq!(rooms.info("!r:x").unwrap(), Some(info("!r:x", "Lobby")));
}
