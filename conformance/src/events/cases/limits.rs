//! An engine with short keys: a name that does not fit is refused before anything is written.

use std::time::Duration;

use arbour::Result;
use arbour::events::{Append, EventQuery, NewEvent, Projection, StreamSnapshots};
use arbour_core::{KvStore, Limits, StoreOptions};

use super::claims::{append, whole};
use crate::Factory;
use crate::events::EventBed;
use crate::events::ledger::cents;
use crate::harness::refused_as_too_large;

/// The longest key of the store.
const KEY_BYTES_MAX: usize = 50;

/// Asserts that a call was refused because a key is longer than 50 bytes.
#[track_caller]
fn too_long<T>(result: Result<T>, what: &str) {
    let text = refused_as_too_large(result, what);
    let is_told = ["51", "60", "61", "65", "66", "71"].iter().any(|length| text.contains(length));
    assert!(is_told && text.contains("the limit is 50"), "{what}: {text}");
}

/// A stream, a type, a key, a subscription and a projection whose keys would be too long are refused by
/// every call, with the limit and the length. Nothing of it is written.
pub(super) fn long_names_refused<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let limits = Limits { key_bytes_max: KEY_BYTES_MAX, ..bed.views().capabilities().limits };
    bed.reopen_with(&StoreOptions::new().limits(limits))?;
    let long = "x".repeat(60);
    // In its longest key, a name is followed by a delimiter and ten bytes.
    let longest = "x".repeat(KEY_BYTES_MAX - 11);
    let raw = |stream: &str, event_type: &str| NewEvent::raw(stream, event_type, 1, Vec::new());
    let log = bed.log()?;
    append(bed, cents("a", 1)?)?;
    let events = bed.builder().build()?;
    let refused = || {
        [
            (Append::from(raw(&long, "t")), "a stream"),
            (
                Append::new().event(raw("s", "t")).event(raw("s", &long)),
                "the type of a second event",
            ),
            (Append::from(raw("s", "t")).key("k".repeat(KEY_BYTES_MAX + 1)), "a key"),
        ]
    };
    for (append, what) in refused() {
        too_long(events.dispatch_all(append), what);
    }
    bed.log_store().write(|transaction| {
        for (append, what) in refused() {
            too_long(log.append(transaction, &append), what);
        }
        too_long(log.acknowledge(transaction, &long, Some(1)), "an acknowledgement");
        log.append(
            transaction,
            &Append::from(raw(&longest, &longest)).key("k".repeat(KEY_BYTES_MAX)),
        )
    })?;
    too_long(events.subscribe(&long, EventQuery::all()), "a subscription");
    too_long(events.subscribe_from_end(&long, EventQuery::all()), "one from the end");
    too_long(events.claim(&long, "one", 9, Duration::MAX), "a claim");
    too_long(bed.builder().projection(Projection::new(&long, 1)).build(), "a projection");
    let snapshots = StreamSnapshots::<u64>::open(&**bed.log_store(), &log, "counts", 1)?;
    bed.log_store().write(|transaction| {
        let folded = snapshots.fold(&*transaction, "a", |count, _| Ok(count + 1))?;
        too_long(snapshots.save(transaction, &long, &folded), "a snapshot");
        Ok(())
    })?;
    drop(events);
    bed.settle()?;
    assert_eq!(bed.log()?.head(&bed.log_store().snapshot()?)?.position, 2);
    assert!(whole(bed)?.starts_with("1 a/1 1, 2 xxx"), "{}", whole(bed)?);
    bed.log()?.index_types(&**bed.log_store())?;
    Ok(())
}
