//! Appending in a transaction of the caller.

use std::thread;
use std::time::{Duration, Instant};

use arbour::Result;
use arbour::events::{Append, EventError, EventQuery, Expected, FailurePolicy, Outcome};
use arbour_core::{Error, ErrorKind, KvRead as _, KvStore as _, KvWrite as _, Operation};
use serde_json::json;

use super::claims::{append, balances, refused, whole};
use crate::Factory;
use crate::events::EventBed;
use crate::events::ledger::{cents, event, expecting};

const LONG: Duration = Duration::from_secs(60);

/// The poll interval: a thread that is not told to poll more often times out before it would poll.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

/// Ends a transaction that is to be rolled back.
fn regret<T>() -> Result<T> {
    Err(Error::new(ErrorKind::Failed, Operation::Commit, "the caller has changed its mind"))
}

/// Events, views and what else the caller writes are one commit, whose later parts see the earlier
/// ones.
pub(super) fn one_commit<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.open()?;
    let notes = bed.log_store().tree("notes")?;
    let done = bed.log_store().write(|transaction| {
        transaction.put(&notes, b"first", b"")?;
        let two = Append::new().event(cents("a", 1)?).event(cents("b", 2)?);
        let done = events.append_all_in(transaction, two)?;
        assert_eq!((done.appended.first, done.appended.last), (1, 2));
        // A savepoint of the program's own is a transaction as well.
        transaction.savepoint(|inner| events.append_all_in(inner, cents("a", 4)?))
    })?;
    assert_eq!((done.appended.first, done.appended.last), (3, 3));
    if bed.is_apart() {
        assert_eq!(done.outcomes("bank"), [Outcome::NotWaited], "its view is in another store");
    } else {
        let result = json!({"cents": 5, "part": 0});
        assert_eq!(done.result("bank", "ledger"), Some(&result));
        assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 5 2, b 2 1");
    }
    assert_eq!(events.catch_up("bank")?, 3);
    events.dispatch_all(cents("a", 8)?)?;
    drop(events);
    bed.settle()?;
    assert_eq!(whole(bed)?, "1 a/1 1, 2 b/1 2, 3 a/2 4, 4 a/3 8");
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 13 3, b 2 1");
    let notes = bed.log_store().tree("notes")?;
    assert!(bed.log_store().snapshot()?.contains(&notes, b"first")?);
    let events = bed.open()?;
    assert_eq!(events.catch_up("bank")?, 4, "nothing is applied twice");
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 13 3, b 2 1");
    Ok(())
}

/// The caller's rollback undoes the events, the streams, the keys and the views; what follows is as
/// if they had never been.
pub(super) fn rolled_back_with_the_callers<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.open()?;
    events.dispatch_all(cents("a", 1)?)?;
    let undone: Result<()> = bed.log_store().write(|transaction| {
        events.append_all_in(transaction, expecting("b", Expected::NoStream, 2)?.key("k"))?;
        events.append_all_in(transaction, cents("a", 4)?)?;
        regret()
    });
    assert!(undone.is_err());
    // A savepoint is undone alone.
    bed.log_store().write(|transaction| {
        let undone: Result<()> = transaction.savepoint(|inner| {
            events.append_all_in(inner, cents("a", 8)?)?;
            regret()
        });
        assert!(undone.is_err());
        events.append_all_in(transaction, cents("c", 16)?)
    })?;
    assert_eq!(events.head()?.position, 2);
    assert_eq!(events.catch_up("bank")?, 2);
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 1 1, c 16 1");
    let done = bed.log_store().write(|transaction| {
        events.append_all_in(transaction, expecting("b", Expected::NoStream, 2)?.key("k"))
    })?;
    assert!(!done.appended.is_repeated, "the key was not used");
    drop(events);
    bed.settle()?;
    let events = bed.open()?;
    events.catch_up("bank")?;
    assert_eq!(whole(bed)?, "1 a/1 1, 2 c/1 16, 3 b/1 2");
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 1 1, b 2 1, c 16 1");
    Ok(())
}

/// A refused append says which expectation failed, and leaves the transaction as it was: the caller
/// can go on and commit.
pub(super) fn refused_leaves_the_transaction<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.open()?;
    events.dispatch_all(cents("a", 1)?)?;
    bed.log_store().write(|transaction| {
        events.append_all_in(transaction, Append::from(cents("a", 2)?).key("k"))?;
        let wrong = Append::new()
            .event(cents("b", 4)?)
            .event(cents("a", 4)?)
            .expect("b", Expected::NoStream)
            .expect("a", Expected::Exact(1));
        let error = refused(events.append_all_in(transaction, wrong), "a wrong version");
        let is_right = matches!(&error, EventError::Expected { stream, expected, actual: 2, .. }
            if stream == "a" && *expected == Expected::Exact(1));
        assert!(is_right, "{error:?}");
        let reused = Append::from(cents("b", 4)?).key("k");
        let error = refused(events.append_all_in(transaction, reused), "a key used before");
        assert!(matches!(error, EventError::KeyReused { position: 2, .. }), "{error:?}");
        let again = events.append_all_in(transaction, Append::from(cents("a", 2)?).key("k"))?;
        assert!(again.appended.is_repeated);
        if !bed.is_apart() {
            assert!(matches!(again.outcomes("bank"), [Outcome::Applied { .. }]), "{again:?}");
        }
        events.append_all_in(transaction, expecting("a", Expected::Exact(2), 8)?)
    })?;
    assert_eq!(events.catch_up("bank")?, 3);
    drop(events);
    bed.settle()?;
    assert_eq!(whole(bed)?, "1 a/1 1, 2 a/2 2, 3 a/3 8");
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 11 3");
    Ok(())
}

