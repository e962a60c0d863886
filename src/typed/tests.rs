//! Typed trees over the memory store: the acceptance facts drawn from dicebot, and entries that do
//! not have the tree's types.

use arbour_core::{
    Batch, Direction, Durability, ErrorKind, KvStore, KvWrite, MemoryStore, Operation,
};
use serde::{Deserialize, Serialize};
use zerocopy::little_endian::I32;

use crate::TypedTree;
use crate::codec::{Bincode, Raw, ZeroCopy};
use crate::key::{Ordered, Parts, StartsWith, Within};

type ScoreKey = ((String, String), String);

const SCORES: TypedTree<ScoreKey, I32, ZeroCopy> = TypedTree::new("scores");

fn score_key(user: &str, room: &str, name: &str) -> ScoreKey {
    ((user.to_owned(), room.to_owned()), name.to_owned())
}

#[test]
fn entries_are_stored_byte_for_byte_as_dicebot_did() {
    let store = MemoryStore::new();
    let scores = SCORES.open(&store).unwrap();
    store
        .write(|transaction| scores.put(transaction, (("@a:x", "!r:x"), "str"), &I32::new(-2)))
        .unwrap();
    let key = b"\x40\x61\x3a\x78\xfe\x21\x72\x3a\x78\xff\x73\x74\x72";
    assert_eq!(store.get(scores.raw(), key).unwrap(), Some(vec![0xfe, 0xff, 0xff, 0xff]));
}

#[test]
fn a_value_of_the_wrong_length_is_a_decode_error_that_names_tree_and_key() {
    let store = MemoryStore::new();
    let scores = SCORES.open(&store).unwrap();
    let key = (("ada", "room"), "luck");
    for (bytes, found) in [(&[0; 3][..], "3"), (&[0; 5], "5")] {
        store.put(scores.raw(), &scores.key_bytes(key), bytes).unwrap();
        let snapshot = store.snapshot().unwrap();
        for error in [
            scores.get(&snapshot, key).unwrap_err(),
            scores.view(&snapshot, key, |score| score.get()).unwrap_err(),
            scores.first(&snapshot).unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Decode);
            assert_eq!(error.operation(), Operation::Decode);
            assert_eq!(error.tree(), Some("scores"));
            assert_eq!(error.key(), Some(r"ada\xferoom\xffluck"));
            let message = format!("value: expected 4 bytes, found {found} bytes");
            assert_eq!(error.message(), message);
        }
    }
}

#[test]
fn a_bad_entry_is_reported_and_the_next_one_read() {
    let store = MemoryStore::new();
    let scores = SCORES.open(&store).unwrap();
    let good = I32::new(7);
    store
        .write(|transaction| {
            scores.put(transaction, (("a", "r"), "a"), &good)?;
            transaction.put(scores.raw(), b"a\xfer\xffb\x80", b"....")?; // not UTF-8
            transaction.put(scores.raw(), b"a\xfer", b"....")?; // a group short
            transaction.put(scores.raw(), b"a\xfer\xffc", b"...")?; // a byte short
            scores.put(transaction, (("a", "r"), "d"), &good)
        })
        .unwrap();
    let snapshot = store.snapshot().unwrap();
    for direction in [Direction::Forward, Direction::Reverse] {
        let entries: Vec<_> = scores.scan(&snapshot, direction).unwrap().collect();
        let mut shown: Vec<_> = entries
            .iter()
            .map(|entry| match entry {
                Ok((key, _)) => key.1.clone(),
                Err(error) => {
                    assert_eq!((error.kind(), error.tree()), (ErrorKind::Decode, Some("scores")));
                    error.message().to_owned()
                }
            })
            .collect();
        if direction == Direction::Reverse {
            shown.reverse();
        }
        assert_eq!(
            shown,
            [
                "key: expected 2 groups split by FF, found 1",
                "a",
                "key, group 2: expected UTF-8, found 80 at offset 1",
                "value: expected 4 bytes, found 3 bytes",
                "d",
            ]
        );
    }
    assert_eq!(scores.len(&snapshot).unwrap(), 5);
    assert_eq!(scores.count(&snapshot, ("a", "r")).unwrap(), 4);
}

