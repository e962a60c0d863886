//! The operations of events, measured while what multiplies their cost grows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arbour::AnyResult;
use arbour::events::{
    Append, Event, EventQuery, Events, FailurePolicy, Log, Model, NewEvent, Outbox, Projection,
};
use arbour_core::{Durability, KvRead, KvStore, KvWrite as _, Result, Tree};

use super::{Case, Work, time, time_steady};

/// How often an operation is repeated that hardly changes the size of the store.
const TIMES: u64 = 100;

/// How many events are appended where appending is measured.
const APPENDED: u64 = 1_000;

/// How many events are appended at once to fill a log.
const AT_ONCE: u64 = 500;

const PROJECTION: &str = "counts";

pub(super) fn cases<S: KvStore>() -> Vec<Case<S>> {
    [logs(), projections()].into_iter().flatten().collect()
}

fn logs<S: KvStore>() -> Vec<Case<S>> {
    vec![
        Case::<S>::new("event: append", "events of the stream", |store, size| {
            let log = filled(&**store, size, |_| "stream".to_owned())?;
            time(APPENDED, || append(&**store, &log, APPENDED, |_| "stream".to_owned()))
        }),
        Case::<S>::new("event: append to a new stream", "streams", |store, size| {
            let log = filled(&**store, size, |number| format!("stream-{number}"))?;
            time(APPENDED, || append(&**store, &log, APPENDED, |number| format!("new-{number}")))
        }),
        Case::<S>::new("event: read 10 after a position", "events before it", |store, size| {
            let log = filled(&**store, size, |_| "other".to_owned())?;
            append(&**store, &log, 10, |_| "other".to_owned())?;
            read_after(&**store, &log, &EventQuery::all().after(size).limit(10))
        }),
        Case::<S>::new(
            "event: read 10 of a stream after a position",
            "events before it",
            |store, size| {
                let log = filled(&**store, size, |_| "stream".to_owned())?;
                append(&**store, &log, 10, |_| "stream".to_owned())?;
                read_after(&**store, &log, &EventQuery::stream("stream").after(size).limit(10))
            },
        ),
        Case::<S>::new("event: next of a tail on a stream", "events before it", |store, size| {
            filled(&**store, size, |_| "stream".to_owned())?;
            let events = Events::builder(Arc::clone(store), "main").build()?;
            let mut tail = events.tail(EventQuery::stream("stream"));
            time(size, || {
                let mut seen = 0;
                while seen < size {
                    seen += tail.next(50, Duration::ZERO)?.len() as u64;
                }
                Ok(())
            })
        })
        .fewer(2),
    ]
}

fn projections<S: KvStore>() -> Vec<Case<S>> {
    vec![
        Case::<S>::new("event: acknowledge", "subscriptions", |store, size| {
            let log = filled(&**store, AT_ONCE, |_| "stream".to_owned())?;
            let acknowledge = |from: u64, until: u64| {
                let mut transaction = store.begin_with(Durability::None)?;
                (from..until).try_for_each(|number| {
                    let name = format!("subscription-{number}");
                    log.acknowledge(&mut transaction, &name, Some(1))
                })?;
                transaction.commit()
            };
            acknowledge(0, size)?;
            time(TIMES, || acknowledge(size, size + TIMES))
        }),
        Case::<S>::new("event: catch up, per event", "events", |store, size| {
            filled(&**store, size, |number| format!("stream-{}", number % 100))?;
            time(size, || {
                // Opening builds a version that has applied nothing yet.
                let events = counting(store, &Arc::default(), FailurePolicy::halt())?;
                caught_up(&events, size)
            })
        })
        .fewer(4),
        Case::<S>::new("event: dead-letter, per event", "dead letters", |store, size| {
            filled(&**store, size, |number| format!("stream-{number}"))?;
            let fails = Arc::new(AtomicBool::new(true));
            time(size, || {
                let events = counting(store, &fails, FailurePolicy::dead_letter())?;
                caught_up(&events, size)
            })
        })
        .fewer(16),
        Case::<S>::new("event: release, per event", "dead letters", |store, size| {
            filled(&**store, size, |_| "stream".to_owned())?;
            let fails = Arc::new(AtomicBool::new(true));
            let events = counting(store, &fails, FailurePolicy::quarantine())?;
            events.catch_up(PROJECTION)?;
            fails.store(false, Ordering::SeqCst);
            time(size, || events.release(PROJECTION, "stream").map(drop))
        })
        .fewer(16),
        Case::<S>::new("event: trim, per event", "events", |store, size| {
            filled(&**store, size, |number| format!("stream-{}", number % 100))?;
            let events = Events::builder(Arc::clone(store), "main").build()?;
            time(size, || events.trim(size).map(drop))
        })
        .fewer(4),
        Case::<S>::new("event: forget a version, per entry", "entries", |store, size| {
            let events = Events::builder(Arc::clone(store), "main").build()?;
            let tree = store.tree("counts.1.notes")?;
            let mut transaction = store.begin_with(Durability::None)?;
            (0..size)
                .try_for_each(|number| transaction.put(&tree, &number.to_be_bytes(), b"a note"))?;
            transaction.commit()?;
            time(size, || events.forget(PROJECTION, 1))
        }),
    ]
}

/// Fails on request, and changes nothing otherwise.
struct Fickle {
    fails: Arc<AtomicBool>,
    tree: std::marker::PhantomData<fn() -> Tree>,
}

impl Model for Fickle {
    type Change = ();

    fn name(&self) -> &str {
        "fickle"
    }

    fn reduce<R: KvRead>(
        &self,
        event: &Event<'_>,
        _before: &R,
        _out: &mut Outbox,
    ) -> AnyResult<Option<()>> {
        if self.fails.load(Ordering::SeqCst) {
            return Err(format!("event {} is refused", event.position).into());
        }
        Ok(None)
    }
}

fn counting<S: KvStore>(
    store: &Arc<S>,
    fails: &Arc<AtomicBool>,
    policy: FailurePolicy,
) -> Result<Events> {
    let model = Fickle { fails: Arc::clone(fails), tree: std::marker::PhantomData };
    let projection = Projection::new(PROJECTION, 1).model(model).on_failure(policy);
    Events::builder(Arc::clone(store), "main").projection(projection).build()
}

/// Catches up, and checks that all events were dealt with.
fn caught_up(events: &Events, size: u64) -> Result<()> {
    let position = events.catch_up(PROJECTION)?;
    assert_eq!(position, size, "the position of the projection");
    Ok(())
}

fn filled<S: KvStore>(store: &S, size: u64, stream: impl Fn(u64) -> String) -> Result<Log> {
    let log = Log::open(store, "main")?;
    append(store, &log, size, stream)?;
    Ok(log)
}

fn append<S: KvStore>(
    store: &S,
    log: &Log,
    events: u64,
    stream: impl Fn(u64) -> String,
) -> Result<()> {
    for first in (0..events).step_by(AT_ONCE as usize) {
        let numbers = first..events.min(first + AT_ONCE);
        let events =
            numbers.map(|number| NewEvent::raw(stream(number), "noted", 1, vec![b'x'; 50]));
        let append = events.fold(Append::new(), Append::event);
        let mut transaction = store.begin_with(Durability::None)?;
        log.append(&mut transaction, &append)?;
        transaction.commit()?;
    }
    Ok(())
}

fn read_after<S: KvStore>(store: &S, log: &Log, query: &EventQuery) -> Result<Work> {
    let snapshot = store.snapshot()?;
    time_steady(TIMES, || (0..TIMES).try_for_each(|_| log.read(&snapshot, query).map(drop)))
}
