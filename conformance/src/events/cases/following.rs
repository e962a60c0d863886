//! Following a log: subscriptions, and consumers that share one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, SystemTime};

use arbour::Result;
use arbour::events::layout::{ack_tree, lease_tree};
use arbour::events::{Append, EventBuf, EventError, EventQuery};
use arbour_core::engine::TreeName;
use arbour_core::{Direction, KeyRange, KvRead as _, KvStore};

use super::claims::{append, append_each, invalid, refused};
use crate::Factory;
use crate::events::EventBed;
use crate::events::ledger::cents;

const LONG: Duration = Duration::from_secs(60);

fn positions(events: &[EventBuf]) -> Vec<u64> {
    events.iter().map(|event| event.as_event().position).collect()
}

/// Case 27. A subscription gets the existing events and then new ones, each once and in order,
/// while others append.
pub(super) fn catches_up_then_live<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    const WRITERS: u64 = 4;
    const EACH: u64 = 40;
    let events = bed.builder().build()?;
    for _ in 0..30 {
        events.dispatch_all(cents("before", 1)?)?;
    }
    let total = 30 + WRITERS * EACH;
    let seen = thread::scope(|scope| {
        for writer in 0..WRITERS {
            let events = &events;
            scope.spawn(move || {
                for _ in 0..EACH {
                    let event = cents(&format!("writer {writer}"), 1).expect("it is an event");
                    events.dispatch_all(event).expect("an event can be dispatched");
                }
            });
        }
        let mut subscription = events.subscribe("reader", EventQuery::all())?;
        let mut seen = Vec::new();
        while (seen.len() as u64) < total {
            let next = subscription.next(7, LONG)?;
            assert!(!next.is_empty(), "after {} of {total} nothing comes any more", seen.len());
            seen.extend(positions(&next));
        }
        arbour::Result::<_>::Ok(seen)
    })?;
    let expected: Vec<u64> = (1..=total).collect();
    assert!(seen == expected, "each event once and in order: {seen:?}");
    Ok(())
}

/// Acknowledged events are not delivered again, and others are, even after a restart.
pub(super) fn resumes_where_acknowledged<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.builder().build()?;
    events.dispatch_all(
        Append::new().event(cents("a", 1)?).event(cents("b", 2)?).event(cents("a", 3)?),
    )?;
    let mut mailer = events.subscribe("mailer", EventQuery::all())?;
    assert_eq!(positions(&mailer.next(2, LONG)?), [1, 2]);
    mailer.acknowledge()?;
    assert_eq!(positions(&mailer.next(2, LONG)?), [3]);
    assert!(mailer.next(2, Duration::ZERO)?.is_empty());
    drop((mailer, events));
    bed.settle()?;
    let events = bed.builder().build()?;
    let mut mailer = events.subscribe("mailer", EventQuery::all())?;
    assert_eq!(mailer.position(), 2);
    assert_eq!(positions(&mailer.next(9, LONG)?), [3]);
    mailer.acknowledge()?;
    // Events that do not match are skipped, and acknowledged together with those that do.
    let only_a = EventQuery::stream("a");
    let mut other = events.subscribe("other", only_a.clone())?;
    assert_eq!(positions(&other.next(1, LONG)?), [1]);
    assert_eq!(positions(&other.next(1, LONG)?), [3]);
    events.dispatch_all(cents("b", 4)?)?;
    assert!(other.next(1, Duration::ZERO)?.is_empty());
    other.acknowledge()?;
    assert_eq!(events.subscribe("other", only_a)?.position(), 4);
    let mut late = events.subscribe("late", EventQuery::all().after(3))?;
    assert_eq!(positions(&late.next(9, LONG)?), [4]);
    invalid(events.subscribe("a/b", EventQuery::all()).map(drop), "a name with a slash");
    Ok(())
}

