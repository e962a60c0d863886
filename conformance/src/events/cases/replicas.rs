//! Copies of a log.

use std::ops::ControlFlow;
use std::sync::Arc;

use arbour::documents::Collection;
use arbour::events::layout::{key_tree, log_tree, stream_tree};
use arbour::events::{Append, EventError, Events, Log, Projection};
use arbour::{Progress, Result};
use arbour_core::engine::TreeName;
use arbour_core::{Direction, KeyRange, KvRead as _, KvStore};

use super::claims::{append, append_each, applied, refused};
use crate::Factory;
use crate::events::EventBed;
use crate::events::ledger::{Ledger, accounts, cents};

fn go_on(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Copies the log of a bed to a store, and returns the newest position there.
fn pull<F: Factory>(bed: &EventBed<F>, copy: &F::Store) -> Result<u64> {
    let replica = Log::open(copy, "copy")?;
    replica.copy_from(copy, &bed.log()?, &bed.log_store().snapshot()?, &mut go_on)
}

type Entries = Vec<(Vec<u8>, Vec<u8>)>;

fn stored<S: KvStore>(store: &S, tree: &str) -> Result<Entries> {
    let tree = store.open_tree(TreeName::layer(tree)?)?;
    let snapshot = store.snapshot()?;
    let cursor = snapshot.scan(&tree, KeyRange::all(), Direction::Forward)?;
    // The positions of views are stored after the head of their log, and do not belong to the log.
    let is_own = |(key, _): &(Vec<u8>, Vec<u8>)| key.len() == 1 || !key.starts_with(b"\xff");
    Ok(crate::entries(cursor)?.into_iter().filter(is_own).collect())
}

fn fill<F: Factory>(bed: &EventBed<F>) -> Result<()> {
    append_each(bed, 0..300, |number| {
        let stream = format!("account {}", number % 7);
        let both = Append::new().event(cents(&stream, number)?).event(cents("sum", number)?);
        Ok(both.key(format!("key {number}")))
    })
}

/// Case 38. A copy has the same events with the same hashes, follows what is appended, knows the
/// keys, and views made of it are the same.
pub(super) fn copy_is_byte_equal<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    fill(bed)?;
    let copy = bed.other_store("copy")?;
    let replica = Log::open(&copy, "copy")?;
    let mut chunks = 0;
    replica.copy_from(&copy, &bed.log()?, &bed.log_store().snapshot()?, &mut |progress| {
        chunks += 1;
        assert_eq!(progress.total, Some(600));
        ControlFlow::Break(())
    })?;
    assert_eq!(chunks, 1, "it ends when it is told to");
    let half = replica.head(&copy.snapshot()?)?.position;
    assert!((1..600).contains(&half), "{half}");
    assert_eq!(pull(bed, &copy)?, 600);
    let events = bed.open()?;
    applied(&events, cents("late", 5)?)?;
    assert_eq!(pull(bed, &copy)?, 601);
    assert_eq!(pull(bed, &copy)?, 601);
    for (own, copied) in [
        (log_tree("main"), log_tree("copy")),
        (stream_tree("main"), stream_tree("copy")),
        (key_tree("main"), key_tree("copy")),
    ] {
        let (own, copied) = (stored(&**bed.log_store(), &own)?, stored(&copy, &copied)?);
        assert!(own == copied && !own.is_empty(), "{} and {} entries", own.len(), copied.len());
    }
    assert_eq!(replica.verify(&copy.snapshot()?, 0)?, 601);
    drop(events);
    bed.settle()?;
    let events = bed.open()?;
    events.catch_up("bank")?;
    let copy = Arc::new(copy);
    let bank = Projection::new("bank", 1);
    let own = Collection::open(&*copy, accounts(&bank.view("accounts")))?;
    let bank = bank.model(Ledger::new(own, Arc::clone(&bed.scene)));
    let derived = Events::builder(Arc::clone(&copy), "copy").projection(bank).build()?;
    assert_eq!(derived.catch_up("bank")?, 601);
    assert_eq!(derived.digest("bank", 1)?, events.digest("bank", 1)?);
    Ok(())
}

/// A copy refuses another log, a log that has lost its end, and a broken chain.
pub(super) fn copy_refuses_what_does_not_fit<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    for number in 1..=4 {
        append(bed, cents("a", number)?)?;
    }
    bed.settle()?;
    let copy = bed.other_store("copy")?;
    pull(bed, &copy)?;
    let other = bed.other_store("other")?;
    let foreign = Log::open(&other, "main")?;
    let replica = Log::open(&copy, "copy")?;
    for number in 1..=5 {
        other.write(|transaction| foreign.append(transaction, &cents("a", number)?.into()))?;
        let copied = replica.copy_from(&copy, &foreign, &other.snapshot()?, &mut go_on);
        let error = refused(copied, "a copy of another log");
        assert!(matches!(error, EventError::Foreign { .. }), "{error:?}");
    }
    // The copy is ahead: the source has lost its end.
    let ahead = bed.other_store("ahead")?;
    pull(bed, &ahead)?;
    let ahead_log = Log::open(&ahead, "copy")?;
    ahead.write(|transaction| ahead_log.append(transaction, &cents("a", 5)?.into()))?;
    let error = refused(pull(bed, &ahead), "a log with fewer events than its copy");
    assert!(matches!(error, EventError::Truncated { applied: 5, newest: 4, .. }), "{error:?}");
    // A changed event is not copied.
    append(bed, cents("a", 6)?)?;
    append(bed, cents("a", 7)?)?;
    let store = bed.log_store();
    let tree = store.open_tree(TreeName::layer(&log_tree("main"))?)?;
    let (key, mut value) =
        store.snapshot()?.last(&tree, KeyRange::new(..&[0xff][..]))?.expect("there are events");
    if let Some(last) = value.last_mut() {
        *last ^= 1;
    }
    store.put(&tree, &key, &value)?;
    let error = refused(pull(bed, &copy), "a chain that does not hold");
    assert!(matches!(error, EventError::Broken { .. }), "{error:?}");
    assert_eq!(replica.head(&copy.snapshot()?)?.position, 4, "nothing of that chunk was copied");
    Ok(())
}

/// A new copy of a trimmed log begins after the trimmed events; a copy that lags behind them fails
/// with an error.
pub(super) fn copy_of_what_is_left<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    for number in 1..=3 {
        append(bed, cents("a", number)?)?;
    }
    let archive = bed.other_store("archive")?;
    pull(bed, &archive)?;
    for number in 4..=5 {
        append(bed, cents("a", number)?)?;
    }
    let near = bed.other_store("near")?;
    pull(bed, &near)?;
    for number in 6..=9 {
        append(bed, cents("a", number)?)?;
    }
    let log = bed.log()?;
    bed.log_store().write(|transaction| log.trim(transaction, 5, 100))?;
    bed.settle()?;
    assert_eq!(pull(bed, &near)?, 9, "a copy that has all that was given up goes on");
    let error = refused(pull(bed, &archive), "a copy that lacks what was given up");
    assert!(matches!(error, EventError::Archived { asked: 4, first: 6, .. }), "{error:?}");
    let fresh = bed.other_store("fresh")?;
    assert_eq!(pull(bed, &fresh)?, 9);
    let replica = Log::open(&fresh, "copy")?;
    let snapshot = fresh.snapshot()?;
    let head = replica.head(&snapshot)?;
    assert_eq!((head.first, replica.verify(&snapshot, 0)?), (6, 4));
    assert_eq!(replica.version(&snapshot, "a")?, 9);
    Ok(())
}
