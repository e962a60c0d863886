//! Which steps run, and in which order.

use arbour::Result;
use arbour::migrations::{Group, MigrationError, Migrations, ProblemKind, Step, StepId, Target};
use arbour_core::KeyRange;

use super::claims::{app, at, grouped, problems, ran, refused, trace, traced, traces};
use crate::Factory;
use crate::migrations::MigrationBed;

/// All groups share one order: numbers by their value, then names by their bytes, and the group if
/// two are the same. strato-db sorts numbers as text, so 10 runs before 9 there.
pub(super) fn numbers_then_names_then_groups<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    let numbered = |group: &'static str, number: u64| {
        Step::numbered(number).atomic(move |trees| Ok(trace(trees, &format!("{group}{number}"))?))
    };
    let named = |group: &'static str, name: &'static str| {
        Step::named(name).atomic(move |trees| Ok(trace(trees, &format!("{group}{name}"))?))
    };
    let migrations = grouped([
        ("b", vec![named("b", "10"), numbered("b", 10), numbered("b", 2), named("b", "x")]),
        ("a", vec![named("a", "x"), numbered("a", 9), numbered("a", 2), named("a", "\u{e9}")]),
    ]);
    let report = migrations.run(&**bed.store())?;
    bed.settle()?;
    assert_eq!(traces(bed)?, "a2 b2 a9 b10 b10 ax bx a\u{e9}");
    assert_eq!(ran(&report), "a 2, b 2, a 9, b 10, b 10, a x, b x, a \u{e9}");
    assert!(report.steps.iter().all(|step| step.is_done));
    Ok(())
}

pub(super) fn runs_to_a_target<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    let migrations = app([traced(1), traced(2), traced(3), traced(4)]);
    migrations.run_to(&**bed.store(), Target::number(2))?;
    bed.settle()?;
    let store = &**bed.store();
    assert_eq!(traces(bed)?, "1 2");
    migrations.run_to(store, Target::number(2))?;
    migrations.run_to(store, Target::step("rooms", 3))?;
    assert_eq!(traces(bed)?, "1 2 3");
    for (target, what) in [(Target::number(2), "2"), (Target::Nothing, "nothing")] {
        let error = refused(migrations.run_to(store, target.clone()), what);
        let is_beyond = matches!(
            &error,
            MigrationError::Beyond { target: asked, step: StepId::Number(3), .. } if *asked == target
        );
        assert!(is_beyond, "{error:?}");
    }
    let error = refused(migrations.run_to(store, Target::step("rooms", 5)), "a step that is none");
    assert!(matches!(error, MigrationError::NotFound { .. }), "{error:?}");
    assert_eq!(traces(bed)?, "1 2 3");
    migrations.run(store)?;
    assert_eq!(traces(bed)?, "1 2 3 4");
    Ok(())
}

/// Case 40. A step that comes before one of its own group that has run is refused, or runs if the
/// program says so; a step that comes only before those of other groups runs, or is refused if the
/// program says so.
pub(super) fn late_runs_out_of_order_is_refused<F: Factory>(
    bed: &mut MigrationBed<F>,
) -> Result<()> {
    app([traced(1), traced(3)]).run(&**bed.store())?;
    bed.settle()?;
    let store = &**bed.store();
    let between = || app([traced(1), traced(2), traced(3), traced(4)]);
    let error = refused(between().run(store), "a step out of order");
    let problems = problems(&error);
    assert_eq!(problems.len(), 1);
    assert_eq!(at(problems, 0).kind, ProblemKind::OutOfOrder { newest: StepId::Number(3) });
    assert_eq!(
        (at(problems, 0).group.as_str(), &at(problems, 0).step),
        ("rooms", &StepId::Number(2))
    );
    assert_eq!(traces(bed)?, "1 3", "nothing runs");
    let report = between().allow_out_of_order().run(store)?;
    assert_eq!(ran(&report), "rooms 2, rooms 4");

    let late = || {
        let users = vec![Step::numbered(1).atomic(|trees| Ok(trace(trees, "users")?))];
        let rooms = vec![traced(1), traced(2), traced(3), traced(4)];
        grouped([("rooms", rooms), ("users", users)])
    };
    let error = refused(late().refuse_late().run(store), "a late step");
    assert!(matches!(error, MigrationError::Refused { .. }), "{error:?}");
    let problems = late().plan(store)?.problems;
    let group = "rooms".to_owned();
    assert_eq!(at(&problems, 0).kind, ProblemKind::Late { group, newest: StepId::Number(4) });
    assert!(!at(&problems, 0).is_refused);
    late().run(store)?;
    assert_eq!(traces(bed)?, "1 3 2 4 users");
    Ok(())
}

