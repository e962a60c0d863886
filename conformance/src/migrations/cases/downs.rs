//! Undoing steps.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arbour::Result;
use arbour::migrations::{MigrationError, Run, Step, StepId, Target};

use super::claims::{app, counts_rooms, fill_rooms, ran, refused, trace, traced, traces};
use crate::Factory;
use crate::migrations::MigrationBed;

/// A step whose run and whose reversal are both traced.
fn reversible(number: u64) -> Step {
    traced(number).down(move |trees| Ok(trace(trees, &format!("-{number}"))?))
}

/// Steps are undone from the newest on, and can run again.
pub(super) fn undoes_in_opposite_order<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    let migrations = || app([reversible(1), reversible(2), reversible(3).min_writer(1)]).format(1);
    migrations().run(&**bed.store())?;
    bed.settle()?;
    let store = &**bed.store();
    let report = migrations().downgrade(store, Target::number(1))?;
    assert_eq!(ran(&report), "rooms 3, rooms 2");
    assert_eq!(ran(&migrations().downgrade(store, Target::number(1))?), "", "it is there already");
    assert_eq!(traces(bed)?, "1 2 3 -3 -2");
    let status = migrations().status(store)?;
    assert_eq!(status.min_writer, None, "what the undone step asked for is asked no more");
    bed.settle()?;
    app([traced(1)]).run(&**bed.store())?;
    migrations().run(&**bed.store())?;
    assert_eq!(traces(bed)?, "1 2 3 -3 -2 2 3");
    migrations().downgrade(&**bed.store(), Target::Nothing)?;
    assert_eq!(traces(bed)?, "1 2 3 -3 -2 2 3 -3 -2 -1");
    Ok(())
}

/// All steps to undo are checked first: if one of them cannot be undone, none is.
pub(super) fn without_down_nothing_is_undone<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    fill_rooms(&**bed.store(), 9)?;
    let migrations = || app([reversible(1), traced(2), reversible(3)]);
    migrations().run(&**bed.store())?;
    bed.settle()?;
    let before = bed.everything()?;
    let store = &**bed.store();
    let error = refused(migrations().downgrade(store, Target::Nothing), "undoing what cannot be");
    let is_two = matches!(&error, MigrationError::NoDown { step: StepId::Number(2), .. });
    assert!(is_two, "{error:?}");
    let edited = app([reversible(1), traced(2), reversible(3).revision("another")]);
    let error = refused(edited.downgrade(store, Target::number(2)), "undoing what was edited");
    assert!(matches!(&error, MigrationError::Refused { .. }), "{error:?}");
    let error =
        refused(app([reversible(1)]).downgrade(store, Target::number(2)), "what is not known");
    assert!(matches!(&error, MigrationError::TooNew { .. }), "{error:?}");
    let error = refused(migrations().downgrade(store, Target::step("rooms", 7)), "no such step");
    assert!(matches!(&error, MigrationError::NotFound { .. }), "{error:?}");
    assert_eq!(bed.everything()?, before, "nothing is undone");

    let more = app([reversible(1), traced(2), reversible(3), counts_rooms(4).down(|_| Ok(()))]);
    let more = more.chunk_entries(3);
    more.run_with(store, &Run::default(), &mut |progress| {
        if progress.done > 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    let error = refused(more.downgrade(store, Target::number(3)), "undoing what is under way");
    assert!(matches!(&error, MigrationError::Unfinished { .. }), "{error:?}");
    Ok(())
}

/// If undoing a step fails, nothing of that attempt is kept, the steps undone before stay undone,
/// and the next attempt continues.
pub(super) fn failed_down_keeps_nothing<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    let is_mended = Arc::new(AtomicBool::new(false));
    let migrations = || {
        let is_mended = Arc::clone(&is_mended);
        let fails = traced(2).down(move |trees| {
            trace(trees, "-2")?;
            if is_mended.load(Ordering::SeqCst) { Ok(()) } else { Err("not yet".into()) }
        });
        app([reversible(1), fails, reversible(3)])
    };
    migrations().run(&**bed.store())?;
    let error =
        refused(migrations().downgrade(&**bed.store(), Target::Nothing), "a down that fails");
    assert_eq!(error.place().map(|place| &place.step), Some(&StepId::Number(2)), "{error:?}");
    bed.settle()?;
    assert_eq!(traces(bed)?, "1 2 3 -3");
    is_mended.store(true, Ordering::SeqCst);
    let report = migrations().downgrade(&**bed.store(), Target::Nothing)?;
    assert_eq!((ran(&report), traces(bed)?), ("rooms 2, rooms 1".into(), "1 2 3 -3 -2 -1".into()));
    Ok(())
}
