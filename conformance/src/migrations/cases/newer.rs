//! Stores that a newer program has migrated.

use std::ops::ControlFlow;

use arbour::Result;
use arbour::migrations::{MigrationError, ProblemKind, Run, Target};

use super::claims::{app, at, counts_rooms, fill_rooms, grouped, ran, refused, traced, traces};
use crate::Factory;
use crate::migrations::MigrationBed;

/// Case 45. A store of a newer program is refused by every call, and stays as it is.
pub(super) fn newer_store_is_refused<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    let older = || app([traced(1), traced(2)]).format(1);
    app([traced(1), traced(2), traced(3)]).format(1).run(&**bed.store())?;
    bed.settle()?;
    let before = bed.everything()?;
    let store = &**bed.store();
    for result in [
        older().run(store).map(drop),
        older().run_to(store, Target::number(2)).map(drop),
        older().dry_run(store).map(drop),
        older().downgrade(store, Target::number(1)).map(drop),
        older().allow_reading_newer().run(store).map(drop),
    ] {
        let error = refused(result, "a newer store");
        let is_too_new =
            matches!(&error, MigrationError::TooNew { format: 1, is_readable: false, .. });
        assert!(is_too_new, "{error:?}");
    }
    assert_eq!(bed.everything()?, before);
    let problems = older().plan(store)?.problems;
    let program = "app 1.2".to_owned();
    let newer = ProblemKind::Newer { program, min_reader: None, min_writer: None };
    assert_eq!(at(&problems, 0).kind, newer);
    // The same holds if the newer program added a model of its own.
    let users =
        || grouped([("rooms", vec![traced(1), traced(2), traced(3)]), ("users", vec![traced(4)])]);
    users().format(2).run(store)?;
    let known = app([traced(1), traced(2), traced(3)]).format(1);
    let error = refused(known.run(store), "a newer store");
    assert!(matches!(&error, MigrationError::TooNew { .. }), "{error:?}");
    // It also holds if a known step has higher requirements, even though all steps have run.
    crate::migration_fixture::clear(store)?;
    app([traced(1).min_writer(2)]).format(2).run(store)?;
    let error = refused(app([traced(1)]).format(1).run(store), "a step that asks for more");
    assert!(matches!(&error, MigrationError::TooNew { .. }), "{error:?}");
    Ok(())
}

/// If the program allows it, the store may be read, provided that the unknown steps permit it.
pub(super) fn read_only_by_choice<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    let newest = app([traced(1), traced(3).min_reader(1).min_writer(2)]).format(2);
    newest.run(&**bed.store())?;
    bed.settle()?;
    let store = &**bed.store();
    // Step 2 is pending, and does not run.
    let older = |format| app([traced(1), traced(2)]).format(format);
    let error = refused(older(1).run(store), "a newer store");
    assert!(matches!(&error, MigrationError::TooNew { is_readable: true, .. }), "{error:?}");
    let error = refused(older(0).allow_reading_newer().run(store), "what cannot be read");
    assert!(matches!(&error, MigrationError::TooNew { is_readable: false, .. }), "{error:?}");
    let before = bed.everything()?;
    let report = older(1).allow_reading_newer().run(store)?;
    assert_eq!((report.is_read_only, ran(&report).as_str()), (true, ""));
    let dry = older(1).allow_reading_newer().dry_run(store)?;
    assert_eq!((dry.is_read_only, dry.steps.len()), (true, 0));
    assert!(older(1).allow_reading_newer().plan(store)?.is_read_only);
    let error =
        refused(older(1).allow_reading_newer().downgrade(store, Target::Nothing), "writing");
    assert!(matches!(&error, MigrationError::TooNew { .. }), "{error:?}");
    assert_eq!(bed.everything()?, before);
    Ok(())
}

/// A program that meets the requirements of the newer steps continues, with steps of its own too.
pub(super) fn knows_enough_to_go_on<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    let newest = app([traced(1), traced(3).min_reader(1).min_writer(1)]).format(2);
    newest.run(&**bed.store())?;
    bed.settle()?;
    let store = &**bed.store();
    let older = || grouped([("rooms", vec![traced(1)]), ("users", vec![traced(4)])]).format(1);
    let report = older().run(store)?;
    assert_eq!((report.is_read_only, ran(&report).as_str()), (false, "users 4"));
    assert_eq!(traces(bed)?, "1 3 4");
    assert_eq!(ran(&older().run(store)?), "");
    Ok(())
}

/// While a newer program's step is in progress, no other program writes, whatever formats it knows,
/// because the step would miss what is written behind its cursor.
pub(super) fn nobody_writes_beside_what_is_under_way<F: Factory>(
    bed: &mut MigrationBed<F>,
) -> Result<()> {
    fill_rooms(&**bed.store(), 10)?;
    let step = || counts_rooms(3).min_reader(1).min_writer(1);
    let newest = app([traced(1), step()]).format(2).chunk_entries(3);
    let report = newest.run_with(&**bed.store(), &Run::default(), &mut |progress| {
        if progress.number == 2 && progress.done > 0 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    assert!(report.is_cancelled);
    bed.settle()?;
    let store = &**bed.store();
    let older = || app([traced(1)]).format(1);
    let error = refused(older().run(store), "writing beside it");
    assert!(matches!(&error, MigrationError::TooNew { is_readable: true, .. }), "{error:?}");
    assert!(older().allow_reading_newer().run(store)?.is_read_only);
    newest.run(store)?;
    assert!(!older().run(store)?.is_read_only);
    Ok(())
}
