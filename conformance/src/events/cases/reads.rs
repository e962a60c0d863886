//! Reading the log.

use std::ops::ControlFlow;

use arbour::Result;
use arbour::events::layout::log_tree;
use arbour::events::{Append, EventError, EventQuery, EventType, NewEvent};
use arbour_core::engine::TreeName;
use arbour_core::{Direction, KeyRange, KvRead, KvStore};
use serde_json::{Value, json};

use super::claims::{append, found, refused, whole};
use crate::Factory;
use crate::events::EventBed;
use crate::events::ledger::cents;

/// Appends seven events of three streams.
fn seven<F: Factory>(bed: &EventBed<F>) -> Result<()> {
    let mut seven = Append::new();
    for (number, stream) in ["a", "b", "ab", "a", "b", "a", "a\u{1}"].into_iter().enumerate() {
        seven = seven.event(cents(stream, number as i64)?);
    }
    append(bed, seven).map(drop)
}

/// Case 26. Every bound, limit and direction, including those that match nothing.
pub(super) fn reads_at_every_bound<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    seven(bed)?;
    bed.settle()?;
    let all = EventQuery::all;
    let positions = |query: &EventQuery| -> Result<Vec<u64>> {
        let events = bed.log()?.read(&bed.log_store().snapshot()?, query)?;
        Ok(events.iter().map(|event| event.as_event().position).collect())
    };
    for (query, expected) in [
        (all(), vec![1, 2, 3, 4, 5, 6, 7]),
        (all().backward(), vec![7, 6, 5, 4, 3, 2, 1]),
        (all().after(5), vec![6, 7]),
        (all().after(6).backward(), vec![7]),
        (all().after(7), vec![]),
        (all().after(u64::MAX), vec![]),
        (all().until(2), vec![1, 2]),
        (all().until(0), vec![]),
        (all().after(2).until(5), vec![3, 4, 5]),
        (all().after(5).until(2), vec![]),
        (all().after(3).until(3), vec![]),
        (all().limit(0), vec![]),
        (all().limit(1), vec![1]),
        (all().limit(1).backward(), vec![7]),
        (all().after(2).limit(2), vec![3, 4]),
        (EventQuery::stream("a"), vec![1, 4, 6]),
        (EventQuery::stream("a").backward(), vec![6, 4, 1]),
        (EventQuery::stream("a").after(1), vec![4, 6]),
        (EventQuery::stream("a").until(5).backward(), vec![4, 1]),
        (EventQuery::stream("a").after(1).limit(1), vec![4]),
        (EventQuery::stream("ab"), vec![3]),
        (EventQuery::stream("a\u{1}"), vec![7]),
        (EventQuery::stream(""), vec![]),
        (EventQuery::stream("nothing"), vec![]),
        (all().of_type("moved").limit(2), vec![1, 2]),
        (all().of_type("nothing"), vec![]),
    ] {
        assert_eq!(positions(&query)?, expected, "{query:?}");
    }
    let log = bed.log()?;
    bed.log_store().write(|transaction| log.trim(transaction, 4, 100))?;
    assert_eq!(positions(&all().after(1).until(5))?, vec![5], "within what was given up");
    assert_eq!(positions(&EventQuery::stream("a"))?, vec![6]);
    Ok(())
}

/// A visitor can stop the visits, and the limit counts matching events.
pub(super) fn visits_stream_and_stop<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    seven(bed)?;
    append(bed, NewEvent::raw("a", "other", 1, b"1".to_vec()))?;
    append(bed, cents("a", 8)?)?;
    bed.settle()?;
    let (log, snapshot) = (bed.log()?, bed.log_store().snapshot()?);
    let mut visited = Vec::new();
    log.each(&snapshot, &EventQuery::all(), |event| {
        visited.push(event.position);
        let flow =
            if visited.len() == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        Ok(flow)
    })?;
    assert_eq!(visited, [1, 2, 3]);
    let mine = EventError::Broken { log: "mine".into(), position: 7 };
    let failed = log.each(&snapshot, &EventQuery::all(), |_| Err(mine.clone().into()));
    assert_eq!(refused(failed, "a visitor's own error").to_string(), mine.to_string());
    let query = EventQuery::stream("a").of_type("other").of_type("none").limit(5);
    assert_eq!(log.read(&snapshot, &query)?.len(), 1);
    let moved = EventQuery::stream("a").of_type("moved").after(6).limit(1);
    assert_eq!(found(bed, &moved)?, "9 a/5 8");
    Ok(())
}

