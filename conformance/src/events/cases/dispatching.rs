//! Dispatching and waiting: it always ends, and reports how.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use arbour::events::{
    Append, Dispatch, EventError, EventQuery, Events, Expected, FailurePolicy, Outcome,
};
use arbour::{Operation, Result};
use arbour_core::{ErrorKind, KvStore as _, KvWrite as _, Writers};
use serde_json::json;

use super::claims::{
    append, applied, balances, dispatch, folded, refused, refused_by_store, whole,
};
use crate::Factory;
use crate::events::EventBed;
use crate::events::ledger::{cents, event, expecting};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

/// Case 31. A dispatch ends with a value, with an error, dead-lettered, halted, timed out, or shut
/// down.
pub(super) fn always_resolves<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.open_with(|bank| bank.on_failure(FailurePolicy::dead_letter()))?;
    assert_eq!(applied(&events, cents("a", 1)?)?, json!({"cents": 1, "part": 0}));
    let aside = dispatch(&events, event("a", json!({"fail": "reduce"}))?)?;
    assert!(matches!(aside, Outcome::DeadLettered { .. }), "{aside:?}");
    let error =
        refused(events.dispatch_all(expecting("a", Expected::NoStream, 1)?), "a wrong version");
    assert!(matches!(error, EventError::Expected { actual: 2, .. }), "{error:?}");
    // This dispatch does not wait, and the next one that does applies its event.
    let quick = Dispatch::default().without_waiting();
    events.dispatch_with(cents("b", 2)?, quick)?;
    applied(&events, cents("b", 3)?)?;
    // While a handler takes its time, another caller times out.
    bed.scene.shut_gate();
    let scene = Arc::clone(&bed.scene);
    thread::scope(|scope| -> Result<()> {
        let slow =
            scope.spawn(|| dispatch(&events, event("c", json!({"gate": true, "cents": 4}))?));
        scene.wait_for_visitor();
        let waited = events.wait_for("bank", 5, Duration::from_millis(5)).map(drop);
        let error = refused(waited, "waiting longer than was allowed");
        assert!(matches!(error, EventError::TimedOut { .. }), "{error:?}");
        let waiting = scope.spawn(|| events.wait_for("bank", 6, LONG).map(drop));
        events.shut_down();
        let error =
            refused(waiting.join().expect("it does not panic"), "waiting for one shut down");
        assert!(matches!(error, EventError::ShutDown { .. }), "{error:?}");
        scene.open_gate();
        let outcome = slow.join().expect("it does not panic")?;
        let is_told = matches!(outcome, Outcome::Applied { .. } | Outcome::ShutDown);
        assert!(is_told, "what was begun is finished, or told: {outcome:?}");
        Ok(())
    })?;
    let error = refused(events.dispatch_all(cents("d", 5)?), "dispatching after the end");
    assert!(matches!(error, EventError::ShutDown { .. }), "{error:?}");
    refused(events.subscribe("x", EventQuery::all())?.next(1, LONG), "following");
    drop(events);
    bed.settle()?;
    let events = bed.open()?;
    events.catch_up("bank")?;
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 1 1, b 5 2, c 4 1");
    Ok(())
}

/// The outcome says which inline projections were not waited for; a projection that is not inline
/// has no outcome.
pub(super) fn waits_as_told<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let behind = bed.ledger("behind", 1)?.behind();
    let events = bed.builder().projection(bed.ledger("bank", 1)?).projection(behind).build()?;
    let dispatched =
        events.dispatch_all(Append::new().event(cents("a", 1)?).event(cents("b", 2)?))?;
    assert_eq!((dispatched.appended.first, dispatched.appended.last), (1, 2));
    assert_eq!(dispatched.outcomes("bank").len(), 2, "one for each event");
    assert_eq!(dispatched.result("bank", "ledger"), Some(&json!({"cents": 2, "part": 0})));
    assert_eq!(dispatched.outcomes("behind"), []);
    let quick = Dispatch::default().without_waiting();
    let dispatched = events.dispatch_with(cents("a", 3)?, quick)?;
    let outcomes = dispatched.outcomes("bank");
    let is_right = if bed.is_apart() {
        matches!(outcomes, [Outcome::NotWaited])
    } else {
        matches!(outcomes, [Outcome::Applied { .. }])
    };
    assert!(is_right, "in one store it is applied in the same commit: {outcomes:?}");
    drop(events);
    bed.settle()?;
    assert_eq!(balances(&**bed.views(), "behind", 1)?, "");
    let behind = bed.ledger("behind", 1)?.behind();
    let events = bed.builder().projection(bed.ledger("bank", 1)?).projection(behind).build()?;
    assert_eq!(events.catch_up("behind")?, 3);
    assert_eq!(events.catch_up("bank")?, 3);
    assert_eq!(events.digest("behind", 1)?, events.digest("bank", 1)?);
    Ok(())
}

