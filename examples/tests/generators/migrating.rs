//! G12: the next version is built in the other replica, from decisions about every node.

use std::error::Error as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use arbour::migrations::{MigrationError, Run};
use arbour::{AnyResult, ErrorKind, KvStore as _};
use serde_json::{Value, json};

use crate::bed::{Bed, Dump, dump, put_raw};
use crate::database::{
    Database, Decision, Decisions, Error, Fault, Nodes, Op, Replica, Status, Upgrade,
};
use crate::engines::{on_every_engine, on_every_persistent_engine};
use crate::watched::{Moment, Watched};

on_every_engine!(
    x_is_current_until_a_migration,
    every_decision_does_what_it_says,
    a_second_run_writes_nothing,
    the_next_upgrade_goes_back_to_x,
    wrong_decisions_change_nothing,
    a_plan_that_fails_changes_nothing,
    a_damaged_node_is_named_and_changes_nothing,
    a_newer_store_is_left_alone,
    of_many_who_migrate_at_once_one_does,
    what_waited_for_a_migration_goes_to_y,
);
on_every_persistent_engine!(the_pointer_is_there_after_reopening);

/// Stores the nodes that [`upgrade`] knows.
pub(crate) fn fill(database: &Database) {
    let nodes = [("created no more", 1), ("deleted", 2), ("invalid", 3), ("kept", 4), ("old", 5)];
    database.batch(&nodes.map(|(node, value)| Op::put(node, value))).unwrap();
    // What an earlier, interrupted build might have left.
    database.namespace("y").unwrap().put("left over", &json!(0)).unwrap();
    database.namespace("y/global").unwrap().put("version", &json!(7)).unwrap();
}

/// The upgrade to version 1, with a decision of each kind.
pub(crate) fn upgrade() -> Upgrade {
    Upgrade::to(1, |_| {
        let decisions = [
            ("created no more", Decision::Keep),
            ("deleted", Decision::Delete),
            ("invalid", Decision::Invalidate),
            ("kept", Decision::Keep),
            ("new", Decision::Create(json!(["new"]))),
            ("old", Decision::Override(json!("new"))),
        ];
        Ok(decisions.map(|(node, decision)| (node.to_owned(), decision)).into())
    })
}

/// How the tests migrate: without waiting for a runner that died.
pub(crate) fn quick() -> Run {
    Run::default().lease(Duration::ZERO)
}

/// Returns all bytes of a replica.
pub(crate) fn replica(database: &Database, replica: Replica) -> [Dump; 2] {
    [dump(database, replica.nodes()), dump(database, replica.global())]
}

/// Checks that the migration of the nodes of [`fill`] is complete.
pub(crate) fn is_migrated(database: &Database) {
    let expected = [
        ("created no more", json!(1)),
        ("invalid", Value::Null),
        ("kept", json!(4)),
        ("new", json!(["new"])),
        ("old", json!("new")),
    ];
    let expected = expected.map(|(node, value)| (node.to_owned(), value));
    assert_eq!(database.get_all("").unwrap(), expected);
    let status = Status { replica: Replica::Y, version: 1, nodes: 5 };
    assert_eq!(database.status().unwrap(), status);
    assert_eq!(dump(database, "y/global"), [(b"version".to_vec(), b"1".to_vec())]);
    assert_eq!(dump(database, "_meta"), [(b"current_replica".to_vec(), b"\"y\"".to_vec())]);
}

fn keep_all(nodes: &Nodes) -> Decisions {
    nodes.keys().map(|node| (node.clone(), Decision::Keep)).collect()
}

/// The upgrade to a version that keeps every node.
fn keep(version: u64) -> Upgrade {
    Upgrade::to(version, |nodes| Ok(keep_all(nodes)))
}

/// Of the later original: "pointer defaults".
fn x_is_current_until_a_migration(bed: &Bed) {
    let database = bed.open();
    let status = |nodes| Status { replica: Replica::X, version: 0, nodes };
    assert_eq!(database.status().unwrap(), status(0));
    database.put("a", &json!(1)).unwrap();
    assert_eq!(database.status().unwrap(), status(1));
    assert_eq!(database.namespace("x").unwrap().keys("").unwrap(), ["a"]);
    assert!(dump(&database, "_meta").is_empty());
    assert_eq!(database.migrate(&[], &quick()).unwrap(), 0);
    assert_eq!(database.status().unwrap(), status(1));
}