/// Each event has the hash of the one before: a missing event and a changed one are detected.
pub(super) fn hashes_chain_events<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    seven(bed)?;
    bed.settle()?;
    let log = bed.log()?;
    let store = bed.log_store();
    assert_eq!(log.verify(&store.snapshot()?, 0)?, 7);
    assert_eq!(log.verify(&store.snapshot()?, 5)?, 2);
    assert_eq!(log.verify(&store.snapshot()?, 7)?, 0);
    let tree = store.open_tree(TreeName::layer(&log_tree("main"))?)?;
    let events = KeyRange::new(..&[0xff][..]);
    let entries = crate::entries(store.snapshot()?.scan(&tree, events, Direction::Forward)?)?;
    assert_eq!(entries.len(), 7);
    let broken = |position: u64| -> Result<()> {
        let error = refused(log.verify(&store.snapshot()?, 0), "a broken chain");
        let is_right =
            matches!(error, EventError::Broken { position: found, .. } if found == position);
        assert!(is_right, "{error:?}, and not at {position}");
        Ok(())
    };
    for (number, (key, value)) in entries.iter().enumerate() {
        let position = number as u64 + 1;
        let mut changed = value.clone();
        if let Some(last) = changed.last_mut() {
            *last ^= 1;
        }
        store.put(&tree, key, &changed)?;
        broken((position + 1).min(7))?;
        store.delete(&tree, key)?;
        broken(position)?;
        store.put(&tree, key, value)?;
    }
    assert_eq!(log.verify(&store.snapshot()?, 0)?, 7);
    Ok(())
}

/// Unreadable parts of a log are named; the rest can be read.
pub(super) fn undecodable_is_named<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    append(bed, cents("a", 1)?)?;
    append(bed, NewEvent::raw("a", "moved", 1, b"{not json".to_vec()))?;
    append(bed, NewEvent::raw("a", "moved", 77, b"1".to_vec()))?;
    append(bed, cents("b", 4)?)?;
    bed.settle()?;
    let moved = EventType::<Value>::new("moved");
    let (log, snapshot) = (bed.log()?, bed.log_store().snapshot()?);
    for position in [2, 3] {
        let event = log.get(&snapshot, position)?.expect("it is there");
        let error = refused(moved.read(&event.as_event()), "a payload that does not decode");
        let is_right =
            matches!(error, EventError::Payload { position: found, .. } if found == position);
        assert!(is_right, "{error:?}");
    }
    assert_eq!(found(bed, &EventQuery::stream("b"))?, "4 b/1 4");
    let store = bed.log_store();
    let tree = store.open_tree(TreeName::layer(&log_tree("main"))?)?;
    let (key, _) = store.snapshot()?.first(&tree, KeyRange::all())?.expect("there are events");
    for garbage in [&b""[..], b"\x02", b"\x01short", &[1; 70]] {
        store.put(&tree, &key, garbage)?;
        let error = refused(whole(bed), "bytes that are no event");
        let is_right = matches!(
            &error, EventError::Undecodable { tree, .. } if tree == "arbour/log/main"
        );
        assert!(is_right, "{error:?}");
        assert_eq!(found(bed, &EventQuery::all().after(3))?, "4 b/1 4");
    }
    Ok(())
}

/// Case 39. Payloads of every older version are upgraded to the current one; newer ones are
/// refused, and an event of another type is `None`.
pub(super) fn older_payloads_upcast<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let versions = || {
        let first = EventType::<Value>::new("named");
        let second = first.clone().upcast_json(1, |name| Ok(json!({"name": name})));
        let third = second.clone().upcast_json(2, |mut payload| {
            let name = payload.get("name").and_then(Value::as_str).unwrap_or_default().len();
            if let Some(members) = payload.as_object_mut() {
                members.insert("length".to_owned(), name.into());
            }
            Ok(payload)
        });
        (first, second, third)
    };
    let (first, second, third) = versions();
    append(bed, first.event("a", &json!("ada"))?)?;
    append(bed, second.event("a", &json!({"name": "bob"}))?)?;
    append(bed, third.event("a", &json!({"name": "cyd", "length": 7}))?)?;
    bed.settle()?;
    let (log, snapshot) = (bed.log()?, bed.log_store().snapshot()?);
    let events = log.read(&snapshot, &EventQuery::all())?;
    let read = |of: &EventType<Value>, number: usize| {
        of.read(&events.get(number).expect("there are three").as_event())
    };
    assert_eq!(read(&third, 0)?, Some(json!({"name": "ada", "length": 3})));
    assert_eq!(read(&third, 1)?, Some(json!({"name": "bob", "length": 3})));
    assert_eq!(read(&third, 2)?, Some(json!({"name": "cyd", "length": 7})));
    assert_eq!(read(&second, 0)?, Some(json!({"name": "ada"})));
    let error = refused(read(&first, 2), "a payload of a newer version");
    let is_right = matches!(error, EventError::TooNew { position: 3, stored: 3, known: 1, .. });
    assert!(is_right, "{error:?}");
    assert_eq!(read(&EventType::new("other"), 0)?, None);
    let schemas: Vec<u32> = events.iter().map(|event| event.as_event().schema).collect();
    assert_eq!(schemas, [1, 2, 3], "the log keeps them as they were");
    Ok(())
}
