//! Which log it is, and whether it is complete.

use std::ops::Bound;

use arbour::Result;
use arbour::events::EventError;
use arbour::events::layout::{log_tree, stream_tree};
use arbour::key::KeyPart as _;
use arbour_core::engine::TreeName;
use arbour_core::{Direction, KeyRange, KvRead as _, KvStore, KvWrite};

use super::claims::{append, applied, balances, refused};
use crate::Factory;
use crate::events::EventBed;
use crate::events::ledger::cents;

/// The key of the head of a log.
const LOG_HEAD: &[u8] = &[0xff];

/// The entries of a tree.
type Entries = Vec<(Vec<u8>, Vec<u8>)>;

/// The state of a log at a moment: its own head, and its streams.
struct Moment {
    head: Vec<u8>,
    streams: Entries,
}

impl Moment {
    fn of<F: Factory>(bed: &EventBed<F>) -> Result<Self> {
        let store = bed.log_store();
        let open = |name: &str| store.open_tree(TreeName::layer(name)?);
        let head = store.get(&open(&log_tree("main"))?, LOG_HEAD)?.expect("the log has a head");
        let snapshot = store.snapshot()?;
        let streams =
            snapshot.scan(&open(&stream_tree("main"))?, KeyRange::all(), Direction::Forward)?;
        Ok(Self { head, streams: crate::entries(streams)? })
    }
}

/// Removes the newest events from the end of a log, as if the store had lost its last commits.
fn cut_off<F: Factory>(bed: &EventBed<F>, to: &Moment, from: u64) -> Result<()> {
    let store = bed.log_store();
    let open = |name: &str| store.open_tree(TreeName::layer(name)?);
    let (events, streams) = (open(&log_tree("main"))?, open(&stream_tree("main"))?);
    let mut key = Vec::new();
    from.encode_part(&mut key);
    let lost = KeyRange::from_bounds(Bound::Included(&key), Bound::Excluded(LOG_HEAD));
    store.write(|transaction| {
        transaction.delete_range(&events, lost.clone())?;
        transaction.put(&events, LOG_HEAD, &to.head)?;
        transaction.delete_range(&streams, KeyRange::all())?;
        to.streams.iter().try_for_each(|(key, value)| transaction.put(&streams, key, value))
    })
}

/// Case 37. A log that has lost its end is a typed error when it is opened, and never numbered
/// anew.
pub(super) fn lost_end_is_found<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.open()?;
    applied(&events, cents("a", 1)?)?;
    applied(&events, cents("a", 2)?)?;
    let before = Moment::of(bed)?;
    applied(&events, cents("a", 3)?)?;
    let view = balances(&**bed.views(), "bank", 1)?;
    cut_off(bed, &before, 3)?;
    // An open handle notices it too, before anything is applied.
    let error = refused(
        events.catch_up("bank").and_then(|_| {
            append(bed, cents("b", 9)?)?;
            events.catch_up("bank")
        }),
        "a log that has lost its end",
    );
    let is_typed = |error: &EventError| {
        matches!(error, EventError::Truncated { .. } | EventError::Foreign { .. })
    };
    assert!(is_typed(&error), "{error:?}");
    drop(events);
    cut_off(bed, &before, 3)?;
    bed.settle()?;
    let error = refused(bed.open().map(drop), "a log that has lost its end");
    let is_right = matches!(error, EventError::Truncated { applied: 3, newest: 2, .. });
    assert!(is_right, "{error:?}");
    // Other events in the place of the lost ones are detected as well.
    append(bed, cents("a", 30)?)?;
    let error = refused(bed.open().map(drop), "another end of the log");
    assert!(matches!(error, EventError::Foreign { position: 3, .. }), "{error:?}");
    append(bed, cents("a", 40)?)?;
    let error = refused(bed.open().map(drop), "another end of the log, and more");
    assert!(matches!(error, EventError::Foreign { position: 3, .. }), "{error:?}");
    assert_eq!(balances(&**bed.views(), "bank", 1)?, view, "the view is as it was");
    Ok(())
}

