//! Two engines, the same random actions, and the same answers.

use arbour_core::{Error, ErrorKind, KvStore, Limits, Operation, Result, StoreOptions};
use tempfile::TempDir;

use crate::Factory;
use crate::action::{Action, LIMITS, read_all};
use crate::model::examine;
use crate::session::run;

/// Performs the same random actions on stores of two engines, and panics with the shortest sequence
/// found for which anything differs: a value, an order, an entry or the kind of an error.
///
/// The actions are those of [`agrees_with_a_plain_map`](crate::agrees_with_a_plain_map), including
/// bad input; the panic names the first one that differs, and the seed is printed. If the limits of
/// the engines differ, both stores are opened with limits that both support. If one of them is not
/// persistent, neither is closed and opened again before the end.
///
/// `cases` is the number of sequences. Take the seed from [`seed`](crate::seed), so that the
/// environment variable `ARBOUR_SEED` repeats a run.
///
/// This proves that the engines agree, not that they are right; the model checks that.
///
/// ```
/// use arbour_conformance::{BTreeFactory, DynFactory, mirror, seed};
/// mirror(&BTreeFactory, &DynFactory::new(BTreeFactory), seed(), 4);
/// ```
pub fn mirror(left: &impl Factory, right: &impl Factory, seed: u64, cases: u64) {
    let probed = probe(left).and_then(|left| Ok((left, probe(right)?)));
    let ((left_limits, left_persists), (right_limits, right_persists)) =
        probed.expect("both engines open a store");
    let limits = LIMITS.within(left_limits).within(right_limits);
    examine(seed, cases, |mut actions| {
        if !(left_persists && right_persists) {
            actions.retain(|action| !matches!(action, Action::Reopen));
        }
        actions.extend(read_all().into_iter().map(Action::Read));
        actions.push(Action::Reopen);
        let mut expected = Vec::new();
        run(left, limits, &actions, |_, _, _, outcome| {
            expected.push(outcome);
            Ok(())
        })?;
        let mut expected = expected.into_iter();
        run(right, limits, &actions, |_, number, action, found| match expected.next() {
            Some(expected) if expected == found => Ok(()),
            expected => {
                Err(format!("action {number}, {action:?}\n left {expected:?}\n right {found:?}"))
            }
        })
    });
}

/// Returns the limits of an engine and whether it persists.
fn probe(factory: &impl Factory) -> Result<(Limits, bool)> {
    let folder = TempDir::with_prefix("arbour-mirror-").map_err(|error| {
        Error::new(ErrorKind::Io, Operation::Open, "cannot make a folder").with_source(error)
    })?;
    let store = factory.open(&folder.path().join("store"), &StoreOptions::new())?;
    let capabilities = store.capabilities();
    Ok((capabilities.limits, capabilities.persistent))
}
