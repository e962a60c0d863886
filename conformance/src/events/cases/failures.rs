//! Failing events, and what each policy does with them.

use std::time::Duration;

use arbour::Result;
use arbour::events::DeadKind;
use arbour::events::{EventError, Events, FailurePolicy, NewEvent, Outcome, Phase};
use serde_json::json;

use super::claims::{append, applied, balances, dispatch, invalid, refused};
use crate::Factory;
use crate::events::EventBed;
use crate::events::ledger::{cents, event};

fn failing(stream: &str, phase: &str) -> Result<NewEvent> {
    event(stream, json!({"cents": 100, "fail": phase}))
}

/// Returns the failures as lines like `2 a failed reduce`.
fn dead(events: &Events) -> Result<String> {
    let letters = events.dead_letters("bank")?;
    let shown = letters.iter().map(|dead| {
        let phase = dead.phase.map_or_else(|| "-".to_owned(), |phase: Phase| phase.to_string());
        let kind = match dead.kind {
            DeadKind::Halting => "halting",
            DeadKind::Failed => "failed",
            DeadKind::Quarantined => "quarantined",
        };
        format!("{} {} {kind} {phase}", dead.position, dead.stream)
    });
    Ok(shown.collect::<Vec<_>>().join(", "))
}

/// E12. By default a projection halts before an event that fails, and reports this to every caller,
/// until it is resumed; nothing is left out, and no caller hangs.
pub(super) fn halts_until_resumed<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.open()?;
    applied(&events, cents("a", 1)?)?;
    let outcome = dispatch(&events, failing("a", "reduce")?)?;
    let is_halted = |outcome: &Outcome| matches!(outcome, Outcome::Halted { position: 2, reason } if reason.contains("asked to fail"));
    assert!(is_halted(&outcome), "{outcome:?}");
    let behind = dispatch(&events, cents("b", 2)?)?;
    assert!(is_halted(&behind), "one behind it: {behind:?}");
    drop(events);
    bed.settle()?;
    let events = bed.open()?;
    let status = events.status()?;
    let bank = status.first().expect("there is one projection");
    assert_eq!((bank.applied, bank.lag, bank.is_halted), (1, 2, true));
    assert_eq!(dead(&events)?, "2 a halting reduce");
    let error = refused(events.catch_up("bank"), "catching up with one that stands");
    assert!(matches!(error, EventError::Halted { position: 2, .. }), "{error:?}");
    let waited = events.wait_for("bank", 3, Duration::from_secs(60)).map(drop);
    let error = refused(waited, "waiting for one that stands");
    assert!(matches!(error, EventError::Halted { position: 2, .. }), "{error:?}");
    // Resumed without a repair, it halts again.
    events.resume("bank")?;
    refused(events.catch_up("bank"), "what was not mended");
    assert_eq!(dead(&events)?, "2 a halting reduce");
    bed.scene.mend(true);
    events.resume("bank")?;
    assert_eq!(events.catch_up("bank")?, 3);
    assert_eq!(dead(&events)?, "");
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 101 2, b 2 1");
    // This does nothing unless the projection is halted.
    events.resume("bank")?;
    events.skip("bank")?;
    assert_eq!(applied(&events, cents("b", 1)?)?.get("cents"), Some(&json!(3)));
    Ok(())
}

/// Case 30. A handler that panics counts as failed: the position has not moved, the same event is
/// tried again, and everything else continues.
pub(super) fn panic_is_failure<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.open()?;
    let outcome = dispatch(&events, event("a", json!({"cents": 1, "panic": "derive"}))?)?;
    let is_told = matches!(&outcome, Outcome::Halted { position: 1, reason } if reason.contains("asked to panic"));
    assert!(is_told, "{outcome:?}");
    assert_eq!(dead(&events)?, "1 a halting panic");
    bed.scene.mend(true);
    events.resume("bank")?;
    events.catch_up("bank")?;
    drop(events);
    bed.settle()?;
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 1 1");
    Ok(())
}