fn every_decision_does_what_it_says(bed: &Bed) {
    let database = bed.open();
    fill(&database);
    let before = replica(&database, Replica::X);
    assert_eq!(database.migrate(&[upgrade()], &quick()).unwrap(), 1);
    is_migrated(&database);
    assert_eq!(replica(&database, Replica::X), before);
    database.put("kept", &json!("in y")).unwrap();
    assert_eq!(replica(&database, Replica::X), before);
}

fn the_pointer_is_there_after_reopening(bed: &Bed) {
    let database = bed.open();
    fill(&database);
    database.migrate(&[upgrade()], &quick()).unwrap();
    database.close().unwrap();
    let database = bed.open();
    is_migrated(&database);
    assert_eq!(database.migrate(&[upgrade()], &quick()).unwrap(), 0);
    is_migrated(&database);
}

/// The thread that holds the writer fails at once if it requests another: so a call that returns
/// meanwhile did not write.
fn a_second_run_writes_nothing(bed: &Bed) {
    let database = bed.open();
    fill(&database);
    let writer = database.store().begin().unwrap();
    let first = database.migrate(&[upgrade()], &quick().wait(Duration::ZERO)).unwrap_err();
    assert_eq!(first.kind(), ErrorKind::Busy);
    drop(writer);
    database.migrate(&[upgrade()], &quick()).unwrap();
    let writer = database.store().begin().unwrap();
    assert_eq!(database.migrate(&[upgrade()], &quick()).unwrap(), 0);
    drop(writer);
    is_migrated(&database);
}

fn the_next_upgrade_goes_back_to_x(bed: &Bed) {
    let database = bed.open();
    fill(&database);
    database.migrate(&[upgrade()], &quick()).unwrap();
    let before = replica(&database, Replica::Y);
    assert_eq!(database.migrate(&[upgrade(), keep(2)], &quick()).unwrap(), 1);
    let status = Status { replica: Replica::X, version: 2, nodes: 5 };
    assert_eq!(database.status().unwrap(), status);
    assert_eq!(replica(&database, Replica::Y), before);
    assert_eq!(dump(&database, "x"), dump(&database, "y"));

    let another = bed.another();
    let at_once = another.open();
    fill(&at_once);
    assert_eq!(at_once.migrate(&[upgrade(), keep(2)], &quick()).unwrap(), 2);
    assert_eq!(at_once.status().unwrap(), status);
    assert_eq!(replica(&at_once, Replica::X), replica(&database, Replica::X));
}

/// Runs an upgrade that has to fail, and checks that it had no effect.
fn refused(bed: &Bed, plan: fn(&Nodes) -> AnyResult<Decisions>) -> arbour::Error {
    let bed = bed.another();
    let database = bed.open();
    database.batch(&[Op::put("a", 1), Op::put("b", 2)]).unwrap();
    let before = [replica(&database, Replica::X), replica(&database, Replica::Y)];
    let error = database.migrate(&[Upgrade::to(1, plan)], &quick()).unwrap_err();
    assert_eq!([Replica::X, Replica::Y].map(|name| replica(&database, name)), before);
    assert!(dump(&database, "_meta").is_empty());
    assert_eq!(error.kind(), ErrorKind::Failed, "{error}");
    assert_eq!(database.migrate(&[keep(1)], &quick()).unwrap(), 1);
    assert_eq!(database.keys("").unwrap(), ["a", "b"]);
    match error {
        Error::Migration { cause, .. } => cause,
        other => panic!("no error of a migration: {other:?}"),
    }
}

/// Returns what is wrong with the decisions of a plan.
fn fault(bed: &Bed, plan: fn(&Nodes) -> AnyResult<Decisions>) -> Option<Fault> {
    refused(bed, plan).source()?.downcast_ref::<Fault>().cloned()
}

