//! Claims that cases about events share.

use std::fmt::Debug;

use arbour::documents::Collection;
use arbour::events::layout::view_name;
use arbour::events::{Append, EventBuf, EventError, EventQuery, Events, Log, NewEvent, Outcome};
use arbour::{Operation, Result};
use arbour_core::{ErrorKind, KvRead, KvStore};
use serde_json::{Value, json};

use crate::events::EventBed;
use crate::events::ledger::{accounts, all_accounts, moved};
use crate::{Factory, things_per_commit};

/// Asserts that a call was refused, and returns the reason.
pub(super) fn refused<T: Debug>(result: Result<T>, what: &str) -> EventError {
    assert!(result.is_err(), "{what} was not refused: {result:?}");
    let error = result.expect_err("it was asked just now");
    assert!(!error.to_string().contains('\n'), "an error is one line: {error}");
    error.downcast_ref::<EventError>().expect("an error of the event layer").clone()
}

/// Asserts that a call can never succeed.
pub(super) fn invalid<T: Debug>(result: Result<T>, what: &str) {
    let error = refused(result, what);
    assert!(matches!(error, EventError::Invalid { .. }), "{what}: {error:?}");
}

/// Asserts that the store refused a call with this kind.
pub(super) fn refused_by_store<T: Debug>(result: Result<T>, kind: ErrorKind, what: &str) {
    assert!(result.is_err(), "{what} was not refused: {result:?}");
    let error = result.expect_err("it was asked just now");
    assert_ne!(error.operation(), Operation::Layer, "{what}: {error:?}");
    assert_eq!(error.kind(), kind, "{what}: {error:?}");
}

/// Appends events, each one separately, in one transaction, and returns the newest position.
pub(super) fn append<F: Factory>(bed: &EventBed<F>, append: impl Into<Append>) -> Result<u64> {
    let log = bed.log()?;
    let append = append.into();
    let appended = bed.log_store().write(|transaction| log.append(transaction, &append))?;
    Ok(appended.last)
}

/// Appends what a closure makes of each number: in one transaction, if the engine can.
pub(super) fn append_each<F: Factory>(
    bed: &EventBed<F>,
    numbers: std::ops::Range<i64>,
    make: impl Fn(i64) -> Result<Append>,
) -> Result<()> {
    let (log, store) = (bed.log()?, bed.log_store());
    let numbers: Vec<i64> = numbers.collect();
    let per_commit = things_per_commit(&**store).min(numbers.len().max(1));
    numbers.chunks(per_commit).try_for_each(|numbers| {
        store.write(|transaction| {
            let each = |number: &i64| log.append(transaction, &make(*number)?).map(drop);
            numbers.iter().try_for_each(each)
        })
    })
}

/// Returns events as a line like `1 a/1 500, 2 b/1 -500`: position, stream, version, cents.
pub(super) fn line(events: &[EventBuf]) -> Result<String> {
    let shown = events.iter().map(|event| {
        let event = event.as_event();
        let payload = moved().read(&event)?.unwrap_or_default();
        let cents = payload.get("cents").cloned().unwrap_or_default();
        Ok(format!("{} {}/{} {cents}", event.position, event.stream, event.version))
    });
    Ok(shown.collect::<Result<Vec<_>>>()?.join(", "))
}

/// Returns the result of a query in the log of a bed, as a line.
pub(super) fn found<F: Factory>(bed: &EventBed<F>, query: &EventQuery) -> Result<String> {
    line(&bed.log()?.read(&bed.log_store().snapshot()?, query)?)
}

/// Returns the whole log as a line.
pub(super) fn whole<F: Factory>(bed: &EventBed<F>) -> Result<String> {
    found(bed, &EventQuery::all())
}

/// Opens the accounts of a version of a projection, to read them.
pub(super) fn view<S: KvStore>(
    store: &S,
    projection: &str,
    version: u32,
) -> Result<Collection<Value>> {
    let declaration = accounts(&view_name(projection, version, "accounts"));
    Collection::open(store, declaration)
}

/// Returns the accounts in a view as a line like `a 500 2`: stream, cents, events.
pub(in crate::events) fn balances<S: KvStore>(
    store: &S,
    projection: &str,
    version: u32,
) -> Result<String> {
    let accounts = view(store, projection, version)?;
    let all = all_accounts(&accounts, &store.snapshot()?)?;
    let shown = all.iter().map(|account| {
        let member = |name: &str| account.get(name).cloned().unwrap_or_default();
        let id = member("id");
        format!("{} {} {}", id.as_str().unwrap_or("?"), member("cents"), member("events"))
    });
    Ok(shown.collect::<Vec<_>>().join(", "))
}

/// Returns a member of an account of the projection `bank`.
pub(super) fn member<S: KvStore>(store: &S, id: &str, name: &str) -> Result<Value> {
    let accounts = view(store, "bank", 1)?;
    let snapshot = store.snapshot()?;
    let account = accounts.get(&snapshot, id)?;
    Ok(account.and_then(|account| account.get(name).cloned()).unwrap_or_default())
}

/// Folds the log independently, as the ledger should: the cents and events of each account, as a
/// line.
pub(in crate::events) fn folded<R: KvRead>(log: &Log, reader: &R) -> Result<String> {
    let mut accounts = std::collections::BTreeMap::<String, (i64, u64)>::new();
    for event in log.read(reader, &EventQuery::all())? {
        let event = event.as_event();
        let payload = moved().read(&event)?.unwrap_or_default();
        let account = accounts.entry(event.stream.to_owned()).or_default();
        account.0 += payload.get("cents").and_then(Value::as_i64).unwrap_or(0);
        account.1 += 1;
    }
    let shown = accounts.iter().map(|(id, (cents, events))| format!("{id} {cents} {events}"));
    Ok(shown.collect::<Vec<_>>().join(", "))
}

/// Dispatches an event, and returns its outcome in the projection `bank`.
pub(super) fn dispatch(events: &Events, event: NewEvent) -> Result<Outcome> {
    let dispatched = events.dispatch_all(event)?;
    let outcome = dispatched.outcomes("bank").last().cloned();
    Ok(outcome.expect("each event has an outcome in a projection that is inline"))
}

/// Asserts that an event was applied.
pub(super) fn applied(events: &Events, event: NewEvent) -> Result<Value> {
    let outcome = dispatch(events, event)?;
    assert!(matches!(outcome, Outcome::Applied { .. }), "not applied: {outcome:?}");
    let Outcome::Applied { result, .. } = outcome else { return Ok(json!(null)) };
    Ok(result.get("ledger").cloned().unwrap_or_default())
}
