//! The events and counters of a traced store (`S10`).

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arbour::traced::TracedStore;
use arbour::{Batch, Durability, ErrorKind, KvStore as _, KvWrite as _};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber, subscriber};

use crate::bed::Bed;
use crate::engines::on_every_engine;

on_every_engine!(what_is_done_with_a_store_is_told, what_is_done_with_a_store_is_counted);

/// Under tracing a length is the engine's own count, and not a scan.
#[test]
fn a_traced_store_hands_every_method_on() {
    assert_eq!(arbour_conformance::check_forwarding(TracedStore::new), [""; 0]);
}

/// Keeps the name of each event of a store, with some of its fields.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<Vec<String>>>);

/// Writes the message and the fields that are the same each time.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.0.insert_str(0, &format!("{value:?}")),
            "writes" | "operation" => write!(self.0, " {field}={value:?}").unwrap(),
            _ => {}
        }
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "arbour::store"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn what_is_done_with_a_store_is_told(bed: &Bed) {
    let store = TracedStore::new(bed.open()).slow_after(Duration::MAX);
    let things = store.tree("things").unwrap();
    let listener = Listener::default();
    subscriber::with_default(listener.clone(), || {
        store
            .write(|transaction| {
                transaction.put(&things, b"5", b"hi")?;
                transaction.delete(&things, b"6")
            })
            .unwrap();
        let mut given_up = store.begin().unwrap();
        given_up.put(&things, b"7", b"").unwrap();
        drop(given_up);
        let mut batch = Batch::new();
        batch.put(&things, b"8", b"");
        store.apply(batch, Durability::PowerLoss).unwrap();
        store.close().unwrap();
        assert_eq!(store.begin().err().unwrap().kind(), ErrorKind::Closed);
    });
    let told = listener.0.lock().unwrap();
    assert_eq!(
        *told,
        [
            "begin",
            "commit writes=2",
            "begin",
            "rollback writes=1",
            "apply writes=1",
            "failed operation=begin"
        ]
    );
}

fn what_is_done_with_a_store_is_counted(bed: &Bed) {
    let store = TracedStore::new(bed.open()).slow_after(Duration::ZERO);
    let things = store.tree("things").unwrap();
    store.put(&things, b"5", b"hi").unwrap();
    store.begin().unwrap().rollback().unwrap();
    assert_eq!(store.get(&things, b"5").unwrap().as_deref(), Some(&b"hi"[..]));
    let counters = store.counters();
    assert_eq!((counters.begun, counters.committed, counters.rolled_back), (1, 1, 1));
    assert_eq!((counters.snapshots, counters.conflicts, counters.failed), (1, 0, 0));
    // Opening a tree, applying a put, beginning, rolling back and taking a snapshot.
    assert_eq!(counters.slow, 5);
}
