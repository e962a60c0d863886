//! A process that is killed while it dispatches, and two processes that dispatch at once.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arbour::Result;
use arbour::documents::Collection;
use arbour::events::{Events, Log, Projection};
use arbour_core::{KvStore, StoreOptions};

use super::cases::claims::{balances, folded};
use super::ledger::{Ledger, accounts, cents};
use crate::harness::{Factory, Killer, Part, assert_refused, new_folder, say, start_patient};

/// The number of kills, unless `ARBOUR_KILLS` sets another.
const KILLS: u64 = 8;

/// How many events a dispatcher reports at most before it is killed.
const EVENTS_MAX: u64 = 20;

/// How many events each of the two processes dispatches.
const EACH: u64 = 40;

fn open<S: KvStore>(store: &Arc<S>, log: Option<&Arc<S>>) -> Result<Events> {
    let bank = Projection::new("bank", 1);
    let declaration = accounts(&bank.view("accounts"));
    let own = Collection::open(&**store, declaration)?;
    let bank = bank.model(Ledger::new(own, Arc::default()));
    let builder = Events::builder(Arc::clone(store), "main").projection(bank);
    match log {
        Some(log) => builder.log_in(Arc::clone(log)).build(),
        None => builder.build(),
    }
}

/// Kills a process while it dispatches events. Panics unless every event that it reported is there,
/// and the view is the fold of the log. The test `events::process::killed_dispatcher_loses_nothing`
/// calls it with the log in the store of the views and in a store of its own.
///
/// `test` is the test's own path: `module_path!()` and its name. `ARBOUR_KILLS` sets the number of
/// kills (default 8).
///
/// ```no_run
/// use arbour_conformance::{BTreeFactory, events};
/// #[test]
/// fn killed() -> arbour::Result<()> {
///     events::killed_dispatcher_loses_nothing(&BTreeFactory, concat!(module_path!(), "::killed"))
/// }
/// ```
///
/// # Errors
/// The errors of the events.
pub fn killed_dispatcher_loses_nothing<F: Factory>(factory: &F, test: &str) -> Result<()> {
    if let Some(part) = Part::of_this_process() {
        return dispatch_until_killed(factory, &part);
    }
    let mut killer = Killer::new(test, KILLS, EVENTS_MAX)?;
    let path = killer.path("store");
    let mut acknowledged = 0;
    while killer.wants_another() {
        let killed = killer.kill_next(&path)?;
        assert!(!killed.is_finished, "the dispatcher ended before it was killed");
        acknowledged = killed.numbers().fold(acknowledged, u64::max);
        let found = check(factory, &path)?;
        assert!(
            (acknowledged..=acknowledged + 1).contains(&found),
            "{acknowledged} events were acknowledged, {found} are there"
        );
        acknowledged = found;
    }
    println!("{killer}; {acknowledged} events acknowledged");
    Ok(())
}

/// The child's role: it reports the position of each completed event. The views are in one store
/// and the log in another, which is the harder case.
fn dispatch_until_killed<F: Factory>(factory: &F, part: &Part) -> Result<()> {
    let log_path = part.path.with_extension("log");
    let store = Arc::new(part.open(factory)?);
    let log = Arc::new(Part { path: log_path, seed: 0 }.open(factory)?);
    let events = open(&store, Some(&log))?;
    loop {
        let position = events.head()?.position;
        let stream = ["a", "b", "c"].get(position as usize % 3).copied().unwrap_or_default();
        let dispatched = events.dispatch_all(cents(stream, position as i64)?)?;
        let outcome = dispatched.outcomes("bank").first();
        assert!(outcome.is_some_and(|outcome| outcome.reason().is_none()), "{outcome:?}");
        say(dispatched.appended.last)?;
    }
}

/// Opens what is left, and returns the number of events.
fn check<F: Factory>(factory: &F, path: &Path) -> Result<u64> {
    let open_store = |path: &Path| factory.open(path, &StoreOptions::new());
    let store = Arc::new(open_store(path)?);
    let log_store = Arc::new(open_store(&path.with_extension("log"))?);
    let events = open(&store, Some(&log_store))?;
    let newest = events.catch_up("bank")?;
    let log = Log::open(&*log_store, "main")?;
    let snapshot = log_store.snapshot()?;
    assert_eq!(log.verify(&snapshot, 0)?, newest);
    assert_eq!(balances(&*store, "bank", 1)?, folded(&log, &snapshot)?);
    drop((snapshot, events));
    log_store.close()?;
    store.close()?;
    Ok(newest)
}

/// Runs two processes that dispatch to one store at once. Panics unless each event was applied once
/// and neither process waited in vain (case 36); or, on an engine that admits only one process,
/// unless the second is refused. The test `events::process::two_dispatchers_by_manifest` calls it.
///
/// `test` is the test's own path: `module_path!()` and its name.
///
/// ```no_run
/// use arbour_conformance::{BTreeFactory, events};
/// #[test]
/// fn two() -> arbour::Result<()> {
///     events::two_dispatchers_by_manifest(&BTreeFactory, concat!(module_path!(), "::two"))
/// }
/// ```
///
/// # Errors
/// The errors of the events.
pub fn two_dispatchers_by_manifest<F: Factory>(factory: &F, test: &str) -> Result<()> {
    if let Some(part) = Part::of_this_process() {
        return dispatch_beside(factory, &part);
    }
    let folder = new_folder()?;
    let path = folder.path().join("store");
    let store = Arc::new(factory.open(&path, &StoreOptions::new())?);
    let events = open(&store, None)?;
    if !store.capabilities().multi_process {
        return assert_refused(test, &path);
    }
    let children = [start_patient(test, &path)?, start_patient(test, &path)?];
    // This process waits for what the others append and apply.
    let waited = events.wait_for("bank", 2 * EACH, Duration::from_secs(60)).map(drop);
    for child in children {
        let said = child.finish()?;
        assert_eq!(said.len() as u64, EACH, "each dispatch ended with what came of it");
    }
    waited?;
    let log = Log::open(&*store, "main")?;
    let snapshot = store.snapshot()?;
    assert_eq!(log.verify(&snapshot, 0)?, 2 * EACH);
    assert_eq!(balances(&*store, "bank", 1)?, folded(&log, &snapshot)?);
    Ok(())
}

fn dispatch_beside<F: Factory>(factory: &F, part: &Part) -> Result<()> {
    let Some(store) = part.open_beside(factory)? else { return Ok(()) };
    let events = open(&Arc::new(store), None)?;
    for number in 0..EACH {
        let dispatched = events.dispatch_all(cents("shared", number as i64)?)?;
        let outcome = dispatched.outcomes("bank").first();
        assert!(outcome.is_some_and(|outcome| outcome.reason().is_none()), "{outcome:?}");
        say(dispatched.appended.last)?;
    }
    Ok(())
}
