//! The index of a log by type.

use std::ops::ControlFlow;
use std::sync::Arc;

use arbour::Result;
use arbour::events::layout::{log_tree, type_tree};
use arbour::events::{Append, EventQuery, Log, NewEvent};
use arbour::key::KeyPart as _;
use arbour_core::engine::TreeName;
use arbour_core::{Direction, KeyRange, KvRead as _, KvStore};

use super::claims::{append, refused};
use crate::Factory;
use crate::breaking::{Break, Breaking};
use crate::events::EventBed;
use crate::harness::Undisturbed;

/// Types, some of which are prefixes of others.
const TYPES: [&str; 4] = ["noted", "note", "noted again", "erased"];

fn raw(number: usize) -> NewEvent {
    let event_type = TYPES.get(number * number % 7 % 4).copied().unwrap_or_default();
    NewEvent::raw(format!("s{}", number % 3), event_type, 1, vec![number as u8])
}

fn fill<F: Factory>(bed: &EventBed<F>, numbers: std::ops::Range<usize>) -> Result<u64> {
    append(bed, numbers.fold(Append::new(), |all, number| all.event(raw(number))))
}

/// The queries: every choice of types, at every bound, in both directions.
fn queries(newest: u64) -> Vec<EventQuery> {
    let mut queries = Vec::new();
    let choices = [&["noted"][..], &["note", "erased"], &["erased", "none", "erased"], &TYPES];
    for types in choices {
        let all = || types.iter().fold(EventQuery::all(), |query, name| query.of_type(*name));
        for after in [0, 1, newest / 2, newest, u64::MAX] {
            for until in [0, newest / 2 + 3, newest, u64::MAX] {
                for limit in [0, 1, 5, usize::MAX] {
                    let query = all().after(after).until(until).limit(limit);
                    queries.extend([query.clone().backward(), query]);
                }
            }
        }
        queries
            .push(types.iter().fold(EventQuery::stream("s1"), |query, name| query.of_type(*name)));
    }
    queries
}

fn positions<S: KvStore>(store: &S, name: &str, query: &EventQuery) -> Result<Vec<u64>> {
    let events = Log::open(store, name)?.read(&store.snapshot()?, query)?;
    Ok(events.iter().map(|event| event.as_event().position).collect())
}

