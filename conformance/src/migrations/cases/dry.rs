//! Previewing what would run.

use arbour::Result;
use arbour::migrations::{MigrationError, Source, Step, Target};
use arbour_core::KeyRange;

use super::claims::{app, at, counts_rooms, fill_rooms, ran, refused, room, traced};
use crate::Factory;
use crate::migrations::MigrationBed;

fn steps() -> [Step; 3] {
    [
        counts_rooms(1),
        Step::numbered(2).atomic(|trees| {
            trees.put("rooms", &room(0), b"topic 0")?; // as it is
            trees.put("rooms", &room(1), b"another")?;
            trees.put("rooms", b"a room\xff", b"")?;
            trees.put("rooms", b"gone again", b"")?;
            trees.delete("rooms", b"gone again")?;
            trees.delete("rooms", b"absent")?;
            Ok(trees.delete_range("rooms", KeyRange::from(&room(4)[..]..))?)
        }),
        Step::numbered(3)
            .each(Source::tree("counts"), |trees, key, _| Ok(trees.delete("counts", key)?)),
    ]
}

/// Case 46. A dry run writes nothing, and reports what the run will do.
pub(super) fn dry_run_writes_nothing<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    fill_rooms(&**bed.store(), 14)?;
    bed.settle()?;
    let before = bed.everything()?;
    let store = &**bed.store();
    let migrations = || app(steps()).chunk_entries(4);
    let dry = migrations().dry_run(store)?;
    assert_eq!(bed.everything()?, before, "nothing is written");
    let shown: Vec<_> = dry
        .changes
        .iter()
        .map(|changes| {
            let (added, changed) = (changes.added.count, changes.changed.count);
            (changes.tree.as_str(), added, changed, changes.removed.count)
        })
        .collect();
    assert_eq!(shown, [("rooms", 1, 1, 10)], "what comes and goes again is no difference");
    assert_eq!(at(&dry.changes, 0).added.samples, [r"a room\xff"]);
    assert_eq!(at(&dry.changes, 0).changed.samples, ["room 000001"]);
    assert_eq!(at(&dry.changes, 0).removed.samples.len(), 5);
    let halfway = migrations().dry_run_to(store, Target::number(1))?;
    assert_eq!(at(&halfway.changes, 0).added.count, 14);
    assert_eq!(bed.everything()?, before, "nothing is written");

    let report = migrations().run(store)?;
    let counts = |steps: &[arbour::migrations::StepReport]| {
        steps.iter().map(|step| (step.step.clone(), step.counts, step.is_done)).collect::<Vec<_>>()
    };
    assert_eq!(counts(&report.steps), counts(&dry.steps));
    assert!(migrations().dry_run(store)?.steps.is_empty());
    Ok(())
}

/// A dry run fails as the run would, and continues where an interrupted run stopped.
pub(super) fn dry_run_fails_as_the_run<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    fill_rooms(&**bed.store(), 9)?;
    let store = &**bed.store();
    let fails = || {
        Step::numbered(1).each("rooms", |trees, key, _| {
            trees.put("seen", key, b"")?;
            if *key == *room(5) { Err("no further".into()) } else { Ok(()) }
        })
    };
    let wrong = || traced(1).check(|_| Err("it does not hold".into()));
    for migrations in [app([fails()]), app([wrong()]), app([traced(1), fails()])] {
        let dry = refused(migrations.dry_run(store), "a dry run of what fails");
        let run = refused(migrations.run(store), "what fails");
        assert_eq!(dry.to_string(), run.to_string());
    }
    refused(app([fails()]).chunk_entries(2).run(store), "what fails");
    bed.settle()?;
    let before = bed.everything()?;
    let goes_on = app([fails()]).chunk_entries(2);
    let dry = refused(goes_on.dry_run(&**bed.store()), "a dry run of what fails");
    assert!(matches!(dry, MigrationError::Step { .. }), "{dry:?}");
    assert_eq!(bed.everything()?, before);
    let edited = refused(app([fails().revision("x")]).dry_run(&**bed.store()), "an edited step");
    assert!(matches!(edited, MigrationError::Refused { .. }), "{edited:?}");
    Ok(())
}

/// A plan lists what will run, in order, and making it writes nothing.
pub(super) fn plan_is_what_runs<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    fill_rooms(&**bed.store(), 9)?;
    let migrations = || app([traced(4)].into_iter().chain(steps()));
    migrations().run_to(&**bed.store(), Target::number(1))?;
    bed.settle()?;
    let store = &**bed.store();
    let before = bed.everything()?;
    for target in [Target::number(3), Target::Newest] {
        let plan = migrations().plan_to(store, target.clone())?;
        assert_eq!(bed.everything()?, before);
        let planned: Vec<_> =
            plan.steps.iter().map(|step| format!("{} {}", step.group, step.step)).collect();
        let chunked: Vec<_> = plan.steps.iter().map(|step| step.is_chunked).collect();
        let expected = [false, true, false].into_iter().take(planned.len());
        assert_eq!(chunked, expected.collect::<Vec<_>>());
        let dry = migrations().dry_run_to(store, target.clone())?;
        assert_eq!(dry.steps.len(), planned.len());
        if target == Target::Newest {
            assert_eq!(ran(&migrations().run(store)?), planned.join(", "));
        }
    }
    let error = refused(migrations().plan_to(store, Target::number(1)), "a plan to go back");
    assert!(matches!(error, MigrationError::Beyond { .. }), "{error:?}");
    Ok(())
}