/// E14. Handlers cannot wait for their own event or projection: the call is refused at once.
pub(super) fn handler_cannot_dispatch<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.open()?;
    let inner = events.clone();
    bed.scene.set_errand(move || {
        let tried = [
            inner.dispatch_all(cents("x", 1).expect("it is an event")).map(drop),
            inner.catch_up("bank").map(drop),
            inner.wait_for("bank", 1, LONG).map(drop),
            inner.resume("bank"),
        ];
        let kinds = tried.map(|result| match result {
            Err(error) if error.operation() != Operation::Layer => error.kind().to_string(),
            other => format!("{other:?}"),
        });
        kinds.join(" ")
    });
    let outcome = dispatch(&events, event("a", json!({"errand": true}))?)?;
    let busy = vec![ErrorKind::Busy.to_string(); 4].join(" ");
    let is_told = matches!(
        &outcome, Outcome::Applied { result, .. } if result.get("ledger") == Some(&json!(busy))
    );
    assert!(is_told, "{outcome:?}");
    assert_eq!(whole(bed)?.split(", ").count(), 1, "nothing else was appended");
    bed.scene.set_errand(String::new);
    drop(events);
    bed.settle()?;
    Ok(())
}

/// Many threads dispatch at once: each event is applied once, in the order of its position, and
/// each caller gets the result of its own event.
pub(super) fn many_callers_each_own_result<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    const CALLERS: usize = 8;
    const EACH: usize = 12;
    let events = bed.open()?;
    let results = thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let events = &events;
                scope.spawn(move || -> Result<Vec<(u64, i64)>> {
                    let own = format!("own {caller}");
                    (0..EACH)
                        .map(|number| {
                            let both = Append::new()
                                .event(cents("shared", 1)?)
                                .event(cents(&own, number as i64)?)
                                .expect(&own, Expected::Exact(number as u64));
                            let dispatched = events.dispatch_all(both)?;
                            let outcome = dispatched.outcomes("bank").first();
                            let shared = match outcome {
                                Some(Outcome::Applied { result, .. }) => {
                                    result.get("ledger").and_then(|own| own.get("cents")?.as_i64())
                                }
                                _ => None,
                            };
                            let shared = shared.expect("it is applied when the dispatch ends");
                            Ok((dispatched.appended.first, shared))
                        })
                        .collect()
                })
            })
            .collect();
        let joined = callers.into_iter().map(|caller| caller.join().expect("it does not panic"));
        joined.collect::<Result<Vec<_>>>()
    })?;
    let mut all: Vec<(u64, i64)> = results.into_iter().flatten().collect();
    all.sort_unstable();
    let expected: Vec<(u64, i64)> =
        (0..(CALLERS * EACH) as u64).map(|number| (2 * number + 1, number as i64 + 1)).collect();
    assert_eq!(all, expected, "each got what the fold is at his own event");
    drop(events);
    bed.settle()?;
    let log = folded(&bed.log()?, &bed.log_store().snapshot()?)?;
    assert_eq!(balances(&**bed.views(), "bank", 1)?, log);
    Ok(())
}

/// With a key an event is dispatched once, and the second caller gets the same result as the first.
pub(super) fn repeated_dispatch_same_outcome<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.open()?;
    let once = || -> Result<Append> { Ok(Append::from(cents("a", 5)?).key("once")) };
    let first = events.dispatch_all(once()?)?;
    applied(&events, cents("a", 1)?)?;
    drop(events);
    bed.settle()?;
    let events = bed.open()?;
    let again = events.dispatch_all(once()?)?;
    assert!(again.appended.is_repeated && !first.appended.is_repeated);
    assert_eq!(again.projected, first.projected);
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 6 2");
    Ok(())
}

/// `wait_for` returns a snapshot that includes the position, even if another thread applies it.
pub(super) fn wait_for_is_recent_enough<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let behind = bed.ledger("bank", 1)?.behind();
    let events = bed.builder().projection(behind).build()?;
    let none = events.wait_for("bank", 1, Duration::from_millis(5)).map(drop);
    assert!(matches!(refused(none, "an event there is not"), EventError::TimedOut { .. }));
    for number in 1..=20_u64 {
        let position = events.dispatch_all(cents("a", 1)?)?.appended.last;
        assert_eq!(position, number);
        let snapshot = events.wait_for("bank", position, LONG)?;
        let accounts = super::claims::view(&**bed.views(), "bank", 1)?;
        let account = accounts.get(&snapshot, "a")?;
        let cents = account.and_then(|account| account.get("cents").cloned());
        assert_eq!(cents, Some(json!(number)));
    }
    let unknown = events.wait_for("nothing", 1, LONG).map(drop);
    assert!(matches!(refused(unknown, "no projection"), EventError::Invalid { .. }));
    Ok(())
}

