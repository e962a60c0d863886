//! The position of a subscription, and which of its runners may move it.

use std::sync::Arc;
use std::time::Duration;

use arbour::Result;
use arbour::events::{Append, EventError, EventQuery, Events, Projection};
use arbour::traced::TracedStore;
use arbour_core::KvStore as _;

use super::claims::refused;
use crate::Factory;
use crate::events::EventBed;
use crate::events::ledger::cents;

fn acknowledged<F: Factory>(bed: &EventBed<F>) -> Result<Option<u64>> {
    bed.log()?.acknowledged(&bed.log_store().snapshot()?, "mailer")
}

/// The acknowledged position never moves backwards, and never beyond the newest event; a forgotten
/// subscription can begin anywhere.
pub(super) fn acknowledged_only_forwards<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.builder().build()?;
    events.dispatch_all(Append::new().event(cents("a", 1)?).event(cents("b", 2)?))?;
    let (log, store) = (bed.log()?, Arc::clone(bed.log_store()));
    let acknowledge =
        |position| store.write(|transaction| log.acknowledge(transaction, "mailer", position));
    let error = refused(acknowledge(Some(3)), "a position beyond the newest event");
    let is_right = matches!(&error, EventError::Beyond { subscription, asked: 3, newest: 2, .. }
        if subscription == "mailer");
    assert!(is_right, "{error:?}");
    assert_eq!(acknowledged(bed)?, None);
    acknowledge(Some(2))?;
    acknowledge(Some(1))?;
    assert_eq!(acknowledged(bed)?, Some(2), "it does not move backwards");
    drop((events, log, store));
    bed.settle()?;
    let events = bed.builder().build()?;
    let mut mailer = events.subscribe("mailer", EventQuery::all())?;
    assert_eq!(mailer.position(), 2);
    events.dispatch_all(cents("c", 3)?)?;
    assert_eq!(mailer.next(9, Duration::ZERO)?.len(), 1);
    mailer.acknowledge()?;
    assert_eq!(acknowledged(bed)?, Some(3));
    let log = bed.log()?;
    bed.log_store().write(|transaction| {
        log.acknowledge(transaction, "mailer", None)?;
        log.acknowledge(transaction, "mailer", Some(1))
    })?;
    assert_eq!(acknowledged(bed)?, Some(1), "it was forgotten before");
    Ok(())
}

/// The runner that subscribes last takes over: the earlier one can no longer acknowledge anything.
pub(super) fn later_runner_fences_the_earlier<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.builder().build()?;
    events.dispatch_all(Append::new().event(cents("a", 1)?).event(cents("b", 2)?))?;
    let mut earlier = events.subscribe("mailer", EventQuery::all())?;
    earlier.next(1, Duration::ZERO)?;
    earlier.acknowledge()?;
    // As another process would hold it.
    let others = bed.builder().build()?;
    let mut later = others.subscribe("mailer", EventQuery::all())?;
    assert_eq!(later.position(), 1);
    earlier.next(1, Duration::ZERO)?;
    for ended in [
        earlier.acknowledge(),
        bed.log_store().write(|transaction| earlier.acknowledge_in(transaction)),
    ] {
        let error = refused(ended, "a runner that another took over from");
        let is_right = matches!(&error, EventError::Fenced { log, subscription }
            if log == "main" && subscription == "mailer");
        assert!(is_right, "{error:?}");
    }
    assert_eq!(acknowledged(bed)?, Some(1));
    later.next(1, Duration::ZERO)?;
    bed.log_store().write(|transaction| later.acknowledge_in(transaction))?;
    assert_eq!(acknowledged(bed)?, Some(2));
    let other = events.subscribe("other", EventQuery::all())?;
    later.acknowledge()?;
    other.acknowledge()?;
    // A forgotten subscription has no runner.
    let log = bed.log()?;
    bed.log_store().write(|transaction| log.acknowledge(transaction, "mailer", None))?;
    let error = refused(later.acknowledge(), "a subscription that was forgotten");
    assert!(matches!(error, EventError::Fenced { .. }), "{error:?}");
    Ok(())
}

/// A subscription whose next event was trimmed fails with the first position that is left, and
/// continues there on request.
pub(super) fn trimmed_can_be_skipped<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.builder().build()?;
    for number in 1..=5 {
        events.dispatch_all(cents("a", number)?)?;
    }
    let mut mailer = events.subscribe("mailer", EventQuery::all())?;
    mailer.next(1, Duration::ZERO)?;
    mailer.acknowledge()?;
    let log = bed.log()?;
    // This one uses no subscription.
    bed.log_store().write(|transaction| log.trim(transaction, 3, 100))?;
    drop((mailer, events, log));
    bed.settle()?;
    let events = bed.builder().build()?;
    let mut mailer = events.subscribe("mailer", EventQuery::all())?;
    for _ in 0..2 {
        let error = refused(mailer.next(9, Duration::ZERO), "a position that was trimmed");
        assert!(matches!(error, EventError::Archived { asked: 2, first: 4, .. }), "{error:?}");
        assert!(error.to_string().contains("skip_trimmed"), "it says how to go on: {error}");
    }
    assert_eq!(mailer.skip_trimmed()?, 2);
    assert_eq!(mailer.skip_trimmed()?, 0);
    let left = mailer.next(9, Duration::ZERO)?;
    assert_eq!(left.first().map(|event| event.as_event().position), Some(4));
    mailer.acknowledge()?;
    assert_eq!(acknowledged(bed)?, Some(5));
    Ok(())
}

