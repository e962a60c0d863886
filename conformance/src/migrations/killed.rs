//! A process that is killed while it migrates, and two processes that migrate at once.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use arbour::Result;
use arbour::migrations::{Migrations, Run};
use arbour_core::{Batch, Durability, KvStore, StoreOptions};

use super::cases::claims::{app, assert_counted, counts_rooms};
use crate::harness::{Factory, Killer, Part, assert_refused, new_folder, say, start_patient};

/// The maximum number of kills, unless `ARBOUR_KILLS` sets another.
const KILLS: u64 = 8;

/// How many chunks a migrator reports at most before it is killed.
const CHUNKS_MAX: u64 = 12;

/// Few enough entries in a chunk for a kill to happen in the middle.
const CHUNK: u64 = 7;

const ROOMS: usize = 1_000;

fn migrations() -> Migrations {
    app([counts_rooms(1)]).chunk_entries(CHUNK)
}

fn fill<F: Factory>(factory: &F, path: &Path) -> Result<()> {
    let store = factory.open(path, &StoreOptions::new())?;
    let rooms = store.tree("rooms")?;
    let mut batch = Batch::new();
    for number in 0..ROOMS {
        batch.put(&rooms, format!("room {number:06}").as_bytes(), b"topic");
    }
    store.apply(batch, Durability::PowerLoss)?;
    store.close()
}

/// Kills a process while it migrates, again and again. Panics unless the next process resumes after
/// the last commit, at once, and in the end each entry was processed once. The test
/// `migrations::process::killed_migrator_goes_on` calls it.
///
/// `test` is the test's own path: `module_path!()` and its name. `ARBOUR_KILLS` sets the maximum
/// number of kills (default 8).
///
/// ```no_run
/// use arbour_conformance::{BTreeFactory, migrations};
/// #[test]
/// fn killed() -> arbour::Result<()> {
///     migrations::killed_migrator_goes_on(&BTreeFactory, concat!(module_path!(), "::killed"))
/// }
/// ```
///
/// # Errors
/// The errors of the migrations.
pub fn killed_migrator_goes_on<F: Factory>(factory: &F, test: &str) -> Result<()> {
    if let Some(part) = Part::of_this_process() {
        return migrate_until_killed(factory, &part);
    }
    let mut killer = Killer::new(test, KILLS, CHUNKS_MAX)?;
    let path = killer.path("store");
    fill(factory, &path)?;
    let mut committed = 0;
    while killer.wants_another() {
        let killed = killer.kill_next(&path)?;
        committed = killed.numbers().fold(committed, u64::max);
        let store = factory.open(&path, &StoreOptions::new())?;
        let status = migrations().status(&store)?;
        let record = status.steps.first().and_then(|step| step.record.as_ref());
        let found = record.map_or(0, |record| record.counts.puts);
        assert!(found >= committed, "{committed} entries were committed, {found} are");
        assert!(found <= committed + CHUNK, "{found} entries are committed of {committed}");
        committed = found;
        store.close()?;
        if killed.is_finished {
            break;
        }
    }
    println!("{killer}; {committed} of {ROOMS} entries committed");
    let store = factory.open(&path, &StoreOptions::new())?;
    // If other processes may be alive, the last one's lease has to expire.
    let patient = Run::default().wait(Duration::from_secs(30));
    migrations().run_with(&store, &patient, &mut |_| ControlFlow::Continue(()))?;
    assert_counted(&store, ROOMS)?;
    store.close()
}

/// The child's role: it reports how many entries are committed.
fn migrate_until_killed<F: Factory>(factory: &F, part: &Part) -> Result<()> {
    let store = part.open(factory)?;
    let options = Run::default().lease(Duration::from_millis(200));
    let mut last = 0;
    migrations().run_with(&store, &options, &mut |progress| {
        // Half of the entries read are rooms, the other half are their counts.
        let committed = progress.done / 2;
        if committed > last && progress.done.is_multiple_of(2) {
            last = committed;
            let is_whole = committed.is_multiple_of(CHUNK);
            if is_whole && say(committed).is_err() {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok(())
}

/// Runs the same migrations in two processes at once. Panics unless one of them does all the work
/// and the other waits and finds it done (case 43); or, on an engine that admits only one process,
/// unless the second is refused. The test `migrations::process::two_migrators_by_manifest` calls
/// it.
///
/// `test` is the test's own path: `module_path!()` and its name.
///
/// ```no_run
/// use arbour_conformance::{BTreeFactory, migrations};
/// #[test]
/// fn two() -> arbour::Result<()> {
///     migrations::two_migrators_by_manifest(&BTreeFactory, concat!(module_path!(), "::two"))
/// }
/// ```
///
/// # Errors
/// The errors of the migrations.
pub fn two_migrators_by_manifest<F: Factory>(factory: &F, test: &str) -> Result<()> {
    if let Some(part) = Part::of_this_process() {
        return migrate_beside(factory, &part);
    }
    let folder = new_folder()?;
    let path = folder.path().join("store");
    fill(factory, &path)?;
    let store = factory.open(&path, &StoreOptions::new())?;
    if !store.capabilities().multi_process {
        return assert_refused(test, &path);
    }
    let children = [(); 3].map(|()| start_patient(test, &path));
    let mut said = Vec::new();
    for child in children {
        said.extend(child?.finish()?);
    }
    said.sort();
    assert_eq!(said, ["0 steps", "0 steps", "1 steps"], "one of them did all");
    assert_counted(&store, ROOMS)?;
    store.close()
}

fn migrate_beside<F: Factory>(factory: &F, part: &Part) -> Result<()> {
    let Some(store) = part.open_beside(factory)? else { return Ok(()) };
    let report = migrations().run(&store)?;
    say(format_args!("{} steps", report.steps.len()))
}
