//! G5, G12, G13, across processes: a process is killed during its writes.
//!
//! This shows what the death of a process leaves. It cannot show the same for the machine: what the
//! system was given to write is still written.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::thread;
use std::time::Duration;

use arbour::KvStore as _;
use serde_json::json;

use crate::bed::{Bed, open};
use crate::breaking::steps_of_migrating;
use crate::child::{Child, part, say, wait_to_be_killed};
use crate::database::{Database, Op, Replica};
use crate::engines::on_every_persistent_engine;
use crate::migrating::{fill, is_migrated, quick, replica, upgrade};
use crate::watched::Watched;

on_every_persistent_engine!(
    a_migration_killed_at_any_step_leaves_x,
    batches_of_a_killed_process_are_whole,
    what_is_durable_survives_a_kill,
);

/// Returns a number below `end`; it need not be a good one, only a different one every time.
fn random(end: u64) -> u64 {
    RandomState::new().build_hasher().finish() % end
}

fn a_migration_killed_at_any_step_leaves_x(bed: &Bed) {
    if let Some((url, step)) = part() {
        return migrate_up_to(&url, step);
    }
    let test = "death::a_migration_killed_at_any_step_leaves_x";
    let (moments, switch) = steps_of_migrating();
    let untouched = Bed::of("memory").open();
    fill(&untouched);
    let before = replica(&untouched, Replica::X);
    for (step, moment) in moments.iter().enumerate() {
        let bed = bed.another();
        let mut child = Child::start(test, &bed, step);
        assert_eq!(child.listen(), Some(step), "it comes to each step");
        child.kill();

        let at = format!("{moment:?}, step {step} of {}", moments.len());
        let database = bed.open();
        assert_eq!(replica(&database, Replica::X), before, "{at}");
        let is_switched = database.status().unwrap().replica == Replica::Y;
        assert_eq!(is_switched, step >= switch, "{at}");
        let left = database.migrate(&[upgrade()], &quick()).unwrap();
        assert_eq!(left, usize::from(step < switch), "{at}");
        is_migrated(&database);
        let writer = database.store().begin().unwrap();
        assert_eq!(database.migrate(&[upgrade()], &quick()).unwrap(), 0, "{at}");
        drop(writer);
        database.close().unwrap();
    }
}

/// The child's role: it stops at a step.
fn migrate_up_to(url: &str, step: usize) {
    let database = open(url);
    fill(&database);
    let steps = std::sync::atomic::AtomicUsize::new(0);
    let watched = Watched::over(database.store(), move |_| {
        if steps.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == step {
            say(step);
            wait_to_be_killed();
        }
        Ok(())
    });
    Database::over(watched, url).unwrap().migrate(&[upgrade()], &quick()).unwrap();
}

const KEYS: [&str; 4] = ["a", "b", "c", "d"];

fn batches_of_a_killed_process_are_whole(bed: &Bed) {
    if let Some((url, part)) = part() {
        let database = open(&url);
        return write_batches(&if part == 0 { database } else { database.buffered() });
    }
    for round in 0..8 {
        let (bed, is_buffered) = (bed.another(), round % 2 == 1);
        let test = "death::batches_of_a_killed_process_are_whole";
        let mut child = Child::start(test, &bed, usize::from(is_buffered));
        let mut told = 0;
        for _ in 0..=random(20) {
            told = child.listen().unwrap();
        }
        thread::sleep(Duration::from_micros(random(3_000)));
        told = child.kill().unwrap_or(told);

        let database = bed.open();
        let entries = database.get_all("").unwrap();
        let last = entries.first().map_or(json!(0), |(_, value)| value.clone());
        let number = last.as_u64().unwrap() as usize;
        if number > 0 {
            let mut expected: Vec<_> = KEYS.map(|key| (key.to_owned(), last.clone())).into();
            expected.push((format!("last {number}"), last));
            assert_eq!(entries, expected, "a batch by half");
        }
        assert!(number <= told + 1, "{number} is there, and {told} was the last");
        assert!(is_buffered || number >= told, "{told} was durable, and {number} is there");
        database.close().unwrap();
    }
}

/// The child's role: numbered batches, without end.
fn write_batches(database: &Database) {
    for number in 1.. {
        let mut ops = KEYS.map(|key| Op::put(key, number)).to_vec();
        ops.push(Op::del(format!("last {}", number - 1)));
        ops.push(Op::put(format!("last {number}"), number));
        database.batch(&ops).unwrap();
        say(number);
    }
}

fn what_is_durable_survives_a_kill(bed: &Bed) {
    if let Some((url, _)) = part() {
        return write_and_sync(&open(&url));
    }
    for last in 0..3 {
        let bed = bed.another();
        let mut child = Child::start("death::what_is_durable_survives_a_kill", &bed, 0);
        while child.listen().unwrap() < last {}
        child.kill();
        let database = bed.open();
        assert_eq!(database.get("put").unwrap(), Some(json!(1)));
        if last >= 1 {
            assert_eq!(database.keys("batch").unwrap().len(), 2);
        }
        if last >= 2 {
            assert_eq!(database.keys("bulk").unwrap().len(), 500);
            assert_eq!(database.get("bulk499").unwrap(), Some(json!(499)));
        }
        database.close().unwrap();
    }
}

/// The child's role: it reports what is durable from then on.
fn write_and_sync(database: &Database) {
    database.put("put", &json!(1)).unwrap();
    say(0);
    database.batch(&[Op::put("batch1", 1), Op::put("batch2", 2)]).unwrap();
    say(1);
    let bulk = database.buffered();
    for number in 0..500 {
        bulk.put(&format!("bulk{number}"), &json!(number)).unwrap();
    }
    database.sync().unwrap();
    say(2);
    wait_to_be_killed();
}