#[test]
fn a_truncated_struct_is_a_decode_error() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Room {
        id: String,
        members: Vec<u64>,
    }
    const ROOMS: TypedTree<String, Room, Bincode> = TypedTree::new("rooms");
    let store = MemoryStore::new();
    let rooms = ROOMS.open(&store).unwrap();
    let room = Room { id: "!r:x".into(), members: vec![1, 2, 3] };
    store.write(|transaction| rooms.put(transaction, "r", &room)).unwrap();
    let bytes = store.get(rooms.raw(), b"r").unwrap().unwrap();
    store.put(rooms.raw(), b"r", &bytes[..bytes.len() - 1]).unwrap();
    let error = rooms.get(&store.snapshot().unwrap(), "r").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!((error.tree(), error.key()), (Some("rooms"), Some("r")));
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn prefixes_hold_exactly_their_scope() {
    let store = MemoryStore::new();
    let scores = SCORES.open(&store).unwrap();
    let mut batch = Batch::new();
    for user in ["a", "ab"] {
        for room in ["r", "r2"] {
            for name in ["n", "n2"] {
                scores.batch_put(&mut batch, ((user, room), name), &I32::new(1)).unwrap();
            }
        }
    }
    scores.batch_delete(&mut batch, (("ab", "r2"), "n2"));
    store.apply(batch, Durability::None).unwrap();

    let snapshot = store.snapshot().unwrap();
    let keys = |direction| {
        let cursor = scores.prefix(&snapshot, ("a", "r"), direction).unwrap();
        cursor.into_iter().map(|entry| entry.unwrap().0).collect::<Vec<_>>()
    };
    let (n, n2) = (score_key("a", "r", "n"), score_key("a", "r", "n2"));
    assert_eq!(keys(Direction::Forward), [n.clone(), n2.clone()]);
    assert_eq!(keys(Direction::Reverse), [n2, n]);
    assert_eq!(scores.count(&snapshot, Parts("a")).unwrap(), 4);
    assert_eq!(scores.count(&snapshot, Parts("ab")).unwrap(), 3);
    assert_eq!(scores.count(&snapshot, StartsWith("a")).unwrap(), 7);
    assert_eq!(scores.count(&snapshot, Within(("a", "r"), StartsWith("n2"))).unwrap(), 1);

    store.write(|transaction| scores.delete_prefix(transaction, ("a", "r"))).unwrap();
    assert_eq!(scores.len(&store.snapshot().unwrap()).unwrap(), 5);
}

/// dicebot stored times as eight raw bytes after an `FF`, so a time that contained an `FF` split
/// the key in the wrong place.
#[test]
fn times_that_hold_the_delimiters_split_where_they_should() {
    const EVENTS: TypedTree<(String, u64), (), Raw> = TypedTree::new("events");
    let store = MemoryStore::new();
    let events = EVENTS.open(&store).unwrap();
    let times = [0u64, 0xfe, 0xff, 0x100, 0xfeff, 0xffff, u64::MAX];
    store
        .write(|transaction| {
            times.iter().rev().try_for_each(|at| events.put(transaction, ("room", at), &()))
        })
        .unwrap();
    let snapshot = store.snapshot().unwrap();
    let stored = events.prefix(&snapshot, "room", Direction::Forward).unwrap();
    let stored: Vec<_> = stored.into_iter().map(|entry| entry.unwrap().0.1).collect();
    assert_eq!(stored, times, "chronological");
    store
        .write(|transaction| events.delete_range(transaction, ("room", 0u64)..("room", 0xfeff)))
        .unwrap();
    assert_eq!(events.len(&store.snapshot().unwrap()).unwrap(), 3);
}

#[test]
fn a_transaction_reads_its_own_typed_writes() {
    const NAMES: TypedTree<(Ordered<String>, u64, u64), String, Bincode> = TypedTree::new("names");
    let store = MemoryStore::new();
    let names = NAMES.open(&store).unwrap();
    store
        .write(|transaction| {
            names.put(transaction, (Ordered("ab"), 1u64, 1u64), &"second".into())?;
            names.put(transaction, (Ordered("a"), 2u64, 2u64), &"first".into())?;
            let first = names.first(transaction)?.map(|(_, name)| name);
            assert_eq!(first.as_deref(), Some("first"), "as strings sort");
            assert_eq!(names.count(transaction, Within(Ordered("a"), 2u64))?, 1);
            let key = (Ordered("a".to_owned()), 2u64, 2u64);
            assert!(names.contains(transaction, &key)?, "a borrowed owned key is a key");
            names.delete(transaction, key)?;
            let key = names.last(transaction)?.map(|(key, _)| key);
            assert_eq!(key, Some((Ordered("ab".to_owned()), 1, 1)));
            Ok::<_, arbour_core::Error>(())
        })
        .unwrap();
}

#[test]
fn open_trees_can_be_shared_whatever_their_types() {
    fn check(_: impl Send + Sync + Clone + std::fmt::Debug) {}
    const LOCAL: TypedTree<String, std::rc::Rc<()>, Raw> = TypedTree::new("local");
    check(LOCAL);
    check(LOCAL.open(&MemoryStore::new()).unwrap());
    assert_eq!(
        TypedTree::<u64, (), Raw>::new("").open(&MemoryStore::new()).unwrap_err().kind(),
        ErrorKind::InvalidArgument
    );
}