/// If numbers have to be contiguous, nothing runs if one is missing: dicebot's `MigrationNotFound`.
pub(super) fn gap_runs_nothing<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    let contiguous = |numbers: &[u64]| {
        let group = numbers.iter().map(|number| traced(*number));
        let group = group.fold(Group::new("rooms").contiguous(), Group::step);
        Migrations::new("app", "1.2").group(group)
    };
    contiguous(&[1]).run(&**bed.store())?;
    bed.settle()?;
    let store = &**bed.store();
    let before = bed.everything()?;
    let is_missing = |error: &MigrationError, number: u64| matches!(error, MigrationError::NotFound { step: StepId::Number(found), .. } if *found == number);
    let error = refused(contiguous(&[1, 2, 4, 5]).run(store), "a gap");
    assert!(is_missing(&error, 3), "{error:?}");
    let error = refused(contiguous(&[1, 2]).run_to(store, Target::number(9)), "no such number");
    assert!(is_missing(&error, 3), "{error:?}");
    assert_eq!(bed.everything()?, before, "zero writes");
    assert_eq!(traces(bed)?, "1");
    contiguous(&[1, 2, 4]).run_to(store, Target::number(2))?;
    assert_eq!(traces(bed)?, "1 2", "a gap behind the target is none");
    app([traced(1), traced(2), traced(7)]).run(store)?;
    Ok(())
}

/// Case 47. A store of any version reaches the newest, through steps that add, change and delete
/// everything, and an absent entry does no harm.
pub(super) fn chain_from_every_version<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    let chain = || {
        app([
            Step::numbered(1)
                .each("rooms", |trees, room, topic| Ok(trees.put("topics", topic, room)?)),
            Step::numbered(2).each("rooms", |trees, room, _| Ok(trees.delete("rooms", room)?)),
            Step::numbered(3).atomic(|trees| {
                trees.delete("topics", b"absent")?;
                Ok(trees.put("topics", b"new", b"")?)
            }),
            Step::numbered(4).each("topics", |trees, topic, room| {
                Ok(trees.put("topics", topic, &[room, b"!"].concat())?)
            }),
            Step::numbered(5).atomic(|trees| {
                let topics = trees.get("topics", b"new")?.ok_or("there is no new topic")?;
                trees.delete_range("topics", KeyRange::prefix(b"new"))?;
                Ok(trees.put("last", b"new", &topics)?)
            }),
        ])
    };
    for version in 0..=5 {
        crate::migration_fixture::clear(&**bed.store())?;
        bed.put("rooms", b"attic", b"boxes")?;
        bed.put("rooms", b"study", b"books")?;
        chain().run_to(&**bed.store(), Target::number(version))?;
        bed.settle()?;
        chain().run(&**bed.store())?;
        let found = bed.contents()?.to_string();
        assert_eq!(
            found, "last\tnew\t!\ntopics\tbooks\tstudy!\ntopics\tboxes\tattic!\n",
            "{version}"
        );
    }
    Ok(())
}

/// A declaration that cannot be right for any store is refused before a store is read.
pub(super) fn bad_declarations_refused<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    let store = &**bed.store();
    let long = "x".repeat(201);
    let nothing = || Step::numbered(1).atomic(|_| Ok(()));
    let group = |name: &str| Group::new(name).step(nothing());
    let of = |program: &str, group: Group| Migrations::new(program, "1.2").group(group);
    let bad = [
        ("a program without a name", of("", group("a"))),
        ("a program with a long name", of(&long, group("a"))),
        ("a group without a name", of("app", group(""))),
        ("a group with a long name", of("app", group(&long))),
        ("two groups of a name", of("app", group("a")).group(Group::new("a"))),
        ("two steps of a number", of("app", group("a").step(nothing()))),
        (
            "a step without a name",
            of("app", Group::new("a").step(Step::named("").atomic(|_| Ok(())))),
        ),
        ("a step that does nothing", of("app", Group::new("a").step(Step::numbered(1)))),
        ("a step beyond the format", of("app", Group::new("a").step(nothing().min_writer(1)))),
    ];
    for (what, migrations) in bad {
        for result in [
            migrations.run(store).map(drop),
            migrations.plan(store).map(drop),
            migrations.dry_run(store).map(drop),
            migrations.status(store).map(drop),
            migrations.verify(store).map(drop),
            migrations.downgrade(store, Target::Nothing).map(drop),
            migrations.adopt(store, Target::Newest),
        ] {
            let error = refused(result, what);
            assert!(matches!(error, MigrationError::Invalid { .. }), "{what}: {error:?}");
        }
    }
    Ok(())
}