/// A failing event is tried again as often as the policy says, and no more.
pub(super) fn retries_with_backoff<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let policy = FailurePolicy::halt().retry(3, Duration::from_millis(1));
    let events = bed.open_with(|bank| bank.on_failure(policy))?;
    applied(&events, cents("a", 1)?)?;
    bed.scene.calls();
    let outcome = dispatch(&events, failing("a", "reduce")?)?;
    assert!(matches!(outcome, Outcome::Halted { position: 2, .. }), "{outcome:?}");
    let tries = bed.scene.calls().iter().filter(|call| call.starts_with("reduce 2/")).count();
    assert_eq!(tries, 4, "the first time and three more");
    let letters = events.dead_letters("bank")?;
    assert_eq!(letters.first().map(|dead| dead.tries), Some(4));
    // When it is resumed it gets all its tries again, and may be repaired in between.
    events.resume("bank")?;
    let scene = std::sync::Arc::clone(&bed.scene);
    let patient = FailurePolicy::halt().retry(1000, Duration::from_millis(1));
    let events = bed.open_with(|bank| bank.on_failure(patient))?;
    std::thread::scope(|scope| {
        let catching_up = scope.spawn(|| events.catch_up("bank"));
        std::thread::sleep(Duration::from_millis(20));
        scene.mend(true);
        catching_up.join().expect("it does not panic")
    })?;
    drop(events);
    bed.settle()?;
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 101 2");
    Ok(())
}

/// If several threads wait for an event that will be retried later, they do not each try it.
pub(super) fn waiters_share_a_backoff<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let policy = FailurePolicy::halt().retry(9, Duration::from_secs(3600));
    let events = bed.open_with(|bank| bank.on_failure(policy).behind())?;
    append(bed, failing("a", "reduce")?)?;
    std::thread::scope(|scope| {
        let wait = || events.wait_for("bank", 1, Duration::from_millis(100)).map(drop);
        let waiting: Vec<_> = (0..4).map(|_| scope.spawn(wait)).collect();
        for waiter in waiting {
            let late = refused(waiter.join().expect("it does not panic"), "a failing event");
            assert!(matches!(late, EventError::TimedOut { .. }), "{late:?}");
        }
    });
    let tries = bed.scene.calls().iter().filter(|call| call.starts_with("reduce 1/")).count();
    assert_eq!(tries, 1);
    Ok(())
}

/// Case 35. A dead-lettered event does not hold up the others, and can be applied later.
pub(super) fn dead_letters_replayed<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let open =
        |bed: &EventBed<F>| bed.open_with(|bank| bank.on_failure(FailurePolicy::dead_letter()));
    let events = open(bed)?;
    applied(&events, cents("a", 1)?)?;
    let outcome = dispatch(&events, failing("a", "derive")?)?;
    let is_aside =
        matches!(&outcome, Outcome::DeadLettered { reason } if reason.contains("asked to fail"));
    assert!(is_aside, "{outcome:?}");
    applied(&events, cents("a", 2)?)?;
    dispatch(&events, failing("b", "apply")?)?;
    drop(events);
    bed.settle()?;
    let events = open(bed)?;
    assert_eq!(dead(&events)?, "2 a failed derive, 4 b failed apply");
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 3 2");
    assert!(!events.replay("bank", 2)?, "it fails again");
    assert_eq!(events.dead_letters("bank")?.first().map(|dead| dead.tries), Some(2));
    bed.scene.mend(true);
    assert!(events.replay("bank", 2)?);
    assert_eq!(dead(&events)?, "4 b failed apply");
    invalid(events.replay("bank", 2), "what is not in the dead-letter queue any more");
    invalid(events.replay("bank", 1), "what was never in the dead-letter queue");
    assert_eq!(events.release("bank", "b")?, 1);
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 103 3, b 100 1");
    assert_eq!(events.catch_up("bank")?, 4);
    Ok(())
}

