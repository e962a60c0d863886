//! The state of a stream, and snapshots of it.

use arbour::Result;
use arbour::events::{Append, EventError, StreamSnapshots};
use arbour_core::KvStore;
use serde_json::Value;

use super::claims::{append, refused};
use crate::Factory;
use crate::events::EventBed;
use crate::events::ledger::{cents, moved};

/// A snapshot shortens the fold and does not change its result.
pub(super) fn snapshot_shortens_fold<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let open = |bed: &EventBed<F>, schema| {
        StreamSnapshots::<i64>::open(&**bed.log_store(), &bed.log()?, "balances", schema)
    };
    /// Folds a stream, and returns its balance, its version and how many events were read for it.
    fn fold<S: KvStore>(
        balances: &StreamSnapshots<i64>,
        store: &S,
        stream: &str,
    ) -> Result<(i64, u64, usize)> {
        let mut read = 0;
        let folded = balances.fold(&store.snapshot()?, stream, |balance, event| {
            read += 1;
            let payload = moved().read(event)?.unwrap_or_default();
            Ok(balance + payload.get("cents").and_then(Value::as_i64).unwrap_or(0))
        })?;
        Ok((folded.state, folded.version, read))
    }
    append(bed, Append::new().event(cents("a", 1)?).event(cents("b", 10)?).event(cents("a", 2)?))?;
    let balances = open(bed, 1)?;
    let store = bed.log_store();
    assert_eq!(fold(&balances, &**store, "a")?, (3, 2, 2));
    assert_eq!(fold(&balances, &**store, "nobody")?, (0, 0, 0));
    let folded = balances.fold(&store.snapshot()?, "a", |balance, event| {
        let payload = moved().read(event)?.unwrap_or_default();
        Ok(balance + payload.get("cents").and_then(Value::as_i64).unwrap_or(0))
    })?;
    store.write(|transaction| balances.save(transaction, "a", &folded))?;
    append(bed, cents("a", 4)?)?;
    bed.settle()?;
    let store = bed.log_store();
    let balances = open(bed, 1)?;
    assert_eq!(fold(&balances, &**store, "a")?, (7, 3, 1), "only what came behind is read");
    assert_eq!(
        fold(&open(bed, 2)?, &**store, "a")?,
        (7, 3, 3),
        "one of another schema is not used"
    );
    // With a snapshot the events before it can be trimmed; without one the fold fails with an
    // error.
    let log = bed.log()?;
    store.write(|transaction| log.trim(transaction, 3, 10))?;
    assert_eq!(fold(&balances, &**store, "a")?, (7, 3, 1));
    let error = refused(fold(&open(bed, 2)?, &**store, "a"), "a fold of what was given up");
    assert!(matches!(error, EventError::Archived { asked: 1, first: 3, .. }), "{error:?}");
    Ok(())
}