/// An event at which an inline projection fails is refused, and nothing of it is left: no event, no
/// view, no dead letter, no halt. One that the projection dead-letters is appended.
pub(super) fn failing_event_is_refused<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.open()?;
    let failing = || event("a", json!({"cents": 2, "fail": "apply"}));
    if bed.is_apart() {
        // The projection does not see the event before it is committed.
        let done = bed.log_store().write(|tx| events.append_all_in(tx, failing()?))?;
        assert_eq!(done.outcomes("bank"), [Outcome::NotWaited]);
        let error = refused(events.catch_up("bank"), "a failing event");
        assert!(matches!(error, EventError::Halted { position: 1, .. }), "{error:?}");
        return Ok(());
    }
    bed.log_store().write(|transaction| {
        let refused = refused(events.append_all_in(transaction, failing()?), "a failing event");
        let is_right = matches!(&refused, EventError::Refused { projection, reason }
            if projection == "bank" && reason.contains("asked to fail in apply"));
        assert!(is_right, "{refused:?}");
        events.append_all_in(transaction, cents("a", 1)?)
    })?;
    assert!(events.dead_letters("bank")?.is_empty());
    assert_eq!(
        events.status()?.first().map(|bank| (bank.applied, bank.is_halted)),
        Some((1, false))
    );
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 1 1");
    drop(events);
    let events = bed.open_with(|bank| bank.on_failure(FailurePolicy::dead_letter()))?;
    let done = bed.log_store().write(|tx| events.append_all_in(tx, failing()?))?;
    assert!(matches!(done.outcomes("bank"), [Outcome::DeadLettered { .. }]), "{done:?}");
    assert_eq!(events.dead_letters("bank")?.len(), 1);
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 1 1");
    Ok(())
}

/// Threads that wait for an event notice that the caller has committed it, although nothing tells
/// them: also after a rollback, and if the transaction takes its time. A reader has to notice it by
/// itself, because no thread that waits for a projection could tell it.
pub(super) fn waiters_notice_the_commit<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    const ROUNDS: u64 = 8;
    let behind = bed.ledger("bank", 1)?.behind();
    let events = bed.builder().projection(behind).poll(NEVER).build()?;
    let mut reader = events.tail(EventQuery::all());
    let began = Instant::now();
    for position in 1..=ROUNDS {
        let is_for_reader = position % 2 == 1;
        thread::scope(|scope| -> Result<()> {
            let waiting = scope.spawn(|| {
                if is_for_reader {
                    let read = reader.next(7, LONG)?;
                    assert!(!read.is_empty(), "the reader did not notice the commit");
                    return Ok(());
                }
                events.wait_for("bank", position, LONG).map(drop)
            });
            // Most likely it sleeps by then; at least in some of the rounds.
            thread::sleep(Duration::from_millis(2));
            let undone: Result<()> = bed.log_store().write(|transaction| {
                events.append_all_in(transaction, cents("b", 1)?)?;
                regret()
            });
            assert!(undone.is_err());
            bed.log_store().write(|transaction| {
                events.append_all_in(transaction, cents("a", 1)?)?;
                thread::sleep(Duration::from_millis(5 * position));
                Ok(())
            })?;
            let newest = events.head()?.position;
            if newest != position {
                // The waiting thread would wait until it times out.
                events.shut_down();
            }
            assert_eq!(newest, position, "what was committed is there");
            waiting.join().expect("it does not panic")
        })?;
    }
    assert!(began.elapsed() < LONG, "a thread slept until it timed out");
    Ok(())
}

/// What was appended while no events were open for it is in the view with the next own commit, as
/// with the next dispatch.
pub(super) fn own_commit_catches_up<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    append(bed, Append::new().event(cents("a", 1)?).event(cents("b", 2)?))?;
    let events = bed.open()?;
    bed.log_store().write(|transaction| events.append_all_in(transaction, cents("a", 4)?))?;
    if !bed.is_apart() {
        assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 5 2, b 2 1");
    }
    assert_eq!(events.catch_up("bank")?, 3);
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 5 2, b 2 1");
    events.shut_down();
    let late = bed.log_store().write(|tx| events.append_all_in(tx, cents("a", 8)?));
    let late = refused(late, "appending after the end");
    assert!(matches!(late, EventError::ShutDown { .. }), "{late:?}");
    Ok(())
}