/// A check that a handler has run before the commit is the event's own: it fails that event, and none
/// of those that are applied with it.
pub(super) fn failed_check_fails_event<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let open =
        |bed: &EventBed<F>| bed.open_with(|bank| bank.on_failure(FailurePolicy::dead_letter()));
    let events = open(bed)?;
    applied(&events, cents("a", 1)?)?;
    let outcome = dispatch(&events, failing("a", "check")?)?;
    let is_aside =
        matches!(&outcome, Outcome::DeadLettered { reason } if reason.contains("fail in a check"));
    assert!(is_aside, "{outcome:?}");
    drop(events);
    for event in [cents("a", 2)?, failing("b", "check")?, cents("b", 3)?] {
        append(bed, event)?;
    }
    bed.settle()?;
    let events = open(bed)?;
    assert_eq!(events.catch_up("bank")?, 5);
    assert_eq!(dead(&events)?, "2 a failed apply, 4 b failed apply");
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 3 2, b 3 1");
    bed.scene.mend(true);
    assert!(events.replay("bank", 2)?);
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 103 3, b 3 1");
    Ok(())
}

/// If an event fails, the later events of its stream are dead-lettered with it, in order, and no
/// other stream is affected.
pub(super) fn quarantine_keeps_stream<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let open =
        |bed: &EventBed<F>| bed.open_with(|bank| bank.on_failure(FailurePolicy::quarantine()));
    let events = open(bed)?;
    applied(&events, cents("a", 1)?)?;
    dispatch(&events, failing("a", "reduce")?)?;
    let outcome = dispatch(&events, cents("a", 2)?)?;
    assert!(matches!(outcome, Outcome::DeadLettered { .. }), "{outcome:?}");
    applied(&events, cents("b", 3)?)?;
    drop(events);
    bed.settle()?;
    let events = open(bed)?;
    dispatch(&events, cents("a", 4)?)?;
    assert_eq!(dead(&events)?, "2 a failed reduce, 3 a quarantined -, 5 a quarantined -");
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 1 1, b 3 1");
    invalid(events.replay("bank", 5), "one behind another of its stream");
    assert_eq!(events.release("bank", "a")?, 0, "the first fails again");
    bed.scene.mend(true);
    assert_eq!(events.release("bank", "a")?, 3);
    assert_eq!(dead(&events)?, "");
    assert_eq!(applied(&events, cents("a", 5)?)?.get("cents"), Some(&json!(112)));
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 112 5, b 3 1");
    Ok(())
}

/// A caller that resumes a projection without the event at which it is halted dead-letters that
/// event.
pub(super) fn skipped_is_put_aside<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.open()?;
    dispatch(&events, failing("a", "transact")?)?;
    dispatch(&events, cents("b", 1)?)?;
    events.skip("bank")?;
    drop(events);
    bed.settle()?;
    let events = bed.open()?;
    assert_eq!(events.catch_up("bank")?, 2);
    assert_eq!(dead(&events)?, "1 a failed transact");
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "b 1 1");
    bed.scene.mend(true);
    assert!(events.replay("bank", 1)?);
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 100 1, b 1 1");
    Ok(())
}

/// Events of types that a projection does not know are skipped, or fail, as it is declared.
pub(super) fn unknown_types_by_declaration<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let unknown = || NewEvent::raw("a", "renamed", 1, b"1".to_vec());
    let events = bed.open()?;
    let outcome = dispatch(&events, unknown())?;
    assert!(matches!(outcome, Outcome::Applied { .. }), "{outcome:?}");
    drop(events);
    bed.settle()?;
    let strict = bed.open_with(|bank| bank.only_types(["moved"]))?;
    applied(&strict, cents("a", 1)?)?;
    let outcome = dispatch(&strict, unknown())?;
    let is_told =
        matches!(&outcome, Outcome::Halted { position: 3, reason } if reason.contains("renamed"));
    assert!(is_told, "{outcome:?}");
    assert_eq!(dead(&strict)?, "3 a halting type");
    Ok(())
}

/// An event whose payload does not decode fails like any other, and is named.
pub(super) fn undecodable_payload_fails<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.open_with(|bank| bank.on_failure(FailurePolicy::dead_letter()))?;
    let bad = NewEvent::raw("a", "moved", 1, b"{half".to_vec());
    let outcome = dispatch(&events, bad)?;
    let is_told = matches!(
        &outcome,
        Outcome::DeadLettered { reason } if reason.contains("position 1") && reason.contains("moved")
    );
    assert!(is_told, "{outcome:?}");
    applied(&events, cents("a", 1)?)?;
    drop(events);
    bed.settle()?;
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 1 1");
    Ok(())
}