/// A follower without a name has no stored position, and does not keep events from being trimmed.
pub(super) fn tail_leaves_nothing<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.builder().build()?;
    events.dispatch_all(
        Append::new().event(cents("a", 1)?).event(cents("b", 2)?).event(cents("a", 3)?),
    )?;
    let mut tail = events.tail(EventQuery::all().after(1).until(1).backward().limit(1));
    assert_eq!(positions(&tail.next(1, LONG)?), [2]);
    assert_eq!(tail.position(), 2);
    let mut only_a = events.tail(EventQuery::stream("a"));
    assert_eq!(positions(&only_a.next(9, LONG)?), [1, 3]);
    assert!(only_a.next(9, Duration::ZERO)?.is_empty());
    thread::scope(|scope| {
        let waiting = scope.spawn(|| only_a.next(9, LONG));
        events.dispatch_all(cents("a", 4)?)?;
        assert_eq!(positions(&waiting.join().expect("it does not panic")?), [4]);
        arbour::Result::<_>::Ok(())
    })?;
    let trees = bed.log_store().snapshot()?.trees()?;
    assert!(!trees.contains(&ack_tree("main")), "nothing is remembered: {trees:?}");
    assert_eq!(events.trim(3)?, 4, "it keeps no events");
    let error = refused(tail.next(9, LONG), "what was given up");
    assert!(matches!(error, EventError::Archived { asked: 3, first: 4, .. }), "{error:?}");
    Ok(())
}

/// `trim` keeps events that a subscription has not seen; a subscription that comes too late fails
/// with an error.
pub(super) fn given_up_is_told<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.open()?;
    for number in 1..=6 {
        events.dispatch_all(cents("a", number)?)?;
    }
    let mut slow = events.subscribe("slow", EventQuery::all())?;
    slow.next(4, LONG)?;
    slow.acknowledge()?;
    assert_eq!(events.trim(u64::MAX)?, 5, "what the slow one has yet to see is kept");
    drop((slow, events));
    bed.settle()?;
    let events = bed.open()?;
    let mut slow = events.subscribe("slow", EventQuery::all())?;
    assert_eq!(positions(&slow.next(9, LONG)?), [5, 6]);
    let mut late = events.subscribe("late", EventQuery::all())?;
    let error = refused(late.next(9, LONG), "what was given up");
    assert!(matches!(error, EventError::Archived { asked: 1, first: 5, .. }), "{error:?}");
    // A view that would have to begin with them fails too.
    let again = bed.builder().projection(bed.ledger("again", 1)?).build().map(drop);
    let error = refused(again, "a view of what was given up");
    let is_right = matches!(&error, EventError::Archived { log, asked: 1, .. } if log == "main");
    assert!(is_right, "the log is named, and not the projection: {error:?}");
    assert_eq!(bed.open()?.catch_up("bank")?, 6, "one that has dealt with them goes on");
    Ok(())
}

/// A projection that lags behind keeps the events it has yet to apply.
pub(super) fn projection_keeps_its_events<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    for number in 1..=5 {
        append(bed, cents("a", number)?)?;
    }
    let events = bed.open_with(|bank| bank.behind())?;
    assert_eq!(events.trim(u64::MAX)?, 1, "nothing was applied yet");
    events.catch_up("bank")?;
    assert_eq!(events.trim(3)?, 4);
    bed.settle()?;
    assert_eq!(bed.open()?.catch_up("bank")?, 5);
    Ok(())
}

/// Consumers of one subscription each get events that no other has, and all events are completed.
pub(super) fn consumers_share_each_once<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    const COUNT: u64 = 60;
    let events = bed.builder().build()?;
    for _ in 0..COUNT {
        events.dispatch_all(cents("a", 1)?)?;
    }
    let done = thread::scope(|scope| {
        let consumers: Vec<_> = (0..4)
            .map(|consumer| {
                let events = &events;
                scope.spawn(move || -> Result<Vec<u64>> {
                    let name = format!("consumer {consumer}");
                    let mut done = Vec::new();
                    loop {
                        let claimed = events.claim("work", &name, 3, LONG)?;
                        if claimed.is_empty() {
                            return Ok(done);
                        }
                        // The last one first: they are acknowledged in order nevertheless.
                        for position in positions(&claimed).into_iter().rev() {
                            events.complete("work", &name, position)?;
                            done.push(position);
                        }
                    }
                })
            })
            .collect();
        let joined = consumers.into_iter().map(|consumer| consumer.join().expect("no panic"));
        joined.collect::<Result<Vec<_>>>()
    })?;
    let mut all: Vec<u64> = done.into_iter().flatten().collect();
    all.sort_unstable();
    assert_eq!(all, (1..=COUNT).collect::<Vec<_>>(), "each event was dealt with once");
    drop(events);
    bed.settle()?;
    let log = bed.log()?;
    let snapshot = bed.log_store().snapshot()?;
    assert_eq!(log.acknowledged(&snapshot, "work")?, Some(COUNT));
    drop(snapshot);
    let events = bed.builder().build()?;
    assert!(events.claim("work", "late", 9, LONG)?.is_empty());
    Ok(())
}

