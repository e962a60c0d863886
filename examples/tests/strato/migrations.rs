//! Migrations (`D2` to `D6`, `E16`).

use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;

use arbour::documents::Filter;
use arbour::migrations::{
    Group, MigrationError, Migrations, ProblemKind, RecordState, Run, Step, StepTrees, Target,
};
use arbour::{DynStore, KvStore as _};
use serde_json::json;

use crate::bed::Bed;
use crate::collection::Things;
use crate::engines::on_every_engine;
use crate::things;

on_every_engine!(
    steps_of_all_models_have_one_order,
    a_step_that_fails_leaves_nothing_and_is_gone_on_with,
    of_two_who_migrate_one_does,
    what_does_not_fit_is_told_before_anything_runs,
    a_step_sees_the_trees_of_all_models,
    what_would_run_can_be_looked_at_before,
    a_store_of_before_is_taken_over,
    documents_of_before_are_read_as_those_of_today,
);

/// Records that a step ran, after those that ran before.
fn note(trees: &mut StepTrees<'_>, name: &str) -> arbour::Result<()> {
    let mut noted = trees.get("notes", b"ran")?.unwrap_or_default();
    noted.extend_from_slice(format!("{name} ").as_bytes());
    trees.put("notes", b"ran", &noted)
}

fn noted(store: &DynStore) -> String {
    let noted = store.get(&store.tree("notes").unwrap(), b"ran").unwrap();
    String::from_utf8(noted.unwrap_or_default()).unwrap()
}

fn step(step: Step, name: &'static str) -> Step {
    step.revision(name).atomic(move |trees| Ok(note(trees, name)?))
}

/// Migrations of things, with these steps.
fn of_things(steps: impl IntoIterator<Item = Step>) -> Migrations {
    let group = steps.into_iter().fold(Group::new("things"), Group::step);
    Migrations::new("strato", "1").group(group)
}

/// D2. Numbers by value, then names, then models; strato-db puts 10 before 9.
fn steps_of_all_models_have_one_order(bed: &Bed) {
    let users = Group::new("users")
        .step(step(Step::numbered(9), "u9"))
        .step(step(Step::named("2020 emails"), "u2020"));
    let migrations = of_things([step(Step::numbered(10), "t10"), step(Step::numbered(9), "t9")]);
    let store = bed.open();
    migrations.group(users).run(&*store).unwrap();
    assert_eq!(noted(&store), "t9 u9 t10 u2020 ");
}

/// D3. Each step is a commit of its own; strato-db has one for all.
fn a_step_that_fails_leaves_nothing_and_is_gone_on_with(bed: &Bed) {
    let store = bed.open();
    let failing = Step::numbered(2).atomic(|trees| {
        note(trees, "half")?;
        Err("there is no room".into())
    });
    let steps = |second| of_things([step(Step::numbered(1), "one"), second]);
    let failed = steps(failing).run(&*store).unwrap_err();
    assert!(failed.to_string().contains("there is no room"), "{failed}");
    assert_eq!(noted(&store), "one ");
    steps(step(Step::numbered(2), "two")).run(&*store).unwrap();
    assert_eq!(noted(&store), "one two ");
}

/// D3.
fn of_two_who_migrate_one_does(bed: &Bed) {
    let store = bed.open();
    thread::scope(|scope| {
        for _ in 0..4 {
            let store = Arc::clone(&store);
            scope.spawn(move || of_things([step(Step::numbered(1), "one")]).run(&*store).unwrap());
        }
    });
    assert_eq!(noted(&store), "one ");
}