fn wrong_decisions_change_nothing(bed: &Bed) {
    let undecided = fault(bed, |_| Ok([("a".to_owned(), Decision::Keep)].into()));
    assert_eq!(undecided, Some(Fault::Undecided("b".to_owned())));
    let absent = fault(bed, |nodes| {
        let mut decisions = keep_all(nodes);
        decisions.insert("c".to_owned(), Decision::Delete);
        Ok(decisions)
    });
    assert_eq!(absent, Some(Fault::Absent("c".to_owned())));
    let exists = fault(bed, |nodes| {
        let mut decisions = keep_all(nodes);
        decisions.insert("b".to_owned(), Decision::Create(json!(3)));
        Ok(decisions)
    });
    assert_eq!(exists, Some(Fault::Exists("b".to_owned())));
}

/// Of the later original: "migration throws" at once, or rejects.
fn a_plan_that_fails_changes_nothing(bed: &Bed) {
    let failed = refused(bed, |_| Err("not today".into()));
    assert_eq!(failed.source().unwrap().to_string(), "not today");
    let panicked = refused(bed, |_| {
        // The hook of the test harness would print an ordinary panic.
        std::panic::resume_unwind(Box::new("on purpose"))
    });
    assert!(matches!(panicked.downcast_ref(), Some(MigrationError::Panicked { .. })), "{panicked}");
}

fn a_damaged_node_is_named_and_changes_nothing(bed: &Bed) {
    let database = bed.open();
    fill(&database);
    put_raw(&database, "x", b"kept", b"{");
    let before = [Replica::X, Replica::Y].map(|name| replica(&database, name));
    let error = database.migrate(&[upgrade()], &quick()).unwrap_err();
    let Error::Migration { path, cause } = &error else { panic!("{error}") };
    assert_eq!(path, bed.url());
    let place = cause.downcast_ref().and_then(MigrationError::place).unwrap();
    assert_eq!((place.tree.as_deref(), place.key.as_deref()), (Some("x"), Some("kept")));
    assert_eq!([Replica::X, Replica::Y].map(|name| replica(&database, name)), before);
    database.put("kept", &json!(4)).unwrap();
    database.migrate(&[upgrade()], &quick()).unwrap();
    is_migrated(&database);
}

fn a_newer_store_is_left_alone(bed: &Bed) {
    let database = bed.open();
    fill(&database);
    database.migrate(&[upgrade(), keep(2)], &quick()).unwrap();
    let status = database.status().unwrap();
    let error = database.migrate(&[upgrade()], &quick()).unwrap_err();
    let Error::Migration { cause, .. } = &error else { panic!("{error}") };
    assert_eq!(cause.kind(), ErrorKind::TooNew, "{error}");
    assert_eq!(database.status().unwrap(), status);
}

/// In the original, two callers that began at once switched the pointer twice.
fn of_many_who_migrate_at_once_one_does(bed: &Bed) {
    let database = bed.open();
    fill(&database);
    let ran = thread::scope(|threads| {
        let migrate = || database.migrate(&[upgrade()], &Run::default()).unwrap();
        let running: Vec<_> = (0..4).map(|_| threads.spawn(migrate)).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
    });
    assert_eq!(ran, 1);
    is_migrated(&database);
}

/// In the original, a pending write to the old replica could arrive there after the switch, and was
/// lost.
fn what_waited_for_a_migration_goes_to_y(bed: &Bed) {
    let database = bed.open();
    fill(&database);
    let (migrating, is_first) = (database.clone(), AtomicBool::new(true));
    let watched = Watched::over(database.store(), move |moment| {
        if moment == Moment::Begin && is_first.swap(false, Ordering::SeqCst) {
            migrating.migrate(&[upgrade()], &quick()).unwrap();
        }
        Ok(())
    });
    let before = replica(&database, Replica::X);
    Database::over(watched, bed.url()).unwrap().put("late", &json!(6)).unwrap();
    assert_eq!(replica(&database, Replica::X), before);
    assert_eq!(database.namespace("y").unwrap().get("late").unwrap(), Some(json!(6)));
    database.del("late").unwrap();
    is_migrated(&database);
}