/// An expired claim goes to another consumer, and the first consumer fails because it is too late.
pub(super) fn claims_run_out<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.builder().build()?;
    for number in 1..=3 {
        events.dispatch_all(cents("a", number)?)?;
    }
    let dead = events.claim("work", "dead", 2, Duration::ZERO)?;
    assert_eq!(positions(&dead), [1, 2]);
    let quick = events.claim("work", "quick", 1, LONG)?;
    assert_eq!(positions(&quick), [1], "its claim ran out");
    invalid(events.complete("work", "dead", 1), "a claim that ran out and was taken over");
    events.complete("work", "quick", 1)?;
    invalid(events.complete("work", "quick", 1), "what was dealt with before");
    invalid(events.complete("work", "quick", 3), "what was not claimed");
    drop(events);
    bed.settle()?;
    let events = bed.builder().build()?;
    assert_eq!(positions(&events.claim("work", "other", 9, LONG)?), [2, 3]);
    assert!(events.claim("work", "quick", 9, LONG)?.is_empty());
    assert_eq!(positions(&events.claim("elsewhere", "quick", 9, LONG)?), [1, 2, 3]);
    Ok(())
}

/// The stored claims grow with the open claims, however much was completed after the slowest one.
pub(super) fn claims_stay_few<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    const COUNT: u64 = 120;
    append_each(bed, 0..COUNT as i64, |number| Ok(cents("a", number + 1)?.into()))?;
    let events = bed.builder().build()?;
    let kept = |bed: &EventBed<F>| -> Result<usize> {
        let store = bed.log_store();
        let tree = store.open_tree(TreeName::layer(&lease_tree("main"))?)?;
        let snapshot = store.snapshot()?;
        let cursor = snapshot.scan(&tree, KeyRange::all(), Direction::Forward)?;
        Ok(crate::entries(cursor)?.len())
    };
    for dead in ["dead", "dead too"] {
        assert_eq!(positions(&events.claim("work", dead, 3, Duration::ZERO)?), [1, 2, 3]);
    }
    assert_eq!(kept(bed)?, 3, "what has run out is handed out first");
    assert_eq!(positions(&events.claim("work", "slow", 1, LONG)?), [1]);
    loop {
        let claimed = positions(&events.claim("work", "quick", 8, LONG)?);
        // Every other one first, from the end.
        let (odd, even): (Vec<u64>, Vec<u64>) =
            claimed.iter().rev().partition(|position| **position % 2 == 1);
        for position in odd.into_iter().chain(even) {
            events.complete("work", "quick", position)?;
            assert!(kept(bed)? <= 2 * 9 + 1, "{} leases", kept(bed)?);
        }
        assert_eq!(kept(bed)?, 2, "the slow one's, and what was dealt with behind it");
        if claimed.len() < 8 {
            break;
        }
    }
    events.dispatch_all(cents("a", 1)?)?;
    drop(events);
    bed.settle()?;
    let events = bed.builder().build()?;
    assert_eq!(positions(&events.claim("work", "quick", 9, LONG)?), [COUNT + 1]);
    events.complete("work", "slow", 1)?;
    let acknowledged =
        |bed: &EventBed<F>| bed.log()?.acknowledged(&bed.log_store().snapshot()?, "work");
    assert_eq!((kept(bed)?, acknowledged(bed)?), (1, Some(COUNT)));
    events.complete("work", "quick", COUNT + 1)?;
    assert_eq!((kept(bed)?, acknowledged(bed)?), (0, Some(COUNT + 1)));
    Ok(())
}

/// A new subscription from the end gets only what is appended afterwards, also if its first runner
/// ended before it has acknowledged anything; one that has acknowledged events continues there.
pub(super) fn starts_from_the_end<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.builder().build()?;
    events.dispatch_all(Append::new().event(cents("a", 1)?).event(cents("b", 2)?))?;
    let subscription = events.subscribe_from_end("mailer", EventQuery::all())?;
    assert_eq!(subscription.position(), 2);
    let log = bed.log()?;
    let acknowledged = log.acknowledged(&bed.log_store().snapshot()?, "mailer")?;
    assert_eq!(acknowledged, Some(2), "the store remembers it");
    drop(subscription);
    events.dispatch_all(cents("a", 3)?)?;
    drop((events, log));
    bed.settle()?;
    let events = bed.builder().build()?;
    let mut mailer = events.subscribe_from_end("mailer", EventQuery::all())?;
    assert_eq!(positions(&mailer.next(9, LONG)?), [3], "it continues");
    let mut only_a = events.subscribe_from_end("other", EventQuery::stream("a"))?;
    events.dispatch_all(Append::new().event(cents("b", 4)?).event(cents("a", 5)?))?;
    assert_eq!(positions(&only_a.next(9, LONG)?), [5]);
    Ok(())
}

