//! The bytes of stored events. They must not change, because stores contain them and hashes are
//! made of them.

use std::sync::Arc;

use arbour::documents::Collection;
use arbour::events::{Append, EventCollection, EventType, Events, Log, Metadata, Projection};
use arbour::{Cursor as _, Direction, KeyRange, KvRead as _, KvStore as _, MemoryStore};
use arbour_core::engine::TreeName;
use serde_json::{Value, json};

/// Reads a tree of the layer.
fn entries(store: &MemoryStore, name: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let tree = store.open_tree(TreeName::layer(name).unwrap()).unwrap();
    let snapshot = store.snapshot().unwrap();
    let mut cursor = snapshot.scan(&tree, KeyRange::all(), Direction::Forward).unwrap();
    let mut entries = Vec::new();
    while let Some((key, value)) = cursor.next().unwrap() {
        entries.push((key.to_vec(), value.to_vec()));
    }
    entries
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn position(number: u8) -> Vec<u8> {
    vec![0, 0, 0, 0, 0, 0, 0, 0, 0, number]
}

/// A log of two events that are the same whenever they are appended.
fn store() -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::new());
    let log = Log::open(&*store, "main").unwrap();
    let noted = EventType::<Value>::new("noted").upcast(1, |payload| Ok(payload.to_vec()));
    let first = noted.event("diary", &json!({"text": "hello"})).unwrap().at(1_700_000_000_000);
    let metadata = Metadata::default().correlated("c").caused_by("d").with("user", "ada");
    let second = noted.event("diary", &json!(7)).unwrap().at(-1).with_metadata(metadata);
    let append = Append::new().event(first).event(second).key("once");
    store.write(|transaction| log.append(transaction, &append)).unwrap();
    store
}

#[test]
fn events_are_those_of_old() {
    let events = entries(&store(), "arbour/log/main");
    assert_eq!(events[0].0, position(1));
    let hash_before = "00".repeat(32);
    // Time, version, schema, codec, batch.
    let fixed = "0000018bcfe56800 0000000000000001 00000002 01 00000002".replace(' ', "");
    let texts = "0005 0005 0004 00000000".replace(' ', "") + &hex(b"diarynotedonce");
    let payload = hex(br#"{"text":"hello"}"#);
    assert_eq!(hex(&events[0].1), format!("01{hash_before}{fixed}{texts}{payload}"));

    assert_eq!(events[1].0, position(2));
    // SHA-256 of the first position, in eight bytes, and of the first value.
    let hash_before = "e70d452f06275b8b9f1ba9f3cf0ae4908560a8abdf9bb701d6ff0d6a6b4927c1";
    let fixed = "ffffffffffffffff 0000000000000002 00000002 01 00000000".replace(' ', "");
    let metadata = br#"{"correlation":"c","causation":"d","extra":{"user":"ada"}}"#;
    let lengths = format!("000500050000{:08x}", metadata.len());
    let texts = hex(b"diarynoted") + &hex(metadata) + &hex(b"7");
    assert_eq!(hex(&events[1].1), format!("01{hash_before}{fixed}{lengths}{texts}"));
}

#[test]
fn streams_heads_and_keys_are_those_of_old() {
    let store = store();
    let streams = entries(&store, "arbour/stream/main");
    let stream_key = |version| [b"diary\xff", position(version).as_slice()].concat();
    let number = |number: u8| vec![1, 0, 0, 0, 0, 0, 0, 0, number];
    let head = (b"diary\xff\xff".to_vec(), number(2));
    assert_eq!(streams, [(stream_key(1), number(1)), (stream_key(2), number(2)), head]);

    let log = entries(&store, "arbour/log/main");
    let (key, head) = &log[2];
    assert_eq!((key.as_slice(), head.len(), head[0]), (&[0xff][..], 73, 1));
    assert_eq!(hex(&head[17..25]), "0000000000000002", "the newest position");
    assert_eq!(hex(&head[57..65]), "0000000000000001", "the first that is left");

    let keys = entries(&store, "arbour/key/main");
    let (key, used) = &keys[0];
    assert_eq!(key, b"once");
    assert_eq!((used.len(), used[0]), (49, 1));
    assert_eq!(hex(&used[33..]), "00000000000000010000000000000002", "the first and the last");
}

#[test]
fn the_state_of_a_projection_is_that_of_old() {
    let store = store();
    let people = Projection::new("people", 3);
    let declaration = arbour::documents::Declaration::<Value>::new(&people.view("people"));
    let collection = Collection::open(&*store, declaration).unwrap();
    let events = Events::builder(Arc::clone(&store), "main")
        .projection(people.model(EventCollection::new("people").model(collection)))
        .build()
        .unwrap();
    let write = EventCollection::<Value>::new("people").set(&json!({"id": "ada"})).unwrap();
    events.dispatch_all(write).unwrap();
    let states = entries(&store, "arbour/projection");
    assert_eq!(states[0], (b"people".to_vec(), vec![1, 0, 0, 0, 0, 0, 0, 0, 3]));
    let version_key = [b"people\xff", position(3).as_slice()].concat();
    assert_eq!(states[1..], [(version_key.clone(), b"\x01main".to_vec())]);
    let log = entries(&store, "arbour/log/main");
    let (key, state) = &log[4];
    assert_eq!(*key, [b"\xff".as_slice(), &version_key].concat());
    assert_eq!(log[3].0, b"\xff", "the head of the log is before it");
    assert_eq!(
        (state.len(), hex(&state[..9]), hex(&state[57..])),
        (59, "010000000000000003".into(), "0000".into())
    );
    let results = entries(&store, "arbour/result/people.3");
    let result =
        [b"\x01".as_slice(), br#"{"result":{"people":{"id":"ada","revision":1}}}"#].concat();
    assert_eq!(results, [(position(3), result)]);
}

/// A log that is configured to keep an index by type has a longer head, and is the same otherwise.
#[test]
fn the_index_by_type_is_that_of_old() {
    let store = store();
    let (events, head) = {
        let mut log = entries(&store, "arbour/log/main");
        let head = log.pop().unwrap();
        (log, head)
    };
    assert!(entries(&store, "arbour/type/main").is_empty());
    Log::open(&*store, "main").unwrap().index_types(&*store).unwrap();
    let key = |number| [b"noted\xff", position(number).as_slice()].concat();
    assert_eq!(entries(&store, "arbour/type/main"), [(key(1), vec![1]), (key(2), vec![1])]);
    let mut log = entries(&store, "arbour/log/main");
    let indexed = log.pop().unwrap();
    assert_eq!(log, events);
    assert_eq!(indexed.0, head.0);
    assert_eq!(hex(&indexed.1), hex(&head.1) + "0000000000000001", "indexed from the first on");
}
