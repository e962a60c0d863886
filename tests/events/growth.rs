//! The number of reads does not grow with unrelated entries.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arbour::events::{
    Append, Event, EventQuery, Events, FailurePolicy, Log, Model, NewEvent, Outbox, Projection,
};
use arbour::key::Key as _;
use arbour::{AnyResult, KvRead, KvStore, KvWrite};

use crate::counting::{CountingStore, counting, reads_of};

/// Fails for events whose payload is `fail`, until it is told to stop.
struct Failing(Arc<AtomicU64>);

impl Model for Failing {
    type Change = ();

    fn name(&self) -> &str {
        "failing"
    }

    fn reduce<R: KvRead>(&self, event: &Event<'_>, _: &R, _: &mut Outbox) -> AnyResult<Option<()>> {
        if event.payload == b"fail" && self.0.load(Ordering::SeqCst) == 0 {
            return Err("it was told to fail".into());
        }
        Ok(None)
    }

    fn apply<W: KvWrite>(&self, (): (), _: &mut W, _: &mut Outbox) -> AnyResult {
        Ok(())
    }
}

fn noted(stream: &str, payload: &[u8]) -> NewEvent {
    NewEvent::raw(stream, "noted", 1, payload.to_vec())
}

fn quarantined(count: u64) -> (Events, Arc<AtomicU64>, Arc<AtomicU64>) {
    let (store, reads) = counting();
    let is_mended = Arc::<AtomicU64>::default();
    let policy = FailurePolicy::quarantine();
    let bank = Projection::new("bank", 1).on_failure(policy).model(Failing(Arc::clone(&is_mended)));
    let events = Events::builder(store, "main").projection(bank).build().unwrap();
    for stream in ["a", "b"] {
        for number in 0..count {
            let payload: &[u8] = if number == 0 { b"fail" } else { b"" };
            events.dispatch_all(noted(stream, payload)).unwrap();
        }
    }
    assert_eq!(events.dead_letters("bank").unwrap().len() as u64, 2 * count);
    (events, reads, is_mended)
}

#[test]
fn releasing_a_stream_reads_the_same_for_each_event_of_it() {
    let each = |count: u64| {
        let (events, reads, is_mended) = quarantined(count);
        assert_eq!(events.release("bank", "b").unwrap(), 0, "it fails again");
        is_mended.store(1, Ordering::SeqCst);
        let (released, read) = reads_of(&reads, || events.release("bank", "b").unwrap());
        assert_eq!(released, count);
        let letters = events.dead_letters("bank").unwrap();
        assert!(letters.iter().all(|dead| dead.stream == "a") && letters.len() as u64 == count);
        assert!(events.replay("bank", 2).is_err(), "the first of its stream comes first");
        assert_eq!(events.release("bank", "a").unwrap(), count);
        read as f64 / count as f64
    };
    let (few, many) = (each(10), each(160));
    assert!(many <= few * 1.5, "{few} reads for each of 10 events, {many} for each of 160");
}

/// Dead letters of a program that kept no index of them are indexed by the first repair.
#[test]
fn what_was_dead_lettered_before_there_was_an_index_is_released() {
    let (events, _, is_mended) = quarantined(5);
    let store = events.store();
    let open =
        |name: &str| store.open_tree(arbour_core::engine::TreeName::layer(name).unwrap()).unwrap();
    let index = open(&arbour::events::layout::dead_stream_tree("bank", 1));
    store.write(|transaction| transaction.delete_range(&index, arbour::KeyRange::all())).unwrap();
    is_mended.store(1, Ordering::SeqCst);
    assert_eq!(events.release("bank", "none").unwrap(), 0);
    assert_eq!(events.release("bank", "b").unwrap(), 5);
    assert_eq!(events.release("bank", "a").unwrap(), 5);
    assert!(events.dead_letters("bank").unwrap().is_empty());
    assert_eq!(store.snapshot().unwrap().len(&index).unwrap(), 0);
}

/// Claiming one event after another reads the same number of entries for each, however many claims
/// are open, and finds an expired claim.
#[test]
fn a_claim_does_not_read_all_open_claims() {
    let each = |count: u64| {
        let (store, reads) = counting();
        let events = Events::builder(Arc::clone(&store), "main").build().unwrap();
        let mut append = Append::new();
        for _ in 0..=count {
            append = append.event(noted("a", b""));
        }
        events.dispatch_all(append).unwrap();
        let claim = |consumer: &str, lease| {
            let claimed = events.claim("work", consumer, 1, lease).unwrap();
            claimed.first().map(|event| event.as_event().position)
        };
        let ((), read) = reads_of(&reads, || {
            for position in 1..=count {
                assert_eq!(claim("one", Duration::MAX), Some(position));
            }
        });
        // Events completed at the end of what is known, and beyond it by another handle.
        for position in [2, 3, count] {
            events.complete("work", "one", position).unwrap();
        }
        let others = Events::builder(store, "main").build().unwrap();
        let last = others.claim("work", "other", 9, Duration::ZERO).unwrap();
        assert_eq!(last.len(), 1);
        assert_eq!(claim("one", Duration::MAX), Some(count + 1), "its claim has run out");
        events.complete("work", "one", count + 1).unwrap();
        assert_eq!(claim("one", Duration::MAX), None);
        events.complete("work", "one", 1).unwrap();
        events.dispatch_all(noted("a", b"")).unwrap();
        assert_eq!(claim("one", Duration::MAX), Some(count + 2));
        read as f64 / count as f64
    };
    let (few, many) = (each(16), each(512));
    assert!(many <= few * 1.5, "{few} reads for each of 16 claims, {many} for each of 512");
}