/// A paused reader hands out nothing until it is resumed, and misses nothing; a stopped one ends,
/// also while it waits, and what it had is acknowledged.
pub(super) fn pauses_and_stops<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    /// A thread that is not woken times out before it would poll.
    const NEVER: Duration = Duration::from_secs(24 * 60 * 60);
    let events = bed.builder().poll(NEVER).build()?;
    events.dispatch_all(Append::new().event(cents("a", 1)?).event(cents("b", 2)?))?;
    let mut mailer = events.subscribe("mailer", EventQuery::all())?;
    assert_eq!(positions(&mailer.next(1, LONG)?), [1]);
    let control = mailer.control();
    control.pause();
    assert!(control.is_paused());
    assert!(mailer.next(9, Duration::ZERO)?.is_empty(), "it is paused");
    mailer.acknowledge()?;
    let mut other = events.tail(EventQuery::all());
    assert_eq!(positions(&other.next(9, LONG)?), [1, 2], "another reader is not paused");
    let read = thread::scope(|scope| {
        let waiting = scope.spawn(|| mailer.next(9, LONG));
        events.dispatch_all(cents("c", 3)?)?;
        control.resume();
        waiting.join().expect("it does not panic")
    })?;
    assert!(positions(&read).starts_with(&[2]), "{:?}", positions(&read));
    let began = std::time::Instant::now();
    while mailer.position() < 3 {
        mailer.next(9, LONG)?;
    }
    thread::scope(|scope| {
        let waiting = scope.spawn(|| mailer.next(9, LONG));
        control.stop();
        let error = refused(waiting.join().expect("it does not panic"), "a stopped reader");
        assert!(matches!(error, EventError::Stopped { .. }), "{error:?}");
    });
    assert!(began.elapsed() < LONG, "a reader slept until it timed out");
    control.resume();
    refused(mailer.next(9, LONG), "a stopped reader");
    mailer.acknowledge()?;
    drop((mailer, control, other, events));
    bed.settle()?;
    let events = bed.builder().build()?;
    assert_eq!(events.subscribe("mailer", EventQuery::all())?.position(), 3);
    Ok(())
}

/// Events have the time of the clock that a test sets, and claims run out by it; a clock that is set
/// back does not turn back the times of the log.
pub(super) fn clock_is_the_tests_own<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let hour = Duration::from_secs(3600);
    let hours = Arc::new(AtomicU64::new(1));
    let read = Arc::clone(&hours);
    let clock = move || SystemTime::UNIX_EPOCH + Duration::from_secs(3600 * read.load(Relaxed));
    let events = bed.builder().clock(clock).build()?;
    events.dispatch_all(cents("a", 1)?)?;
    hours.store(2, Relaxed);
    events.dispatch_all(cents("a", 2)?)?;
    hours.store(0, Relaxed);
    bed.log_store().write(|transaction| events.append_all_in(transaction, cents("a", 3)?))?;
    let times = |events: &[EventBuf]| -> Vec<i64> {
        events.iter().map(|event| event.as_event().time / 3_600_000).collect()
    };
    assert_eq!(times(&events.read(&EventQuery::all())?), [1, 2, 2]);
    let positions_at: Result<Vec<u64>> = [0, 3_600_000, 3_600_001, 7_200_000, 7_200_001]
        .map(|time| events.position_at(time))
        .into_iter()
        .collect();
    assert_eq!(positions_at?, [0, 0, 1, 1, 3]);
    assert_eq!(positions(&events.claim("work", "one", 1, hour)?), [1]);
    assert_eq!(positions(&events.claim("work", "other", 1, hour)?), [2]);
    hours.store(1, Relaxed);
    assert_eq!(positions(&events.claim("work", "other", 1, hour)?), [1], "the claim has run out");
    Ok(())
}
