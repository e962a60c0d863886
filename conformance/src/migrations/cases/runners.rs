//! Several runners of the same migrations.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use arbour::Result;
use arbour::migrations::{MigrationError, Run};

use super::claims::{
    app, assert_counted, at, counts_rooms, fill_rooms, ran, refused, traced, traces,
};
use crate::Factory;
use crate::breaking::{Break, Breaking};
use crate::harness::Undisturbed;
use crate::migrations::MigrationBed;

/// Case 43. If two runners start at once, one applies the steps, and the other waits and finds them
/// done. sqlx's lock of SQLite does nothing; rusqlite_migration reads the version outside of the
/// transaction.
pub(super) fn two_runners_one_applies<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    fill_rooms(&**bed.store(), 60)?;
    let migrations = || app([counts_rooms(1), traced(2)]).chunk_entries(3);
    let store = bed.store();
    let reports = thread::scope(|scope| {
        let run = || scope.spawn(|| migrations().run(&**store));
        let runners = [run(), run(), run()];
        runners.map(|runner| runner.join().expect("a runner does not panic"))
    });
    let reports: Vec<_> = reports.into_iter().collect::<Result<_>>()?;
    let mut all: Vec<_> = reports.iter().map(ran).collect();
    all.sort();
    assert_eq!(all, ["", "", "rooms 1, rooms 2"], "one of them did all");
    bed.settle()?;
    assert_counted(&**bed.store(), 60)?;
    assert_eq!(traces(bed)?, "2");
    Ok(())
}

/// A caller that does not want to wait gets the name of the holder, and the work is not disturbed.
pub(super) fn busy_after_the_wait<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    fill_rooms(&**bed.store(), 9)?;
    let store = &**bed.store();
    let migrations = || app([counts_rooms(1)]).chunk_entries(3);
    let mut refusals = 0;
    let report = migrations().run_with(store, &Run::default(), &mut |_| {
        let impatient = Run::default().wait(Duration::from_millis(30));
        let other = migrations().run_with(store, &impatient, &mut |_| ControlFlow::Continue(()));
        match other.as_ref().err().and_then(|error| error.downcast_ref()) {
            Some(MigrationError::Busy { holder, .. }) => {
                let status = migrations().status(store).expect("looking is possible");
                assert_eq!(status.runner.as_ref(), Some(holder));
                refusals += 1;
            }
            // After the last commit everything is done.
            _ => assert!(other.is_ok_and(|report| report.steps.is_empty())),
        }
        ControlFlow::Continue(())
    })?;
    assert!(refusals >= 3, "{refusals} times refused");
    assert_eq!(at(&report.steps, 0).counts.puts, 9);
    bed.settle()?;
    assert_counted(&**bed.store(), 9)?;
    Ok(())
}

/// A runner that died leaves its lease; once it has expired, another runner resumes after the last
/// commit.
pub(super) fn dead_runner_is_succeeded<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    let _undisturbed = Undisturbed::new();
    const LEASE: Duration = Duration::from_millis(400);
    fill_rooms(&**bed.store(), 9)?;
    let migrations = || app([counts_rooms(1)]).chunk_entries(3);
    // It breaks within the second chunk, and can no longer release the lease.
    let breaking = Breaking::new(Arc::clone(bed.store()), Break::Before, 18);
    let options = Run::default().lease(LEASE);
    let died = migrations().run_with(&breaking, &options, &mut |_| ControlFlow::Continue(()));
    let error = refused(died, "a store that broke");
    assert!(error.place().is_some(), "it broke within the step: {error:?}");
    let impatient = options.clone().wait(Duration::ZERO);
    let busy =
        migrations().run_with(&**bed.store(), &impatient, &mut |_| ControlFlow::Continue(()));
    let error = refused(busy, "running beside one that may live");
    assert!(matches!(error, MigrationError::Busy { .. }), "{error:?}");
    let began = Instant::now();
    let patient = options.wait(Duration::from_secs(4));
    let report =
        migrations().run_with(&**bed.store(), &patient, &mut |_| ControlFlow::Continue(()))?;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(at(&report.steps, 0).counts.puts < 9, "it goes on behind the last commit: {report:?}");
    bed.settle()?;
    assert_counted(&**bed.store(), 9)?;
    Ok(())
}

/// A runner that was wrongly taken for dead notices at its next commit, of which nothing is kept.
pub(super) fn fenced_runner_keeps_nothing<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    fill_rooms(&**bed.store(), 9)?;
    let store = &**bed.store();
    let migrations = || app([counts_rooms(1), traced(2)]).chunk_entries(3);
    // Its lease expires at once, as if the runner had slept for longer.
    let sleepy = Run::default().lease(Duration::ZERO);
    let mut other = None;
    let fenced = migrations().run_with(store, &sleepy, &mut |progress| {
        if progress.done == 6 && other.is_none() {
            let stops = &mut |progress: arbour::Progress| {
                if progress.done > 6 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            other = Some(migrations().run_with(store, &Run::default(), stops));
        }
        ControlFlow::Continue(())
    });
    let error = refused(fenced, "a runner that was succeeded");
    assert!(matches!(error, MigrationError::Fenced { .. }), "{error:?}");
    assert!(other.is_some_and(|report| report.is_ok_and(|report| report.is_cancelled)));
    bed.settle()?;
    migrations().run(&**bed.store())?;
    assert_counted(&**bed.store(), 9)?;
    assert_eq!(traces(bed)?, "2");
    Ok(())
}

/// A runner that has ended, in any way, is not waited for.
pub(super) fn next_runner_need_not_wait<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    let fails = || traced(2).atomic(|_| Err("not yet".into()));
    let now = Run::default().wait(Duration::ZERO);
    let mut on = |_: arbour::Progress| ControlFlow::Continue(());
    app([traced(1)]).run_with(&**bed.store(), &now, &mut on)?;
    let failed = app([traced(1), fails()]).run_with(&**bed.store(), &now, &mut on);
    let error = refused(failed, "a step that fails");
    assert!(matches!(error, MigrationError::Step { .. }), "{error:?}");
    let mut off = |_: arbour::Progress| ControlFlow::Break(());
    assert!(app([traced(1), traced(2)]).run_with(&**bed.store(), &now, &mut off)?.is_cancelled);
    bed.settle()?;
    app([traced(1), traced(2)]).run_with(&**bed.store(), &now, &mut on)?;
    assert_eq!(traces(bed)?, "1 2");
    Ok(())
}