/// A call that changes nothing commits nothing.
pub(super) fn unchanged_commits_nothing<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let store = Arc::new(TracedStore::new(Arc::clone(bed.views())));
    let events = Events::builder(Arc::clone(&store), "main")
        .projection(Projection::new("bank", 1))
        .build()?;
    events.dispatch_all(cents("a", 1)?)?;
    events.dispatch_all(cents("a", 2)?)?;
    let mut mailer = events.subscribe("mailer", EventQuery::all())?;
    mailer.next(9, Duration::ZERO)?;
    mailer.acknowledge()?;
    events.trim(1)?;
    let committed = store.counters().committed;
    events.resume("bank")?;
    events.skip("bank")?;
    events.release("bank", "a")?;
    events.catch_up("bank")?;
    mailer.acknowledge()?;
    events.trim(1)?;
    assert_eq!(store.counters().committed, committed);
    assert_eq!(events.claim("work", "one", 1, Duration::MAX)?.len(), 1);
    assert_eq!(store.counters().committed, committed + 1);
    assert!(events.claim("work", "other", 1, Duration::MAX)?.is_empty());
    assert_eq!(store.counters().committed, committed + 1);
    Ok(())
}

/// A subscription goes back to an earlier position, or to a time, on request: the store remembers it,
/// for later runners too. It does not go forward, nor to what was trimmed, and an earlier runner cannot
/// move it.
pub(super) fn rewound_is_handed_out_again<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.builder().build()?;
    for number in 1..=5 {
        events.dispatch_all(cents("a", number)?.at(10 * number))?;
    }
    let mut earlier = events.subscribe("mailer", EventQuery::all())?;
    let mut mailer = events.subscribe("mailer", EventQuery::all())?;
    assert_eq!(mailer.next(4, Duration::ZERO)?.len(), 4);
    mailer.rewind(2)?;
    assert_eq!((mailer.position(), acknowledged(bed)?), (2, None), "nothing was acknowledged yet");
    assert_eq!(mailer.next(2, Duration::ZERO)?.len(), 2);
    mailer.acknowledge()?;
    mailer.rewind(events.position_at(20)?)?;
    assert_eq!((mailer.position(), acknowledged(bed)?), (1, Some(1)));
    let error = refused(mailer.rewind(3), "going forward");
    assert!(matches!(error, EventError::Invalid { .. }), "{error:?}");
    earlier.next(4, Duration::ZERO)?;
    let error = refused(earlier.rewind(0), "a runner that another took over from");
    assert!(matches!(error, EventError::Fenced { .. }), "{error:?}");
    assert_eq!((earlier.position(), acknowledged(bed)?), (4, Some(1)));
    drop((earlier, mailer, events));
    bed.settle()?;
    let events = bed.builder().build()?;
    let mut mailer = events.subscribe("mailer", EventQuery::all())?;
    let read = mailer.next(9, Duration::ZERO)?;
    assert_eq!(read.first().map(|event| event.as_event().position), Some(2));
    assert_eq!(read.len(), 4);
    mailer.acknowledge()?;
    assert_eq!(events.trim(3)?, 4);
    let error = refused(mailer.rewind(2), "what was trimmed");
    assert!(matches!(error, EventError::Archived { asked: 3, first: 4, .. }), "{error:?}");
    assert_eq!((mailer.position(), acknowledged(bed)?), (5, Some(5)));
    mailer.rewind(3)?;
    assert_eq!(mailer.next(9, Duration::ZERO)?.len(), 2);
    Ok(())
}

/// After a rewind, what was claimed and completed can be claimed again, and the earlier claims are
/// void.
pub(super) fn claims_are_rewound<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    const LONG: Duration = Duration::from_secs(3600);
    let events = bed.builder().build()?;
    for number in 1..=4 {
        events.dispatch_all(cents("a", number)?)?;
    }
    let claim = |events: &Events| -> Result<Vec<u64>> {
        let claimed = events.claim("mailer", "one", 9, LONG)?;
        Ok(claimed.iter().map(|event| event.as_event().position).collect())
    };
    events.rewind("mailer", 0)?;
    assert_eq!(claim(&events)?, [1, 2, 3, 4]);
    for position in [1, 2, 4] {
        events.complete("mailer", "one", position)?;
    }
    assert_eq!(acknowledged(bed)?, Some(2));
    events.rewind("mailer", 3)?;
    assert_eq!(acknowledged(bed)?, Some(2), "it does not go forward");
    assert!(claim(&events)?.is_empty(), "and leaves its claims");
    events.rewind("mailer", 1)?;
    let error = refused(events.complete("mailer", "one", 3), "a claim from before");
    assert!(matches!(error, EventError::Invalid { .. }), "{error:?}");
    drop(events);
    bed.settle()?;
    let events = bed.builder().build()?;
    assert_eq!(claim(&events)?, [2, 3, 4]);
    Ok(())
}