/// Asserts that each query finds the same as a check of all events.
fn assert_alike<S: KvStore>(store: &S, name: &str) -> Result<()> {
    let log = Log::open(store, name)?;
    let snapshot = store.snapshot()?;
    for query in queries(log.head(&snapshot)?.position) {
        let mut expected = Vec::new();
        let mut all = query.clone();
        (all.types, all.limit) = (Vec::new(), None);
        log.each(&snapshot, &all, |event| {
            if query.types.iter().any(|name| name == event.event_type) {
                expected.push(event.position);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        expected.truncate(query.limit.unwrap_or(usize::MAX));
        assert_eq!(positions(store, name, &query)?, expected, "{query:?}");
    }
    Ok(())
}

/// Returns the number of entries in a tree of the layer.
fn entries<S: KvStore>(store: &S, tree: &str) -> Result<usize> {
    let tree = store.open_tree(TreeName::layer(tree)?)?;
    let snapshot = store.snapshot()?;
    let cursor = snapshot.scan(&tree, KeyRange::all(), Direction::Forward)?;
    Ok(crate::entries(cursor)?.len())
}

/// The index finds the same events by type as a scan, whichever handle appends and whatever is
/// trimmed, and other events are not even read. A log that was not configured to keep an index has
/// none.
pub(super) fn found_by_index_alike<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    fill(bed, 0..20)?;
    assert_eq!(entries(&**bed.log_store(), &type_tree("main"))?, 0);
    assert_alike(&**bed.log_store(), "main")?;
    bed.builder().index_types().build()?;
    assert_eq!(entries(&**bed.log_store(), &type_tree("main"))?, 20);
    bed.settle()?;
    // The program that appends has not declared an index.
    let newest = fill(bed, 20..33)?;
    bed.builder().build()?.dispatch_all(raw(33))?;
    assert_alike(&**bed.log_store(), "main")?;
    let log = bed.log()?;
    bed.log_store().write(|transaction| log.trim(transaction, 7, 100))?;
    bed.settle()?;
    assert_alike(&**bed.log_store(), "main")?;
    let left = newest as usize + 1 - 7;
    assert_eq!(entries(&**bed.log_store(), &type_tree("main"))?, left);
    // No part of this event can be read: a query for other types does not notice it.
    let store = Arc::clone(bed.log_store());
    let query = EventQuery::all().of_type("noted");
    let found = positions(&*store, "main", &query)?;
    let other = (8..).find(|position| !found.contains(position)).unwrap_or_default();
    let tree = store.open_tree(TreeName::layer(&log_tree("main"))?)?;
    let mut key = Vec::new();
    other.encode_part(&mut key);
    store.put(&tree, &key, b"garbage")?;
    assert_eq!(positions(&*store, "main", &query)?, found);
    refused(positions(&*store, "main", &EventQuery::all()), "what cannot be read");
    Ok(())
}

/// An index that is declared later is built from the existing events, in several commits; if that
/// is interrupted, reads are right, and the next program resumes it.
pub(super) fn made_of_what_is_there<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let _undisturbed = Undisturbed::new();
    const CROWD: usize = 1100;
    fill(bed, 0..CROWD)?;
    let mut done = 0;
    for round in 0.. {
        // The next commit but one breaks.
        let store = Breaking::new(Arc::clone(bed.log_store()), Break::Before, 700);
        let ended = Log::open(&store, "main")?.index_types(&store);
        let indexed = entries(&**bed.log_store(), &type_tree("main"))?;
        assert!(ended.is_ok() || (done < indexed && indexed < CROWD), "{indexed} behind {done}");
        done = indexed;
        let appended = append(bed, raw(CROWD + round))?;
        done += 1;
        bed.settle()?;
        for query in [EventQuery::all(), EventQuery::all().after(appended - 3).backward()] {
            let query = query.of_type("noted").of_type("note");
            let mut expected: Vec<u64> = (query.after + 1..=appended)
                .filter(|position| {
                    let event_type = raw(*position as usize - 1).event_type;
                    query.types.contains(&event_type)
                })
                .collect();
            if query.direction == Direction::Reverse {
                expected.reverse();
            }
            assert!(positions(&**bed.log_store(), "main", &query)? == expected, "{query:?}");
        }
        if ended.is_ok() {
            assert!(round >= 1, "it was made in one commit");
            assert_eq!(done as u64, appended);
            return Ok(());
        }
    }
    Ok(())
}

/// A copy has an index if it was configured to keep one, whether its source has one or not.
pub(super) fn copy_keeps_its_own<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    fill(bed, 0..20)?;
    let copy = bed.other_store("copy")?;
    let replica = Log::open(&copy, "copy")?;
    let pull = |bed: &EventBed<F>| {
        let snapshot = bed.log_store().snapshot()?;
        replica.copy_from(&copy, &bed.log()?, &snapshot, &mut |_| ControlFlow::Continue(()))
    };
    replica.index_types(&copy)?;
    assert_eq!(pull(bed)?, 20);
    fill(bed, 20..30)?;
    assert_eq!(pull(bed)?, 30);
    assert_eq!(entries(&copy, &type_tree("copy"))?, 30);
    assert_alike(&copy, "copy")?;
    assert_eq!(entries(&**bed.log_store(), &type_tree("main"))?, 0);
    bed.settle()?;
    bed.log()?.index_types(&**bed.log_store())?;
    let plain = bed.other_store("plain")?;
    let plain_log = Log::open(&plain, "copy")?;
    let snapshot = bed.log_store().snapshot()?;
    plain_log.copy_from(&plain, &bed.log()?, &snapshot, &mut |_| ControlFlow::Continue(()))?;
    assert_eq!(entries(&plain, &type_tree("copy"))?, 0);
    assert_alike(&plain, "copy")
}
