//! Steps that were changed after they ran.

use std::ops::ControlFlow;

use arbour::Result;
use arbour::migrations::{MigrationError, Migrations, ProblemKind, Run, Step};

use super::claims::{
    app, assert_counted, at, counts_rooms, fill_rooms, problems, ran, refused, traced, traces,
};
use crate::Factory;
use crate::migrations::MigrationBed;

/// Case 41. dicebot edited released steps, so that stores of one version could no longer be
/// migrated; sqlx hashes the bytes of files, so that a checkout on Windows counts as an edit.
pub(super) fn edited_is_refused_line_ends_are_none<F: Factory>(
    bed: &mut MigrationBed<F>,
) -> Result<()> {
    let program =
        |content: &str| app([Step::numbered(1).revision(content).atomic(|_| Ok(())), traced(2)]);
    app([Step::numbered(1).revision("one\ntwo\n").atomic(|_| Ok(()))]).run(&**bed.store())?;
    bed.settle()?;
    let store = &**bed.store();
    for edited in ["one\ntwo", "one\ntwo\n\n", "one two\n", "", "one\n\rtwo\n"] {
        let error = refused(program(edited).run(store), "an edited step");
        let problems = problems(&error);
        let is_edit = matches!(
            &at(problems, 0).kind,
            ProblemKind::Edited { recorded, declared } if recorded != declared
        );
        assert!(is_edit, "{problems:?}");
        assert_eq!(traces(bed)?, "", "nothing runs");
    }
    for same in ["one\r\ntwo\r\n", "one\rtwo\r", "one\ntwo\r\n"] {
        assert!(program(same).plan(store)?.problems.is_empty(), "{same:?} is the same");
    }
    let report = program("one two\n").allow_edited().run(store)?;
    assert_eq!(ran(&report), "rooms 2", "by choice the rest runs, and what has run does not");
    Ok(())
}

/// A step that has run and is not declared is refused, or skipped if the program says so.
pub(super) fn missing_is_refused<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    app([traced(1), traced(2)]).run(&**bed.store())?;
    bed.settle()?;
    let store = &**bed.store();
    let without = || app([traced(2), traced(3)]);
    let error = refused(without().run(store), "a missing step");
    let problems = problems(&error);
    assert_eq!(at(problems, 0).kind, ProblemKind::Missing);
    assert_eq!(traces(bed)?, "1 2");
    let error = refused(app([]).run(store), "a missing group");
    assert!(matches!(error, MigrationError::Refused { .. }), "{error:?}");
    assert_eq!(ran(&without().allow_missing().run(store)?), "rooms 3");
    assert_eq!(ran(&without().allow_missing().run(store)?), "");
    Ok(())
}

/// A step in progress continues as it began: nothing allows other content, another kind or no
/// step at all to continue after its cursor.
pub(super) fn under_way_stays_as_it_is<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    fill_rooms(&**bed.store(), 10)?;
    let lenient =
        |migrations: Migrations| migrations.allow_edited().allow_missing().chunk_entries(3);
    let mut told = 0;
    let migrations = lenient(app([counts_rooms(1)]));
    let report = migrations.run_with(&**bed.store(), &Run::default(), &mut |_| {
        told += 1;
        if told == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    assert!(report.is_cancelled && !at(&report.steps, 0).is_done);
    bed.settle()?;
    let store = &**bed.store();
    let others = [
        (counts_rooms(1).revision("another"), ProblemKind::EditedUnfinished),
        (counts_rooms(1).atomic(|_| Ok(())), ProblemKind::EditedUnfinished),
        (counts_rooms(1).chunked(|_, _| Ok(None)), ProblemKind::EditedUnfinished),
        (traced(2), ProblemKind::MissingUnfinished),
    ];
    let before = bed.everything()?;
    for (step, kind) in others {
        let migrations = lenient(app([step]));
        let error = refused(migrations.run(store), "another step under way");
        let problems = problems(&error);
        assert_eq!(at(problems, 0).kind, kind);
        assert_eq!(bed.everything()?, before);
    }
    lenient(app([counts_rooms(1)])).run(store)?;
    assert_counted(store, 10)?;
    Ok(())
}