/// A log of two streams: `even` grows evenly, and `late` in the last half of the log.
fn streams(count: u64) -> (Events, Arc<AtomicU64>) {
    let (store, reads) = counting();
    let events = Events::builder(store, "main").build().unwrap();
    for half in 0..2 {
        let mut append = Append::new();
        for _ in 0..count / 2 {
            let other = if half == 0 { "other" } else { "late" };
            append = append.event(noted("even", b"")).event(noted(other, b""));
        }
        events.dispatch_all(append).unwrap();
    }
    (events, reads)
}

#[test]
fn a_stream_is_read_from_a_position_without_what_is_before() {
    for stream in ["even", "late"] {
        let read = |count: u64| {
            let (events, reads) = streams(count);
            let newest = events.head().unwrap().position;
            let mut most = 0;
            for after in [0, 1, newest / 2, newest / 2 + 1, newest - 3, newest] {
                let query = EventQuery::stream(stream).after(after).limit(1);
                let (found, read) = reads_of(&reads, || events.read(&query).unwrap());
                assert!(found.iter().all(|event| event.as_event().position > after));
                assert_eq!(found.is_empty(), after == newest, "{stream} after {after}");
                most = most.max(read);
                let back = EventQuery::stream(stream).until(after).backward().limit(1);
                let (found, read) = reads_of(&reads, || events.read(&back).unwrap());
                assert!(found.iter().all(|event| event.as_event().position <= after));
                most = most.max(read);
            }
            let mut tail = events.tail(EventQuery::stream(stream).after(newest));
            let ((), tailed) = reads_of(&reads, || {
                for _ in 0..10 {
                    assert!(tail.next(1, Duration::ZERO).unwrap().is_empty());
                }
            });
            (most, tailed)
        };
        let (few, many) = (read(64), read(4096));
        assert_eq!(few.1, many.1, "a tail of {stream} that is up to date reads no more");
        // A binary search of 64 times as many takes 6 steps more, and every other step
        // interpolates.
        assert!(many.0 <= few.0 + 12, "{} reads of {stream}, and {}", few.0, many.0);
    }
}

const STREAMS: [&str; 12] = ["a", "b", "a", "a", "b", "a", "b", "b", "b", "a", "c", "a"];

fn log_of_streams() -> (Arc<CountingStore>, Log) {
    let (store, _) = counting();
    let log = Log::open(&*store, "main").unwrap();
    for stream in STREAMS {
        store.write(|t| log.append(t, &noted(stream, b"").into())).unwrap();
    }
    (store, log)
}

/// Asserts that every query of a stream finds the same as filtering all events.
fn is_read_alike(store: &CountingStore, log: &Log, missing: Option<u64>) {
    let snapshot = store.snapshot().unwrap();
    let first = log.head(&snapshot).unwrap().first;
    let positions = |query: &EventQuery| -> Vec<u64> {
        let found = log.read(&snapshot, query).unwrap();
        found.iter().map(|event| event.as_event().position).collect()
    };
    for stream in ["a", "b", "c", "d"] {
        for (after, until) in (0..=13).flat_map(|after| (0..=14).map(move |until| (after, until))) {
            let until = if until == 14 { u64::MAX } else { until };
            let query = EventQuery::stream(stream).after(after).until(until);
            let expected: Vec<u64> = (first..=12)
                .filter(|position| STREAMS[*position as usize - 1] == stream)
                .filter(|position| Some(*position) != missing)
                .filter(|position| *position > after && *position <= until)
                .collect();
            assert_eq!(positions(&query), expected, "{query:?} without {missing:?}");
            let mut backward = positions(&query.backward());
            backward.reverse();
            assert_eq!(backward, expected, "backward {stream} {after} {until} without {missing:?}");
        }
    }
}

#[test]
fn a_stream_is_read_alike_from_every_position() {
    let (store, log) = log_of_streams();
    is_read_alike(&store, &log, None);
    for until in [1, 2, 6, 11, 12] {
        store.write(|t| log.trim(t, until, 100)).unwrap();
        is_read_alike(&store, &log, None);
    }
}

/// A lost entry does not hide others.
#[test]
fn a_stream_with_a_lost_entry_is_read_alike_from_every_position() {
    let positions = (1..=12).filter(|position| STREAMS[*position as usize - 1] == "a");
    for (version, lost) in (1_u64..).zip(positions) {
        let (store, log) = log_of_streams();
        let name = arbour_core::engine::TreeName::layer("arbour/stream/main").unwrap();
        let tree = store.open_tree(name).unwrap();
        store.delete(&tree, &("a", version).to_key_bytes()).unwrap();
        is_read_alike(&store, &log, Some(lost));
    }
}
