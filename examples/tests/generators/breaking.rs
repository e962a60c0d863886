//! G5, G12, within a process: the store fails at each step of a write.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use arbour::{DynStore, Error, ErrorKind, KvStore as _, Operation};

use crate::bed::{Bed, dump, failed};
use crate::database::{Database, Op, Replica};
use crate::engines::on_every_engine;
use crate::migrating::{fill, is_migrated, quick, replica, upgrade};
use crate::watched::{Moment, Watched};

on_every_engine!(
    a_migration_that_fails_at_any_step_leaves_x,
    a_batch_that_fails_at_any_step_leaves_nothing,
);

/// Returns the steps of the migration, and which of them is the commit that makes `y` current.
pub(crate) fn steps_of_migrating() -> (Vec<Moment>, usize) {
    let moments = Arc::new(Mutex::new(Vec::new()));
    let (bed, noted) = (Bed::of("memory"), Arc::clone(&moments));
    let database = bed.open();
    fill(&database);
    let watched = Watched::over(database.store(), move |moment| {
        noted.lock().unwrap().push(moment);
        Ok(())
    });
    let watched = Database::over(watched, bed.url()).unwrap();
    watched.migrate(&[upgrade()], &quick()).unwrap();
    let moments = moments.lock().unwrap().clone();
    // The first commit takes the lease, and the last one releases it.
    let committed = |(_, moment): &(usize, &Moment)| **moment == Moment::Committed;
    let commits: Vec<_> = moments.iter().enumerate().filter(committed).collect();
    assert_eq!(commits.len(), 3, "{moments:?}");
    let switch = commits[1].0;
    assert!(switch > 10, "each node is a step: {moments:?}");
    (moments, switch)
}

/// Lets this many steps through, and fails all that follow.
fn broken_after(store: &DynStore, steps: usize) -> DynStore {
    let left = AtomicUsize::new(steps);
    Watched::over(store, move |_| {
        let step =
            left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        let gone = || Error::new(ErrorKind::Io, Operation::Put, "the device is gone");
        step.map(drop).map_err(|_| gone())
    })
}

/// Of the later original: "migration throws mid-write", "failed switch". There the version was once
/// written outside of the batch, and the pointer before its target was validated.
fn a_migration_that_fails_at_any_step_leaves_x(bed: &Bed) {
    let (moments, switch) = steps_of_migrating();
    for (step, moment) in moments.iter().enumerate() {
        let bed = bed.another();
        let database = bed.open();
        fill(&database);
        let before = replica(&database, Replica::X);
        let broken = Database::over(broken_after(database.store(), step), bed.url()).unwrap();
        let ended = broken.migrate(&[upgrade()], &quick());
        let at = format!("{moment:?}, step {step} of {}", moments.len());
        // After the commit the lease is released; it is not a failure if that fails.
        assert_eq!(ended.is_err(), step <= switch, "{at}: {ended:?}");
        assert_eq!(replica(&database, Replica::X), before, "{at}");
        let is_switched = database.status().unwrap().replica == Replica::Y;
        assert_eq!(is_switched, step >= switch, "{at}");

        let left = database.migrate(&[upgrade()], &quick()).unwrap();
        assert_eq!(left, usize::from(step < switch), "{at}");
        is_migrated(&database);
        assert_eq!(replica(&database, Replica::X), before, "{at}");
        let writer = database.store().begin().unwrap();
        assert_eq!(database.migrate(&[upgrade()], &quick()).unwrap(), 0, "{at}");
        drop(writer);
    }
}

fn a_batch_that_fails_at_any_step_leaves_nothing(bed: &Bed) {
    let ops = [Op::put("new", 1), Op::del("old"), Op::put("newer", 2)];
    // Begin, three writes, commit, committed.
    for step in 0..6 {
        let bed = bed.another();
        let database = bed.open();
        database.batch(&[Op::put("old", 0)]).unwrap();
        let before = dump(&database, "x");
        let broken = Database::over(broken_after(database.store(), step), bed.url()).unwrap();
        let (query, kind) = failed(broken.batch(&ops));
        assert_eq!(query, "BATCH 3 ops");
        let expected = if step < 5 { ErrorKind::Io } else { ErrorKind::CommitUnknown };
        assert_eq!(kind, expected, "step {step}");
        if step < 5 {
            assert_eq!(dump(&database, "x"), before, "step {step}");
        } else {
            assert_eq!(database.keys("").unwrap(), ["new", "newer"]);
        }
    }
}
