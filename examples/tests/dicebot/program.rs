//! The program: its output, its exit codes, and kills.

use std::hash::{BuildHasher as _, RandomState};
use std::thread;
use std::time::Duration;

use arbour::{KvStore as _, KvWrite as _};
use arbour_conformance::migration_fixture::Pinned;

use crate::bed::Bed;
use crate::engines::on_every_persistent_engine;
use crate::running::{Program, Run};

on_every_persistent_engine!(
    rooms_are_kept,
    a_store_of_before_is_planned_and_migrated,
    killed_migrations_go_on,
);

const DICEBOT: Program = Program(env!("CARGO_BIN_EXE_dicebot"));

fn run(bed: &Bed, arguments: &[&str]) -> Run {
    DICEBOT.run_with(bed, arguments, b"")
}

#[track_caller]
fn prints(bed: &Bed, arguments: &[&str], out: &str) {
    let run = run(bed, arguments);
    assert_eq!((run.code, run.out.as_str()), (Some(0), out), "{}", run.err);
}

#[track_caller]
fn fails(bed: &Bed, arguments: &[&str], says: &str) {
    let run = run(bed, arguments);
    assert_eq!((run.code, run.out.as_str()), (Some(1), ""), "{}", run.err);
    assert!(run.err.contains(says), "{}", run.err);
    assert!(run.err.lines().count() <= 1, "{}", run.err);
}

fn rooms_are_kept(bed: &Bed) {
    fails(bed, &["users", "!r"], "store");
    prints(bed, &["join", "!r", "@b"], "");
    prints(bed, &["join", "!r", "@a"], "");
    prints(bed, &["users", "!r"], "@a\n@b\n");
    prints(bed, &["rooms", "@a"], "!r\n");
    fails(bed, &["info", "!r"], "nothing is known of room \"!r\"");
    prints(bed, &["info", "!r", "Lobby"], "");
    prints(bed, &["info", "!r"], "Lobby\n");
    prints(bed, &["leave", "!r", "@b"], "");
    prints(bed, &["process", "!r", "$1"], "");
    fails(bed, &["process", "!r", "$1"], "");
    let processed = run(bed, &["processed", "!r"]).out;
    assert!(processed.ends_with("\t$1\n"), "{processed}");
    prints(bed, &["clear", "!r"], "");
    prints(bed, &["users", "!r"], "");
    fails(bed, &["process", "!r", "$1"], "");
    prints(bed, &["forget", "!r", "--before", "1"], "0\n");
    prints(bed, &["forget", "!r", "--before", "99999999999"], "1\n");
    fails(bed, &["device"], "nothing is known of the device");
    prints(bed, &["device", "ABCD"], "");
    prints(bed, &["device"], "ABCD\n");
    prints(bed, &["unreadable"], "");
    prints(bed, &["migrate"], "");
}

fn a_store_of_before_is_planned_and_migrated(bed: &Bed) {
    let store = bed.open_store();
    Pinned::parse(include_str!("fixtures/v0.txt")).unwrap().fill(&store).unwrap();
    store.close().unwrap();
    drop(store);

    let plan = run(bed, &["plan"]);
    assert_eq!(plan.code, Some(0), "{}", plan.err);
    assert!(plan.out.contains("step 1: "), "{}", plan.out);
    assert!(plan.out.contains("+ room_user_variables: 5 ("), "{}", plan.out);
    let migrated = run(bed, &["migrate", "--to", "3"]);
    assert_eq!(migrated.out.lines().count(), 3, "{} {}", migrated.out, migrated.err);
    let migrated = run(bed, &["migrate"]);
    assert_eq!(migrated.out.lines().count(), 5, "{} {}", migrated.out, migrated.err);
    let again = run(bed, &["migrate"]);
    assert_eq!((again.code, again.out.as_str()), (Some(0), ""));
    let status = run(bed, &["status"]);
    assert_eq!(status.out.lines().filter(|line| line.ends_with("dicebot 8")).count(), 8);
    assert!(status.err.contains("1 entry of version 0 cannot be read"), "{}", status.err);
    prints(bed, &["unreadable"], "!r:x@old:xstr\t\\t\\x00\\x00\\x00\n");
    fails(bed, &["migrate", "--to", "9"], "9");
}

/// The number of variables to migrate, so that a migration takes a while.
const VARIABLES: u32 = 4_000;

/// The number of their users.
const SCOPES: u32 = 40;

/// At whatever moment the process dies, the next one resumes, and the end is the same.
fn killed_migrations_go_on(bed: &Bed) {
    let store = bed.open_store();
    let variables = store.tree("variables").unwrap();
    let put_all = store.write(|transaction| {
        (0..VARIABLES).try_for_each(|number| {
            let (user, name) = (format!("@{}:x", number % SCOPES), format!("v{number}"));
            let key =
                [b"variables\xff!r:x\xff", user.as_bytes(), b"\xff", name.as_bytes()].concat();
            transaction.put(&variables, &key, &number.to_le_bytes())
        })
    });
    put_all.unwrap();
    store.close().unwrap();
    drop(store);

    let mut killed = 0;
    for _ in 0..200 {
        let mut child = DICEBOT.start(bed, &["migrate"]);
        thread::sleep(Duration::from_micros(RandomState::new().hash_one(0) % 60_000));
        // On Unix this is SIGKILL, which no program can handle.
        child.kill().unwrap();
        if child.wait().unwrap().success() {
            break;
        }
        killed += 1;
    }
    eprintln!("killed {killed} times");
    assert!(killed > 0, "it was never killed");

    let database = bed.open();
    let report = database.variables.verify().unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    assert_eq!((report.variables, report.scopes), (u64::from(VARIABLES), u64::from(SCOPES)));
    let held = Pinned::of(database.store()).unwrap().to_string();
    assert!(!held.contains("variables\\xff"), "a row of before is left");
    assert_eq!(held.lines().count(), (VARIABLES + SCOPES) as usize);
}