/// A thread that waits while it has a transaction open fails with an error, and does not wait for
/// itself. On an engine with many writers it need not wait.
pub(super) fn own_transaction_is_told<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let behind = bed.ledger("bank", 1)?.behind();
    let events = bed.builder().projection(behind).build()?;
    events.dispatch_all(cents("a", 1)?)?;
    let transaction = bed.views().begin()?;
    if bed.views().capabilities().writers == Writers::Many {
        assert_eq!(events.catch_up("bank")?, 1);
        return transaction.rollback();
    }
    refused_by_store(events.catch_up("bank"), ErrorKind::Busy, "catching up");
    let late = events.wait_for("bank", 1, Duration::from_millis(5)).map(drop);
    assert!(matches!(refused(late, "waiting"), EventError::TimedOut { .. }));
    transaction.rollback()?;
    assert_eq!(events.catch_up("bank")?, 1);
    Ok(())
}

/// The poll interval: a thread that is not woken times out before it would poll.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

/// A way of committing an event.
type Commit<'c> = &'c dyn Fn() -> Result<()>;

/// Case 28. No thread sleeps through what it waits for: each way of committing wakes, by itself,
/// the threads that wait for a projection and those that read.
pub(super) fn no_wakeup_is_lost<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    const ROUNDS: u64 = 15;
    let behind = bed.ledger("bank", 1)?.behind();
    let events = bed.builder().projection(behind).poll(NEVER).build()?;
    let dispatching = || events.dispatch_all(cents("a", 1)?).map(drop);
    let notifying = || {
        append(bed, cents("b", 1)?)?;
        events.notify();
        Ok(())
    };
    let ways: [Commit<'_>; 2] = [&dispatching, &notifying];
    let mut reader = events.subscribe("reader", EventQuery::all())?;
    let began = Instant::now();
    for (position, commit) in (1..=2 * ROUNDS).zip(ways.into_iter().cycle()) {
        thread::scope(|scope| -> Result<()> {
            let waiting = scope.spawn(|| events.wait_for("bank", position, LONG).map(drop));
            let reading = scope.spawn(|| reader.next(7, LONG));
            // Most likely they sleep by then; at least in some of the rounds.
            thread::sleep(Duration::from_millis(2));
            commit()?;
            waiting.join().expect("it does not panic")?;
            let read = reading.join().expect("it does not panic")?;
            assert_eq!(read.len(), 1, "the reader was not woken");
            Ok(())
        })?;
    }
    assert!(began.elapsed() < LONG, "somebody slept until he ran out of time");
    Ok(())
}

/// Case 28. The same holds if many threads wait, for the same projection, for others, and for each
/// other: a thread that gives up the turn, or that got it first and was refused the writer,
/// notifies those that found it taken.
pub(super) fn no_turn_is_missed<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    const ROUNDS: u64 = 20;
    const EACH: u64 = 3;
    let events = bed
        .builder()
        .projection(bed.ledger("bank", 1)?)
        .projection(bed.ledger("behind", 1)?.behind())
        .poll(NEVER)
        .build()?;
    let began = Instant::now();
    thread::scope(|scope| -> Result<()> {
        let waiting: Vec<_> = (1..=ROUNDS * EACH)
            .map(|position| {
                let events = &events;
                scope.spawn(move || events.wait_for("behind", position, LONG).map(drop))
            })
            .collect();
        let patient = Dispatch::default().timeout(LONG);
        for _ in 0..ROUNDS {
            let dispatching = ["a", "b"].map(|stream| {
                let events = &events;
                scope.spawn(move || events.dispatch_with(cents(stream, 1)?, patient))
            });
            append(bed, cents("d", 1)?)?;
            events.notify();
            refused(events.dispatch_all(expecting("c", Expected::Exists, 1)?), "a wrong version");
            for dispatching in dispatching {
                let dispatched = dispatching.join().expect("it does not panic")?;
                let outcomes = dispatched.outcomes("bank");
                assert!(matches!(outcomes, [Outcome::Applied { .. }]), "{outcomes:?}");
            }
        }
        for waiting in waiting {
            waiting.join().expect("it does not panic")?;
        }
        Ok(())
    })?;
    assert!(began.elapsed() < LONG, "somebody slept until he ran out of time");
    Ok(())
}

/// A follower applies new events, for projections that no other thread waits for, and ends when it
/// is shut down.
pub(super) fn follower_applies_what_comes<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let behind = bed.ledger("bank", 1)?.behind();
    let events: Events = bed.builder().projection(behind).build()?;
    thread::scope(|scope| -> Result<()> {
        let follower = scope.spawn(|| events.follow());
        for number in 1..=10 {
            events.dispatch_all(cents("a", number)?)?;
        }
        let began = Instant::now();
        // No thread waits for the projection here, so only the follower can have applied it.
        while events.status()?.first().map(|bank| bank.applied) != Some(10) {
            assert!(began.elapsed() < LONG, "the follower applies nothing");
            thread::sleep(Duration::from_millis(2));
        }
        events.shut_down();
        follower.join().expect("it does not panic")
    })?;
    drop(events);
    bed.settle()?;
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 55 10");
    Ok(())
}