/// D4. strato-db has no checksums, and does not detect late or missing steps.
fn what_does_not_fit_is_told_before_anything_runs(bed: &Bed) {
    let store = bed.open();
    let (one, three) = (|| step(Step::numbered(1), "one"), || step(Step::numbered(3), "three"));
    let ran = of_things([one(), three()]);
    ran.run(&*store).unwrap();
    assert!(ran.run(&*store).unwrap().steps.is_empty(), "what ran is done");
    let status = ran.status(&*store).unwrap();
    assert!(status.steps.iter().all(|step| step.record.as_ref().unwrap().program == "strato 1"));
    let problem = |migrations: Migrations| {
        let refused = migrations.run(&*store).unwrap_err();
        match refused.downcast_ref() {
            Some(MigrationError::Refused { problems }) => problems[0].kind.clone(),
            Some(MigrationError::TooNew { problems, .. }) => problems[0].kind.clone(),
            _ => panic!("{refused}"),
        }
    };
    let edited = problem(of_things([step(Step::numbered(1), "ONE"), three()]));
    assert!(matches!(edited, ProblemKind::Edited { .. }), "{edited:?}");
    let late = problem(of_things([one(), step(Step::numbered(2), "two"), three()]));
    assert!(matches!(late, ProblemKind::OutOfOrder { .. }), "{late:?}");
    assert_eq!(problem(of_things([three()])), ProblemKind::Missing);
    assert!(matches!(problem(of_things([one()])), ProblemKind::Newer { .. }));
    assert_eq!(noted(&store), "one three ");
}

/// D5.
fn a_step_sees_the_trees_of_all_models(bed: &Bed) {
    let store = bed.open();
    let (users, things) = (store.tree("users").unwrap(), store.tree("things").unwrap());
    store.put(&users, b"ada", b"5").unwrap();
    let step =
        Step::numbered(1).each("users", |trees, name, thing| Ok(trees.put("things", thing, name)?));
    of_things([step]).run(&*store).unwrap();
    assert_eq!(store.get(&things, b"5").unwrap().unwrap(), b"ada");
}

/// D6.
fn what_would_run_can_be_looked_at_before(bed: &Bed) {
    let store = bed.open();
    let migrations = of_things([step(Step::numbered(1), "one")]);
    assert_eq!(migrations.plan(&*store).unwrap().steps[0].step, 1.into());
    assert_eq!(migrations.dry_run(&*store).unwrap().changes[0].added.count, 1);
    assert_eq!(noted(&store), "", "nothing was written");
    let copy = bed.folder.path().join("copy");
    let ran = migrations
        .run_with(&*store, &Run::default().backup_first(&copy), &mut |_| ControlFlow::Continue(()));
    // What an engine cannot do, it says before anything runs.
    if store.capabilities().hot_backup {
        ran.unwrap();
        let url = format!("{}:{}", store.capabilities().engine, copy.display());
        let copy = arbour::open(&url).unwrap();
        assert_eq!((noted(&copy), noted(&store)), (String::new(), "one ".to_owned()));
    } else {
        assert!(
            matches!(
                ran.as_ref().unwrap_err().downcast_ref(),
                Some(MigrationError::NoBackup { .. })
            ),
            "{ran:?}"
        );
        assert_eq!(noted(&store), "");
    }
}

/// E16.
fn a_store_of_before_is_taken_over(bed: &Bed) {
    let store = bed.open();
    let migrations = of_things([step(Step::numbered(1), "one"), step(Step::numbered(2), "two")]);
    migrations.adopt(&*store, Target::number(1)).unwrap();
    migrations.run(&*store).unwrap();
    assert_eq!(noted(&store), "two ");
    let states: Vec<RecordState> = migrations
        .status(&*store)
        .unwrap()
        .steps
        .iter()
        .map(|step| step.record.as_ref().unwrap().state)
        .collect();
    assert_eq!(states, [RecordState::Adopted, RecordState::Done]);
}

/// A change of each document needs no step: it is made when the document is read.
fn documents_of_before_are_read_as_those_of_today(bed: &Bed) {
    let store = bed.open();
    let before = Things::open_in(&store, things::declaration("things")).unwrap();
    before.fill([json!({"id": 5, "amount": 3})]);
    let today = things::declaration("things").upgrade_json(1, |mut thing| {
        thing["count"] = thing["amount"].take();
        Ok(thing)
    });
    let today = Things::open_in(&store, today).unwrap();
    assert_eq!(today.get(5).unwrap()["count"], 3);
    assert_eq!(today.find(Filter::eq("count", 3)), "5");
}