/// Case 37. The log of another store is a typed error, whatever its length.
pub(super) fn foreign_log_is_found<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.open()?;
    for number in 1..=3 {
        applied(&events, cents("a", number)?)?;
    }
    drop(events);
    bed.settle()?;
    if bed.is_apart() {
        bed.lose_log()?;
    } else {
        clear_log(bed)?;
    }
    let error = refused(bed.open().map(drop), "an empty log");
    assert!(matches!(error, EventError::Truncated { applied: 3, newest: 0, .. }), "{error:?}");
    for number in 1..=4 {
        append(bed, cents("a", number)?)?;
        let error = refused(bed.open().map(drop), "another log");
        assert!(matches!(error, EventError::Foreign { position: 3, .. }), "{error:?}");
    }
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 6 3", "the view is as it was");
    // A new view can be made of it.
    let other = bed.builder().projection(bed.ledger("other", 1)?).build()?;
    other.catch_up("other")?;
    assert_eq!(balances(&**bed.views(), "other", 1)?, "a 10 4");
    drop(other);
    // A view whose position was lost is not applied a second time on top of itself.
    let states = bed.layer_tree("arbour/log/main")?;
    bed.views().write(|transaction| transaction.delete_range(&states, KeyRange::all()))?;
    let error = refused(bed.open().map(drop), "a view without its position");
    assert!(matches!(error, EventError::Foreign { position: 0, .. }), "{error:?}");
    Ok(())
}

/// Removes the log from a store that it shares with the views.
fn clear_log<F: Factory>(bed: &EventBed<F>) -> Result<()> {
    for name in ["log", "stream", "key"] {
        let tree = bed.layer_tree(&format!("arbour/{name}/main"))?;
        // The positions of views are stored after the head of their log, and do not belong to the
        // log.
        let own = if name == "log" { KeyRange::from(..=&b"\xff"[..]) } else { KeyRange::all() };
        bed.views().write(|transaction| transaction.delete_range(&tree, own.clone()))?;
    }
    Ok(())
}

/// Section D. Events that were appended and not applied before a crash are applied the next time,
/// once.
pub(super) fn appended_is_applied_next_time<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.open()?;
    applied(&events, cents("a", 1)?)?;
    drop(events);
    append(bed, cents("a", 2)?)?;
    append(bed, cents("b", 3)?)?;
    bed.settle()?;
    let events = bed.open()?;
    let status = events.status()?;
    assert_eq!(status.first().map(|bank| (bank.applied, bank.lag)), Some((3, 0)));
    // Issue 39 of strato-db: no caller has to request the backlog, opening applies it.
    assert_eq!(applied(&events, cents("a", 4)?)?.get("cents"), Some(&serde_json::json!(7)));
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 7 3, b 3 1");
    Ok(())
}

/// Several logs and projections of one store do not mix.
pub(super) fn logs_do_not_mix<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = bed.open()?;
    applied(&events, cents("a", 1)?)?;
    let other = arbour::events::Events::builder(std::sync::Arc::clone(bed.views()), "other")
        .projection(bed.ledger("other", 1)?)
        .build()?;
    other.dispatch_all(cents("a", 10)?)?;
    other.dispatch_all(cents("a", 20)?)?;
    applied(&events, cents("a", 2)?)?;
    for (of, name) in [(&events, "main"), (&other, "other")] {
        let head = of.log().head(&of.log_store().snapshot()?)?;
        assert_eq!((of.log().name(), head), (name, of.head()?));
        assert_eq!(head.position, 2);
    }
    drop((events, other));
    bed.settle()?;
    assert_eq!(balances(&**bed.views(), "bank", 1)?, "a 3 2");
    assert_eq!(balances(&**bed.views(), "other", 1)?, "a 30 2");
    assert_eq!(bed.open()?.head()?.position, 2);
    let twice =
        bed.builder().projection(bed.ledger("x", 1)?).projection(bed.ledger("x", 1)?).build();
    super::claims::invalid(twice.map(drop), "a version that is there twice");
    let zero = bed.builder().projection(arbour::events::Projection::new("x", 0)).build();
    super::claims::invalid(zero.map(drop), "version 0");
    Ok(())
}
